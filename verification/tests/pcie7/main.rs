//! The unit behind `pcie7_shim` and a model of the 7-series PCI Express block: what `docs/src/pcie7-shim.md` promises.
//!
//! Rules of the TLP boundary are asserted by the root complex, rules of the block's interface by the model of it.

use covert_abi::Identity;
use covert_abi::registers::{card, group, lane};
use covert_driver::card::CardPort;
use covert_driver::conformance::{CASES, Failure};
use covert_verification::pcie7::{Pcie7Unit, committed};
use covert_verification::random::Random;
use covert_verification::root_complex::{Link, RootComplex, UnderTest};
use covert_verification::scenario::generate::{Chances, generate, setup};
use covert_verification::scenario::run::{Agreement, Covered, run};
use covert_verification::scenario::{Scenario, Setup};
use covert_verification::simulated_card::{SimulatedCard, breaker, save_trace};
use covert_verification::unit_rig::{Needs, UnitFactory, bench};
use covert_verilator::or_skip;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

const WATCHDOG: u64 = group::address(0, group::WATCHDOG) as u64;

fn traces() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
}

/// A root complex in front of it; `None` where there is no Verilator.
fn root(link: Link, seed: u64) -> Option<RootComplex<Pcie7Unit>> {
    let mut rc = RootComplex::new(or_skip(Pcie7Unit::new(seed))?, link, seed);
    rc.run(20).unwrap();
    Some(rc)
}

/// Packets that wait in the block, in the shim and in the unit take longer than the unit alone.
fn rough(seed: u64) -> Link {
    let link = Link::rough(&mut Random::new(seed));
    Link { posted_patience: 2000, completion_patience: 10_000, reset_patience: 100_000, ..link }
}

fn unit_card(seed: u64) -> SimulatedCard<Pcie7Unit> {
    SimulatedCard::new(Pcie7Unit::new(seed).unwrap(), rough(seed), seed, traces())
}

#[test]
fn the_unit_behind_the_shim_passes_the_conformance_suite() {
    let Some(mut rc) = root(Link::default(), 0) else { return };
    let identity = Identity::parse(|address| rc.read_word(address.into()).unwrap()).unwrap();
    let wants_more = AtomicBool::new(false);
    let port = |needs: &Needs| -> Result<Box<dyn CardPort>, String> {
        if needs.lanes > identity.lanes.into() {
            wants_more.store(true, Ordering::Relaxed);
            return Err("the unit is built for fewer lanes".into());
        }
        Ok(Box::new(unit_card(1)))
    };
    let (mut failed, mut unfit): (Vec<(&str, Failure)>, usize) = Default::default();
    for case in CASES {
        wants_more.store(false, Ordering::Relaxed);
        match (case.run)(&UnitFactory(port)) {
            Ok(()) => {}
            Err(_) if wants_more.load(Ordering::Relaxed) => unfit += 1,
            Err(failure) => failed.push((case.name, failure)),
        }
    }
    println!(
        "{} of {} cases passed, {unfit} need more lanes",
        CASES.len() - failed.len() - unfit,
        CASES.len()
    );
    let text: Vec<String> = failed.iter().map(|(name, failure)| format!("{name}: {failure}")).collect();
    assert!(failed.is_empty(), "{}", text.join("\n"));
    assert!(unfit * 2 < CASES.len());
}

/// A history like those that the bare unit goes through.
fn history(seed: u64) -> Scenario {
    let random = &mut Random::new(seed);
    let setup = Setup { lanes: random.within(1..=2) as usize, skew_log2: 4, fault_log2: 10, ..setup(random) };
    let chances = match random.below(4) {
        0 => Chances { bad: 8, differing: 4, unreadable: 6, odd: 100 },
        1 => Chances { bad: 1, differing: 0, unreadable: 1, odd: 100 },
        _ => Chances { bad: 0, differing: 0, unreadable: 0, odd: 5 },
    };
    generate(seed, setup, chances, 600)
}

