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

use crate::report::{self, Progress, Table};
use crate::setup::{self, Cache, Set};
use crate::workspace::{self, Workspace};
use anyhow::{Context, Result, bail};
use judge::Judgement;
use serde::Serialize;
use std::fs;

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
    #[arg(long, default_value_t = 230)]
    limit: u64,
}

const REMARK: &str =
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
        Err(missing) => {
            let skip = format!("SKIPPED the lab: {missing:#}");
            if std::env::var("CI").is_ok_and(|value| value == "true") {
                bail!("{skip} (a failure, as CI=true)");
            }
            eprintln!("\n{skip}");
            return Ok(());
        }
    };
    let folder = workspace.target.join("lab");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
    let built = programs::build(workspace)?;
    let image = folder.join("initramfs");
    image::write(workspace, &cache, &built, &image)?;
    let machine = machine::Machine { workspace, cache: &cache, built: &built, image: &image, logs: &folder };
    if args.shell {
        return machine.shell();
    }

    let progress = Progress::start("the lab's machine runs");
    let ran = machine.run(args.limit)?;
    let judgement = judge::judge(&ran);
    let result = if judgement.problems.is_empty() { "as it should" } else { "NOT as it should" };
    let seconds = progress.done(result).as_secs_f64();

    let mut table = Table::new(["step", "result", "what was seen"]);
    for step in &judgement.steps {
        table.row([step.name.clone(), step.result.clone(), step.detail.clone()]);
    }
    let versions = fs::read_to_string(cache.root.join("lab/versions")).unwrap_or_default();
    let report = Report {
        passed: judgement.problems.is_empty(),
        remark: REMARK,
        versions: versions.lines().collect(),
        seconds: (seconds * 10.0).round() / 10.0,
        judgement: &judgement,
        logs: folder.display().to_string(),
    };
    let text = serde_json::to_string_pretty(&report)?;
    fs::write(folder.join("report.json"), text).context("cannot write the report")?;
    report::emit(args.json, &table, &report)?;
    eprintln!("\n{REMARK}\nlogs and report.json: {}", workspace.short(&folder));
    if !judgement.problems.is_empty() {
        bail!(
            "the lab: {}\nRead {}; `cargo xtask lab --shell` gives a prompt where it happened",
            judgement.problems.join("\n  "),
            workspace.short(&folder.join(machine::SERIAL))
        );
    }
    Ok(())
}

/// The cache with everything that the lab takes, or what is missing and how to get it.
fn ready(workspace: &Workspace) -> Result<Cache> {
    let cache = setup::ensure(workspace, Set::Lab)
        .context("what the lab boots is missing; get it with `cargo xtask setup --lab`")?;
    for (program, install) in [("verilator", "cargo xtask setup"), ("g++", "apt-get install g++")] {
        if !cache.bin().join(program).exists() && !workspace::on_path(program) {
            bail!("the card cannot be simulated: no {program}; get it with `{install}`");
        }
    }
    Ok(cache)
}
