//! What a machine is made of: the VM's file in TOML, and what the command line says over it.

use crate::world::mounts::Mount;
use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use serde::Deserialize;
use std::path::{Path, PathBuf};

pub use covert_verification::card_name::CardName as Card;

/// How many replicas run side by side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Replicas {
    /// One, unprotected: nothing is compared, nothing can be recovered. What protection is measured against.
    Simplex,
    /// Two: a fault is seen and recovered from.
    #[default]
    Dmr,
}

/// What compares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Comparator {
    /// A core.
    #[default]
    Software,
    /// The redundancy unit of a card.
    Unit,
}

/// How the coordinator waits for a verdict that a card owes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Completion {
    /// Asleep, until the card's interrupt.
    Interrupt,
    /// Looking at the ring: the interrupt is not even switched on.
    Polled,
    /// Looking for a bounded time, then asleep.
    #[default]
    Adaptive,
}

/// Milliseconds within which a card has to answer, unless the machine's file says otherwise.
const CARD_TIMEOUT_MS: u64 = 100;
/// Milliseconds that a card may owe a verdict, unless the machine's file says otherwise: a full window of the longest payloads takes
/// the simulated unit a second or two on a busy host.
const CARD_VERDICT_MS: u64 = 10_000;
/// Milliseconds before a card that was lost is tried again, unless the machine's file says otherwise.
const CARD_RETRY_MS: u64 = 1_000;

/// What sort of guest it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// An unmodified static x86-64 Linux program.
    #[default]
    Process,
    /// A program for the bare machine.
    Bare,
}

/// When a replica counts as hung.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Hang {
    /// CPU milliseconds without a counted exit while the other replica waits.
    pub cpu_ms: u64,
    /// Milliseconds without progress while the other replica waits.
    pub clock_ms: u64,
}

impl Default for Hang {
    fn default() -> Hang {
        Hang { cpu_ms: 5_000, clock_ms: 20_000 }
    }
}

/// When checkpoints are taken, and what is looked at then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Checkpoint {
    /// Counted exits from one to the next.
    pub exits: u32,
    /// Clean pages that are held against their fingerprints at each.
    pub scrub_pages: usize,
}

impl Default for Checkpoint {
    fn default() -> Checkpoint {
        Checkpoint { exits: 1_000, scrub_pages: 64 }
    }
}

/// A machine's file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VmFile {
    /// The guest's program: a path, relative to this file, or `builtin:NAME` for one of the kit's bare guests.
    pub program: Option<String>,
    /// What sort of guest it is.
    pub kind: Kind,
    /// The program's arguments, without its name.
    pub arguments: Vec<String>,
    /// Its environment.
    pub environment: Vec<String>,
    /// Its working directory, in its own view.
    pub directory: Option<String>,
    /// MiB of memory, 1 to 1000.
    pub memory_mib: Option<u64>,
    /// How many replicas.
    pub replicas: Replicas,
    /// What compares.
    pub comparator: Comparator,
    /// Which card, if a unit compares; the Verilated one if nothing is said.
    pub card: Option<Card>,
    /// Milliseconds within which the card has to answer, or it counts as dead and software compares from there on.
    pub card_timeout_ms: Option<u64>,
    /// Milliseconds that the card may owe a verdict for which it has everything, or it counts as dead.
    pub card_verdict_ms: Option<u64>,
    /// Milliseconds before a card that was lost is tried again; doubled each time, up to a minute. 0 is never.
    pub card_retry_ms: Option<u64>,
    /// How the coordinator waits for a verdict that the card owes.
    pub completion: Completion,
    /// The CPU of each replica, in the order of their positions; none for any.
    pub cpus: Vec<usize>,
    /// The coordinator's CPU.
    pub coordinator_cpu: Option<usize>,
    /// Records that a replica may be ahead of what is released.
    pub window: Option<u32>,
    /// Rollbacks to one checkpoint before the machine is given up.
    pub attempts: Option<u32>,
    /// When checkpoints are taken.
    pub checkpoint: Checkpoint,
    /// When a replica counts as hung.
    pub hang: Hang,
    /// What the guest sees of the host.
    pub mount: Vec<Mount>,
    /// A file for what the guest writes; the terminal without one.
    pub console: Option<PathBuf>,
}

