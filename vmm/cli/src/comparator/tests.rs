//! A card that takes everything and says nothing.

use super::card::Patience;
use super::search::Terms;
use super::*;
use crate::config::Card;
use covert_abi::Outcome;
use covert_core::watchdog::HangLimits;
use covert_driver::unit::Unit;
use covert_driver::{ArenaDoorbell, ArenaLane, ArenaWriter, Geometry, Lane, Output, ProgressReader, arena};
use covert_verification::model_card::{ModelCard, identity};
use std::thread::sleep;

const PATIENCE: Duration = Duration::from_millis(50);
const PATIENCE_OF_MUTE: Patience =
    Patience { answer: PATIENCE, verdict: PATIENCE, completion: Completion::Adaptive };

/// A pair on the model of a unit which no doorbell reaches: nobody rings there but in the arenas.
struct Mute {
    comparator: Comparator,
    lanes: Vec<ArenaLane<ArenaDoorbell>>,
    memory: Vec<OwnedFd>,
    page: OwnedFd,
}

fn geometry(lane: u64) -> Geometry {
    Geometry { base: (lane + 1) << 37, ring_log2: 4, slot_bytes: 64, staging_bytes: 0 }
}

fn mute(search: Option<Terms>) -> Mute {
    let identity = identity(2, 4, 1 << 16);
    let limits = Limits {
        replicas: 2,
        group: 0,
        ring: 16,
        window: 16,
        epoch_exits: 10,
        input_max: 64,
        payload_max: 64,
        attempts: 1,
        hang: HangLimits { cpu_ms: 1000, clock_ms: 1000 },
    };
    let unit = Unit::open(Box::new(ModelCard::new(identity)), 0x1000_0000, 6).expect("a unit");
    let card =
        OpenCard { unit, name: "mute".into(), interrupt: None, probe: None, patience: PATIENCE_OF_MUTE };
    let (progress, page) = ProgressWriter::create().expect("a page");
    let memory: Vec<OwnedFd> = (0..2).map(|lane| arena::create(&geometry(lane)).expect("an arena")).collect();
    let view = |lane: u64| ArenaReader::map(&memory[lane as usize], geometry(lane)).expect("a view");
    let arenas = (0..2).map(view).collect();
    let ready = Ready::Unit { card: Box::new(card), search };
    let mut comparator = Comparator::new(ready, &limits, arenas, &memory, progress).expect("a comparator");
    for lane in 0..2 {
        comparator.place(lane, &LanePlace::of(&geometry(lane as u64)).expect("a place")).expect("placed");
    }
    comparator.flush(LaneSet::first(2), 0).expect("flushed");
    assert_eq!(comparator.poll().expect("a card").map(|verdict| verdict.outcome), Some(Outcome::Flushed));
    let lane = |lane: u64| {
        let arena = ArenaWriter::map(&memory[lane as usize], geometry(lane)).expect("mapped");
        let mut lane = ArenaLane::new(arena, ProgressReader::map(&page).expect("mapped"), ArenaDoorbell, 0);
        lane.begin(1, 0);
        lane
    };
    let lanes = (0..2).map(lane).collect();
    Mute { comparator, lanes, memory, page }
}

fn put_out(lane: &mut impl Lane) {
    lane.submit(&Output::default(), b"the same").expect("room");
    lane.ring();
}

#[test]
fn a_card_that_gives_no_verdicts_is_given_up() {
    let Mute { mut comparator, mut lanes, .. } = mute(None);
    lanes.iter_mut().for_each(put_out);
    assert_eq!(comparator.poll().expect("a card"), None, "it may take its time");
    assert!(comparator.take_news().is_none());
    sleep(PATIENCE * 2);
    let verdict = comparator.poll().expect("software").expect("a verdict");
    assert_eq!((verdict.seq, verdict.outcome), (0, Outcome::Match));
    let Some(News::Lost(lost)) = comparator.take_news() else { panic!("the card is lost") };
    assert!(lost.why.contains("owed a verdict"), "{}", lost.why);
    assert_eq!(comparator.name(), "unit, then software");
}

#[test]
fn a_card_owes_nothing_before_every_replica_has_rung() {
    let Mute { mut comparator, mut lanes, .. } = mute(None);
    put_out(&mut lanes[0]);
    for _ in 0..3 {
        assert_eq!(comparator.poll().expect("a card"), None);
        sleep(PATIENCE);
    }
    assert!(comparator.take_news().is_none());
    assert_eq!(comparator.name(), "unit");
}

#[test]
fn a_card_that_is_back_begins_the_next_generation_with_what_was_set_in_software() {
    if let Err(missing) = covert_verification::verilated::Verilated::unit() {
        assert!(std::env::var("CI").is_err(), "{missing}");
        eprintln!("SKIPPED: {missing}");
        return;
    }
    let patience = Patience { verdict: Duration::from_secs(60), ..PATIENCE_OF_MUTE };
    let search = Terms { card: Card::Verilated, patience, every: Duration::from_millis(1) };
    let Mute { mut comparator, mut lanes, memory, page } = mute(Some(search));
    lanes.iter_mut().for_each(put_out);
    assert_eq!(comparator.look_for_card(1), None, "none is missing");
    assert_eq!(comparator.poll().expect("a card"), None);
    sleep(PATIENCE * 2);
    assert!(comparator.poll().expect("software").is_some());
    assert!(matches!(comparator.take_news(), Some(News::Lost(_))));
    while comparator.look_for_card(1) != Some(true) {
        sleep(Duration::from_millis(1));
    }
    // It stands ready, and software goes on until a generation begins.
    comparator.release(1).expect("released");
    lanes.iter_mut().for_each(put_out);
    assert_eq!(comparator.poll().expect("software").map(|verdict| verdict.seq), Some(1));
    assert!(comparator.take_news().is_none());
    comparator.renew();
    comparator.flush(LaneSet::first(2), 9).expect("flushed");
    let marker = comparator.poll().expect("software").expect("a marker");
    assert_eq!((marker.outcome, marker.generation, marker.seq), (Outcome::Flushed, 1, 2), "of software");
    let Some(News::TakenUp(taken_up)) = comparator.take_news() else { panic!("it was not taken up") };
    assert_eq!((taken_up.generation, taken_up.seq), (2, 9));
    for (lane, memory) in memory.iter().enumerate() {
        let arena = ArenaWriter::map(memory, geometry(lane as u64)).expect("mapped");
        let told = ProgressReader::map(&page).expect("mapped");
        let doorbell = comparator.doorbell(lane).expect("a page").expect("of the card");
        let doorbell = covert_driver::ReplicaDoorbell(Some(
            covert_driver::MappedDoorbell::map(&doorbell).expect("mapped"),
        ));
        let mut lane = ArenaLane::new(arena, told, doorbell, 0);
        lane.begin(2, 9);
        put_out(&mut lane);
    }
    let verdict = comparator.poll().expect("a card").expect("a verdict");
    assert_eq!((verdict.outcome, verdict.generation, verdict.seq), (Outcome::Match, 2, 9));
    assert!(comparator.probe().is_some_and(|probe| probe.clocks() > 0), "the unit has given it");
    assert_eq!(comparator.name(), "unit, software and unit in turn");
}
