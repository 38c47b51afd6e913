//! Looking for a card to go back to, while software compares in place of one that died.
//!
//! A try may take its time: a connection, a reset, much memory to map. Each is made by a thread of its own, and the coordinator
//! only looks whether it has ended; the machine never waits for one. A card that passes is brought to the machine's generation and
//! waits, harmless, for the machine to go over to it.
//!
//! The pause before a try doubles with each that fails, up to [`MOST`], and with each card that is lost again before it has worked
//! for as long as that: one that comes and goes costs a restart from the last checkpoint each time.

use super::card::{self, OpenCard, Patience};
use crate::config::Card;
use anyhow::{Result, bail};
use covert_abi::Generation;
use covert_abi::identity::MAGIC;
use covert_abi::registers::card as register;
use covert_driver::unit::UnitConfig;
use covert_driver::{ArenaReader, Geometry, ProgressWriter, Unit, UnitGroup};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

/// The longest pause between two tries, unless the machine's file asks for a longer one.
const MOST: Duration = Duration::from_secs(60);
/// How often a card that waits is asked whether it is still there.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How a card is looked for.
#[derive(Clone, Debug)]
pub struct Terms {
    /// Which.
    pub card: Card,
    /// For how long it is waited for.
    pub patience: Patience,
    /// The first pause.
    pub every: Duration,
}

/// What the machine is for a card.
pub struct Wanted {
    /// Sizes and places of the group.
    pub group: UnitConfig,
    /// Records that a replica may be ahead of the comparison.
    pub window: u32,
    /// The arenas' memory, one a lane.
    pub arenas: Vec<(OwnedFd, Geometry)>,
}

/// A card that passed.
pub struct Found {
    /// The card.
    pub card: OpenCard,
    /// The machine's group on it.
    pub group: UnitGroup,
}

/// A search that goes on while a card is missing.
pub struct Search {
    terms: Terms,
    wanted: Arc<Wanted>,
    stage: Stage,
    pause: Duration,
    /// Since when the present card has compared; nothing for the machine's first.
    taken_up: Option<Instant>,
    /// Where what crosses a Verilated unit's pins is still to be kept.
    trace: Option<PathBuf>,
}

enum Stage {
    /// No card is missing.
    Idle,
    Pause {
        until: Instant,
        old: Option<Unit>,
    },
    Trying(JoinHandle<Tried>),
    Ready {
        found: Box<Found>,
        looked: Instant,
    },
}

/// What came of a try: the old unit comes back from one that failed, if it is needed for the next.
type Tried = Result<Box<Found>, Option<Unit>>;

impl Search {
    /// Nothing is looked for before a card is [`lost`](Self::lost).
    pub fn new(terms: Terms, wanted: Wanted) -> Search {
        let (pause, wanted) = (terms.every, Arc::new(wanted));
        Search { terms, wanted, stage: Stage::Idle, pause, taken_up: None, trace: None }
    }

    /// The machine's card was given up.
    pub fn lost(&mut self, card: OpenCard) {
        let OpenCard { unit, probe, .. } = card;
        self.trace = probe.and_then(card::Probe::into_trace);
        if self.taken_up.is_some_and(|since| since.elapsed() < MOST) {
            self.lengthen();
        } else {
            self.pause = self.terms.every;
        }
        self.rest(keep(&self.terms.card, unit));
    }

    fn lengthen(&mut self) {
        self.pause = (self.pause * 2).min(MOST.max(self.terms.every));
    }

    fn rest(&mut self, old: Option<Unit>) {
        self.stage = Stage::Pause { until: Instant::now() + self.pause, old };
    }

