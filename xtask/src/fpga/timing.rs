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
    from: End,
    to: End,
    net: Option<String>,
}

#[derive(Deserialize)]
struct End {
    cell: String,
}

/// What a report says of the slowest clock. `registers` are the names of flip-flops.
pub(crate) fn placed(seed: u32, report: &str, registers: &BTreeMap<String, String>) -> Result<Placement> {
    let report: Placed = serde_json::from_str(report).context("not a report of nextpnr")?;
    let slowest = report.fmax.values().map(|clock| clock.achieved).min_by(f64::total_cmp);
    let fmax_mhz = slowest.context("the report names no clock")?;
    let total = |path: &Course| path.path.iter().map(|segment| segment.delay).sum::<f64>();
    let clocked = report.critical_paths.iter().filter(|path| path.from == path.to);
    let worst = clocked.max_by(|a, b| total(a).total_cmp(&total(b)));
    let worst = worst.context("the report has no path from clock to clock")?;
    Ok(Placement { seed, fmax_mhz, worst_ns: total(worst), worst_path: names(&worst.path, registers) })
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

/// Fails if a placement misses the clock, with the path that does.
pub(crate) fn judge(placement: &Placement, goal_mhz: f64) -> Result<()> {
    let Placement { seed, fmax_mhz, worst_ns, worst_path } = placement;
    if *fmax_mhz < goal_mhz {
        bail!(
            "seed {seed} reaches {fmax_mhz:.2} of {goal_mhz} MHz; the longest path takes {worst_ns:.2} ns: {worst_path}"
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
        let segment = |delay: f64, from: &str, to: &str, net: &str| {
            let net = if net.is_empty() { String::new() } else { format!(r#","net":"{net}""#) };
            format!(r#"{{"delay":{delay},"type":"x","from":{},"to":{}{net}}}"#, end(from), end(to))
        };
        let flop = "host.step$q_TRELLIS_FF_Q_1";
        let path = [
            segment(0.5, flop, flop, ""),
            segment(1.0, flop, "l_LUT4_Z", "csr.bus_data[27]"),
            segment(2.0, "l_LUT4_Z", "r_TRELLIS_FF_Q", "$abc$17"),
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
            worst_path: "host.step$q > csr.bus_data[27] > lane.head$q".into(),
        };
        let registers = BTreeMap::from([("r_TRELLIS_FF_Q".to_owned(), "lane.head$q".to_owned())]);
        assert_eq!(placed(1, &text, &registers).expect("as nextpnr writes it"), expected);
        assert!(placed(1, "{}", &registers).is_err());
    }

    #[test]
    fn a_clock_that_is_missed_is_an_error_that_names_the_path() {
        let placement = |fmax_mhz| Placement { seed: 3, fmax_mhz, worst_ns: 9.5, worst_path: "a > b".into() };
        assert!(judge(&placement(125.0), 125.0).is_ok());
        let error = judge(&placement(124.99), 125.0).expect_err("missed").to_string();
        assert!(error.contains("seed 3") && error.contains("a > b"), "{error}");
    }
}
