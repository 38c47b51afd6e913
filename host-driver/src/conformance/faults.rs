//! What a fault does to its lane, its group and the log.

use super::expect::{Kept, NONE, print_of, same, set};
use super::rig::{Factory, Shape};
use crate::group::State;
use covert_abi::{FaultCause, Outcome};

const BAD: [u8; 64] = [0xFF; 64];

pub(super) fn a_fault_locks_the_lane_at_the_record_that_was_due(factory: &dyn Factory) -> Kept {
    let mut rig = factory.rig(&Shape::lanes(2))?;
    rig.start(set([0, 1]), 10)?;
    rig.store(1, 0, &BAD);
    // What comes behind the bad entry is not looked at, however good it is.
    rig.put(1, 1, rig.header(10), b"x");
    rig.ring(1, 2)?;
    rig.expect_fault(1, 10, FaultCause::Check, 0)?;
    same("live lanes", rig.group.status().live, set([0]))?;
    rig.expect("before the other lane came", &[])?;
    rig.submit(set([0]), 0, 10, b"x")?;
    let verdict = rig.bad(10, Outcome::BadEntry, set([1]));
    rig.expect("the record", &[verdict])?;
    same("state", rig.group.status().state, State::Halted)
}

pub(super) fn what_was_delivered_before_a_fault_stays_delivered(factory: &dyn Factory) -> Kept {
    let mut rig = factory.rig(&Shape::lanes(3))?;
    let all = set([0, 1, 2]);
    rig.start(all, 0)?;
    rig.put(1, 0, rig.header(0), b"a");
    rig.put(1, 1, rig.header(1), b"b");
    rig.store(1, 2, &BAD);
    rig.ring(1, 3)?;
    rig.expect_fault(1, 2, FaultCause::Check, 0)?;
    for (index, payload) in [(0, b"a"), (1, b"b"), (2, b"c"), (3, b"d")] {
        rig.submit(set([0, 2]), index, index.into(), payload)?;
    }
    let header = |seq| rig.header(seq);
    let verdicts = [
        rig.verdict(0, Outcome::Match, all, NONE, print_of(header(0), b"a")),
        rig.verdict(1, Outcome::Match, all, NONE, print_of(header(1), b"b")),
        rig.verdict(2, Outcome::Majority, set([0, 2]), set([1]), print_of(header(2), b"c")),
        rig.verdict(3, Outcome::Match, set([0, 2]), NONE, print_of(header(3), b"d")),
    ];
    rig.expect("four records", &verdicts)
}

pub(super) fn a_group_halts_at_the_first_record_without_a_quorum(factory: &dyn Factory) -> Kept {
    // Whether the lane is locked long before the vote or after it makes no difference to the verdicts.
    for locked_first in [true, false] {
        let mut rig = factory.rig(&Shape::lanes(3))?;
        rig.start(set([0, 1, 2]), 0)?;
        rig.store(2, 0, &BAD);
        rig.ring(2, 1)?;
        rig.put(1, 0, rig.header(0), b"x");
        rig.store(1, 1, &BAD);
        rig.put(0, 0, rig.header(0), b"x");
        rig.put(0, 1, rig.header(1), b"y");
        for lane in if locked_first { [1, 0] } else { [0, 1] } {
            rig.ring(lane, 2)?;
        }
        let verdicts = [
            rig.verdict(0, Outcome::Majority, set([0, 1]), set([2]), print_of(rig.header(0), b"x")),
            rig.bad(1, Outcome::BadEntry, set([1])),
        ];
        rig.expect("two lanes, then one", &verdicts)?;
        same("state", rig.group.status().state, State::Halted)?;
    }
    // A good record never halts: the lanes that agreed on it can fail at the next one at the earliest.
    let mut rig = factory.rig(&Shape::lanes(4))?;
    rig.start(set([0, 1, 2, 3]), 0)?;
    for lane in [2, 3] {
        rig.store(lane, 0, &BAD);
        rig.ring(lane, 1)?;
    }
    rig.store(1, 1, &BAD);
    rig.put(1, 0, rig.header(0), b"x");
    rig.ring(1, 2)?;
    rig.submit(set([0]), 0, 0, b"x")?;
    let verdict = rig.verdict(0, Outcome::Majority, set([0, 1]), set([2, 3]), print_of(rig.header(0), b"x"));
    rig.expect("the last with a quorum", &[verdict])?;
    same("state: lane 1 is locked, but fails at the next record only", rig.group.status().state, State::Running)?;
    rig.submit(set([0]), 1, 1, b"y")?;
    let verdict = rig.bad(1, Outcome::BadEntry, set([1]));
    rig.expect("the first without", &[verdict])?;
    same("state", rig.group.status().state, State::Halted)
}

pub(super) fn a_full_fault_log_counts_what_it_loses(factory: &dyn Factory) -> Kept {
    let mut rig = factory.rig(&Shape { fault_log2: 1, ..Shape::lanes(4) })?;
    rig.start(set([0, 1, 2, 3]), 0)?;
    let room = rig.group.limits().faults;
    for lane in 0..4 {
        rig.store(lane, 0, &BAD);
        rig.ring(lane, 1)?;
    }
    let lost = 4u32.saturating_sub(room);
    same("lost", rig.group.counters().faults_dropped, lost)?;
    let lanes: Vec<_> = rig.faults()?.iter().map(|fault| u32::from(fault.lane)).collect();
    same("logged, the oldest first", lanes, (0..4 - lost).collect())
}

pub(super) fn without_a_fault_log_every_fault_is_counted(factory: &dyn Factory) -> Kept {
    let mut rig = factory.rig(&Shape { fault_log2: 0, ..Shape::lanes(2) })?;
    rig.start(set([0, 1]), 0)?;
    for lane in 0..2 {
        rig.store(lane, 0, &BAD);
        rig.ring(lane, 1)?;
    }
    same("lost", rig.group.counters().faults_dropped, 2)?;
    same("logged", rig.faults()?, vec![])?;
    let verdict = rig.bad(0, Outcome::BadEntry, set([0, 1]));
    rig.expect("the verdict all the same", &[verdict])
}
