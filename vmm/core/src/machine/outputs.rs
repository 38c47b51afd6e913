//! What leaves the replicas: verdicts, releases, and the epochs that follow from them.

use super::Machine;
use crate::epoch::line_of;
use crate::journal::Fate;
use crate::protocol::Action;
use crate::recovery::{End, Phase, Reason};
use crate::{Epoch, LaneSet, Record, Replica, Seq, Verified};
use covert_abi::{Kind, Outcome, Verdict};

impl Machine {
    /// The comparator has answered.
    pub(super) fn verdict(&mut self, verdict: Verdict, copy: Option<Record>, actions: &mut Vec<Action>) {
        if verdict.generation != self.generation || verdict.group != self.limits.group {
            self.counters.stale += 1;
            return;
        }
        self.counters.verdicts += 1;
        match (self.recovery.phase, verdict.outcome) {
            (Phase::Flushing, Outcome::Flushed) => return self.restore(actions),
            (Phase::Running, Outcome::Flushed) => {
                return self.distrust("it flushed a generation without being told to", actions);
            }
            (Phase::Running, _) => {}
            _ => {
                self.counters.stale += 1;
                return;
            }
        }
        if verdict.seq != self.next_verdict {
            return self.distrust("its verdicts are not in sequence", actions);
        }
        if !verdict.outcome.is_releasable() {
            return self.roll_back(Reason::Verdict(verdict.outcome), verdict.dissent, actions);
        }
        if verdict.agree.and(self.live).len() < self.limits.quorum() {
            return self.distrust("it lets a record pass on which too few live lanes agree", actions);
        }
        let Some(from) = verdict.agree.and(self.live).iter().next() else { return };
        let Some(copy) = copy else {
            return self.distrust("a record that it lets pass cannot be copied", actions);
        };
        match Verified::new(&verdict, copy) {
            Err(error) => self.roll_back(Reason::Copy(error), LaneSet::only(from), actions),
            Ok(_) if self.queue.len() >= self.limits.ring as usize => {
                let what = "more records wait for their release than the ring has room for";
                self.roll_back(Reason::Violation(what), verdict.agree, actions);
            }
            Ok(record) => {
                self.next_verdict += 1;
                self.queue.push_back((record, from));
                for replica in verdict.dissent.and(self.live).iter() {
                    self.lose(replica, Reason::Verdict(verdict.outcome), actions);
                }
                self.pump(actions);
            }
        }
    }

    /// Moves verified records on, in order, one at a time, until one has to wait.
    pub(super) fn pump(&mut self, actions: &mut Vec<Action>) {
        while self.recovery.phase == Phase::Running && self.out.is_none() && !self.epochs.is_committing() {
            let Some((record, from)) = self.queue.pop_front() else { break };
            match self.journal.fate(&record) {
                Fate::Swallow => {
                    self.counters.swallowed += 1;
                    actions.push(Action::Reclaim { next: record.seq() + 1 });
                }
                Fate::Release => self.leave(record, from, actions),
                Fate::Differs => return self.end(End::ReplayDiffers { seq: record.seq() }, actions),
                Fate::OutOfOrder => return self.distrust("it left out a record", actions),
            }
        }
        self.finish_if_done(actions);
    }

    /// A verified record that has not left before has its turn.
    fn leave(&mut self, record: Verified, from: Replica, actions: &mut Vec<Action>) {
        let seq = record.seq();
        match record.kind() {
            Kind::Posted | Kind::Waiting => {
                self.journal.release(&record);
                self.counters.released += 1;
                self.out = Some(seq);
                actions.push(Action::Release(record));
            }
            Kind::Heartbeat => {
                self.journal.release(&record);
                self.journal.complete(seq, Vec::new());
                actions.push(Action::Reclaim { next: seq + 1 });
            }
            Kind::State => match line_of(seq, record.payload()) {
                Some(line) if self.epochs.verified(line) => actions.push(Action::Store { line, from }),
                _ => {
                    let what = "agreed on a state that does not follow the recovery line";
                    self.roll_back(Reason::Violation(what), self.live, actions);
                }
            },
        }
    }

    /// A sink has taken a record.
    pub(super) fn released(&mut self, seq: Seq, result: Vec<u8>, actions: &mut Vec<Action>) {
        if self.out != Some(seq) {
            self.counters.stale += 1;
            return;
        }
        self.out = None;
        self.journal.complete(seq, result.clone());
        actions.push(Action::Reclaim { next: seq + 1 });
        if let Some(index) = self.log.awaiting_result(seq) {
            self.answer(index, result, actions);
        }
        self.pump(actions);
    }

    /// The store has answered for a checkpoint.
    pub(super) fn stored(&mut self, epoch: Epoch, held: bool, actions: &mut Vec<Action>) {
        if !self.epochs.is_committing() {
            self.counters.stale += 1;
            return;
        }
        match self.epochs.stored(epoch, held) {
            Some(line) => {
                self.counters.checkpoints += 1;
                self.recovery.attempts = 0;
                self.journal.advance(line.seq);
                self.log.truncate(line.inputs);
                actions.push(Action::Reclaim { next: line.seq });
                if self.live != LaneSet::first(self.limits.replicas) {
                    self.roll_back(Reason::Heal, LaneSet::EMPTY, actions);
                } else if self.successor {
                    self.roll_back(Reason::Renew, LaneSet::EMPTY, actions);
                }
                self.pass_boundaries(actions);
                self.pump(actions);
            }
            None => self.roll_back(Reason::Store, LaneSet::EMPTY, actions),
        }
        self.flush_when_quiet(actions);
    }

    /// Lets those replicas stage their checkpoint that waited for the one before to be committed.
    pub(super) fn pass_boundaries(&mut self, actions: &mut Vec<Action>) {
        if self.recovery.phase != Phase::Running {
            return;
        }
        for replica in self.live.iter() {
            if self.waiting[replica].take_if(|epoch| self.epochs.may_stage(*epoch)).is_some() {
                actions.push(Action::Continue { replica });
            }
        }
    }

    /// Ends the machine once every live replica has come to the same end and everything is out.
    pub(super) fn finish_if_done(&mut self, actions: &mut Vec<Action>) {
        if self.recovery.phase != Phase::Running {
            return;
        }
        let mut ends = self.live.iter().map(|replica| self.ended[replica]);
        let Some(Some(end)) = ends.next() else { return };
        let mut all_equal = true;
        for other in ends {
            let Some(other) = other else { return };
            all_equal &= other == end;
        }
        if !all_equal {
            return self.roll_back(Reason::EndsDiffer, self.live, actions);
        }
        let reading = self.log.reading().next().is_some();
        let quiet = self.queue.is_empty() && self.out.is_none() && !self.epochs.is_committing() && !reading;
        if quiet && self.next_verdict == end.seq {
            self.end(End::Finished, actions);
        }
    }
}