#[test]
fn random_histories_give_the_verdicts_of_the_reference_model() {
    if root(Link::default(), 0).is_none() {
        return;
    }
    let first: u64 = std::env::var("COVERT_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let mut sum = Covered::default();
    for seed in first..first + 8 {
        let card = unit_card(seed);
        let rc = card.handle();
        let scenario = history(seed);
        let mut bench = bench(Box::new(card), &scenario.setup).unwrap();
        bench.breaker = Some(breaker(rc.clone(), Random::new(seed)));
        match run(&scenario, Agreement::UpToHalt, &mut bench) {
            Ok(covered) => sum += covered,
            Err(divergence) => {
                panic!("seed {seed}: {divergence}\n{}", save_trace(&mut rc.lock().unwrap(), traces(), seed))
            }
        }
    }
    println!("{sum:?} from seed {first} on");
    assert!(sum.records > 500 && sum.faults > 5, "{sum:?}");
}

#[test]
fn reads_that_cannot_be_answered_hold_up_neither_writes_nor_completions() {
    let Some(mut rc) = root(rough(3), 3) else { return };
    rc.change_behaviour(|link| (link.ready_percent, link.completion_patience) = (0, 1_000_000));
    // More reads than the unit, the shim and the block hold, and a write behind each.
    let mut tags = Vec::new();
    for value in 0..80u32 {
        tags.push(rc.start_read(WATCHDOG, 4));
        if value < 40 {
            rc.post(WATCHDOG, &[value]);
        }
    }
    rc.run(6000).unwrap();
    // The last write is there although no answer has left: it is seen by what the answers say afterwards.
    rc.change_behaviour(|link| link.ready_percent = 100);
    rc.settle(200, 100_000).unwrap();
    let answers: Vec<u32> = tags.iter().map(|tag| rc.answer(*tag).unwrap().words[0]).collect();
    for (read, value) in answers.iter().enumerate().skip(1) {
        let written_before = (read as u32).min(40) - 1;
        assert!(*value >= written_before, "read {read} saw {value}: it passed a write");
    }
    // 32 answers are owed; all later reads come after all writes, which did not wait for them.
    assert!(answers[40..].iter().all(|value| *value == 39), "{answers:?}");
    assert!(answers.windows(2).all(|pair| pair[0] <= pair[1]), "{answers:?}");
}

#[test]
fn writes_pass_reads_that_wait() {
    let Some(mut rc) = root(Link { completion_patience: 1_000_000, ..rough(4) }, 4) else { return };
    rc.change_behaviour(|link| link.ready_percent = 0);
    let tags: Vec<u8> = (0..34).map(|_| rc.start_read(WATCHDOG, 4)).collect();
    rc.run(3000).unwrap();
    // The 33rd read waits in the shim; this write does not.
    rc.post(WATCHDOG, &[7]);
    rc.run(3000).unwrap();
    rc.change_behaviour(|link| link.ready_percent = 100);
    rc.settle(200, 100_000).unwrap();
    let seen: Vec<u32> = tags.iter().map(|tag| rc.answer(*tag).unwrap().words[0]).collect();
    assert_eq!(seen[..32], [0; 32]);
    assert_eq!(seen[32..], [7, 7], "what waited in the shim read after the write");
}

#[test]
fn a_request_beside_bar_0_never_reaches_a_register() {
    let Some(mut rc) = root(Link::default(), 5) else { return };
    let address = rc.link().bar_base + WATCHDOG;
    rc.unit().receive_stray(vec![0x4000_0001, 0x0000_000F, address as u32, 77]);
    rc.run(500).unwrap();
    assert_eq!(rc.read_word(WATCHDOG).unwrap(), 0, "a stray write was dropped");
    // The root complex knows nothing of this read, so what it says of the answer is the test.
    rc.unit().receive_stray(vec![0x0000_0001, 0x0000_300F, address as u32]);
    let violation = rc.run(500).unwrap_err();
    let said = violation.to_string();
    assert!(said.contains("Unsupported") && said.contains("0x30"), "{said}");
}

#[test]
fn a_reset_of_the_function_is_a_pulse_of_the_block_and_leaves_a_fresh_unit() {
    let Some(mut rc) = root(rough(2), 2) else { return };
    for round in 0..8 {
        rc.post(u64::from(lane::address(0, lane::RING_BASE_LO)), &[0x1000]);
        // Answers that wait in the unit when the reset comes. Were they owed for ever, the third round had no reads.
        rc.change_behaviour(|link| link.ready_percent = 0);
        for _ in 0..16 {
            rc.start_read(WATCHDOG, 4);
        }
        rc.run(3000).unwrap();
        rc.change_behaviour(|link| link.ready_percent = 100);
        rc.run(round * 3).unwrap();
        rc.function_reset().unwrap();
        assert_eq!(rc.read_word(lane::address(0, lane::RING_BASE_LO).into()).unwrap(), 0, "round {round}");
    }
}

#[test]
fn a_dropped_packet_and_the_end_of_power_are_told() {
    let Some(mut rc) = root(Link::default(), 6) else { return };
    assert_eq!(rc.unit().pin("packet_dropped"), 0);
    rc.unit().set_pin("tx_err_drop", 1);
    rc.run(1).unwrap();
    rc.unit().set_pin("tx_err_drop", 0);
    rc.run(10).unwrap();
    assert_eq!(rc.unit().pin("packet_dropped"), 1);
    assert_eq!(rc.unit().pin("cfg_turnoff_ok"), 0);
    rc.unit().set_pin("cfg_to_turnoff", 1);
    rc.run(10).unwrap();
    assert_eq!(rc.unit().pin("cfg_turnoff_ok"), 1);
    rc.unit().reset();
    rc.run(1).unwrap();
    assert_eq!(rc.unit().pin("packet_dropped"), 0);
}

/// The rule of the block's interface that a shim with this text in it instead breaks.
fn broken(original: &str, instead: &str) -> Option<String> {
    let shim = committed("pcie7_shim").unwrap();
    assert!(shim.contains(original), "{original}");
    let unit = or_skip(Pcie7Unit::with_shim(&shim.replacen(original, instead, 1), 1))?;
    let mut rc = RootComplex::new(unit, rough(1), 1);
    let went = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        for _ in 0..20 {
            if rc.read_pair(card::address(0, card::RTL_HASH_LO).into()).is_err() {
                return;
            }
        }
    }));
    let Err(panic) = went else { return Some("no rule was broken".into()) };
    Some(panic.downcast_ref::<String>().cloned().unwrap_or_default())
}

#[test]
fn a_shim_that_breaks_a_rule_of_the_block_is_caught() {
    for (original, instead, said) in [
        ("tied$both = 8'hff", "tied$both = 8'hf0", "tkeep"),
        ("tied$lower = 8'hf;", "tied$lower = 8'hff;", "tlast"),
        ("s_axis_tx_tuser = 4'h0", "s_axis_tx_tuser = 4'h8", "tuser"),
    ] {
        let Some(message) = broken(original, instead) else { return };
        assert!(message.contains(said), "{instead}: {message}");
    }
}
