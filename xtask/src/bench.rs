//! `cargo xtask bench`: the workspace's criterion benches as one table; `cargo xtask bench pair`: what protection costs.

mod pair;

use crate::report::{self, Table};
use crate::workspace::{self, Workspace};
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Run the benches and show medians with their 95 % intervals
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only benches whose name contains one of these; `pair` alone measures a pair of replicas against single machines
    names: Vec<String>,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// The member of a group that its other members are compared with.
const BASELINE: &str = "baseline";

/// What criterion found for one bench, times in nanoseconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Line {
    group: String,
    member: Option<String>,
    parameter: Option<String>,
    median: f64,
    low: f64,
    high: f64,
    /// Bytes a second at the median, where the bench says how many bytes it works on.
    bytes_per_second: Option<f64>,
    /// Median over that of the group's baseline at the same parameter.
    ratio: Option<f64>,
}

pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    if args.names == ["pair"] {
        return pair::run(workspace, args.json);
    }
    let began = SystemTime::now();
    let mut benches = 0;
    for package in &workspace.packages {
        for target in package.targets.iter().filter(|target| target.kind.iter().any(|kind| kind == "bench")) {
            let mut bench = workspace.cargo();
            bench.args([
                "bench",
                "--locked",
                "--package",
                &package.name,
                "--bench",
                &target.name,
                "--",
                "--noplot",
            ]);
            if !args.names.is_empty() {
                // Criterion takes one regular expression.
                bench.arg(args.names.join("|"));
            }
            if args.json {
                bench.stdout(std::io::stderr());
            }
            workspace::status(&mut bench)?;
            benches += 1;
        }
    }
    if benches == 0 {
        bail!("no package of the workspace has a bench");
    }
    let mut lines = Vec::new();
    for folder in measured(&workspace.target.join("criterion"), began)? {
        let read = |name: &str| {
            let path = folder.join(name);
            fs::read_to_string(&path).with_context(|| format!("cannot read `{}`", path.display()))
        };
        let line = line(&read("benchmark.json")?, &read("estimates.json")?);
        lines.push(
            line.with_context(|| format!("cannot read what criterion left in `{}`", folder.display()))?,
        );
    }
    if lines.is_empty() {
        bail!("no bench is named like {}", args.names.join(" or "));
    }
    compare(&mut lines);
    report::emit(args.json, &table(&lines), &lines)
}

/// The folders in which criterion left a measurement since `began`.
fn measured(folder: &Path, began: SystemTime) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let estimates = folder.join("estimates.json");
        let time = estimates.metadata().and_then(|metadata| metadata.modified());
        if folder.ends_with("new") && time.is_ok_and(|time| time >= began) {
            found.push(folder);
            continue;
        }
        for entry in fs::read_dir(&folder).with_context(|| format!("cannot list `{}`", folder.display()))? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// One bench from criterion's two files about it.
fn line(benchmark: &str, estimates: &str) -> Result<Line> {
    #[derive(Deserialize)]
    struct Benchmark {
        group_id: String,
        function_id: Option<String>,
        value_str: Option<String>,
        #[serde(default)]
        throughput: serde_json::Value,
    }
    #[derive(Deserialize)]
    struct Estimates {
        median: Estimate,
    }
    #[derive(Deserialize)]
    struct Estimate {
        point_estimate: f64,
        confidence_interval: Interval,
    }
    #[derive(Deserialize)]
    struct Interval {
        confidence_level: f64,
        lower_bound: f64,
        upper_bound: f64,
    }
    let benchmark: Benchmark = serde_json::from_str(benchmark)?;
    let Estimates { median } = serde_json::from_str(estimates)?;
    let interval = median.confidence_interval;
    if interval.confidence_level != 0.95 {
        bail!("the interval is one of {} %, not of 95 %", interval.confidence_level * 100.0);
    }
    let bytes = benchmark.throughput.get("Bytes").and_then(serde_json::Value::as_f64);
    Ok(Line {
        group: benchmark.group_id,
        member: benchmark.function_id,
        parameter: benchmark.value_str,
        median: median.point_estimate,
        low: interval.lower_bound,
        high: interval.upper_bound,
        bytes_per_second: bytes.map(|bytes| bytes * 1e9 / median.point_estimate),
        ratio: None,
    })
}

/// Fills in the ratios to each group's baseline.
fn compare(lines: &mut [Line]) {
    let baselines: Vec<_> =
        lines.iter().filter(|line| line.member.as_deref() == Some(BASELINE)).cloned().collect();
    for line in lines {
        let same = |base: &&Line| base.group == line.group && base.parameter == line.parameter;
        line.ratio = baselines.iter().find(same).map(|base| line.median / base.median);
    }
}

fn table(lines: &[Line]) -> Table {
    let mut table = Table::new(["bench", "median", "95 % interval", "GB/s", "ratio"]);
    for line in lines {
        let parts = [Some(&line.group), line.member.as_ref(), line.parameter.as_ref()];
        let name = parts.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join("/");
        let interval = format!("{} .. {}", time(line.low), time(line.high));
        let number = |value: Option<f64>| value.map_or("-".into(), |value| format!("{value:.2}"));
        let speed = number(line.bytes_per_second.map(|speed| speed / 1e9));
        table.row([name, time(line.median), interval, speed, number(line.ratio)]);
    }
    table
}

/// Nanoseconds with a fitting unit.
fn time(nanoseconds: f64) -> String {
    let (value, unit) = match nanoseconds {
        t if t < 1e3 => (t, "ns"),
        t if t < 1e6 => (t / 1e3, "us"),
        t if t < 1e9 => (t / 1e6, "ms"),
        t => (t / 1e9, "s"),
    };
    format!("{value:.2} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(group: &str, member: &str, parameter: &str, median: f64) -> Line {
        let benchmark = format!(
            r#"{{"group_id":"{group}","function_id":"{member}","value_str":"{parameter}","throughput":{{"Bytes":4096}}}}"#
        );
        let interval =
            r#""confidence_interval":{"confidence_level":0.95,"lower_bound":9.0,"upper_bound":11.0}"#;
        let estimates =
            format!(r#"{{"median":{{"point_estimate":{median},{interval},"standard_error":0.1}}}}"#);
        line(&benchmark, &estimates).expect("as criterion writes it")
    }

    #[test]
    fn a_ratio_is_to_the_baseline_of_the_same_group_and_parameter() {
        let mut lines = vec![
            measured("compare", "baseline", "4096", 10.0),
            measured("compare", "software", "4096", 25.0),
            measured("compare", "software", "65536", 25.0),
            measured("other", "software", "4096", 25.0),
        ];
        compare(&mut lines);
        let ratios: Vec<_> = lines.iter().map(|line| line.ratio).collect();
        assert_eq!(ratios, [Some(1.0), Some(2.5), None, None]);
    }

    #[test]
    fn speed_is_bytes_over_the_median() {
        assert_eq!(measured("g", "m", "1", 4.096).bytes_per_second, Some(1e12));
    }

    #[test]
    fn an_interval_of_another_level_is_not_shown_as_95_percent() {
        let estimates = r#"{"median":{"point_estimate":1.0,"confidence_interval":
            {"confidence_level":0.99,"lower_bound":0.9,"upper_bound":1.1}}}"#;
        assert!(line(r#"{"group_id":"g"}"#, estimates).is_err());
    }
}
