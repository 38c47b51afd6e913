//! Going on where a card stopped.
//!
//! Verdicts that were polled from the card stand. Everything behind them is judged here from the arenas, as if the card had
//! never seen it, and what was commanded meanwhile is done again in its order, each command when the lanes have come as far as
//! they had on the card. What makes that the same as what the card did:
//!
//! - A lane that its own entry locked is locked by it again: entries stay in the arena until their release.
//! - A lane that something else locked (a tail, the watchdog, a read that failed) and whose report was read, or that was seen locked when
//!   a command was given, is locked again at that very record. If nobody saw it, it is judged anew: the watchdog
//!   arms again from zero, and what software can read is read.
//! - A fault whose report was read is not reported again.

use super::examine::Cause;
use super::port::LaneState;
use super::vote::quorum;
use super::{Flush, SoftwareConfig, SoftwareGroup, lanes};
use crate::group::{GroupError, State};
use crate::ledger::{Command, Done, Ledger, Mark, Marks, is_before};
use crate::remains::Remains;
use covert_abi::{FaultCause, LaneSet, Seq};

impl SoftwareGroup {
    /// Goes on exactly where a card stopped: same generation, same records. Whatever was rung by then is taken when
    /// this returns.
    ///
    /// The skew depth and the longest payload are those of the configuration or of the card, whichever is more; the counters
    /// begin at 0, and so does a watchdog that was counting.
    ///
    /// # Errors
    /// A size out of range, or a configuration for another group.
    pub fn take_over(config: SoftwareConfig, remains: Remains) -> Result<SoftwareGroup, GroupError> {
        let Remains { group, arenas, progress, ledger, skew_log2, verdicts, payload_max, faults } = remains;
        if config.group != group {
            let must = "it must be that of the group that is taken over";
            return Err(GroupError::Config { what: "the group's number", value: config.group.into(), must });
        }
        let config = SoftwareConfig {
            skew_log2: config.skew_log2.max(skew_log2),
            payload_max: config.payload_max.max(payload_max),
            ..config
        };
        let mut it = SoftwareGroup::new(config, arenas, progress)?;
        it.faults.extend(faults);
        it.resume(&ledger);
        Redo { group: &mut it, ledger: &ledger }.all(verdicts);
        it.work();
        Ok(it)
    }

    /// Takes the place that the polled verdicts lead to.
    fn resume(&mut self, ledger: &Ledger) {
        self.terms.generation = ledger.generation;
        self.terms.payload_max = ledger.payload_max;
        self.watchdog.limit(ledger.watchdog);
        (self.start, self.next) = (ledger.start, ledger.next);
        self.released = ledger.released.wrapping_sub(ledger.start);
        self.quorum = quorum(ledger.members);
        self.state = match ledger.live.len() {
            _ if ledger.members.is_empty() => State::Idle,
            live if live < self.quorum || ledger.halted => State::Halted,
            _ => State::Running,
        };
        for (lane, port) in self.ports.iter_mut().enumerate() {
            port.member = ledger.live.contains(lane);
            port.failed = ledger.failed[lane].map(|failed| (failed.seq, failed.cause));
            let state = match port.failed {
                _ if !port.member && ledger.locked.contains(lane) => LaneState::Locked,
                _ if !port.member => LaneState::Off,
                Some(_) => LaneState::Locked,
                None => LaneState::Live,
            };
            if let Some(place) = ledger.places.get(lane) {
                (port.place, port.kept) = (*place, *place);
            }
            port.resume(state, ledger.next, ledger.index(ledger.next));
        }
        for (lane, failed) in ledger.failed.iter().enumerate() {
            if let (Some(failed), None) = (failed, ledger.fault_of(lane, ledger.generation)) {
                self.log(lane, failed.seq, (failed.cause, failed.address));
            }
        }
    }
}

/// Does again what was commanded behind the last polled verdict.
struct Redo<'a> {
    group: &'a mut SoftwareGroup,
    ledger: &'a Ledger,
}

