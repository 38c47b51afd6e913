//! `cargo xtask docs`: the book, its generated pages, and the promises it makes.

mod promises;
mod registers;

use crate::mutants;
use crate::report::{Outcome, Skip};
use crate::setup::{self, Cache, Set};
use crate::workspace::{self, Workspace};
use anyhow::{Context, Result, anyhow, bail};
use promises::Tests;
use std::fs;
use std::process::Command;

/// Write the generated pages and build the book
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Write nothing: fail if a generated page is stale, a promise names no test, or the book does not build
    #[arg(long, conflicts_with = "open")]
    check: bool,
    /// Open the book in a browser
    #[arg(long)]
    open: bool,
}

/// Pages whose `test` column is held to the tests of the workspace.
const PROMISES: [&str; 2] = ["docs/src/SPECIFICATION.md", "docs/src/fault-model.md"];

/// A page written by this command: where it stands, and what must stand there.
type Page = (&'static str, fn(&Workspace) -> Result<String>);

const PAGES: [Page; 2] =
    [("docs/src/reference/registers.md", |_| Ok(registers::page())), ("docs/src/mutants.md", mutants::page)];

const NOTICE: &str = "<!-- Written by `cargo xtask docs`; changes here are overwritten. -->\n\n";

pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    if args.check {
        check(workspace)?;
        if let Outcome::Skipped(skip) = book(workspace)? {
            eprintln!("{skip}");
        }
        return Ok(());
    }
    for (path, generate) in PAGES {
        let full = workspace.root.join(path);
        let text = NOTICE.to_owned() + &generate(workspace)?;
        if let Some(folder) = full.parent() {
            fs::create_dir_all(folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
        }
        fs::write(&full, text).with_context(|| format!("cannot write `{path}`"))?;
        eprintln!("wrote {path}");
    }
    build(workspace, &setup::ensure(workspace, Set::Docs)?, args.open)
}

/// Whether the generated pages are current and every promise names tests that run.
pub(crate) fn check(workspace: &Workspace) -> Result<Outcome> {
    let mut wrong = Vec::new();
    for (path, generate) in PAGES {
        let found = fs::read_to_string(workspace.root.join(path)).ok();
        if let Some(why) = stale(&(NOTICE.to_owned() + &generate(workspace)?), found.as_deref()) {
            wrong.push(format!("{path} {why}; run `cargo xtask docs`"));
        }
    }
    let tests = Tests::list(workspace)?;
    for path in PROMISES {
        let page =
            fs::read_to_string(workspace.root.join(path)).with_context(|| format!("cannot read `{path}`"))?;
        let promises = promises::parse(&page).map_err(|error| anyhow!("{path}, {error}"))?;
        let unkept = promises::unkept(&promises, &tests);
        wrong.extend(unkept.iter().map(|(promise, why)| format!("{path}:{}: {why}", promise.line)));
        let pending = promises.iter().filter(|promise| promise.tests.is_empty()).count();
        eprintln!("{path}: {} promises, {pending} with their test pending", promises.len());
    }
    if !wrong.is_empty() {
        bail!("{}", wrong.join("\n"));
    }
    Ok(Outcome::Passed)
}

/// Whether the book builds.
pub(crate) fn book(workspace: &Workspace) -> Result<Outcome> {
    let Some(cache) = setup::find(workspace, Set::Docs) else {
        let install = "cargo xtask setup --docs";
        return Ok(Outcome::Skipped(Skip { what: "book", missing: "mdbook", install }));
    };
    build(workspace, &cache, false).map(|()| Outcome::Passed)
}

fn build(workspace: &Workspace, cache: &Cache, open: bool) -> Result<()> {
    let mut mdbook = Command::new(cache.bin().join("mdbook"));
    mdbook.arg("build").args(open.then_some("--open")).arg(workspace.root.join("docs"));
    workspace::status(&mut mdbook)
}

/// Why a page is not what it must be: the first line that differs.
fn stale(expected: &str, found: Option<&str>) -> Option<String> {
    let Some(found) = found else { return Some("is missing".into()) };
    if found == expected {
        return None;
    }
    let same = expected.lines().zip(found.lines()).take_while(|(expected, found)| expected == found).count();
    let at = |text: &str| text.lines().nth(same).map_or("its end".to_owned(), |line| format!("`{line}`"));
    Some(format!("is stale: line {} must be {} and is {}", same + 1, at(expected), at(found)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_page_is_current_only_if_it_is_equal_to_the_byte() {
        assert_eq!(stale("a\nb\n", Some("a\nb\n")), None);
        let why = |found| stale("a\nb\n", found).unwrap_or_default();
        assert_eq!(why(None), "is missing");
        assert_eq!(why(Some("a\nc\n")), "is stale: line 2 must be `b` and is `c`");
        assert_eq!(why(Some("a\n")), "is stale: line 2 must be `b` and is its end");
        assert_eq!(why(Some("a\nb")), "is stale: line 3 must be its end and is its end");
    }
}
