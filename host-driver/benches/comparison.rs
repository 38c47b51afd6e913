//! What the software comparator costs beside what nobody can do without.
//!
//! `compare/<bytes>`: from two submitted records to a verdict, beside one `memcmp` of the two slots and one CRC of a copy.
//! `whole/<bytes>`: from two submitted records to the release, beside `memcmp`, copy and CRC of the copy.
//! `options/<bytes>`: the ways to compare that decision 0001 weighs, bare, beside the same.
//! `record`: the steps of one record that is all in its entry.
//!
//! Every pass goes over all slots of the rings, which the replicas have just written, in the order of the ring.
#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]

#[allow(dead_code, reason = "each bench uses its part")]
mod pair;

use covert_abi::{Header, fingerprint::padding};
use covert_driver::{Lane, Output};
use crc_fast::{CrcAlgorithm, Digest};
use criterion::{
    BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main, measurement::WallTime,
};
use pair::Pair;
use std::hint::black_box;
use std::time::Duration;

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
