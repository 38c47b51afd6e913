//! Random histories in which the card dies at a random access: towards the coordinator they are those of software alone. So they are
//! when another card takes up what software does where a generation begins, and dies in turn.
//!
//! `COVERT_TRACES` sets how many histories (1,000 unless told), `COVERT_SEED` the first seed. Each is run with four deaths. A
//! failing one is made as short as it gets, printed, and left in the test's temporary directory.
//!
//! Left out is what died with the card and nobody can know:
//! - ticks that its watchdog had counted, and a timeout that nobody had read: the watchdog is never set;
//! - of a doorbell that goes astray (backwards, too far, or for another generation) the one before it: replicas
//!   ring forwards, and rings are as long as they think.

use super::card;
use covert_abi::{LANES_PER_GROUP_MAX, LaneSet, Outcome, Verdict};
use covert_driver::LanePlace;
use covert_verification::model::unit::Order;
use covert_verification::mortal_card::{Death, Life, MortalCard};
use covert_verification::random::Random;
use covert_verification::scenario::generate::{Chances, generate, setup};
use covert_verification::scenario::run::{Agreement, Covered, run};
use covert_verification::scenario::shrink::shrink;
use covert_verification::scenario::sides::ModelGroup;
use covert_verification::scenario::{Event, Scenario, Setup};
use covert_verification::unit_rig::{Counts, mortal_bench};
use std::path::Path;

fn number(name: &str, default: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")),
        Err(_) => default,
    }
}

/// What is left of a scenario without a watchdog and with replicas that ring forwards, for what they could write and for
/// rings as long as they think.
fn tamed(scenario: &Scenario) -> Scenario {
    let mut tamer = Tamer {
        model: ModelGroup::new(scenario.setup, Order::FetchFirst),
        events: Vec::new(),
        last: [(0, 0); LANES_PER_GROUP_MAX],
        stored: [0; LANES_PER_GROUP_MAX],
    };
    let lanes = 0..scenario.setup.lanes;
    lanes.clone().for_each(|lane| tamer.place(lane));
    for event in &scenario.events {
        match event {
            Event::Watchdog(_) => {}
            Event::Place { lane, place } => {
                tamer.push(Event::Place { lane: *lane, place: LanePlace { ring_log2: 3, ..*place } });
            }
            Event::Reset { lane } => tamer.reset(*lane),
            Event::Flush { .. } => {
                // Which lanes were locked behind the record that halted a group is open.
                if tamer.model.state() == 2 {
                    lanes.clone().for_each(|lane| tamer.reset(lane));
                }
                tamer.push(event.clone());
                tamer.stored = [0; LANES_PER_GROUP_MAX];
            }
            Event::Store { lane, index, .. } => {
                // Not again what was rung for, and no entry without the ones before.
                let next = tamer.stored[*lane];
                if tamer.model.may_store(*index) && (*index == next || index + 1 == next) {
                    tamer.stored[*lane] = index + 1;
                    tamer.push(event.clone());
                }
            }
            Event::Ring { lane, generation, tail } => {
                let rung = (*generation, *tail);
                if rung >= tamer.last[*lane] && *generation < 0x4000_0000 && *tail == tamer.stored[*lane] {
                    tamer.last[*lane] = rung;
                    tamer.push(event.clone());
                }
            }
            _ => tamer.push(event.clone()),
        }
    }
    Scenario { events: tamer.events, ..scenario.clone() }
}

struct Tamer {
    model: ModelGroup,
    events: Vec<Event>,
    /// What each lane rang last, and how many entries of the generation it has stored.
    last: [(u32, u32); LANES_PER_GROUP_MAX],
    stored: [u32; LANES_PER_GROUP_MAX],
}

impl Tamer {
    fn push(&mut self, event: Event) {
        // A live lane is not placed: the group refuses.
        if !matches!(event, Event::Place { lane, .. } if self.model.is_live(lane)) {
            self.model.apply(&event);
            self.events.push(event);
        }
    }

    fn place(&mut self, lane: usize) {
        self.push(Event::Place { lane, place: LanePlace::of(&Setup::geometry(lane)).unwrap() });
    }

    fn reset(&mut self, lane: usize) {
        self.push(Event::Reset { lane });
        self.place(lane);
    }
}

/// Runs a scenario on cards with these lives, one after the other; gives what was covered and polled, and how often a card
/// took up what software did.
fn run_with(scenario: &Scenario, lives: &[Life]) -> Result<(Covered, Vec<Verdict>, u64), String> {
    let setup = &scenario.setup;
    let cards =
        lives.iter().map(|life| MortalCard::new(card(setup.skew_log2, setup.payload_max), life.clone()));
    let (mut bench, Counts { polled, taken_up }) =
        mortal_bench(cards.collect(), setup).map_err(|failure| failure.0)?;
    let covered =
        run(scenario, Agreement::UpToHalt, &mut bench).map_err(|divergence| divergence.to_string())?;
    let mut polled = polled.lock().unwrap().clone();
    forget_what_is_open(&mut polled);
    Ok((covered, polled, *taken_up.lock().unwrap()))
}

/// Who was still live when a halted generation ended depends on how far it was fetched behind the record that halted it.
fn forget_what_is_open(verdicts: &mut [Verdict]) {
    let mut halted = false;
    for verdict in verdicts {
        if verdict.outcome == Outcome::Flushed && std::mem::take(&mut halted) {
            verdict.agree = LaneSet::EMPTY;
        }
        halted |= verdict.outcome != Outcome::Flushed && !verdict.outcome.is_releasable();
    }
}

