//! `cargo xtask mutants`: takes one rule of the protocol away at a time and sees that its test fails.
//!
//! A package says in its `mutants.toml` which text, replaced by what, takes which rule away, and which of its tests
//! must then fail. The work is done in a copy of that package and the members it depends on, under
//! `target/mutants`: the working tree is never changed.

mod tree;

use crate::report::{self, Progress, Table};
use crate::workspace::{Package, Workspace};
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};
use tree::Tree;

/// Take the rules of the protocol away one by one, and see a test fail for each
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only the mutants whose rule contains this text
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// Random schedules that the property tests try on each mutant.
const SCHEDULES: &str = "20000";

/// A test that takes longer than this has not failed; it hangs.
const PATIENCE: Duration = Duration::from_secs(120);

/// One `mutants.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    #[serde(rename = "mutant")]
    mutants: Vec<Mutant>,
}

/// One rule taken away.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mutant {
    /// The rule, in a few words.
    rule: String,
    /// The package that `file` belongs to; the one that holds the list if it is not said.
    package: Option<String>,
    /// A file, from its package's folder.
    file: String,
    /// Text that occurs in it exactly once.
    find: String,
    /// What takes its place.
    replace: String,
    /// The test that must fail: the end of its name, one test only.
    killed_by: String,
}

/// How a mutant ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "fate", rename_all = "snake_case")]
enum Fate {
    /// The test that had to fail did.
    Killed,
    /// The test that had to fail did not, but these did.
    KilledByOthers { tests: Vec<String> },
    /// No test failed.
    Survived,
    /// It does not compile, so it says nothing about the tests.
    Uncompilable { error: String },
    /// A test ran longer than any test should.
    Hung,
}

#[derive(Serialize)]
struct Line {
    package: String,
    rule: String,
    killed_by: String,
    seconds: f64,
    #[serde(flatten)]
    fate: Fate,
}

pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    let lines = hunt(workspace, args.only.as_deref())?;
    let mut table = Table::new(["rule", "test", "result", "seconds"]);
    for line in &lines {
        let seconds = format!("{:.1}", line.seconds);
        table.row([line.rule.clone(), line.killed_by.clone(), line.fate.to_string(), seconds]);
    }
    report::emit(args.json, &table, &lines)?;
    verdict(&lines)
}

/// Runs every mutant; for `cargo xtask test`.
pub(crate) fn check(workspace: &Workspace) -> Result<report::Outcome> {
    verdict(&hunt(workspace, None)?).map(|()| report::Outcome::Passed)
}

fn verdict(lines: &[Line]) -> Result<()> {
    let wrong: Vec<_> = lines.iter().filter(|line| line.fate != Fate::Killed).collect();
    if !wrong.is_empty() {
        let mut told = String::new();
        for line in &wrong {
            told += &format!("\n  {}: {}", line.rule, line.fate);
            if let Fate::KilledByOthers { tests } = &line.fate {
                told += &format!(": {}", tests.join(", "));
            }
        }
        bail!("{} of {} mutants were not killed by their test:{told}", wrong.len(), lines.len());
    }
    Ok(())
}

/// The page of the book that says which test guards which rule.
pub(crate) fn page(workspace: &Workspace) -> Result<String> {
    let mut page = "# Rules and the tests that guard them\n\n\
        Each rule below is taken away by a change of the source, one at a time, and the test beside it must then fail:\n\
        `cargo xtask mutants` does it. A rule whose absence no test notices fails the build.\n"
        .to_owned();
    for (package, list) in lists(workspace)? {
        let mut table = Table::new(["rule", "instead of", "stands", "test that fails"]);
        for mutant in &list.mutants {
            let path = mutant.killed_by.clone();
            table.row([mutant.rule.clone(), code(&mutant.find), code(&mutant.replace), format!("`{path}`")]);
        }
        page += &format!("\n## {}\n\n{}", package.name, table.markdown());
    }
    Ok(page)
}

