//! What a driver remembers of a group on a card, so that nothing of it is lost with the card.
//!
//! A verdict that was polled is certain and is folded into where the group stands. What the coordinator commanded since the
//! present generation began may work on records that have no polled verdict yet; those commands are kept in a
//! journal, each with how far the lanes had come when it was given, and done again by whoever takes over.
//! The journal holds only what the coordinator itself asked for in one generation; no replica can make it grow.

use crate::group::LanePlace;
use covert_abi::{Fault, FaultCause, Generation, LANES_PER_GROUP_MAX, LaneSet, Outcome, Seq, Verdict};
use std::collections::VecDeque;

/// How far a lane had come at some moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Entries fetched in its generation, modulo 2^32, the one that locked it included.
    pub(crate) head: u32,
    /// Why it is locked, if it is.
    pub(crate) locked: Option<FaultCause>,
}

/// How far the lanes had come, by position.
pub(crate) type Marks = [Mark; LANES_PER_GROUP_MAX];

/// A command that the card took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Place { lane: usize, place: LanePlace },
    PayloadMax(u32),
    Reset { lane: usize },
    Flush { members: LaneSet, start: Seq },
}

/// A command and the moment of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Done {
    pub(crate) command: Command,
    /// The generation that the card was in.
    pub(crate) generation: Generation,
    pub(crate) marks: Marks,
    /// The first record that could not have a verdict by then, for want of room in the ring.
    pub(crate) until: Seq,
}

/// Where a lane was locked and why, with the address or tail that belongs to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Failed {
    pub(crate) seq: Seq,
    pub(crate) cause: FaultCause,
    pub(crate) address: u64,
}

/// Where a group stands by the verdicts that were polled, and what was commanded beyond that.
#[derive(Debug)]
pub(crate) struct Ledger {
    /// The generation of the next verdict and its first record.
    pub(crate) generation: Generation,
    pub(crate) start: Seq,
    /// The record of the next verdict.
    pub(crate) next: Seq,
    pub(crate) released: Seq,
    /// The lanes that the flush into this generation named, those of them that it started with, and the lanes that
    /// were locked at that moment.
    pub(crate) members: LaneSet,
    pub(crate) live: LaneSet,
    pub(crate) locked: LaneSet,
    /// Whether a verdict of this generation halted the group.
    pub(crate) halted: bool,
    /// The lanes that were locked at a record before `next`.
    pub(crate) failed: [Option<Failed>; LANES_PER_GROUP_MAX],
    /// Where the lanes were, and the longest payload, when the generation began.
    pub(crate) places: Vec<LanePlace>,
    pub(crate) payload_max: u32,
    pub(crate) watchdog: u32,
    /// The fault reports of this generation, and of those that the journal leads to, that were read.
    pub(crate) faults: Vec<Fault>,
    pub(crate) journal: VecDeque<Done>,
}

impl Ledger {
    /// Of a group that nothing was done with.
    pub(crate) fn new(places: Vec<LanePlace>, payload_max: u32) -> Ledger {
        Ledger {
            generation: 0,
            start: 0,
            next: 0,
            released: 0,
            members: LaneSet::EMPTY,
            live: LaneSet::EMPTY,
            locked: LaneSet::EMPTY,
            halted: false,
            failed: [None; LANES_PER_GROUP_MAX],
            places,
            payload_max,
            watchdog: 0,
            faults: Vec::new(),
            journal: VecDeque::new(),
        }
    }

    /// Whether a flush was taken whose `Flushed` was not polled.
    pub(crate) fn flush_pending(&self) -> bool {
        self.journal.iter().any(|done| matches!(done.command, Command::Flush { .. }))
    }

    /// The index in its generation of a record.
    pub(crate) fn index(&self, seq: Seq) -> u32 {
        seq.wrapping_sub(self.start) as u32
    }

    /// The longest payload that was allowed when a lane's entry with this index was fetched.
    pub(crate) fn payload_max_at(&self, lane: usize, index: u32) -> u32 {
        let by_then =
            |done: &&Done| done.generation == self.generation && !is_before(index, done.marks[lane].head);
        let mut limits = self.journal.iter().filter(by_then).filter_map(|done| match done.command {
            Command::PayloadMax(bytes) => Some(bytes),
            _ => None,
        });
        limits.next_back().unwrap_or(self.payload_max)
    }

