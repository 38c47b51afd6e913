//! The unit itself: the driver's conformance suite, and histories against the reference model.

use crate::need::have;
use covert_abi::Identity;
use covert_driver::card::CardPort;
use covert_driver::conformance::{CASES, Failure};
use covert_verification::random::Random;
use covert_verification::root_complex::trace::Trace;
use covert_verification::root_complex::{Link, RootComplex, Traffic};
use covert_verification::scenario::generate::{Chances, generate, setup};
use covert_verification::scenario::run::{Agreement, Covered, run};
use covert_verification::scenario::shrink::shrink;
use covert_verification::scenario::{Scenario, Setup};
use covert_verification::simulated_card::{Handle, SimulatedCard, breaker, save_trace};
use covert_verification::unit_rig::{Needs, UnitFactory, bench};
use covert_verification::verilated::Configuration::{self, ThreeLanes, TwoLanes};
use covert_verification::verilated::Verilated;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Where the traces of this configuration go.
fn traces(configuration: Configuration) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{configuration:?}"));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn number(name: &str, default: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")),
        Err(_) => default,
    }
}

/// What the unit says of itself; `None` where there is none.
fn identity(configuration: Configuration) -> Option<Identity> {
    let mut rc = RootComplex::new(have(Verilated::configured(configuration))?, Link::default(), 0);
    Some(Identity::parse(|address| rc.read_word(address.into()).unwrap()).unwrap())
}

fn card(configuration: Configuration, seed: u64) -> SimulatedCard<Verilated> {
    let unit = Verilated::configured(configuration).unwrap();
    SimulatedCard::new(unit, Link::rough(&mut Random::new(seed)), seed, &traces(configuration))
}

#[test]
fn the_unit_passes_the_conformance_suite() {
    passes_the_conformance_suite(TwoLanes);
}

#[test]
fn the_unit_with_three_lanes_passes_the_conformance_suite() {
    passes_the_conformance_suite(ThreeLanes);
}

fn passes_the_conformance_suite(configuration: Configuration) {
    let Some(identity) = identity(configuration) else { return };
    let wants_more = AtomicBool::new(false);
    let port = |needs: &Needs| -> Result<Box<dyn CardPort>, String> {
        if needs.lanes > identity.lanes.into() {
            wants_more.store(true, Ordering::Relaxed);
            return Err("the unit is built for fewer lanes".into());
        }
        Ok(Box::new(card(configuration, 1)))
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
        "{} of {} cases passed; the unit has {} lanes a group, fewer than {} cases need: {}",
        CASES.len() - failed.len() - unfit.len(),
        CASES.len(),
        identity.lanes,
        unfit.len(),
        unfit.join(", ")
    );
    let text: Vec<String> = failed.iter().map(|(name, failure)| format!("{name}: {failure}")).collect();
    assert!(failed.is_empty(), "{}", text.join("\n"));
}

fn compare(
    configuration: Configuration,
    scenario: &Scenario,
) -> (Result<Covered, String>, Handle<Verilated>) {
    let card = card(configuration, scenario.seed);
    let handle = card.handle();
    let mut bench = bench(Box::new(card), &scenario.setup).unwrap();
    bench.breaker = Some(breaker(handle.clone(), Random::new(scenario.seed)));
    let rc = handle.clone();
    bench.registers = Some(Box::new(move |address| {
        rc.lock().unwrap().read_word(address.into()).map_err(|failure| failure.to_string())
    }));
    let result = run(scenario, Agreement::UpToHalt, &mut bench).map_err(|divergence| divergence.to_string());
    // The trace of a difference ends with the difference, not with the driver's farewell.
    if result.is_err() {
        let saved = save_trace(&mut handle.lock().unwrap(), &traces(configuration), scenario.seed);
        return (result.map_err(|text| format!("{text}\n{saved}")), handle);
    }
    (result, handle)
}

/// What a number of histories came to.
#[derive(Default)]
struct Sum {
    covered: Covered,
    histories: u64,
    clocks: u64,
    traffic: Traffic,
}

