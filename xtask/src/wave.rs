//! `cargo xtask wave`: the waves of a trace that a failing test left, or of any test of the Verilated unit, as FST.

use crate::workspace::{self, Workspace};
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Record the waves of a trace or of a test
#[derive(clap::Args)]
pub(crate) struct Args {
    /// A trace (a `.tlp` file that a failing test left), or part of the name of a test of the Verilated unit
    what: String,
    /// Of a trace, only what is around the verdict on this record: a small file, soon there
    #[arg(long, value_name = "SEQ")]
    around: Option<u64>,
}

pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    let folder = workspace.target.join("waves");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let trace = Path::new(&args.what);
    if trace.extension().is_some_and(|extension| extension == "tlp") {
        return of_trace(workspace, trace, args.around, &folder);
    }
    if args.around.is_some() {
        bail!("--around needs a trace, a file that ends in .tlp; `{}` is the name of a test", args.what);
    }
    of_test(workspace, &args.what, &folder)
}

fn of_trace(workspace: &Workspace, trace: &Path, around: Option<u64>, folder: &Path) -> Result<()> {
    // The replay runs in the workspace's root, this command perhaps elsewhere.
    let trace = fs::canonicalize(trace).with_context(|| format!("there is no trace {}", trace.display()))?;
    let name = trace.file_stem().unwrap_or("trace".as_ref()).to_string_lossy().into_owned();
    let part = around.map(|seq| format!("-{seq}")).unwrap_or_default();
    let waves = folder.join(format!("{name}{part}.fst"));
    let mut replay = workspace.cargo();
    replay.args(["run", "--quiet", "--locked", "--package", "covert-verification", "--bin", "replay", "--"]);
    // A trace of a failure ends with the failure: that is what somebody wants to see.
    let replayed = workspace::status(to_waves(&mut replay, &trace, around, &waves));
    if waves.exists() {
        show(&[waves]);
    }
    replayed
}

/// Lets a `replay` dump the waves of a trace, or of what is around the verdict on one of its records.
pub(crate) fn to_waves<'a>(
    replay: &'a mut Command,
    trace: &Path,
    around: Option<u64>,
    waves: &Path,
) -> &'a mut Command {
    replay.arg(trace).arg("--waves").arg(waves);
    if let Some(seq) = around {
        replay.args(["--around", &seq.to_string()]);
    }
    replay
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
        println!("  {}", opens(wave));
    }
}

/// The line that opens a file of waves.
pub(crate) fn opens(wave: &Path) -> String {
    format!("gtkwave {}", wave.display())
}
