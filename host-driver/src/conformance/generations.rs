//! Flushes, members and states.

use super::expect::{Failure, Kept, NONE, bytes, print_of, same, set};
use super::rig::{Factory, Shape, rig_beyond_skew};
use crate::group::State;
use covert_abi::Outcome;

pub(super) fn the_first_flush_ends_generation_zero(factory: &dyn Factory) -> Kept {
    let mut rig = factory.rig(&Shape { group: 0, ..Shape::lanes(2) })?;
    let status = rig.group.status();
    same("a new group", (status.state, status.generation, status.live), (State::Idle, 0, NONE))?;
    rig.expect("before the first flush", &[])?;
    rig.place_all()?;
    rig.flush(set([0, 1]), 77, 0, NONE)?;
    let status = rig.group.status();
    same("after it", (status.state, status.generation, status.live), (State::Running, 1, set([0, 1])))?;
    rig.submit(set([0, 1]), 0, 77, b"x")?;
    let print = print_of(rig.header(77), b"x");
    let verdict = rig.verdict(77, Outcome::Match, set([0, 1]), NONE, print);
    rig.expect("the first record", &[verdict])
}

pub(super) fn flushed_comes_last_and_names_the_first_record_without_a_verdict(factory: &dyn Factory) -> Kept {
    let mut rig = factory.rig(&Shape::lanes(2))?;
    let both = set([0, 1]);
    rig.start(both, 1 << 40)?;
    for index in 0..3 {
        rig.submit(both, index, (1 << 40) + u64::from(index), b"abc")?;
    }
    rig.group.flush(both, 9).map_err(Failure::because)?;
    let verdicts = rig.verdicts()?;
    same("verdicts", verdicts.len(), 4)?;
    let marker = rig.flushed(1, (1 << 40) + 3, both);
    same("the last of generation 1", verdicts.last().copied(), Some(marker))?;
    rig.submit(both, 0, 9, b"abc")?;
    let verdicts = rig.verdicts()?;
    same("records of generation 2", verdicts.iter().map(|v| (v.generation, v.seq)).collect(), vec![(2, 9)])
}

pub(super) fn a_flush_forgets_what_was_not_voted_on(factory: &dyn Factory) -> Kept {
    let mut rig = factory.rig(&Shape::lanes(2))?;
    let both = set([0, 1]);
    rig.start(both, 0)?;
    rig.submit(set([0]), 0, 0, b"old")?;
    rig.submit(set([0]), 1, 1, b"old")?;
    rig.flush(both, 0, 0, both)?;
    rig.submit(set([1]), 0, 0, b"new")?;
    rig.expect("one lane alone", &[])?;
    rig.submit(set([0]), 0, 0, b"new")?;
    let verdict = rig.verdict(0, Outcome::Match, both, NONE, print_of(rig.header(0), b"new"));
    rig.expect("both", &[verdict])
}

pub(super) fn a_group_without_members_is_idle(factory: &dyn Factory) -> Kept {
    let mut rig = factory.rig(&Shape::lanes(2))?;
    rig.start(set([0, 1]), 0)?;
    rig.flush(NONE, 5, 0, set([0, 1]))?;
    let status = rig.group.status();
    same("state and live lanes", (status.state, status.live), (State::Idle, NONE))?;
    rig.flush(set([0, 1]), 6, 5, NONE)?;
    same("state", rig.group.status().state, State::Running)
}

pub(super) fn a_group_with_fewer_live_lanes_than_its_quorum_is_halted(factory: &dyn Factory) -> Kept {
    let mut rig = factory.rig(&Shape::lanes(2))?;
    rig.start(set([0, 1]), 0)?;
    rig.store(1, 0, &[0xFF; 64]);
    rig.ring(1, 1)?;
    rig.flush(set([0, 1]), 0, 0, set([0]))?;
    let status = rig.group.status();
    same("two named, one locked", (status.state, status.live), (State::Halted, set([0])))?;
    rig.submit(set([0]), 0, 0, b"x")?;
    rig.expect("while halted", &[])?;
    rig.flush(set([1]), 0, 0, set([0]))?;
    same("only the locked one named", rig.group.status().state, State::Halted)?;
    rig.flush(set([0]), 0, 0, NONE)?;
    same("the other one named alone", rig.group.status().state, State::Running)
}

