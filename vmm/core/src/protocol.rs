//! The words that a machine and its owner exchange: what happened, what to do, what has been counted.

use crate::recovery::{End, Reason};
use crate::watchdog::Sample;
use crate::{
    Entry, Epoch, Generation, InputIndex, LaneSet, Line, Point, Record, Replica, Request, Seq, Verified,
};
use covert_abi::Verdict;
use std::sync::Arc;

/// What the coordinator learns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A replica needs an input and waits for it.
    Request {
        /// Who.
        replica: Replica,
        /// In which generation it runs.
        generation: Generation,
        /// What it needs.
        request: Request,
    },
    /// A replica is at the end of an epoch and waits for leave to stage a checkpoint.
    Boundary {
        /// Who.
        replica: Replica,
        /// In which generation it runs.
        generation: Generation,
        /// The epoch that has ended.
        epoch: Epoch,
    },
    /// The guest has ended in a replica; its last record is submitted.
    Ended {
        /// Who.
        replica: Replica,
        /// In which generation it ran.
        generation: Generation,
        /// Where it ended.
        at: Point,
    },
    /// A replica is dead: crashed, killed, or unable to go on.
    Failed {
        /// Who.
        replica: Replica,
        /// The generation that it was last restored to.
        generation: Generation,
    },
    /// A replica stands still, as [`Action::Halt`] demanded.
    Halted {
        /// Who.
        replica: Replica,
        /// In which generation it ran.
        generation: Generation,
    },
    /// A replica is at the recovery line, as [`Action::Restore`] demanded.
    Restored {
        /// Who.
        replica: Replica,
        /// The generation that it was restored to.
        generation: Generation,
    },
    /// The comparator has answered.
    Verdict {
        /// Its answer, check code and phase verified.
        verdict: Verdict,
        /// For a releasable outcome: the record, copied from the arena of a lane that agrees.
        copy: Option<Record>,
    },
    /// The comparator has failed in a way that only its driver can see.
    ComparatorFault(&'static str),
    /// Another comparator stands ready to take the present one's place, or does so no more. It is put there by the next
    /// [`Action::Flush`]: at the next recovery line, or before that if the machine has to go back anyway.
    Successor {
        /// Whether it is.
        ready: bool,
    },
    /// A read has ended; `None` if it was cancelled before it took anything.
    Answered {
        /// Which.
        index: InputIndex,
        /// What was read.
        value: Option<Vec<u8>>,
    },
    /// The sink has taken a record.
    Released {
        /// Which.
        seq: Seq,
        /// What it answered; empty for a posted record.
        result: Vec<u8>,
    },
    /// The store has kept a checkpoint, or could not.
    Stored {
        /// Which.
        epoch: Epoch,
        /// Whether it is held now, every page verified.
        held: bool,
    },
    /// Time has passed.
    Samples {
        /// Any steady clock, in milliseconds.
        now_ms: u64,
        /// What the live replicas are doing.
        samples: Vec<(Replica, Sample)>,
    },
}

/// What the coordinator has to do, in this order.
#[derive(Debug, PartialEq, Eq)]
pub enum Action {
    /// Read an input from the world, then tell [`Event::Answered`].
    Read {
        /// Its place in the log.
        index: InputIndex,
        /// What to read.
        request: Request,
    },
    /// Give up a read if it has not taken anything yet; [`Event::Answered`] comes in any case.
    CancelRead {
        /// Its place in the log.
        index: InputIndex,
    },
    /// Put consumed bytes back in front of their source.
    GiveBack(Arc<Entry>),
    /// Hand an input to a replica.
    Deliver {
        /// To whom.
        replica: Replica,
        /// The input.
        entry: Arc<Entry>,
    },
    /// Hand a record to its sink, then tell [`Event::Released`]. This very buffer, no other copy.
    Release(Verified),
    /// Every record before this one has left: its ring slot and payload may be used again.
    Reclaim {
        /// The first that has not.
        next: Seq,
    },
    /// Let a replica run on: from the line, or from the end of an epoch, where it first stages a checkpoint and
    /// submits its `State` record.
    Continue {
        /// Who.
        replica: Replica,
    },
    /// Make the checkpoint that a replica staged the recovery line, then tell [`Event::Stored`].
    Store {
        /// The line to be.
        line: Line,
        /// Whose staging to take: one that agreed.
        from: Replica,
    },
    /// Stop a replica, then tell [`Event::Halted`], or [`Event::Failed`] if it is dead.
    Halt {
        /// Who.
        replica: Replica,
    },
    /// End a replica's process, then tell [`Event::Failed`].
    Kill {
        /// Who.
        replica: Replica,
    },
    /// Take a replica out while the others run on: reset its lane, end its process.
    Retire {
        /// Who.
        replica: Replica,
    },
    /// Flush the comparator and let it start `generation` with these lanes at this record. A comparator that takes the
    /// place of a failed one is flushed until it is at the generation before, then like any other.
    Flush {
        /// The generation to start.
        generation: Generation,
        /// The lanes.
        members: LaneSet,
        /// The first record.
        start: Seq,
        /// Whether the comparator that stands ready takes the present one's place first. Every replica is then restored as a new
        /// process, which is given the way to it.
        renewed: bool,
    },
    /// Bring a replica to the recovery line, then tell [`Event::Restored`] or [`Event::Failed`].
    Restore {
        /// Who.
        replica: Replica,
        /// The generation that it will run in.
        generation: Generation,
        /// Where to.
        line: Line,
        /// Whether it has to be a new process.
        fresh: bool,
        /// How often this line was gone back to: the second time, another core is worth trying.
        attempt: u32,
    },
    /// For the record: a rollback begins.
    Rollback {
        /// Why.
        reason: Reason,
        /// The replicas that may be to blame.
        suspects: LaneSet,
    },
    /// It is over.
    End(End),
}

/// What a machine has seen so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Verdicts of the current generation, `Flushed` included.
    pub verdicts: u64,
    /// Verdicts and replica events dropped because they belong to an older generation or a halted machine.
    pub stale: u64,
    /// Records handed to a sink.
    pub released: u64,
    /// Replayed records that had been released before.
    pub swallowed: u64,
    /// Inputs read from the world.
    pub reads: u64,
    /// Rollbacks because of a fault.
    pub rollbacks: u64,
    /// Rollbacks to take a lost replica in again.
    pub heals: u64,
    /// Comparators that took the place of one that worked.
    pub renewals: u64,
    /// Replicas taken out while the others ran on.
    pub retired: u64,
    /// Replicas that hung.
    pub hangs: u64,
    /// Recovery lines.
    pub checkpoints: u64,
}
