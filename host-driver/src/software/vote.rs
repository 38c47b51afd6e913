//! The vote on one record: pure, from what was delivered and what failed to what the verdict says.

use covert_abi::{FaultCause, Fingerprint, LANES_PER_GROUP_MAX, LaneSet, Outcome};

/// What one lane brought to the vote on a record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Ballot {
    /// Nothing: it takes no part, or not any more.
    #[default]
    Absent,
    /// Its record, by fingerprint.
    Delivered(Fingerprint),
    /// It was locked at this very record.
    Failed(FaultCause),
}

/// The ballots of all lanes, by position.
pub(super) type Ballots = [Ballot; LANES_PER_GROUP_MAX];

/// How a vote ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Decision {
    pub(super) outcome: Outcome,
    pub(super) agree: LaneSet,
    pub(super) dissent: LaneSet,
    pub(super) fingerprint: Fingerprint,
}

/// How many lanes have to agree in a generation that was begun for these members.
pub(super) fn quorum(members: LaneSet) -> usize {
    if members.len() == 1 { 1 } else { 2 }
}

/// Decides by the largest class of equal fingerprints that has a quorum; a tie has no winner.
#[inline]
pub(super) fn decide(ballots: &Ballots, quorum: usize) -> Decision {
    // Nearly every vote is unanimous.
    let mut agree = LaneSet::EMPTY;
    let mut common = None;
    for (lane, ballot) in ballots.iter().enumerate() {
        match ballot {
            Ballot::Absent => {}
            Ballot::Delivered(print) if common.is_none_or(|common| common == *print) => {
                common = Some(*print);
                agree = agree.or(LaneSet::only(lane));
            }
            Ballot::Delivered(_) | Ballot::Failed(_) => return settle(ballots, quorum),
        }
    }
    match common {
        Some(fingerprint) if agree.len() >= quorum => {
            Decision { outcome: Outcome::Match, agree, dissent: LaneSet::EMPTY, fingerprint }
        }
        _ => settle(ballots, quorum),
    }
}

/// The whole rule, for votes that are not unanimous.
#[cold]
fn settle(ballots: &Ballots, quorum: usize) -> Decision {
    let delivered = which(ballots, |ballot| matches!(ballot, Ballot::Delivered(_)));
    let failed = which(ballots, |ballot| matches!(ballot, Ballot::Failed(_)));
    let class = |lane: usize| which(ballots, |ballot| *ballot == ballots[lane]);
    // Each lane that opens a class of its own stands for it.
    let leaders = || delivered.iter().filter(|lane| class(*lane).iter().next() == Some(*lane));
    let largest = leaders().map(|lane| class(lane).len()).max().unwrap_or(0);
    let mut winners = leaders().filter(|lane| class(*lane).len() == largest);
    let none = Decision {
        outcome: Outcome::NoMajority,
        agree: LaneSet::EMPTY,
        dissent: delivered.or(failed),
        fingerprint: Fingerprint(0),
    };
    if let (Some(winner), None, true) = (winners.next(), winners.next(), largest >= quorum)
        && let Ballot::Delivered(fingerprint) = ballots[winner]
    {
        let agree = class(winner);
        let dissent = delivered.or(failed).without(agree);
        return Decision { outcome: Outcome::Majority, agree, dissent, fingerprint };
    }
    if leaders().count() > 1 {
        let two = delivered.len() == 2 && failed.is_empty();
        return Decision { outcome: if two { Outcome::Mismatch } else { Outcome::NoMajority }, ..none };
    }
    let cause = ballots.iter().find_map(|ballot| match ballot {
        Ballot::Failed(cause) => Some(*cause),
        Ballot::Absent | Ballot::Delivered(_) => None,
    });
    match cause {
        Some(cause) => Decision { outcome: cause.outcome(), dissent: failed, ..none },
        // One lane delivered, none failed, and that is no quorum: the group halts before it comes to this.
        None => none,
    }
}

fn which(ballots: &Ballots, keep: impl Fn(&Ballot) -> bool) -> LaneSet {
    (0..LANES_PER_GROUP_MAX).filter(|lane| keep(&ballots[*lane])).collect()
}
