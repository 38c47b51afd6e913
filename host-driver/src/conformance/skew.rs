//! Lanes that are ahead, and lanes that do not come.

use super::expect::{Failure, Kept, NONE, print_of, same, set};
use super::rig::{Factory, Rig, Shape, rig_beyond_skew};
use crate::group::State;
use covert_abi::{FaultCause, LaneSet, Outcome, Seq, Verdict};

/// Lets ticks pass.
fn wait(rig: &mut Rig, ticks: u32) -> Kept {
    rig.group.advance(ticks).map_err(Failure::because)
}

/// The verdict of a record that these lanes brought, all of one byte `x`, and the others did not.
fn without(rig: &Rig, seq: Seq, agree: LaneSet, dissent: LaneSet) -> Verdict {
    let outcome = if dissent.is_empty() { Outcome::Match } else { Outcome::Majority };
    rig.verdict(seq, outcome, agree, dissent, print_of(rig.header(seq), b"x"))
}

pub(super) fn a_lane_ahead_waits_for_the_other(factory: &dyn Factory) -> Kept {
    let mut rig = factory.rig(&Shape::lanes(2))?;
    let both = set([0, 1]);
    rig.start(both, 0)?;
    for index in 0..16 {
        rig.put(0, index, rig.header(index.into()), b"x");
        rig.put(1, index, rig.header(index.into()), b"x");
    }
    rig.ring(0, 16)?;
    rig.expect("one lane", &[])?;
    for index in 0..16 {
        rig.ring(1, index + 1)?;
        let verdict = without(&rig, index.into(), both, NONE);
        rig.expect("one record of the other", &[verdict])?;
    }
    Ok(())
}

pub(super) fn a_lane_is_not_fetched_further_ahead_than_the_skew_depth(factory: &dyn Factory) -> Kept {
    let mut rig = rig_beyond_skew(factory, Shape { skew_log2: 2, ..Shape::lanes(2) })?;
    let skew = rig.group.limits().skew;
    rig.start(set([0, 1]), 0)?;
    for index in 0..skew {
        rig.put(0, index, rig.header(index.into()), b"x");
    }
    rig.store(0, skew, &[0xFF; 64]);
    rig.ring(0, skew + 1)?;
    same("the bad entry behind the skew depth is not fetched", rig.faults()?, vec![])?;
    rig.submit(set([1]), 0, 0, b"x")?;
    rig.expect_fault(0, skew.into(), FaultCause::Check, 0)
}

pub(super) fn the_watchdog_sleeps_while_no_lane_waits_for_another(factory: &dyn Factory) -> Kept {
    let mut rig = factory.rig(&Shape::lanes(2))?;
    let both = set([0, 1]);
    rig.group.set_watchdog(10);
    wait(&mut rig, 1000)?;
    rig.start(both, 0)?;
    wait(&mut rig, 1000)?;
    for index in 0..3 {
        rig.submit(both, index, index.into(), b"x")?;
        wait(&mut rig, 1000)?;
    }
    same("faults", rig.faults()?, vec![])?;
    same("verdicts", rig.verdicts()?.len(), 3)
}

pub(super) fn the_watchdog_locks_the_lane_without_an_entry(factory: &dyn Factory) -> Kept {
    let mut rig = factory.rig(&Shape::lanes(2))?;
    rig.group.set_watchdog(10);
    rig.start(set([0, 1]), 40)?;
    rig.submit(set([1]), 0, 40, b"x")?;
    wait(&mut rig, 9)?;
    rig.expect("a tick before", &[])?;
    same("faults a tick before", rig.faults()?, vec![])?;
    wait(&mut rig, 1)?;
    let verdict = rig.bad(40, Outcome::Timeout, set([0]));
    rig.expect("the record", &[verdict])?;
    rig.expect_fault(0, 40, FaultCause::Timeout, 0)?;
    same("state", rig.group.status().state, State::Halted)?;
    // Of three, the two that came go on; of four, both that did not come are locked, the lowest first.
    for lanes in [3, 4] {
        let mut rig = factory.rig(&Shape::lanes(lanes))?;
        rig.group.set_watchdog(10);
        rig.start(set(0..lanes), 0)?;
        rig.submit(set([0, 2]), 0, 0, b"x")?;
        wait(&mut rig, 10)?;
        let late = set(0..lanes).without(set([0, 2]));
        let verdict = without(&rig, 0, set([0, 2]), late);
        rig.expect(format_args!("of {lanes} lanes"), &[verdict])?;
        let faults: Vec<_> = rig.faults()?.iter().map(|f| (usize::from(f.lane), f.seq, f.cause)).collect();
        same("faults", faults, late.iter().map(|lane| (lane, 0, FaultCause::Timeout)).collect())?;
        rig.submit(set([0, 2]), 1, 1, b"x")?;
        let verdict = without(&rig, 1, set([0, 2]), NONE);
        rig.expect("the next record", &[verdict])?;
    }
    Ok(())
}