/// A history of this seed. Every other one goes well for long stretches, so that rings run full and around; one in four is full
/// of mistakes.
fn history(seed: u64, identity: &Identity) -> Scenario {
    let random = &mut Random::new(seed);
    let setup = Setup {
        lanes: random.within(1..=identity.lanes.into()) as usize,
        skew_log2: identity.skew.ilog2(),
        fault_log2: 10,
        ..setup(random)
    };
    let chances = match random.below(4) {
        0 => Chances { bad: 8, differing: 4, unreadable: 6, odd: 100 },
        1 => Chances { bad: 1, differing: 0, unreadable: 1, odd: 100 },
        _ => Chances { bad: 0, differing: 0, unreadable: 0, odd: 5 },
    };
    generate(seed, setup, chances, 600)
}

/// Everything that crossed the pins of the unit with two lanes in the history of this seed.
pub(crate) fn recorded(seed: u64) -> Trace {
    let identity = identity(TwoLanes).expect("the caller has a unit");
    let (_, handle) = compare(TwoLanes, &history(seed, &identity));
    let trace = handle.lock().unwrap().take_trace();
    trace.expect("every simulated card records")
}

/// The history on both sides; a difference is made as short as it gets, and told.
fn compared(configuration: Configuration, seed: u64, identity: &Identity) -> Sum {
    let scenario = history(seed, identity);
    let (result, handle) = compare(configuration, &scenario);
    let Ok(covered) = result else {
        let small = shrink(&scenario, 300, |it| compare(configuration, it).0.is_err());
        let difference = compare(configuration, &small).0.expect_err("what was kept still fails");
        let waves = match configuration {
            TwoLanes => String::new(),
            ThreeLanes => format!("\nIts waves want COVERT_VERILOG={}", configuration.verilog().display()),
        };
        let path = traces(configuration).join(format!("unit-{seed}.txt"));
        std::fs::write(&path, format!("{difference}\n{small:#?}\n")).unwrap();
        panic!(
            "seed {seed}: {difference}\n{} of {} events are needed; they are in {}.\n\
             Again: COVERT_SEED={seed} COVERT_RECORDS=1 cargo test -p covert-verification --test verilated{waves}",
            small.events.len(),
            scenario.events.len(),
            path.display(),
        );
    };
    let rc = handle.lock().unwrap();
    Sum { covered, histories: 1, clocks: rc.clock(), traffic: rc.traffic() }
}

#[test]
fn the_unit_gives_the_verdicts_of_the_reference_model() {
    gives_the_verdicts_of_the_reference_model(TwoLanes, 100_000);
}

#[test]
fn the_unit_with_three_lanes_gives_the_verdicts_of_the_reference_model() {
    gives_the_verdicts_of_the_reference_model(ThreeLanes, 20_000);
}

fn gives_the_verdicts_of_the_reference_model(configuration: Configuration, records: u64) {
    let Some(identity) = identity(configuration) else { return };
    let (wanted, first) = (number("COVERT_RECORDS", records), number("COVERT_SEED", 1));
    let (seed, sum) = (AtomicU64::new(first), Mutex::new(Sum::default()));
    let began = std::time::Instant::now();
    let work = || {
        while sum.lock().unwrap().covered.records < wanted {
            let more = compared(configuration, seed.fetch_add(1, Ordering::Relaxed), &identity);
            let mut sum = sum.lock().unwrap();
            sum.covered += more.covered;
            sum.histories += more.histories;
            sum.clocks += more.clocks;
            sum.traffic += more.traffic;
        }
    };
    // A history is one thread's from end to end, and the same whichever thread that is.
    std::thread::scope(|scope| {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        }
    });
    let Sum { covered, histories, clocks, traffic } = sum.into_inner().unwrap();
    println!(
        "{covered:?}\nin {histories} histories from seed {first} on; {clocks} clocks, {traffic:?}, {:.1} s",
        began.elapsed().as_secs_f32()
    );
    // A short run, to look at one seed, need not meet everything.
    if wanted >= 10_000 {
        let kinds = [covered.refused, covered.flushes, covered.faults, covered.unreadable, covered.registers];
        assert!(kinds.iter().all(|kind| *kind > wanted / 1000), "too little was covered: {covered:?}");
        assert!(traffic.completions > traffic.reads, "no completion was split: {traffic:?}");
    }
}