    /// Goes on with the search, without a wait. True when a card stands ready from now on, false when one does so no more.
    pub fn look(&mut self, generation: Generation) -> Option<bool> {
        match std::mem::replace(&mut self.stage, Stage::Idle) {
            Stage::Pause { until, old } if until <= Instant::now() => {
                self.stage = self.begin(old, generation);
                None
            }
            Stage::Trying(thread) if thread.is_finished() => match thread.join() {
                Ok(Ok(found)) => {
                    self.stage = Stage::Ready { found, looked: Instant::now() };
                    Some(true)
                }
                failed => {
                    self.lengthen();
                    // A thread that panicked has taken the old unit with it: what can be opened anew is.
                    self.rest(failed.ok().and_then(Result::err).flatten());
                    None
                }
            },
            Stage::Ready { mut found, looked } if looked.elapsed() >= LOOK_EVERY => {
                if found.is_there() && found.group.bring_to(generation).is_ok() {
                    self.stage = Stage::Ready { found, looked: Instant::now() };
                    return None;
                }
                self.refuse(*found);
                Some(false)
            }
            other => {
                self.stage = other;
                None
            }
        }
    }

    fn begin(&mut self, old: Option<Unit>, generation: Generation) -> Stage {
        let (terms, wanted, trace) = (self.terms.clone(), Arc::clone(&self.wanted), self.trace.clone());
        let body = move || attempt(&terms, &wanted, old, trace, generation);
        match Builder::new().name("card-search".into()).spawn(body) {
            Ok(thread) => Stage::Trying(thread),
            // The system has no thread left; the old unit is gone with the closure.
            Err(_) => Stage::Pause { until: Instant::now() + MOST, old: None },
        }
    }

    /// The card that stands ready.
    pub fn take(&mut self) -> Option<Found> {
        match std::mem::replace(&mut self.stage, Stage::Idle) {
            Stage::Ready { found, .. } => {
                self.taken_up = Some(Instant::now());
                Some(*found)
            }
            other => {
                self.stage = other;
                None
            }
        }
    }

    /// A card that was found is of no use after all.
    pub fn refuse(&mut self, found: Found) {
        let Found { card, group } = found;
        drop(group.abandon());
        self.lengthen();
        self.rest(keep(&self.terms.card, card.unit));
    }
}

impl Found {
    fn is_there(&self) -> bool {
        self.card.unit.with_port(|port| port.read(register::MAGIC)).is_ok_and(|magic| magic == MAGIC)
    }
}

/// What is needed of a unit that was given up to try the same card again: the device of one on the bus stays open, since a replica
/// may still have its doorbell page. All others are opened anew.
fn keep(card: &Card, unit: Unit) -> Option<Unit> {
    matches!(card, Card::Vfio(_)).then_some(unit)
}

/// One try, in its thread.
fn attempt(
    terms: &Terms,
    wanted: &Wanted,
    old: Option<Unit>,
    trace: Option<PathBuf>,
    generation: Generation,
) -> Tried {
    let card = match old {
        Some(unit) => card::reopen(&terms.card, terms.patience, unit)?,
        None => card::open(&terms.card, terms.patience, trace).map_err(|_| None)?,
    };
    match group(&card, wanted, generation) {
        Ok(group) => Ok(Box::new(Found { card, group })),
        Err(_) => {
            card.unit.give_up();
            Err(keep(&terms.card, card.unit))
        }
    }
}

/// The machine's group on a card, in this generation.
fn group(card: &OpenCard, wanted: &Wanted, generation: Generation) -> Result<UnitGroup> {
    let skew = card.unit.identity().skew;
    if skew < wanted.window {
        bail!("it takes {skew} records ahead, the machine's replicas are up to {} ahead", wanted.window);
    }
    let map = |(fd, geometry): &(OwnedFd, Geometry)| ArenaReader::map(fd, *geometry);
    let arenas = wanted.arenas.iter().map(map).collect::<Result<_, _>>()?;
    let memory = wanted.arenas.iter().map(|(fd, _)| fd.try_clone());
    let memory: Vec<OwnedFd> = memory.collect::<std::io::Result<_>>()?;
    // Of its own until it takes software's place: no replica is to hear of the generations on the way.
    let (progress, _) = ProgressWriter::create()?;
    let mut group = UnitGroup::new(&card.unit, wanted.group, arenas, &memory, progress)?;
    group.bring_to(generation)?;
    Ok(group)
}