/// Source text as one cell of a table.
fn code(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.is_empty() { "nothing".into() } else { format!("`{line}`") }
}

/// The lists of all packages that have one.
fn lists(workspace: &Workspace) -> Result<Vec<(&Package, List)>> {
    let mut lists = Vec::new();
    for package in &workspace.packages {
        let path = package.dir().join("mutants.toml");
        if !path.exists() {
            continue;
        }
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
        let list =
            toml::from_str(&text).with_context(|| format!("cannot read `{}`", workspace.short(&path)))?;
        lists.push((package, list));
    }
    Ok(lists)
}

fn hunt(workspace: &Workspace, only: Option<&str>) -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    for (package, list) in lists(workspace)? {
        let wanted = |mutant: &&Mutant| only.is_none_or(|only| mutant.rule.contains(only));
        let mutants: Vec<_> = list.mutants.iter().filter(wanted).collect();
        if !mutants.is_empty() {
            lines.extend(Range::new(workspace, package)?.hunt(&mutants)?);
        }
    }
    if lines.is_empty() {
        match only {
            Some(only) => bail!("no mutant's rule contains `{only}`"),
            None => bail!("no package of the workspace has a `mutants.toml`"),
        }
    }
    Ok(lines)
}

/// Where the mutants of one package are run.
struct Range<'a> {
    workspace: &'a Workspace,
    package: &'a Package,
    tree: Tree<'a>,
}

