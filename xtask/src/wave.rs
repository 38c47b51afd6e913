//! `cargo xtask wave`: the waves of a trace that a failing test left, or of any test of the Verilated unit, as FST.

use crate::workspace::{self, Workspace};
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};

/// Record the waves of a trace or of a test
#[derive(clap::Args)]
pub(crate) struct Args {
    /// A trace (a `.tlp` file that a failing test left), or part of the name of a test of the Verilated unit
    what: String,
}

pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    let folder = workspace.target.join("waves");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let trace = Path::new(&args.what);
    if trace.extension().is_some_and(|extension| extension == "tlp") {
        return of_trace(workspace, trace, &folder);
    }
    of_test(workspace, &args.what, &folder)
}

fn of_trace(workspace: &Workspace, trace: &Path, folder: &Path) -> Result<()> {
    // The replay runs in the workspace's root, this command perhaps elsewhere.
    let trace = fs::canonicalize(trace).with_context(|| format!("there is no trace {}", trace.display()))?;
    let waves = folder.join(trace.with_extension("fst").file_name().unwrap_or("trace.fst".as_ref()));
    let mut replay = workspace.cargo();
    replay.args(["run", "--quiet", "--locked", "--package", "covert-verification", "--bin", "replay", "--"]);
    // A trace of a failure ends with the failure: that is what somebody wants to see.
    let replayed = workspace::status(replay.arg(&trace).arg("--waves").arg(&waves));
    if waves.exists() {
        show(&[waves]);
    }
    replayed
}

fn of_test(workspace: &Workspace, test: &str, folder: &Path) -> Result<()> {
    let before = waves(folder)?;
    for old in &before {
        fs::remove_file(old).with_context(|| format!("cannot remove {}", old.display()))?;
    }
    let mut tests = workspace.cargo();
    tests.args(["test", "--quiet", "--locked", "--package", "covert-verification", "--tests", "--", test]);
    let ran = workspace::status(tests.env("COVERT_WAVES", folder));
    let waves = waves(folder)?;
    if waves.is_empty() {
        ran?;
        bail!(
            "no test of the Verilated unit has `{test}` in its name, or Verilator is missing: see \
             `cargo test -p covert-verification --test verilated -- --list`, or run `cargo xtask setup`"
        );
    }
    show(&waves);
    ran
}

fn waves(folder: &Path) -> Result<Vec<PathBuf>> {
    let files = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut waves: Vec<PathBuf> = files
        .filter_map(|file| Some(file.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "fst"))
        .collect();
    waves.sort();
    Ok(waves)
}

fn show(waves: &[PathBuf]) {
    println!("open with GTKWave or Surfer:");
    for wave in waves {
        println!("  gtkwave {}", wave.display());
    }
}
