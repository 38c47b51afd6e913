use crate::bench::*;
use covert_abi::registers::{card, group};
use covert_abi::*;

#[test]
fn a_group_starts_in_generation_0_idle_with_no_lane_live() {
    let bench = Bench::configured();
    assert_eq!(bench.generation(), 0);
    assert_eq!(bench.group(group::STATUS), 0);
    assert!((0..4).all(|lane| bench.lane_state(lane) == 0));
}

#[test]
fn the_first_flush_writes_flushed_for_generation_0_and_starts_generation_1() {
    let mut bench = Bench::configured();
    bench.set_group(group::MEMBERS, 0b11);
    bench.flush();
    let flushed = bench.verdict();
    assert_eq!((flushed.outcome, flushed.generation, flushed.seq), (Outcome::Flushed, 0, 0));
    assert_eq!((flushed.agree, flushed.dissent), (LaneSet::EMPTY, LaneSet::EMPTY));
    assert_eq!(bench.generation(), 1);
    assert_eq!(bench.group_state(), 1);
}

#[test]
fn nothing_runs_before_the_first_flush() {
    let mut bench = Bench::configured();
    bench.set_group(group::MEMBERS, 0b11);
    bench.submit_all(&[(0, 1), (1, 1)]);
    assert!(bench.verdicts().is_empty());
}

#[test]
fn flushed_names_the_first_record_without_verdict_and_the_lanes_still_live() {
    let mut bench = Bench::running(0b111);
    bench.submit_all(&[(0, 1), (1, 1), (2, 2)]);
    bench.submit(0, 1);
    bench.submit_raw(2, [0; 64]);
    bench.verdicts();
    bench.flush();
    let flushed = bench.verdict();
    assert_eq!((flushed.outcome, flushed.generation, flushed.seq), (Outcome::Flushed, 1, 1));
    assert_eq!((flushed.agree.bits(), flushed.dissent.bits()), (0b011, 0));
    assert_eq!(flushed.fingerprint, Fingerprint(0));
}

#[test]
fn what_was_not_voted_on_is_forgotten() {
    let mut bench = Bench::running(0b11);
    bench.submit_all(&[(0, 1), (0, 1)]);
    bench.flush();
    assert_eq!(bench.outcomes(), [Outcome::Flushed]);
    bench.submit(1, 1);
    assert!(bench.verdicts().is_empty(), "lane 0's records of generation 1 do not count");
    bench.submit(0, 1);
    assert_eq!(bench.outcomes(), [Outcome::Match]);
}

#[test]
fn flushed_is_the_last_entry_of_its_generation() {
    let mut bench = Bench::running(0b11);
    bench.submit_all(&[(0, 1), (1, 1)]);
    bench.flush();
    bench.submit_all(&[(0, 1), (1, 1)]);
    let generations: Vec<_> = bench.verdicts().iter().map(|v| (v.generation, v.outcome)).collect();
    assert_eq!(generations, [(1, Outcome::Match), (1, Outcome::Flushed), (2, Outcome::Match)]);
}

#[test]
fn heads_and_tails_become_0_and_the_next_record_is_start() {
    let mut bench = Bench::running(0b11);
    bench.submit_all(&[(0, 1), (1, 1)]);
    bench.set_group(group::START_LO, 77);
    bench.set_group(group::START_HI, 1);
    bench.verdicts();
    bench.flush();
    bench.verdicts();
    assert_eq!((bench.lane(0, registers::lane::HEAD), bench.lane(0, registers::lane::TAIL)), (0, 0));
    bench.submit_all(&[(0, 1), (1, 1)]);
    assert_eq!(bench.verdict().seq, 77 | 1 << 32);
}

#[test]
fn live_are_the_lanes_in_members_that_are_not_locked() {
    let mut bench = Bench::running(0b111);
    bench.submit_raw(1, [0; 64]);
    bench.flush();
    assert_eq!(group::STATUS_LIVE.of(bench.group(group::STATUS)), 0b101);
    assert_eq!([0, 1, 2, 3].map(|lane| bench.lane_state(lane)), [1, 2, 1, 0]);
}

#[test]
fn a_lane_that_members_no_longer_names_goes_off() {
    let mut bench = Bench::running(0b111);
    bench.set_group(group::MEMBERS, 0b011);
    bench.flush();
    assert_eq!(bench.lane_state(2), 0);
}

#[test]
fn a_single_member_has_quorum_1_and_gets_match_for_whatever_it_delivers() {
    let mut bench = Bench::running(0b100);
    bench.submit(2, 9);
    let verdict = bench.verdict();
    assert_eq!((verdict.outcome, verdict.agree.bits()), (Outcome::Match, 0b100));
}

