use crate::bench::*;
use covert_abi::registers::group;
use covert_abi::*;
use covert_verification::model::Memory;

#[test]
fn a_full_verdict_ring_makes_the_group_wait() {
    let mut bench = Bench::running(0b11);
    for content in 0..6 {
        bench.submit_all(&[(0, content), (1, content)]);
    }
    assert_eq!(bench.peek_verdicts().len(), 4);
    assert_eq!(bench.group(group::VERDICT_TAIL), 1 + 4);
    assert_eq!(bench.verdicts().len(), 4);
    assert_eq!(bench.verdicts().len(), 2, "room for the others");
}

#[test]
fn a_full_verdict_ring_delays_the_flush() {
    let mut bench = Bench::running(0b11);
    for content in 0..4 {
        bench.submit_all(&[(0, content), (1, content)]);
    }
    bench.flush();
    assert_eq!((bench.group_state(), bench.group(group::COMMAND), bench.generation()), (3, 1, 1));
    assert_eq!(bench.verdicts().len(), 4);
    assert_eq!((bench.group_state(), bench.group(group::COMMAND), bench.generation()), (1, 0, 2));
    assert_eq!(bench.outcomes(), [Outcome::Flushed]);
}

#[test]
fn a_full_verdict_ring_stalls_only_its_own_group() {
    let mut bench = Bench::running(0b11);
    for content in 0..6 {
        bench.submit_all(&[(0, content), (1, content)]);
    }
    bench.write(group::address(1, group::MEMBERS), 0b1);
    bench.write(group::address(1, group::COMMAND), 1);
    bench.put(
        4,
        Submission::inline(Header { group: 1, generation: 1, ..Header::default() }, b"x").unwrap().seal(),
    );
    bench.ring_with(4, 1, 1);
    assert_eq!(bench.unit.read(group::address(1, group::VERDICT_TAIL)), 2);
}

#[test]
fn indices_are_never_reset_by_a_flush() {
    let mut bench = Bench::running(0b1);
    bench.submit(0, 1);
    bench.flush();
    bench.submit(0, 1);
    assert_eq!(bench.group(group::VERDICT_TAIL), 4);
}

#[test]
fn the_phase_is_1_in_the_first_lap_and_alternates() {
    let mut bench = Bench::running(0b1);
    let mut phases = Vec::new();
    for index in 1..20u32 {
        bench.submit(0, 1);
        let mut entry = [0; 32];
        bench.memory.read(VERDICTS + 32 * u64::from(index % 4), &mut entry).unwrap();
        phases.push(entry[28]);
        bench.verdicts();
    }
    assert_eq!(phases, [1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1]);
}

#[test]
fn faults_have_their_phase_and_position_too() {
    let mut bench = Bench::running(0b1);
    for round in 0..20 {
        bench.submit_raw(0, [0; 64]);
        assert_eq!(bench.faults().len(), 1, "round {round}");
        bench.reset_lane(0);
        bench.configure_lane(0);
        bench.flush();
        bench.verdicts();
    }
}