pub(super) fn a_locked_lane_does_not_join_the_next_generation(factory: &dyn Factory) -> Kept {
    let mut rig = factory.rig(&Shape::lanes(3))?;
    let all = set([0, 1, 2]);
    rig.start(all, 0)?;
    rig.store(1, 0, &[0xFF; 64]);
    rig.ring(1, 1)?;
    rig.flush(all, 0, 0, set([0, 2]))?;
    same("live lanes", rig.group.status().live, set([0, 2]))?;
    rig.submit(set([0, 2]), 0, 0, b"two")?;
    let verdict = rig.verdict(0, Outcome::Match, set([0, 2]), NONE, print_of(rig.header(0), b"two"));
    rig.expect("the other two", &[verdict])
}

pub(super) fn a_lane_left_out_is_off_and_may_come_back(factory: &dyn Factory) -> Kept {
    let mut rig = factory.rig(&Shape::lanes(3))?;
    let all = set([0, 1, 2]);
    rig.start(all, 0)?;
    rig.flush(set([1, 2]), 0, 0, all)?;
    same("live lanes", rig.group.status().live, set([1, 2]))?;
    rig.submit(set([1, 2]), 0, 0, b"x")?;
    same("verdicts of two", rig.verdicts()?.len(), 1)?;
    rig.flush(all, 0, 1, set([1, 2]))?;
    rig.submit(all, 0, 0, b"x")?;
    let verdict = rig.verdict(0, Outcome::Match, all, NONE, print_of(rig.header(0), b"x"));
    rig.expect("all three again", &[verdict])
}

pub(super) fn a_group_that_halts_fetches_nothing_more(factory: &dyn Factory) -> Kept {
    let mut rig = rig_beyond_skew(factory, Shape { skew_log2: 1, ..Shape::lanes(2) })?;
    let skew = rig.group.limits().skew;
    rig.start(set([0, 1]), 0)?;
    // Lane 0 is as far ahead as it may be; behind that waits an entry that would lock it.
    for index in 0..skew {
        rig.put(0, index, rig.header(index.into()), b"x");
    }
    rig.store(0, skew, &[0xFF; 64]);
    rig.ring(0, skew + 1)?;
    rig.submit(set([1]), 0, 0, b"y")?;
    let verdict = rig.bad(0, Outcome::Mismatch, set([0, 1]));
    rig.expect("the record", &[verdict])?;
    same("faults", rig.faults()?, vec![])?;
    rig.flush(set([0, 1]), 0, 1, set([0, 1]))
}

pub(super) fn a_group_that_is_not_running_answers_nothing(factory: &dyn Factory) -> Kept {
    let mut rig = factory.rig(&Shape::lanes(2))?;
    let both = set([0, 1]);
    rig.start(both, 0)?;
    rig.group.set_watchdog(1);
    for lane in [0, 1] {
        for index in 0..4 {
            rig.put(lane, index, rig.header(u64::from(index)), &bytes(3, if index == 1 { lane as u8 } else { 9 }));
        }
        rig.ring(lane, 4)?;
    }
    let outcomes: Vec<_> = rig.verdicts()?.iter().map(|v| (v.seq, v.outcome)).collect();
    same("verdicts", outcomes, vec![(0, Outcome::Match), (1, Outcome::Mismatch)])?;
    same("state", rig.group.status().state, State::Halted)?;
    rig.submit(set([0]), 4, 4, b"x")?;
    rig.group.advance(1000).map_err(Failure::because)?;
    rig.expect("after the halt", &[])?;
    same("faults", rig.faults()?, vec![])?;
    rig.flush(both, 1, 2, both)
}
