//! The tools that synthesise, place and pack: where they are, and how they are run.

use crate::report::Progress;
use crate::setup::Cache;
use crate::workspace::{self, Workspace};
use anyhow::{Context, Result, bail};
use covert_boards::flow::Step;
use std::collections::BTreeMap;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A program, and the names that it has in the cache: native first, then the slow one that runs anywhere.
const NAMES: [(&str, &[&str]); 5] = [
    ("yosys", &["yosys-fpga", "yosys"]),
    ("nextpnr-ecp5", &["nextpnr-ecp5", "nextpnr-ecp5-wasm"]),
    ("ecppack", &["ecppack", "ecppack-wasm"]),
    ("nextpnr-himbaechel-xilinx", &["nextpnr-himbaechel-xilinx"]),
    ("xc7frames2bit", &["xc7frames2bit"]),
];

/// The tools of this machine.
pub(crate) struct Tools {
    cache: Cache,
}

impl Tools {
    pub(crate) fn locate(workspace: &Workspace) -> Tools {
        Tools { cache: Cache::locate(workspace) }
    }

    /// Where the native tools are unpacked, with their databases, if they are.
    pub(crate) fn native(&self) -> Option<PathBuf> {
        let folder = self.cache.root.join("fpga");
        folder.join("versions").is_file().then_some(folder)
    }

    /// A program: the cache's native one, whose version is pinned; else the machine's; else the cache's slow one.
    pub(crate) fn find(&self, name: &str) -> Result<PathBuf> {
        let known = NAMES.iter().find(|(program, _)| *program == name).map_or(&[][..], |(_, names)| *names);
        let mut paths = known.iter().map(|name| self.cache.bin().join(name)).filter(|path| path.is_file());
        if self.native().is_some() {
            if let Some(path) = paths.next() {
                return Ok(path);
            }
        } else if workspace::on_path(name) {
            return Ok(name.into());
        } else if let Some(path) = paths.last() {
            return Ok(path);
        }
        bail!("`{name}` is neither on PATH nor in the cache: run `cargo xtask setup --fpga`")
    }

    /// A step as a command in a folder, its output dropped.
    pub(crate) fn command(&self, step: &Step, folder: &Path) -> Result<Command> {
        let mut command = Command::new(self.find(step.program)?);
        command.args(&step.arguments).current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null());
        Ok(command)
    }

    /// What these programs say of themselves.
    pub(crate) fn versions(&self, programs: &[&str]) -> Result<BTreeMap<String, String>> {
        programs.iter().map(|name| Ok(((*name).to_owned(), version(name, &self.find(name)?)?))).collect()
    }
}

/// Runs a command to its end, and shows that it runs.
pub(crate) fn step(what: &str, command: &mut Command) -> Result<()> {
    let progress = Progress::start(what);
    let result = workspace::status(command);
    progress.done(if result.is_ok() { "done" } else { "failed" });
    result
}

/// The line with its version that a tool writes, on whichever stream.
fn version(name: &str, tool: &Path) -> Result<String> {
    let flag = if name == "yosys" { "-V" } else { "--version" };
    let output =
        Command::new(tool).arg(flag).output().with_context(|| format!("cannot run `{}`", tool.display()))?;
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    let telling = text.lines().find(|line| line.contains("ersion ") || line.starts_with("Yosys "));
    let line = telling.or_else(|| text.lines().next()).unwrap_or_default();
    Ok(line.trim().replace(&tool.display().to_string(), name))
}

/// Does something for every seed, as many at a time as there are processors (nextpnr works on one), in the order of the seeds.
pub(crate) fn each_seed<T: Send>(
    what: &str,
    seeds: &[u32],
    place: impl Fn(u32) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let mut all = Vec::new();
    for some in seeds.chunks(std::thread::available_parallelism().map_or(1, NonZero::get)) {
        let progress = Progress::start(format!("{what}, seeds {some:?}"));
        let results: Vec<Result<T>> = std::thread::scope(|scope| {
            let places: Vec<_> = some.iter().map(|seed| scope.spawn(|| place(*seed))).collect();
            places.into_iter().map(|place| place.join().expect("no panic in `place`")).collect()
        });
        progress.done(if results.iter().all(Result::is_ok) { "done" } else { "failed" });
        all.extend(results.into_iter().collect::<Result<Vec<_>>>()?);
    }
    Ok(all)
}
