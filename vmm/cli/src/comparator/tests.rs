//! A card that takes everything and says nothing.

use super::*;
use covert_abi::Outcome;
use covert_core::watchdog::HangLimits;
use covert_driver::unit::Unit;
use covert_driver::{ArenaDoorbell, ArenaLane, ArenaWriter, Geometry, Lane, Output, ProgressReader, arena};
use covert_verification::model_card::{ModelCard, identity};
use std::thread::sleep;

const PATIENCE: Duration = Duration::from_millis(50);

/// A pair on the model of a unit which no doorbell reaches: nobody rings there but in the arenas.
struct Mute {
    comparator: Comparator,
    lanes: Vec<ArenaLane<ArenaDoorbell>>,
}

fn mute() -> Mute {
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
        OpenCard { unit, name: "mute".into(), interrupt: None, probe: None, verdict_patience: PATIENCE };
    let (progress, page) = ProgressWriter::create().expect("a page");
    let geometry =
        |lane: u64| Geometry { base: (lane + 1) << 40, ring_log2: 4, slot_bytes: 64, staging_bytes: 0 };
    let memory: Vec<OwnedFd> = (0..2).map(|lane| arena::create(&geometry(lane)).expect("an arena")).collect();
    let view = |lane: u64| ArenaReader::map(&memory[lane as usize], geometry(lane)).expect("a view");
    let arenas = (0..2).map(view).collect();
    let ready = Ready::Unit { card: Box::new(card), search: None };
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
    Mute { comparator, lanes: (0..2).map(lane).collect() }
}

fn put_out(lane: &mut ArenaLane<ArenaDoorbell>) {
    lane.submit(&Output::default(), b"the same").expect("room");
    lane.ring();
}

#[test]
fn a_card_that_gives_no_verdicts_is_given_up() {
    let Mute { mut comparator, mut lanes } = mute();
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
    let Mute { mut comparator, mut lanes } = mute();
    put_out(&mut lanes[0]);
    for _ in 0..3 {
        assert_eq!(comparator.poll().expect("a card"), None);
        sleep(PATIENCE);
    }
    assert!(comparator.take_news().is_none());
    assert_eq!(comparator.name(), "unit");
}
