//! What the software comparator costs beside what nobody can do without.
//!
//! `compare/<bytes>`: from two submitted records to a verdict, beside one `memcmp` of the two slots and one CRC of a copy.
//! `whole/<bytes>`: from two submitted records to the release, beside `memcmp`, copy and CRC of the copy.
//! `options/<bytes>`: the ways to compare that decision 0001 weighs, bare, beside the same.
//! `record`: the steps of one record that is all in its entry.
//!
//! Every pass goes over all slots of the rings, which the replicas have just written, in the order of the ring.
#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]

use covert_abi::{Header, LaneSet, fingerprint::padding};
use covert_driver::conformance::{Parts, Shape};
use covert_driver::software::SoftwareConfig;
use covert_driver::{
    ArenaDoorbell, ArenaLane, Group, Lane, LanePlace, Output, ProgressReader, RecordCopy, SoftwareGroup,
};
use crc_fast::{CrcAlgorithm, Digest};
use criterion::{
    BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main, measurement::WallTime,
};
use memmap2::{Mmap, MmapOptions};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Two lanes, their group and the slots' memory, filled by `submit`.
struct Pair {
    group: SoftwareGroup,
    lanes: Vec<ArenaLane<ArenaDoorbell>>,
    memory: Vec<Mmap>,
    shape: Shape,
    payload: Vec<u8>,
    next: u64,
    copy: RecordCopy,
}

impl Pair {
    fn new(bytes: usize) -> Pair {
        // Rings of at most 8 MiB of slots a lane, so that short records rotate through more than a cache holds.
        let entries = ((8 << 20) / bytes.max(1)).clamp(8, 256).next_power_of_two();
        let shape = Shape {
            ring_log2: entries.trailing_zeros(),
            slot_bytes: bytes.next_multiple_of(64) as u32,
            skew_log2: 8,
            verdict_log2: 8,
            payload_max: bytes as u32,
            ..Shape::lanes(2)
        };
        let parts = Parts::make(&shape).expect("two arenas");
        // SAFETY: nothing writes through the lanes while a slice of this mapping is in use.
        let map = |fd| unsafe { MmapOptions::new().populate().map(fd) }.expect("a mapping");
        let memory = parts.memory.iter().map(map).collect();
        let config = SoftwareConfig {
            skew_log2: shape.skew_log2,
            verdict_log2: shape.verdict_log2,
            payload_max: shape.payload_max,
            ..SoftwareConfig::default()
        };
        let mut group = SoftwareGroup::new(config, parts.readers, parts.progress).expect("a group");
        for lane in 0..2 {
            let place = LanePlace::of(&shape.geometry(lane)).expect("a place");
            group.place(lane, &place).expect("placed");
        }
        group.flush(LaneSet::first(2), 0).expect("flushed");
        group.poll().expect("a verdict");
        let lanes = parts.writers.into_iter().map(|arena| {
            let told = ProgressReader::map(&parts.page).expect("a progress page");
            let mut lane = ArenaLane::new(arena, told, ArenaDoorbell, 0);
            lane.begin(1, 0);
            lane
        });
        let lanes = lanes.collect();
        let payload = (0..bytes).map(|i| (i * 31 % 251) as u8).collect();
        Pair { group, lanes, memory, shape, payload, next: 0, copy: RecordCopy::new(bytes as u32) }
    }

    fn entries(&self) -> u64 {
        1 << self.shape.ring_log2
    }

    /// A whole ring of records in both lanes.
    fn submit(&mut self) {
        for _ in 0..self.entries() {
            for lane in &mut self.lanes {
                lane.submit(&Output::default(), &self.payload).expect("room");
                lane.ring();
            }
        }
    }

    fn verdict(&mut self) -> covert_abi::Verdict {
        let verdict = self.group.poll().expect("a group").expect("a verdict");
        assert!(verdict.outcome.is_releasable());
        verdict
    }

    fn release(&mut self) {
        let verdict = self.verdict();
        self.group.copy_record(0, verdict.seq, &mut self.copy).expect("a copy");
        black_box(self.copy.confirm(&verdict).expect("the same").payload);
        self.group.release(verdict.seq + 1).expect("released");
    }

    fn slot(&self, lane: usize, index: u64) -> &[u8] {
        let geometry = self.shape.geometry(lane);
        let from = (geometry.slot_iova(index as u32) - geometry.base) as usize;
        &self.memory[lane][from..from + self.payload.len()]
    }

    /// Times `step` for `records` records, with whole rings submitted outside the time.
    fn timed(&mut self, records: u64, mut step: impl FnMut(&mut Pair, u64)) -> Duration {
        let (mut spent, mut done) = (Duration::ZERO, 0);
        while done < records {
            self.submit();
            let entries = self.entries();
            let begin = Instant::now();
            for index in 0..entries {
                step(self, index);
            }
            spent += begin.elapsed();
            // What the step left: every record is judged and released before the next ring.
            while self.group.poll().expect("a group").is_some() {}
            self.next += entries;
            self.group.release(self.next).expect("released");
            done += entries;
        }
        spent.mul_f64(records as f64 / done as f64)
    }
}

