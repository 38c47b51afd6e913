//! What enters the replicas.

use super::Machine;
use crate::log::Asked;
use crate::protocol::Action;
use crate::recovery::{End, Phase, Reason};
use crate::{Class, InputIndex, LaneSet, Replica, Request};
use std::sync::Arc;

impl Machine {
    pub(super) fn request(&mut self, replica: Replica, request: Request, actions: &mut Vec<Action>) {
        if let Some(what) = self.violation(&request) {
            return self.lose(replica, Reason::Violation(what), actions);
        }
        let (asked, odd) = self.log.request(replica, request, self.live);
        match asked {
            Asked::Read => match request.class {
                Class::Pure | Class::Consuming => {
                    self.counters.reads += 1;
                    actions.push(Action::Read { index: request.point.inputs, request });
                }
                Class::Result(seq) => {
                    if let Some(result) = self.journal.result(seq).map(<[u8]>::to_vec) {
                        self.answer(request.point.inputs, result, actions);
                    }
                }
            },
            Asked::Wait => {}
            Asked::Deliver(entry) => actions.push(Action::Deliver { replica, entry }),
            Asked::Diverged(suspects) => return self.roll_back(Reason::InputsDiffer, suspects, actions),
            Asked::Violation(what) => return self.lose(replica, Reason::Violation(what), actions),
            Asked::Corrupt => return self.end(End::LogCorrupt { index: request.point.inputs }, actions),
        }
        if let Some(odd) = odd {
            self.lose(odd, Reason::InputsDiffer, actions);
        }
    }

    /// What a request must not be, whatever the other replicas say.
    fn violation(&self, request: &Request) -> Option<&'static str> {
        if request.length > self.limits.input_max {
            return Some("asked for an input longer than any may be");
        }
        match request.class {
            Class::Result(seq) if request.point.seq.checked_sub(1) != Some(seq) => {
                Some("asked for the result of a record that is not its last one")
            }
            _ => None,
        }
    }

    /// A read has ended, with its value or, because it was cancelled, without.
    pub(super) fn answered(&mut self, index: InputIndex, value: Option<Vec<u8>>, actions: &mut Vec<Action>) {
        match value {
            Some(value) => self.answer(index, value, actions),
            None => {
                if !self.log.cancelled(index).is_empty() {
                    let what = "a read ended without an answer";
                    self.roll_back(Reason::Violation(what), LaneSet::EMPTY, actions);
                }
            }
        }
        if self.recovery.phase == Phase::Running {
            self.give_back_orphans(actions);
        }
        self.flush_when_quiet(actions);
    }

    /// Gives back what only a retired replica had asked for.
    pub(super) fn give_back_orphans(&mut self, actions: &mut Vec<Action>) {
        actions.extend(self.log.prune(self.live).into_iter().map(Action::GiveBack));
        self.finish_if_done(actions);
    }

    /// Logs an answer and hands it to the replicas that wait for it.
    pub(super) fn answer(&mut self, index: InputIndex, value: Vec<u8>, actions: &mut Vec<Action>) {
        let Some((entry, waiting)) = self.log.answer(index, value) else {
            self.counters.stale += 1;
            return;
        };
        if self.recovery.phase == Phase::Running {
            for replica in waiting.iter() {
                actions.push(Action::Deliver { replica, entry: Arc::clone(&entry) });
            }
        }
    }
}