/// MiB of memory of a machine that does not say.
pub const MEMORY_MIB: u64 = 64;

impl VmFile {
    /// Reads a machine's file; paths in it are relative to where it is.
    ///
    /// # Errors
    /// It cannot be read, is no TOML, or has a key or value that nobody knows: the message names file and line.
    pub fn read(path: &Path) -> Result<VmFile> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the machine's file {}", path.display()))?;
        let mut file: VmFile =
            toml::from_str(&text).with_context(|| format!("in the machine's file {}", path.display()))?;
        let folder = path.parent().unwrap_or(Path::new("."));
        if let Some(program) = &mut file.program
            && !program.starts_with("builtin:")
        {
            *program = folder.join(&*program).display().to_string();
        }
        for mount in &mut file.mount {
            mount.host = folder.join(&mount.host);
        }
        file.console = file.console.map(|console| folder.join(console));
        if let Some(Card::VfioUser(socket)) = &mut file.card {
            *socket = folder.join(&*socket);
        }
        Ok(file)
    }

    /// Refuses what cannot work, with what to change.
    ///
    /// # Errors
    /// See above.
    pub fn check(&self) -> Result<()> {
        let memory = self.memory_mib.unwrap_or(MEMORY_MIB);
        if !(1..=1000).contains(&memory) {
            bail!("memory_mib = {memory}: a machine has 1 to 1000 MiB");
        }
        if self.program.is_none() {
            bail!(
                "there is no program to run: name one with `program = \"PATH\"` in the machine's file, or with --program PATH"
            );
        }
        if self.checkpoint.exits == 0 {
            bail!("checkpoint.exits = 0: a checkpoint is taken after 1 exit or more");
        }
        if let Some(window) = self.window
            && !(1..=64).contains(&window)
        {
            bail!("window = {window}: a comparator takes 1 to 64 records ahead");
        }
        if let Some(card) = &self.card
            && self.comparator != Comparator::Unit
        {
            bail!("card = \"{card}\" is not used: a card compares with comparator = \"unit\"");
        }
        if self.comparator == Comparator::Unit && self.replicas == Replicas::Simplex {
            bail!("comparator = \"unit\" with one replica: there is nothing to compare");
        }
        if self.card_timeout_ms() == 0 {
            bail!("card_timeout_ms = 0: a card needs some time to answer");
        }
        let cpus = rustix::thread::sched_getaffinity(None).context("cannot ask which CPUs there are")?;
        for cpu in self.cpus.iter().chain(&self.coordinator_cpu) {
            if !cpus.is_set(*cpu) {
                bail!("CPU {cpu} is not one that this process may run on");
            }
        }
        if !self.cpus.is_empty() && self.cpus.len() < self.replica_count() {
            bail!("cpus names {} CPUs for {} replicas", self.cpus.len(), self.replica_count());
        }
        Ok(())
    }

    /// Milliseconds within which the card has to answer.
    pub fn card_timeout_ms(&self) -> u64 {
        self.card_timeout_ms.unwrap_or(CARD_TIMEOUT_MS)
    }

    /// Milliseconds that the card may owe a verdict.
    pub fn card_verdict_ms(&self) -> u64 {
        self.card_verdict_ms.unwrap_or(CARD_VERDICT_MS)
    }

    /// Milliseconds before a card that was lost is tried again; 0 is never.
    pub fn card_retry_ms(&self) -> u64 {
        self.card_retry_ms.unwrap_or(CARD_RETRY_MS)
    }

    /// How many replicas.
    pub fn replica_count(&self) -> usize {
        match self.replicas {
            Replicas::Simplex => 1,
            Replicas::Dmr => 2,
        }
    }

    /// Bytes of memory.
    pub fn memory(&self) -> u64 {
        self.memory_mib.unwrap_or(MEMORY_MIB) << 20
    }
}