impl<'a> Range<'a> {
    fn new(workspace: &'a Workspace, package: &'a Package) -> Result<Range<'a>> {
        let root = workspace.target.join("mutants").join("tree").join(&package.name);
        let tree = Tree::new(workspace, package, root);
        Ok(Range { workspace, package, tree })
    }

    fn hunt(&self, mutants: &[&Mutant]) -> Result<Vec<Line>> {
        let tests = self.baseline()?;
        let mut lines = Vec::new();
        for mutant in mutants {
            let killer = resolve(&mutant.killed_by, &tests)
                .map_err(|why| anyhow::anyhow!("the mutant of `{}`: {why}", mutant.rule))?;
            let progress = Progress::start(format!("without: {}", mutant.rule));
            let fate = self.fate(mutant, killer)?;
            let took = progress.done(&fate.to_string());
            lines.push(Line {
                package: self.package.name.clone(),
                rule: mutant.rule.clone(),
                killed_by: killer.to_owned(),
                seconds: took.as_secs_f64(),
                fate,
            });
        }
        self.tree.restore()?;
        Ok(lines)
    }

    /// The names of all tests, after they passed on the unchanged source.
    fn baseline(&self) -> Result<Vec<String>> {
        let progress = Progress::start(format!("{} unchanged", self.package.name));
        self.tree.restore()?;
        let ran = self.test(&[])?;
        let passed = matches!(&ran, Ran::Finished { failed, .. } if failed.is_empty());
        progress.done(if passed { "all tests pass" } else { "tests fail" });
        match ran {
            Ran::Finished { passed, failed } if failed.is_empty() => Ok(passed),
            Ran::Finished { failed, .. } => bail!("without any mutation, these fail: {}", failed.join(", ")),
            Ran::Uncompilable(error) => bail!("without any mutation, the tests do not compile: {error}"),
            Ran::Hung => bail!("without any mutation, the tests do not end within {} s", PATIENCE.as_secs()),
        }
    }

    fn fate(&self, mutant: &Mutant, killer: &str) -> Result<Fate> {
        self.tree.restore()?;
        let package = match &mutant.package {
            Some(name) => self.workspace.package(name)?,
            None => self.package,
        };
        let path = self.tree.folder(package)?.join(&mutant.file);
        let source = fs::read_to_string(&path)
            .with_context(|| format!("the mutant of `{}`: cannot read `{}`", mutant.rule, path.display()))?;
        let mutated = replace_once(&source, &mutant.find, &mutant.replace)
            .map_err(|why| anyhow::anyhow!("the mutant of `{}`: `{}` {why}", mutant.rule, mutant.file))?;
        fs::write(&path, mutated).with_context(|| format!("cannot write `{}`", path.display()))?;

        // The test that must fail is asked alone; the others only if it does not.
        Ok(match self.test(&["--exact", killer])? {
            Ran::Uncompilable(error) => Fate::Uncompilable { error },
            Ran::Hung => Fate::Hung,
            Ran::Finished { failed, .. } if !failed.is_empty() => Fate::Killed,
            Ran::Finished { .. } => match self.test(&[])? {
                Ran::Uncompilable(error) => Fate::Uncompilable { error },
                Ran::Hung => Fate::Hung,
                Ran::Finished { failed, .. } if failed.is_empty() => Fate::Survived,
                Ran::Finished { failed, .. } => Fate::KilledByOthers { tests: failed },
            },
        })
    }

    /// Builds the package's tests as they stand in the copy, then runs those that the arguments choose.
    fn test(&self, arguments: &[&str]) -> Result<Ran> {
        let build = self.cargo().arg("--no-run").output().context("cannot run cargo")?;
        if !build.status.success() {
            let errors = String::from_utf8_lossy(&build.stderr);
            let first = errors.lines().find(|line| line.starts_with("error")).unwrap_or("error");
            return Ok(Ran::Uncompilable(first.to_owned()));
        }
        let log = self.workspace.target.join("mutants/test.log");
        let file = fs::File::create(&log).with_context(|| format!("cannot write `{}`", log.display()))?;
        let mut cargo = self.cargo();
        cargo.arg("--no-fail-fast").arg("--").args(arguments).stdout(file.try_clone()?).stderr(file);
        let Some(success) = within(PATIENCE, &mut cargo)? else { return Ok(Ran::Hung) };
        let text = fs::read_to_string(&log).with_context(|| format!("cannot read `{}`", log.display()))?;
        let (passed, failed) = results(&text);
        if !success && failed.is_empty() {
            bail!(
                "the tests of {} failed, but none of them by name; see `{}`",
                self.package.name,
                log.display()
            );
        }
        Ok(Ran::Finished { passed, failed })
    }

    fn cargo(&self) -> Command {
        let mut cargo = self.workspace.cargo();
        cargo.current_dir(&self.tree.root);
        cargo.args(["test", "--offline", "--tests", "--package", &self.package.name, "--color", "never"]);
        // Libraries from outside are built once for the workspace and the copy; the copy's own packages are others to cargo.
        cargo.env("CARGO_TARGET_DIR", &self.workspace.target);
        cargo.env("COVERT_SCHEDULES", SCHEDULES);
        cargo
    }
}

/// What came of a test run.
enum Ran {
    Uncompilable(String),
    Hung,
    Finished { passed: Vec<String>, failed: Vec<String> },
}

impl std::fmt::Display for Fate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Fate::Killed => write!(f, "killed"),
            Fate::KilledByOthers { .. } => write!(f, "killed, but not by this test"),
            Fate::Survived => write!(f, "SURVIVED"),
            Fate::Uncompilable { error } => write!(f, "does not compile: {error}"),
            Fate::Hung => write!(f, "hangs for {} s, no test fails", PATIENCE.as_secs()),
        }
    }
}

/// Whether a command succeeds; nothing if it did not end in time. It and all it started are ended then.
fn within(patience: Duration, command: &mut Command) -> Result<Option<bool>> {
    use std::os::unix::process::CommandExt;
    let mut child = command.process_group(0).spawn().context("cannot run cargo")?;
    let began = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status.success()));
        }
        if began.elapsed() > patience {
            Command::new("kill").arg("-KILL").arg("--").arg(format!("-{}", child.id())).status()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The tests that a run of libtest says passed, and those that failed.
fn results(text: &str) -> (Vec<String>, Vec<String>) {
    let ended = |result: &'static str| {
        let name = move |line: &str| Some(line.strip_prefix("test ")?.strip_suffix(result)?.to_owned());
        text.lines()
            .filter_map(name)
            .map(|name| name.trim_end_matches(" - should panic").to_owned())
            .collect()
    };
    (ended(" ... ok"), ended(" ... FAILED"))
}

