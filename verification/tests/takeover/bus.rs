//! What goes wrong on the bus of a card that lives on: writes that get lost, verdicts that are none, a reset behind the driver's
//! back, reads that give ones. The Verilated unit does the comparing; what the coordinator sees is what software alone
//! gives it.

use crate::history::{self, Seen, of_software, rig};
use crate::need::have;
use covert_abi::verdict::phase_of;
use covert_abi::{LaneSet, Outcome, Verdict};
use covert_driver::card::{CardError, CardPort, Direction, Shared};
use covert_verification::mortal_card::{Death, Life, MortalCard};
use covert_verification::random::Random;
use covert_verification::root_complex::tlp::Tlp;
use covert_verification::root_complex::{Fate, Link};
use covert_verification::simulated_card::SimulatedCard;
use covert_verification::unit_rig::VERDICTS;
use covert_verification::verilated::Verilated;
use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::{Arc, Mutex};

/// How the link behaves.
const SEED: u64 = 50;

fn card() -> Option<SimulatedCard<Verilated>> {
    let unit = have(Verilated::unit())?;
    let link = Link::rough(&mut Random::new(SEED));
    Some(SimulatedCard::new(unit, link, SEED, Path::new(env!("CARGO_TARGET_TMPDIR"))))
}

/// The history on this card, against what software alone makes of it.
fn same(port: Box<dyn CardPort>, patience: Life, what: &str) {
    let (mut rig, skew_log2) = rig(port, patience).unwrap();
    let seen = history::run(&mut rig).unwrap_or_else(|error| panic!("{what}, seed {SEED}: {error:?}"));
    let Seen { verdicts, released, faults } = of_software(skew_log2);
    assert_eq!(seen.verdicts, verdicts, "{what}, seed {SEED}");
    assert_eq!(seen.released, released, "{what}, seed {SEED}");
    assert_eq!(seen.faults, faults, "{what}, seed {SEED}");
}

#[test]
fn any_one_write_that_gets_lost_leaves_no_trace() {
    let mut lost = BTreeMap::<&str, u32>::new();
    for write in 0.. {
        let Some(card) = card() else { return };
        let patience = Life::of(u64::MAX, Death::Fails);
        let (clock, kind, mut left) = (patience.clone(), Arc::new(Mutex::new(None)), write);
        let seen = kind.clone();
        card.handle().lock().unwrap().show_requests(move |packet| {
            let Tlp::Write(request, data) = packet else { return Fate::Arrives };
            left -= 1;
            if left != -1 {
                return Fate::Arrives;
            }
            let is_interrupt = data.len() == 1 && request.address >> 20 == 0xFEE;
            let is_verdict = request.address >= VERDICTS;
            *seen.lock().unwrap() = Some(match (is_interrupt, is_verdict) {
                (true, _) => "interrupt",
                (_, true) => "verdict",
                _ => "fault",
            });
            if !is_interrupt {
                // Nobody tells: what is missing is missed by the clock.
                clock.end_after(0);
            }
            Fate::Lost
        });
        same(Box::new(card), patience, &format!("write {write} lost"));
        let Some(kind) = *kind.lock().unwrap() else { break };
        *lost.entry(kind).or_default() += 1;
    }
    println!("lost, one at a time, seed {SEED}: {lost:?}");
    for (kind, least) in [("verdict", 11), ("interrupt", 11), ("fault", 1)] {
        assert!(lost.get(kind) >= Some(&least), "too few: {lost:?}");
    }
}

/// A verdict of the card turned into one that it cannot mean.
type Lie = fn(Verdict, bool, &[u8; 32]) -> [u8; 32];

