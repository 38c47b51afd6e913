//! From a fault back to the recovery line.
//!
//! ```text
//!             fault                 all stopped,              Flushed seen             all restored
//!  running ──────────> quiescing ── nothing under way ──> flushing ──────────> restoring ──────────> running
//!     ^                                                                            │
//!     └────────────────────────────────────────────────────────────────────────────┘
//!  and from anywhere: ended
//! ```
//!
//! *Quiescing* waits for what decides where the next generation starts: a checkpoint on its way to the store, a
//! read that may have consumed something. Only then is the comparator flushed. A release that is on its way to the world
//! is not waited for: it is in the journal already and will be swallowed when it comes again. A machine is started
//! the same way: by a rollback to the state in which it was loaded.

use crate::release::CopyError;
use crate::{InputIndex, LaneSet, Seq};
use covert_abi::Outcome;

/// Why the machine went back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It has just been loaded.
    Start,
    /// A record did not compare equal.
    Verdict(Outcome),
    /// The coordinator's copy is not what was compared.
    Copy(CopyError),
    /// The replicas asked for different inputs.
    InputsDiffer,
    /// The replicas ended at different points.
    EndsDiffer,
    /// A replica died.
    Failed,
    /// A replica hung.
    Hung,
    /// A replica did what no replica may do.
    Violation(&'static str),
    /// The comparator answered what no comparator may answer.
    Comparator(&'static str),
    /// The store could not keep a checkpoint.
    Store,
    /// Nothing is wrong: a replica that was lost is taken in again.
    Heal,
    /// Nothing is wrong: another comparator takes the present one's place.
    Renew,
}

/// How a machine ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// All replicas came to the same end, and everything is released.
    Finished,
    /// A replayed record is not what was released under its name: something wrong may be out. A DUE.
    ReplayDiffers {
        /// The record.
        seq: Seq,
    },
    /// The fault came back each time. A DUE.
    NoProgress {
        /// How often the machine went back to the same line.
        attempts: u32,
        /// Why it would have gone back once more.
        reason: Reason,
    },
    /// A logged input changed in the coordinator's memory. A DUE.
    LogCorrupt {
        /// The input.
        index: InputIndex,
    },
}

/// Where in a recovery the machine is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// No recovery.
    Running,
    /// Waiting until nothing is under way.
    Quiescing {
        /// Replicas that stand still.
        halted: LaneSet,
    },
    /// Waiting for the comparator's `Flushed`.
    Flushing,
    /// Waiting for the replicas to be at the line.
    Restoring {
        /// Replicas that are.
        restored: LaneSet,
    },
    /// It is over.
    Ended(End),
}

/// A recovery and what it has to remember.
#[derive(Debug)]
pub struct Recovery {
    /// Where it is.
    pub phase: Phase,
    /// Replicas that have to be new processes, because the old ones are dead or not to be trusted.
    pub fresh: LaneSet,
    /// Rollbacks to the present line because of a fault.
    pub attempts: u32,
    /// Since when the watchdog has seen what must not last.
    pub since_ms: Option<u64>,
}

impl Recovery {
    /// A machine that was just loaded: nothing runs, so nothing has to be halted.
    pub fn start(all: LaneSet) -> Recovery {
        Recovery { phase: Phase::Quiescing { halted: all }, fresh: all, attempts: 0, since_ms: None }
    }

    /// Enters a phase.
    pub fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.since_ms = None;
    }

    /// Notes that a replica stands still.
    pub fn halted(&mut self, replica: LaneSet) {
        if let Phase::Quiescing { halted } = &mut self.phase {
            *halted = halted.or(replica);
        }
    }
}
