//! The way to a unit's card, for as long as the card is believed.

use crate::card::{CardError, CardPort, Direction, Shared};
use crate::doorbell::DoorbellPage;
use std::os::fd::OwnedFd;

/// The card's port. When the card was given up nothing is asked of it any more, but what still makes it harmless goes
/// through, for the other groups that have windows of their own to close.
pub(super) struct Way {
    card: Box<dyn CardPort>,
    given_up: bool,
}

impl Way {
    pub(super) fn new(card: Box<dyn CardPort>) -> Way {
        Way { card, given_up: false }
    }

    pub(super) fn is_given_up(&self) -> bool {
        self.given_up
    }

    /// Believes the card no more.
    pub(super) fn give_up(&mut self) {
        self.given_up = true;
    }

    /// The card itself, to be tried; it is believed again after [`open`](Self::open).
    pub(super) fn card(&mut self) -> &mut dyn CardPort {
        self.card.as_mut()
    }

    /// Believes the card again.
    pub(super) fn open(&mut self) {
        self.given_up = false;
    }

    fn believed(&mut self) -> Result<&mut dyn CardPort, CardError> {
        if self.given_up { refuse() } else { Ok(self.card.as_mut()) }
    }
}

#[cold]
fn refuse<T>() -> Result<T, CardError> {
    Err(CardError::Broken("it was given up: compare what is uncommitted elsewhere".into()))
}

impl CardPort for Way {
    fn read(&mut self, offset: u32) -> Result<u32, CardError> {
        self.believed()?.read(offset)
    }
    fn write(&mut self, offset: u32, value: u32) -> Result<(), CardError> {
        self.believed()?.write(offset, value)
    }
    fn write_pair(&mut self, offset: u32, value: u64) -> Result<(), CardError> {
        self.believed()?.write_pair(offset, value)
    }
    fn map(&mut self, iova: u64, memory: Shared<'_>, direction: Direction) -> Result<(), CardError> {
        self.believed()?.map(iova, memory, direction)
    }
    fn unmap(&mut self, iova: u64) -> Result<(), CardError> {
        self.card.unmap(iova)
    }
    fn set_bus_master(&mut self, on: bool) -> Result<(), CardError> {
        if on { self.believed()?.set_bus_master(true) } else { self.card.set_bus_master(false) }
    }
    fn enable_interrupts(&mut self, vectors: u16) -> Result<Vec<OwnedFd>, CardError> {
        self.believed()?.enable_interrupts(vectors)
    }
    fn reset(&mut self) -> Result<(), CardError> {
        self.card.reset()
    }
    fn doorbell_page(&mut self, offset: u32) -> Result<DoorbellPage, CardError> {
        self.believed()?.doorbell_page(offset)
    }
    fn catch_up(&mut self) -> Result<(), CardError> {
        self.believed()?.catch_up()
    }
    fn pass_ticks(&mut self, ticks: u32) -> Result<(), CardError> {
        self.believed()?.pass_ticks(ticks)
    }
}
