//! The two sides of a scenario: the reference model, and whatever is compared with it.

use super::{Event, Setup};
use crate::model::memory::Regions;
use crate::model::unit::Order;
use crate::model::{Memory, ReadError, Unit};
use crate::model_card::identity;
use covert_abi::registers::{card, doorbell, group, lane};
use covert_abi::verdict::phase_of;
use covert_abi::{Fault, Outcome, Verdict};
use covert_driver::group::State;
use covert_driver::ring::Position;
use covert_driver::{ArenaWriter, Doorbell, Group, GroupError};
use std::ops::Range;

const VERDICTS: u64 = 0x8000_0000;
const FAULTS: u64 = 0x9000_0000;

/// What one side shows after an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Verdicts taken.
    pub verdicts: Vec<Verdict>,
    /// Faults taken.
    pub faults: Vec<Fault>,
    /// Number of the state in the register.
    pub state: u32,
    /// Current generation.
    pub generation: u32,
    /// Bits of the live lanes.
    pub live: u32,
    /// Faults that found no room.
    pub faults_dropped: u32,
}

/// The reference model with the memory that it needs, driven as a driver would.
pub struct ModelGroup {
    pub(super) unit: Unit,
    memory: Regions,
    setup: Setup,
    verdicts_read: u32,
    faults_read: u32,
    /// A generation and how many of its records had their verdicts taken.
    released: (u32, u32),
    /// Generations whose end was taken, and with it the next one's beginning.
    ended: u32,
}

impl ModelGroup {
    /// A model of these sizes, enabled, with nothing placed.
    pub fn new(setup: Setup, order: Order) -> ModelGroup {
        let identity = identity(setup.lanes, setup.skew_log2, setup.payload_max);
        let mut memory = Regions::new();
        memory.map(VERDICTS, 32 << setup.verdict_log2);
        memory.map(FAULTS, 32 << setup.fault_log2);
        for lane in 0..setup.lanes {
            let geometry = Setup::geometry(lane);
            memory.map(geometry.base, geometry.bytes().unwrap_or(0));
        }
        let unit = Unit::new(identity).with_order(order);
        let mut model =
            ModelGroup { unit, memory, setup, verdicts_read: 0, faults_read: 0, released: (0, 0), ended: 0 };
        for (address, value) in [
            (card::CONTROL, 1),
            (card::FAULT_BASE_LO, FAULTS as u32),
            (card::FAULT_BASE_HI, (FAULTS >> 32) as u32),
            (card::FAULT_LOG2, setup.fault_log2),
            (group::address(0, group::VERDICT_BASE_LO), VERDICTS as u32),
            (group::address(0, group::VERDICT_LOG2), setup.verdict_log2),
            (group::address(0, group::PAYLOAD_MAX), setup.payload_max),
        ] {
            model.write(address, value);
        }
        model
    }

    fn write(&mut self, address: u32, value: u32) {
        self.unit.write(address, value, &mut self.memory);
    }

    fn write_pair(&mut self, low: u32, value: u64) {
        self.write(low, value as u32);
        self.write(low + 4, (value >> 32) as u32);
    }

    /// Reads a register.
    pub fn read(&self, address: u32) -> u32 {
        self.unit.read(address)
    }

    /// The memory, to make parts of it unreadable.
    pub fn memory(&mut self) -> &mut Regions {
        &mut self.memory
    }

    /// Whether a replica may write the entry with number `index` of the generation and its payload. What was not
    /// released yet must stay: a comparator may read a payload as late as at the vote, and another one may read everything
    /// again. A generation begins for the replicas when `Flushed` was taken.
    pub fn may_store(&self, index: u32) -> bool {
        if self.ended != self.generation() {
            return false;
        }
        let (generation, released) = self.released;
        let released = if generation == self.generation() { released } else { 0 };
        (released..released + 8).contains(&index)
    }

    /// Whether a replica may ring for this generation: not for one that is still to come. A doorbell that is a word in
    /// memory would not be noticed again when it has come.
    pub fn may_ring(&self, generation: u32) -> bool {
        !(1..0x1000).contains(&generation.wrapping_sub(self.generation()))
    }