/// Deaths of cards that follow one another: after so many accesses of each, and how.
type Deaths = [(u64, Death)];

/// A scenario in software alone, and with cards that die so. Gives how often a card took up what software did, too.
fn compare(scenario: &Scenario, deaths: &Deaths) -> Result<(Covered, u64), String> {
    let (_, alone, _) = run_with(scenario, &[Life::of(0, Death::Fails)])?;
    let lives: Vec<_> = deaths.iter().map(|(accesses, death)| Life::of(*accesses, *death)).collect();
    let (covered, polled, taken_up) = run_with(scenario, &lives)?;
    match alone.iter().zip(&polled).find(|(alone, polled)| alone != polled) {
        Some((alone, polled)) => Err(format!("software alone polls {alone:?}, this {polled:?}")),
        None if alone.len() != polled.len() => {
            Err(format!("software alone polls {} verdicts, this {}", alone.len(), polled.len()))
        }
        None => Ok((covered, taken_up)),
    }
}

/// Histories in which so many cards die one after the other, each four times.
fn compare_many(traces: u64, chances: Chances, length: usize, cards: usize) -> (Covered, u64) {
    let first = number("COVERT_SEED", 1);
    let (mut covered, mut taken_up) = (Covered::default(), 0);
    for seed in first..first + traces {
        let mut random = Random::new(seed);
        let mut setup = setup(&mut random);
        // A log that never fills: how much room it has is not what software begins with.
        setup.fault_log2 = 12;
        let wild = generate(seed, setup, chances, length);
        let scenario = tamed(&wild);
        let whole = Life::of(u64::MAX, Death::Fails);
        run_with(&scenario, std::slice::from_ref(&whole))
            .unwrap_or_else(|error| panic!("seed {seed}, no death: {error}"));
        for death in [Death::Fails, Death::Ones, Death::Fails, Death::Ones] {
            // All of them within the history, if it is to see more than one die.
            let most = whole.accesses() / cards as u64 + 1;
            let deaths: Vec<_> = (0..cards).map(|_| (random.below(most), death)).collect();
            match compare(&scenario, &deaths) {
                Ok((more, again)) => {
                    covered += more;
                    taken_up += again;
                }
                Err(error) => explain(&wild, &deaths, &error),
            }
        }
    }
    println!(
        "{traces} histories, four times {cards} deaths in each, from seed {first} on: {covered:?}, \
         taken up again {taken_up} times"
    );
    (covered, taken_up)
}

/// The shortest history that fails as this one does, with the access at which it does.
fn explain(scenario: &Scenario, deaths: &Deaths, first: &str) -> ! {
    let seed = scenario.seed;
    let near = |it: &Scenario| {
        let it = tamed(it);
        let whole = Life::of(u64::MAX, Death::Fails);
        let all = run_with(&it, std::slice::from_ref(&whole)).map_or(0, |_| whole.accesses());
        let mut tries = (0..all).map(|accesses| {
            let mut deaths = deaths.to_vec();
            deaths[0].0 = accesses;
            deaths
        });
        tries.find(|deaths| compare(&it, deaths).is_err())
    };
    let small = shrink(scenario, 300, |it| near(it).is_some());
    let at = near(&small).unwrap_or(deaths.to_vec());
    let small = tamed(&small);
    let difference = compare(&small, &at).err().unwrap_or_default();
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("takeover-{seed}.txt"));
    std::fs::write(&path, format!("{difference}\ndeaths {at:?}\n{small:#?}\n")).unwrap();
    panic!(
        "seed {seed}, deaths {deaths:?}: {first}\nIn short: {difference}\n{} of {} events are needed, and deaths {at:?}; \
         they are in {}.\n\
         Again: COVERT_SEED={seed} COVERT_TRACES=1 cargo test -p covert-verification --test takeover",
        small.events.len(),
        scenario.events.len(),
        path.display(),
    );
}

#[test]
fn a_card_that_dies_in_histories_full_of_mistakes_leaves_no_trace_in_the_verdicts() {
    let traces = number("COVERT_TRACES", 1000);
    let chances = Chances { bad: 8, differing: 4, unreadable: 0, odd: 100 };
    let (covered, _) = compare_many(traces, chances, 120, 1);
    assert!(covered.records > traces && covered.refused > traces / 2, "too little was covered: {covered:?}");
}

#[test]
fn a_card_that_dies_in_histories_that_mostly_go_well_leaves_no_trace_in_the_verdicts() {
    let traces = number("COVERT_TRACES", 1000);
    let chances = Chances { bad: 1, differing: 1, unreadable: 0, odd: 100 };
    let (covered, _) = compare_many(traces, chances, 160, 1);
    assert!(covered.records > 5 * traces, "too little was covered: {covered:?}");
}

#[test]
fn cards_that_take_up_what_software_does_and_die_in_turn_leave_no_trace_in_the_verdicts() {
    let traces = number("COVERT_TRACES", 1000);
    for chances in [
        Chances { bad: 8, differing: 4, unreadable: 0, odd: 100 },
        Chances { bad: 1, differing: 1, unreadable: 0, odd: 100 },
    ] {
        let (covered, taken_up) = compare_many(traces, chances, 160, 4);
        assert!(covered.records > traces, "too little was covered: {covered:?}");
        assert!(taken_up > traces, "cards took up what software did only {taken_up} times");
    }
}
