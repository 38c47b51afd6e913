//! The cache folder: the Python environment, `bin/` with a name for each tool, and a note of what was seen to work.

use super::plan::State;
use super::tools::{Probe, Shim, Source, Tool};
use crate::workspace::{self, Workspace};
use anyhow::{Context, Result};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// `.cache` in the workspace's root, or the folder that `COVERT_CACHE` names from there.
pub(crate) struct Cache {
    pub(crate) root: PathBuf,
    /// A line for each tool that was seen to work, as it was declared then.
    proven: Vec<String>,
}

impl Cache {
    /// Finds the folder and reads its note; makes nothing.
    pub(crate) fn locate(workspace: &Workspace) -> Cache {
        Cache::at(&workspace.root)
    }

    /// The cache of the repository with that root.
    pub(crate) fn at(root: &Path) -> Cache {
        let named = std::env::var_os("COVERT_CACHE");
        Cache::in_folder(root.join(named.unwrap_or_else(|| ".cache".into())))
    }

    /// The cache in that folder.
    pub(crate) fn in_folder(root: PathBuf) -> Cache {
        let note = fs::read_to_string(root.join("proven")).unwrap_or_default();
        // Programs in the environment name it by its absolute path: a moved cache has to be proven again.
        let proven = match note.split_once('\n') {
            Some((path, lines)) if Path::new(path) == root => lines.lines().map(str::to_owned).collect(),
            _ => Vec::new(),
        };
        Cache { root, proven }
    }

    /// The folder with a name for each tool.
    pub(crate) fn bin(&self) -> PathBuf {
        self.root.join("bin")
    }

    /// Whether there is a Python environment.
    pub(crate) fn has_venv(&self) -> bool {
        self.root.join("venv/bin/python").exists()
    }

    /// How a tool stands: by its files alone if it was seen to work before, else by running it.
    pub(crate) fn state(&self, tool: &Tool) -> State {
        let present = self.is_present(tool);
        if present && self.proven.contains(&declaration(tool)) {
            return State::Ready;
        }
        // What cargo and pip installed belongs to the cache, whatever else the machine has by that name.
        if !present && !matches!(tool.source, Source::Apt { .. }) {
            return State::Missing;
        }
        match tool.probes.iter().try_for_each(|probe| self.probe(probe)) {
            Ok(()) => State::Ready,
            Err(_) if !present => State::Missing,
            Err(error) => State::Broken(format!("{error:#}")),
        }
    }

    fn is_present(&self, tool: &Tool) -> bool {
        self.is_installed(tool)
            && tool.shims.iter().all(|shim| {
                fs::read_to_string(self.bin().join(shim.name)).is_ok_and(|text| text == script(shim))
            })
    }

    /// Whether what a tool comes in is there; its names in `bin/` may not be yet.
    fn is_installed(&self, tool: &Tool) -> bool {
        match tool.source {
            Source::Apt { file, .. } if file.contains('/') => self.root.join(file).exists(),
            Source::Apt { file, .. } => workspace::on_path(file),
            Source::Wheel { package, version } => {
                let record = format!("{}-{version}.dist-info", package.replace('-', "_"));
                fs::read_dir(self.root.join("venv/lib")).is_ok_and(|mut pythons| {
                    pythons.any(|python| {
                        python.is_ok_and(|python| python.path().join("site-packages").join(&record).exists())
                    })
                })
            }
            Source::Crate { package, .. } => self.bin().join(package).exists(),
            Source::Lab { file } | Source::Fpga { file } => self.root.join(file).exists(),
        }
    }

    fn probe(&self, probe: &Probe) -> Result<()> {
        let program = match probe.run[0] {
            program if program.contains('/') => self.root.join(program).into_os_string(),
            program => OsString::from(program),
        };
        let mut command = Command::new(program);
        command.args(&probe.run[1..]).env("PATH", self.path()?);
        let shown = workspace::shown(&command);
        let folder = if self.root.is_dir() { self.root.clone() } else { std::env::temp_dir() };
        // A file, as Verilator cannot read a pipe; open, it needs no name any more.
        let path = folder.join(format!("probe-{}", std::process::id()));
        let stdin = fs::write(&path, probe.stdin)
            .and_then(|()| fs::File::open(&path))
            .and_then(|file| fs::remove_file(&path).map(|()| file))
            .with_context(|| format!("cannot write `{}`", path.display()))?;
        let output = command
            .current_dir(folder)
            .stdin(stdin)
            .output()
            .with_context(|| format!("cannot run `{shown}`"))?;
        let printed = [output.stdout, output.stderr].concat();
        let printed = String::from_utf8_lossy(&printed);
        let lines: Vec<_> = printed.trim_end().lines().collect();
        let last = lines[lines.len().saturating_sub(5)..].join("\n");
        anyhow::ensure!(output.status.success(), "`{shown}` failed ({}): {last}", output.status);
        anyhow::ensure!(printed.contains(probe.expect), "`{shown}` did not print `{}`: {last}", probe.expect);
        Ok(())
    }

