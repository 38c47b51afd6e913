//! Single moments of a death, each with what has to be right then.

use super::card;
use covert_abi::{Header, LaneSet, Outcome, Verdict};
use covert_driver::entry::Entry;
use covert_driver::ring::Position;
use covert_driver::software::SoftwareConfig;
use covert_driver::unit::{UnitConfig, UnitDoorbell};
use covert_driver::{
    ArenaReader, ArenaWriter, Doorbell, Group, GroupError, LanePlace, ProgressWriter, RecordCopy,
    SoftwareGroup, UnitGroup,
};
use covert_verification::mortal_card::{Death, Life, MortalCard, Step};
use covert_verification::scenario::Setup;
use covert_verification::unit_rig::{Arenas, FAULTS, VERDICTS, open};

const BOTH: LaneSet = LaneSet::first(2);
const SETUP: Setup = Setup { lanes: 2, skew_log2: 3, verdict_log2: 2, fault_log2: 4, payload_max: 256 };
const CONFIG: SoftwareConfig =
    SoftwareConfig { group: 0, skew_log2: 3, verdict_log2: 2, fault_log2: 4, payload_max: 256 };

/// Two lanes on a card.
struct Pair {
    group: UnitGroup,
    arenas: Vec<ArenaWriter>,
    doorbells: Vec<UnitDoorbell>,
    life: Life,
}

fn pair() -> Pair {
    let life = Life::of(u64::MAX, Death::Fails);
    let Arenas { writers: arenas, readers, memory } = Arenas::make(&SETUP).unwrap();
    let port = Box::new(MortalCard::new(card(3, 256), life.clone()));
    let (unit, mut group) = open(port, &SETUP, readers, &memory).unwrap();
    for lane in 0..2 {
        group.place(lane, &LanePlace::of(&Setup::geometry(lane)).unwrap()).unwrap();
    }
    let doorbells = (0..2).map(|lane| unit.doorbell(0, lane)).collect();
    Pair { group, arenas, doorbells, life }
}

impl Pair {
    /// A pair in generation 1, which begins with record 0.
    fn running() -> Pair {
        let mut pair = pair();
        pair.group.flush(BOTH, 0).unwrap();
        assert_eq!(outcomes(&mut pair.group), [Outcome::Flushed]);
        pair
    }

    fn submit(&self, lane: usize, generation: u32, seq: u64, target: u64) {
        store(&self.arenas[lane], generation, seq, target);
        let position = Position { generation, count: seq as u32 + 1 };
        self.doorbells[lane].ring(&self.arenas[lane], position);
    }

    fn submit_both(&self, generation: u32, seq: u64) {
        (0..2).for_each(|lane| self.submit(lane, generation, seq, seq));
    }

    /// The card is dead; software goes on.
    fn take_over(self) -> SoftwareGroup {
        self.life.end_after(0);
        SoftwareGroup::take_over(CONFIG, self.group.abandon()).unwrap()
    }
}

fn store(arena: &ArenaWriter, generation: u32, seq: u64, target: u64) {
    let header = Header { seq, generation, target, ..Header::default() };
    let entry = Entry::seal(&header, [0; 3], true);
    arena.store_entry(seq as u32, &entry);
}

fn verdicts(group: &mut dyn Group) -> Vec<Verdict> {
    std::iter::from_fn(|| group.poll().unwrap()).collect()
}

fn outcomes(group: &mut dyn Group) -> Vec<Outcome> {
    verdicts(group).iter().map(|verdict| verdict.outcome).collect()
}

#[test]
fn bus_mastering_ends_first_then_the_card_is_reset_then_it_loses_its_windows() {
    for death in [None, Some(Death::Fails), Some(Death::Ones)] {
        let pair = Pair::running();
        if death.is_some() {
            pair.life.end_after(0);
        }
        let before = pair.life.steps().len();
        let remains = pair.group.abandon();
        let steps = pair.life.steps().split_off(before);
        let (first, windows) = steps.split_at(2);
        assert_eq!(first, [Step::BusMaster(false), Step::Reset]);
        let mut expected: Vec<_> = (0..2).map(|lane| Step::Unmap(Setup::geometry(lane).base)).collect();
        expected.extend([Step::Unmap(VERDICTS), Step::Unmap(FAULTS)]);
        assert_eq!(windows, expected);
        drop((SoftwareGroup::take_over(CONFIG, remains), pair.doorbells));
        assert_eq!(pair.life.steps().len(), before + steps.len(), "nothing more is done to the card");
    }
}

#[test]
fn after_one_group_gives_the_card_up_the_others_say_so_and_can_do_it_too() {
    let life = Life::of(u64::MAX, Death::Fails);
    let Arenas { readers, memory, .. } = Arenas::make(&SETUP).unwrap();
    let port = Box::new(MortalCard::new(card(3, 256), life.clone()));
    let (unit, first) = open(port, &SETUP, readers, &memory).unwrap();
    let lane = ArenaReader::map(&memory[0], Setup::geometry(0)).unwrap();
    let (progress, _) = ProgressWriter::create().unwrap();
    let iova = VERDICTS + 0x20_0000;
    let config = UnitConfig { group: 1, verdict_log2: 2, verdict_iova: iova, payload_max: 256 };
    let mut other = UnitGroup::new(&unit, config, vec![lane], &[], progress).unwrap();
    other.advance(0).unwrap();
    drop(first.abandon());
    assert!(matches!(other.advance(0), Err(GroupError::Broken(_))));
    assert!(matches!(other.poll(), Err(GroupError::Broken(_))));
    assert!(matches!(other.flush(LaneSet::only(0), 0), Err(GroupError::Broken(_))));
    let mut group = SoftwareGroup::take_over(SoftwareConfig { group: 1, ..CONFIG }, other.abandon()).unwrap();
    assert_eq!(life.steps().last(), Some(&Step::Unmap(iova)));
    group.flush(LaneSet::only(0), 0).unwrap();
    assert_eq!(outcomes(&mut group), [Outcome::Flushed]);
}

