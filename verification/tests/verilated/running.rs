//! A unit whose lanes are live, and what a test does with them.

use crate::need::have;
use covert_abi::{FaultCause, Header, LaneSet, Outcome, Submission};
use covert_driver::LanePlace;
use covert_driver::ring::Position;
use covert_verification::root_complex::Link;
use covert_verification::scenario::Setup;
use covert_verification::scenario::sides::Bench;
use covert_verification::simulated_card::{Handle, SimulatedCard};
use covert_verification::unit_rig::bench;
use covert_verification::verilated::{Configuration, Verilated};
use std::path::Path;

/// A unit and who drives it.
pub(crate) struct Running {
    pub(crate) bench: Bench,
    pub(crate) rc: Handle<Verilated>,
    /// Entries that each lane has written in this generation.
    pub(crate) written: Vec<u32>,
    pub(crate) generation: u32,
}

/// Both lanes of two live in generation 1; `None` where there is no unit.
pub(crate) fn running(link: Link) -> Option<Running> {
    running_on(card(Configuration::TwoLanes, link)?, 2)
}

/// All lanes of three live in generation 1; `None` where there is no unit.
pub(crate) fn running_with_three_lanes(link: Link) -> Option<Running> {
    running_on(card(Configuration::ThreeLanes, link)?, 3)
}

fn card(configuration: Configuration, link: Link) -> Option<SimulatedCard<Verilated>> {
    let unit = have(Verilated::configured(configuration))?;
    Some(SimulatedCard::new(unit, link, 7, Path::new(env!("CARGO_TARGET_TMPDIR"))))
}

/// So many lanes of this card live in generation 1.
pub(crate) fn running_on(card: SimulatedCard<Verilated>, lanes: usize) -> Option<Running> {
    let setup = Setup { lanes, skew_log2: 4, verdict_log2: 4, fault_log2: 4, payload_max: 4096 };
    let rc = card.handle();
    let mut bench = bench(Box::new(card), &setup).unwrap();
    for lane in 0..lanes {
        bench.group.place(lane, &LanePlace::of(&Setup::geometry(lane)).unwrap()).unwrap();
    }
    bench.group.flush(LaneSet::first(lanes), 0).unwrap();
    bench.group.advance(0).unwrap();
    assert_eq!(bench.group.poll().unwrap().unwrap().outcome, Outcome::Flushed);
    Some(Running { bench, rc, written: vec![0; lanes], generation: 1 })
}

impl Running {
    pub(crate) fn word(&self, offset: u32) -> u32 {
        self.rc.lock().unwrap().read_word(offset.into()).unwrap()
    }

    /// Writes a record with a payload in its slot, or inline when it is short, and rings.
    pub(crate) fn submit(&mut self, lane: usize, payload: &[u8]) {
        let index = self.written[lane];
        let geometry = Setup::geometry(lane);
        let generation = self.generation;
        let header =
            Header { seq: index.into(), generation, length: payload.len() as u32, ..Header::default() };
        let submission = Submission::inline(header, payload).unwrap_or_else(|| {
            self.bench.arenas[lane].write(geometry.slot_iova(index), payload);
            Submission { header, body: covert_abi::Body::At(geometry.slot_iova(index)) }
        });
        self.enter(lane, &submission.seal());
    }

    /// Writes the lane's next entry, and rings.
    pub(crate) fn enter(&mut self, lane: usize, entry: &[u8; 64]) {
        let arena = &self.bench.arenas[lane];
        arena.write(Setup::geometry(lane).ring_iova() + 64 * u64::from(self.written[lane]), entry);
        self.written[lane] += 1;
        let count = self.written[lane];
        self.bench.doorbells[lane].ring(arena, Position { generation: self.generation, count });
    }

    pub(crate) fn outcomes(&mut self) -> Vec<Outcome> {
        self.bench.group.advance(0).unwrap();
        std::iter::from_fn(|| self.bench.group.poll().unwrap()).map(|verdict| verdict.outcome).collect()
    }

    pub(crate) fn causes(&mut self) -> Vec<FaultCause> {
        self.bench.group.advance(0).unwrap();
        std::iter::from_fn(|| self.bench.group.poll_fault().unwrap()).map(|fault| fault.cause).collect()
    }
}