pub(super) fn the_watchdog_starts_anew_for_each_record(factory: &dyn Factory) -> Kept {
    let mut rig = factory.rig(&Shape::lanes(2))?;
    rig.group.set_watchdog(10);
    rig.start(set([0, 1]), 0)?;
    for index in 0..5 {
        rig.submit(set([0]), index, index.into(), b"x")?;
        wait(&mut rig, 9)?;
        rig.submit(set([1]), index, index.into(), b"x")?;
    }
    same("faults", rig.faults()?, vec![])?;
    same("verdicts", rig.verdicts()?.len(), 5)?;
    // So too for a lane that was several records ahead.
    for index in 5..8 {
        rig.submit(set([0]), index, index.into(), b"x")?;
    }
    for index in 5..8 {
        wait(&mut rig, 9)?;
        rig.submit(set([1]), index, index.into(), b"x")?;
    }
    same("faults", rig.faults()?, vec![])?;
    same("verdicts", rig.verdicts()?.len(), 3)
}

pub(super) fn the_watchdog_counts_on_while_another_lane_is_missing(factory: &dyn Factory) -> Kept {
    let mut rig = factory.rig(&Shape::lanes(3))?;
    rig.group.set_watchdog(10);
    rig.start(set([0, 1, 2]), 0)?;
    rig.submit(set([0]), 0, 0, b"x")?;
    wait(&mut rig, 6)?;
    rig.submit(set([1]), 0, 0, b"x")?;
    wait(&mut rig, 3)?;
    rig.expect("a tick before", &[])?;
    wait(&mut rig, 1)?;
    let verdict = without(&rig, 0, set([0, 1]), set([2]));
    rig.expect("ten ticks after the first lane", &[verdict])
}

pub(super) fn a_watchdog_of_zero_never_expires(factory: &dyn Factory) -> Kept {
    let mut rig = factory.rig(&Shape::lanes(2))?;
    rig.group.set_watchdog(0);
    rig.start(set([0, 1]), 0)?;
    rig.submit(set([0]), 0, 0, b"x")?;
    wait(&mut rig, 100_000)?;
    rig.expect("after a long wait", &[])?;
    rig.submit(set([1]), 0, 0, b"x")?;
    let verdict = without(&rig, 0, set([0, 1]), NONE);
    rig.expect("the other lane", &[verdict])
}

pub(super) fn the_rest_of_a_long_wait_counts_for_the_next_record(factory: &dyn Factory) -> Kept {
    let mut rig = factory.rig(&Shape::lanes(4))?;
    rig.group.set_watchdog(10);
    rig.start(set(0..4), 0)?;
    rig.submit(set([0, 1, 2]), 0, 0, b"x")?;
    rig.submit(set([0, 1]), 1, 1, b"x")?;
    wait(&mut rig, 19)?;
    let verdict = without(&rig, 0, set([0, 1, 2]), set([3]));
    rig.expect("nineteen ticks", &[verdict])?;
    wait(&mut rig, 1)?;
    let verdict = without(&rig, 1, set([0, 1]), set([2]));
    rig.expect("twenty", &[verdict])
}

pub(super) fn a_limit_lowered_below_the_count_expires_at_the_next_tick(factory: &dyn Factory) -> Kept {
    // With a limit from the start, and with none: the ticks count all the same.
    for limit in [100, 0] {
        let mut rig = factory.rig(&Shape::lanes(2))?;
        rig.group.set_watchdog(limit);
        rig.start(set([0, 1]), 0)?;
        rig.submit(set([0]), 0, 0, b"x")?;
        wait(&mut rig, 20)?;
        rig.group.set_watchdog(10);
        wait(&mut rig, 0)?;
        rig.expect("before the next tick", &[])?;
        wait(&mut rig, 1)?;
        let verdict = rig.bad(0, Outcome::Timeout, set([1]));
        rig.expect("at the next tick", &[verdict])?;
    }
    Ok(())
}
