//! The comparator that needs no card: a core that does what `docs/src/unit.md` says.
//!
//! It works when it is asked ([`advance`](crate::Group::advance), [`poll`](crate::Group::poll)), in the caller's thread; after it is made
//! it neither allocates nor calls the system. Doorbells are words in the arenas: a ring that follows another before
//! anybody looked replaces it, which is why the tail is an index and not a count of rings.

pub(crate) mod compare;
pub(crate) mod examine;
mod group;
mod hand_over;
mod port;
mod take_over;
mod vote;
mod watchdog;

use crate::arena::ArenaReader;
use crate::group::{Counters, GroupError, State};
use crate::progress::ProgressWriter;
use crate::ring::Position;
use compare::fingerprints;
use covert_abi::{Fault, Fingerprint, Generation, LANES_PER_GROUP_MAX, LaneSet, Outcome, Seq, Verdict};
use examine::{Cause, Terms};
use port::{LaneState, Port, Rung, lanes};
use std::collections::VecDeque;
use vote::{Ballot, Ballots, decide, quorum};
use watchdog::Watchdog;

/// Sizes of a software comparator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SoftwareConfig {
    /// Number of the group in its records.
    pub group: u16,
    /// Log2 of the records that a lane can be ahead of the comparison, at most 16.
    pub skew_log2: u32,
    /// Log2 of the verdict ring's entries, at most 16.
    pub verdict_log2: u32,
    /// Log2 of the fault ring's entries, at most 16; 0 keeps no log.
    pub fault_log2: u32,
    /// Longest payload in bytes, at most 2^31.
    pub payload_max: u32,
}

impl Default for SoftwareConfig {
    fn default() -> Self {
        SoftwareConfig { group: 0, skew_log2: 6, verdict_log2: 8, fault_log2: 6, payload_max: 1 << 20 }
    }
}

/// A flush that waits for room in the verdict ring.
#[derive(Clone, Copy, Debug)]
struct Flush {
    members: LaneSet,
    start: Seq,
    /// The lanes that were live when the generation's work ended.
    ended: LaneSet,
}

/// A group compared in software.
#[derive(Debug)]
pub struct SoftwareGroup {
    config: SoftwareConfig,
    ports: Vec<Port>,
    progress: ProgressWriter,
    state: State,
    flush: Option<Flush>,
    terms: Terms,
    quorum: usize,
    start: Seq,
    /// The record that is voted on next.
    next: Seq,
    /// Records of this generation that were released.
    released: u64,
    verdicts: VecDeque<Verdict>,
    faults: VecDeque<Fault>,
    counters: Counters,
    watchdog: Watchdog,
}

impl SoftwareGroup {
    /// A group over the arenas of its lanes, 1 to 4, in the order of their positions. Idle, in generation 0.
    ///
    /// # Errors
    /// A size out of range.
    pub fn new(
        config: SoftwareConfig,
        arenas: Vec<ArenaReader>,
        progress: ProgressWriter,
    ) -> Result<SoftwareGroup, GroupError> {
        let within = |what, value: u64, most: u64, must| {
            if value <= most { Ok(()) } else { Err(GroupError::Config { what, value, must }) }
        };
        within("log2 of the skew depth", config.skew_log2.into(), 16, "it must be at most 16")?;
        within("log2 of the verdict ring", config.verdict_log2.into(), 16, "it must be at most 16")?;
        within("log2 of the fault ring", config.fault_log2.into(), 16, "it must be at most 16")?;
        within("the longest payload", config.payload_max.into(), 1 << 31, "it must be at most 2^31")?;
        within("lanes", arenas.len() as u64, LANES_PER_GROUP_MAX as u64, "it must be 1 to 4")?;
        if arenas.is_empty() {
            return Err(GroupError::Config { what: "lanes", value: 0, must: "it must be 1 to 4" });
        }
        let ports = arenas.into_iter().map(|arena| Port::new(arena, config.skew_log2)).collect();
        let faults = if config.fault_log2 == 0 { 0 } else { 1 << config.fault_log2 };
        Ok(SoftwareGroup {
            config,
            ports,
            progress,
            state: State::Idle,
            flush: None,
            terms: Terms { group: config.group, generation: 0, payload_max: config.payload_max },
            quorum: 2,
            start: 0,
            next: 0,
            released: 0,
            verdicts: VecDeque::with_capacity(1 << config.verdict_log2),
            faults: VecDeque::with_capacity(faults),
            counters: Counters::default(),
            watchdog: Watchdog::default(),
        })
    }

    /// Gives a lane another arena, for a replica that takes another's place.
    ///
    /// # Errors
    /// No such lane, or the group may still read the old arena: reset the lane, and flush if the group runs.
    pub fn attach(&mut self, lane: usize, arena: ArenaReader) -> Result<(), GroupError> {
        let running = self.state == State::Running;
        let port = self.port(lane)?;
        if port.state != LaneState::Off || running && port.delivered().is_some() {
            return Err(GroupError::Live { lane });
        }
        port.attach(arena);
        Ok(())
    }

    fn port(&mut self, lane: usize) -> Result<&mut Port, GroupError> {
        let lanes = self.ports.len();
        self.ports.get_mut(lane).ok_or(GroupError::NoLane { lane, lanes })
    }

    /// Records of this generation that have a verdict.
    #[inline]
    fn judged(&self) -> u64 {
        self.next.wrapping_sub(self.start)
    }