/// The one test whose name is `name`, or ends with it at a path separator.
fn resolve<'a>(name: &str, tests: &'a [String]) -> Result<&'a str, String> {
    let suffix = format!("::{name}");
    let found: Vec<_> = tests.iter().filter(|test| *test == name || test.ends_with(&suffix)).collect();
    match found[..] {
        [test] => Ok(test),
        [] => Err(format!("there is no test `{name}`")),
        _ => Err(format!("`{name}` names {} tests", found.len())),
    }
}

/// The source with the one occurrence of `find` replaced.
fn replace_once(source: &str, find: &str, replace: &str) -> Result<String, String> {
    // Overlapping occurrences count: each start of the text is a place where it could be meant.
    let starts = source.char_indices().filter(|&(at, _)| source[at..].starts_with(find)).count();
    match starts {
        1 if find == replace => Err("is replaced by itself".into()),
        1 => Ok(source.replacen(find, replace, 1)),
        0 => Err(format!("does not contain `{find}`")),
        many => Err(format!("contains `{find}` {many} times, it must be once")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_mutation_applies_only_where_its_text_occurs_exactly_once() {
        assert_eq!(replace_once("if a == b {", "==", "!="), Ok("if a != b {".into()));
        assert!(replace_once("if a < b {", "==", "!=").is_err_and(|why| why.contains("does not contain")));
        assert!(replace_once("a == b == c", "==", "!=").is_err_and(|why| why.contains("2 times")));
        assert!(replace_once("aaa", "aa", "b").is_err_and(|why| why.contains("2 times")));
        assert!(replace_once("", "", "x").is_err());
    }

    #[test]
    fn a_mutation_that_changes_nothing_is_refused() {
        assert!(replace_once("a == b", "==", "==").is_err());
    }

    proptest! {
        #[test]
        fn a_mutation_can_be_taken_back(before in "[ab{]{0,8}", after in "[ab{]{0,8}") {
            let source = format!("{before}==é{after}");
            let mutated = replace_once(&source, "==é", "!=").expect("occurs once");
            prop_assert_eq!(replace_once(&mutated, "!=", "==é"), Ok(source));
        }
    }

    #[test]
    fn a_killer_is_exactly_one_test() {
        let tests = ["log::tests::keeps".to_owned(), "store::keeps".to_owned(), "lone".to_owned()];
        assert_eq!(resolve("store::keeps", &tests), Ok("store::keeps"));
        assert_eq!(resolve("tests::keeps", &tests), Ok("log::tests::keeps"));
        assert_eq!(resolve("lone", &tests), Ok("lone"));
        assert!(resolve("keeps", &tests).is_err_and(|why| why.contains("2 tests")));
        assert!(resolve("eeps", &tests).is_err_and(|why| why.contains("no test")));
    }

    #[test]
    fn results_are_read_from_the_lines_of_libtest_alone() {
        let text = "running 3 tests\ntest a::b ... ok\ntest a::c ... FAILED\ntest a::d - should panic ... ok\n\
                    test a::e ... ignored\nit says: test x ... FAILED, twice\ntest result: FAILED. 2 passed\n";
        assert_eq!(results(text), (vec!["a::b".into(), "a::d".into()], vec!["a::c".into()]));
    }

    #[test]
    fn a_command_that_does_not_end_is_ended_with_all_it_started() {
        let mut sleeper = Command::new("sh");
        sleeper.args(["-c", "sleep 60 & wait"]);
        let began = Instant::now();
        assert_eq!(within(Duration::from_millis(100), &mut sleeper).expect("runs"), None);
        assert!(began.elapsed() < Duration::from_secs(30));
        assert_eq!(within(PATIENCE, &mut Command::new("false")).expect("runs"), Some(false));
    }
}
