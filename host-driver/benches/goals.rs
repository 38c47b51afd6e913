//! The comparator's goals as ratios within one run: each round times the baseline and the comparator one after the other, over
//! the same slots, so that a busy neighbour strikes both. Printed are the median over the rounds and its 95 % interval
//! (order statistics, no assumption about the distribution).
#![allow(missing_docs, reason = "a bench's main")]

#[allow(dead_code, reason = "each bench uses its part")]
mod pair;

use covert_abi::{Header, fingerprint::padding};
use covert_driver::{Lane, Output};
use pair::Pair;
use std::hint::black_box;
use std::time::Duration;

const ROUNDS: usize = 101;

/// Median and 95 % interval of a sample, by its order statistics.
fn median(mut sample: Vec<f64>) -> (f64, f64, f64) {
    sample.sort_by(f64::total_cmp);
    let n = sample.len() as f64;
    let half_width = 0.98 * n.sqrt();
    let at = |rank: f64| sample[(rank.round().max(0.0) as usize).min(sample.len() - 1)];
    (at(n / 2.0 - 0.5), at(n / 2.0 - 0.5 - half_width), at(n / 2.0 - 0.5 + half_width))
}

fn compare(bytes: usize) -> (f64, f64, f64) {
    let mut pair = Pair::new(bytes);
    let image = vec![7u8; bytes + padding(bytes) + Header::BYTES];
    let records = pair.entries();
    let round = |_| {
        let baseline = pair.timed(records, |pair, index| {
            assert!(pair.slot(0, index) == pair.slot(1, index));
            black_box(crc_fast::crc64_nvme(black_box(&image)));
        });
        let software = pair.timed(records, |pair, _| {
            black_box(pair.verdict());
        });
        software.as_secs_f64() / baseline.as_secs_f64()
    };
    median((0..ROUNDS).map(round).collect())
}

/// Nanoseconds of one record that is all in its entry, both submits and the release included.
fn inline() -> (f64, f64, f64) {
    let mut pair = Pair::new(8);
    let payload = [1; 8];
    let round = |_| {
        let begin = std::time::Instant::now();
        let records = 2_000;
        for _ in 0..records {
            for lane in &mut pair.lanes {
                lane.submit(&Output::default(), &payload).expect("room");
                lane.ring();
            }
            pair.release();
        }
        let spent: Duration = begin.elapsed();
        spent.as_secs_f64() * 1e9 / f64::from(records)
    };
    median((0..ROUNDS).map(round).collect())
}

fn main() {
    // `cargo test --benches` runs this too: once is enough to see that it works.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    println!("{ROUNDS} rounds, median (95 % interval)");
    for bytes in [4096, 16384, 65536, 1 << 20] {
        let (median, low, high) = compare(bytes);
        println!("{bytes:8} bytes: {median:.2} ({low:.2} to {high:.2}) of memcmp and one CRC, goal 1.30");
    }
    let (median, low, high) = inline();
    println!("   a record without payload slot: {median:.0} ns ({low:.0} to {high:.0}), goal 200");
}
