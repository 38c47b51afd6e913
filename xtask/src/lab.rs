//! `cargo xtask lab`: the card on a bus, under a kernel that nobody here built, in one emulated machine.
//!
//! QEMU emulates the machine and its IOMMU, the Verilated unit is a PCIe card in it, and Debian's own kernel gives the card to
//! programs by VFIO. [`programs`] are built, packed by [`image`], booted by [`machine`]; what the machine says is read by
//! [`serial`] and held by [`judge`] against what has to happen.

mod cpio;
mod image;
mod judge;
mod machine;
mod modules;
mod programs;
mod serial;

use crate::report::{self, Table};
use crate::setup::{self, Cache};
use crate::workspace::{self, Workspace};
use anyhow::{Context, Result, bail};
use judge::Judgement;
use machine::Machine;
use programs::Built;
use serde::Serialize;
use std::fs;
use std::path::PathBuf;
use std::time::Instant;

/// Drive the card through the kernel's VFIO, in an emulated machine
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
    /// Only give a prompt inside; `lab-guest STEP` does a step there
    #[arg(long, conflicts_with = "json")]
    shell: bool,
    /// Seconds after which the machine is switched off
    #[arg(long, default_value_t = LIMIT)]
    limit: u64,
}

/// Seconds in which a machine has to be done, on a host that is not busy with other things too.
const LIMIT: u64 = 240;

pub(crate) const REMARK: &str =
    "functional only: processor, bus and card are simulated, so no time here is a performance figure";

#[derive(Serialize)]
struct Report<'a> {
    passed: bool,
    remark: &'static str,
    /// Packages and their versions.
    versions: Vec<&'a str>,
    /// Seconds of the host from power-on to power-off.
    seconds: f64,
    #[serde(flatten)]
    judgement: &'a Judgement,
    /// The folder of the logs.
    logs: String,
}

pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    let cache = match ready(workspace) {
        Ok(cache) => cache,
        Err(missing) => return skipped(&missing, std::env::var("CI").is_ok_and(|value| value == "true")),
    };
    if args.shell {
        let set = Set::up(workspace, &cache)?;
        return set.machine().shell();
    }
    let done = work(workspace, &cache, &judge::ALL, args.limit, &mut |_| {})?;

    let mut table = Table::new(["step", "result", "what was seen"]);
    for step in &done.judgement.steps {
        table.row([step.name.clone(), step.result.clone(), step.detail.clone()]);
    }
    let versions = fs::read_to_string(cache.root.join("lab/versions")).unwrap_or_default();
    let report = Report {
        passed: done.judgement.problems.is_empty(),
        remark: REMARK,
        versions: versions.lines().collect(),
        seconds: (done.seconds * 10.0).round() / 10.0,
        judgement: &done.judgement,
        logs: done.logs.display().to_string(),
    };
    let text = serde_json::to_string_pretty(&report)?;
    fs::write(done.logs.join("report.json"), text).context("cannot write the report")?;
    report::emit(args.json, &table, &report)?;
    eprintln!("\n{REMARK}\nlogs and report.json: {}", workspace.short(&done.logs));
    done.sound(workspace)
}

/// Some steps in a machine that is made ready first, for another command than this one. Every line of the machine's console is told as it
/// comes.
pub(crate) fn some(workspace: &Workspace, steps: &[&str], heard: &mut dyn FnMut(&str)) -> Result<()> {
    work(workspace, &ready(workspace)?, steps, LIMIT, heard)?.sound(workspace)
}

/// What cannot be done here is told, and is a failure where everything has to be.
fn skipped(missing: &anyhow::Error, ci: bool) -> Result<()> {
    let skip = format!("SKIPPED the lab: {missing:#}");
    if ci {
        bail!("{skip} (a failure, as CI=true)");
    }
    eprintln!("\n{skip}");
    Ok(())
}

/// What a machine is started with.
struct Set<'a> {
    workspace: &'a Workspace,
    cache: &'a Cache,
    built: Built,
    folder: PathBuf,
    image: PathBuf,
}

impl Set<'_> {
    fn up<'a>(workspace: &'a Workspace, cache: &'a Cache) -> Result<Set<'a>> {
        let folder = workspace.target.join("lab");
        fs::create_dir_all(&folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
        let built = programs::build(workspace)?;
        let image = folder.join("initramfs");
        image::write(workspace, cache, &built, &image)?;
        Ok(Set { workspace, cache, built, folder, image })
    }

    fn machine(&self) -> Machine<'_> {
        let Set { workspace, cache, built, folder, image } = self;
        Machine { workspace, cache, built, image, logs: folder }
    }
}

/// Work that was done.
struct Done {
    judgement: Judgement,
    seconds: f64,
    logs: PathBuf,
}

impl Done {
    /// Fails with everything that was not as it should.
    fn sound(&self, workspace: &Workspace) -> Result<()> {
        if self.judgement.problems.is_empty() {
            return Ok(());
        }
        bail!(
            "the lab: {}\nRead {}; `cargo xtask lab --shell` gives a prompt where it happened",
            self.judgement.problems.join("\n  "),
            workspace.short(&self.logs.join(machine::SERIAL))
        );
    }
}

/// Does steps in a machine of their own, and tells each when it has ended.
fn work(
    workspace: &Workspace,
    cache: &Cache,
    steps: &[&str],
    limit: u64,
    heard: &mut dyn FnMut(&str),
) -> Result<Done> {
    let set = Set::up(workspace, cache)?;
    eprintln!(
        "the lab's machine starts; its console: {}",
        workspace.short(&set.folder.join(machine::SERIAL))
    );
    let began = Instant::now();
    let ran = set.machine().run(&steps.join(","), limit, &mut |line| match serial::step(line) {
        Some(step) => {
            eprintln!(
                "{:6.1} s  {:<12} {}: {}",
                began.elapsed().as_secs_f64(),
                step.name,
                step.result,
                step.detail
            )
        }
        None => heard(line),
    })?;
    let seconds = began.elapsed().as_secs_f64();
    Ok(Done { judgement: judge::judge(&ran, steps), seconds, logs: set.folder })
}

/// The cache with everything that the lab takes, or what is missing and how to get it.
fn ready(workspace: &Workspace) -> Result<Cache> {
    let cache = setup::ensure(workspace, setup::Set::Lab)
        .context("what the lab boots is missing; get it with `cargo xtask setup --lab`")?;
    for (program, install) in [("verilator", "cargo xtask setup"), ("g++", "apt-get install g++")] {
        if !cache.bin().join(program).exists() && !workspace::on_path(program) {
            bail!("the card cannot be simulated: no {program}; get it with `{install}`");
        }
    }
    Ok(cache)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_skip_says_what_is_missing_and_is_a_failure_where_everything_has_to_be_done() {
        let missing = anyhow::anyhow!("no g++; get it with `apt-get install g++`");
        skipped(&missing, false).unwrap();
        let error = skipped(&missing, true).unwrap_err().to_string();
        assert!(error.contains("SKIPPED the lab: no g++; get it with"), "{error}");
    }
}
