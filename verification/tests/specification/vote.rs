use crate::bench::*;
use covert_abi::*;

#[test]
fn the_group_votes_on_one_record_at_a_time_in_order() {
    let mut bench = Bench::running(0b11);
    for content in 0..3 {
        bench.submit(0, content);
    }
    for content in 0..3 {
        bench.submit(1, content);
    }
    let seqs: Vec<Seq> = bench.verdicts().iter().map(|verdict| verdict.seq).collect();
    assert_eq!(seqs, [0, 1, 2]);
}

#[test]
fn the_vote_waits_for_each_live_lane_even_where_a_majority_stands() {
    let mut bench = Bench::running(0b111);
    bench.submit_all(&[(0, 1), (1, 1)]);
    assert_eq!(bench.outcomes(), []);
    bench.submit(2, 1);
    assert_eq!(bench.outcomes(), [Outcome::Match]);
}

#[test]
fn a_lane_locked_at_the_record_is_not_waited_for() {
    let mut bench = Bench::running(0b111);
    bench.submit_all(&[(0, 1), (1, 1)]);
    bench.submit_raw(2, [0; 64]);
    let verdict = bench.verdict();
    assert_eq!(
        (verdict.outcome, verdict.agree.bits(), verdict.dissent.bits()),
        (Outcome::Majority, 0b011, 0b100)
    );
}

#[test]
fn a_differing_lane_is_outvoted_and_goes_on() {
    let mut bench = Bench::running(0b111);
    bench.submit_all(&[(0, 1), (1, 2), (2, 1)]);
    bench.submit_all(&[(0, 3), (1, 3), (2, 3)]);
    let verdicts = bench.verdicts();
    assert_eq!((verdicts[0].outcome, verdicts[0].dissent.bits()), (Outcome::Majority, 0b010));
    assert_eq!((verdicts[1].outcome, verdicts[1].agree.bits()), (Outcome::Match, 0b111));
}

#[test]
fn any_outcome_but_match_and_majority_halts_the_group() {
    for contents in [[(0, 1), (1, 2), (2, 3)], [(0, 3), (1, 2), (2, 1)]] {
        let mut bench = Bench::running(0b111);
        bench.submit_all(&contents);
        assert_eq!(bench.outcomes(), [Outcome::NoMajority]);
        assert_eq!(bench.group_state(), 2);
    }
}

#[test]
fn a_releasable_outcome_never_halts_the_group() {
    let mut bench = Bench::running(0b11);
    bench.submit(0, 1);
    bench.submit(1, 1);
    assert_eq!(bench.outcomes(), [Outcome::Match]);
    assert_eq!(bench.group_state(), 1);
    // Three lanes: one lost at 0, another lost at 1 while the third delivers.
    let mut bench = Bench::running(0b111);
    bench.submit_raw(2, [0; 64]);
    bench.submit_all(&[(0, 1), (1, 1)]);
    assert_eq!(bench.outcomes(), [Outcome::Majority]);
    assert_eq!(bench.group_state(), 1, "two are left to compare");
}

#[test]
fn a_lane_locked_further_on_does_not_halt_the_group_before_its_record() {
    let mut bench = Bench::running(0b11);
    bench.submit(0, 1);
    bench.submit(0, 2);
    bench.submit_raw(0, [0; 64]);
    bench.submit(1, 1);
    assert_eq!(bench.group_state(), 1, "record 1 can still be compared");
    bench.submit(1, 2);
    bench.submit(1, 3);
    assert_eq!(bench.outcomes(), [Outcome::Match, Outcome::Match, Outcome::BadEntry]);
}

#[test]
fn a_vote_with_four_lanes_two_of_them_failed_still_has_its_quorum() {
    let mut bench = Bench::running(0b1111);
    bench.submit_raw(1, [0; 64]);
    bench.submit_raw(3, [0; 64]);
    bench.submit_all(&[(0, 1), (2, 1)]);
    let verdict = bench.verdict();
    assert_eq!(
        (verdict.outcome, verdict.agree.bits(), verdict.dissent.bits()),
        (Outcome::Majority, 0b0101, 0b1010)
    );
}

#[test]
fn two_left_of_three_that_differ_are_a_mismatch() {
    let mut bench = Bench::running(0b111);
    bench.submit_raw(2, [0; 64]);
    bench.submit_all(&[(0, 1), (1, 1), (0, 2), (1, 3)]);
    assert_eq!(bench.outcomes(), [Outcome::Majority, Outcome::Mismatch]);
}

#[test]
fn losing_every_lane_but_one_ends_in_that_lanes_cause() {
    let mut bench = Bench::running(0b111);
    bench.submit_raw(2, [0; 64]);
    bench.submit_raw(1, [0; 64]);
    bench.submit(0, 1);
    let verdict = bench.verdict();
    assert_eq!(
        (verdict.outcome, verdict.agree.bits(), verdict.dissent.bits()),
        (Outcome::BadEntry, 0, 0b110)
    );
    assert_eq!(verdict.fingerprint, Fingerprint(0));
}
