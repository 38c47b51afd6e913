//! How fast the Verilated unit is clocked behind the root complex, on one core, while payload comes in without a pause.
#![allow(missing_docs, reason = "a bench's main")]

use covert_abi::{Body, Header, LaneSet, Submission};
use covert_driver::conformance::{Rig, Shape};
use covert_driver::ring::Position;
use covert_verification::root_complex::Link;
use covert_verification::simulated_card::{Handle, SimulatedCard};
use covert_verification::unit_rig::assemble;
use covert_verification::verilated::Verilated;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::time::{Duration, Instant};

const CLOCKS: u64 = 100_000;
/// Bytes a record; two rings of them keep the link's 8 bytes a clock busy for more than `CLOCKS`.
const PAYLOAD: usize = 4096;
const ENTRIES: u32 = 256;

struct Load {
    rig: Rig,
    rc: Handle<Verilated>,
    written: u32,
}

impl Load {
    /// A running pair of lanes; nothing of it is traced.
    fn new(unit: Verilated) -> Load {
        let shape = Shape {
            ring_log2: ENTRIES.ilog2(),
            slot_bytes: PAYLOAD as u32,
            verdict_log2: ENTRIES.ilog2(),
            payload_max: PAYLOAD as u32,
            ..Shape::lanes(2)
        };
        let card = SimulatedCard::new(unit, Link::default(), 1, &std::env::temp_dir());
        let rc = card.handle();
        let (_, mut rig) = assemble(Box::new(card), &shape).expect("a rig");
        rig.start(LaneSet::first(2), 0).expect("a running group");
        rc.lock().expect("no panic").take_trace();
        Load { rig, rc, written: 0 }
    }

    /// Fills both rings and rings.
    fn fill(&mut self) {
        let payload: Vec<u8> = (0..PAYLOAD).map(|at| (at * 31 % 251) as u8).collect();
        for index in self.written..self.written + ENTRIES {
            let header = Header { length: PAYLOAD as u32, ..self.rig.header(index.into()) };
            for port in &self.rig.ports {
                let geometry = port.arena.geometry();
                let slot = geometry.slot_iova(index);
                let entry = geometry.ring_iova() + 64 * u64::from(index % ENTRIES);
                assert!(port.arena.write(slot, &payload));
                assert!(port.arena.write(entry, &Submission { header, body: Body::At(slot) }.seal()));
            }
        }
        self.written += ENTRIES;
        for port in &self.rig.ports {
            port.doorbell.ring(&port.arena, Position { generation: 1, count: self.written });
        }
    }

    /// The time of `CLOCKS` clocks under load.
    fn timed(&mut self) -> Duration {
        self.fill();
        let mut rc = self.rc.lock().expect("no panic");
        let before = rc.traffic().read_bytes;
        let began = Instant::now();
        rc.run(CLOCKS).expect("no rule broken");
        let took = began.elapsed();
        // Else it would be the speed of a unit that waits.
        let bytes = rc.traffic().read_bytes - before;
        assert!(bytes > 5 * CLOCKS, "only {bytes} bytes in {CLOCKS} clocks");
        drop(rc);
        let verdicts = self.rig.verdicts().expect("verdicts");
        assert_eq!(verdicts.len(), ENTRIES as usize);
        took
    }
}

fn clocks(criterion: &mut Criterion) {
    let unit = match Verilated::unit() {
        Ok(unit) => unit,
        Err(error) => return eprintln!("SKIPPED verilated: {error}"),
    };
    let mut load = Load::new(unit);
    let mut group = criterion.benchmark_group("verilated");
    group.throughput(Throughput::Elements(CLOCKS)).sample_size(10).measurement_time(Duration::from_secs(3));
    group.bench_function("100000 clocks under DMA load", |bencher| {
        bencher.iter_custom(|times| (0..times).map(|_| load.timed()).sum());
    });
}

criterion_group!(benches, clocks);
criterion_main!(benches);
