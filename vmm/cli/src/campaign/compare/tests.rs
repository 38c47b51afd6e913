//! What counts as identical, as cut short, and as different.

use super::*;
use covert_abi::{Fingerprint, LaneSet};

fn verdict(generation: Generation, seq: Seq, outcome: Outcome) -> Verdict {
    let both = LaneSet::first(2);
    let (agree, dissent) = match outcome {
        Outcome::Mismatch => (LaneSet::EMPTY, both),
        _ => (both, LaneSet::EMPTY),
    };
    let fingerprint = if outcome == Outcome::Match { seq << 8 | u64::from(generation) } else { 0 };
    Verdict { group: 0, generation, seq, outcome, agree, dissent, fingerprint: Fingerprint(fingerprint) }
}

/// A run: of each generation the first record, the number of matches, the outcome at their end, and why it was cut.
fn run(generations: &[(Seq, u64, Option<Outcome>, &str)]) -> Sequence {
    let mut sequence = Sequence::default();
    for (generation, (start, matches, outcome, cut)) in (1..).zip(generations) {
        let mut next = start + matches;
        sequence.verdicts.extend((*start..next).map(|seq| verdict(generation, seq, Outcome::Match)));
        if let Some(outcome) = outcome {
            sequence.verdicts.push(verdict(generation, next, *outcome));
            next += 1;
        }
        if generation < generations.len() as u32 {
            sequence.verdicts.push(verdict(generation, next, Outcome::Flushed));
        }
        if !cut.is_empty() {
            sequence.cuts.insert(generation, (*cut).into());
        }
    }
    sequence
}

const MISMATCH: Option<Outcome> = Some(Outcome::Mismatch);

fn different(one: &Sequence, other: &Sequence) -> String {
    assert!(matches!(hold(other, one), Held::Different(_)));
    match hold(one, other) {
        Held::Different(what) => what,
        held => panic!("{held:?}"),
    }
}

#[test]
fn the_same_verdicts_are_identical_however_generations_ended() {
    for cut in ["", "Failed"] {
        let one = run(&[(0, 5, MISMATCH, cut), (3, 7, None, "")]);
        assert_eq!(hold(&one, &one.clone()), Held::Identical { verdicts: 5 + 1 + 1 + 7 });
    }
}

#[test]
fn a_verdict_that_differs_in_any_member_is_a_difference() {
    let one = run(&[(0, 5, MISMATCH, ""), (3, 7, None, "")]);
    type Change = fn(&mut Verdict);
    let changes: [Change; 4] = [
        |verdict| verdict.outcome = Outcome::Majority,
        |verdict| verdict.agree = LaneSet::only(0),
        |verdict| verdict.dissent = LaneSet::only(1),
        |verdict| verdict.fingerprint = Fingerprint(1),
    ];
    for change in changes {
        let mut other = one.clone();
        change(&mut other.verdicts[2]);
        assert!(different(&one, &other).contains("record 2 of generation 1"));
    }
}

#[test]
fn a_marker_counts_where_a_verdict_ended_the_generation() {
    let one = run(&[(0, 5, MISMATCH, ""), (3, 7, None, "")]);
    let mut other = one.clone();
    other.verdicts[6].agree = LaneSet::only(0);
    assert!(different(&one, &other).contains("Flushed"));
}

#[test]
fn one_that_was_cut_short_is_the_beginning_of_the_other() {
    let one = run(&[(0, 5, None, "Failed"), (0, 12, None, "")]);
    let other = run(&[(0, 9, None, "Failed"), (6, 6, None, "")]);
    let both = Held::CutShort { verdicts: 5 + 6, by: "Failed".into() };
    assert_eq!(hold(&one, &other), both);
    assert_eq!(hold(&other, &one), both);
}

#[test]
fn a_crash_may_come_before_the_verdict_that_would_have_shown_the_fault() {
    let one = run(&[(0, 5, None, "Failed"), (0, 12, None, "")]);
    let other = run(&[(0, 9, MISMATCH, ""), (6, 6, None, "")]);
    assert!(matches!(hold(&one, &other), Held::CutShort { .. }));
}

#[test]
fn a_verdict_that_was_cut_off_by_nothing_is_missing() {
    let one = run(&[(0, 5, None, ""), (0, 12, None, "")]);
    let other = run(&[(0, 9, MISMATCH, ""), (0, 12, None, "")]);
    assert!(different(&one, &other).contains("no verdict"));
    let ended = run(&[(0, 5, MISMATCH, ""), (0, 11, None, "")]);
    let longer = run(&[(0, 5, MISMATCH, ""), (0, 12, None, "")]);
    assert!(different(&ended, &longer).contains("record 11 of generation 2"));
}

#[test]
fn what_comes_after_a_mismatch_in_only_one_is_a_difference_even_if_the_other_was_cut_short_later() {
    let one = run(&[(0, 5, MISMATCH, ""), (0, 12, None, "")]);
    let other = run(&[(0, 9, None, "Hung"), (6, 6, None, "")]);
    assert!(different(&one, &other).contains("record 5 of generation 1"));
}

#[test]
fn generations_after_the_one_that_was_cut_short_agree_where_they_overlap_and_end_alike() {
    let one = run(&[(0, 5, None, "Failed"), (0, 12, None, "")]);
    let mut other = run(&[(0, 9, None, "Failed"), (6, 6, None, "")]);
    let last = other.verdicts.len() - 1;
    other.verdicts[last].fingerprint = Fingerprint(1);
    assert!(different(&one, &other).contains("record 11 of generation 2"));
    other.verdicts.pop();
    assert!(different(&one, &other).contains("no verdict"));
}

#[test]
fn generations_start_alike_unless_one_was_cut_short() {
    let one = run(&[(0, 9, MISMATCH, ""), (0, 12, None, "")]);
    let other = run(&[(0, 9, MISMATCH, ""), (6, 6, None, "")]);
    assert!(different(&one, &other).contains("starts at 0 and at 6"));
}

#[test]
fn verdicts_out_of_their_order_are_a_difference() {
    let one = run(&[(0, 5, None, "Failed"), (0, 12, None, "")]);
    let mut other = one.clone();
    other.verdicts.swap(1, 2);
    different(&one, &other);
    let mut other = one.clone();
    other.verdicts.remove(2);
    different(&one, &other);
}