    /// Number of the group's state in its register.
    pub fn state(&self) -> u32 {
        group::STATUS_STATE.of(self.read(group::address(0, group::STATUS)))
    }

    /// Whether a lane is live.
    pub fn is_live(&self, lane: usize) -> bool {
        group::STATUS_LIVE.of(self.read(group::address(0, group::STATUS))) >> lane & 1 == 1
    }

    fn generation(&self) -> u32 {
        self.read(group::address(0, group::GENERATION))
    }

    /// Lets an event happen; gives the verdicts and faults that a poll takes.
    pub fn apply(&mut self, event: &Event) -> (Vec<Verdict>, Vec<Fault>) {
        match event {
            Event::Store { iova, bytes, .. } => self.memory.write(*iova, bytes),
            Event::Ring { lane, generation, tail } => {
                self.write(doorbell::address(*lane as u32, doorbell::TAIL), *tail);
                self.write(doorbell::address(*lane as u32, doorbell::GENERATION), *generation);
            }
            Event::Place { lane, place } => {
                let address = |register| lane::address(*lane as u32, register);
                self.write_pair(address(lane::RING_BASE_LO), place.ring_base);
                self.write(address(lane::RING_LOG2), place.ring_log2);
                self.write_pair(address(lane::WINDOW_BASE_LO), place.window_base);
                self.write_pair(address(lane::WINDOW_LIMIT_LO), place.window_limit);
            }
            Event::PayloadMax(bytes) => self.write(group::address(0, group::PAYLOAD_MAX), *bytes),
            Event::Watchdog(ticks) => self.write(group::address(0, group::WATCHDOG), *ticks),
            Event::Flush { members, start } => {
                self.write(group::address(0, group::MEMBERS), members.bits().into());
                self.write_pair(group::address(0, group::START_LO), *start);
                self.write(group::address(0, group::COMMAND), 1);
            }
            Event::Reset { lane } => self.write(lane::address(*lane as u32, lane::COMMAND), 1),
            Event::Break { range, error } => self.memory.break_range(range.clone(), *error),
            Event::Mend => self.memory.mend(),
            Event::Ticks(ticks) => {
                for _ in 0..*ticks {
                    self.unit.tick(&mut self.memory);
                }
            }
            Event::Poll(limit) => return (self.take_verdicts(*limit), self.take_faults()),
        }
        (Vec::new(), Vec::new())
    }

    fn entry(&mut self, base: u64, log2: u32, index: u32) -> Option<[u8; 32]> {
        let mut entry = [0; 32];
        let slot = u64::from(index) & ((1 << log2) - 1);
        self.memory.read(base + 32 * slot, &mut entry).ok()?;
        (entry[28] & 1 == u8::from(phase_of(index, log2))).then_some(entry)
    }

    fn take_verdicts(&mut self, limit: u32) -> Vec<Verdict> {
        let mut taken = Vec::new();
        while (taken.len() as u32) < limit
            && let Some(entry) = self.entry(VERDICTS, self.setup.verdict_log2, self.verdicts_read)
            && let Ok(verdict) = Verdict::open(&entry)
        {
            taken.push(verdict);
            if verdict.outcome == Outcome::Flushed {
                self.ended = verdict.generation.wrapping_add(1);
            } else {
                let before = if self.released.0 == verdict.generation { self.released.1 } else { 0 };
                self.released = (verdict.generation, before + 1);
            }
            self.verdicts_read = self.verdicts_read.wrapping_add(1);
            self.write(group::address(0, group::VERDICT_HEAD), self.verdicts_read);
        }
        taken
    }

    fn take_faults(&mut self) -> Vec<Fault> {
        let mut taken = Vec::new();
        while self.setup.fault_log2 != 0
            && let Some(entry) = self.entry(FAULTS, self.setup.fault_log2, self.faults_read)
            && let Ok(fault) = Fault::open(&entry)
        {
            taken.push(fault);
            self.faults_read = self.faults_read.wrapping_add(1);
            self.write(card::FAULT_HEAD, self.faults_read);
        }
        taken
    }

