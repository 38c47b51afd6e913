//! The demo's end: what happened in order, the numbers, and where the files are.

use super::Report;
use super::live::letter;
use crate::report::Table;
use crate::wave;
use std::fmt::Write;

/// What happened, in milliseconds from the fault on.
pub(super) fn timeline(report: &Report) -> String {
    let caught = &report.caught;
    let (fault, verdict) = (&caught.fault, &caught.verdict);
    let moments = [
        (fault.ms, "injected", format!("{} in replica {}", fault.flip, letter(fault.replica))),
        (
            verdict.ms,
            "detected",
            format!("the unit's verdict on record {}: {}", verdict.seq, verdict.outcome),
        ),
        (caught.rolled_back_ms, "rolled back", "to the last checkpoint that compared equal".into()),
        (caught.running_on_ms, "running on", "both replicas".into()),
        (caught.caught_up_ms, "caught up", "everything is as far as before, compared anew".into()),
    ];
    let mut text = String::from("\n");
    for (ms, what, how) in moments {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{:>9.1} ms  {what:<12} {how}", ms - fault.ms);
    }
    text
}

/// The numbers.
pub(super) fn table(report: &Report) -> Table {
    let (summary, costs) = (&report.caught.summary, &report.costs);
    let mut table = Table::new(["what", "value"]);
    let mut row = |what: &str, value: String| table.row([what.into(), value]);
    row("outputs released", summary.outputs.to_string());
    row("equal to the native output", "yes".into());
    row("verdicts", summary.verdicts.to_string());
    row("mismatches", summary.mismatches.to_string());
    row("recoveries", summary.recoveries.to_string());
    row("faults before it that showed nothing", report.passed.len().to_string());
    row(
        "detected after",
        format!("{} records, {:.1} ms", report.detected_after_records, report.detected_after_ms),
    );
    row("verdict after its doorbell", format!("{} clocks of the unit", report.caught.unit_clocks));
    row("caught up after", format!("{:.1} ms", report.caught_up_after_ms));
    row("one machine / native", format!("{:.2}", costs.one_over_native));
    row("pair in software / two machines", format!("{:.2}", costs.software_over_two));
    row(
        "pair by the unit / two machines",
        format!("{:.2} (simulation, not a hardware speed)", costs.simulated_unit_over_two),
    );
    table
}

/// The files, and how to look at them.
pub(super) fn files(report: &Report, waves: &str) -> String {
    format!(
        "\n  trace       {}\n  waves       {}\n  divergence  {}\n\n{}\nopen the waves with GTKWave or Surfer:\n  {}\n",
        report.trace.display(),
        report.waves.display(),
        report.divergence.display(),
        waves.trim_end(),
        wave::opens(&report.waves),
    )
}
