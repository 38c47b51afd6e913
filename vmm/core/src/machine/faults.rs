//! Who is lost, and the way back to the recovery line.

use super::Machine;
use crate::limits::REPLICAS_MAX;
use crate::protocol::Action;
use crate::recovery::{End, Phase, Reason};
use crate::watchdog::Sample;
use crate::{Generation, LaneSet, Replica};

impl Machine {
    /// Goes on without a replica if enough are left, else back to the line with a new one in its place.
    pub(super) fn lose(&mut self, replica: Replica, reason: Reason, actions: &mut Vec<Action>) {
        let lost = LaneSet::only(replica);
        if self.recovery.phase != Phase::Running || self.live.and(lost).is_empty() {
            return;
        }
        self.recovery.fresh = self.recovery.fresh.or(lost);
        if self.live.len() <= self.limits.quorum() {
            return self.roll_back(reason, lost, actions);
        }
        self.live = self.live.without(lost);
        self.counters.retired += 1;
        self.waiting[replica] = None;
        self.ended[replica] = None;
        actions.push(Action::Retire { replica });
        let undecided = self.log.retire(self.live);
        if !undecided.is_empty() {
            return self.roll_back(Reason::InputsDiffer, undecided, actions);
        }
        for index in self.log.orphaned(self.live) {
            actions.push(Action::CancelRead { index });
        }
        self.give_back_orphans(actions);
    }

    /// A replica is dead.
    pub(super) fn failed(&mut self, replica: Replica, generation: Generation, actions: &mut Vec<Action>) {
        let dead = LaneSet::only(replica);
        if generation != self.generation || replica >= self.limits.replicas {
            self.counters.stale += 1;
            return;
        }
        match self.recovery.phase {
            Phase::Running => {
                self.lose(replica, Reason::Failed, actions);
                self.recovery.halted(dead);
            }
            Phase::Quiescing { .. } | Phase::Flushing => {
                self.recovery.fresh = self.recovery.fresh.or(dead);
                self.recovery.halted(dead);
            }
            Phase::Restoring { restored } => {
                self.recovery.fresh = self.recovery.fresh.or(dead);
                self.recovery.attempts += 1;
                if self.recovery.attempts > self.limits.attempts {
                    return self.give_up(Reason::Failed, actions);
                }
                self.recovery.phase = Phase::Restoring { restored: restored.without(dead) };
                self.restore_one(replica, actions);
            }
            Phase::Ended(_) => {}
        }
        self.flush_when_quiet(actions);
    }

    /// The comparator cannot be believed, or is gone. Whoever owns it may put another in its place.
    pub(super) fn distrust(&mut self, what: &'static str, actions: &mut Vec<Action>) {
        let reason = Reason::Comparator(what);
        if self.recovery.phase != Phase::Flushing {
            return self.roll_back(reason, LaneSet::EMPTY, actions);
        }
        // It failed while it was told to flush: it, or its successor, is told again.
        self.recovery.attempts += 1;
        if self.recovery.attempts > self.limits.attempts {
            return self.give_up(reason, actions);
        }
        self.recovery.enter(Phase::Quiescing { halted: LaneSet::first(self.limits.replicas) });
        self.flush_when_quiet(actions);
    }

    /// Starts a recovery, unless one is under way that has not flushed the comparator yet.
    pub(super) fn roll_back(&mut self, reason: Reason, suspects: LaneSet, actions: &mut Vec<Action>) {
        if !matches!(self.recovery.phase, Phase::Running | Phase::Restoring { .. }) {
            return;
        }
        if reason == Reason::Heal {
            self.counters.heals += 1;
        } else if reason != Reason::Renew {
            self.counters.rollbacks += 1;
            self.recovery.attempts += 1;
            if self.recovery.attempts > self.limits.attempts {
                return self.give_up(reason, actions);
            }
        }
        actions.push(Action::Rollback { reason, suspects });
        let all = LaneSet::first(self.limits.replicas);
        self.recovery.enter(Phase::Quiescing { halted: all.without(self.live) });
        for replica in self.live.iter() {
            actions.push(Action::Halt { replica });
        }
        for index in self.log.reading() {
            actions.push(Action::CancelRead { index });
        }
        self.queue.clear();
        self.waiting = [None; REPLICAS_MAX];
        self.ended = [None; REPLICAS_MAX];
        self.flush_when_quiet(actions);
    }

    /// Flushes the comparator as soon as nothing is under way that could still move the line or the journal.
    pub(super) fn flush_when_quiet(&mut self, actions: &mut Vec<Action>) {
        let Phase::Quiescing { halted } = self.recovery.phase else { return };
        let all = LaneSet::first(self.limits.replicas);
        let quiet = !self.epochs.is_committing() && self.log.reading().next().is_none();
        if halted == all && quiet {
            self.recovery.enter(Phase::Flushing);
            let renewed = std::mem::take(&mut self.successor);
            if renewed {
                self.counters.renewals += 1;
                self.recovery.fresh = all;
            }
            let generation = self.generation.wrapping_add(1);
            actions.push(Action::Flush { generation, members: all, start: self.epochs.line().seq, renewed });
        }
    }

