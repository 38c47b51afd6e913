//! Clock cycles: payload throughput against the bound of `rx_cpl`, latency of a verdict, speed of the simulation.

#![allow(clippy::needless_range_loop, reason = "a lane is a number and indexes several things")]

mod common;

use common::{ARENA, RING_LOG2, Root};
use covert_abi::Outcome;
use covert_abi::registers::group;

fn running() -> Option<Root> {
    let mut root = Root::new()?;
    root.configure();
    root.flush(3, 0);
    root.verdict(0);
    Some(root)
}

/// Beats that a read of `bytes` occupies on `rx_cpl` when completions carry up to `split` bytes.
fn beats(bytes: u64, split: u64) -> u64 {
    (0..bytes.div_ceil(split)).map(|i| (3 + (bytes - i * split).min(split).div_ceil(4)).div_ceil(2)).sum()
}

/// Clocks for each record of a lane, both lanes running, in the steady state, and the bound.
fn clocks_per_record(payload: usize, latency: u64) -> Option<(f64, f64)> {
    let mut root = running()?;
    root.latency = latency;
    let records = 60u32;
    for index in 0..records {
        for lane in 0..2 {
            let entry = match payload {
                0 => Root::inline(Root::header(1, u64::from(index)), b"inline"),
                _ => Root::at(Root::header(1, u64::from(index)), payload, ARENA[lane] + 0x10000),
            };
            root.put(lane, index, &entry);
        }
    }
    assert!(records <= 1 << RING_LOG2);
    root.ring(0, 1, records);
    root.ring(1, 1, records);
    let mut seen = Vec::new();
    for index in 0..records {
        assert_eq!(root.verdict(index + 1).outcome, Outcome::Match);
        seen.push(root.clock);
    }
    let (from, to) = (19, 49);
    let clocks = (seen[to] - seen[from]) as f64 / (to - from) as f64;
    let bound =
        2 * (beats(64, root.split) + if payload == 0 { 0 } else { beats(payload as u64, root.split) });
    Some((clocks, bound as f64))
}

#[test]
fn payload_comes_at_nine_tenths_of_what_rx_cpl_carries() {
    for (payload, latency, floor) in
        [(0, 100, 0.0), (64, 100, 0.0), (256, 40, 0.9), (256, 100, 0.9), (1024, 100, 0.9), (4096, 150, 0.9)]
    {
        let Some((clocks, bound)) = clocks_per_record(payload, latency) else { return };
        println!(
            "{payload:5} bytes, {latency} clocks latency: {clocks:7.1} clocks a pair, bound {bound:6.1}, ratio {:.3}",
            bound / clocks
        );
        assert!(bound / clocks >= floor, "{payload} bytes: {:.3}", bound / clocks);
    }
}

#[test]
fn an_unloaded_verdict_takes_at_most_64_clocks() {
    for payload in [0usize, 16, 256, 4096] {
        let Some(mut root) = running() else { return };
        let mut worst = 0;
        for index in 0..20u32 {
            for lane in 0..2 {
                let header = Root::header(1, u64::from(index));
                let entry = match payload {
                    0 => Root::inline(header, b"inline payload, 24 bytes"),
                    _ => Root::at(header, payload, ARENA[lane] + 0x10003),
                };
                root.put(lane, index, &entry);
                root.ring(lane as u32, 1, index + 1);
            }
            root.verdict(index + 1);
            let (completion, write) = *root.verdict_clocks.last().expect("a verdict");
            worst = worst.max(write - completion);
            root.run(50);
        }
        println!("{payload:5} bytes: {worst} clocks from the last completion beat to the verdict's first");
        assert!(worst <= 64, "{payload} bytes: {worst} clocks");
    }
}

#[test]
fn the_verilated_unit_runs_half_a_million_clocks_a_second() {
    let Some(mut root) = running() else { return };
    // A busy unit, driven without the root complex around it: the doorbell page is written all the time.
    let clocks = 300_000u64;
    let started = std::time::Instant::now();
    let model = &mut root.model;
    model.set("rx_req_valid", 1);
    let (data, last) = (model.port("rx_req_data"), model.port("rx_req_last"));
    let address = group::address(0, group::WATCHDOG);
    for clock in 0..clocks {
        model.set_port(
            data,
            if clock & 1 == 0 { 0x0000_000F_4000_0001 } else { clock << 32 | u64::from(address) },
        );
        model.set_port(last, clock & 1);
        model.edge();
    }
    let speed = clocks as f64 / started.elapsed().as_secs_f64();
    println!("{speed:.0} clocks a second");
    // A floor that a loaded machine reaches too; the figure is printed.
    assert!(speed >= 100_000.0, "{speed:.0} clocks a second");
}
