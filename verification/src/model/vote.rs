//! The vote on one record: unit.md, "The vote".

use covert_abi::{FaultCause, LaneSet, Outcome};

/// Everything that a vote depends on.
#[derive(Clone, Debug, Default)]
pub struct Ballot {
    /// Lanes with a fingerprint for the record, and the fingerprint, lowest lane first.
    pub delivered: Vec<(usize, u64)>,
    /// Lanes locked at this very record, and why, lowest lane first.
    pub failed: Vec<(usize, FaultCause)>,
    /// How many equal fingerprints make a winner.
    pub quorum: usize,
}

/// What the vote gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Result {
    /// How the record ended.
    pub outcome: Outcome,
    /// The winning class.
    pub agree: LaneSet,
    /// The lanes to blame.
    pub dissent: LaneSet,
    /// The winning class's fingerprint, else 0.
    pub fingerprint: u64,
}

impl Ballot {
    /// Counts the votes; `None` for a ballot in which no lane takes part.
    pub fn count(&self) -> Option<Result> {
        let delivered: LaneSet = self.delivered.iter().map(|(lane, _)| *lane).collect();
        let failed: LaneSet = self.failed.iter().map(|(lane, _)| *lane).collect();
        if let Some((fingerprint, class)) = self.winner() {
            let dissent = delivered.or(failed).without(class);
            let outcome = if dissent.is_empty() { Outcome::Match } else { Outcome::Majority };
            return Some(Result { outcome, agree: class, dissent, fingerprint });
        }
        let differ = self.delivered.iter().any(|(_, fingerprint)| *fingerprint != self.delivered[0].1);
        let (outcome, dissent) = if differ {
            let pair = delivered.len() == 2 && failed.is_empty();
            let outcome = if pair { Outcome::Mismatch } else { Outcome::NoMajority };
            (outcome, delivered.or(failed))
        } else {
            (family(self.failed.first()?.1), failed)
        };
        Some(Result { outcome, agree: LaneSet::EMPTY, dissent, fingerprint: 0 })
    }

    /// The largest class of equal fingerprints, if it has at least quorum lanes and is larger than any other.
    fn winner(&self) -> Option<(u64, LaneSet)> {
        let class_of = |fingerprint: u64| -> LaneSet {
            self.delivered.iter().filter(|(_, other)| *other == fingerprint).map(|(lane, _)| *lane).collect()
        };
        let classes: Vec<(u64, LaneSet)> =
            self.delivered.iter().map(|(_, fingerprint)| (*fingerprint, class_of(*fingerprint))).collect();
        let largest = classes.iter().max_by_key(|(_, class)| class.len())?;
        let tied = classes.iter().any(|(_, class)| class.len() == largest.1.len() && *class != largest.1);
        (largest.1.len() >= self.quorum && !tied).then_some(*largest)
    }
}

/// The outcome that a cause becomes.
fn family(cause: FaultCause) -> Outcome {
    match cause {
        FaultCause::Isolation => Outcome::Isolation,
        FaultCause::DmaRefused
        | FaultCause::DmaPoisoned
        | FaultCause::DmaTimeout
        | FaultCause::DmaMalformed => Outcome::Dma,
        FaultCause::Timeout => Outcome::Timeout,
        _ => Outcome::BadEntry,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use FaultCause::{Check, DmaPoisoned, Isolation, Timeout};

    fn lanes(bits: u8) -> LaneSet {
        LaneSet::from_bits(bits).unwrap()
    }

    fn count(
        quorum: usize,
        delivered: &[(usize, u64)],
        failed: &[(usize, FaultCause)],
    ) -> (Outcome, u8, u8, u64) {
        let ballot = Ballot { delivered: delivered.to_vec(), failed: failed.to_vec(), quorum };
        let result = ballot.count().unwrap();
        (result.outcome, result.agree.bits(), result.dissent.bits(), result.fingerprint)
    }

    #[test]
    fn all_equal_is_a_match_with_their_fingerprint() {
        assert_eq!(count(2, &[(0, 7), (1, 7)], &[]), (Outcome::Match, 0b11, 0, 7));
        assert_eq!(count(2, &[(0, 7), (1, 7), (2, 7), (3, 7)], &[]), (Outcome::Match, 0b1111, 0, 7));
    }

    #[test]
    fn one_lane_of_one_matches_whatever_it_delivers() {
        assert_eq!(count(1, &[(2, 9)], &[]), (Outcome::Match, 0b100, 0, 9));
    }

    #[test]
    fn a_quorum_beside_a_differing_lane_is_a_majority() {
        assert_eq!(count(2, &[(0, 7), (1, 8), (2, 7)], &[]), (Outcome::Majority, 0b101, 0b010, 7));
        assert_eq!(count(2, &[(0, 1), (1, 8), (2, 2), (3, 8)], &[]), (Outcome::Majority, 0b1010, 0b0101, 8));
    }

    #[test]
    fn a_quorum_beside_a_failed_lane_is_a_majority() {
        assert_eq!(count(2, &[(0, 7), (2, 7)], &[(1, Timeout)]), (Outcome::Majority, 0b101, 0b010, 7));
    }

    #[test]
    fn two_that_differ_are_a_mismatch_that_blames_both() {
        assert_eq!(count(2, &[(0, 7), (1, 8)], &[]), (Outcome::Mismatch, 0, 0b11, 0));
    }

    #[test]
    fn two_that_differ_beside_a_failed_one_are_no_majority() {
        assert_eq!(count(2, &[(0, 7), (1, 8)], &[(2, Check)]), (Outcome::NoMajority, 0, 0b111, 0));
    }

    #[test]
    fn three_different_ones_are_no_majority() {
        assert_eq!(count(2, &[(0, 7), (1, 8), (2, 9)], &[]), (Outcome::NoMajority, 0, 0b111, 0));
    }

    #[test]
    fn two_classes_of_two_have_no_winner() {
        assert_eq!(count(2, &[(0, 7), (1, 8), (2, 7), (3, 8)], &[]), (Outcome::NoMajority, 0, 0b1111, 0));
    }

    #[test]
    fn without_a_winner_the_lowest_failed_lane_gives_the_outcome() {
        assert_eq!(count(2, &[(2, 7)], &[(0, DmaPoisoned), (1, Isolation)]), (Outcome::Dma, 0, 0b011, 0));
        assert_eq!(count(2, &[(0, 7)], &[(1, Isolation)]), (Outcome::Isolation, 0, 0b010, 0));
        assert_eq!(count(1, &[], &[(3, Timeout)]), (Outcome::Timeout, 0, 0b1000, 0));
    }

    #[test]
    fn a_cause_becomes_an_outcome_by_its_family() {
        for (cause, _, _) in FaultCause::TABLE {
            assert_eq!(family(*cause), cause.outcome(), "{cause:?}");
        }
    }

    #[test]
    fn nobody_taking_part_gives_nothing() {
        assert_eq!(Ballot::default().count(), None);
    }

    #[test]
    fn agree_and_dissent_never_meet() {
        let result = Ballot { delivered: vec![(0, 1), (1, 1), (2, 2)], failed: vec![(3, Check)], quorum: 2 };
        let result = result.count().unwrap();
        assert_eq!(result.agree.and(result.dissent), LaneSet::EMPTY);
        assert_eq!(result.agree.or(result.dissent), lanes(0b1111));
    }
}
