//! Making way for a card, where a generation begins.

use super::port::{LaneState, NOWHERE, lanes};
use super::vote::quorum;
use super::{SoftwareGroup, State};
use crate::group::LanePlace;
use crate::progress::ProgressWriter;
use covert_abi::{Fault, Generation, LaneSet, Seq};
use std::collections::VecDeque;

/// A generation in which nothing has happened yet, and what was set for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Beginning {
    pub(crate) group: u16,
    pub(crate) generation: Generation,
    pub(crate) start: Seq,
    pub(crate) members: LaneSet,
    /// Where the lanes are; `None` for one that was reset and not placed since.
    pub(crate) places: Vec<Option<LanePlace>>,
    pub(crate) payload_max: u32,
    pub(crate) watchdog: u32,
}

impl SoftwareGroup {
    /// The generation that has just begun: its marker was polled, no verdict and no doorbell has followed, and every lane that it was
    /// begun with is live, so that the same flush begins it on another comparator. `None` if it is not so.
    pub(crate) fn beginning(&self) -> Option<Beginning> {
        let generation = self.terms.generation;
        let live = lanes(&self.ports, |port| port.state == LaneState::Live);
        let locked = lanes(&self.ports, |port| port.state == LaneState::Locked);
        let members = lanes(&self.ports, |port| port.member);
        let rung = lanes(&self.ports, |port| {
            let rung = port.arena.rung();
            rung.generation == generation && rung.count != 0
        });
        let fresh = generation != 0
            && self.state == State::Running
            && self.next == self.start
            && self.verdicts.is_empty()
            && locked.is_empty()
            && members == live
            && rung.is_empty()
            && self.quorum == quorum(live);
        fresh.then(|| Beginning {
            group: self.config.group,
            generation,
            start: self.start,
            members: live,
            places: self.ports.iter().map(|port| (port.place != NOWHERE).then_some(port.place)).collect(),
            payload_max: self.terms.payload_max,
            watchdog: self.watchdog.ticks(),
        })
    }

    /// What is left for the one that follows: the page by which the replicas learn what was released, and the fault reports that
    /// nobody has asked for.
    pub(crate) fn hand_over(self) -> (ProgressWriter, VecDeque<Fault>) {
        (self.progress, self.faults)
    }
}