#[test]
fn a_flush_that_was_taken_is_ended_in_software() {
    let mut pair = Pair::running();
    pair.submit_both(1, 0);
    pair.submit(0, 1, 1, 1);
    pair.group.flush(LaneSet::only(1), 40).unwrap();
    let mut group = pair.take_over();
    let polled = verdicts(&mut group);
    let seen: Vec<_> =
        polled.iter().map(|verdict| (verdict.outcome, verdict.generation, verdict.seq)).collect();
    assert_eq!(seen, [(Outcome::Match, 1, 0), (Outcome::Flushed, 1, 1)]);
    assert_eq!(group.status().generation, 2);
    assert_eq!(group.status().live, LaneSet::only(1));
}

#[test]
fn a_flush_that_failed_is_not_remembered_at_whatever_access_it_does() {
    for accesses in 0.. {
        let mut pair = Pair::running();
        pair.submit_both(1, 0);
        pair.life.end_after(accesses);
        let taken = pair.group.flush(BOTH, 40);
        let mut group = pair.take_over();
        match &taken {
            Ok(()) => {}
            Err(GroupError::Broken(_)) => group.flush(BOTH, 40).unwrap(),
            Err(error) => panic!("{error}"),
        }
        assert_eq!(outcomes(&mut group), [Outcome::Match, Outcome::Flushed], "death after {accesses}");
        assert_eq!(group.status().generation, 2);
        if taken.is_ok() {
            assert!(accesses > 5, "a flush takes more accesses than that");
            return;
        }
    }
}

#[test]
fn a_verdict_that_was_written_and_not_polled_is_not_believed() {
    let mut pair = Pair::running();
    pair.submit_both(1, 0);
    pair.submit_both(1, 1);
    let polled = pair.group.poll().unwrap().unwrap();
    assert_eq!((polled.outcome, polled.seq), (Outcome::Match, 0));
    // The card has found record 1 equal, as the ring says; it is not any more.
    store(&pair.arenas[1], 1, 1, 99);
    let mut group = pair.take_over();
    let judged = group.poll().unwrap().unwrap();
    assert_eq!((judged.outcome, judged.seq), (Outcome::Mismatch, 1));
    assert_eq!(group.poll().unwrap(), None, "record 0 has its verdict");
}

#[test]
fn a_verdict_that_cannot_be_acknowledged_counts_as_not_polled() {
    for accesses in 0..8 {
        let mut pair = Pair::running();
        pair.submit_both(1, 0);
        pair.life.end_after(accesses);
        let first = pair.group.poll();
        let mut group = pair.take_over();
        let judged = usize::from(matches!(first, Ok(Some(_)))) + outcomes(&mut group).len();
        assert_eq!(judged, 1, "death after {accesses}: {first:?}");
    }
}

#[test]
fn a_card_that_dies_before_the_first_flush_leaves_where_the_lanes_are() {
    let pair = pair();
    let (arenas, life) = (pair.arenas, pair.life);
    life.end_after(0);
    let mut group = SoftwareGroup::take_over(CONFIG, pair.group.abandon()).unwrap();
    group.flush(BOTH, 0).unwrap();
    assert_eq!(outcomes(&mut group), [Outcome::Flushed]);
    for arena in &arenas {
        store(arena, 1, 0, 7);
        arena.ring(Position { generation: 1, count: 1 });
    }
    assert_eq!(outcomes(&mut group), [Outcome::Match]);
}

#[test]
fn a_lane_reset_half_way_is_reset_when_the_call_is_repeated() {
    for accesses in 0.. {
        let mut pair = Pair::running();
        pair.submit_both(1, 0);
        pair.submit(1, 1, 1, 1);
        pair.life.end_after(accesses);
        let taken = pair.group.reset_lane(1);
        let mut group = pair.take_over();
        if taken.is_err() {
            group.reset_lane(1).unwrap();
        }
        // What it delivered before stays delivered; for record 2 it has nothing.
        assert_eq!(outcomes(&mut group), [Outcome::Match], "death after {accesses}");
        assert_eq!(group.status().live, LaneSet::only(0));
        let fault = group.poll_fault().unwrap().unwrap();
        assert_eq!((fault.lane, fault.seq), (1, 2), "death after {accesses}");
        assert_eq!(group.poll_fault().unwrap(), None, "it is reported once");
        if taken.is_ok() {
            return;
        }
    }
}

#[test]
fn what_was_judged_and_not_released_is_copied_and_released_after_the_card_is_gone() {
    let mut pair = Pair::running();
    pair.submit_both(1, 0);
    pair.submit_both(1, 1);
    let verdict = pair.group.poll().unwrap().unwrap();
    let mut group = pair.take_over();
    let mut copy = RecordCopy::new(256);
    group.copy_record(0, 0, &mut copy).unwrap();
    assert_eq!(copy.confirm(&verdict).unwrap().header.seq, 0);
    group.release(1).unwrap();
    assert!(group.copy_record(0, 0, &mut copy).is_err());
}
