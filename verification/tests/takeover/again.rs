//! A card that was given up is tried again in place, as one of metal is: the same open device, after a reset.

use super::card;
use covert_abi::{LaneSet, Outcome};
use covert_driver::ring::Position;
use covert_driver::software::SoftwareConfig;
use covert_driver::unit::{UnitConfig, UnitError};
use covert_driver::{
    ArenaReader, Group, GroupError, LanePlace, ProgressReader, ProgressWriter, SoftwareGroup, Unit, UnitGroup,
};
use covert_verification::mortal_card::{Death, Life, MortalCard, Step};
use covert_verification::scenario::Setup;
use covert_verification::unit_rig::{Arenas, FAULTS, VERDICTS};
use std::os::fd::OwnedFd;

const BOTH: LaneSet = LaneSet::first(2);
const SETUP: Setup = Setup { lanes: 2, skew_log2: 3, verdict_log2: 2, fault_log2: 4, payload_max: 256 };
const CONFIG: SoftwareConfig =
    SoftwareConfig { group: 0, skew_log2: 3, verdict_log2: 2, fault_log2: 4, payload_max: 256 };

fn group_on(unit: &Unit, memory: &[OwnedFd]) -> UnitGroup {
    let config = UnitConfig { group: 0, verdict_log2: 2, verdict_iova: VERDICTS, payload_max: 256 };
    let readers = memory.iter().enumerate();
    let readers = readers.map(|(lane, fd)| ArenaReader::map(fd, Setup::geometry(lane)).unwrap()).collect();
    let (progress, _) = ProgressWriter::create().unwrap();
    UnitGroup::new(unit, config, readers, memory, progress).unwrap()
}

/// A machine in generation 3 whose card has died, in software.
fn lost() -> (Unit, Life, Arenas, SoftwareGroup) {
    let life = Life::of(u64::MAX, Death::Ones);
    let arenas = Arenas::make(&SETUP).unwrap();
    let port = Box::new(MortalCard::new(card(3, 256), life.clone()));
    let unit = Unit::open(port, FAULTS, SETUP.fault_log2).unwrap();
    let mut group = group_on(&unit, &arenas.memory);
    for lane in 0..2 {
        group.place(lane, &LanePlace::of(&Setup::geometry(lane)).unwrap()).unwrap();
    }
    for start in [0, 0, 7] {
        group.flush(BOTH, start).unwrap();
        assert_eq!(group.poll().unwrap().map(|verdict| verdict.outcome), Some(Outcome::Flushed));
    }
    life.end_after(0);
    let software = SoftwareGroup::take_over(CONFIG, group.abandon()).unwrap();
    (unit, life, arenas, software)
}

/// Ends the generation in software; the next has begun.
fn flush(software: &mut SoftwareGroup, start: u64) {
    software.flush(BOTH, start).unwrap();
    assert_eq!(software.poll().unwrap().map(|verdict| verdict.outcome), Some(Outcome::Flushed));
}

#[test]
fn a_card_that_answers_again_after_a_reset_takes_up_the_generation_that_begins() {
    let (mut unit, life, arenas, mut software) = lost();
    assert!(unit.reopen(FAULTS, SETUP.fault_log2).is_err(), "it is still dead");
    life.end_after(u64::MAX);
    let before = life.steps().len();
    unit.reopen(FAULTS, SETUP.fault_log2).unwrap();
    let steps = life.steps().split_off(before);
    assert_eq!(steps, [Step::Reset, Step::BusMaster(true), Step::Map(FAULTS)], "reset before it may send");
    let mut group = group_on(&unit, &arenas.memory);
    group.bring_to(2).unwrap();
    flush(&mut software, 9);
    group.follow(&software).unwrap();
    drop(group.adopt(software));
    for (lane, arena) in arenas.writers.iter().enumerate() {
        let header = covert_abi::Header { seq: 9, generation: 4, ..Default::default() };
        arena.store_entry(0, &covert_driver::entry::Entry::seal(&header, [0; 3], true));
        covert_driver::Doorbell::ring(&unit.doorbell(0, lane), arena, Position { generation: 4, count: 1 });
    }
    let verdict = group.poll().unwrap().unwrap();
    assert_eq!((verdict.outcome, verdict.generation, verdict.seq), (Outcome::Match, 4, 9));
}

#[test]
fn the_replicas_page_is_the_softwares_until_the_card_has_begun() {
    let (progress, page) = ProgressWriter::create().unwrap();
    let told = ProgressReader::map(&page).unwrap();
    let Arenas { readers, memory, .. } = Arenas::make(&SETUP).unwrap();
    let mut software = SoftwareGroup::new(CONFIG, readers, progress).unwrap();
    for lane in 0..2 {
        software.place(lane, &LanePlace::of(&Setup::geometry(lane)).unwrap()).unwrap();
    }
    (0..5).for_each(|_| flush(&mut software, 0));
    let unit = Unit::open(card(3, 256), FAULTS, SETUP.fault_log2).unwrap();
    let mut group = group_on(&unit, &memory);
    group.follow(&software).unwrap();
    assert_eq!(told.observe(), Position { generation: 5, count: 0 });
    drop(group.adopt(software));
    group.flush(BOTH, 3).unwrap();
    assert_eq!(
        group.poll().unwrap().map(|verdict| (verdict.outcome, verdict.generation)),
        Some((Outcome::Flushed, 5))
    );
    assert_eq!(told.observe(), Position { generation: 6, count: 0 });
}

#[test]
fn a_generation_in_which_something_has_happened_is_not_taken_up() {
    let unit = || Unit::open(card(3, 256), FAULTS, SETUP.fault_log2).unwrap();
    let refused = |software: &SoftwareGroup, memory: &[OwnedFd]| {
        let (unit, memory) = (unit(), memory);
        let answer = group_on(&unit, memory).follow(software);
        assert!(matches!(answer, Err(GroupError::Config { .. })), "{answer:?}");
    };
    let (_, _, arenas, mut software) = lost();
    flush(&mut software, 0);
    arenas.writers[0].ring(Position { generation: 4, count: 1 });
    refused(&software, &arenas.memory);
    // There was no entry where it rang, so that its lane is locked now.
    flush(&mut software, 0);
    refused(&software, &arenas.memory);
    for lane in 0..2 {
        software.reset_lane(lane).unwrap();
        software.place(lane, &LanePlace::of(&Setup::geometry(lane)).unwrap()).unwrap();
    }
    software.flush(BOTH, 0).unwrap();
    refused(&software, &arenas.memory);
    assert!(software.poll().unwrap().is_some());
    group_on(&unit(), &arenas.memory).follow(&software).unwrap();
}

#[test]
fn a_card_that_is_in_use_is_not_opened_again() {
    let (mut unit, life, ..) = lost();
    life.end_after(u64::MAX);
    let doorbell = unit.doorbell(0, 0);
    assert!(matches!(unit.reopen(FAULTS, 4), Err(UnitError::Impossible { .. })));
    drop(doorbell);
    unit.reopen(FAULTS, 4).unwrap();
    assert!(matches!(unit.reopen(FAULTS, 4), Err(UnitError::Impossible { .. })), "it was not given up");
}
