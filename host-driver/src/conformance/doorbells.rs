//! What a ring of a doorbell does, and what it does not.

use super::expect::{Failure, Kept, NONE, print_of, same, set};
use super::rig::{Factory, Shape, rig_beyond_skew};
use crate::group::State;
use covert_abi::{FaultCause, Outcome};

pub(super) fn a_doorbell_of_another_generation_is_ignored_and_counted(factory: &dyn Factory) -> Kept {
    let mut rig = factory.rig(&Shape::lanes(2))?;
    let both = set([0, 1]);
    rig.start(both, 0)?;
    rig.flush(both, 0, 0, both)?;
    for lane in [0, 1] {
        rig.put(lane, 0, rig.header(0), b"x");
        rig.ring_as(lane, 1, 1)?;
    }
    rig.expect("rung for the old generation", &[])?;
    same("stale doorbells", rig.group.counters().stale_doorbells, 2)?;
    // Even a tail that would be a fault is none.
    rig.ring_as(0, 1, 10_000)?;
    same("faults", rig.faults()?, vec![])?;
    rig.ring(0, 1)?;
    rig.ring(1, 1)?;
    let verdict = rig.verdict(0, Outcome::Match, both, NONE, print_of(rig.header(0), b"x"));
    rig.expect("rung for the new one", &[verdict])
}

pub(super) fn a_doorbell_of_a_lane_that_is_not_live_is_ignored_and_counted(factory: &dyn Factory) -> Kept {
    let mut rig = factory.rig(&Shape::lanes(3))?;
    rig.start(set([0, 1]), 0)?;
    rig.put(2, 0, rig.header(0), b"x");
    rig.ring(2, 1)?;
    same("of a lane that is off", rig.group.counters().stale_doorbells, 1)?;
    rig.store(0, 0, &[0xFF; 64]);
    rig.ring(0, 1)?;
    same("faults", rig.faults()?.len(), 1)?;
    rig.ring(0, 2)?;
    same("of a lane that is locked", rig.group.counters().stale_doorbells, 2)?;
    same("more faults", rig.faults()?, vec![])
}

pub(super) fn a_doorbell_rung_too_early_is_not_remembered(factory: &dyn Factory) -> Kept {
    let mut rig = factory.rig(&Shape::lanes(1))?;
    rig.start(set([0]), 0)?;
    let next = rig.header(0);
    rig.put(0, 0, covert_abi::Header { generation: 2, ..next }, b"x");
    rig.ring_as(0, 2, 1)?;
    same("stale doorbells", rig.group.counters().stale_doorbells, 1)?;
    rig.flush(set([0]), 0, 0, set([0]))?;
    rig.expect("the early ring", &[])?;
    rig.put(0, 1, rig.header(1), b"y");
    rig.ring(0, 2)?;
    same("a ring in time", rig.verdicts()?.len(), 2)
}

pub(super) fn ringing_twice_or_backwards_does_no_harm(factory: &dyn Factory) -> Kept {
    let mut rig = rig_beyond_skew(factory, Shape { skew_log2: 2, ..Shape::lanes(2) })?;
    let both = set([0, 1]);
    rig.start(both, 0)?;
    let fetched = rig.group.limits().skew;
    for lane in [0, 1] {
        for index in 0..fetched + 2 {
            rig.put(lane, index, rig.header(u64::from(index)), b"x");
        }
    }
    // Lane 0 is fetched as far as the skew allows; a tail taken back to there changes nothing.
    for tail in [fetched, fetched, fetched + 2, fetched + 2, fetched] {
        rig.ring(0, tail)?;
    }
    for tail in [1, 1, fetched, fetched] {
        rig.ring(1, tail)?;
    }
    let seqs: Vec<_> = rig.verdicts()?.iter().map(|v| (v.seq, v.outcome)).collect();
    let expected: Vec<_> = (0..u64::from(fetched)).map(|seq| (seq, Outcome::Match)).collect();
    same("each record once", seqs, expected)?;
    same("faults", rig.faults()?, vec![])
}

pub(super) fn a_tail_further_ahead_than_the_ring_is_a_fault(factory: &dyn Factory) -> Kept {
    let mut rig = factory.rig(&Shape { ring_log2: 2, ..Shape::lanes(3) })?;
    let all = set([0, 1, 2]);
    rig.start(all, 50)?;
    rig.submit(all, 0, 50, b"x")?;
    same("a record", rig.verdicts()?.len(), 1)?;
    rig.ring(2, 6)?;
    rig.expect_fault(2, 51, FaultCause::Doorbell, 6)?;
    rig.submit(set([0, 1]), 1, 51, b"y")?;
    let print = print_of(rig.header(51), b"y");
    let verdict = rig.verdict(51, Outcome::Majority, set([0, 1]), set([2]), print);
    rig.expect("without lane 2", &[verdict])?;
    // A tail as far ahead as the ring is long is fine.
    for index in 2..6 {
        for lane in [0, 1] {
            rig.put(lane, index, rig.header(50 + u64::from(index)), b"z");
        }
    }
    rig.ring(0, 6)?;
    rig.ring(1, 6)?;
    same("a whole ring", rig.verdicts()?.len(), 4)
}

pub(super) fn a_tail_behind_the_head_is_a_fault(factory: &dyn Factory) -> Kept {
    let mut rig = factory.rig(&Shape::lanes(1))?;
    rig.start(set([0]), 0)?;
    rig.submit(set([0]), 0, 0, b"x")?;
    rig.submit(set([0]), 1, 1, b"x")?;
    same("records", rig.verdicts()?.len(), 2)?;
    rig.ring(0, 1)?;
    rig.expect_fault(0, 2, FaultCause::Doorbell, 1)?;
    let verdict = rig.bad(2, Outcome::BadEntry, set([0]));
    rig.expect("the record due", &[verdict])?;
    same("state", rig.group.status().state, State::Halted)
}

pub(super) fn a_tail_further_ahead_than_the_ring_is_a_fault_in_a_group_that_does_not_run(
    factory: &dyn Factory,
) -> Kept {
    let mut rig = factory.rig(&Shape { verdict_log2: 1, ..Shape::lanes(2) })?;
    let both = set([0, 1]);
    rig.start(both, 0)?;
    let (room, ring) = (rig.group.limits().verdicts, 1 << rig.shape.ring_log2);
    for index in 0..room {
        rig.submit(both, index, index.into(), b"x")?;
    }
    rig.group.flush(both, 100).map_err(Failure::because)?;
    same("no room for the marker", rig.group.status().state, State::Flushing)?;
    rig.ring(0, room + ring)?;
    same("a valid ring", rig.faults()?, vec![])?;
    rig.ring(0, room + ring + 1)?;
    rig.expect_fault(0, room.into(), FaultCause::Doorbell, (room + ring + 1).into())?;
    let verdicts = rig.verdicts()?;
    same("verdicts and the marker", verdicts.len(), room as usize + 1)?;
    same("one of two is locked", rig.group.status().state, State::Halted)
}
