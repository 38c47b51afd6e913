//! A replica's process, as its coordinator holds it.

use anyhow::{Context, Result};
use command_fds::{CommandFdExt, FdMapping};
use covert_driver::{DoorbellPage, Geometry};
use covert_replica::signal::KICK;
use covert_replica::start::{Setup, descriptor};
use covert_replica::wire::{Order, Report, Wire, WireError};
use rustix::fs::{Mode, OFlags};
use rustix::process::{PidfdFlags, Signal};
use std::os::fd::{AsRawFd, OwnedFd};
use std::process::{Child, Command, Stdio};

/// The hidden command of this program that a replica is started with.
pub const COMMAND: &str = "replica";

/// What all processes at one position of the group share with the coordinator.
#[derive(Debug)]
pub struct Place {
    /// The arena's memory.
    pub arena: OwnedFd,
    /// Its geometry.
    pub geometry: Geometry,
    /// What the replica is to be.
    pub setup: Setup,
}

/// What every replica is given.
#[derive(Debug)]
pub struct Shared {
    /// The page with the coordinator's progress.
    pub progress: OwnedFd,
    /// The checkpoint store, for reading.
    pub store: OwnedFd,
    /// The guest's program.
    pub image: OwnedFd,
}

/// A running replica.
#[derive(Debug)]
pub struct Process {
    child: Child,
    pidfd: OwnedFd,
    wire: Wire,
    /// Generation that it was last restored to.
    pub generation: u32,
    /// It stands still until a record of it is released.
    pub window_full: bool,
    /// It catches the signal: one that comes earlier would end it, and before that it only reads orders.
    pub ready: bool,
    /// Nothing more will be heard of it.
    pub gone: bool,
}

impl Process {
    /// Starts a replica, with the doorbell of its lane if a card compares.
    ///
    /// # Errors
    /// The system has no process or descriptor left.
    pub fn spawn(place: &Place, shared: &Shared, doorbell: Option<DoorbellPage>) -> Result<Process> {
        let (ours, theirs) = Wire::pair().context("cannot make a socket pair")?;
        // A descriptor of its own, so that no two replicas share a place in the file.
        let image = rustix::fs::open(
            format!("/proc/self/fd/{}", shared.image.as_raw_fd()),
            OFlags::RDONLY | OFlags::CLOEXEC,
            Mode::empty(),
        )
        .context("cannot open the guest's program again")?;
        let copy = |fd: &OwnedFd| fd.try_clone().context("cannot duplicate a descriptor");
        let program = std::env::current_exe().context("cannot find this program's own file")?;
        let mut command = Command::new(program);
        command.arg(COMMAND).env_clear().stdin(Stdio::null()).stdout(Stdio::null());
        let mut mappings = vec![
            FdMapping { parent_fd: theirs, child_fd: descriptor::WIRE },
            FdMapping { parent_fd: copy(&place.arena)?, child_fd: descriptor::ARENA },
            FdMapping { parent_fd: copy(&shared.progress)?, child_fd: descriptor::PROGRESS },
            FdMapping { parent_fd: copy(&shared.store)?, child_fd: descriptor::STORE },
            FdMapping { parent_fd: image, child_fd: descriptor::IMAGE },
        ];
        let offset = doorbell.as_ref().map(|page| page.offset);
        if let Some(page) = doorbell {
            mappings.push(FdMapping { parent_fd: page.fd, child_fd: descriptor::DOORBELL });
        }
        command.fd_mappings(mappings)?;
        let child = command.spawn().context("cannot start a replica")?;
        // The command holds the parent's copies of what the child got.
        drop(command);
        let pid = rustix::process::Pid::from_child(&child);
        let pidfd = rustix::process::pidfd_open(pid, PidfdFlags::empty())
            .context("cannot watch a replica: this needs Linux 5.3 or newer")?;
        let mut wire = Wire::new(ours);
        // One that cannot hear this is dead, which its socket tells.
        let _ = wire.send(&Setup { doorbell: offset, ..place.setup.clone() });
        Ok(Process { child, pidfd, wire, generation: 0, window_full: false, ready: false, gone: false })
    }

    /// The number of its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The socket, to be polled.
    pub fn socket(&self) -> &OwnedFd {
        self.wire.socket()
    }

    /// Sends an order. False if the replica is dead.
    #[must_use]
    pub fn order(&mut self, order: &Order) -> bool {
        if self.gone || self.wire.send(order).is_err() {
            return false;
        }
        if self.ready && matches!(order, Order::Halt | Order::Inject(_)) {
            self.kick();
        }
        true
    }

    /// Brings it out of its guest.
    fn kick(&self) {
        if let Some(signal) = Signal::from_named_raw(KICK) {
            // It may have ended meanwhile, which its socket tells.
            let _ = rustix::process::pidfd_send_signal(&self.pidfd, signal);
        }
    }

    /// Takes a report if there is one.
    ///
    /// # Errors
    /// It is dead, or talks nonsense and is treated alike.
    pub fn report(&mut self) -> Result<Option<Report>, WireError> {
        self.wire.try_receive()
    }

    /// Ends it.
    pub fn kill(&mut self) {
        // It may be dead already.
        let _ = self.child.kill();
    }

    /// CPU milliseconds that it has used so far.
    pub fn cpu_ms(&self) -> f64 {
        // The first word is what its one thread has used, in nanoseconds. A process that has ended has used what was seen last.
        let used = std::fs::read_to_string(format!("/proc/{}/schedstat", self.id())).unwrap_or_default();
        let nanoseconds = used.split_whitespace().next().and_then(|word| word.parse::<u64>().ok());
        nanoseconds.unwrap_or(0) as f64 / 1e6
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        // Nothing is left to do for one that cannot be waited for.
        let _ = self.child.wait();
    }
}
