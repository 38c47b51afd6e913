//! The unit itself: the driver's conformance suite, and histories against the reference model.

use crate::need::have;
use covert_abi::Identity;
use covert_driver::card::CardPort;
use covert_driver::conformance::{CASES, Failure};
use covert_verification::random::Random;
use covert_verification::root_complex::{Link, RootComplex};
use covert_verification::scenario::generate::{Chances, generate, setup};
use covert_verification::scenario::run::{Agreement, Covered, run};
use covert_verification::scenario::shrink::shrink;
use covert_verification::scenario::{Scenario, Setup};
use covert_verification::simulated_card::{Handle, SimulatedCard, breaker, save_trace};
use covert_verification::unit_rig::{Needs, UnitFactory, bench};
use covert_verification::verilated::Verilated;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

fn traces() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
}

fn number(name: &str, default: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")),
        Err(_) => default,
    }
}

/// What the unit says of itself; `None` where there is none.
fn identity() -> Option<Identity> {
    let mut rc = RootComplex::new(have(Verilated::unit())?, Link::default(), 0);
    Some(Identity::parse(|address| rc.read_word(address.into()).unwrap()).unwrap())
}

fn card(seed: u64) -> SimulatedCard<Verilated> {
    SimulatedCard::new(Verilated::unit().unwrap(), Link::rough(&mut Random::new(seed)), seed, traces())
}

#[test]
fn the_unit_passes_the_conformance_suite() {
    let Some(identity) = identity() else { return };
    let wants_more = AtomicBool::new(false);
    let port = |needs: &Needs| -> Result<Box<dyn CardPort>, String> {
        // A case that asks for less than the usual depth means it.
        let skew = needs.skew_log2 >= 3 || identity.skew <= 1 << needs.skew_log2;
        if needs.lanes > identity.lanes.into() || !skew {
            wants_more.store(true, Ordering::Relaxed);
            return Err("the unit is built for fewer lanes, or for a greater skew".into());
        }
        Ok(Box::new(card(1)))
    };
    let (mut failed, mut unfit): (Vec<(&str, Failure)>, Vec<&str>) = Default::default();
    for case in CASES {
        wants_more.store(false, Ordering::Relaxed);
        match (case.run)(&UnitFactory(port)) {
            Ok(()) => {}
            Err(_) if wants_more.load(Ordering::Relaxed) => unfit.push(case.name),
            Err(failure) => failed.push((case.name, failure)),
        }
    }
    println!(
        "{} of {} cases passed; the unit ({} lanes a group, skew {}) is no fit for {}: {}",
        CASES.len() - failed.len() - unfit.len(),
        CASES.len(),
        identity.lanes,
        identity.skew,
        unfit.len(),
        unfit.join(", ")
    );
    let text: Vec<String> = failed.iter().map(|(name, failure)| format!("{name}: {failure}")).collect();
    assert!(failed.is_empty(), "{}", text.join("\n"));
}

fn compare(scenario: &Scenario) -> (Result<Covered, String>, Handle<Verilated>) {
    let card = card(scenario.seed);
    let handle = card.handle();
    let mut bench = bench(Box::new(card), &scenario.setup).unwrap();
    bench.breaker = Some(breaker(handle.clone(), Random::new(scenario.seed)));
    let result = run(scenario, Agreement::UpToHalt, &mut bench).map_err(|divergence| divergence.to_string());
    // The trace of a difference ends with the difference, not with the driver's farewell.
    if result.is_err() {
        let saved = save_trace(&mut handle.lock().unwrap(), traces(), scenario.seed);
        return (result.map_err(|text| format!("{text}\n{saved}")), handle);
    }
    (result, handle)
}

#[test]
fn the_unit_gives_the_verdicts_of_the_reference_model() {
    let Some(identity) = identity() else { return };
    let (wanted, first) = (number("COVERT_RECORDS", 2000), number("COVERT_SEED", 1));
    let (mut covered, mut clocks, mut reads, mut seed) = (Covered::default(), 0, 0, first);
    let began = std::time::Instant::now();
    while covered.records < wanted {
        let random = &mut Random::new(seed);
        let setup = Setup {
            lanes: random.within(1..=identity.lanes.into()) as usize,
            skew_log2: identity.skew.ilog2(),
            fault_log2: 10,
            ..setup(random)
        };
        let chances = if random.percent(30) {
            Chances { bad: 8, differing: 4, unreadable: 4 }
        } else {
            Chances { bad: 1, differing: 0, unreadable: 1 }
        };
        let scenario = generate(seed, setup, chances, 300);
        let (result, handle) = compare(&scenario);
        match result {
            Ok(more) => covered += more,
            Err(_) => {
                let small = shrink(&scenario, 300, |it| compare(it).0.is_err());
                let difference = compare(&small).0.expect_err("what was kept still fails");
                let path = traces().join(format!("unit-{seed}.txt"));
                std::fs::write(&path, format!("{difference}\n{small:#?}\n")).unwrap();
                panic!(
                    "seed {seed}: {difference}\n{} of {} events are needed; they are in {}.\n\
                     Again: COVERT_SEED={seed} COVERT_RECORDS=1 cargo test -p covert-verification --test verilated",
                    small.events.len(),
                    scenario.events.len(),
                    path.display(),
                );
            }
        }
        let rc = handle.lock().unwrap();
        clocks += rc.clock();
        reads += rc.traffic().reads;
        seed += 1;
    }
    println!(
        "{covered:?} in {} histories from seed {first} on, {clocks} clocks, {reads} reads of the unit, {:.1} s",
        seed - first,
        began.elapsed().as_secs_f32()
    );
}
