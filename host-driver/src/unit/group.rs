//! One group of a unit.

use super::ring::OutRing;
use super::{Unit, UnitError, limit};
use crate::arena::ArenaReader;
use crate::card::{CardError, Direction, Shared};
use crate::group::{Counters, Group, GroupError, LanePlace, Limits, State, Status};
use crate::progress::ProgressWriter;
use crate::release::{CopyError, RecordCopy};
use crate::ring::Position;
use covert_abi::registers::{card, group, lane};
use covert_abi::{Fault, Generation, LaneSet, Outcome, Seq, SubmissionEntry, Verdict};
use std::collections::VecDeque;
use std::os::fd::{AsFd, OwnedFd};

/// How often a command's end is looked for before the card is taken for broken.
const PATIENCE: u32 = 100_000;

/// Sizes and places of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnitConfig {
    /// Which group of the unit.
    pub group: u16,
    /// Log2 of the verdict ring's entries.
    pub verdict_log2: u32,
    /// IOVA of the verdict ring; a multiple of 4096.
    pub verdict_iova: u64,
    /// Longest payload in bytes.
    pub payload_max: u32,
}

/// A group compared by a unit.
pub struct UnitGroup {
    unit: Unit,
    config: UnitConfig,
    arenas: Vec<ArenaReader>,
    places: Vec<LanePlace>,
    progress: ProgressWriter,
    ring: OutRing,
    /// Windows to close at the end.
    windows: Vec<u64>,
    /// First records of the generations to come, one for each flush whose `Flushed` was not read yet.
    starts: VecDeque<Seq>,
    /// The generation of the next verdict, and its first record.
    generation: Generation,
    start: Seq,
    /// The record of the next verdict.
    next: Seq,
    released: Seq,
    payload_limit: u32,
    base: Counters,
}

impl UnitGroup {
    /// Takes a group of the unit, over the arenas of its lanes in the order of their positions. The card may read
    /// the arenas, at the IOVAs of their geometries, and write the verdict ring, and nothing else.
    ///
    /// # Errors
    /// More than the unit has, a group that was used since the unit was opened, or memory that cannot be mapped.
    pub fn new(
        unit: &Unit,
        config: UnitConfig,
        arenas: Vec<ArenaReader>,
        memory: &[OwnedFd],
        progress: ProgressWriter,
    ) -> Result<UnitGroup, UnitError> {
        let identity = unit.identity();
        limit("the group's number", config.group.into(), u64::from(identity.groups) - 1)?;
        limit("the number of lanes", arenas.len() as u64, identity.lanes.into())?;
        limit("log2 of the verdict ring", config.verdict_log2.into(), identity.ring_max.ilog2().into())?;
        limit("the longest payload", config.payload_max.into(), identity.payload_max.into())?;
        let ring = OutRing::create("verdict", config.verdict_log2)?;
        let closed = LanePlace { ring_base: 0, ring_log2: 0, window_base: 0, window_limit: 0 };
        let mut it = UnitGroup {
            unit: unit.clone(),
            config,
            places: vec![closed; arenas.len()],
            arenas,
            progress,
            ring,
            windows: Vec::new(),
            starts: VecDeque::new(),
            generation: 0,
            start: 0,
            next: 0,
            released: 0,
            payload_limit: config.payload_max,
            base: Counters::default(),
        };
        let tail = it.read(group::VERDICT_TAIL)?;
        if tail != 0 {
            let found = format!("that group {} has written {tail} verdicts already", config.group);
            return Err(UnitError::Impossible { found });
        }
        for (lane, fd) in memory.iter().enumerate().take(it.arenas.len()) {
            let geometry = *it.arenas[lane].geometry();
            let bytes = geometry.bytes()? as u64;
            it.map(geometry.base, Shared { fd: fd.as_fd(), offset: 0, bytes }, Direction::Read)?;
        }
        let (iova, memory) = (config.verdict_iova, it.ring.memory());
        it.unit.lock().port.map(iova, memory, Direction::Write)?;
        it.windows.push(iova);
        it.write_pair(group::VERDICT_BASE_LO, iova)?;
        it.write(group::VERDICT_LOG2, config.verdict_log2)?;
        it.write(group::PAYLOAD_MAX, config.payload_max)?;
        it.base = it.count();
        Ok(it)
    }

    fn map(&mut self, iova: u64, memory: Shared<'_>, direction: Direction) -> Result<(), CardError> {
        self.unit.lock().port.map(iova, memory, direction)?;
        self.windows.push(iova);
        Ok(())
    }

    fn address(&self, register: u32) -> u32 {
        group::address(self.config.group.into(), register)
    }

