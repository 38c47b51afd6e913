//! What has to be there before anything can be shown: tools, programs, and the files of the machine.

use super::run::Run;
use crate::report::Progress;
use crate::setup;
use crate::workspace::{self, Workspace};
use anyhow::{Context, Result};
use serde::Deserialize;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The guest's program: Debian's, static.
pub(super) const PROGRAM: &str = "/bin/busybox";
/// What it is told to do, after its name; the paths are those that the guest sees.
const ARGUMENTS: [&str; 3] = ["awk", "-f", "words.awk"];
/// A program in its language that counts words.
const WORDS: &str = include_str!("words.awk");
/// Counted exits from one checkpoint to the next: a handful of checkpoints in one run.
const CHECKPOINT_EXITS: u32 = 40;

/// What making ready comes to.
pub(super) enum Ready {
    /// Everything is there.
    Stage(Stage),
    /// No virtual machine can run on this host; why, in lines.
    NoMachines(String),
}

/// The stage: a folder of its own, in which everything runs and is left.
pub(super) struct Stage {
    pub(super) folder: PathBuf,
    pub(super) covert: PathBuf,
    pub(super) replay: PathBuf,
    /// Bytes of the text whose words are counted.
    pub(super) text: usize,
    /// What the program puts out natively.
    pub(super) native: Vec<u8>,
}

impl Stage {
    /// Makes everything ready, and runs the program natively.
    ///
    /// # Errors
    /// Something is missing; the message says what to do.
    pub(super) fn set(workspace: &Workspace) -> Result<Ready> {
        eprintln!("building covert and the unit's replay in release (minutes the first time)");
        let mut build = workspace.cargo();
        build.args([
            "build",
            "--release",
            "--locked",
            "--package",
            "covert",
            "--package",
            "covert-verification",
        ]);
        workspace::status(build.args(["--bin", "covert", "--bin", "replay"]))?;
        let program = |name: &str| workspace.target.join("release").join(name);
        let (covert, replay) = (program("covert"), program("replay"));
        if let Some(why) = no_machines(&covert)? {
            return Ok(Ready::NoMachines(why));
        }
        setup::ensure_simulation(workspace)?;

        let folder = workspace.target.join("demo");
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let text = text(&workspace.root.join("docs/src"))?;
        let stage = Stage { folder, covert, replay, text: text.len(), native: Vec::new() };
        for old in [stage.trace(), stage.waves(), stage.divergence()] {
            if old.exists() {
                fs::remove_file(&old).with_context(|| format!("cannot remove {}", old.display()))?;
            }
        }
        stage.write("text.md", &text)?;
        stage.write("words.awk", WORDS)?;
        stage.write("machine.toml", machine())?;
        let native = workspace::output(&mut stage.native_run())?.into_bytes();
        stage.write("native.txt", &native)?;

        let progress = Progress::start("making a simulation of the unit (a minute the first time)");
        let simulated = Run::of(&stage).unit().idle();
        progress.done(if simulated.is_ok() { "ready" } else { "failed" });
        simulated?;
        Ok(Ready::Stage(Stage { native, ..stage }))
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) -> Result<()> {
        let path = self.folder.join(name);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    }

    /// The program without a machine around it.
    pub(super) fn native_run(&self) -> Command {
        let mut native = Command::new(PROGRAM);
        native.args(ARGUMENTS).arg("text.md").current_dir(&self.folder);
        native
    }

    /// The machine's file.
    pub(super) fn machine(&self) -> PathBuf {
        self.folder.join("machine.toml")
    }

    /// Everything that crossed the unit's pins up to the mismatch.
    pub(super) fn trace(&self) -> PathBuf {
        self.folder.join("unit.tlp")
    }

    /// The waves around the mismatch.
    pub(super) fn waves(&self) -> PathBuf {
        self.folder.join("mismatch.fst")
    }

    /// The description of the mismatch.
    pub(super) fn divergence(&self) -> PathBuf {
        self.folder.join("divergence.json")
    }
}

/// The machine's file: the program with the same arguments as natively, in the same folder.
fn machine() -> String {
    let arguments = ARGUMENTS.map(|word| format!("\"{word}\"")).join(", ");
    format!(
        "# Written by `cargo xtask demo`.\n\
         program = \"{PROGRAM}\"\n\
         arguments = [{arguments}, \"text.md\"]\n\
         directory = \"/demo\"\n\n\
         [checkpoint]\n\
         exits = {CHECKPOINT_EXITS}\n\n\
         [[mount]]\n\
         host = \".\"\n\
         guest = \"/demo\"\n\
         write = false\n"
    )
}

/// All pages of the book, one after the other.
fn text(folder: &Path) -> Result<String> {
    let mut pages = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                pages.push(path);
            }
        }
    }
    pages.sort();
    let read =
        |page: &PathBuf| fs::read_to_string(page).with_context(|| format!("cannot read {}", page.display()));
    pages.iter().map(read).collect()
}

/// Asks `covert doctor` why no machine can run here, if none can.
fn no_machines(covert: &Path) -> Result<Option<String>> {
    #[derive(Deserialize)]
    struct Finding {
        what: String,
        state: String,
        found: String,
        remedy: String,
    }
    let doctor = Command::new(covert).args(["doctor", "--json"]).output();
    let doctor = doctor.with_context(|| format!("cannot run `{} doctor`", covert.display()))?;
    if doctor.status.success() {
        return Ok(None);
    }
    let findings: Vec<Finding> =
        serde_json::from_slice(&doctor.stdout).context("cannot read what `covert doctor --json` said")?;
    let bad: Vec<String> = findings
        .iter()
        .filter(|finding| finding.state == "bad")
        .map(|finding| format!("\n    {} ({}): {}", finding.what, finding.found, finding.remedy))
        .collect();
    Ok(Some(bad.concat()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_every_page_of_the_book() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/src");
        let text = text(&folder).unwrap();
        assert!(text.contains("# Running a protected machine") && text.contains("# Decisions"));
        assert!(text.len() > 50_000, "{}", text.len());
    }

    #[test]
    fn the_guest_is_told_what_the_native_program_is_told() {
        let stage = Stage {
            folder: "/demo".into(),
            covert: PathBuf::new(),
            replay: PathBuf::new(),
            text: 0,
            native: Vec::new(),
        };
        let file: toml::Table = toml::from_str(&machine()).unwrap();
        let guest: Vec<_> =
            file["arguments"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
        let native = stage.native_run();
        let native: Vec<_> = native.get_args().map(|word| word.to_str().unwrap()).collect();
        assert_eq!(guest, native);
        assert_eq!(file["program"].as_str(), Some(PROGRAM));
    }
}
