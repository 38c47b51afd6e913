//! How the coordinator waits for a verdict that a card owes: asleep until the interrupt, looking at the ring, or first the one and
//! then the other.
//!
//! An interrupt costs a sleep and a wake, some microseconds of which a fast card needs fewer; looking costs a core. So the adaptive
//! way looks for a bounded time, which is short while looking has been in vain and long again after a verdict came in that time. However
//! it waits, a sleep is bounded by the coordinator's own clock: an interrupt that is lost delays a verdict and hangs nothing.

use crate::config::Completion;
use std::time::{Duration, Instant};

/// For how long a ring is looked at in one go: about what sleeping and waking up costs.
const LONGEST: Duration = Duration::from_micros(50);
/// The adaptive way does not look for a shorter time than this.
const SHORTEST: Duration = Duration::from_micros(1);

/// Waits for one group's verdicts.
#[derive(Debug)]
pub(super) struct Waiter {
    completion: Completion,
    window: Duration,
    /// Since when the present verdict has been waited for.
    since: Option<Instant>,
}

impl Waiter {
    pub(super) fn new(completion: Completion) -> Waiter {
        Waiter { completion, window: LONGEST, since: None }
    }

    /// Waits for a verdict that is owed, as long as it is not to be slept for. True if there is no sleeping now: it is there, or
    /// is to be looked for again.
    pub(super) fn look(&mut self, is_there: impl Fn() -> bool) -> bool {
        let window = match self.completion {
            Completion::Interrupt => return false,
            Completion::Polled => LONGEST,
            Completion::Adaptive => self.window,
        };
        let begin = Instant::now();
        // A wait that has slept already has had its look.
        let looks = self.completion == Completion::Polled || self.since.is_none();
        self.since.get_or_insert(begin);
        while looks && !is_there() {
            if begin.elapsed() >= window {
                return self.completion == Completion::Polled;
            }
            std::hint::spin_loop();
        }
        looks
    }

    /// A verdict has come, or none is owed any more.
    pub(super) fn ended(&mut self, came: bool) {
        let Some(since) = self.since.take() else { return };
        if came {
            self.learn(since.elapsed());
        }
    }

    /// A verdict took so long.
    fn learn(&mut self, waited: Duration) {
        self.window = if waited <= LONGEST { LONGEST } else { (self.window / 2).max(SHORTEST) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    /// How often a waiter looks for a verdict that does not come, and whether it is not to sleep then.
    fn in_vain(waiter: &mut Waiter) -> (u64, bool) {
        let looks = Cell::new(0);
        let awake = waiter.look(|| {
            looks.set(looks.get() + 1);
            false
        });
        (looks.get(), awake)
    }

    #[test]
    fn one_that_waits_for_the_interrupt_sleeps_at_once() {
        assert_eq!(in_vain(&mut Waiter::new(Completion::Interrupt)), (0, false));
    }

    #[test]
    fn one_that_polls_never_sleeps() {
        let mut waiter = Waiter::new(Completion::Polled);
        for _ in 0..3 {
            let (looks, awake) = in_vain(&mut waiter);
            assert!(looks > 0 && awake);
        }
    }

    #[test]
    fn the_adaptive_one_looks_for_a_bounded_time_and_sleeps_then() {
        let mut waiter = Waiter::new(Completion::Adaptive);
        let (looks, awake) = in_vain(&mut waiter);
        assert!(looks > 0 && !awake);
        assert_eq!(in_vain(&mut waiter), (0, false), "it looks once for each verdict");
        waiter.ended(false);
        assert!(waiter.look(|| true), "one that is there is not slept for");
        waiter.learn(LONGEST * 2);
        assert_eq!(waiter.window, LONGEST / 2, "it looks for a shorter time after one that came late");
        (0..30).for_each(|_| waiter.learn(LONGEST * 2));
        assert_eq!(waiter.window, SHORTEST);
        waiter.learn(LONGEST);
        assert_eq!(waiter.window, LONGEST, "and for a long one when one came in that time");
    }
}