    fn read(&self, register: u32) -> Result<u32, CardError> {
        let offset = self.address(register);
        let value = self.unit.lock().port.read(offset)?;
        // None of a group's registers but those that the driver sets itself can be all ones on a working card.
        if value == u32::MAX && register < group::MEMBERS {
            let reason = "reads as ones: the card is gone".into();
            return Err(CardError::Register { offset, reason });
        }
        Ok(value)
    }

    fn write(&self, register: u32, value: u32) -> Result<(), CardError> {
        self.unit.lock().port.write(self.address(register), value)
    }

    fn write_pair(&self, register: u32, value: u64) -> Result<(), CardError> {
        self.unit.lock().port.write_pair(self.address(register), value)
    }

    fn lane_address(&self, lane: usize, register: u32) -> u32 {
        lane::address(self.unit.lane(self.config.group, lane), register)
    }

    fn count(&self) -> Counters {
        let mut inner = self.unit.lock();
        let mut read = |register| inner.port.read(register).unwrap_or(u32::MAX);
        Counters { stale_doorbells: read(card::STALE_DOORBELLS), faults_dropped: read(card::FAULTS_DROPPED) }
    }

    fn check_lane(&self, lane: usize) -> Result<(), GroupError> {
        let lanes = self.arenas.len();
        if lane < lanes { Ok(()) } else { Err(GroupError::NoLane { lane, lanes }) }
    }

    fn catch_up(&self) -> Result<(), GroupError> {
        self.unit.lock().port.catch_up().map_err(broken)
    }

    /// Checks that a verdict is the one that must come next, and takes it into account.
    fn account(&mut self, verdict: &Verdict) -> Result<(), UnitError> {
        let due = (self.config.group, self.generation, self.next);
        let lanes = LaneSet::first(self.arenas.len());
        let sane = (verdict.group, verdict.generation, verdict.seq) == due
            && verdict.agree.and(verdict.dissent).is_empty()
            && verdict.agree.or(verdict.dissent).without(lanes).is_empty();
        let start = match verdict.outcome {
            Outcome::Flushed => self.starts.pop_front(),
            _ => Some(0),
        };
        let (true, Some(start)) = (sane, start) else {
            return Err(UnitError::Impossible { found: format!("{verdict:?} where {due:x?} was due") });
        };
        if verdict.outcome == Outcome::Flushed {
            self.generation = self.generation.wrapping_add(1);
            self.start = start;
            self.next = start;
            self.released = start;
            self.progress.publish(Position { generation: self.generation, count: 0 });
        } else {
            self.next = self.next.wrapping_add(1);
        }
        Ok(())
    }
}

fn broken(error: impl std::fmt::Display) -> GroupError {
    GroupError::Broken(error.to_string())
}

impl Group for UnitGroup {
    fn limits(&self) -> Limits {
        let identity = self.unit.identity();
        let faults = self.unit.lock().port.read(card::FAULT_LOG2).unwrap_or(0);
        Limits {
            lanes: self.arenas.len(),
            skew: identity.skew,
            verdicts: 1 << self.config.verdict_log2,
            faults: if (1..32).contains(&faults) { 1 << faults } else { 0 },
            payload_max: self.config.payload_max,
        }
    }

    fn status(&self) -> Status {
        let (Ok(status), Ok(generation)) = (self.read(group::STATUS), self.read(group::GENERATION)) else {
            // A card that does not answer runs nothing; `advance` and `poll` say that it is broken.
            return Status { state: State::Halted, generation: self.generation, live: LaneSet::EMPTY };
        };
        let state = match group::STATUS_STATE.of(status) {
            0 => State::Idle,
            1 => State::Running,
            3 => State::Flushing,
            _ => State::Halted,
        };
        let live = LaneSet::from_bits(group::STATUS_LIVE.of(status) as u8).unwrap_or_default();
        Status { state, generation, live }
    }

    fn counters(&self) -> Counters {
        let now = self.count();
        Counters {
            stale_doorbells: now.stale_doorbells.saturating_sub(self.base.stale_doorbells),
            faults_dropped: now.faults_dropped.saturating_sub(self.base.faults_dropped),
        }
    }

    fn place(&mut self, lane: usize, place: &LanePlace) -> Result<(), GroupError> {
        self.check_lane(lane)?;
        if self.status().live.contains(lane) {
            return Err(GroupError::Live { lane });
        }
        let config = |what, value, must| Err(GroupError::Config { what, value, must });
        if !place.ring_base.is_multiple_of(64) {
            return config("the ring's address", place.ring_base, "it must be a multiple of 64");
        }
        if place.ring_log2 > self.unit.identity().ring_max.ilog2() {
            return config("log2 of the ring", place.ring_log2.into(), "it must be at most the unit's limit");
        }
        let base = self.lane_address(lane, 0);
        let port = &mut self.unit.lock().port;
        port.write_pair(base + lane::RING_BASE_LO, place.ring_base).map_err(broken)?;
        port.write(base + lane::RING_LOG2, place.ring_log2).map_err(broken)?;
        port.write_pair(base + lane::WINDOW_BASE_LO, place.window_base).map_err(broken)?;
        port.write_pair(base + lane::WINDOW_LIMIT_LO, place.window_limit).map_err(broken)?;
        self.places[lane] = *place;
        Ok(())
    }

