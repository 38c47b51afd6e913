//! The skew watchdog: ticks that a record has waited for a lane without an entry.

/// Counts while it is armed; who is armed against whom is the group's to say.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Watchdog {
    limit: u32,
    count: u32,
}

impl Watchdog {
    /// Sets the ticks after which it expires; 0 is never.
    pub(super) fn limit(&mut self, ticks: u32) {
        self.limit = ticks;
    }

    /// What was set.
    pub(super) fn ticks(&self) -> u32 {
        self.limit
    }

    /// Begins anew: another record, or nothing to wait for.
    #[inline]
    pub(super) fn restart(&mut self) {
        self.count = 0;
    }

    /// Lets ticks pass until it expires (true, with what is left of them) or they are used up.
    pub(super) fn pass(&mut self, left: &mut u32) -> bool {
        if self.limit == 0 {
            // It counts all the same: a limit may be set while it is armed.
            self.count = self.count.saturating_add(std::mem::take(left));
        }
        if *left == 0 {
            return false;
        }
        // A limit that was lowered below the count is reached at the next tick, not before.
        let step = self.limit.saturating_sub(self.count).max(1).min(*left);
        self.count = self.count.saturating_add(step);
        *left -= step;
        self.count >= self.limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_below_the_count_takes_the_next_tick_and_leaves_the_rest() {
        let mut watchdog = Watchdog::default();
        watchdog.limit(100);
        let mut left = 20;
        assert!(!watchdog.pass(&mut left));
        watchdog.limit(10);
        assert!(!watchdog.pass(&mut 0), "no tick has passed since");
        let mut left = 3;
        assert!(watchdog.pass(&mut left));
        assert_eq!(left, 2);
    }
}
