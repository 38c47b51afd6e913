//! nextpnr's report: the fastest clock, and the longest path by names of the RTL.

use anyhow::{Context, Result, bail};
use covert_boards::manifest::Placement;
use serde::Deserialize;
use std::collections::BTreeMap;

/// What `--report` of nextpnr writes, as far as it matters here.
#[derive(Deserialize)]
struct Placed {
    fmax: BTreeMap<String, Clock>,
    critical_paths: Vec<Course>,
}

#[derive(Deserialize)]
struct Clock {
    achieved: f64,
    /// What the tool was told to reach.
    constraint: f64,
}

#[derive(Deserialize)]
struct Course {
    from: String,
    to: String,
    path: Vec<Segment>,
}

#[derive(Deserialize)]
struct Segment {
    delay: f64,
    #[serde(rename = "type")]
    kind: String,
    from: End,
    to: End,
    net: Option<String>,
}

#[derive(Deserialize)]
struct End {
    cell: String,
}

/// What a report says of the slowest clock. `registers` are the names of flip-flops.
///
/// # Errors
/// It is no report, or a clock in it was not asked to reach `goal_mhz`: what was not asked for was not worked for.
pub(crate) fn placed(
    seed: u32,
    report: &str,
    registers: &BTreeMap<String, String>,
    goal_mhz: f64,
) -> Result<Placement> {
    let report: Placed = serde_json::from_str(report).context("not a report of nextpnr")?;
    if let Some((name, clock)) = report.fmax.iter().find(|(_, clock)| clock.constraint < goal_mhz) {
        bail!("the clock {name} is constrained to {} MHz, not {goal_mhz}", clock.constraint);
    }
    let slowest = report.fmax.values().map(|clock| clock.achieved).min_by(f64::total_cmp);
    let fmax_mhz = slowest.context("the report names no clock")?;
    let total = |path: &Course| path.path.iter().map(|segment| segment.delay).sum::<f64>();
    let clocked = report.critical_paths.iter().filter(|path| path.from == path.to);
    let worst = clocked.max_by(|a, b| total(a).total_cmp(&total(b)));
    let worst = worst.context("the report has no path from clock to clock")?;
    let routing = worst.path.iter().filter(|segment| segment.kind == "routing");
    Ok(Placement {
        seed,
        fmax_mhz: rounded(fmax_mhz),
        worst_ns: rounded(total(worst)),
        routing_ns: rounded(routing.map(|segment| segment.delay).sum()),
        levels: worst.path.iter().filter(|segment| segment.kind == "logic").count(),
        worst_path: names(&worst.path, registers),
    })
}

/// To what the tools' models can tell: 0.01.
fn rounded(number: f64) -> f64 {
    (number * 100.0).floor() / 100.0
}

/// A path as the registers and signals of the RTL on it; what synthesis made up has no name there.
fn names(path: &[Segment], registers: &BTreeMap<String, String>) -> String {
    let register = |cell: &'_ str| registers.get(cell).map_or(cell, String::as_str).to_owned();
    let first = path.first().map(|segment| register(&segment.from.cell));
    let last = path.last().map(|segment| register(&segment.to.cell));
    let nets = path.iter().filter_map(|segment| segment.net.as_deref());
    let mut shown: Vec<&str> = Vec::new();
    for name in first.as_deref().into_iter().chain(nets).chain(last.as_deref()) {
        let cut = ["_LUT4_", "_TRELLIS_", "_PFUMX_", "_CCU2C_", "_L6MUX21_", "_DP16KD_"];
        let end = cut.iter().filter_map(|part| name.find(part)).min().unwrap_or(name.len());
        let name = &name[..end];
        if !name.is_empty() && !name.starts_with('$') && shown.last() != Some(&name) {
            shown.push(name);
        }
    }
    shown.join(" > ")
}

/// Fails if a placement misses the clock, and explains by which path.
pub(crate) fn judge(placement: &Placement, goal_mhz: f64) -> Result<()> {
    let Placement { seed, fmax_mhz, worst_ns, routing_ns, levels, worst_path } = placement;
    if *fmax_mhz < goal_mhz {
        bail!(
            "seed {seed} reaches {fmax_mhz:.2} of {goal_mhz} MHz; the longest path takes {worst_ns:.2} ns, {routing_ns:.2} ns of it on \
             the way between {levels} levels of logic: {worst_path}. {}",
            if *routing_ns > worst_ns / 2.0 {
                "Another seed may place it closer (`--seeds`)"
            } else {
                "A register has to cut it"
            }
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_gives_the_longest_path_from_clock_to_clock_by_names_of_the_rtl() {
        let end = |cell: &str| format!(r#"{{"cell":"{cell}","loc":[1,2],"port":"Q"}}"#);
        let segment = |delay: f64, kind: &str, from: &str, to: &str, net: &str| {
            let net = if net.is_empty() { String::new() } else { format!(r#","net":"{net}""#) };
            format!(r#"{{"delay":{delay},"type":"{kind}","from":{},"to":{}{net}}}"#, end(from), end(to))
        };
        let flop = "host.step$q_TRELLIS_FF_Q_1";
        let path = [
            segment(0.5, "clk-to-q", flop, flop, ""),
            segment(1.0, "routing", flop, "l_LUT4_Z", "csr.bus_data[27]"),
            segment(2.0, "logic", "l_LUT4_Z", "r_TRELLIS_FF_Q", "$abc$17"),
        ];
        let clocked =
            format!(r#"{{"from":"posedge clock","to":"posedge clock","path":[{}]}}"#, path.join(","));
        let other = clocked.replacen("posedge clock", "<async>", 1).replace("2,", "99,");
        let text = format!(
            r#"{{"fmax":{{"clock":{{"achieved":81.5,"constraint":125}}}},"critical_paths":[{other},{clocked}]}}"#
        );
        let expected = Placement {
            seed: 1,
            fmax_mhz: 81.5,
            worst_ns: 3.5,
            routing_ns: 1.0,
            levels: 1,
            worst_path: "host.step$q > csr.bus_data[27] > lane.head$q".into(),
        };
        let registers = BTreeMap::from([("r_TRELLIS_FF_Q".to_owned(), "lane.head$q".to_owned())]);
        assert_eq!(placed(1, &text, &registers, 125.0).expect("as nextpnr writes it"), expected);
        assert!(placed(1, "{}", &registers, 125.0).is_err());
        let error = placed(1, &text, &registers, 126.0).expect_err("not asked for").to_string();
        assert!(error.contains("constrained to 125 MHz"), "{error}");
    }

    #[test]
    fn a_clock_that_is_missed_is_an_error_that_names_the_path() {
        let placement = |fmax_mhz| Placement {
            seed: 3,
            fmax_mhz,
            worst_ns: 9.5,
            routing_ns: 3.0,
            levels: 4,
            worst_path: "a > b".into(),
        };
        assert!(judge(&placement(125.0), 125.0).is_ok());
        let error = judge(&placement(124.99), 125.0).expect_err("missed").to_string();
        for part in
            ["seed 3", "a > b", "3.00 ns of it on the way between 4 levels", "A register has to cut it"]
        {
            assert!(error.contains(part), "{error}");
        }
    }
}