impl Redo<'_> {
    fn all(&mut self, verdicts: u32) {
        for done in &self.ledger.journal {
            while self.group.flush.is_some() && self.group.terms.generation != done.generation {
                self.end_generation();
            }
            self.once(done);
        }
        // Before any doorbell is looked at: the card had begun the next generation where there was room.
        if self.group.has_room() {
            self.end_generation();
        }
        // The reports say where lanes were locked that no command was given after. The others go as far as they have rung, so
        // that the vote gets there.
        let mut marks = Marks::default();
        for (lane, mark) in marks.iter_mut().enumerate().take(self.group.ports.len()) {
            mark.head = match self.wall(lane) {
                Some((seq, _)) => seq.wrapping_sub(self.group.start) as u32,
                None => self.group.ports[lane].rung_ahead(self.group.terms.generation),
            };
        }
        self.pace(&marks, self.ledger.polled + u64::from(verdicts));
        self.lock_what_is_left();
        let generation = self.group.terms.generation;
        self.group.ports.iter_mut().for_each(|port| port.skip_old_news(generation));
    }

    fn once(&mut self, done: &Done) {
        self.pace(&done.marks, done.room);
        match done.command {
            Command::Place { lane, place } => {
                if let Some(port) = self.group.ports.get_mut(lane) {
                    (port.place, port.kept) = (place, place);
                }
            }
            Command::PayloadMax(bytes) => self.group.terms.payload_max = bytes,
            Command::Reset { lane } => {
                self.lock(lane, (FaultCause::Reset, 0));
                if let Some(port) = self.group.ports.get_mut(lane) {
                    port.reset();
                }
            }
            Command::Flush { members, start } => {
                // The card takes a flush only when the one before is done.
                self.end_generation();
                let ended = self.live();
                self.group.flush = Some(Flush { members, start, ended });
                self.group.state = State::Flushing;
            }
        }
    }

    fn live(&self) -> LaneSet {
        lanes(&self.group.ports, |port| port.state == LaneState::Live)
    }

    /// Ends the generation, room or not: on the card there was room.
    fn end_generation(&mut self) {
        if self.group.flush.is_some() {
            self.lock_what_is_left();
            self.group.end_generation();
        }
    }

    /// Lets the lanes come as far as these marks, and the vote with them as far as there was room for it.
    fn pace(&mut self, marks: &Marks, room: u64) {
        loop {
            let mut moved = false;
            for lane in self.live().iter() {
                while self.step(lane, &marks[lane]) {
                    moved = true;
                }
            }
            let running = self.group.state == State::Running;
            let written = self.ledger.polled + self.group.verdicts.len() as u64;
            if !(moved || running && written < room && self.group.count()) {
                return;
            }
        }
    }

    /// Takes the lane one step towards its mark; false when it is there, or cannot go on now.
    fn step(&mut self, lane: usize, mark: &Mark) -> bool {
        let wall = self.wall(lane);
        let running = self.group.state == State::Running;
        let port = &mut self.group.ports[lane];
        if port.state != LaneState::Live {
            return false;
        }
        match (wall, mark.locked) {
            (Some((seq, cause)), _) if seq == port.due => self.lock(lane, cause),
            (_, Some(cause)) if !is_before(port.head(), mark.head) => {
                // The marks have no address, but the tail or the entry is still there to tell it.
                let again = match cause {
                    FaultCause::Doorbell => Some((cause, u64::from(port.arena.rung().count))),
                    _ => port.examine(&self.group.terms).err().filter(|(again, _)| *again == cause),
                };
                self.lock(lane, again.unwrap_or((cause, 0)));
            }
            _ if !running || !is_before(port.head(), mark.head) || !port.has_room() => return false,
            _ => {
                if let Err(cause) = port.fetch(&self.group.terms) {
                    self.lock(lane, cause);
                }
            }
        }
        true
    }

    /// Where a report that was read says that the lane was locked in this generation. A reset is in the journal.
    fn wall(&self, lane: usize) -> Option<(Seq, Cause)> {
        let fault = self.ledger.fault_of(lane, self.group.terms.generation)?;
        (fault.cause != FaultCause::Reset).then_some((fault.seq, (fault.cause, fault.address)))
    }

    /// Locks what was locked while the group did not run.
    fn lock_what_is_left(&mut self) {
        if self.group.state == State::Running {
            return;
        }
        for lane in self.live().iter() {
            if let Some((_, cause)) = self.wall(lane) {
                self.lock(lane, cause);
            }
        }
    }

    /// Locks a live lane, and reports it unless that was read already.
    fn lock(&mut self, lane: usize, cause: Cause) {
        let generation = self.group.terms.generation;
        let Some(port) = self.group.ports.get_mut(lane) else { return };
        if port.state != LaneState::Live {
            return;
        }
        if self.ledger.fault_of(lane, generation).is_some() {
            port.lock(cause.0);
        } else {
            self.group.lock(lane, cause);
        }
    }
}
