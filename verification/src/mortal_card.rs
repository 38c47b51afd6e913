//! A card that dies after some accesses, and what was done to it in which order.

use covert_driver::card::{CardError, CardPort, Direction, Shared};
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How a dead card answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Death {
    /// Every access fails.
    Fails,
    /// Reads give all ones, writes go nowhere, and nobody says so: a card that fell off its bus.
    Ones,
}

/// What was done to a card besides registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Memory was mapped here.
    Map(u64),
    /// Bus mastering was switched on or off.
    BusMaster(bool),
    /// The card was reset.
    Reset,
    /// The window here was closed.
    Unmap(u64),
}

#[derive(Debug)]
struct State {
    left: u64,
    accesses: u64,
    death: Death,
    steps: Vec<Step>,
}

/// How long a card lives and what happened to it; the test's end of a [`MortalCard`].
#[derive(Clone, Debug)]
pub struct Life(Arc<Mutex<State>>);

impl Life {
    /// A life of so many accesses.
    pub fn of(accesses: u64, death: Death) -> Life {
        Life(Arc::new(Mutex::new(State { left: accesses, accesses: 0, death, steps: Vec::new() })))
    }

    /// Ends it after so many more accesses.
    pub fn end_after(&self, accesses: u64) {
        self.lock().left = accesses;
    }

    /// Whether it is over.
    pub fn is_over(&self) -> bool {
        self.lock().left == 0
    }

    /// Accesses that the card has seen.
    pub fn accesses(&self) -> u64 {
        self.lock().accesses
    }

    /// What was done to the card besides registers, dead or alive.
    pub fn steps(&self) -> Vec<Step> {
        self.lock().steps.clone()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, step: Step) {
        self.lock().steps.push(step);
    }

    /// One more access: `None` if the card still answers, else how it dies.
    fn spend(&self) -> Option<Death> {
        let state = &mut *self.lock();
        match state.left {
            0 => Some(state.death),
            _ => {
                state.left -= 1;
                state.accesses += 1;
                None
            }
        }
    }
}

/// A card with a life of its own.
pub struct MortalCard {
    card: Box<dyn CardPort>,
    life: Life,
}

impl MortalCard {
    /// Lets a card live so long.
    pub fn new(card: Box<dyn CardPort>, life: Life) -> MortalCard {
        MortalCard { card, life }
    }

    /// Its life.
    pub fn life(&self) -> Life {
        self.life.clone()
    }

    fn alive<R>(
        &mut self,
        what: impl FnOnce(&mut dyn CardPort) -> Result<R, CardError>,
        gone: R,
    ) -> Result<R, CardError> {
        match self.life.spend() {
            None => what(self.card.as_mut()),
            Some(Death::Ones) => Ok(gone),
            Some(Death::Fails) => Err(CardError::Broken("it died".into())),
        }
    }
}

impl CardPort for MortalCard {
    fn read(&mut self, offset: u32) -> Result<u32, CardError> {
        self.alive(|card| card.read(offset), u32::MAX)
    }

    fn write(&mut self, offset: u32, value: u32) -> Result<(), CardError> {
        self.alive(|card| card.write(offset, value), ())
    }

    fn write_pair(&mut self, offset: u32, value: u64) -> Result<(), CardError> {
        self.alive(|card| card.write_pair(offset, value), ())
    }

    // Windows are the host's: they open and close whatever has become of the card.
    fn map(&mut self, iova: u64, memory: Shared<'_>, direction: Direction) -> Result<(), CardError> {
        self.life.note(Step::Map(iova));
        self.card.map(iova, memory, direction)
    }

    fn unmap(&mut self, iova: u64) -> Result<(), CardError> {
        self.life.note(Step::Unmap(iova));
        self.card.unmap(iova)
    }

    fn set_bus_master(&mut self, on: bool) -> Result<(), CardError> {
        self.life.note(Step::BusMaster(on));
        self.alive(|card| card.set_bus_master(on), ())
    }

    fn enable_interrupts(&mut self, vectors: u16) -> Result<Vec<OwnedFd>, CardError> {
        self.alive(|card| card.enable_interrupts(vectors), Vec::new())
    }

    fn reset(&mut self) -> Result<(), CardError> {
        self.life.note(Step::Reset);
        self.alive(|card| card.reset(), ())
    }

    fn catch_up(&mut self) -> Result<(), CardError> {
        self.alive(|card| card.catch_up(), ())
    }

    fn pass_ticks(&mut self, ticks: u32) -> Result<(), CardError> {
        self.alive(|card| card.pass_ticks(ticks), ())
    }
}
