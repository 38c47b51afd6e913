//! `cargo xtask test`: what every change must pass, and where the time went.

use crate::report::{self, Outcome, Table};
use crate::workspace::{self, Workspace};
use crate::{docs, fuzz, mutants};
use anyhow::{Result, bail};
use serde::Serialize;
use std::process::{Command, Stdio};
use std::time::Instant;

/// Run everything a change must pass
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

type Check = fn(&Workspace, &Args) -> Result<Outcome>;

/// The checks, in order.
const STEPS: [(&str, Check); 6] = [
    ("examples in documentation", doc_tests),
    ("tests", tests),
    ("generated pages and promises", |workspace, _| docs::check(workspace)),
    ("book", |workspace, _| docs::book(workspace)),
    ("mutants", |workspace, _| mutants::check(workspace)),
    ("fuzz", |workspace, _| fuzz::check(workspace)),
];

#[derive(Serialize)]
struct Line {
    step: &'static str,
    seconds: f64,
    result: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    let ci = std::env::var("CI").is_ok_and(|value| value == "true");
    let mut lines = Vec::new();
    for (step, check) in STEPS {
        eprintln!("\n== {step}");
        let began = Instant::now();
        let (result, why) = judge(check(workspace, args), ci);
        if let Some(why) = &why {
            eprintln!("{why}");
        }
        lines.push(Line { step, seconds: began.elapsed().as_secs_f64(), result, why });
    }
    let mut table = Table::new(["step", "seconds", "result"]);
    for line in &lines {
        table.row([line.step.into(), format!("{:.1}", line.seconds), line.result.into()]);
    }
    report::emit(args.json, &table, &lines)?;
    for line in &lines {
        if let Some(why) = &line.why {
            eprintln!("\n{}: {why}", line.step);
        }
    }
    let failed: Vec<_> = lines.iter().filter(|line| line.result == "FAILED").map(|line| line.step).collect();
    if !failed.is_empty() {
        bail!("failed: {}", failed.join(", "));
    }
    Ok(())
}

/// What a check's end means: on CI, which can have every tool, a skip is a failure.
fn judge(end: Result<Outcome>, ci: bool) -> (&'static str, Option<String>) {
    match end {
        Ok(Outcome::Passed) => ("passed", None),
        Ok(Outcome::Skipped(skip)) if ci => ("FAILED", Some(format!("{skip} (a failure, as CI=true)"))),
        Ok(Outcome::Skipped(skip)) => ("skipped", Some(skip.to_string())),
        Err(error) => ("FAILED", Some(format!("{error:#}"))),
    }
}

fn tests(workspace: &Workspace, args: &Args) -> Result<Outcome> {
    let mut cargo = workspace.cargo();
    if workspace::on_path("cargo-nextest") {
        cargo.args(["nextest", "run", "--no-fail-fast"]);
    } else {
        cargo.args(["test", "--tests", "--no-fail-fast"]);
    }
    run_visibly(cargo.args(["--workspace", "--locked"]), args)
}

fn doc_tests(workspace: &Workspace, args: &Args) -> Result<Outcome> {
    run_visibly(workspace.cargo().args(["test", "--doc", "--workspace", "--locked", "--no-fail-fast"]), args)
}

/// Runs with everything printed on standard output, where a reader of the log looks for the runner's counts.
fn run_visibly(command: &mut Command, args: &Args) -> Result<Outcome> {
    let visible = || if args.json { Stdio::from(std::io::stderr()) } else { Stdio::from(std::io::stdout()) };
    workspace::status(command.stdout(visible()).stderr(visible()))?;
    Ok(Outcome::Passed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Skip;

    #[test]
    fn a_skip_is_a_failure_on_ci_and_said_aloud_elsewhere() {
        let skip =
            || Ok(Outcome::Skipped(Skip { what: "book", missing: "mdbook", install: "cargo xtask setup" }));
        assert_eq!(
            judge(skip(), false),
            ("skipped", Some("SKIPPED book: missing mdbook; install with `cargo xtask setup`".into()))
        );
        assert_eq!(judge(skip(), true).0, "FAILED");
    }

    #[test]
    fn an_error_is_a_failure_everywhere() {
        for ci in [false, true] {
            assert_eq!(judge(Err(anyhow::anyhow!("broken")), ci), ("FAILED", Some("broken".into())));
            assert_eq!(judge(Ok(Outcome::Passed), ci), ("passed", None));
        }
    }
}
