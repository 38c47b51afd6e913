//! The only way out of a lock.

use super::expect::{Failure, Kept, NONE, print_of, same, set};
use super::rig::{Factory, Shape};
use covert_abi::{FaultCause, Outcome};

pub(super) fn a_reset_unlocks_a_lane_for_the_next_generation(factory: &dyn Factory) -> Kept {
    let mut rig = factory.rig(&Shape::lanes(3))?;
    let all = set([0, 1, 2]);
    rig.start(all, 0)?;
    rig.store(1, 0, &[0xFF; 64]);
    rig.ring(1, 1)?;
    rig.expect_fault(1, 0, FaultCause::Check, 0)?;
    rig.group.reset_lane(1).map_err(Failure::because)?;
    same("no fault more", rig.faults()?, vec![])?;
    same("it is off until a flush", rig.group.status().live, set([0, 2]))?;
    rig.submit(set([0, 2]), 0, 0, b"x")?;
    let verdict = rig.verdict(0, Outcome::Majority, set([0, 2]), set([1]), print_of(rig.header(0), b"x"));
    rig.expect("it has still failed at this record", &[verdict])?;
    let place = rig.place(1)?;
    rig.group.place(1, &place).map_err(Failure::because)?;
    rig.flush(all, 0, 1, set([0, 2]))?;
    rig.submit(all, 0, 0, b"x")?;
    let verdict = rig.verdict(0, Outcome::Match, all, NONE, print_of(rig.header(0), b"x"));
    rig.expect("it takes part again", &[verdict])
}

pub(super) fn a_reset_closes_the_window(factory: &dyn Factory) -> Kept {
    let mut rig = factory.rig(&Shape::lanes(2))?;
    rig.start(set([0]), 0)?;
    rig.group.reset_lane(1).map_err(Failure::because)?;
    rig.flush(set([0, 1]), 0, 0, set([0]))?;
    same("a lane that was off and is reset makes no fault", rig.faults()?, vec![])?;
    rig.submit(set([1]), 0, 0, b"x")?;
    // Where its ring was is forgotten too, so the address is that of the first entry of a ring at 0.
    rig.expect_fault(1, 0, FaultCause::Isolation, 0)
}

pub(super) fn a_reset_of_a_live_lane_is_a_fault(factory: &dyn Factory) -> Kept {
    let mut rig = factory.rig(&Shape::lanes(2))?;
    rig.start(set([0, 1]), 7)?;
    rig.submit(set([0]), 0, 7, b"x")?;
    rig.group.reset_lane(1).map_err(Failure::because)?;
    rig.expect_fault(1, 7, FaultCause::Reset, 0)?;
    let verdict = rig.bad(7, Outcome::BadEntry, set([1]));
    rig.expect("the record", &[verdict])?;
    same("no such lane", rig.group.reset_lane(2).is_err(), true)
}

pub(super) fn what_a_lane_delivered_before_its_reset_stays_delivered(factory: &dyn Factory) -> Kept {
    let mut rig = factory.rig(&Shape::lanes(2))?;
    rig.start(set([0, 1]), 0)?;
    for index in 0..2 {
        rig.submit(set([1]), index, index.into(), b"x")?;
    }
    rig.group.reset_lane(1).map_err(Failure::because)?;
    rig.expect_fault(1, 2, FaultCause::Reset, 0)?;
    for index in 0..3 {
        rig.submit(set([0]), index, index.into(), b"x")?;
    }
    let good = |seq| rig.verdict(seq, Outcome::Match, set([0, 1]), NONE, print_of(rig.header(seq), b"x"));
    let verdicts = [good(0), good(1), rig.bad(2, Outcome::BadEntry, set([1]))];
    rig.expect("two records and the end", &verdicts)
}
