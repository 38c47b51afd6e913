//! The unit as a whole: what happens at each register write and at each tick.

use super::Memory;
use super::group::Group;
use super::rings::OutRing;
use covert_abi::{Fault, FaultEntry, Identity};

/// What is done first when both a vote and a fetch are possible. `unit.md` leaves it open, and no verdict on a record depends
/// on it; what does is whether a lane whose bad entry lies behind a halting record is locked by then.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Vote: nothing is fetched behind a halting record.
    #[default]
    VoteFirst,
    /// Fetch: lanes are as far ahead as their skew allows before a vote.
    FetchFirst,
}

/// A redundancy unit without clocks.
///
/// Everything that a write or a tick allows has happened when the call returns.
#[derive(Clone, Debug)]
pub struct Unit {
    pub(super) identity: Identity,
    order: Order,
    pub(super) enabled: bool,
    pub(super) groups: Vec<Group>,
    pub(super) fault_ring: OutRing,
    pub(super) faults_dropped: u32,
    pub(super) stale_doorbells: u32,
}

impl Unit {
    /// A unit as it comes out of reset. Of `identity`, sizes and limits are used as they are; `push` and `checkpoint`
    /// must be absent, this model has neither.
    pub fn new(identity: Identity) -> Unit {
        Unit {
            identity,
            order: Order::default(),
            enabled: false,
            groups: (0..identity.groups.into())
                .map(|number| Group::new(number, identity.lanes.into()))
                .collect(),
            fault_ring: OutRing::default(),
            faults_dropped: 0,
            stale_doorbells: 0,
        }
    }

    /// The same unit with another order of work.
    pub fn with_order(self, order: Order) -> Unit {
        Unit { order, ..self }
    }

    /// One tick of the watchdogs.
    pub fn tick(&mut self, memory: &mut dyn Memory) {
        let mut faults = Vec::new();
        for group in &mut self.groups {
            group.tick(&mut faults);
        }
        self.log(faults, memory);
        self.settle(memory);
    }

    /// The record that a group votes on next; what a flush would say in `seq`.
    pub fn next_record(&self, group: usize) -> u64 {
        self.groups[group].next_record()
    }

    /// Does everything that there is to do.
    pub(super) fn settle(&mut self, memory: &mut dyn Memory) {
        if !self.enabled {
            return;
        }
        let (order, skew) = (self.order, self.identity.skew);
        let mut faults = Vec::new();
        for group in &mut self.groups {
            while group.advance(order, skew, memory, &mut faults) {}
            group.settle_watchdog();
        }
        self.log(faults, memory);
    }

    /// `CONTROL_ENABLE` changes. Switching off resets every group and lane with all their settings; those of the fault ring stay.
    pub(super) fn enable(&mut self, on: bool) {
        self.enabled = on;
        if !on {
            self.groups.iter_mut().for_each(Group::reset);
            self.fault_ring.restart();
        }
    }

    pub(super) fn ring_doorbell(&mut self, lane: usize, generation: u32, memory: &mut dyn Memory) {
        let (group, position) = self.place(lane);
        let mut faults = Vec::new();
        if !self.groups[group].ring_doorbell(position, generation, &mut faults) {
            self.stale_doorbells = self.stale_doorbells.saturating_add(1);
        }
        self.log(faults, memory);
    }

    pub(super) fn reset_lane(&mut self, lane: usize, memory: &mut dyn Memory) {
        let (group, position) = self.place(lane);
        let mut faults = Vec::new();
        self.groups[group].reset_lane(position, &mut faults);
        self.log(faults, memory);
    }

    /// The group and the position in it of the unit's lane number `lane`.
    pub(super) fn place(&self, lane: usize) -> (usize, usize) {
        (lane / usize::from(self.identity.lanes), lane % usize::from(self.identity.lanes))
    }

    fn log(&mut self, faults: Vec<Fault>, memory: &mut dyn Memory) {
        for fault in faults {
            if self.fault_ring.log2 == 0 || !self.fault_ring.has_room() {
                self.faults_dropped = self.faults_dropped.saturating_add(1);
                continue;
            }
            let entry = FaultEntry {
                address: fault.address,
                seq: fault.seq,
                generation: fault.generation,
                cause: fault.cause.code(),
                lane: fault.lane,
                group: fault.group,
                check: 0,
                phase: 0,
            };
            self.fault_ring.push(entry.to_bytes(), memory);
        }
    }
}
