//! What may leave, and when the slots are free again.

use super::expect::{Failure, Kept, bytes, same, set};
use super::rig::{Factory, Rig, Shape};
use crate::release::{CopyError, RecordCopy, ReleaseError};
use crate::ring::Position;
use covert_abi::{Outcome, Seq, Verdict};

/// Two lanes with one record in each, and its verdict.
fn judged(factory: &dyn Factory, payloads: [&[u8]; 2]) -> Result<(Rig, Verdict), Failure> {
    let mut rig = factory.rig(&Shape::lanes(2))?;
    rig.start(set([0, 1]), 20)?;
    for (lane, payload) in payloads.iter().enumerate() {
        rig.put(lane, 0, rig.header(20), payload);
        rig.ring(lane, 1)?;
    }
    match rig.verdicts()?.as_slice() {
        [verdict] => Ok((rig, *verdict)),
        others => Err(Failure(format!("got {others:?}, expected one verdict"))),
    }
}

/// A copy of a record from a lane's arena.
fn copy(rig: &Rig, lane: usize, seq: Seq) -> Result<RecordCopy, CopyError> {
    let mut copy = RecordCopy::new(rig.shape.payload_max);
    rig.group.copy_record(lane, seq, &mut copy).map(|()| copy)
}

const LENGTHS: [usize; 8] = [0, 1, 16, 24, 25, 33, 100, 1024];

pub(super) fn what_was_compared_is_what_is_released(factory: &dyn Factory) -> Kept {
    for length in LENGTHS {
        let payload = bytes(length, 9);
        let (rig, verdict) = judged(factory, [&payload, &payload])?;
        for lane in verdict.agree.iter() {
            let copy = copy(&rig, lane, 20).map_err(Failure::because)?;
            let released = copy.confirm(&verdict).map_err(Failure::because)?;
            let header = covert_abi::Header { length: length as u32, ..rig.header(20) };
            same("what is released", (released.header, released.payload), (header, payload.as_slice()))?;
        }
    }
    Ok(())
}

pub(super) fn a_copy_that_differs_in_any_byte_is_not_released(factory: &dyn Factory) -> Kept {
    for length in LENGTHS {
        let payload = bytes(length, 9);
        let (rig, verdict) = judged(factory, [&payload, &payload])?;
        let mut copy = copy(&rig, 0, 20).map_err(Failure::because)?;
        for at in 0..copy.image_mut().len() {
            copy.image_mut()[at] ^= 1 << (at % 8);
            let refused = matches!(copy.confirm(&verdict), Err(ReleaseError::Fingerprint { .. }));
            same(format_args!("byte {at} flipped is refused"), refused, true)?;
            copy.image_mut()[at] ^= 1 << (at % 8);
        }
        same("the copy as it was is released", copy.confirm(&verdict).is_ok(), true)?;
        for other in [
            Verdict { seq: 21, ..verdict },
            Verdict { generation: 2, ..verdict },
            Verdict { group: verdict.group ^ 1, ..verdict },
        ] {
            same("a verdict on another record", copy.confirm(&other), Err(ReleaseError::Record))?;
        }
    }
    Ok(())
}

pub(super) fn an_arena_changed_after_the_verdict_is_not_released(factory: &dyn Factory) -> Kept {
    for length in LENGTHS {
        let payload = bytes(length, 9);
        let (rig, verdict) = judged(factory, [&payload, &payload])?;
        let geometry = rig.shape.geometry(0);
        let payload_there = if length > 24 { length as u64 } else { 0 };
        let places = (0..64)
            .map(|at| geometry.ring_iova() + at)
            .chain((0..payload_there).map(|at| geometry.slot_iova(0) + at));
        for iova in places {
            let arena = &rig.ports[0].arena;
            let mut byte = [0];
            same("the byte can be read", arena.read(iova, &mut byte), true)?;
            arena.write(iova, &[byte[0] ^ 0x10]);
            let leaked = copy(&rig, 0, 20).is_ok_and(|copy| copy.confirm(&verdict).is_ok());
            same(format_args!("byte {iova:#x} changed is released"), leaked, false)?;
            arena.write(iova, &byte);
        }
        let whole = copy(&rig, 0, 20).is_ok_and(|copy| copy.confirm(&verdict).is_ok());
        same("as it was it is released", whole, true)?;
    }
    Ok(())
}

pub(super) fn a_verdict_that_is_not_releasable_releases_nothing(factory: &dyn Factory) -> Kept {
    let (rig, verdict) = judged(factory, [b"one", b"two"])?;
    for lane in [0, 1] {
        let copy = copy(&rig, lane, 20).map_err(Failure::because)?;
        same("a mismatch", copy.confirm(&verdict), Err(ReleaseError::Outcome(Outcome::Mismatch)))?;
    }
    drop(rig);
    let (rig, verdict) = judged(factory, [b"one", b"one"])?;
    let copy = copy(&rig, 0, 20).map_err(Failure::because)?;
    for (outcome, ..) in Outcome::TABLE.iter().filter(|(outcome, ..)| !outcome.is_releasable()) {
        let verdict = Verdict { outcome: *outcome, ..verdict };
        same("released by its outcome alone", copy.confirm(&verdict), Err(ReleaseError::Outcome(*outcome)))?;
    }
    let empty = RecordCopy::new(1024);
    same("a copy of nothing", empty.confirm(&verdict), Err(ReleaseError::Record))
}

pub(super) fn a_release_is_told_to_the_replicas(factory: &dyn Factory) -> Kept {
    let mut rig = factory.rig(&Shape::lanes(2))?;
    let both = set([0, 1]);
    let at = |generation, count| Position { generation, count };
    rig.start(both, 500)?;
    same("at the start", rig.progress.observe(), at(1, 0))?;
    for index in 0..3 {
        rig.submit(both, index, 500 + u64::from(index), b"x")?;
    }
    rig.verdicts()?;
    rig.group.release(502).map_err(Failure::because)?;
    same("after two", rig.progress.observe(), at(1, 2))?;
    rig.group.release(502).map_err(Failure::because)?;
    same("again", rig.progress.observe(), at(1, 2))?;
    rig.flush(both, 90, 503, both)?;
    same("in the next generation", rig.progress.observe(), at(2, 0))
}

pub(super) fn only_what_was_judged_can_be_released(factory: &dyn Factory) -> Kept {
    let (mut rig, _) = judged(factory, [b"x", b"x"])?;
    rig.submit(set([0]), 1, 21, b"y")?;
    for next in [22, 19, u64::MAX] {
        same(format_args!("up to {next}"), rig.group.release(next).is_err(), true)?;
    }
    rig.group.release(21).map_err(Failure::because)?;
    same("backwards", rig.group.release(20).is_err(), true)
}

pub(super) fn a_record_cannot_be_copied_after_its_release(factory: &dyn Factory) -> Kept {
    let (mut rig, _) = judged(factory, [b"x", b"x"])?;
    rig.submit(set([0]), 1, 21, b"y")?;
    let there = |rig: &Rig, lane, seq| copy(rig, lane, seq).map(|_| ());
    same("before the release", there(&rig, 0, 20), Ok(()))?;
    same("before the verdict", there(&rig, 0, 21), Err(CopyError::NotThere { seq: 21 }))?;
    same("before the generation", there(&rig, 0, 19), Err(CopyError::NotThere { seq: 19 }))?;
    same("from no lane", there(&rig, 2, 20), Err(CopyError::NoLane(2)))?;
    rig.group.release(21).map_err(Failure::because)?;
    same("after the release", there(&rig, 0, 20), Err(CopyError::NotThere { seq: 20 }))
}
