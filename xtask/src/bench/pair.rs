//! `cargo xtask bench pair`: what protection costs, as ratios of runs side by side.
//!
//! The gate is a pair over *two independent machines* on the same two cores: both do the guest's work twice, so what is left is the price
//! of coordinating, comparing and checkpointing. Everything is measured anew in each round, in a turning order, and
//! each ratio is taken inside a round: what disturbs the machine disturbs all of it.

use crate::report::{self, Progress, Table};
use crate::workspace::{self, Workspace};
use anyhow::{Context, Result, bail};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

/// Rounds; fewer give no interval worth the name.
const ROUNDS: usize = 15;

/// The static program that does the guests' work.
const PROGRAM: &str = "/bin/busybox";

struct Workload {
    name: &'static str,
    what: &'static str,
    arguments: &'static [&'static str],
    /// The most that the upper end of the gate's interval may be.
    bound: f64,
}

const WORKLOADS: [Workload; 2] = [
    Workload {
        name: "compute",
        what: "arithmetic in awk, one line at its end",
        arguments: &["awk", "BEGIN { for (i = 0; i < 4000000; i++) s = (s * 31 + i) % 1000003; print s }"],
        bound: 1.10,
    },
    Workload {
        name: "chatty",
        what: "ten thousand lines from awk, each put out at once",
        arguments: &["awk", "BEGIN { for (i = 0; i < 10000; i++) { print i, i * i; fflush() } }"],
        bound: 1.50,
    },
];

/// A ratio over the rounds.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Ratio {
    median: f64,
    low: f64,
    high: f64,
}

#[derive(Serialize)]
struct Row {
    workload: &'static str,
    rounds: usize,
    /// A pair over two independent machines on the same cores: the gate.
    pair_over_two: Ratio,
    bound: f64,
    met: bool,
    pair_over_one: Ratio,
    one_over_native: Ratio,
    /// CPU seconds of a pair over those of two machines.
    cpu_over_two: Ratio,
    pair_wall_ms: f64,
    checkpoints_per_second: f64,
}

#[derive(serde::Deserialize)]
struct Summary {
    event: String,
    #[serde(default)]
    end: String,
    #[serde(default)]
    host_cpu_ms: f64,
    #[serde(default)]
    checkpoints: f64,
}

/// Measures and prints.
pub(super) fn run(workspace: &Workspace, json: bool) -> Result<()> {
    if !Path::new(PROGRAM).exists() {
        bail!("there is no {PROGRAM}: apt-get install busybox-static");
    }
    let cores = std::thread::available_parallelism()?.get();
    if cores < 2 {
        bail!("a pair needs two cores, there is {cores}");
    }
    let mut build = workspace.cargo();
    workspace::status(build.args(["build", "--release", "--locked", "--package", "covert"]))?;
    let covert = workspace.target.join("release/covert");
    let mut rows = Vec::new();
    for workload in &WORKLOADS {
        let progress = Progress::start(format!("{}: {}, {ROUNDS} rounds", workload.name, workload.what));
        let mut rounds = Vec::new();
        for number in 0..ROUNDS {
            rounds.push(round(&covert, workload, number)?);
        }
        progress.done("measured");
        rows.push(row(workload, &rounds));
    }
    report::emit(json, &table(&rows), &rows)
}

/// One run of everything, in seconds.
#[derive(Clone, Copy, Default)]
struct Round {
    native: f64,
    one: f64,
    two: f64,
    two_cpu: f64,
    pair: f64,
    pair_cpu: f64,
    checkpoints: f64,
}

fn round(covert: &PathBuf, workload: &Workload, number: usize) -> Result<Round> {
    let mut round = Round::default();
    for place in 0..4 {
        match (place + number) % 4 {
            0 => {
                let mut native = on_core(0, Path::new(PROGRAM));
                let begin = Instant::now();
                let status = native.args(workload.arguments).stdout(Stdio::null()).status()?;
                round.native = begin.elapsed().as_secs_f64();
                if !status.success() {
                    bail!("{PROGRAM} ended with {status}");
                }
            }
            1 => {
                let begin = Instant::now();
                finish(simplex(covert, workload, 0)?)?;
                round.one = begin.elapsed().as_secs_f64();
            }
            2 => {
                let begin = Instant::now();
                let (first, second) = (simplex(covert, workload, 0)?, simplex(covert, workload, 1)?);
                let cpu = finish(first)?.host_cpu_ms + finish(second)?.host_cpu_ms;
                round.two = begin.elapsed().as_secs_f64();
                round.two_cpu = cpu / 1e3;
            }
            _ => {
                let mut pair = Command::new(covert);
                pair.args(["run", "--json", "--cpus", "0,1"]);
                let begin = Instant::now();
                let summary = finish(start(&mut pair, workload)?)?;
                round.pair = begin.elapsed().as_secs_f64();
                round.pair_cpu = summary.host_cpu_ms / 1e3;
                round.checkpoints = summary.checkpoints;
            }
        }
    }
    Ok(round)
}

