use crate::bench::*;
use covert_abi::registers::{card, group, lane};
use covert_abi::*;
use covert_verification::model::ReadError;

#[test]
fn a_fault_locks_its_lane_at_the_record_that_was_due() {
    let mut bench = Bench::running(0b1);
    bench.submit(0, 1);
    bench.submit_raw(0, [0; 64]);
    let fault = bench.faults()[0];
    assert_eq!((fault.seq, fault.generation, fault.group, fault.lane), (1, 1, 0, 0));
    assert_eq!(bench.lane_state(0), 2);
    assert_eq!(lane::STATUS_CAUSE.of(bench.lane(0, lane::STATUS)), u32::from(FaultCause::Check.code()));
}

#[test]
fn records_delivered_before_stay_delivered() {
    let mut bench = Bench::running(0b11);
    bench.submit(0, 1);
    bench.submit(0, 2);
    bench.submit_raw(0, [0; 64]);
    bench.submit(1, 1);
    bench.submit(1, 2);
    bench.submit(1, 3);
    assert_eq!(bench.outcomes(), [Outcome::Match, Outcome::Match, Outcome::BadEntry]);
}

#[test]
fn records_delivered_before_a_reset_stay_delivered() {
    let mut bench = Bench::running(0b11);
    bench.submit(0, 1);
    bench.reset_lane(0);
    bench.submit(1, 1);
    bench.submit(1, 1);
    assert_eq!(bench.outcomes(), [Outcome::Match, Outcome::BadEntry]);
}

#[test]
fn a_locked_lane_fetches_nothing_more() {
    let mut bench = Bench::running(0b1);
    bench.put(0, [0; 64]);
    bench.put(0, Submission::inline(bench.header(0), b"x").unwrap().seal());
    bench.ring(0);
    assert_eq!(bench.causes().len(), 1);
    assert_eq!(bench.lane(0, lane::HEAD), 1);
}

#[test]
fn a_fault_that_finds_the_ring_full_is_lost_and_counted() {
    let mut bench = Bench::running(0b1);
    for fault in 0..10 {
        bench.submit_raw(0, [0; 64]);
        bench.reset_lane(0);
        bench.configure_lane(0);
        bench.flush();
        bench.verdicts();
        assert_eq!(bench.unit.read(card::FAULT_TAIL), (fault + 1).min(1 << FAULT_LOG2));
    }
    assert_eq!(bench.unit.read(card::FAULTS_DROPPED), 2);
    assert_eq!(bench.faults().len(), 8);
}

#[test]
fn without_a_fault_ring_every_fault_is_lost_and_counted() {
    let mut bench = Bench::running(0b1);
    bench.write(card::FAULT_LOG2, 0);
    bench.submit_raw(0, [0; 64]);
    assert_eq!(bench.unit.read(card::FAULTS_DROPPED), 1);
    assert_eq!(bench.unit.read(card::FAULT_TAIL), 0);
    assert_eq!(bench.outcomes(), [Outcome::BadEntry]);
}

#[test]
fn a_flush_does_not_unlock_a_lane() {
    let mut bench = Bench::running(0b1);
    bench.submit_raw(0, [0; 64]);
    bench.flush();
    bench.flush();
    assert_eq!(bench.lane_state(0), 2);
}

#[test]
fn reset_unlocks_closes_the_window_forgets_the_ring_and_leaves_the_lane_off() {
    let mut bench = Bench::running(0b1);
    bench.submit_raw(0, [0; 64]);
    bench.reset_lane(0);
    assert_eq!(bench.lane(0, lane::STATUS), 0);
    for register in [
        lane::RING_BASE_LO,
        lane::RING_BASE_HI,
        lane::RING_LOG2,
        lane::WINDOW_BASE_LO,
        lane::WINDOW_LIMIT_LO,
        lane::WINDOW_LIMIT_HI,
        lane::COMMAND,
    ] {
        assert_eq!(bench.lane(0, register), 0, "register {register:#x}");
    }
}

#[test]
fn head_and_tail_of_a_reset_lane_can_be_read_until_the_flush() {
    let mut bench = Bench::running(0b11);
    bench.submit(0, 1);
    bench.reset_lane(0);
    assert_eq!((bench.lane(0, lane::HEAD), bench.lane(0, lane::TAIL)), (1, 1));
    bench.flush();
    assert_eq!((bench.lane(0, lane::HEAD), bench.lane(0, lane::TAIL)), (0, 0));
}

#[test]
fn a_lane_that_was_not_placed_again_is_locked_at_its_first_entry() {
    let mut bench = Bench::running(0b1);
    bench.reset_lane(0);
    bench.flush();
    bench.faults();
    bench.submit(0, 1);
    assert_eq!(bench.causes(), [(0, FaultCause::Isolation, 0)]);
}

#[test]
fn head_counts_the_entry_that_locked_the_lane_if_it_could_be_read() {
    let mut bench = Bench::running(0b1111);
    bench.submit_raw(0, [0; 64]);
    let unreadable = bench.entry_at(1, arena(1) + 0x800, 64);
    bench.break_range(arena(1) + 0x800, 64, ReadError::Refused);
    bench.submit_raw(1, unreadable);
    bench.break_range(arena(2), 64, ReadError::Refused);
    bench.submit(2, 1);
    bench.set_lane(3, lane::WINDOW_LIMIT_LO, 0);
    bench.set_lane(3, lane::WINDOW_LIMIT_HI, 0);
    bench.submit(3, 1);
    assert_eq!([0, 1, 2, 3].map(|number| bench.lane(number, lane::HEAD)), [1, 1, 0, 0]);
}

#[test]
fn a_flush_takes_a_reset_lane_in_again() {
    let mut bench = Bench::running(0b1);
    bench.submit_raw(0, [0; 64]);
    bench.reset_lane(0);
    bench.configure_lane(0);
    bench.flush();
    bench.verdicts();
    bench.submit(0, 1);
    assert_eq!(bench.outcomes(), [Outcome::Match]);
}

#[test]
fn reset_of_a_live_lane_is_a_fault_first() {
    let mut bench = Bench::running(0b11);
    bench.submit(1, 1);
    bench.reset_lane(0);
    assert_eq!(bench.causes(), [(0, FaultCause::Reset, 0)]);
    assert_eq!(bench.outcomes(), [Outcome::BadEntry]);
    assert_eq!(bench.lane_state(0), 0);
}

#[test]
fn reset_of_a_lane_that_is_not_live_is_no_fault() {
    let mut bench = Bench::running(0b11);
    bench.reset_lane(2);
    bench.submit_raw(0, [0; 64]);
    bench.faults();
    bench.reset_lane(0);
    assert_eq!(bench.causes(), []);
}

#[test]
fn a_lost_lane_takes_no_part_in_later_records() {
    let mut bench = Bench::running(0b111);
    bench.submit_raw(2, [0; 64]);
    bench.submit_all(&[(0, 1), (1, 1), (0, 2), (1, 2)]);
    let verdicts = bench.verdicts();
    assert_eq!((verdicts[0].outcome, verdicts[0].dissent.bits()), (Outcome::Majority, 0b100));
    assert_eq!((verdicts[1].outcome, verdicts[1].dissent.bits()), (Outcome::Match, 0));
    assert_eq!(group::STATUS_LIVE.of(bench.group(group::STATUS)), 0b011);
}
