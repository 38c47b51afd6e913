//! One group: the life of its generations, its votes and its watchdog.

use super::examine::{Due, Failure, examine, fetch_entry};
use super::lane::{Lane, State};
use super::rings::OutRing;
use super::unit::Order;
use super::vote::Ballot;
use super::{Memory, vote};
use covert_abi::{Fault, FaultCause, LaneSet, Outcome, VerdictEntry};

/// What a group is doing, with the numbers of its `STATUS` register.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Phase {
    #[default]
    Idle = 0,
    Running = 1,
    Halted = 2,
    Flushing = 3,
}

/// One group and its lanes.
#[derive(Clone, Debug, Default)]
pub(super) struct Group {
    pub(super) number: u16,
    pub(super) lanes: Vec<Lane>,
    pub(super) phase: Phase,
    pub(super) generation: u32,
    pub(super) members: u32,
    pub(super) start: u64,
    pub(super) ring: OutRing,
    pub(super) watchdog: u32,
    pub(super) payload_max: u32,
    /// The generation's first record.
    first: u64,
    /// Records voted on in this generation.
    voted: u64,
    quorum: usize,
    /// Ticks since the watchdog was armed.
    ticks: u32,
    /// The lanes that were live when the flush under way ended the generation's work.
    ended: LaneSet,
}

impl Group {
    /// A group in generation 0, idle, with no lane live.
    pub(super) fn new(number: u16, lanes: usize) -> Group {
        Group { number, lanes: vec![Lane::default(); lanes], ..Group::default() }
    }

    pub(super) fn live(&self) -> LaneSet {
        self.positions(Lane::is_live)
    }

    pub(super) fn next_record(&self) -> u64 {
        self.first.wrapping_add(self.voted)
    }

    fn positions(&self, which: impl Fn(&Lane) -> bool) -> LaneSet {
        self.lanes.iter().enumerate().filter(|(_, lane)| which(lane)).map(|(position, _)| position).collect()
    }

    /// Does one thing that can be done now and says whether there was one.
    pub(super) fn advance(
        &mut self,
        order: Order,
        skew: u32,
        memory: &mut dyn Memory,
        faults: &mut Vec<Fault>,
    ) -> bool {
        match (self.phase, order) {
            (Phase::Idle | Phase::Halted, _) => false,
            (Phase::Flushing, _) => self.finish_flush(memory),
            (Phase::Running, Order::VoteFirst) => self.vote(memory) || self.fetch(skew, memory, faults),
            (Phase::Running, Order::FetchFirst) => self.fetch(skew, memory, faults) || self.vote(memory),
        }
    }

    // ---- generations ------------------------------------------------------------------------

    /// The command. What is under way is over at once here; what comes while `Flushed` waits for room changes nothing of
    /// what it will say.
    pub(super) fn begin_flush(&mut self) {
        if self.phase != Phase::Flushing {
            self.phase = Phase::Flushing;
            self.ended = self.live();
        }
    }

    fn finish_flush(&mut self, memory: &mut dyn Memory) -> bool {
        if !self.ring.has_room() {
            return false;
        }
        let flushed = vote::Result {
            outcome: Outcome::Flushed,
            agree: self.ended,
            dissent: LaneSet::EMPTY,
            fingerprint: 0,
        };
        self.write_verdict(flushed, memory);
        self.generation = self.generation.wrapping_add(1);
        let members = self.members;
        for (position, lane) in self.lanes.iter_mut().enumerate() {
            lane.start(members >> position & 1 == 1);
        }
        self.first = self.start;
        self.voted = 0;
        self.quorum = if members.count_ones() == 1 { 1 } else { 2 };
        self.phase = if members == 0 {
            Phase::Idle
        } else if self.live().len() < self.quorum {
            Phase::Halted
        } else {
            Phase::Running
        };
        true
    }

    /// Back to generation 0, idle, with no lane live and no setting of the driver left, as `CONTROL_ENABLE` = 0 does.
    pub(super) fn reset(&mut self) {
        *self = Group::new(self.number, self.lanes.len());
    }

    // ---- lanes ------------------------------------------------------------------------------

    /// A doorbell; gives false when it is ignored and counted.
    pub(super) fn ring_doorbell(
        &mut self,
        position: usize,
        generation: u32,
        faults: &mut Vec<Fault>,
    ) -> bool {
        let lane = &mut self.lanes[position];
        if generation != self.generation || !lane.is_live() {
            return false;
        }
        let tail = lane.tail_written;
        if lane.can_take(tail) {
            if self.phase == Phase::Running {
                lane.tail = tail;
            }
        } else {
            self.lock(position, Failure { cause: FaultCause::Doorbell, address: u64::from(tail) }, faults);
        }
        true
    }

