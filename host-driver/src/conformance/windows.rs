//! What a lane may read.

use super::expect::{Failure, Kept, NONE, bytes, print_of, same, set};
use super::rig::{Factory, Rig, Shape};
use crate::group::LanePlace;
use covert_abi::{FaultCause, Header, Outcome};

/// A lone lane, running, with a changed place.
fn lane_at(factory: &dyn Factory, change: impl FnOnce(&mut LanePlace)) -> Result<Rig, Failure> {
    let mut rig = factory.rig(&Shape::lanes(1))?;
    let mut place = rig.place(0)?;
    change(&mut place);
    rig.group.place(0, &place).map_err(Failure::because)?;
    rig.flush(set([0]), 0, 0, NONE)?;
    Ok(rig)
}

/// Submits a record of `length` bytes at `iova` and requires a fault of this cause with the address in it.
fn payload_fault(rig: &mut Rig, length: u32, iova: u64, cause: FaultCause) -> Kept {
    rig.put_at(0, 0, Header { length, ..rig.header(0) }, iova);
    rig.ring(0, 1)?;
    let verdict = rig.bad(0, cause.outcome(), set([0]));
    rig.expect(format_args!("{length} bytes at {iova:#x}"), &[verdict])?;
    rig.expect_fault(0, 0, cause, iova)
}

pub(super) fn a_payload_outside_the_window_is_an_isolation_fault(factory: &dyn Factory) -> Kept {
    let whole = factory.rig(&Shape::lanes(2))?;
    let (own, other) = (whole.place(0)?, whole.place(1)?);
    let (base, limit) = (own.window_base, own.window_limit);
    // Here and elsewhere one rig goes before the next one comes: there may be only one card.
    let slot = whole.shape.geometry(0).slot_iova(1);
    drop(whole);
    let outside = [
        (1, base - 1),
        (2, base - 1),
        (1, limit),
        (2, limit - 1),
        (1024, limit - 1023),
        (1, 0),
        (64, other.window_base),
        (1, u64::MAX),
        (2, u64::MAX),
        (1024, u64::MAX - 1000),
    ];
    for (length, iova) in outside {
        payload_fault(&mut lane_at(factory, |_| ())?, length, iova, FaultCause::Isolation)?;
    }
    // A window smaller than the arena: what lies outside of it is not read either.
    payload_fault(&mut lane_at(factory, |place| place.window_limit = slot)?, 1, slot, FaultCause::Isolation)
}

pub(super) fn a_payload_up_to_the_edges_of_the_window_is_fine(factory: &dyn Factory) -> Kept {
    let mut rig = lane_at(factory, |_| ())?;
    let place = rig.place(0)?;
    let payload = bytes(100, 1);
    for (index, iova) in [(0, place.window_limit - 100), (1, place.window_base + 3000)] {
        rig.ports[0].arena.write(iova, &payload);
        rig.put_at(0, index, Header { length: 100, ..rig.header(index.into()) }, iova);
        rig.ring(0, index + 1)?;
        let print = print_of(rig.header(index.into()), &payload);
        let verdict = rig.verdict(index.into(), Outcome::Match, set([0]), NONE, print);
        rig.expect(format_args!("at {iova:#x}"), &[verdict])?;
    }
    same("faults", rig.faults()?, vec![])
}

pub(super) fn a_ring_outside_the_window_is_an_isolation_fault(factory: &dyn Factory) -> Kept {
    // The entry is there and good, and only its address is wrong.
    let mut rig = lane_at(factory, |place| place.window_base = place.ring_base + 64)?;
    rig.submit(set([0]), 0, 0, b"x")?;
    let ring = rig.shape.geometry(0).ring_iova();
    let verdict = rig.bad(0, Outcome::Isolation, set([0]));
    rig.expect("the first entry", &[verdict])?;
    rig.expect_fault(0, 0, FaultCause::Isolation, ring)?;
    drop(rig);
    let mut rig = lane_at(factory, |place| place.window_limit = place.ring_base + 127)?;
    rig.submit(set([0]), 0, 0, b"x")?;
    same("the first entry is inside", rig.verdicts()?.len(), 1)?;
    rig.submit(set([0]), 1, 1, b"x")?;
    rig.expect_fault(0, 1, FaultCause::Isolation, ring + 64)
}

pub(super) fn a_closed_window_lets_nothing_through(factory: &dyn Factory) -> Kept {
    for (base, limit) in [(0, 0), (1 << 33, 1 << 32), (1 << 32, 1 << 32)] {
        let mut rig = lane_at(factory, |place| (place.window_base, place.window_limit) = (base, limit))?;
        rig.submit(set([0]), 0, 0, b"x")?;
        let ring = rig.shape.geometry(0).ring_iova();
        rig.expect_fault(0, 0, FaultCause::Isolation, ring)?;
    }
    Ok(())
}

pub(super) fn memory_that_is_not_there_is_a_dma_fault(factory: &dyn Factory) -> Kept {
    // The windows are wider than what is mapped, as if the coordinator had mapped too little.
    let arena = factory.rig(&Shape::lanes(1))?.place(0)?;
    let wide = |place: &mut LanePlace| (place.window_base, place.window_limit) = (0, u64::MAX);
    for iova in [arena.window_limit, arena.window_limit - 8, arena.window_base - 16, 4096] {
        payload_fault(&mut lane_at(factory, wide)?, 16, iova, FaultCause::DmaRefused)?;
    }
    let mut rig = lane_at(factory, |place| {
        wide(place);
        place.ring_base = 4096;
    })?;
    rig.ring(0, 1)?;
    let verdict = rig.bad(0, Outcome::Dma, set([0]));
    rig.expect("an entry that cannot be read", &[verdict])?;
    rig.expect_fault(0, 0, FaultCause::DmaRefused, 4096)
}
