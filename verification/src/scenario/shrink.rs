//! The smallest part of a scenario that still fails.

use super::Scenario;

/// Leaves out events, in ever smaller runs of them, while `fails` holds; gives what is left.
///
/// `limit` is the most times that `fails` is asked.
pub fn shrink(scenario: &Scenario, limit: usize, mut fails: impl FnMut(&Scenario) -> bool) -> Scenario {
    let mut smallest = scenario.clone();
    let mut asked = 0;
    let mut chunk = smallest.events.len().div_ceil(2);
    while chunk > 0 {
        let mut at = 0;
        let mut shorter = false;
        while at < smallest.events.len() && asked < limit {
            let mut candidate = smallest.clone();
            candidate.events.drain(at..(at + chunk).min(smallest.events.len()));
            asked += 1;
            if fails(&candidate) {
                smallest = candidate;
                shorter = true;
            } else {
                at += chunk;
            }
        }
        if !shorter || asked >= limit {
            chunk /= 2;
        }
    }
    smallest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Event, Setup};

    #[test]
    fn what_does_not_matter_is_left_out() {
        let setup = Setup { lanes: 1, skew_log2: 0, verdict_log2: 0, fault_log2: 0, payload_max: 1 };
        let events = (0..100).map(Event::Ticks).collect();
        let scenario = Scenario { seed: 0, setup, events };
        let needs = [Event::Ticks(17), Event::Ticks(63)];
        let small = shrink(&scenario, 1000, |it| needs.iter().all(|need| it.events.contains(need)));
        assert_eq!(small.events, needs);
    }
}