    pub(super) fn seen(&self, (verdicts, faults): (Vec<Verdict>, Vec<Fault>)) -> Seen {
        let status = self.read(group::address(0, group::STATUS));
        Seen {
            verdicts,
            faults,
            state: group::STATUS_STATE.of(status),
            generation: self.read(group::address(0, group::GENERATION)),
            live: group::STATUS_LIVE.of(status),
            faults_dropped: self.read(card::FAULTS_DROPPED),
        }
    }
}

/// A group with the arenas and doorbells of its lanes.
pub struct Bench {
    /// What is compared with the model.
    pub group: Box<dyn Group>,
    /// The replicas' side of the arenas, by lane.
    pub arenas: Vec<ArenaWriter>,
    /// How a lane is rung, by lane.
    pub doorbells: Vec<Box<dyn Doorbell>>,
    /// How reads are made to fail, if they can be; `None` makes all good again.
    pub breaker: Option<Breaker>,
    /// How a register of the card is read, if there is a card whose registers are to be those of the model.
    pub registers: Option<Registers>,
}

/// Reads a register.
pub type Registers = Box<dyn FnMut(u32) -> Result<u32, String>>;

/// Makes reads of a range fail, or mends everything.
pub type Breaker = Box<dyn FnMut(Option<(Range<u64>, ReadError)>)>;

impl Bench {
    /// Lets an event happen. `None` when the group refuses it as out of turn: then it has not happened. With `exact`, the
    /// group keeps pace with a model that works between any two polls, and the counters are read.
    pub(super) fn apply(&mut self, event: &Event, exact: bool) -> Result<Option<Seen>, GroupError> {
        let mut taken = (Vec::new(), Vec::new());
        let refused = match event {
            Event::Store { .. } => Ok(()),
            Event::Break { range, error } => {
                if let Some(breaker) = &mut self.breaker {
                    breaker(Some((range.clone(), *error)));
                }
                Ok(())
            }
            Event::Mend => {
                if let Some(breaker) = &mut self.breaker {
                    breaker(None);
                }
                Ok(())
            }
            Event::Ring { lane, generation, tail } => {
                let position = Position { generation: *generation, count: *tail };
                self.doorbells[*lane].ring(&self.arenas[*lane], position);
                Ok(())
            }
            Event::Place { lane, place } => self.group.place(*lane, place),
            Event::PayloadMax(bytes) => self.group.set_payload_max(*bytes),
            Event::Watchdog(ticks) => {
                self.group.set_watchdog(*ticks);
                Ok(())
            }
            Event::Flush { members, start } => self.group.flush(*members, *start),
            Event::Reset { lane } => self.group.reset_lane(*lane),
            Event::Ticks(ticks) => self.group.advance(*ticks),
            Event::Poll(limit) => {
                while (taken.0.len() as u32) < *limit {
                    let verdict = match self.group.poll()? {
                        None => {
                            self.group.advance(0)?;
                            self.group.poll()?
                        }
                        some => some,
                    };
                    let Some(verdict) = verdict else { break };
                    taken.0.push(verdict);
                    if exact {
                        // The room is used at once, as the model does it.
                        self.group.advance(0)?;
                    }
                }
                while let Some(fault) = self.group.poll_fault()? {
                    taken.1.push(fault);
                }
                Ok(())
            }
        };
        match refused {
            Err(GroupError::Live { .. } | GroupError::Flushing) => return Ok(None),
            other => other?,
        }
        self.group.advance(0)?;
        let status = self.group.status();
        Ok(Some(Seen {
            verdicts: taken.0,
            faults: taken.1,
            state: match status.state {
                State::Idle => 0,
                State::Running => 1,
                State::Halted => 2,
                State::Flushing => 3,
            },
            generation: status.generation,
            live: status.live.bits().into(),
            faults_dropped: if exact { self.group.counters().faults_dropped } else { 0 },
        }))
    }
}
