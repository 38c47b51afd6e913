//! One group of a unit.

use super::access::Access;
use super::due::Due;
use super::ring::OutRing;
use super::{Unit, UnitError, limit, suspects};
use crate::arena::ArenaReader;
use crate::card::{CardPort, Direction, Shared};
use crate::group::{Counters, Group, GroupError, LanePlace, Limits, State, Status};
use crate::ledger::{Command, Done, Ledger, Marks};
use crate::progress::ProgressWriter;
use crate::release::{CopyError, RecordCopy};
use crate::remains::Remains;
use crate::ring::Position;
use covert_abi::registers::{card, group, lane};
use covert_abi::{Fault, LaneSet, Outcome, Seq, SubmissionEntry, Verdict};
use std::os::fd::{AsFd, OwnedFd};
use std::time::Instant;

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
    // The windows close before the ring goes whose memory they show.
    pub(super) access: Access,
    config: UnitConfig,
    arenas: Vec<ArenaReader>,
    /// Where the lanes were placed last.
    places: Vec<LanePlace>,
    pub(super) progress: ProgressWriter,
    ring: OutRing,
    /// How many verdicts the card was told to have been read.
    told: u32,
    pub(super) ledger: Ledger,
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
            access: Access::new(unit, config.group),
            config,
            places: vec![closed; arenas.len()],
            ledger: Ledger::new(vec![closed; arenas.len()], config.payload_max),
            arenas,
            progress,
            ring,
            told: 0,
            base: Counters::default(),
        };
        let tail = it.access.read(group::VERDICT_TAIL)?;
        if tail != 0 {
            let found = format!("that group {} has written {tail} verdicts already", config.group);
            return Err(UnitError::Impossible { found });
        }
        for (lane, fd) in memory.iter().enumerate().take(it.arenas.len()) {
            let geometry = *it.arenas[lane].geometry();
            let bytes = geometry.bytes()? as u64;
            let memory = Shared { fd: fd.as_fd(), offset: 0, bytes };
            it.access.map(geometry.base, memory, Direction::Read)?;
        }
        it.access.map(config.verdict_iova, it.ring.memory(), Direction::Write)?;
        it.access.write_pair(group::VERDICT_BASE_LO, config.verdict_iova)?;
        it.access.write(group::VERDICT_LOG2, config.verdict_log2)?;
        it.access.placed = true;
        it.access.write(group::PAYLOAD_MAX, config.payload_max)?;
        it.base = it.count();
        Ok(it)
    }

    /// Whether the card has everything that its next verdict takes: an entry of each live lane, or a flush. For how long it may
    /// owe one is for the coordinator to say, who knows how long the payloads are and how fast the card is.
    pub fn owes_verdict(&self) -> bool {
        let ledger = &self.ledger;
        if ledger.flush_pending() {
            return true;
        }
        let due = ledger.index(ledger.next);
        let takes_part = |lane: &usize| ledger.failed[*lane].is_none();
        let rang = |lane: usize| {
            let rung = self.arenas.get(lane).map(ArenaReader::rung).unwrap_or_default();
            rung.generation == ledger.generation && rung.count.wrapping_sub(due) as i32 > 0
        };
        let mut lanes = ledger.live.iter().filter(takes_part).peekable();
        !ledger.halted && lanes.peek().is_some() && lanes.all(rang)
    }

    /// Gives the card up: it can send no request any more, is reset, and loses every window of this group and of the fault
    /// ring, in this order. What it leaves is for [`SoftwareGroup::take_over`](crate::SoftwareGroup::take_over).
    ///
    /// Each step is tried although the card may answer nothing; it takes a fixed number of accesses. The other groups of the
    /// same unit are broken by this: every call of theirs fails from here on, and they are to be abandoned as well.
    pub fn abandon(self) -> Remains {
        let UnitGroup { mut access, config, arenas, progress, ring, mut ledger, .. } = self;
        access.give_up();
        // The card could write the ring up to here.
        drop(ring);
        let faults = access.unit.take_waiting(config.group);
        faults.iter().for_each(|fault| ledger.fault(fault));
        Remains {
            group: config.group,
            arenas,
            progress,
            ledger,
            skew_log2: access.unit.identity().skew.ilog2(),
            verdicts: 1 << config.verdict_log2,
            payload_max: config.payload_max,
            faults,
        }
    }

    fn count(&self) -> Counters {
        let mut inner = self.access.unit.lock();
        let mut read = |register| inner.port.read(register).unwrap_or(u32::MAX);
        Counters { stale_doorbells: read(card::STALE_DOORBELLS), faults_dropped: read(card::FAULTS_DROPPED) }
    }

    fn check_lane(&self, lane: usize) -> Result<(), GroupError> {
        let lanes = self.arenas.len();
        if lane < lanes { Ok(()) } else { Err(GroupError::NoLane { lane, lanes }) }
    }

    fn catch_up(&self) -> Result<(), GroupError> {
        self.access.unit.lock().port.catch_up().map_err(broken)
    }

    /// Whether a verdict is in the ring, looked at without a word to the card.
    pub fn has_verdict(&self) -> bool {
        self.ring.has_next()
    }

    /// Tells the card what was read. That is an access over its bus, so it is done once for many verdicts: when no more are there, when
    /// the group is worked on otherwise, and at the latest when half of the ring is not told.
    fn tell(&mut self) -> Result<(), GroupError> {
        let read = self.ring.read();
        if read != self.told {
            self.access.write(group::VERDICT_HEAD, read).map_err(broken)?;
            self.told = read;
        }
        Ok(())
    }

    fn tell_in_time(&mut self) -> Result<(), GroupError> {
        let half = (1u32 << self.config.verdict_log2) / 2;
        if self.ring.read().wrapping_sub(self.told) >= half.max(1) { self.tell() } else { Ok(()) }
    }

    /// The moment of a command, to be taken before it is given.
    fn moment(&mut self, command: Command) -> Result<Done, GroupError> {
        // The room that is noted is the room that the card has.
        self.tell()?;
        let ledger = &self.ledger;
        let room = ledger.polled + (1 << self.config.verdict_log2);
        let (generation, marks) = if ledger.generation == 0 && !ledger.flush_pending() {
            // No lane has ever been live.
            (0, Marks::default())
        } else {
            self.access.marks(self.arenas.len()).map_err(broken)?
        };
        Ok(Done { command, generation, marks, room })
    }
}

