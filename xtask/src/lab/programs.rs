//! What runs in the lab: programs for inside, linked statically as there are no libraries, and the card for outside.

use crate::report::Progress;
use crate::workspace::{self, Workspace};
use anyhow::{Context, Result};
use std::path::PathBuf;

/// The compiler's own target: named, it gets a folder of its own, and the flags do not reach build scripts.
const TARGET: &str = "x86_64-unknown-linux-gnu";
/// Packages whose programs run inside, with the programs.
const INSIDE: [(&str, &str); 3] =
    [("covert-lab", "lab-guest"), ("covert-verification", "card-suite"), ("covert", "covert")];
/// The package of the card, and the program.
const CARD: (&str, &str) = ("covert-verification", "card-server");

/// The programs, built.
pub(super) struct Built {
    pub(super) inside: Vec<(&'static str, PathBuf)>,
    pub(super) card: PathBuf,
}

/// Builds all of them.
pub(super) fn build(workspace: &Workspace) -> Result<Built> {
    let progress = Progress::start("building the programs of the lab (minutes, the first time)");
    let flags = std::env::var("RUSTFLAGS").unwrap_or_default();
    let mut inside = workspace.cargo();
    inside.args(["build", "--quiet", "--release", "--locked", "--target", TARGET]);
    inside.env("RUSTFLAGS", format!("{flags} -C target-feature=+crt-static").trim_start());
    // Nothing is measured in there, and the machine has little memory for its files.
    inside.envs([("CARGO_PROFILE_RELEASE_LTO", "off"), ("CARGO_PROFILE_RELEASE_STRIP", "symbols")]);
    for (package, program) in INSIDE {
        inside.args(["--package", package, "--bin", program]);
    }
    workspace::status(&mut inside).context("the programs for inside cannot be built")?;
    let (package, program) = CARD;
    let mut card = workspace.cargo();
    card.args(["build", "--quiet", "--release", "--locked", "--package", package, "--bin", program]);
    workspace::status(&mut card).context("the card's server cannot be built")?;
    progress.done("built");
    let release = workspace.target.join(TARGET).join("release");
    let inside = INSIDE.map(|(_, program)| (program, release.join(program))).to_vec();
    Ok(Built { inside, card: workspace.target.join("release").join(program) })
}
