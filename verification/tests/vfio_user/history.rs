//! A short history of a group in which everything happens once, and what its coordinator saw and released.

use covert_abi::{Fault, LaneSet, Outcome, Seq, Verdict};
use covert_driver::card::CardPort;
use covert_driver::conformance::{Factory, Failure, Parts, Port, Rig, Shape, Software};
use covert_driver::progress::ProgressReader;
use covert_driver::software::SoftwareConfig;
use covert_driver::unit::{Unit, UnitConfig, UnitGroup};
use covert_verification::mortal_card::Life;
use covert_verification::succession::{OnCard, Succession};
use covert_verification::unit_rig::{FAULTS, VERDICTS};

const BOTH: LaneSet = LaneSet::first(2);

/// What a coordinator saw of a history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Every verdict, in order.
    pub(crate) verdicts: Vec<Verdict>,
    /// Every record released, with what was released.
    pub(crate) released: Vec<(Seq, Vec<u8>)>,
    /// Every fault reported.
    pub(crate) faults: Vec<Fault>,
}

pub(crate) fn shape(skew_log2: u32) -> Shape {
    Shape { skew_log2, ..Shape::lanes(2) }
}

/// What software alone makes of the history.
pub(crate) fn of_software(skew_log2: u32) -> Seen {
    run(&mut Software.rig(&shape(skew_log2)).unwrap()).unwrap()
}

/// A rig whose group is on this card until that fails, and in software from then on; and log2 of the card's skew. The
/// coordinator's patience for a verdict is at an end when this life is over. Interrupts are on.
///
/// # Errors
/// The card cannot be used.
pub(crate) fn rig(port: Box<dyn CardPort>, patience: Life) -> Result<(Rig, u32), Failure> {
    let unit = Unit::open(port, FAULTS, 4).map_err(Failure::because)?;
    let skew_log2 = unit.identity().skew.ilog2();
    let shape = shape(skew_log2);
    let _ = unit.with_port(|port| port.enable_interrupts(2)).map_err(Failure::because)?;
    let Parts { readers, writers, memory, progress, page } = Parts::make(&shape).map_err(Failure::because)?;
    let config = UnitConfig {
        group: 0,
        verdict_log2: shape.verdict_log2,
        verdict_iova: VERDICTS,
        payload_max: shape.payload_max,
    };
    let group = UnitGroup::new(&unit, config, readers, &memory, progress).map_err(Failure::because)?;
    let software = SoftwareConfig {
        group: 0,
        skew_log2,
        verdict_log2: shape.verdict_log2,
        fault_log2: shape.fault_log2,
        payload_max: shape.payload_max,
    };
    let doorbells = (0..writers.len()).map(|lane| unit.doorbell(0, lane)).collect();
    let group = Succession::new(OnCard { group, doorbells, life: patience }, software);
    let port = |(lane, arena)| Port { arena, doorbell: Box::new(group.doorbell(lane)) };
    let ports = writers.into_iter().enumerate().map(port).collect();
    let progress = ProgressReader::map(&page).map_err(Failure::because)?;
    Ok((Rig { group: Box::new(group), ports, progress, shape }, skew_log2))
}

fn bytes(seq: Seq, length: usize) -> Vec<u8> {
    (0..length).map(|at| (seq as usize * 31 + at * 7) as u8).collect()
}

/// Runs it: records inline and by address, several at once, a generation ended in the middle of a record, one that differs, a
/// lane reset.
///
/// # Errors
/// The group failed.
pub(crate) fn run(rig: &mut Rig) -> Result<Seen, Failure> {
    let mut seen = Seen::default();
    rig.place_all()?;
    rig.group.flush(BOTH, 0).map_err(Failure::because)?;
    take(rig, &mut seen)?;
    for (seq, length) in [(0, 12), (1, 600)] {
        rig.submit(BOTH, seq as u32, seq, &bytes(seq, length))?;
        take(rig, &mut seen)?;
    }
    // One lane is ahead of the other by two records.
    for lane in 0..2 {
        for seq in [2, 3] {
            rig.submit(LaneSet::only(lane), seq as u32, seq, &bytes(seq, 100))?;
        }
    }
    take(rig, &mut seen)?;
    rig.submit(LaneSet::only(0), 4, 4, &bytes(4, 70))?;
    rig.group.flush(BOTH, 4).map_err(Failure::because)?;
    take(rig, &mut seen)?;
    rig.submit(BOTH, 0, 4, &bytes(4, 70))?;
    take(rig, &mut seen)?;
    // The second lane's payload differs in one byte, and the group halts.
    for lane in 0..2 {
        let mut payload = bytes(5, 300);
        payload[299] ^= lane as u8;
        rig.put(lane, 1, rig.header(5), &payload);
        rig.ring(lane, 2)?;
    }
    take(rig, &mut seen)?;
    rig.group.reset_lane(1).map_err(Failure::because)?;
    rig.group.place(1, &rig.place(1)?).map_err(Failure::because)?;
    rig.group.flush(BOTH, 5).map_err(Failure::because)?;
    take(rig, &mut seen)?;
    rig.submit(BOTH, 0, 5, &bytes(5, 300))?;
    take(rig, &mut seen)?;
    // An entry that is none.
    rig.store(1, 1, &[0xFF; 64]);
    rig.put(0, 1, rig.header(6), b"6");
    rig.ring(1, 2)?;
    rig.ring(0, 2)?;
    take(rig, &mut seen)?;
    Ok(seen)
}

/// Takes every verdict and fault that there is, and releases what compared equal.
fn take(rig: &mut Rig, seen: &mut Seen) -> Result<(), Failure> {
    for verdict in rig.verdicts()? {
        if verdict.outcome == Outcome::Match {
            let copy = rig.copy(0, verdict.seq)?;
            let released = copy.confirm(&verdict).map_err(Failure::because)?;
            seen.released.push((released.header.seq, released.payload.to_vec()));
            rig.group.release(verdict.seq + 1).map_err(Failure::because)?;
        }
        seen.verdicts.push(verdict);
    }
    seen.faults.extend(rig.faults()?);
    Ok(())
}