fn measure(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    pair: &mut Pair,
    step: impl FnMut(&mut Pair, u64) + Copy,
) {
    group.bench_function(name, |bencher| bencher.iter_custom(|records| pair.timed(records, step)));
}

const SIZES: [usize; 6] = [64, 1024, 4096, 16384, 65536, 1 << 20];

fn compare(criterion: &mut Criterion) {
    for bytes in SIZES {
        let mut pair = Pair::new(bytes);
        let image = vec![7u8; bytes + padding(bytes) + Header::BYTES];
        let mut group = criterion.benchmark_group(format!("compare/{bytes}"));
        group.throughput(Throughput::Bytes(bytes as u64));
        let baseline = |pair: &mut Pair, index: u64| {
            assert!(pair.slot(0, index) == pair.slot(1, index));
            black_box(crc_fast::crc64_nvme(black_box(&image)));
        };
        measure(&mut group, "baseline", &mut pair, baseline);
        measure(&mut group, "software", &mut pair, |pair, _| {
            black_box(pair.verdict());
        });
        group.finish();
    }
}

fn whole(criterion: &mut Criterion) {
    for bytes in SIZES {
        let mut pair = Pair::new(bytes);
        let mut group = criterion.benchmark_group(format!("whole/{bytes}"));
        group.throughput(Throughput::Bytes(bytes as u64));
        let image = core::cell::RefCell::new(vec![0u8; bytes + padding(bytes) + Header::BYTES]);
        let baseline = |pair: &mut Pair, index: u64| {
            let mut image = image.borrow_mut();
            assert!(pair.slot(0, index) == pair.slot(1, index));
            image[..pair.payload.len()].copy_from_slice(pair.slot(0, index));
            black_box(crc_fast::crc64_nvme(black_box(&image)));
        };
        measure(&mut group, "baseline", &mut pair, baseline);
        measure(&mut group, "software", &mut pair, |pair, _| pair.release());
        group.finish();
    }
}

/// Bytes that the options below copy at a time.
const BLOCK: usize = 8192;

/// CRC of a slot by way of private memory.
fn crc_of_copy(slot: &[u8], block: &mut [u8], with: impl Fn(&[u8], usize)) -> u64 {
    let mut digest = Digest::new(CrcAlgorithm::Crc64Nvme);
    for (number, part) in slot.chunks(BLOCK).enumerate() {
        let block = &mut block[..part.len()];
        block.copy_from_slice(part);
        with(black_box(block), number * BLOCK);
        digest.update(block);
    }
    digest.finalize()
}

fn options(criterion: &mut Criterion) {
    for bytes in [4096, 65536, 1 << 20] {
        let mut pair = Pair::new(bytes);
        let image = vec![7u8; bytes + Header::BYTES];
        let block = core::cell::RefCell::new(vec![0u8; BLOCK]);
        let mut group = criterion.benchmark_group(format!("options/{bytes}"));
        measure(&mut group, "baseline", &mut pair, |pair: &mut Pair, index| {
            assert!(pair.slot(0, index) == pair.slot(1, index));
            black_box(crc_fast::crc64_nvme(black_box(&image)));
        });
        measure(&mut group, "copy and crc of each", &mut pair, |pair: &mut Pair, index| {
            for lane in 0..2 {
                black_box(crc_of_copy(pair.slot(lane, index), &mut block.borrow_mut(), |_, _| ()));
            }
        });
        measure(&mut group, "copy one, memcmp, crc", &mut pair, |pair: &mut Pair, index| {
            let other = pair.slot(1, index);
            black_box(crc_of_copy(pair.slot(0, index), &mut block.borrow_mut(), |part, at| {
                assert!(part == &other[at..at + part.len()]);
            }));
        });
        measure(&mut group, "crc-fast of each by reference", &mut pair, |pair: &mut Pair, index| {
            for lane in 0..2 {
                black_box(crc_fast::crc64_nvme(pair.slot(lane, index)));
            }
        });
        group.finish();
    }
}

fn record(criterion: &mut Criterion) {
    let mut pair = Pair::new(8);
    let mut group = criterion.benchmark_group("record");
    measure(&mut group, "inline verdict", &mut pair, |pair, _| {
        black_box(pair.verdict());
    });
    measure(&mut group, "inline verdict and release", &mut pair, |pair, _| pair.release());
    let mut pair = Pair::new(8);
    let payload = [1; 8];
    group.bench_function("inline two submits, verdict and release", |bencher| {
        bencher.iter(|| {
            for lane in &mut pair.lanes {
                lane.submit(&Output::default(), &payload).expect("room");
                lane.ring();
            }
            pair.release();
        });
    });
    group.finish();
}

fn quick() -> Criterion {
    Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .sample_size(20)
}

criterion_group!(name = all; config = quick(); targets = compare, whole, options, record);
criterion_main!(all);
