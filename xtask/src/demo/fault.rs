//! Which faults the demo makes: all from one seed.

use std::ops::Range;

/// Of the span in which the guest runs, in percent, the part in which faults are made: not before it has read anything, and not so
/// late that a faster run has ended.
const PART: Range<f64> = 2.0..75.0;

/// A fault to ask `covert run` for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// For `--inject`.
    pub(super) inject: String,
    /// For `--seed`: which bit it is follows from it.
    pub(super) seed: u64,
}

/// Draws faults.
pub(super) struct Faults {
    random: fastrand::Rng,
    span_ms: f64,
}

impl Faults {
    /// Faults in a guest that runs for at least so many milliseconds.
    pub(super) fn new(seed: u64, span_ms: f64) -> Faults {
        Faults { random: fastrand::Rng::with_seed(seed), span_ms }
    }

    /// The next one: in either replica, at any moment of the span, any bit of the registers or of the memory in use.
    pub(super) fn draw(&mut self) -> Fault {
        let replica = if self.random.bool() { 'A' } else { 'B' };
        let part = PART.start + self.random.f64() * (PART.end - PART.start);
        let micros = (part / 100.0 * self.span_ms * 1e3) as u64;
        // A file can ask for no number beyond this.
        let seed = self.random.u64(..=i64::MAX as u64);
        Fault { inject: format!("replica={replica},at={micros}us"), seed }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn micros(fault: &Fault) -> f64 {
        let (_, at) = fault.inject.split_once("at=").unwrap();
        at.strip_suffix("us").unwrap().parse().unwrap()
    }

    #[test]
    fn faults_are_in_both_replicas_and_all_over_the_span_but_not_at_its_end() {
        let mut faults = Faults::new(1, 200.0);
        let drawn: Vec<Fault> = (0..1000).map(|_| faults.draw()).collect();
        assert!(drawn.iter().all(|fault| (4_000.0..=150_000.0).contains(&micros(fault))));
        for tenth in 0..10 {
            let from = 4_000.0 + 14_600.0 * f64::from(tenth);
            assert!(drawn.iter().any(|fault| (from..from + 14_600.0).contains(&micros(fault))), "{tenth}");
        }
        for replica in ["replica=A,", "replica=B,"] {
            let there = drawn.iter().filter(|fault| fault.inject.starts_with(replica)).count();
            assert!((400..600).contains(&there), "{replica} {there}");
        }
    }

    #[test]
    fn the_same_seed_draws_the_same_faults_and_another_draws_others() {
        let draw = |seed| {
            let mut faults = Faults::new(seed, 100.0);
            [faults.draw(), faults.draw()]
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        assert_ne!(draw(7)[0], draw(7)[1]);
    }
}