    /// The search path with `bin/` before everything else.
    pub(crate) fn path(&self) -> Result<OsString> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::join_paths([self.bin()].into_iter().chain(std::env::split_paths(&path)))
            .with_context(|| format!("`{}` cannot stand in PATH", self.bin().display()))
    }

    /// Writes the names of a tool into `bin/`, if it is installed: a name for nothing would be found and could not run.
    pub(crate) fn write_shims(&self, tool: &Tool) -> Result<()> {
        for shim in tool.shims.iter().filter(|_| self.is_installed(tool)) {
            let path = self.bin().join(shim.name);
            write_program(&path, &script(shim))
                .with_context(|| format!("cannot write `{}`", path.display()))?;
        }
        Ok(())
    }

    /// Notes which tools work, keeping the note of those not asked about.
    pub(crate) fn note(&mut self, states: &[(&Tool, State)]) -> Result<()> {
        for (tool, state) in states {
            self.proven.retain(|line| !line.starts_with(&format!("{}\t", tool.name)));
            if *state == State::Ready {
                self.proven.push(declaration(tool));
            }
        }
        let text = format!("{}\n{}\n", self.root.display(), self.proven.join("\n"));
        fs::create_dir_all(&self.root)
            .and_then(|()| fs::write(self.root.join("proven"), text))
            .with_context(|| format!("cannot write `{}`", self.root.join("proven").display()))
    }
}

/// A tool's line in the note: it changes with anything that is declared about the tool.
fn declaration(tool: &Tool) -> String {
    format!("{}\t{tool:?}", tool.name)
}

/// The program that stands in `bin/` under a shim's name.
fn script(shim: &Shim) -> String {
    format!(
        "#!/bin/sh\n\
         # Written by `cargo xtask setup`: runs from any directory and needs no environment variable.\n\
         cache=$(dirname -- \"$(dirname -- \"$(readlink -f -- \"$0\")\")\")\n\
         export PATH=\"$cache/bin:$PATH\"\n\
         {}exec \"{}\" \"$@\"\n",
        shim.prepare, shim.exec
    )
}

fn write_program(path: &Path, text: &str) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, text)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
}

#[cfg(test)]
mod tests {
    use super::super::scratch::Scratch;
    use super::super::tools::{SIMULATION, Set, TOOLS};
    use super::*;

    fn tool(probes: &'static [Probe]) -> Tool {
        let source = Source::Crate { package: "ticker", version: "1.0.0", flags: &[] };
        Tool { name: "ticker", purpose: "ticks", set: Set::Base, source, shims: &[], probes }
    }

    const PROBE: &[Probe] = &[Probe { run: &["ticker"], stdin: "", expect: "tick 1.0.0" }];

    #[test]
    fn a_tool_is_ready_only_if_it_answers_as_expected() {
        let scratch = Scratch::new("answers");
        let cache = Cache::in_folder(scratch.0.clone());
        let tool = tool(PROBE);
        assert_eq!(cache.state(&tool), State::Missing);
        let program = cache.bin().join("ticker");
        write_program(&program, "#!/bin/sh\necho tick 0.9\n").expect("program");
        assert!(matches!(cache.state(&tool), State::Broken(why) if why.contains("tick 0.9")));
        write_program(&program, "#!/bin/sh\necho tick 1.0.0; exit 3\n").expect("program");
        assert!(matches!(cache.state(&tool), State::Broken(why) if why.contains("exit status: 3")));
        write_program(&program, "#!/bin/sh\necho tick 1.0.0\n").expect("program");
        assert_eq!(cache.state(&tool), State::Ready);
    }

    #[test]
    fn a_tool_seen_to_work_is_not_run_again_until_its_declaration_changes() {
        let scratch = Scratch::new("note");
        let mut cache = Cache::in_folder(scratch.0.clone());
        let before = tool(PROBE);
        cache.note(&[(&before, State::Ready)]).expect("note");
        write_program(&cache.bin().join("ticker"), "#!/bin/sh\nexit 1\n").expect("program");
        assert_eq!(cache.state(&before), State::Ready);
        let after = Tool { purpose: "ticks and tocks", ..before };
        assert!(matches!(cache.state(&after), State::Broken(_)));
        fs::remove_file(cache.bin().join("ticker")).expect("program");
        assert_eq!(cache.state(&before), State::Missing);
    }

    #[test]
    fn every_tool_is_declared_once_and_proven_by_running_something() {
        for (index, tool) in TOOLS.iter().enumerate() {
            assert!(!tool.probes.is_empty(), "{} is never run", tool.name);
            assert!(TOOLS[..index].iter().all(|earlier| earlier.name != tool.name), "{} twice", tool.name);
        }
    }

    #[test]
    fn what_could_not_be_installed_gets_no_name() {
        let scratch = Scratch::new("names");
        let cache = Cache::in_folder(scratch.0.clone());
        let source = Source::Fpga { file: "fpga/usr/bin/ticker" };
        let tool = Tool {
            source,
            shims: &[Shim { name: "tick", prepare: "", exec: "$cache/fpga/usr/bin/ticker" }],
            ..tool(PROBE)
        };
        let name = cache.bin().join("tick");
        cache.write_shims(&tool).expect("nothing to do");
        assert!(!name.exists());
        write_program(&cache.root.join("fpga/usr/bin/ticker"), "#!/bin/sh\necho tick\n").expect("program");
        cache.write_shims(&tool).expect("a name");
        assert_eq!(Command::new(&name).output().expect("it runs").stdout, b"tick\n");
    }

    #[test]
    fn what_simulation_needs_is_declared() {
        for name in SIMULATION {
            assert!(TOOLS.iter().any(|tool| tool.name == name), "{name}");
        }
    }
}
