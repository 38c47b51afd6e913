//! The verdict ring when nobody reads it.

use super::expect::{Failure, Kept, same, set};
use super::rig::{Factory, Shape};
use crate::group::{GroupError, State};
use covert_abi::{FaultCause, Outcome};

pub(super) fn a_full_verdict_ring_stalls_the_group_and_loses_nothing(factory: &dyn Factory) -> Kept {
    let mut rig = factory.rig(&Shape { verdict_log2: 2, skew_log2: 4, ..Shape::lanes(2) })?;
    rig.group.set_watchdog(5);
    rig.start(set([0, 1]), 0)?;
    let records = 16u32;
    for lane in [0, 1] {
        for index in 0..records {
            rig.put(lane, index, rig.header(index.into()), b"x");
        }
        rig.ring(lane, records)?;
    }
    // Nobody waits for an entry, so the watchdog has nothing to say however long the ring is full.
    rig.group.advance(1000).map_err(Failure::because)?;
    let next = rig.group.release(u64::from(rig.group.limits().verdicts) + 1);
    same("judged no further than the ring is long", next.is_err(), true)?;
    let mut seqs = Vec::new();
    while let Some(verdict) = rig.group.poll().map_err(Failure::because)? {
        seqs.push((verdict.seq, verdict.outcome));
        rig.group.advance(1000).map_err(Failure::because)?;
    }
    same("every record, in order", seqs, (0..u64::from(records)).map(|seq| (seq, Outcome::Match)).collect())?;
    same("faults", rig.faults()?, vec![])
}

pub(super) fn a_flush_waits_for_room_in_the_verdict_ring(factory: &dyn Factory) -> Kept {
    let mut rig = factory.rig(&Shape { verdict_log2: 1, ..Shape::lanes(1) })?;
    rig.start(set([0]), 0)?;
    let room = rig.group.limits().verdicts;
    for index in 0..=room {
        rig.submit(set([0]), index, index.into(), b"x")?;
    }
    rig.group.flush(set([0]), 100).map_err(Failure::because)?;
    let status = rig.group.status();
    same("state and generation", (status.state, status.generation), (State::Flushing, 1))?;
    let second = rig.group.flush(set([0]), 200);
    same("a second flush is refused", matches!(second, Err(GroupError::Flushing)), true)?;
    let verdicts: Vec<_> = rig.verdicts()?.iter().map(|v| (v.generation, v.seq, v.outcome)).collect();
    let mut expected: Vec<_> = (0..room.into()).map(|seq| (1, seq, Outcome::Match)).collect();
    expected.push((1, room.into(), Outcome::Flushed));
    same("what had room, then the marker; the rest is forgotten", verdicts, expected)?;
    let status = rig.group.status();
    same("state and generation", (status.state, status.generation), (State::Running, 2))?;
    rig.submit(set([0]), 0, 100, b"x")?;
    same("the first record of the second flush", rig.verdicts()?.len(), 1)
}

pub(super) fn a_marker_that_waits_names_who_was_live_when_the_work_ended(factory: &dyn Factory) -> Kept {
    let mut rig = factory.rig(&Shape { verdict_log2: 1, ..Shape::lanes(2) })?;
    let both = set([0, 1]);
    rig.start(both, 0)?;
    let room = rig.group.limits().verdicts;
    for index in 0..room {
        rig.submit(both, index, index.into(), b"x")?;
    }
    rig.group.flush(both, 100).map_err(Failure::because)?;
    same("no room for the marker", rig.group.status().state, State::Flushing)?;
    rig.group.reset_lane(1).map_err(Failure::because)?;
    rig.expect_fault(1, room.into(), FaultCause::Reset, 0)?;
    let verdicts = rig.verdicts()?;
    same("the marker", verdicts.last().copied(), Some(rig.flushed(1, room.into(), both)))?;
    same("the reset lane was taken in again", rig.group.status().live, both)
}