#[test]
fn two_members_of_which_one_is_locked_are_below_their_quorum_and_halted() {
    let mut bench = Bench::running(0b11);
    bench.submit_raw(1, [0; 64]);
    bench.flush();
    assert_eq!(bench.group_state(), 2);
}

#[test]
fn no_members_is_idle() {
    let mut bench = Bench::running(0b11);
    bench.set_group(group::MEMBERS, 0);
    bench.flush();
    assert_eq!(bench.group_state(), 0);
    assert_eq!(bench.generation(), 2);
}

#[test]
fn the_quorum_is_fixed_for_the_generation() {
    let mut bench = Bench::running(0b11);
    bench.set_group(group::MEMBERS, 0b01);
    bench.submit(0, 1);
    assert_eq!(bench.outcomes(), [], "lane 1 is still waited for");
    bench.submit(1, 2);
    assert_eq!(bench.outcomes(), [Outcome::Mismatch]);
}

#[test]
fn a_halted_group_neither_fetches_nor_votes_until_the_next_flush_ends_it() {
    let mut bench = Bench::running(0b11);
    bench.submit_all(&[(0, 1), (1, 2)]);
    assert_eq!(bench.outcomes(), [Outcome::Mismatch]);
    bench.submit_all(&[(0, 3), (1, 3)]);
    assert_eq!(bench.outcomes(), []);
    assert_eq!(bench.lane(0, registers::lane::HEAD), 1);
    bench.flush();
    let flushed = bench.verdict();
    assert_eq!((flushed.outcome, flushed.seq), (Outcome::Flushed, 1));
}

#[test]
fn groups_do_not_touch_each_other() {
    let mut bench = Bench::running(0b11);
    bench.write(group::address(1, group::MEMBERS), 0b1);
    bench.write(group::address(1, group::COMMAND), 1);
    bench.submit_all(&[(0, 1), (1, 2)]);
    assert_eq!(bench.outcomes(), [Outcome::Mismatch]);
    let header = Header { group: 1, generation: 1, ..Header::default() };
    bench.put(4, Submission::inline(header, b"x").unwrap().seal());
    bench.ring_with(4, 1, 1);
    assert_eq!(bench.unit.read(group::address(1, group::VERDICT_TAIL)), 2);
}

#[test]
fn flushed_names_the_lanes_that_were_live_when_the_work_ended_whatever_happens_while_it_waits() {
    let mut bench = Bench::running(0b111);
    for _ in 0..1 << VERDICT_LOG2 {
        bench.submit_all(&[(0, 1), (1, 1), (2, 1)]);
    }
    bench.flush();
    assert_eq!(bench.group_state(), 3, "no room for it");
    bench.reset_lane(0);
    bench.ring_with(1, 1, u32::MAX);
    assert_eq!(bench.causes(), [(0, FaultCause::Reset, 0), (1, FaultCause::Doorbell, u32::MAX.into())]);
    bench.verdicts();
    let flushed = bench.verdict();
    assert_eq!((flushed.outcome, flushed.agree.bits()), (Outcome::Flushed, 0b111));
    assert_eq!([0, 1, 2].map(|lane| bench.lane_state(lane)), [1, 2, 1]);
}

#[test]
fn switching_the_unit_off_forgets_every_setting_but_those_of_the_fault_ring() {
    let mut bench = Bench::running(0b11);
    bench.submit_raw(0, [0; 64]);
    bench.set_group(group::WATCHDOG, 7);
    bench.set_group(group::START_HI, 7);
    bench.faults();
    bench.write(card::CONTROL, 0);
    for register in [
        group::MEMBERS,
        group::START_LO,
        group::START_HI,
        group::VERDICT_BASE_LO,
        group::VERDICT_BASE_HI,
        group::VERDICT_LOG2,
        group::VERDICT_HEAD,
        group::VERDICT_TAIL,
        group::WATCHDOG,
        group::PAYLOAD_MAX,
    ] {
        assert_eq!(bench.group(register), 0, "register {register:#x}");
    }
    let fault_ring = [card::FAULT_BASE_LO, card::FAULT_LOG2, card::FAULT_HEAD, card::FAULT_TAIL];
    assert_eq!(fault_ring.map(|register| bench.unit.read(register)), [FAULTS as u32, FAULT_LOG2, 1, 0]);
}

#[test]
fn switching_the_unit_off_resets_every_group_and_lane() {
    let mut bench = Bench::running(0b11);
    bench.submit_all(&[(0, 1), (1, 2)]);
    bench.write(card::CONTROL, 0);
    bench.write(card::CONTROL, 1);
    assert_eq!((bench.generation(), bench.group(group::STATUS)), (0, 0));
    assert_eq!((bench.lane_state(0), bench.group(group::VERDICT_TAIL)), (0, 0));
    assert_eq!(bench.lane(0, registers::lane::WINDOW_LIMIT_LO), 0, "its window is closed");
}
