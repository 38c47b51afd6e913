use crate::bench::*;
use covert_abi::registers::{card, group, lane};
use covert_abi::*;

#[test]
fn one_that_names_another_generation_is_ignored_and_counted() {
    let mut bench = Bench::running(0b1);
    bench.put(0, Submission::inline(bench.header(0), b"x").unwrap().seal());
    bench.ring_with(0, 0, 1);
    bench.ring_with(0, 2, 1);
    assert_eq!(bench.unit.read(card::STALE_DOORBELLS), 2);
    assert_eq!(bench.lane(0, lane::TAIL), 0);
}

#[test]
fn one_that_comes_to_a_lane_that_is_not_live_is_ignored_and_counted() {
    let mut bench = Bench::running(0b1);
    bench.submit_raw(0, [0; 64]);
    bench.ring_with(0, 1, 2);
    bench.ring_with(3, 1, 1);
    assert_eq!(bench.unit.read(card::STALE_DOORBELLS), 2);
}

#[test]
fn a_tail_more_than_the_rings_length_ahead_of_the_head_is_a_fault() {
    let mut bench = Bench::running(0b11);
    bench.ring_with(0, 1, (1 << RING_LOG2) + 1);
    assert_eq!(bench.causes(), [(0, FaultCause::Doorbell, (1 << RING_LOG2) + 1)]);
    bench.submit(1, 0);
    assert_eq!(bench.outcomes(), [Outcome::BadEntry]);
}

#[test]
fn a_tail_a_whole_ring_ahead_is_taken() {
    let mut bench = Bench::running(0b11);
    bench.ring_with(0, 1, 1 << RING_LOG2);
    assert_eq!(bench.lane(0, lane::TAIL), 1 << RING_LOG2);
}

#[test]
fn a_tail_behind_the_head_is_a_fault() {
    let mut bench = Bench::running(0b1);
    bench.submit(0, 1);
    bench.submit(0, 1);
    bench.ring_with(0, 1, 1);
    assert_eq!(bench.causes(), [(0, FaultCause::Doorbell, 1)]);
}

#[test]
fn a_tail_that_goes_backwards_but_not_past_the_head_is_taken_without_effect_on_what_was_fetched() {
    let mut bench = Bench::running(0b11);
    for _ in 0..6 {
        bench.submit(0, 1);
    }
    assert_eq!(bench.lane(0, lane::HEAD), SKEW);
    bench.ring_with(0, 1, SKEW);
    assert_eq!(bench.lane(0, lane::TAIL), SKEW);
    assert_eq!(bench.causes(), []);
    for _ in 0..SKEW {
        bench.submit(1, 1);
    }
    assert_eq!(bench.verdicts().len(), SKEW as usize);
}

#[test]
fn ringing_twice_does_no_harm() {
    let mut bench = Bench::running(0b1);
    bench.submit(0, 1);
    bench.ring(0);
    bench.ring(0);
    assert_eq!(bench.outcomes(), [Outcome::Match]);
    assert_eq!(bench.causes(), []);
}

#[test]
fn a_tail_too_far_ahead_is_a_fault_while_the_group_is_halted_or_flushing_too() {
    let mut bench = Bench::running(0b11);
    bench.submit_all(&[(0, 1), (1, 2)]);
    assert_eq!(bench.outcomes(), [Outcome::Mismatch]);
    let tail = 1 + (1 << RING_LOG2) + 1;
    bench.ring_with(0, 1, tail);
    assert_eq!(bench.causes(), [(0, FaultCause::Doorbell, tail.into())]);

    let mut bench = Bench::running(0b11);
    for _ in 0..1 << VERDICT_LOG2 {
        bench.submit_all(&[(0, 1), (1, 1)]);
    }
    bench.set_group(group::COMMAND, 1);
    assert_eq!(bench.group_state(), 3);
    bench.ring_with(0, 1, u32::MAX);
    assert_eq!(bench.causes(), [(0, FaultCause::Doorbell, u32::MAX.into())]);
}

#[test]
fn a_valid_tail_has_no_effect_while_the_group_does_not_run() {
    let mut bench = Bench::running(0b11);
    bench.submit_all(&[(0, 1), (1, 2)]);
    bench.ring_with(0, 1, 2);
    assert_eq!(bench.causes(), []);
    assert_eq!(bench.unit.read(card::STALE_DOORBELLS), 0);
    bench.flush();
    assert_eq!(bench.lane(0, lane::TAIL), 0);
}