fn simplex(covert: &Path, workload: &Workload, core: usize) -> Result<Child> {
    let mut one = on_core(core, covert);
    start(one.args(["run", "--json", "--replicas", "simplex"]), workload)
}

fn on_core(core: usize, program: &Path) -> Command {
    let mut command = Command::new("taskset");
    command.arg("-c").arg(core.to_string()).arg(program);
    command
}

fn start(command: &mut Command, workload: &Workload) -> Result<Child> {
    command.args(["--program", PROGRAM, "--"]).args(workload.arguments);
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    command.spawn().context("cannot start `taskset` or `covert`")
}

/// Waits for a run and gives its summary.
fn finish(child: Child) -> Result<Summary> {
    let output = child.wait_with_output()?;
    let last = String::from_utf8_lossy(&output.stdout);
    let last = last.lines().last().context("`covert run` said nothing")?;
    let summary: Summary = serde_json::from_str(last)?;
    if summary.event != "summary" || summary.end != "finished" {
        bail!("a run ended with {last}");
    }
    Ok(summary)
}

fn row(workload: &Workload, rounds: &[Round]) -> Row {
    let over = |of: fn(&Round) -> f64| ratio(rounds.iter().map(of).collect());
    let pair_over_two = over(|round| round.pair / round.two);
    Row {
        workload: workload.name,
        rounds: rounds.len(),
        pair_over_two,
        bound: workload.bound,
        met: pair_over_two.high <= workload.bound,
        pair_over_one: over(|round| round.pair / round.one),
        one_over_native: over(|round| round.one / round.native),
        cpu_over_two: over(|round| round.pair_cpu / round.two_cpu),
        pair_wall_ms: over(|round| round.pair * 1e3).median,
        checkpoints_per_second: over(|round| round.checkpoints / round.pair).median,
    }
}

/// Median and 95 % interval by order statistics: no assumption on how the noise is distributed (Conover, *Practical Nonparametric
/// Statistics*, section 3.2).
fn ratio(mut values: Vec<f64>) -> Ratio {
    values.sort_by(f64::total_cmp);
    let n = values.len();
    let mut below = 0;
    let (mut term, mut sum) = (0.5f64.powi(n as i32), 0.0);
    // The largest rank that the median is below with a probability of at most 2.5 %.
    while sum + term <= 0.025 {
        sum += term;
        term *= (n - below) as f64 / (below + 1) as f64;
        below += 1;
    }
    let low = below.saturating_sub(1);
    Ratio { median: values[n / 2], low: values[low], high: values[n - 1 - low] }
}

fn table(rows: &[Row]) -> Table {
    let mut table = Table::new(["workload", "ratio", "median", "95 % interval", "bound"]);
    for row in rows {
        let mut line = |what: &str, ratio: &Ratio, bound: String| {
            let interval = format!("{:.3} .. {:.3}", ratio.low, ratio.high);
            table.row([row.workload.into(), what.into(), format!("{:.3}", ratio.median), interval, bound]);
        };
        let gate = format!("{:.2} {}", row.bound, if row.met { "met" } else { "MISSED" });
        line("pair / two machines", &row.pair_over_two, gate);
        line("pair / one machine", &row.pair_over_one, "-".into());
        line("one machine / native", &row.one_over_native, "-".into());
        line("CPU time, pair / two machines", &row.cpu_over_two, "-".into());
        table.row([
            row.workload.into(),
            "checkpoints a second".into(),
            format!("{:.1}", row.checkpoints_per_second),
            "-".into(),
            "-".into(),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_of_fifteen_rounds_leaves_three_out_at_each_end() {
        let values = (1..=15).map(f64::from).collect();
        let Ratio { median, low, high } = ratio(values);
        assert_eq!((median, low, high), (8.0, 4.0, 12.0));
    }
}
