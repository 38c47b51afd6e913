//! The coordinator of one machine: every event that reaches it, and what it does about each.
//!
//! [`Machine::handle`] is the only door. It never blocks and never fails: whatever a replica, a comparator or
//! a sink may send, the answer is a list of [`Action`]s. Events of an older generation are dropped and counted.
//!
//! The three halves of it: [`inputs`] (requests and their answers), [`outputs`] (verdicts, releases, epochs) and
//! [`faults`] (who is lost, and the way back).

mod faults;
mod inputs;
mod outputs;

use crate::epoch::Epochs;
use crate::journal::Journal;
use crate::limits::{LimitsError, REPLICAS_MAX};
use crate::log::InputLog;
use crate::protocol::{Action, Counters, Event};
use crate::recovery::{Phase, Recovery};
use crate::watchdog::HangWatch;
use crate::{Epoch, Generation, LaneSet, Limits, Line, Point, Replica, Seq, Verified};
use std::collections::VecDeque;

/// The coordinator's state.
#[derive(Debug)]
pub struct Machine {
    limits: Limits,
    generation: Generation,
    live: LaneSet,
    recovery: Recovery,
    log: InputLog,
    journal: Journal,
    epochs: Epochs,
    watch: HangWatch,
    /// The record that the next verdict is on.
    next_verdict: Seq,
    /// Verified and waiting for their turn, each with a lane that agreed.
    queue: VecDeque<(Verified, Replica)>,
    /// The record that is with its sink.
    out: Option<Seq>,
    /// Epoch at whose end a replica waits.
    waiting: [Option<Epoch>; REPLICAS_MAX],
    ended: [Option<Point>; REPLICAS_MAX],
    counters: Counters,
    /// Another comparator stands ready.
    successor: bool,
}

impl Machine {
    /// A machine with the actions that start it.
    ///
    /// # Errors
    /// Limits that cannot work.
    pub fn start(limits: Limits) -> Result<(Machine, Vec<Action>), LimitsError> {
        limits.check()?;
        let all = LaneSet::first(limits.replicas);
        let mut machine = Machine {
            limits,
            generation: 0,
            live: all,
            recovery: Recovery::start(all),
            log: InputLog::new(limits.inputs_max()),
            journal: Journal::new(0),
            epochs: Epochs::new(),
            watch: HangWatch::new(limits.hang),
            next_verdict: 0,
            queue: VecDeque::new(),
            out: None,
            waiting: [None; REPLICAS_MAX],
            ended: [None; REPLICAS_MAX],
            counters: Counters::default(),
            successor: false,
        };
        let mut actions = Vec::new();
        machine.flush_when_quiet(&mut actions);
        Ok((machine, actions))
    }

    /// Takes an event and appends what has to be done to `actions`.
    pub fn handle(&mut self, event: Event, actions: &mut Vec<Action>) {
        if matches!(self.recovery.phase, Phase::Ended(_)) {
            self.counters.stale += 1;
            return;
        }
        match event {
            Event::Request { replica, generation, request } => {
                if self.runs(replica, generation) {
                    self.request(replica, request, actions);
                }
            }
            Event::Boundary { replica, generation, epoch } => {
                if self.runs(replica, generation) {
                    self.waiting[replica] = Some(epoch);
                    self.pass_boundaries(actions);
                }
            }
            Event::Ended { replica, generation, at } => {
                if self.runs(replica, generation) {
                    self.ended[replica] = Some(at);
                    self.finish_if_done(actions);
                }
            }
            Event::Failed { replica, generation } => self.failed(replica, generation, actions),
            Event::Halted { replica, generation } => {
                if generation == self.generation && replica < self.limits.replicas {
                    self.recovery.halted(LaneSet::only(replica));
                    self.flush_when_quiet(actions);
                }
            }
            Event::Restored { replica, generation } => self.restored(replica, generation, actions),
            Event::Verdict { verdict, copy } => self.verdict(verdict, copy, actions),
            Event::ComparatorFault(what) => self.distrust(what, actions),
            Event::Successor { ready } => self.successor = ready,
            Event::Answered { index, value } => self.answered(index, value, actions),
            Event::Released { seq, result } => self.released(seq, result, actions),
            Event::Stored { epoch, held } => self.stored(epoch, held, actions),
            Event::Samples { now_ms, samples } => self.samples(now_ms, &samples, actions),
        }
    }

    /// Whether an event comes from a replica that is running now; anything else is counted and dropped.
    fn runs(&mut self, replica: Replica, generation: Generation) -> bool {
        let current = generation == self.generation
            && self.recovery.phase == Phase::Running
            && self.live.contains(replica);
        if !current {
            self.counters.stale += 1;
        }
        current
    }

    /// What has been seen so far.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// Where in a recovery the machine is.
    pub fn phase(&self) -> Phase {
        self.recovery.phase
    }

    /// The present generation.
    pub fn generation(&self) -> Generation {
        self.generation
    }

    /// The replicas that run.
    pub fn live(&self) -> LaneSet {
        self.live
    }

    /// Where a rollback would go.
    pub fn line(&self) -> Line {
        self.epochs.line()
    }

    /// Everything that is remembered, in entries: inputs, releases, records waiting to leave.
    ///
    /// Never more than the limits allow, whatever the replicas do.
    pub fn footprint(&self) -> (usize, usize, usize) {
        (self.log.len(), self.journal.len(), self.queue.len())
    }
}
