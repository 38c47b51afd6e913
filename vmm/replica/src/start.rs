//! From a freshly started process to a running replica.
//!
//! The coordinator starts the program that this crate is part of with five descriptors at fixed numbers, or six where a card
//! compares, and sends one [`Setup`]. Everything is opened and mapped, the guest is loaded, and only then are the privileges
//! given up.

use crate::bare::Bare;
use crate::guest::Personality;
use crate::machine::{Machine, MachineError, Options};
use crate::process::{Process, Program};
use crate::runner::{Failure, Replica, Settings};
use crate::store::StoreReader;
use crate::wire::{Report, Wire, WireError};
use crate::{sandbox, signal, staging};
use covert_core::{Limits, Stream};
use covert_driver::arena::ArenaError;
use covert_driver::{
    ArenaLane, ArenaWriter, DoorbellPage, Geometry, MappedDoorbell, ProgressReader, ReplicaDoorbell,
};
use kvm_ioctls::Kvm;
use rustix::thread::CpuSet;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::Read;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};

/// The descriptors that a replica is started with, by number.
pub mod descriptor {
    use super::RawFd;
    /// Its end of the conversation.
    pub const WIRE: RawFd = 3;
    /// Its arena.
    pub const ARENA: RawFd = 4;
    /// The page with the coordinator's progress.
    pub const PROGRESS: RawFd = 5;
    /// The checkpoint store, for reading.
    pub const STORE: RawFd = 6;
    /// The program that the guest runs, for reading.
    pub const IMAGE: RawFd = 7;
    /// The card's doorbell page of its lane, if [`Setup::doorbell`](super::Setup::doorbell) says so.
    pub const DOORBELL: RawFd = 8;
}

/// What a replica is to be: the first message that it gets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setup {
    /// Position in the group.
    pub replica: usize,
    /// Number of the group.
    pub group: u16,
    /// See [`Limits::window`].
    pub window: u32,
    /// See [`Limits::epoch_exits`].
    pub epoch_exits: u32,
    /// Log2 of the entries in the submission ring.
    pub ring_log2: u32,
    /// Bytes of a payload slot.
    pub slot_bytes: u32,
    /// Bytes of memory that the guest may use.
    pub memory: u64,
    /// The CPU to run on; `None` for any.
    pub cpu: Option<usize>,
    /// Clean pages that are looked at in each epoch.
    pub scrub_pages: usize,
    /// Where in the file of [`descriptor::DOORBELL`] the doorbell page is, if a card compares.
    pub doorbell: Option<u64>,
    /// The guest.
    pub guest: GuestSetup,
}

/// A guest beside its image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum GuestSetup {
    /// A Linux program.
    Process {
        /// Where it is in the guest's view.
        path: String,
        /// Its arguments, its name first.
        arguments: Vec<Vec<u8>>,
        /// Its environment, `NAME=value`.
        environment: Vec<Vec<u8>>,
        /// Its working directory in the guest's view.
        directory: String,
        /// What its random numbers come from that no system call brings.
        seed: u64,
    },
    /// A program for the bare machine.
    Bare {
        /// The number that it is given.
        argument: u32,
    },
}

impl Setup {
    /// A guest that runs by itself, without a coordinator.
    pub fn alone(guest: GuestSetup, memory: u64) -> Setup {
        Setup {
            replica: 0,
            group: 0,
            window: 1,
            epoch_exits: 1,
            ring_log2: 0,
            slot_bytes: 0,
            memory,
            cpu: None,
            scrub_pages: 0,
            doorbell: None,
            guest,
        }
    }

    /// The geometry of this replica's arena. As the card sees them, those of three replicas lie below 2^39, which is as far as the IOMMU
    /// of many a desktop reaches, and above everything that has a place of its own there.
    pub fn geometry(&self) -> Geometry {
        Geometry {
            base: (self.replica as u64 + 1) << 37,
            ring_log2: self.ring_log2,
            slot_bytes: self.slot_bytes,
            staging_bytes: staging::bytes(self.memory),
        }
    }

    /// The guest's personality on this image.
    pub fn personality(&self, image: Vec<u8>) -> Box<dyn Personality> {
        match &self.guest {
            GuestSetup::Process { path, arguments, environment, directory, seed } => {
                Box::new(Process::new(Program {
                    image: image.into(),
                    path: path.clone(),
                    arguments: arguments.clone(),
                    environment: environment.clone(),
                    directory: directory.clone(),
                    seed: *seed,
                }))
            }
            GuestSetup::Bare { argument } => Box::new(Bare::new(image, *argument)),
        }
    }
}