    /// The old generation has ended: goes to the line in the next one.
    pub(super) fn restore(&mut self, actions: &mut Vec<Action>) {
        let line = self.epochs.line();
        self.generation = self.generation.wrapping_add(1);
        self.next_verdict = line.seq;
        self.live = LaneSet::first(self.limits.replicas);
        self.watch.disarm();
        for entry in self.log.rollback(line.inputs) {
            actions.push(Action::GiveBack(entry));
        }
        self.recovery.enter(Phase::Restoring { restored: LaneSet::EMPTY });
        for replica in self.live.iter() {
            self.restore_one(replica, actions);
        }
    }

    fn restore_one(&self, replica: Replica, actions: &mut Vec<Action>) {
        actions.push(Action::Restore {
            replica,
            generation: self.generation,
            line: self.epochs.line(),
            fresh: self.recovery.fresh.contains(replica),
            attempt: self.recovery.attempts,
        });
    }

    /// A replica is at the line.
    pub(super) fn restored(&mut self, replica: Replica, generation: Generation, actions: &mut Vec<Action>) {
        let Phase::Restoring { restored } = self.recovery.phase else {
            self.counters.stale += 1;
            return;
        };
        if generation != self.generation || replica >= self.limits.replicas {
            self.counters.stale += 1;
            return;
        }
        let restored = restored.or(LaneSet::only(replica));
        self.recovery.phase = Phase::Restoring { restored };
        if restored == self.live {
            self.recovery.fresh = LaneSet::EMPTY;
            self.recovery.enter(Phase::Running);
            for replica in self.live.iter() {
                actions.push(Action::Continue { replica });
            }
        }
    }

    /// Time has passed: looks for replicas that hang, in the guest or in what a recovery demands of them, and for
    /// a comparator that has fallen silent.
    pub(super) fn samples(&mut self, now_ms: u64, samples: &[(Replica, Sample)], actions: &mut Vec<Action>) {
        let late = match self.recovery.phase {
            Phase::Running => return self.watch(now_ms, samples, actions),
            Phase::Quiescing { halted } => self.live.without(halted),
            Phase::Restoring { restored } => self.live.without(restored),
            Phase::Flushing => {
                if self.overdue(now_ms) {
                    self.distrust("it does not end a generation that it was told to end", actions);
                }
                return;
            }
            Phase::Ended(_) => return,
        };
        if self.overdue(now_ms) {
            for replica in late.iter() {
                self.counters.hangs += 1;
                actions.push(Action::Kill { replica });
            }
        }
    }

    fn watch(&mut self, now_ms: u64, samples: &[(Replica, Sample)], actions: &mut Vec<Action>) {
        let window_full =
            samples.iter().filter(|(_, sample)| sample.window_full).map(|(replica, _)| *replica);
        let stopped = |replica: &Replica| self.waiting[*replica].is_some() || self.ended[*replica].is_some();
        let waiting = LaneSet::from_iter(window_full)
            .or((0..REPLICAS_MAX).filter(stopped).collect())
            .or(self.log.waiting_for_peers())
            .and(self.live);
        for replica in self.watch.observe(now_ms, samples, waiting).and(self.live).iter() {
            self.counters.hangs += 1;
            actions.push(Action::Kill { replica });
            self.lose(replica, Reason::Hung, actions);
        }
        // All of them wait for one another, and nothing is under way: a verdict must have been lost.
        let nothing_to_come = self.queue.is_empty() && self.out.is_none() && !self.epochs.is_committing();
        if self.recovery.phase != Phase::Running || waiting != self.live || !nothing_to_come {
            self.recovery.since_ms = None;
        } else if self.overdue(now_ms) {
            self.distrust("it has fallen silent while every replica waits for a verdict", actions);
        }
    }

    /// Whether the present state of things has lasted too long; if so, its time starts anew.
    fn overdue(&mut self, now_ms: u64) -> bool {
        let since = *self.recovery.since_ms.get_or_insert(now_ms);
        let overdue = now_ms.saturating_sub(since) > self.limits.hang.clock_ms;
        if overdue {
            self.recovery.since_ms = Some(now_ms);
        }
        overdue
    }

    fn give_up(&mut self, reason: Reason, actions: &mut Vec<Action>) {
        self.end(End::NoProgress { attempts: self.recovery.attempts - 1, reason }, actions);
    }

    /// It is over.
    pub(super) fn end(&mut self, end: End, actions: &mut Vec<Action>) {
        self.recovery.enter(Phase::Ended(end));
        self.queue.clear();
        actions.push(Action::End(end));
    }
}
