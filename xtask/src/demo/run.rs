//! One run of `covert run`, in the demo's folder: what it says is told as it says it, and kept.

use super::event::Event;
use super::fault::Fault;
use super::judge::Ended;
use super::live::Live;
use super::stage::{PROGRAM, Stage};
use anyhow::{Context, Result, ensure};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// A run that is being put together.
pub(super) struct Run<'a> {
    stage: &'a Stage,
    command: Command,
    output: PathBuf,
}

/// A run that goes on.
pub(super) struct Running {
    child: Child,
    output: PathBuf,
}

impl<'a> Run<'a> {
    /// A pair compared in software.
    pub(super) fn of(stage: &'a Stage) -> Run<'a> {
        let mut command = Command::new(&stage.covert);
        command.args(["run", "--json"]).current_dir(&stage.folder);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        Run { stage, command, output: stage.folder.join("output.txt") }
    }

    /// Compared by the simulated unit.
    pub(super) fn unit(mut self) -> Run<'a> {
        self.command.args(["--comparator", "unit", "--card", "verilated"]);
        self
    }

    /// One machine, unprotected.
    pub(super) fn simplex(mut self) -> Run<'a> {
        self.command.args(["--replicas", "simplex"]);
        self
    }

    /// With another file for what the guest writes, for a run beside another one.
    pub(super) fn writing(mut self, name: &str) -> Run<'a> {
        self.output = self.stage.folder.join(name);
        self
    }

    /// With a fault, and a record of the mismatch that it brings about.
    pub(super) fn with(mut self, fault: &Fault) -> Run<'a> {
        self.command.args(["--inject", &fault.inject, "--seed", &fault.seed.to_string()]);
        self.command.arg("--trace").arg(self.stage.trace());
        self.command.arg("--divergence").arg(self.stage.divergence());
        self
    }

    /// A guest that does nothing: what a run needs is there afterwards.
    pub(super) fn idle(mut self) -> Result<()> {
        let done = self.command.args(["--program", PROGRAM, "--", "true"]).output();
        let done = done.with_context(|| format!("cannot run {}", self.stage.covert.display()))?;
        ensure!(
            done.status.success(),
            "a machine cannot run with the simulated unit: {}",
            String::from_utf8_lossy(&done.stderr).trim()
        );
        Ok(())
    }

    /// Starts it.
    pub(super) fn start(mut self) -> Result<Running> {
        self.command.arg("--console").arg(&self.output).arg(self.stage.machine());
        let child = self.command.spawn();
        let child = child.with_context(|| format!("cannot run {}", self.stage.covert.display()))?;
        Ok(Running { child, output: self.output })
    }

    /// Runs it to its end, telling what happens and keeping it beside the other files.
    pub(super) fn told(self, live: &Live) -> Result<Ended> {
        let path = self.stage.folder.join("events.jsonl");
        let mut kept = fs::File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
        self.start()?.finish(|line, event| {
            live.tell(event);
            writeln!(kept, "{line}").with_context(|| format!("cannot write {}", path.display()))
        })
    }
}

impl Running {
    /// Waits for its end; `each` sees every line and the event that it is.
    pub(super) fn finish(mut self, mut each: impl FnMut(&str, &Event) -> Result<()>) -> Result<Ended> {
        let mut events = Vec::new();
        let lines = self.child.stdout.take().context("the run has no standard output")?;
        for line in BufReader::new(lines).lines() {
            let line = line.context("cannot read what `covert run` says")?;
            let event = Event::read(&line)?;
            each(&line, &event)?;
            events.push(event);
        }
        let status = self.child.wait().context("cannot wait for `covert run`")?.code();
        let output = fs::read(&self.output);
        let output =
            output.with_context(|| format!("cannot read the guest's output {}", self.output.display()))?;
        Ok(Ended { events, status, output })
    }

    /// Waits for its end in silence.
    pub(super) fn silently(self) -> Result<Ended> {
        self.finish(|_, _| Ok(()))
    }
}
