//! The tools that synthesise, place and pack: where they are, and how they are run.

use crate::report::Progress;
use crate::setup::Cache;
use crate::workspace::{self, Workspace};
use anyhow::{Context, Result};
use covert_boards::flow::Step;
use covert_boards::manifest::Placement;
use std::collections::BTreeMap;
use std::fs;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

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
    slow: bool,
}

impl Tools {
    pub(crate) fn locate(workspace: &Workspace) -> Tools {
        Tools { cache: Cache::locate(workspace), slow: false }
    }

    /// The slow ones alone, as on a machine that the native ones cannot be had for.
    pub(crate) fn slow(self) -> Tools {
        Tools { slow: true, ..self }
    }

    /// As [`Tools::locate`], for a test: the root of the repository is known, and cargo is not asked.
    #[cfg(test)]
    pub(crate) fn at(root: &Path) -> Tools {
        Tools { cache: Cache::at(root), slow: false }
    }

    pub(crate) fn cache_folder(&self) -> &Path {
        &self.cache.root
    }

    /// Where the native tools are unpacked, with their databases, if they are and may be used.
    pub(crate) fn native(&self) -> Option<PathBuf> {
        let folder = self.cache.root.join("fpga");
        (!self.slow && folder.join("versions").is_file()).then_some(folder)
    }

    /// A program: the cache's native one, whose version is pinned; else the machine's; else the cache's slow one.
    pub(crate) fn find(&self, name: &str) -> Result<PathBuf> {
        self.choose(name, workspace::on_path(name))
    }

    fn choose(&self, name: &str, on_path: bool) -> Result<PathBuf> {
        let known = NAMES.iter().find(|(program, _)| *program == name).map_or(&[][..], |(_, names)| *names);
        let in_cache = |name: &&str| Some(self.cache.bin().join(name)).filter(|path| path.is_file());
        let found = if self.native().is_some() {
            known.first().and_then(in_cache)
        } else if on_path && !self.slow {
            Some(name.into())
        } else {
            known.last().and_then(in_cache)
        };
        found.with_context(|| match self.slow {
            true => format!("there is no slow `{name}` in the cache: `cargo xtask bitstream --slow` installs what there is"),
            false => format!("`{name}` is neither on PATH nor in the cache: run `cargo xtask setup --fpga`"),
        })
    }

    /// A step as a command in a folder, its output dropped.
    pub(crate) fn command(&self, step: &Step, folder: &Path) -> Result<Command> {
        let mut command = Command::new(self.find(step.program)?);
        command.args(&step.arguments).current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null());
        Ok(command)
    }

    /// The packages that the native tools and their databases came in, with versions; none if they are not here.
    pub(crate) fn packages(&self) -> Result<BTreeMap<String, String>> {
        let Some(native) = self.native() else { return Ok(BTreeMap::new()) };
        let path = native.join("versions");
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
        let lines = text.lines().filter_map(|line| line.split_once(' '));
        Ok(lines.map(|(name, version)| (name.to_owned(), version.to_owned())).collect())
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

/// Places from every seed, `jobs` at a time (nextpnr works on one processor), and gives the results in the order of the seeds. After a
/// failure no more are begun.
pub(crate) fn each_seed(
    what: &str,
    seeds: &[u32],
    jobs: usize,
    place: impl Fn(u32) -> Result<Placement> + Sync,
) -> Result<Vec<Placement>> {
    let progress = Progress::start(format!("{what}, {} seeds", seeds.len()));
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::new());
    let work = || {
        while let Some(&seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed)) {
            let result = place(seed);
            match &result {
                Ok(placement) => progress.note(&format!("seed {seed} reaches {:.2} MHz", placement.fmax_mhz)),
                Err(_) => next.store(seeds.len(), Ordering::Relaxed),
            }
            results.lock().unwrap_or_else(PoisonError::into_inner).push(result);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..jobs.clamp(1, seeds.len().max(1)) {
            scope.spawn(work);
        }
    });
    let results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    let placements = results.into_iter().collect::<Result<Vec<_>>>();
    progress.done(if placements.is_ok() { "done" } else { "failed" });
    let mut placements = placements?;
    placements.sort_by_key(|placement| placement.seed);
    Ok(placements)
}

/// As many placements at a time as there are processors.
pub(crate) fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::setup::scratch::Scratch;

    /// A cache with these names in `bin/`; `native` is whether Debian's were unpacked.
    fn tools(cache: &Scratch, native: bool, slow: bool) -> Tools {
        let versions = cache.0.join("fpga/versions");
        let _ = fs::remove_file(&versions);
        if native {
            fs::create_dir_all(cache.0.join("fpga"))
                .and_then(|()| fs::write(&versions, "yosys 0.66-1\n"))
                .expect("a file");
        }
        Tools { cache: Cache::in_folder(cache.0.clone()), slow }
    }

    #[test]
    fn native_tools_come_first_then_the_machines_then_the_slow_ones_alone_if_asked() {
        let cache = Scratch::new("choice");
        for name in ["yosys", "yosys-fpga", "nextpnr-ecp5", "nextpnr-ecp5-wasm", "xc7frames2bit"] {
            fs::write(cache.0.join("bin").join(name), "").expect("a file");
        }
        let cases = [
            // native, slow alone, on PATH: yosys and nextpnr-ecp5
            ((true, false, true), Some(("bin/yosys-fpga", "bin/nextpnr-ecp5"))),
            ((true, false, false), Some(("bin/yosys-fpga", "bin/nextpnr-ecp5"))),
            ((false, false, true), None),
            ((false, false, false), Some(("bin/yosys", "bin/nextpnr-ecp5-wasm"))),
            ((true, true, true), Some(("bin/yosys", "bin/nextpnr-ecp5-wasm"))),
            ((false, true, true), Some(("bin/yosys", "bin/nextpnr-ecp5-wasm"))),
        ];
        for ((native, slow, on_path), expected) in cases {
            let tools = tools(&cache, native, slow);
            let found = |name| tools.choose(name, on_path).expect("it is there");
            let (yosys, nextpnr) = expected
                .map_or(("yosys".into(), "nextpnr-ecp5".into()), |(yosys, nextpnr)| {
                    (cache.0.join(yosys), cache.0.join(nextpnr))
                });
            assert_eq!(
                (found("yosys"), found("nextpnr-ecp5")),
                (yosys, nextpnr),
                "{native} {slow} {on_path}"
            );
        }
    }

    #[test]
    fn a_tool_that_is_not_there_is_named_with_the_command_that_gets_it() {
        let cache = Scratch::new("no-choice");
        let why = |native, slow| {
            format!("{:#}", tools(&cache, native, slow).choose("ecppack", false).expect_err("none"))
        };
        assert_eq!(
            why(false, false),
            "`ecppack` is neither on PATH nor in the cache: run `cargo xtask setup --fpga`"
        );
        assert_eq!(why(true, false), why(false, false));
        assert!(why(true, true).contains("`cargo xtask bitstream --slow`"));
    }
}
