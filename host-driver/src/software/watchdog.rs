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

    /// Begins anew: another record, or nothing to wait for.
    #[inline]
    pub(super) fn restart(&mut self) {
        self.count = 0;
    }

    /// Lets ticks pass until it expires (true, with what is left of them) or they are used up.
    pub(super) fn pass(&mut self, left: &mut u32) -> bool {
        if self.limit == 0 || *left == 0 {
            return false;
        }
        let step = self.limit.saturating_sub(self.count).min(*left);
        self.count = self.count.saturating_add(step);
        *left -= step;
        self.count >= self.limit
    }
}
