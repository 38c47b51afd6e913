//! When a replica counts as hung.
//!
//! A guest may compute for hours without an exit, so silence alone proves nothing. A replica is hung when somebody waits for
//! it *and* it has used a lot of CPU time since its last counted exit, or has made no progress for a long time
//! by the clock. CPU time, because a replica that the host does not schedule is not to blame.

use crate::limits::REPLICAS_MAX;
use crate::{LaneSet, Replica};

/// The two bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HangLimits {
    /// CPU milliseconds that a replica may use without a counted exit while another waits for it.
    pub cpu_ms: u64,
    /// Milliseconds by the clock that a replica may be without progress while another waits for it.
    pub clock_ms: u64,
}

/// What a replica is doing, as its process sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Counted exits so far in this generation.
    pub exits: u64,
    /// CPU milliseconds used so far by the replica's thread.
    pub cpu_ms: u64,
    /// Whether it stands still until a record of it is released.
    pub window_full: bool,
}

#[derive(Clone, Copy, Debug)]
struct Mark {
    exits: u64,
    cpu_ms: u64,
    at_ms: u64,
}

/// Watches the replicas of one machine.
#[derive(Debug)]
pub struct HangWatch {
    limits: HangLimits,
    marks: [Option<Mark>; REPLICAS_MAX],
}

impl HangWatch {
    /// Watches from the first sample on.
    pub fn new(limits: HangLimits) -> HangWatch {
        HangWatch { limits, marks: [None; REPLICAS_MAX] }
    }

    /// Forgets everything seen: after a rollback, or when the guest is being debugged.
    pub fn disarm(&mut self) {
        self.marks = [None; REPLICAS_MAX];
    }

    /// Takes a sample of each live replica at time `now_ms` and gives those that hang.
    ///
    /// `waiting` are the replicas that cannot go on before a peer does. The time a laggard has had is counted from when
    /// it last made progress *or* nobody waited for it.
    pub fn observe(&mut self, now_ms: u64, samples: &[(Replica, Sample)], waiting: LaneSet) -> LaneSet {
        let mut hung = LaneSet::EMPTY;
        for (replica, sample) in samples {
            let this = LaneSet::only(*replica);
            let awaited = !waiting.without(this).is_empty() && waiting.and(this).is_empty();
            let Some(mark) = self.marks.get_mut(*replica) else { continue };
            match mark {
                Some(mark) if awaited && sample.exits == mark.exits => {
                    if sample.cpu_ms.saturating_sub(mark.cpu_ms) > self.limits.cpu_ms
                        || now_ms.saturating_sub(mark.at_ms) > self.limits.clock_ms
                    {
                        hung = hung.or(this);
                    }
                }
                _ => *mark = Some(Mark { exits: sample.exits, cpu_ms: sample.cpu_ms, at_ms: now_ms }),
            }
        }
        hung
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: HangLimits = HangLimits { cpu_ms: 100, clock_ms: 1_000 };

    fn at(exits: u64, cpu_ms: u64) -> Sample {
        Sample { exits, cpu_ms, window_full: false }
    }

    fn watch(steps: &[(u64, Sample, bool)]) -> Vec<bool> {
        let mut watch = HangWatch::new(LIMITS);
        let waiting = |awaited| if awaited { LaneSet::only(0) } else { LaneSet::EMPTY };
        let hung = |step: &(u64, Sample, bool)| {
            watch.observe(step.0, &[(0, at(9, 0)), (1, step.1)], waiting(step.2)).contains(1)
        };
        steps.iter().map(hung).collect()
    }

    #[test]
    fn a_replica_that_nobody_waits_for_may_compute_for_ever() {
        assert_eq!(watch(&[(0, at(1, 0), false), (99_000, at(1, 99_000), false)]), [false, false]);
    }

    #[test]
    fn the_time_before_somebody_waited_does_not_count() {
        let steps = [(0, at(1, 0), false), (5_000, at(1, 5_000), false), (5_001, at(1, 5_001), true)];
        assert_eq!(watch(&steps), [false, false, false]);
    }

    #[test]
    fn cpu_time_without_an_exit_is_a_hang_while_a_peer_waits() {
        let steps = [(0, at(1, 0), true), (10, at(1, 100), true), (11, at(1, 101), true)];
        assert_eq!(watch(&steps), [false, false, true]);
    }

    #[test]
    fn a_replica_that_the_host_does_not_schedule_has_the_longer_bound() {
        let steps = [(0, at(1, 0), true), (1_000, at(1, 0), true), (1_001, at(1, 0), true)];
        assert_eq!(watch(&steps), [false, false, true]);
    }

    #[test]
    fn an_exit_starts_the_time_anew() {
        let steps = [(0, at(1, 0), true), (900, at(2, 90), true), (1_800, at(2, 180), true)];
        assert_eq!(watch(&steps), [false, false, false]);
    }
}
