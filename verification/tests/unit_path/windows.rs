//! What a card can reach of the memory that the driver gives it.

use crate::need;
use covert_driver::conformance::Shape;
use covert_verification::root_complex::Link;
use covert_verification::simulated_card::SimulatedCard;
use covert_verification::unit_rig::{FAULTS, VERDICTS, assemble};
use covert_verification::verilated::Verilated;
use std::path::Path;

#[test]
fn arenas_are_mapped_to_be_read_and_rings_to_be_written_and_nothing_else() {
    let Some(unit) = need::have(Verilated::unit()) else { return };
    let card = SimulatedCard::new(unit, Link::default(), 0, Path::new("."));
    let handle = card.handle();
    let shape = Shape::lanes(2);
    let (_unit, rig) = assemble(Box::new(card), &shape).unwrap();
    let mut card = handle.lock().unwrap();
    let mut rights = |iova: u64, bytes: u64| {
        let reads = [iova, iova + bytes - 1].map(|at| card.memory.dma_read(at, &mut [0]));
        let writes = [iova, iova + bytes - 1].map(|at| card.memory.dma_write(at, &[0]));
        let beyond = [iova - 1, iova + bytes].map(|at| {
            let read = card.memory.dma_read(at, &mut [0]);
            read || card.memory.dma_write(at, &[0])
        });
        (reads, writes, beyond)
    };
    for port in &rig.ports {
        let geometry = port.arena.geometry();
        let found = rights(geometry.base, geometry.bytes().unwrap() as u64);
        assert_eq!(found, ([true; 2], [false; 2], [false; 2]), "the arena at {:#x}", geometry.base);
    }
    let entries = |log2: u32| u64::max(32 << log2, 4096);
    for (ring, iova, log2) in [("verdict", VERDICTS, shape.verdict_log2), ("fault", FAULTS, shape.fault_log2)]
    {
        assert_eq!(rights(iova, entries(log2)), ([false; 2], [true; 2], [false; 2]), "the {ring} ring");
    }
    assert_eq!(card.memory.count(), 4, "a window more than two arenas and two rings");
}