    pub(super) fn reset_lane(&mut self, position: usize, faults: &mut Vec<Fault>) {
        if self.lanes[position].is_live() {
            self.lock(position, Failure { cause: FaultCause::Reset, address: 0 }, faults);
        }
        self.lanes[position].forget();
    }

    fn lock(&mut self, position: usize, failure: Failure, faults: &mut Vec<Fault>) {
        let lane = &mut self.lanes[position];
        lane.state = State::Locked(failure.cause);
        lane.seat.lost = Some(failure.cause);
        faults.push(Fault {
            group: self.number,
            lane: position as u8,
            generation: self.generation,
            seq: self.first.wrapping_add(lane.seat.delivered),
            cause: failure.cause,
            address: failure.address,
        });
    }

    fn fetch(&mut self, skew: u32, memory: &mut dyn Memory, faults: &mut Vec<Fault>) -> bool {
        let ready = |lane: &Lane| {
            lane.is_live() && lane.head != lane.tail && (lane.seat.waiting.len() as u64) < u64::from(skew)
        };
        let Some(position) = self.lanes.iter().position(ready) else { return false };
        let lane = &mut self.lanes[position];
        let due = Due {
            address: lane.entry_address(),
            window: (lane.configuration.window_base, lane.configuration.window_limit),
            group: self.number,
            generation: self.generation,
            seq: self.first.wrapping_add(lane.seat.delivered),
            payload_max: self.payload_max,
        };
        let examined = fetch_entry(&due, memory).and_then(|bytes| {
            lane.head = lane.head.wrapping_add(1);
            examine(&due, bytes, memory)
        });
        match examined {
            Ok(fingerprint) => {
                lane.seat.waiting.push_back(fingerprint);
                lane.seat.delivered += 1;
            }
            Err(failure) => self.lock(position, failure, faults),
        }
        true
    }

    // ---- the vote ---------------------------------------------------------------------------

    fn vote(&mut self, memory: &mut dyn Memory) -> bool {
        let seq = self.voted;
        let has_delivered = |lane: &Lane| lane.seat.taken && !lane.seat.waiting.is_empty();
        let locked_by_now = |lane: &Lane| lane.seat.lost.is_some() && lane.seat.delivered <= seq;
        let decided = |lane: &Lane| !lane.seat.taken || has_delivered(lane) || locked_by_now(lane);
        if !self.lanes.iter().all(decided) || !self.ring.has_room() {
            return false;
        }
        let mut ballot = Ballot { quorum: self.quorum, ..Ballot::default() };
        for (position, lane) in self.lanes.iter_mut().enumerate() {
            if let Some(fingerprint) = lane.seat.waiting.pop_front() {
                ballot.delivered.push((position, fingerprint));
            } else if let Some(cause) = lane.seat.lost
                && lane.seat.delivered == seq
            {
                ballot.failed.push((position, cause));
            }
        }
        let Some(result) = ballot.count() else { return false };
        self.write_verdict(result, memory);
        self.voted += 1;
        self.ticks = 0;
        if !result.outcome.is_releasable() {
            self.phase = Phase::Halted;
        }
        true
    }

    fn write_verdict(&mut self, result: vote::Result, memory: &mut dyn Memory) {
        let entry = VerdictEntry {
            fingerprint: result.fingerprint,
            seq: self.next_record(),
            generation: self.generation,
            outcome: result.outcome.code(),
            votes: result.dissent.bits() << 4 | result.agree.bits(),
            group: self.number,
            check: 0,
            phase: 0,
        };
        self.ring.push(entry.to_bytes(), memory);
    }

    // ---- the watchdog -----------------------------------------------------------------------

    fn is_armed(&self) -> bool {
        // A lane that delivered and was locked further on still waits: else the watchdog would depend on
        // how far that lane had fetched ahead.
        let waits = self.lanes.iter().any(|lane| !lane.seat.waiting.is_empty());
        self.phase == Phase::Running && waits && self.lanes.iter().any(Lane::lacks_an_entry)
    }

    /// Called whenever everything is done that could be done: disarms a watchdog whose reason is gone.
    pub(super) fn settle_watchdog(&mut self) {
        if !self.is_armed() {
            self.ticks = 0;
        }
    }

    pub(super) fn tick(&mut self, faults: &mut Vec<Fault>) {
        if !self.is_armed() {
            return;
        }
        self.ticks = self.ticks.saturating_add(1);
        if self.watchdog != 0 && self.ticks >= self.watchdog {
            for position in self.positions(Lane::lacks_an_entry).iter() {
                self.lock(position, Failure { cause: FaultCause::Timeout, address: 0 }, faults);
            }
        }
    }
}
