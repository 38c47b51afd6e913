//! `cargo xtask test`: what every change must pass, and where the time went.

mod times;

use crate::report::{self, Outcome, Table};
use crate::workspace::{self, Workspace};
use crate::{docs, fuzz, mutants};
use anyhow::{Context, Result, bail};
use serde::Serialize;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::Instant;
use times::{Part, Times};

/// Run everything a change must pass
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// A check; what is known of its parts' times goes into the list, however it ends.
type Check = fn(&Workspace, &Args, &mut Vec<Part>) -> Result<Outcome>;

/// The checks, in order.
const STEPS: [(&str, Check); 6] = [
    ("examples in documentation", doc_tests),
    ("tests", tests),
    ("generated pages and promises", |workspace, _, _| docs::check(workspace)),
    ("book", |workspace, _, _| docs::book(workspace)),
    ("mutants", |workspace, _, _| mutants::check(workspace)),
    ("fuzz", |workspace, _, _| fuzz::check(workspace)),
];

#[derive(Serialize)]
struct Line {
    step: &'static str,
    seconds: f64,
    result: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parts: Vec<Part>,
}

pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    let ci = std::env::var("CI").is_ok_and(|value| value == "true");
    let mut lines = Vec::new();
    for (step, check) in STEPS {
        eprintln!("\n== {step}");
        let began = Instant::now();
        let mut parts = Vec::new();
        let (result, why) = judge(check(workspace, args, &mut parts), ci);
        if let Some(why) = &why {
            eprintln!("{why}");
        }
        lines.push(Line { step, seconds: began.elapsed().as_secs_f64(), result, why, parts });
    }
    for line in lines.iter().filter(|line| !line.parts.is_empty()) {
        let text = format!("\n{}, by test program:\n{}", line.step, times::table(&line.parts).text());
        if args.json { eprint!("{text}") } else { print!("{text}") }
    }
    let all: f64 = lines.iter().map(|line| line.seconds).sum();
    let mut table = Table::new(["step", "seconds", "percent", "result"]);
    for line in &lines {
        let percent = if all > 0.0 { 100.0 * line.seconds / all } else { 0.0 };
        table.row([
            line.step.into(),
            format!("{:.1}", line.seconds),
            format!("{percent:.1}"),
            line.result.into(),
        ]);
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

fn tests(workspace: &Workspace, args: &Args, parts: &mut Vec<Part>) -> Result<Outcome> {
    let mut cargo = workspace.cargo();
    if workspace::on_path("cargo-nextest") {
        cargo.args(["nextest", "run", "--no-fail-fast"]);
    } else {
        cargo.args(["test", "--tests", "--no-fail-fast"]);
    }
    let mut times = Times::default();
    let package = |program: &str| times::package_of(workspace, program);
    let ended = run_visibly(cargo.args(["--workspace", "--locked"]), args, |line, elapsed| {
        times.line(line, elapsed, package);
    });
    *parts = times.parts();
    ended
}

fn doc_tests(workspace: &Workspace, args: &Args, _: &mut Vec<Part>) -> Result<Outcome> {
    run_visibly(
        workspace.cargo().args(["test", "--doc", "--workspace", "--locked", "--no-fail-fast"]),
        args,
        |_, _| (),
    )
}

/// Runs with everything printed on standard output, where a reader of the log looks for the runner's counts; `each` sees every
/// line too, and the seconds since the start.
fn run_visibly(command: &mut Command, args: &Args, mut each: impl FnMut(&str, f64)) -> Result<Outcome> {
    let began = Instant::now();
    let shown = workspace::shown(command);
    let run = || format!("cannot run `{shown}`");
    let (lines, end) = std::io::pipe().with_context(run)?;
    let both = end.try_clone().with_context(run)?;
    let mut child = command.stdout(end).stderr(both).spawn().with_context(run)?;
    // The command still holds the pipe's other end, which must close for the lines to end.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut lines = BufReader::new(lines);
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line)? > 0 {
        // A log that nobody reads any more must not end the tests.
        let _ =
            if args.json { std::io::stderr().write_all(&line) } else { std::io::stdout().write_all(&line) };
        each(&String::from_utf8_lossy(&line), began.elapsed().as_secs_f64());
        line.clear();
    }
    let status = child.wait()?;
    if !status.success() {
        bail!("`{shown}` failed: {status}");
    }
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