pub(super) fn broken(error: impl std::fmt::Display) -> GroupError {
    GroupError::Broken(error.to_string())
}

impl Group for UnitGroup {
    fn limits(&self) -> Limits {
        let identity = self.access.unit.identity();
        let faults = self.access.unit.lock().port.read(card::FAULT_LOG2).unwrap_or(0);
        Limits {
            lanes: self.arenas.len(),
            skew: identity.skew,
            verdicts: 1 << self.config.verdict_log2,
            faults: if (1..32).contains(&faults) { 1 << faults } else { 0 },
            payload_max: self.config.payload_max,
        }
    }

    fn status(&self) -> Status {
        let (Ok(status), Ok(generation)) =
            (self.access.read(group::STATUS), self.access.read(group::GENERATION))
        else {
            // A card that does not answer runs nothing; `advance` and `poll` say that it is broken.
            return Status { state: State::Halted, generation: self.ledger.generation, live: LaneSet::EMPTY };
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
        // Not `status`, which hides that a card is gone: the lane might be live.
        let status = self.access.read(group::STATUS).map_err(broken)?;
        if group::STATUS_LIVE.of(status) >> lane & 1 == 1 {
            return Err(GroupError::Live { lane });
        }
        let config = |what, value, must| Err(GroupError::Config { what, value, must });
        if !place.ring_base.is_multiple_of(64) {
            return config("the ring's address", place.ring_base, "it must be a multiple of 64");
        }
        if place.ring_log2 > self.access.unit.identity().ring_max.ilog2() {
            return config("log2 of the ring", place.ring_log2.into(), "it must be at most the unit's limit");
        }
        let done = self.moment(Command::Place { lane, place: *place })?;
        let base = self.access.lane_address(lane, 0);
        let port = &mut self.access.unit.lock().port;
        port.write_pair(base + lane::RING_BASE_LO, place.ring_base).map_err(broken)?;
        port.write(base + lane::RING_LOG2, place.ring_log2).map_err(broken)?;
        port.write_pair(base + lane::WINDOW_BASE_LO, place.window_base).map_err(broken)?;
        port.write_pair(base + lane::WINDOW_LIMIT_LO, place.window_limit).map_err(broken)?;
        self.places[lane] = *place;
        self.ledger.journal.push_back(done);
        Ok(())
    }

    fn set_payload_max(&mut self, bytes: u32) -> Result<(), GroupError> {
        if bytes > self.config.payload_max {
            let must = "it must be at most what the group was made for";
            return Err(GroupError::Config { what: "the longest payload", value: bytes.into(), must });
        }
        let done = self.moment(Command::PayloadMax(bytes))?;
        self.access.write(group::PAYLOAD_MAX, bytes).map_err(broken)?;
        self.ledger.journal.push_back(done);
        Ok(())
    }

    fn set_watchdog(&mut self, ticks: u32) {
        // A card that does not take it is broken, which the next `advance` or `poll` says, and then it is remembered here.
        self.ledger.watchdog = ticks;
        let _ = self.access.write(group::WATCHDOG, ticks);
    }

    fn flush(&mut self, members: LaneSet, start: Seq) -> Result<(), GroupError> {
        if let Some(lane) = members.without(LaneSet::first(self.arenas.len())).iter().next() {
            return Err(GroupError::NoLane { lane, lanes: self.arenas.len() });
        }
        if group::COMMAND_FLUSH.of(self.access.read(group::COMMAND).map_err(broken)?) == 1 {
            return Err(GroupError::Flushing);
        }
        self.catch_up()?;
        let done = self.moment(Command::Flush { members, start })?;
        self.access.write(group::MEMBERS, members.bits().into()).map_err(broken)?;
        self.access.write_pair(group::START_LO, start).map_err(broken)?;
        self.access.write(group::COMMAND, group::COMMAND_FLUSH.put(1)).map_err(broken)?;
        self.catch_up()?;
        // Only now: after an error the caller gives the same flush to another comparator, which must not know of this one.
        self.ledger.journal.push_back(done);
        Ok(())
    }

    fn reset_lane(&mut self, lane: usize) -> Result<(), GroupError> {
        self.check_lane(lane)?;
        self.catch_up()?;
        let done = self.moment(Command::Reset { lane })?;
        let command = self.access.lane_address(lane, lane::COMMAND);
        self.access.unit.lock().port.write(command, lane::COMMAND_RESET.put(1)).map_err(broken)?;
        self.catch_up()?;
        let since = Instant::now();
        loop {
            let inner = &mut *self.access.unit.lock();
            // Before the look: whoever was kept from its core for that long looks once more.
            let over = since.elapsed() > inner.patience;
            if lane::COMMAND_RESET.of(inner.port.read(command).map_err(broken)?) == 0 {
                break;
            }
            if over {
                let patience = inner.patience.as_millis();
                return Err(broken(format!("the reset of lane {lane} did not end within {patience} ms")));
            }
        }
        self.ledger.journal.push_back(done);
        Ok(())
    }

    fn advance(&mut self, ticks: u32) -> Result<(), GroupError> {
        self.tell()?;
        self.catch_up()?;
        self.access.unit.lock().port.pass_ticks(ticks).map_err(broken)
    }

    fn poll(&mut self) -> Result<Option<Verdict>, GroupError> {
        let entry = match self.ring.next() {
            Some(entry) => entry,
            None => {
                self.tell()?;
                self.catch_up()?;
                let Some(entry) = self.ring.next() else { return Ok(None) };
                entry
            }
        };
        let (index, entry) = entry;
        let verdict = Verdict::open(&entry)
            .map_err(|error| broken(UnitError::Entry { ring: "verdict", index, error }))?;
        let due =
            Due { group: self.config.group, lanes: LaneSet::first(self.arenas.len()), ledger: &self.ledger };
        due.check(&verdict).map_err(broken)?;
        if verdict.outcome != Outcome::Match {
            // It may rest on faults of which nothing is left to see afterwards.
            for fault in self.access.unit.read_faults(self.config.group).map_err(broken)? {
                self.ledger.fault(&fault);
            }
        }
        // Before it counts: a verdict that is not handed out must not be remembered as one that was.
        self.tell_in_time()?;
        let locked = suspects::locked(&self.ledger, &self.arenas, &verdict);
        if self.ledger.verdict(&verdict, locked) && verdict.outcome == Outcome::Flushed {
            self.progress.publish(Position { generation: self.ledger.generation, count: 0 });
        }
        Ok(Some(verdict))
    }

    fn poll_fault(&mut self) -> Result<Option<Fault>, GroupError> {
        let mut fault = self.access.unit.poll_fault(self.config.group).map_err(broken)?;
        if fault.is_none() {
            self.catch_up()?;
            fault = self.access.unit.poll_fault(self.config.group).map_err(broken)?;
        }
        if let Some(fault) = &fault {
            self.ledger.fault(fault);
        }
        Ok(fault)
    }

    fn copy_record(&self, lane: usize, seq: Seq, copy: &mut RecordCopy) -> Result<(), CopyError> {
        let (Some(arena), Some(place)) = (self.arenas.get(lane), self.places.get(lane)) else {
            return Err(CopyError::NoLane(lane));
        };
        if seq < self.ledger.released || seq >= self.ledger.next {
            return Err(CopyError::NotThere { seq });
        }
        let index = seq.wrapping_sub(self.ledger.start) & ((1 << place.ring_log2) - 1);
        copy.fill(arena, place.ring_base.wrapping_add(index * SubmissionEntry::BYTES as u64))
    }

    fn release(&mut self, next: Seq) -> Result<(), GroupError> {
        if next < self.ledger.released || next > self.ledger.next {
            return Err(GroupError::Release {
                asked: next,
                released: self.ledger.released,
                judged: self.ledger.next,
            });
        }
        self.ledger.released = next;
        let count = next.wrapping_sub(self.ledger.start) as u32;
        self.progress.publish(Position { generation: self.ledger.generation, count });
        Ok(())
    }
}
