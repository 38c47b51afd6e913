//! Promises in the book and the tests that keep them: the tables whose last column is headed `test`.

use crate::workspace::{self, Workspace};
use anyhow::{Context, Result};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

/// What stands in the `test` column of a promise that nothing checks yet.
const PENDING: &str = "test pending";

/// One row of such a table.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Promise {
    /// Line in the page, from 1.
    pub(crate) line: usize,
    /// The tests named, none if the test is pending.
    pub(crate) tests: Vec<String>,
}

/// Every promise of a page, or what is wrong with the first row that cannot be read.
pub(crate) fn parse(page: &str) -> Result<Vec<Promise>, String> {
    let mut promises = Vec::new();
    let mut in_table = false;
    for (index, text) in page.lines().enumerate() {
        let line = index + 1;
        let Some(last) = last_cell(text) else {
            in_table = false;
            continue;
        };
        if !in_table {
            in_table = last.eq_ignore_ascii_case("test");
        } else if last.is_empty() || !last.chars().all(|c| c == '-' || c == ':') {
            let tests = tests(last).ok_or_else(|| {
                format!("line {line}: `{last}` is neither `{PENDING}` nor names of tests in code quotes")
            })?;
            promises.push(Promise { line, tests });
        }
    }
    Ok(promises)
}

fn last_cell(line: &str) -> Option<&str> {
    let row = line.trim().strip_prefix('|')?.strip_suffix('|')?;
    Some(row.rsplit('|').next().unwrap_or(row).trim())
}

fn tests(cell: &str) -> Option<Vec<String>> {
    if cell == PENDING {
        return Some(Vec::new());
    }
    let mut names = Vec::new();
    for (index, part) in cell.split('`').enumerate() {
        let quoted = index % 2 == 1;
        if quoted && part.contains("::") && !part.contains(char::is_whitespace) {
            names.push(part.to_owned());
        } else if quoted || !part.trim_matches([' ', ',']).is_empty() {
            return None;
        }
    }
    let closed = cell.matches('`').count().is_multiple_of(2);
    (closed && !names.is_empty()).then_some(names)
}

/// The tests that promises name and that do not run: each with what is wrong.
pub(crate) fn unkept<'a>(promises: &'a [Promise], tests: &Tests) -> Vec<(&'a Promise, String)> {
    let wrong = |name: &String| match (tests.run.contains(name), tests.ignored.contains(name)) {
        (_, true) => Some(format!("test `{name}` is ignored")),
        (true, false) => None,
        (false, false) => Some(format!("there is no test `{name}`")),
    };
    let each = |promise: &'a Promise| {
        promise.tests.iter().filter_map(wrong).map(move |why| (promise, why)).collect::<Vec<_>>()
    };
    promises.iter().flat_map(each).collect()
}

/// The tests of the workspace, each as `crate::path::to::test`; those of an integration test as `crate::file::test`.
#[derive(Default)]
pub(crate) struct Tests {
    run: BTreeSet<String>,
    ignored: BTreeSet<String>,
}

impl Tests {
    /// Builds the workspace's tests and asks each program for its list.
    pub(crate) fn list(workspace: &Workspace) -> Result<Tests> {
        let mut build = workspace.cargo();
        build.args([
            "test",
            "--workspace",
            "--locked",
            "--no-run",
            "--message-format",
            "json-render-diagnostics",
        ]);
        let messages = workspace::output(&mut build)?;
        let mut tests = Tests::default();
        for line in messages.lines() {
            let message: Message = serde_json::from_str(line).context("cannot read a message of cargo")?;
            let Some(program) = message.program() else { continue };
            let owner = workspace.packages.iter().find(|package| package.id == message.package_id);
            let target = message.target.context("cargo named a program without its target")?;
            let prefix = match (owner, target.kind.iter().any(|kind| kind == "test")) {
                (Some(package), true) => format!("{}::{}", package.name, target.name),
                _ => target.name,
            }
            .replace('-', "_");
            let list = |options: &[&str]| {
                let mut list = Command::new(&program);
                list.args(["--list", "--format", "terse"]).args(options).current_dir(&workspace.root);
                workspace::output(&mut list).map(|text| names(&prefix, &text))
            };
            tests.run.extend(list(&[])?);
            tests.ignored.extend(list(&["--ignored"])?);
        }
        Ok(tests)
    }
}

fn names(prefix: &str, list: &str) -> Vec<String> {
    list.lines()
        .filter_map(|line| line.strip_suffix(": test"))
        .map(|name| format!("{prefix}::{name}"))
        .collect()
}

/// What is of interest in cargo's messages: the programs it built to run tests.
#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    package_id: String,
    target: Option<workspace::Target>,
    profile: Option<Profile>,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Profile {
    test: bool,
}

impl Message {
    fn program(&self) -> Option<PathBuf> {
        self.executable.clone().filter(|_| self.profile.as_ref().is_some_and(|profile| profile.test))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "\
# Promises

| promise | test |
|---|---|
| Kept | `covert_abi::layout::holds` |
| Kept twice | `a::b`, `a::c` |
| Hoped for | test pending |

| another | table |
|---|---|
| not | a promise |
";

    fn promise(line: usize, tests: &[&str]) -> Promise {
        Promise { line, tests: tests.iter().map(|&test| test.into()).collect() }
    }

    #[test]
    fn only_tables_headed_test_hold_promises() {
        assert_eq!(
            parse(PAGE),
            Ok(vec![
                promise(5, &["covert_abi::layout::holds"]),
                promise(6, &["a::b", "a::c"]),
                promise(7, &[])
            ])
        );
    }

    #[test]
    fn a_cell_that_is_neither_a_test_nor_pending_is_an_error() {
        for cell in ["", "soon", "`a::b` mostly", "`not_a_path`", "tests pending", "`a::b"] {
            let page = format!("| promise | test |\n|---|---|\n| p | {cell} |\n");
            assert!(parse(&page).is_err_and(|error| error.contains("line 3")), "{cell}");
        }
    }

    #[test]
    fn a_promise_needs_a_test_that_exists_and_is_not_ignored() {
        let set = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        let tests = Tests { run: set(&["a::b", "a::c"]), ignored: set(&["a::c"]) };
        let promises = [promise(1, &["a::b"]), promise(2, &["a::c"]), promise(3, &["a::d"]), promise(4, &[])];
        let unkept: Vec<_> = unkept(&promises, &tests).into_iter().map(|(p, why)| (p.line, why)).collect();
        assert_eq!(
            unkept,
            [(2, "test `a::c` is ignored".to_owned()), (3, "there is no test `a::d`".to_owned())]
        );
    }

    #[test]
    fn listed_tests_are_named_from_their_crate() {
        assert_eq!(
            names("covert_abi::layout", "x::holds: test\nbench_it: benchmark\n\n"),
            ["covert_abi::layout::x::holds"]
        );
    }
}
