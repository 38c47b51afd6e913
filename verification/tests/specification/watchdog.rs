use crate::bench::*;
use covert_abi::registers::group;
use covert_abi::*;

fn running(members: u32, watchdog: u32) -> Bench {
    let mut bench = Bench::running(members);
    bench.set_group(group::WATCHDOG, watchdog);
    bench
}

#[test]
fn it_expires_when_a_lane_has_lacked_an_entry_for_watchdog_ticks() {
    let mut bench = running(0b11, 3);
    bench.submit(0, 1);
    bench.tick(2);
    assert_eq!(bench.outcomes(), []);
    bench.tick(1);
    let verdict = bench.verdict();
    assert_eq!((verdict.outcome, verdict.dissent.bits()), (Outcome::Timeout, 0b10));
    assert_eq!(bench.causes(), [(1, FaultCause::Timeout, 0)]);
}

#[test]
fn it_is_not_armed_while_every_lane_is_silent() {
    let mut bench = running(0b11, 1);
    bench.tick(100);
    assert_eq!(bench.outcomes(), []);
    assert_eq!(bench.causes(), []);
}

#[test]
fn it_counts_from_the_delivery_on() {
    let mut bench = running(0b11, 3);
    bench.tick(100);
    bench.submit(0, 1);
    bench.tick(2);
    bench.submit(1, 1);
    assert_eq!(bench.outcomes(), [Outcome::Match]);
}

#[test]
fn it_starts_from_zero_for_each_record() {
    let mut bench = running(0b11, 3);
    bench.submit_all(&[(0, 1), (0, 2)]);
    bench.tick(2);
    bench.submit(1, 1);
    bench.tick(2);
    assert_eq!(bench.outcomes(), [Outcome::Match]);
    bench.tick(1);
    assert_eq!(bench.outcomes(), [Outcome::Timeout]);
}

#[test]
fn it_locks_each_lane_that_lacks_an_entry_lowest_first() {
    let mut bench = running(0b1111, 1);
    bench.submit_all(&[(1, 1), (2, 1)]);
    bench.tick(1);
    assert_eq!(bench.causes(), [(0, FaultCause::Timeout, 0), (3, FaultCause::Timeout, 0)]);
    let verdict = bench.verdict();
    assert_eq!(
        (verdict.outcome, verdict.agree.bits(), verdict.dissent.bits()),
        (Outcome::Majority, 0b0110, 0b1001)
    );
}

#[test]
fn zero_never_expires() {
    let mut bench = running(0b11, 0);
    bench.submit(0, 1);
    bench.tick(1000);
    assert_eq!(bench.outcomes(), []);
}

#[test]
fn a_lane_that_has_delivered_the_record_does_not_lack_an_entry() {
    let mut bench = running(0b111, 1);
    bench.submit_all(&[(0, 1), (1, 1)]);
    bench.tick(1);
    assert_eq!(bench.causes(), [(2, FaultCause::Timeout, 0)]);
}

#[test]
fn it_is_disarmed_by_a_flush() {
    let mut bench = running(0b11, 2);
    bench.submit(0, 1);
    bench.tick(1);
    bench.flush();
    bench.tick(5);
    bench.submit(0, 1);
    bench.tick(1);
    assert_eq!(bench.outcomes(), [Outcome::Flushed]);
}

#[test]
fn a_halted_group_arms_no_watchdog() {
    let mut bench = running(0b11, 1);
    bench.submit_all(&[(0, 1), (0, 1), (1, 2)]);
    bench.verdicts();
    bench.tick(10);
    assert_eq!(bench.causes(), []);
}

#[test]
fn a_delivered_record_keeps_it_armed_when_its_lane_is_locked_further_on() {
    let mut bench = running(0b11, 2);
    bench.submit(0, 1);
    bench.submit_raw(0, [0; 64]);
    bench.faults();
    bench.tick(2);
    assert_eq!(bench.causes(), [(1, FaultCause::Timeout, 0)]);
    assert_eq!(bench.outcomes(), [Outcome::Timeout]);
}

#[test]
fn it_runs_while_the_verdict_ring_is_full() {
    let mut bench = running(0b11, 2);
    for content in 0..4 {
        bench.submit_all(&[(0, content), (1, content)]);
    }
    bench.submit(0, 9);
    bench.tick(2);
    assert_eq!(bench.causes(), [(1, FaultCause::Timeout, 0)]);
}

#[test]
fn a_limit_lowered_below_the_count_expires_at_the_next_tick() {
    let mut bench = running(0b11, 100);
    bench.submit(0, 1);
    bench.tick(10);
    bench.set_group(group::WATCHDOG, 3);
    assert_eq!(bench.causes(), []);
    bench.tick(1);
    assert_eq!(bench.causes(), [(1, FaultCause::Timeout, 0)]);
}

#[test]
fn ticks_are_counted_while_there_is_no_limit() {
    let mut bench = running(0b11, 0);
    bench.submit(0, 1);
    bench.tick(4);
    bench.set_group(group::WATCHDOG, 6);
    bench.tick(1);
    assert_eq!(bench.causes(), []);
    bench.tick(1);
    assert_eq!(bench.causes(), [(1, FaultCause::Timeout, 0)]);
}