    fn set_payload_max(&mut self, bytes: u32) -> Result<(), GroupError> {
        if bytes > self.config.payload_max {
            let must = "it must be at most what the group was made for";
            return Err(GroupError::Config { what: "the longest payload", value: bytes.into(), must });
        }
        self.payload_limit = bytes;
        self.write(group::PAYLOAD_MAX, bytes).map_err(broken)
    }

    fn set_watchdog(&mut self, ticks: u32) {
        // A card that does not take it is broken, which the next `advance` or `poll` says.
        let _ = self.write(group::WATCHDOG, ticks);
    }

    fn flush(&mut self, members: LaneSet, start: Seq) -> Result<(), GroupError> {
        if let Some(lane) = members.without(LaneSet::first(self.arenas.len())).iter().next() {
            return Err(GroupError::NoLane { lane, lanes: self.arenas.len() });
        }
        if group::COMMAND_FLUSH.of(self.read(group::COMMAND).map_err(broken)?) == 1 {
            return Err(GroupError::Flushing);
        }
        self.catch_up()?;
        self.write(group::MEMBERS, members.bits().into()).map_err(broken)?;
        self.write_pair(group::START_LO, start).map_err(broken)?;
        self.write(group::COMMAND, group::COMMAND_FLUSH.put(1)).map_err(broken)?;
        self.starts.push_back(start);
        self.catch_up()
    }

    fn reset_lane(&mut self, lane: usize) -> Result<(), GroupError> {
        self.check_lane(lane)?;
        self.catch_up()?;
        let command = self.lane_address(lane, lane::COMMAND);
        self.unit.lock().port.write(command, lane::COMMAND_RESET.put(1)).map_err(broken)?;
        self.catch_up()?;
        for _ in 0..PATIENCE {
            if lane::COMMAND_RESET.of(self.unit.lock().port.read(command).map_err(broken)?) == 0 {
                return Ok(());
            }
        }
        Err(broken(format!("the reset of lane {lane} does not end")))
    }

    fn advance(&mut self, ticks: u32) -> Result<(), GroupError> {
        self.catch_up()?;
        self.unit.lock().port.pass_ticks(ticks).map_err(broken)
    }

    fn poll(&mut self) -> Result<Option<Verdict>, GroupError> {
        let entry = match self.ring.next() {
            Some(entry) => entry,
            None => {
                self.catch_up()?;
                let Some(entry) = self.ring.next() else { return Ok(None) };
                entry
            }
        };
        let (index, entry) = entry;
        let verdict = Verdict::open(&entry)
            .map_err(|error| broken(UnitError::Entry { ring: "verdict", index, error }))?;
        self.account(&verdict).map_err(broken)?;
        self.write(group::VERDICT_HEAD, self.ring.read()).map_err(broken)?;
        Ok(Some(verdict))
    }

    fn poll_fault(&mut self) -> Result<Option<Fault>, GroupError> {
        if let Some(fault) = self.unit.poll_fault(self.config.group).map_err(broken)? {
            return Ok(Some(fault));
        }
        self.catch_up()?;
        self.unit.poll_fault(self.config.group).map_err(broken)
    }

    fn copy_record(&self, lane: usize, seq: Seq, copy: &mut RecordCopy) -> Result<(), CopyError> {
        let (Some(arena), Some(place)) = (self.arenas.get(lane), self.places.get(lane)) else {
            return Err(CopyError::NoLane(lane));
        };
        if seq < self.released || seq >= self.next {
            return Err(CopyError::NotThere { seq });
        }
        let index = seq.wrapping_sub(self.start) & ((1 << place.ring_log2) - 1);
        copy.fill(arena, place.ring_base.wrapping_add(index * SubmissionEntry::BYTES as u64))
    }

    fn release(&mut self, next: Seq) -> Result<(), GroupError> {
        if next < self.released || next > self.next {
            return Err(GroupError::Release { asked: next, released: self.released, judged: self.next });
        }
        self.released = next;
        let count = next.wrapping_sub(self.start) as u32;
        self.progress.publish(Position { generation: self.generation, count });
        Ok(())
    }
}

impl Drop for UnitGroup {
    fn drop(&mut self) {
        // The order of a card that is given up: no member, no generation, and only then no memory.
        let _ = self.flush(LaneSet::EMPTY, 0);
        let port = &mut self.unit.lock().port;
        for iova in self.windows.drain(..) {
            let _ = port.unmap(iova);
        }
    }
}