const LIES: [(&str, Lie); 17] = [
    ("a bit of the fingerprint", |_, _, it| flip(it, 3)),
    ("a bit of the outcome", |_, _, it| flip(it, 20)),
    ("a bit of the votes", |_, _, it| flip(it, 21)),
    ("a bit of the check code", |_, _, it| flip(it, 25)),
    ("a bit that is reserved", |_, _, it| flip(it, 30)),
    ("the next record", |it, phase, _| Verdict { seq: it.seq + 1, ..it }.seal(phase)),
    ("the record before", |it, phase, _| Verdict { seq: it.seq.wrapping_sub(1), ..it }.seal(phase)),
    ("a record far away", |it, phase, _| Verdict { seq: u64::MAX, ..it }.seal(phase)),
    ("the next generation", |it, phase, _| Verdict { generation: it.generation + 1, ..it }.seal(phase)),
    ("the generation before", |it, phase, _| {
        Verdict { generation: it.generation.wrapping_sub(1), ..it }.seal(phase)
    }),
    ("another group", |it, phase, _| Verdict { group: it.group + 1, ..it }.seal(phase)),
    ("a lane that there is not", |it, phase, _| Verdict { dissent: LaneSet::only(3), ..it }.seal(phase)),
    ("a lane that agrees and dissents", |it, phase, _| {
        Verdict { agree: LaneSet::only(0), dissent: LaneSet::only(0), ..it }.seal(phase)
    }),
    ("a match that no lane agreed on", |it, phase, _| {
        Verdict { outcome: Outcome::Match, agree: LaneSet::EMPTY, ..it }.seal(phase)
    }),
    ("a match of one lane that another dissents from", |it, phase, _| {
        let (agree, dissent) = (LaneSet::only(0), LaneSet::only(1));
        Verdict { outcome: Outcome::Match, agree, dissent, ..it }.seal(phase)
    }),
    ("a mismatch among lanes that agree", |it, phase, _| {
        let (agree, dissent) = (LaneSet::first(2), LaneSet::EMPTY);
        Verdict { outcome: Outcome::Mismatch, agree, dissent, ..it }.seal(phase)
    }),
    ("an end that nobody asked for", |it, phase, _| match it.outcome {
        Outcome::Flushed => Verdict { seq: it.seq + 1, ..it }.seal(phase),
        _ => Verdict { outcome: Outcome::Flushed, agree: LaneSet::EMPTY, dissent: LaneSet::EMPTY, ..it }
            .seal(phase),
    }),
];

fn flip(entry: &[u8; 32], byte: usize) -> [u8; 32] {
    let mut entry = *entry;
    entry[byte] ^= 0x10;
    entry
}

fn words(bytes: &[u8]) -> Vec<u32> {
    bytes.chunks_exact(4).map(|word| u32::from_le_bytes(word.try_into().unwrap())).collect()
}

/// Has the card's verdict number `which` be another. True if there was one.
fn lied(
    which: u32,
    what: &str,
    lie: impl Fn(&[u8; 32], Option<[u8; 32]>) -> [u8; 32] + Send + 'static,
) -> bool {
    let Some(card) = card() else { return false };
    let told = Arc::new(Mutex::new(false));
    let (its, mut count, mut before) = (told.clone(), 0, None);
    card.handle().lock().unwrap().show_requests(move |packet| {
        let Tlp::Write(request, data) = packet else { return Fate::Arrives };
        if data.len() != 8 || request.address < VERDICTS || request.address >> 20 == 0xFEE {
            return Fate::Arrives;
        }
        let entry: Vec<u8> = data.iter().flat_map(|word| word.to_le_bytes()).collect();
        let entry = <[u8; 32]>::try_from(entry).unwrap();
        let (number, last) = (count, before.replace(entry));
        count += 1;
        if number != which {
            return Fate::Arrives;
        }
        *its.lock().unwrap() = true;
        Fate::Spoiled(words(&lie(&entry, last)))
    });
    // No patience is needed: what comes is seen to be none.
    same(Box::new(card), Life::of(u64::MAX, Death::Fails), &format!("verdict {which} says {what}"));
    *told.lock().unwrap()
}

#[test]
fn a_verdict_that_no_unit_would_write_is_a_fault_of_the_card_and_leaves_no_trace() {
    for (what, lie) in LIES {
        let mut which = 0;
        while lied(which, what, move |entry, _| lie(Verdict::open(entry).unwrap(), entry[28] & 1 == 1, entry))
        {
            which += 1;
        }
        assert!(which >= 11 || card().is_none(), "{what}: only {which} verdicts");
    }
}

