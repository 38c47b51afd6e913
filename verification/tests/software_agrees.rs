//! The software comparator and the reference model give the same answers to the same history.
//!
//! `COVERT_TRACES` sets how many histories (2,000 unless told), `COVERT_SEED` the first seed. A failing history is made as
//! short as it gets, printed, and left in the test's temporary directory.

use covert_driver::arena::{ArenaReader, ArenaWriter, create};
use covert_driver::progress::ProgressWriter;
use covert_driver::software::{SoftwareConfig, SoftwareGroup};
use covert_driver::{ArenaDoorbell, Doorbell};
use covert_verification::model::unit::Order;
use covert_verification::random::Random;
use covert_verification::scenario::generate::{Chances, generate, setup};
use covert_verification::scenario::run::{Agreement, Covered, run};
use covert_verification::scenario::shrink::shrink;
use covert_verification::scenario::sides::Bench;
use covert_verification::scenario::{Scenario, Setup};
use std::path::Path;

fn number(name: &str, default: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")),
        Err(_) => default,
    }
}

fn software(setup: &Setup) -> Bench {
    let mut arenas = Vec::new();
    let mut readers = Vec::new();
    let mut doorbells: Vec<Box<dyn Doorbell>> = Vec::new();
    for lane in 0..setup.lanes {
        let geometry = Setup::geometry(lane);
        let fd = create(&geometry).unwrap();
        arenas.push(ArenaWriter::map(&fd, geometry).unwrap());
        readers.push(ArenaReader::map(&fd, geometry).unwrap());
        doorbells.push(Box::new(ArenaDoorbell));
    }
    let config = SoftwareConfig {
        group: 0,
        skew_log2: setup.skew_log2,
        verdict_log2: setup.verdict_log2,
        fault_log2: setup.fault_log2,
        payload_max: setup.payload_max,
    };
    let (progress, _) = ProgressWriter::create().unwrap();
    Bench {
        group: Box::new(SoftwareGroup::new(config, readers, progress).unwrap()),
        arenas,
        doorbells,
        breaker: None,
        registers: None,
    }
}

fn compare(scenario: &Scenario, agreement: Agreement) -> Result<Covered, String> {
    run(scenario, agreement, &mut software(&scenario.setup)).map_err(|divergence| divergence.to_string())
}

fn compare_many(traces: u64, agreement: Agreement, chances: Chances, length: usize) -> Covered {
    let first = number("COVERT_SEED", 1);
    let mut covered = Covered::default();
    for seed in first..first + traces {
        let mut setup = setup(&mut Random::new(seed));
        if agreement == Agreement::UpToHalt {
            // A log that never fills: what is open must not push out what is not.
            setup.fault_log2 = 12;
        }
        let scenario = generate(seed, setup, chances, length);
        match compare(&scenario, agreement) {
            Ok(more) => covered += more,
            Err(_) => {
                let small = shrink(&scenario, 3000, |it| compare(it, agreement).is_err());
                let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("software-{seed}.txt"));
                let difference = compare(&small, agreement).expect_err("what was kept still fails");
                std::fs::write(&path, format!("{difference}\n{small:#?}\n")).unwrap();
                panic!(
                    "seed {seed}: {difference}\n{} of {} events are needed; they are in {}.\n\
                     Again: COVERT_SEED={seed} COVERT_TRACES=1 cargo test -p covert-verification --test software_agrees",
                    small.events.len(),
                    scenario.events.len(),
                    path.display(),
                );
            }
        }
    }
    println!("{traces} histories from seed {first} on: {covered:?}");
    covered
}

#[test]
fn on_histories_full_of_mistakes() {
    let traces = number("COVERT_TRACES", 2000);
    let covered = compare_many(
        traces,
        Agreement::UpToHalt,
        Chances { bad: 8, differing: 4, unreadable: 0, odd: 100 },
        150,
    );
    assert!(covered.records > traces && covered.refused > traces / 2, "too little was covered: {covered:?}");
}

#[test]
fn on_histories_that_mostly_go_well() {
    let traces = number("COVERT_TRACES", 2000);
    let covered = compare_many(
        traces,
        Agreement::UpToHalt,
        Chances { bad: 1, differing: 0, unreadable: 0, odd: 100 },
        200,
    );
    assert!(covered.records > 5 * traces, "too little was covered: {covered:?}");
}

#[test]
fn to_the_last_bit() {
    let traces = number("COVERT_TRACES", 2000);
    let exact = Agreement::Exact(Order::FetchFirst);
    compare_many(traces, exact, Chances { bad: 8, differing: 4, unreadable: 0, odd: 100 }, 150);
    compare_many(traces, exact, Chances { bad: 1, differing: 0, unreadable: 0, odd: 100 }, 200);
}
