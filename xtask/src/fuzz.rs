//! `cargo xtask fuzz`: every fuzz target of the tree, each for a bounded time.

use crate::report::{self, Outcome, Progress, Skip, Table};
use crate::setup::{self, Cache, Set};
use crate::workspace::{self, Workspace};
use anyhow::{Context, Result, bail};
use serde::Serialize;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Run the fuzz targets, each for a bounded time
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Seconds for each target
    #[arg(long, default_value_t = SECONDS)]
    seconds: u32,
    /// Only the target of this name
    target: Option<String>,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// How long a target runs when nothing else is said.
const SECONDS: u32 = 20;

/// One fuzz target.
struct Target {
    name: String,
    /// The folder of the cargo-fuzz package that holds it.
    folder: PathBuf,
}

#[derive(Serialize)]
struct Line {
    target: String,
    executions: u64,
    seconds: f64,
    /// The input that made it crash, and the command that shows it.
    crash: Option<Crash>,
}

#[derive(Serialize)]
struct Crash {
    input: PathBuf,
    reproduce: String,
}

pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    let mut targets = targets(&workspace.root)?;
    if let Some(wanted) = &args.target {
        let names: Vec<_> = targets.iter().map(|target| target.name.clone()).collect();
        targets.retain(|target| target.name == *wanted);
        if targets.is_empty() {
            bail!("there is no fuzz target `{wanted}`; there are: {}", names.join(", "));
        }
    }
    fuzz(workspace, &setup::ensure(workspace, Set::Fuzz)?, &targets, args.seconds, args.json)
}

/// Runs every target for the usual time, if cargo-fuzz is there; for `cargo xtask test`.
pub(crate) fn check(workspace: &Workspace) -> Result<Outcome> {
    let targets = targets(&workspace.root)?;
    let Some(cache) = setup::find(workspace, Set::Fuzz) else {
        let install = "cargo xtask setup --fuzz";
        return Ok(Outcome::Skipped(Skip { what: "fuzz", missing: "cargo-fuzz", install }));
    };
    fuzz(workspace, &cache, &targets, SECONDS, false).map(|()| Outcome::Passed)
}

fn fuzz(workspace: &Workspace, cache: &Cache, targets: &[Target], seconds: u32, json: bool) -> Result<()> {
    if targets.is_empty() {
        bail!("the tree has no fuzz target");
    }
    let lines =
        targets.iter().map(|target| target.fuzz(workspace, cache, seconds)).collect::<Result<Vec<_>>>()?;
    let mut table = Table::new(["fuzz target", "executions", "seconds", "result"]);
    for line in &lines {
        let result = if line.crash.is_some() { "CRASH" } else { "no crash" };
        let seconds = format!("{:.1}", line.seconds);
        table.row([line.target.clone(), line.executions.to_string(), seconds, result.into()]);
    }
    report::emit(json, &table, &lines)?;
    let crashes: Vec<_> =
        lines.iter().filter_map(|line| Some((&line.target, line.crash.as_ref()?))).collect();
    if !crashes.is_empty() {
        let told = crashes.iter().map(|(target, crash)| {
            format!("\n  {target}: {}\n    {}", workspace.short(&crash.input), crash.reproduce)
        });
        bail!("{} of {} fuzz targets crash:{}", crashes.len(), lines.len(), told.collect::<String>());
    }
    Ok(())
}