#[test]
fn a_verdict_that_is_replayed_is_a_fault_of_the_card_and_leaves_no_trace() {
    let mut which = 1;
    while lied(which, "what the one before said", |entry, last| {
        // With the phase that is due: else it is not there, and missed by the clock.
        let last = Verdict::open(&last.unwrap()).unwrap();
        last.seal(entry[28] & 1 == 1)
    }) {
        which += 1;
    }
    assert!(which >= 11 || card().is_none(), "only {which} verdicts");
    assert!(phase_of(0, 5), "the first lap's phase is 1");
}

/// A card that is reset behind its driver's back before one access, and lives on.
struct ResetOnce {
    card: SimulatedCard<Verilated>,
    state: Arc<Mutex<Reset>>,
}

struct Reset {
    left: Option<u64>,
    done: bool,
    patience: Life,
}

impl ResetOnce {
    fn count(&mut self) -> &mut SimulatedCard<Verilated> {
        let state = &mut *self.state.lock().unwrap();
        match &mut state.left {
            Some(0) => {
                self.card.reset().unwrap();
                state.patience.end_after(0);
                (state.left, state.done) = (None, true);
            }
            Some(left) => *left -= 1,
            None => {}
        }
        &mut self.card
    }
}

impl CardPort for ResetOnce {
    fn read(&mut self, offset: u32) -> Result<u32, CardError> {
        self.count().read(offset)
    }

    fn write(&mut self, offset: u32, value: u32) -> Result<(), CardError> {
        self.count().write(offset, value)
    }

    fn write_pair(&mut self, offset: u32, value: u64) -> Result<(), CardError> {
        self.count().write_pair(offset, value)
    }

    fn map(&mut self, iova: u64, memory: Shared<'_>, direction: Direction) -> Result<(), CardError> {
        self.card.map(iova, memory, direction)
    }

    fn unmap(&mut self, iova: u64) -> Result<(), CardError> {
        self.card.unmap(iova)
    }

    fn set_bus_master(&mut self, on: bool) -> Result<(), CardError> {
        self.card.set_bus_master(on)
    }

    fn enable_interrupts(&mut self, vectors: u16) -> Result<Vec<OwnedFd>, CardError> {
        self.card.enable_interrupts(vectors)
    }

    fn reset(&mut self) -> Result<(), CardError> {
        self.card.reset()
    }

    fn catch_up(&mut self) -> Result<(), CardError> {
        self.count().catch_up()
    }

    fn pass_ticks(&mut self, ticks: u32) -> Result<(), CardError> {
        self.count().pass_ticks(ticks)
    }
}

#[test]
fn a_function_level_reset_behind_the_drivers_back_at_any_access_leaves_no_trace() {
    for access in 0.. {
        let Some(card) = card() else { return };
        let patience = Life::of(u64::MAX, Death::Fails);
        let state = Arc::new(Mutex::new(Reset { left: None, done: false, patience: patience.clone() }));
        let port = Box::new(ResetOnce { card, state: state.clone() });
        let (mut rig, skew_log2) = rig(port, patience).unwrap();
        state.lock().unwrap().left = Some(access);
        let what = format!("reset at access {access}, seed {SEED}");
        let seen = history::run(&mut rig).unwrap_or_else(|error| panic!("{what}: {error:?}"));
        assert_eq!(seen, of_software(skew_log2), "{what}");
        if !state.lock().unwrap().done {
            println!("reset at each of {access} accesses, seed {SEED}");
            assert!(access > 100, "a history of {access} accesses");
            return;
        }
    }
}

#[test]
fn a_card_that_fell_off_its_bus_at_any_access_leaves_no_trace() {
    for death in [Death::Ones, Death::Fails] {
        for access in 0.. {
            let Some(card) = card() else { return };
            let life = Life::of(u64::MAX, death);
            let port = Box::new(MortalCard::new(Box::new(card), life.clone()));
            let (mut rig, skew_log2) = rig(port, life.clone()).unwrap();
            life.end_after(access);
            let what = format!("{death:?} from access {access} on, seed {SEED}");
            let seen = history::run(&mut rig).unwrap_or_else(|error| panic!("{what}: {error:?}"));
            assert_eq!(seen, of_software(skew_log2), "{what}");
            if !life.is_over() {
                println!("{death:?} at each of {access} accesses, seed {SEED}");
                assert!(access > 100, "a history of {access} accesses");
                break;
            }
        }
    }
}