    /// Why a lane was locked before it delivered a record, as far as the fault reports and the journal know.
    pub(crate) fn known_cause(&self, lane: usize, seq: Seq) -> Option<Failed> {
        let fault = self.fault_of(lane, self.generation);
        if let Some(fault) = fault.filter(|fault| fault.seq == seq) {
            return Some(Failed { seq, cause: fault.cause, address: fault.address });
        }
        let index = self.index(seq);
        self.journal.iter().filter(|done| done.generation == self.generation).find_map(|done| {
            let mark = done.marks[lane];
            let reset = done.command == Command::Reset { lane };
            let cause = mark.locked.or(reset.then_some(FaultCause::Reset))?;
            (!is_before(index, mark.head)).then_some(Failed { seq, cause, address: 0 })
        })
    }

    /// The report about a lane in a generation, if it was read. A lane is locked at most once in a generation.
    pub(crate) fn fault_of(&self, lane: usize, generation: Generation) -> Option<&Fault> {
        self.faults.iter().find(|fault| usize::from(fault.lane) == lane && fault.generation == generation)
    }

    /// Takes a fault report into account that was read.
    pub(crate) fn fault(&mut self, fault: &Fault) {
        // One of a generation that is over says nothing about what is to come.
        if fault.generation.wrapping_sub(self.generation) <= u32::MAX / 2 {
            self.faults.push(*fault);
        }
    }

    /// Takes the next verdict into account: `locked` are the lanes in its dissent that were locked at its record. False when
    /// it is a `Flushed` that nobody asked for.
    pub(crate) fn verdict(
        &mut self,
        verdict: &Verdict,
        locked: [Option<Failed>; LANES_PER_GROUP_MAX],
    ) -> bool {
        if verdict.outcome == Outcome::Flushed {
            return self.flushed(verdict.agree);
        }
        let part = verdict.agree.or(verdict.dissent);
        let last = self.next.wrapping_sub(1);
        for (lane, failed) in self.failed.iter_mut().enumerate() {
            if locked[lane].is_some() {
                *failed = locked[lane];
            } else if part.contains(lane) {
                *failed = None;
            } else if self.live.contains(lane) && failed.is_none() {
                *failed = Some(Failed { seq: last, cause: FaultCause::Timeout, address: 0 });
            }
        }
        self.next = self.next.wrapping_add(1);
        self.halted = !verdict.outcome.is_releasable();
        true
    }

    /// The generation is over: folds in what was commanded up to its end, and what was from there on before the next one
    /// began.
    fn flushed(&mut self, agree: LaneSet) -> bool {
        if !self.flush_pending() {
            return false;
        }
        let ended = self.generation;
        let known = (0..LANES_PER_GROUP_MAX)
            .filter(|lane| self.failed[*lane].is_some() || self.fault_of(*lane, ended).is_some());
        // Live lanes that the marker does not name were locked, or reset, which the journal knows.
        self.locked = self.locked.or(self.live.without(agree)).or(known.collect());
        let mut flush = None;
        while let Some(done) = self.journal.front() {
            let begun = flush.is_some() && done.generation != ended;
            match done.command {
                Command::Reset { .. } if begun => break,
                Command::Flush { .. } if flush.is_some() => break,
                _ => self.locked = self.locked.or(locked(&done.marks)),
            }
            match done.command {
                Command::Flush { members, start } => flush = Some((members, start)),
                Command::Reset { lane } => self.locked = self.locked.without(LaneSet::only(lane)),
                Command::Place { lane, place } => {
                    if let Some(kept) = self.places.get_mut(lane) {
                        *kept = place;
                    }
                }
                Command::PayloadMax(bytes) => self.payload_max = bytes,
            }
            self.journal.pop_front();
        }
        let Some((members, start)) = flush else { return false };
        self.generation = ended.wrapping_add(1);
        (self.start, self.next, self.released) = (start, start, start);
        self.members = members;
        self.live = members.without(self.locked);
        self.halted = false;
        self.failed = [None; LANES_PER_GROUP_MAX];
        let now = self.generation;
        self.faults.retain(|fault| fault.generation.wrapping_sub(now) <= u32::MAX / 2);
        true
    }
}

/// The lanes that are locked in these marks.
fn locked(marks: &Marks) -> LaneSet {
    (0..LANES_PER_GROUP_MAX).filter(|lane| marks[*lane].locked.is_some()).collect()
}

/// Whether an index comes before another one, both modulo 2^32 and near each other.
pub(crate) fn is_before(index: u32, other: u32) -> bool {
    other.wrapping_sub(index).wrapping_sub(1) < u32::MAX / 2
}
