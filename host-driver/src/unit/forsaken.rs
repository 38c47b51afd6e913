//! A card that was given up.

use crate::card::{CardError, CardPort, Direction, Shared};
use std::os::fd::OwnedFd;

/// Stands where the card's port was: nothing is asked of the card any more, but what still makes it harmless goes through,
/// for the other groups that have windows of their own to close.
pub(super) struct Forsaken(Option<Box<dyn CardPort>>);

impl Forsaken {
    /// Puts itself before a port.
    pub(super) fn replace(port: &mut Box<dyn CardPort>) {
        let card = std::mem::replace(port, Box::new(Forsaken(None)));
        *port = Box::new(Forsaken(Some(card)));
    }

    fn harmless(
        &mut self,
        what: impl FnOnce(&mut dyn CardPort) -> Result<(), CardError>,
    ) -> Result<(), CardError> {
        match &mut self.0 {
            Some(card) => what(card.as_mut()),
            None => refuse(),
        }
    }
}

fn refuse<T>() -> Result<T, CardError> {
    Err(CardError::Broken("it was given up: compare what is uncommitted elsewhere".into()))
}

impl CardPort for Forsaken {
    fn read(&mut self, _: u32) -> Result<u32, CardError> {
        refuse()
    }
    fn write(&mut self, _: u32, _: u32) -> Result<(), CardError> {
        refuse()
    }
    fn write_pair(&mut self, _: u32, _: u64) -> Result<(), CardError> {
        refuse()
    }
    fn map(&mut self, _: u64, _: Shared<'_>, _: Direction) -> Result<(), CardError> {
        refuse()
    }
    fn unmap(&mut self, iova: u64) -> Result<(), CardError> {
        self.harmless(|card| card.unmap(iova))
    }
    fn set_bus_master(&mut self, on: bool) -> Result<(), CardError> {
        if on { refuse() } else { self.harmless(|card| card.set_bus_master(false)) }
    }
    fn enable_interrupts(&mut self, _: u16) -> Result<Vec<OwnedFd>, CardError> {
        refuse()
    }
    fn reset(&mut self) -> Result<(), CardError> {
        self.harmless(|card| card.reset())
    }
    fn catch_up(&mut self) -> Result<(), CardError> {
        refuse()
    }
    fn pass_ticks(&mut self, _: u32) -> Result<(), CardError> {
        refuse()
    }
}