/// Why a replica did not come to life.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The conversation did not begin.
    #[error("no set-up from the coordinator: {0}")]
    Wire(#[from] WireError),
    /// Shared memory.
    #[error(transparent)]
    Arena(#[from] ArenaError),
    /// The machine or the guest.
    #[error(transparent)]
    Machine(#[from] MachineError),
    /// The system refused.
    #[error("cannot {doing}: {source}")]
    System {
        /// What was attempted.
        doing: &'static str,
        /// What it said.
        source: std::io::Error,
    },
    /// It could not be confined.
    #[error(transparent)]
    Sandbox(#[from] sandbox::SandboxError),
    /// It was alive, and could not go on.
    #[error(transparent)]
    Failed(#[from] Failure),
}

/// The whole life of a replica's process, which was started with the descriptors of [`descriptor`].
///
/// # Errors
/// Why it ended, if not because the coordinator went away. The coordinator was told.
pub fn run() -> Result<(), StartError> {
    let mut wire = Wire::new(inherited(descriptor::WIRE));
    let setup: Setup = wire.receive()?;
    close_others(&setup)?;
    match build(&setup) {
        Ok(Parts { machine, arena, doorbell, progress, store }) => {
            let lane = ArenaLane::new(arena, ProgressReader::map(&progress)?, doorbell, setup.group);
            let progress = ProgressReader::map(&progress)?;
            let limits = Limits {
                replicas: 1,
                group: setup.group,
                ring: 1 << setup.ring_log2,
                window: setup.window,
                epoch_exits: setup.epoch_exits,
                input_max: crate::world::TRANSFER_MAX,
                payload_max: setup.slot_bytes,
                attempts: 0,
                hang: covert_core::watchdog::HangLimits { cpu_ms: u64::MAX, clock_ms: u64::MAX },
            };
            let settings = Settings { nudge: setup.window / 2, scrub_pages: setup.scrub_pages };
            let stream = Stream::new(&limits);
            signal::install(machine.kicker())
                .map_err(|source| StartError::System { doing: "catch signals", source })?;
            let replica = Replica::new(machine, lane, progress, store, stream, wire, settings);
            sandbox::enter()?;
            Ok(replica.run()?)
        }
        Err(error) => {
            wire.send(&Report::Crashed(error.to_string()))?;
            Err(error)
        }
    }
}

struct Parts {
    machine: Machine,
    arena: ArenaWriter,
    doorbell: ReplicaDoorbell,
    progress: OwnedFd,
    store: StoreReader,
}

fn build(setup: &Setup) -> Result<Parts, StartError> {
    let system = |doing| move |source| StartError::System { doing, source };
    if let Some(cpu) = setup.cpu {
        let mut cpus = CpuSet::new();
        cpus.set(cpu);
        let pinned = rustix::thread::sched_setaffinity(None, &cpus);
        pinned.map_err(|error| StartError::System {
            doing: "run on the CPU of its slot",
            source: error.into(),
        })?;
    }
    let arena = ArenaWriter::map(&inherited(descriptor::ARENA), setup.geometry())?;
    let page = setup.doorbell.map(|offset| DoorbellPage { fd: inherited(descriptor::DOORBELL), offset });
    let doorbell = ReplicaDoorbell(page.as_ref().map(MappedDoorbell::map).transpose()?);
    drop(page);
    let progress = inherited(descriptor::PROGRESS);
    let store = StoreReader::map(&inherited(descriptor::STORE))?;
    let mut image = Vec::new();
    File::from(inherited(descriptor::IMAGE))
        .read_to_end(&mut image)
        .map_err(system("read the guest's program"))?;
    let kvm =
        Kvm::new().map_err(|error| StartError::System { doing: "open /dev/kvm", source: error.into() })?;
    let options = Options { memory: setup.memory, checkpoints: true };
    let machine = Machine::new(&kvm, setup.personality(image), &options)?;
    Ok(Parts { machine, arena, doorbell, progress, store })
}

/// Closes what whoever started the coordinator left open for everybody: a replica owns no way out.
#[expect(unsafe_code, reason = "descriptors that nobody here has opened have only numbers")]
fn close_others(setup: &Setup) -> Result<(), StartError> {
    let first = if setup.doorbell.is_some() { descriptor::DOORBELL + 1 } else { descriptor::DOORBELL };
    // SAFETY: nothing in this process has opened a descriptor yet, so none that is closed belongs to anybody.
    let result = unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, 0) };
    match result {
        0 => Ok(()),
        _ => Err(StartError::System { doing: "close descriptors", source: std::io::Error::last_os_error() }),
    }
}

#[expect(unsafe_code, reason = "a descriptor that a process is started with has only a number")]
fn inherited(number: RawFd) -> OwnedFd {
    // SAFETY: the coordinator passes these descriptors to no other end, and each number is taken once.
    unsafe { OwnedFd::from_raw_fd(number) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arenas_of_three_replicas_lie_apart_and_within_39_bits() {
        let guest = || GuestSetup::Bare { argument: 0 };
        let mut end = 1 << 32;
        for replica in 0..3 {
            let largest =
                Setup { replica, ring_log2: 16, slot_bytes: 65_536, ..Setup::alone(guest(), 1000 << 20) };
            let geometry = largest.geometry();
            assert!(
                geometry.base >= end,
                "replica {replica} begins at {:#x}, before {end:#x}",
                geometry.base
            );
            end = geometry.base + geometry.bytes().unwrap() as u64;
        }
        assert!(end <= 1 << 39, "{end:#x}");
    }
}