    fn has_room(&self) -> bool {
        self.verdicts.len() < 1 << self.config.verdict_log2
    }

    /// Everything that can be done without another doorbell, poll or tick.
    fn work(&mut self) {
        self.look_at_doorbells();
        self.finish_flush();
        while self.state == State::Running {
            self.fetch();
            if !self.vote() {
                break;
            }
        }
    }

    #[inline]
    fn look_at_doorbells(&mut self) {
        let running = self.state == State::Running;
        for lane in 0..self.ports.len() {
            match self.ports[lane].look(self.terms.generation, running) {
                Rung::Fine => {}
                Rung::Stale => {
                    self.counters.stale_doorbells = self.counters.stale_doorbells.saturating_add(1);
                }
                Rung::Fault(cause) => self.lock(lane, cause),
            }
        }
    }

    #[inline]
    fn fetch(&mut self) {
        for lane in 0..self.ports.len() {
            while self.ports[lane].can_fetch() {
                if let Err(cause) = self.ports[lane].fetch(&self.terms) {
                    self.lock(lane, cause);
                }
            }
        }
    }

    #[cold]
    fn lock(&mut self, lane: usize, (cause, address): Cause) {
        let port = &mut self.ports[lane];
        port.lock(cause);
        let seq = port.due;
        self.log(lane, seq, (cause, address));
    }

    #[cold]
    fn log(&mut self, lane: usize, seq: Seq, (cause, address): Cause) {
        let fault = Fault {
            group: self.config.group,
            lane: lane as u8,
            generation: self.terms.generation,
            seq,
            cause,
            address,
        };
        if self.config.fault_log2 != 0 && self.faults.len() < 1 << self.config.fault_log2 {
            self.faults.push_back(fault);
        } else {
            self.counters.faults_dropped = self.counters.faults_dropped.saturating_add(1);
        }
    }

    /// Votes on the next record if it can be; false if nothing can be done now.
    #[inline]
    fn vote(&mut self) -> bool {
        self.has_room() && self.count()
    }

    /// The vote itself, wherever the verdict goes.
    #[inline]
    fn count(&mut self) -> bool {
        let seq = self.next;
        let mut ballots = Ballots::default();
        let mut records = [None; LANES_PER_GROUP_MAX];
        for (lane, port) in self.ports.iter().enumerate().filter(|(_, port)| port.takes_part(seq)) {
            match (port.delivered(), port.failed) {
                (Some(record), _) => records[lane] = Some((&port.arena, record)),
                (None, Some((at, cause))) if at == seq => ballots[lane] = Ballot::Failed(cause),
                (None, _) => return false,
            }
        }
        let prints = fingerprints(&records);
        for lane in 0..LANES_PER_GROUP_MAX {
            if records[lane].is_some() {
                ballots[lane] = Ballot::Delivered(prints[lane]);
            }
        }
        let decision = decide(&ballots, self.quorum);
        for (lane, port) in self.ports.iter_mut().enumerate() {
            if matches!(ballots[lane], Ballot::Delivered(_)) {
                port.voted();
            }
        }
        self.verdicts.push_back(Verdict {
            group: self.config.group,
            generation: self.terms.generation,
            seq,
            outcome: decision.outcome,
            agree: decision.agree,
            dissent: decision.dissent,
            fingerprint: decision.fingerprint,
        });
        self.next = seq.wrapping_add(1);
        self.watchdog.restart();
        // A releasable outcome leaves a quorum: the lanes that agree were not locked at this record or before.
        if !decision.outcome.is_releasable() {
            self.state = State::Halted;
        }
        true
    }

    fn finish_flush(&mut self) {
        if self.has_room() {
            self.end_generation();
        }
    }

    /// Ends the generation if a flush is under way.
    fn end_generation(&mut self) {
        let Some(Flush { members, start, ended }) = self.flush.take() else { return };
        self.verdicts.push_back(Verdict {
            group: self.config.group,
            generation: self.terms.generation,
            seq: self.next,
            outcome: Outcome::Flushed,
            agree: ended,
            dissent: LaneSet::EMPTY,
            fingerprint: Fingerprint(0),
        });
        let generation: Generation = self.terms.generation.wrapping_add(1);
        self.terms.generation = generation;
        for (lane, port) in self.ports.iter_mut().enumerate() {
            port.begin(members.contains(lane), start);
        }
        self.start = start;
        self.next = start;
        self.released = 0;
        self.progress.publish(Position { generation, count: 0 });
        self.watchdog.restart();
        self.quorum = quorum(members);
        let live = lanes(&self.ports, |port| port.member).len();
        self.state = match live {
            _ if members.is_empty() => State::Idle,
            live if live < self.quorum => State::Halted,
            _ => State::Running,
        };
    }

    /// The lanes without an entry for a record that another lane has delivered; empty when the watchdog is not armed.
    fn lacking(&self) -> LaneSet {
        if self.state != State::Running {
            return LaneSet::EMPTY;
        }
        let part = lanes(&self.ports, |port| port.takes_part(self.next));
        let delivered = lanes(&self.ports, |port| port.delivered().is_some()).and(part);
        if delivered.is_empty() {
            return LaneSet::EMPTY;
        }
        part.without(delivered).without(lanes(&self.ports, |port| port.failed.is_some()))
    }
}
