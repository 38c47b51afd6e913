//! Where the time of a test run went, read from what the runner prints.

use crate::report::Table;
use crate::workspace::Workspace;
use serde::Serialize;
use std::collections::BTreeMap;

/// The time of one test program, or of building them all.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Part {
    /// Package and program, `covert-rtl::blocks`; a package alone for the tests in its source.
    pub(crate) part: String,
    /// Of its tests, added up where each runs in a process of its own.
    pub(crate) seconds: f64,
    /// Of all parts together.
    pub(crate) percent: f64,
}

/// What the building of the tests is called among the parts.
const BUILD: &str = "(build)";

/// Reads a runner's lines as they come, those of `cargo nextest run` or of `cargo test`.
#[derive(Debug, Default)]
pub(crate) struct Times {
    /// By program and test: nextest tells of a failure twice.
    tests: BTreeMap<(String, String), f64>,
    /// The program that `cargo test` is running.
    running: Option<String>,
}

impl Times {
    /// Takes a line that was printed `elapsed` seconds after the start. `package` tells whose the tests of a name are.
    pub(crate) fn line(&mut self, line: &str, elapsed: f64, package: impl Fn(&str) -> Option<String>) {
        let line = line.trim();
        if line.starts_with("Finished ") {
            self.tests.entry((BUILD.into(), String::new())).or_insert(elapsed);
        } else if let Some(program) = line.strip_prefix("Running ").and_then(program_of_cargo) {
            self.running = Some(match package(&program) {
                Some(package) => format!("{package}::{program}"),
                None => program.replace('_', "-"),
            });
        } else if line.starts_with("test result:")
            && let Some(running) = self.running.take()
            && let Some(seconds) = line.rsplit("finished in ").next().and_then(seconds)
        {
            self.tests.insert((running, String::new()), seconds);
        } else if let Some((program, test, seconds)) = test_of_nextest(line) {
            self.tests.insert((program.into(), test.into()), seconds);
        }
    }

    /// The parts, the longest first.
    pub(crate) fn parts(&self) -> Vec<Part> {
        let mut sums: BTreeMap<&str, f64> = BTreeMap::new();
        for ((program, _), seconds) in &self.tests {
            *sums.entry(program).or_default() += seconds;
        }
        let all: f64 = sums.values().sum();
        let percent = |seconds: f64| if all > 0.0 { 100.0 * seconds / all } else { 0.0 };
        let mut parts: Vec<_> = sums
            .into_iter()
            .map(|(part, seconds)| Part { part: part.into(), seconds, percent: percent(seconds) })
            .collect();
        parts.sort_by(|a, b| b.seconds.total_cmp(&a.seconds));
        parts
    }
}

/// The parts as a table.
pub(crate) fn table(parts: &[Part]) -> Table {
    let mut table = Table::new(["part", "seconds", "percent"]);
    for part in parts {
        table.row([part.part.clone(), format!("{:.1}", part.seconds), format!("{:.1}", part.percent)]);
    }
    table
}

/// The package whose test program, and no other's, has this name.
pub(crate) fn package_of(workspace: &Workspace, program: &str) -> Option<String> {
    let has = |kind: &[String]| kind.iter().any(|kind| kind == "test");
    let mut owners = workspace
        .packages
        .iter()
        .filter(|package| package.targets.iter().any(|target| target.name == program && has(&target.kind)));
    let owner = owners.next()?;
    owners.next().is_none().then(|| owner.name.clone())
}

/// `unittests src/lib.rs (target/debug/deps/covert_abi-0123)` without place and hash.
fn program_of_cargo(line: &str) -> Option<String> {
    let path = line.rsplit_once('(')?.1.strip_suffix(')')?;
    let file = path.rsplit('/').next()?;
    Some(file.rsplit_once('-')?.0.into())
}

/// `PASS [   0.005s] (1/9) covert-rtl::blocks some::test`.
fn test_of_nextest(line: &str) -> Option<(&str, &str, f64)> {
    let (status, rest) = line.split_once(" [")?;
    let ended = ["PASS", "FAIL", "LEAK", "TIMEOUT"].contains(&status) || status.starts_with("SIG");
    let (time, rest) = rest.split_once(']').filter(|_| ended)?;
    let rest = rest.trim_start();
    let rest = match rest.strip_prefix('(') {
        Some(counted) => counted.split_once(')')?.1.trim_start(),
        None => rest,
    };
    let (program, test) = rest.split_once(' ')?;
    Some((program, test.trim(), seconds(time)?))
}

fn seconds(text: &str) -> Option<f64> {
    text.trim().strip_suffix('s')?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(lines: &str) -> Vec<(String, f64)> {
        let mut times = Times::default();
        for line in lines.lines() {
            times.line(line, 7.5, |program| (program == "blocks").then(|| "covert-rtl".into()));
        }
        times.parts().into_iter().map(|part| (part.part, part.seconds)).collect()
    }

    #[test]
    fn the_tests_of_a_program_are_added_up_and_a_failure_told_twice_counts_once() {
        let lines = "    Finished `test` profile [optimized] target(s) in 3.10s\n\
                     \x20   PASS [   0.500s] (1/4) covert-rtl::blocks a::b\n\
                     \x20   SLOW [> 60.000s] (2/4) covert-rtl::blocks a::c\n\
                     \x20   FAIL [   1.000s] (2/4) covert-rtl::blocks a::c\n\
                     \x20   PASS [   0.250s] covert-abi fault::tests::d\n\
                     \x20   FAIL [   1.000s] (2/4) covert-rtl::blocks a::c\n";
        let expected = [(BUILD, 7.5), ("covert-rtl::blocks", 1.5), ("covert-abi", 0.25)];
        assert_eq!(parts(lines), expected.map(|(part, seconds)| (part.to_owned(), seconds)));
    }

    #[test]
    fn a_program_that_cargo_runs_is_named_with_its_package() {
        let lines = "     Running unittests src/lib.rs (/t/debug/deps/covert_abi-0a1b)\n\
                     test result: ok. 3 passed; 0 failed; 0 ignored; finished in 0.25s\n\
                     \x20    Running tests/blocks.rs (/t/debug/deps/blocks-0a1b)\n\
                     test a::b ... ok\n\
                     test result: FAILED. 3 passed; 1 failed; 0 ignored; finished in 12.00s\n";
        let expected = [("covert-rtl::blocks", 12.0), ("covert-abi", 0.25)];
        assert_eq!(parts(lines), expected.map(|(part, seconds)| (part.to_owned(), seconds)));
    }

    #[test]
    fn shares_are_of_all_parts_together() {
        let mut times = Times::default();
        for (program, seconds) in [("a", 1.0), ("b", 3.0)] {
            times.tests.insert((program.into(), String::new()), seconds);
        }
        let percents: Vec<_> = times.parts().iter().map(|part| part.percent).collect();
        assert_eq!(percents, [75.0, 25.0]);
    }
}
