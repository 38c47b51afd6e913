//! Taking over from software, where a generation begins.
//!
//! A group on a card that has just been switched on is in generation 0, a machine that has run for a while is not. Flushes without
//! members bring the group to where the machine is ([`bring_to`](UnitGroup::bring_to), which may be done long before); then
//! [`follow`](UnitGroup::follow) gives it everything that was set in software and begins the same generation on it.
//! Software stays what compares until [`adopt`](UnitGroup::adopt), which cannot fail: only then does the
//! group get the page by which the replicas learn what was released.
//!
//! The moment for it is when the software's `Flushed` was polled and no replica was told yet to begin.

use super::UnitGroup;
use super::group::broken;
use crate::SoftwareGroup;
use crate::group::{Group, GroupError};
use crate::ring::Position;
use covert_abi::{Fault, Generation, LaneSet, Outcome, Seq};
use std::collections::VecDeque;
use std::time::Instant;

impl UnitGroup {
    /// Brings a group in which no lane is live to this generation. Each generation on the way may take as long as any command;
    /// see [`Unit::set_patience`](super::Unit::set_patience).
    ///
    /// # Errors
    /// The group is past it, or the card is broken.
    pub fn bring_to(&mut self, generation: Generation) -> Result<(), GroupError> {
        if generation < self.ledger.generation || !self.ledger.live.is_empty() {
            let must = "it must not be over, and no lane may be live";
            return Err(GroupError::Config { what: "the generation", value: generation.into(), must });
        }
        while self.ledger.generation != generation {
            self.flush_and_wait(LaneSet::EMPTY, 0)?;
        }
        Ok(())
    }

    /// Begins the generation that software has just begun, with the same lanes, at the same record and with the same settings.
    ///
    /// # Errors
    /// Software has come further than that or has a locked lane, the group is past it or smaller, or the card is broken. Software
    /// then goes on as if nothing had been.
    pub fn follow(&mut self, software: &SoftwareGroup) -> Result<(), GroupError> {
        let must = "it must have just begun, with every member live and on as many lanes as the card's";
        let refused = GroupError::Config { what: "the generation", value: 0, must };
        let Some(begun) = software.beginning() else { return Err(refused) };
        if begun.group != self.access.group || begun.places.len() != self.limits().lanes {
            return Err(refused);
        }
        self.bring_to(begun.generation.wrapping_sub(1))?;
        for (lane, place) in begun.places.iter().enumerate() {
            if let Some(place) = place {
                self.place(lane, place)?;
            }
        }
        self.set_payload_max(begun.payload_max)?;
        self.set_watchdog(begun.watchdog);
        self.flush_and_wait(begun.members, begun.start)?;
        let status = self.status();
        if (status.generation, status.live) != (begun.generation, begun.members) {
            return Err(broken(format!("{status:?} where generation {} was begun", begun.generation)));
        }
        Ok(())
    }

    /// Takes the place of the software that it has [followed](Self::follow). Gives the fault reports that nobody has asked for.
    pub fn adopt(&mut self, software: SoftwareGroup) -> VecDeque<Fault> {
        let (progress, faults) = software.hand_over();
        self.progress = progress;
        self.progress.publish(Position { generation: self.ledger.generation, count: 0 });
        faults
    }

    /// Begins the next generation and waits until the card says so.
    fn flush_and_wait(&mut self, members: LaneSet, start: Seq) -> Result<(), GroupError> {
        self.flush(members, start)?;
        let since = Instant::now();
        let patience = self.access.unit.lock().patience;
        loop {
            let over = since.elapsed() > patience;
            match self.poll()? {
                Some(verdict) if verdict.outcome == Outcome::Flushed => return Ok(()),
                Some(verdict) => return Err(broken(format!("{verdict:?} where nothing is compared"))),
                None if over => {
                    return Err(broken(format!("a flush did not end within {} ms", patience.as_millis())));
                }
                // A simulated card may need this very core.
                None => std::thread::yield_now(),
            }
        }
    }
}