impl Target {
    /// Fuzzes; an error means that it could not be fuzzed, a crash is a result.
    fn fuzz(&self, workspace: &Workspace, cache: &Cache, seconds: u32) -> Result<Line> {
        let corpus = cache.root.join("fuzz").join(&self.name);
        let found = workspace.root.join("fuzz-artifacts").join(&self.name);
        for folder in [&corpus, &found] {
            fs::create_dir_all(folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
        }
        let log = cache.root.join("fuzz").join(format!("{}.log", self.name));

        let progress = Progress::start(format!("building fuzz target {}", self.name));
        let built = logged(self.cargo(workspace, cache, "build"), &log)?;
        progress.done(if built { "built" } else { "does not build" });
        if !built {
            bail!("fuzz target {} does not build; see `{}`", self.name, workspace.short(&log));
        }

        let progress = Progress::start(format!("fuzzing {} for {seconds} s", self.name));
        let mut run = self.cargo(workspace, cache, "run");
        run.arg(&corpus)
            .args(Some(self.folder.join("seeds").join(&self.name)).filter(|seeds| seeds.is_dir()));
        run.arg("--").arg(format!("-max_total_time={seconds}")).arg("-print_final_stats=1");
        run.arg(format!("-artifact_prefix={}/", found.display()));
        let survived = logged(run, &log)?;
        let took = progress.done(if survived { "no crash" } else { "CRASH" });

        let text = fs::read_to_string(&log).with_context(|| format!("cannot read `{}`", log.display()))?;
        let crash = match (survived, culprit(&text)) {
            (true, _) => None,
            (false, Some(input)) => {
                let reproduce = workspace::shown(self.cargo(workspace, cache, "run").arg(&input));
                Some(Crash { reproduce: format!("RUSTC_BOOTSTRAP=1 {reproduce}"), input })
            }
            (false, None) => {
                bail!("fuzz target {} failed without an input; see `{}`", self.name, log.display())
            }
        };
        let executions = executions(&text).with_context(|| {
            format!("fuzz target {} said not how often it ran; see `{}`", self.name, log.display())
        })?;
        Ok(Line { target: self.name.clone(), executions, seconds: took.as_secs_f64(), crash })
    }

    /// `cargo fuzz <what>`. Sanitizers are a nightly option; the variable has stable take it.
    fn cargo(&self, workspace: &Workspace, cache: &Cache, what: &str) -> Command {
        let mut cargo = Command::new(cache.bin().join("cargo-fuzz"));
        cargo.current_dir(&workspace.root).env("RUSTC_BOOTSTRAP", "1");
        cargo.args(["fuzz", what, "--fuzz-dir"]).arg(&self.folder);
        cargo.arg("--target-dir").arg(workspace.target.join("fuzz")).arg(&self.name);
        cargo
    }
}

fn logged(mut command: Command, path: &Path) -> Result<bool> {
    let log = fs::File::create(path).with_context(|| format!("cannot write `{}`", path.display()))?;
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    let status = command.status().with_context(|| format!("cannot run `{}`", workspace::shown(&command)))?;
    Ok(status.success())
}

/// The file that libFuzzer says it wrote the failing input to.
fn culprit(log: &str) -> Option<PathBuf> {
    log.lines().find_map(|line| line.split_once("Test unit written to ")).map(|(_, path)| path.trim().into())
}

/// How many inputs libFuzzer says it ran: in its statistics, or in the last line before a crash.
fn executions(log: &str) -> Option<u64> {
    let statistic = |line: &str| line.strip_prefix("stat::number_of_executed_units:")?.trim().parse().ok();
    let status = |line: &str| line.strip_prefix('#')?.split_whitespace().next()?.parse().ok();
    log.lines().find_map(statistic).or_else(|| log.lines().rev().find_map(status))
}

/// The targets of all packages that cargo-fuzz made, in folders named `fuzz`.
fn targets(root: &Path) -> Result<Vec<Target>> {
    let mut targets = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let manifest = folder.join("Cargo.toml");
        if folder.ends_with("fuzz") && manifest.is_file() {
            let text = fs::read_to_string(&manifest)
                .with_context(|| format!("cannot read `{}`", manifest.display()))?;
            let names =
                fuzz_targets(&text).with_context(|| format!("cannot read `{}`", manifest.display()))?;
            targets.extend(names.into_iter().map(|name| Target { name, folder: folder.clone() }));
            continue;
        }
        for entry in fs::read_dir(&folder).with_context(|| format!("cannot list `{}`", folder.display()))? {
            let entry = entry?;
            let name = entry.file_name();
            let source = name != "target" && !name.as_encoded_bytes().starts_with(b".");
            if source && entry.file_type()?.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    targets.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(targets)
}

/// The targets that a manifest declares, if it is one of cargo-fuzz's.
fn fuzz_targets(manifest: &str) -> Result<Vec<String>> {
    #[derive(serde::Deserialize)]
    struct Manifest {
        package: Package,
        #[serde(default)]
        bin: Vec<Bin>,
    }
    #[derive(serde::Deserialize)]
    struct Package {
        #[serde(default)]
        metadata: toml::Table,
    }
    #[derive(serde::Deserialize)]
    struct Bin {
        name: String,
    }
    let manifest: Manifest = toml::from_str(manifest)?;
    let marked = manifest.package.metadata.get("cargo-fuzz").and_then(toml::Value::as_bool) == Some(true);
    Ok(if marked { manifest.bin.into_iter().map(|bin| bin.name).collect() } else { Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_manifest_marked_by_cargo_fuzz_has_targets() {
        let bins = "[[bin]]\nname = 'entries'\n[[bin]]\nname = 'verdicts'\n";
        let marked = format!("[package]\nname = 'x'\n[package.metadata]\ncargo-fuzz = true\n{bins}");
        assert_eq!(fuzz_targets(&marked).expect("valid"), ["entries", "verdicts"]);
        assert!(fuzz_targets(&format!("[package]\nname = 'x'\n{bins}")).expect("valid").is_empty());
    }

    #[test]
    fn executions_are_known_after_a_full_run_and_after_a_crash() {
        assert_eq!(executions("#2\tINITED cov: 3\nstat::number_of_executed_units: 4711\n"), Some(4711));
        assert_eq!(executions("#2\tINITED cov: 3\n#815\tNEW cov: 4\n==12==ERROR: libFuzzer\n"), Some(815));
        assert_eq!(executions("error: no such target\n"), None);
    }

    #[test]
    fn a_crash_is_shown_with_the_input_that_libfuzzer_wrote() {
        let log = "==12== ERROR\nartifact_prefix='/f/'; Test unit written to /f/crash-7b95\nBase64: eHkK\n";
        assert_eq!(culprit(log), Some("/f/crash-7b95".into()));
        assert_eq!(culprit("Done 815 runs\n"), None);
    }
}
