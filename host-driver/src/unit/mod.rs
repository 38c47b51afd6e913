//! Groups compared by a redundancy unit, behind any [`CardPort`].
//!
//! [`Unit`] is the card as a whole: identity, fault ring, the way to the registers. [`UnitGroup`] is one of its groups.
//! Nothing that a card answers is believed before it was checked: entries by their code, verdicts by the place that they
//! must have; anything else is a broken card.

mod access;
mod due;
mod group;
mod ring;
mod succeed;
mod suspects;
mod way;

pub use group::{UnitConfig, UnitGroup};

use crate::arena::ArenaError;
use crate::card::{CardError, CardPort, Direction};
use crate::doorbell::DoorbellPage;
use crate::lane::Doorbell;
use crate::ring::Position;
use covert_abi::identity::IdentityError;
use covert_abi::registers::{card, doorbell};
use covert_abi::{EntryError, Fault, Identity};
use ring::OutRing;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use way::Way;

/// Within which a unit ends what it was commanded, unless [`Unit::set_patience`] says otherwise.
const PATIENCE: Duration = Duration::from_secs(1);

/// Why a unit cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum UnitError {
    /// The way to the card.
    #[error(transparent)]
    Card(#[from] CardError),
    /// The card is not one that this driver knows.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// Shared memory for a ring could not be had.
    #[error(transparent)]
    Memory(#[from] ArenaError),
    /// An entry of a ring is not one.
    #[error(
        "entry {index} of the {ring} ring: {error}: reset the card and compare what is uncommitted elsewhere"
    )]
    Entry {
        /// Which ring.
        ring: &'static str,
        /// Number of the entry.
        index: u32,
        /// What is wrong with it.
        error: EntryError,
    },
    /// The card said something that cannot be.
    #[error("the card says {found}: reset the card and compare what is uncommitted elsewhere")]
    Impossible {
        /// What.
        found: String,
    },
    /// The card cannot do what was asked.
    #[error("{what} is {value}, the card has {most}")]
    TooMuch {
        /// What was asked.
        what: &'static str,
        /// How much.
        value: u64,
        /// What there is.
        most: u64,
    },
}

struct Inner {
    port: Way,
    /// Within which a command ends.
    patience: Duration,
    faults: Option<OutRing>,
    /// Where the fault ring is mapped.
    fault_window: Option<u64>,
    /// How many faults the card was told to have been read.
    faults_told: u32,
    /// Faults that were read and not asked for, by group.
    waiting: Vec<VecDeque<Fault>>,
}

/// A redundancy unit that was switched on.
#[derive(Clone)]
pub struct Unit {
    identity: Identity,
    inner: Arc<Mutex<Inner>>,
}

impl Unit {
    /// Identifies the unit, resets it and switches it on, with a fault ring of `1 << fault_log2` entries at `fault_iova`;
    /// a `fault_log2` of 0 keeps no log.
    ///
    /// # Errors
    /// Not a unit, one of another version, or one that does not do what it is told.
    pub fn open(mut port: Box<dyn CardPort>, fault_iova: u64, fault_log2: u32) -> Result<Unit, UnitError> {
        let (identity, faults) = switch_on(port.as_mut(), fault_iova, fault_log2)?;
        let inner = Inner {
            fault_window: faults.is_some().then_some(fault_iova),
            port: Way::new(port),
            patience: PATIENCE,
            faults,
            faults_told: 0,
            waiting: vec![VecDeque::new(); identity.groups.into()],
        };
        Ok(Unit { identity, inner: Arc::new(Mutex::new(inner)) })
    }

    /// Tries a card again that was given up, in place: resets it, then does what [`open`](Self::open) does. If it does not pass, it
    /// stays given up and can be tried again later.
    ///
    /// # Errors
    /// As for `open`; or the card was not given up, or a group or doorbell of it is still there.
    pub fn reopen(&mut self, fault_iova: u64, fault_log2: u32) -> Result<(), UnitError> {
        let held = UnitError::Impossible { found: "that it is in use and cannot be opened again".into() };
        let Some(inner) = Arc::get_mut(&mut self.inner) else { return Err(held) };
        let inner = inner.get_mut().unwrap_or_else(PoisonError::into_inner);
        if !inner.port.is_given_up() {
            return Err(held);
        }
        let card = inner.port.card();
        let again =
            card.reset().map_err(UnitError::from).and_then(|()| switch_on(card, fault_iova, fault_log2));
        match again {
            Ok((identity, faults)) => {
                inner.fault_window = faults.is_some().then_some(fault_iova);
                inner.faults = faults;
                inner.faults_told = 0;
                inner.waiting = vec![VecDeque::new(); identity.groups.into()];
                inner.port.open();
                self.identity = identity;
                Ok(())
            }
            Err(error) => {
                // Its fault ring may be mapped already: that is how far it got, or nothing is there.
                inner.fault_window = Some(fault_iova);
                inner.give_up([]);
                Err(error)
            }
        }
    }

    /// Gives the card up when no group is on it any more, as [`UnitGroup::abandon`] does for one that is.
    pub fn give_up(&self) {
        self.lock().give_up([]);
    }

    /// What the unit is and can do.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// From now on a command that the unit has not ended within `patience` (one second before) makes it a broken one.
    pub fn set_patience(&self, patience: Duration) {
        self.lock().patience = patience;
    }

    /// Something else done with the card while no group is: interrupts, a look at its state.
    pub fn with_port<R>(&self, what: impl FnOnce(&mut dyn CardPort) -> R) -> R {
        what(&mut self.lock().port)
    }

    /// The doorbell of lane `lane` of group `group`.
    pub fn doorbell(&self, group: u16, lane: usize) -> UnitDoorbell {
        UnitDoorbell { unit: self.clone(), page: doorbell::address(self.lane(group, lane), doorbell::TAIL) }
    }

    /// The doorbell page of lane `lane` of group `group`, for the process that submits there.
    ///
    /// # Errors
    /// See [`CardPort::doorbell_page`].
    pub fn doorbell_page(&self, group: u16, lane: usize) -> Result<DoorbellPage, CardError> {
        let page = doorbell::address(self.lane(group, lane), doorbell::TAIL);
        self.lock().port.doorbell_page(page)
    }

    /// Number of a lane in the unit.
    fn lane(&self, group: u16, lane: usize) -> u32 {
        u32::from(group) * u32::from(self.identity.lanes) + lane as u32
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Whoever panicked did not leave registers half written: each access is whole.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The faults of a group that were read and not asked for, taken out.
    fn take_waiting(&self, group: u16) -> VecDeque<Fault> {
        self.lock().waiting.get_mut(usize::from(group)).map(std::mem::take).unwrap_or_default()
    }

    /// The faults of a group that nobody has asked for, as far as they are in the ring. They keep their room there.
    fn read_faults(&self, group: u16) -> Result<Vec<Fault>, UnitError> {
        let inner = &mut *self.lock();
        inner.read_faults()?;
        let waiting = inner.waiting.get(usize::from(group));
        Ok(waiting.into_iter().flatten().copied().collect())
    }

    /// The oldest fault of a group.
    fn poll_fault(&self, group: u16) -> Result<Option<Fault>, UnitError> {
        let inner = &mut *self.lock();
        inner.read_faults()?;
        if let Some(ring) = inner.faults.as_ref().filter(|ring| ring.read() != inner.faults_told) {
            inner.port.write(card::FAULT_HEAD, ring.read())?;
            inner.faults_told = ring.read();
        }
        Ok(inner.waiting.get_mut(usize::from(group)).and_then(VecDeque::pop_front))
    }
}

impl Inner {
    /// Gives the card up: no request of it gets out any more, then it is reset, and only then it loses these windows and that of the
    /// fault ring.
    ///
    /// A card that is broken may answer none of this, and the next step is worth as much then: no error stops it. It is a
    /// fixed number of calls of the port and waits for nothing else.
    fn give_up(&mut self, windows: impl IntoIterator<Item = u64>) {
        let _ = self.port.set_bus_master(false);
        let _ = self.port.reset();
        for iova in windows.into_iter().chain(self.fault_window.take()) {
            let _ = self.port.unmap(iova);
        }
        // Not before the window is closed: its memory is free from here on.
        self.faults = None;
        self.port.give_up();
    }

    fn read_faults(&mut self) -> Result<(), UnitError> {
        let Some(ring) = &mut self.faults else { return Ok(()) };
        while let Some((index, entry)) = ring.next() {
            let fault =
                Fault::open(&entry).map_err(|error| UnitError::Entry { ring: "fault", index, error })?;
            match self.waiting.get_mut(usize::from(fault.group)) {
                Some(queue) => queue.push_back(fault),
                None => return Err(UnitError::Impossible { found: format!("{fault:?}") }),
            }
        }
        Ok(())
    }
}

/// A lane's doorbell page.
///
/// This one goes through the driver's port; a replica of its own process has the page mapped.
pub struct UnitDoorbell {
    unit: Unit,
    page: u32,
}

impl Doorbell for UnitDoorbell {
    fn ring(&self, arena: &crate::arena::ArenaWriter, position: Position) {
        // First, so that what the card took is never more than what software would find there.
        arena.ring(position);
        // A ring that is lost on a broken card is noticed by whoever waits for the verdict.
        let _ = self.unit.lock().port.write_pair(self.page, position.pack());
    }
}

/// Identifies the unit behind this port and switches it on; gives its fault ring.
fn switch_on(
    port: &mut dyn CardPort,
    fault_iova: u64,
    fault_log2: u32,
) -> Result<(Identity, Option<OutRing>), UnitError> {
    let mut failed = None;
    let identity = Identity::parse(|address| {
        port.read(address).unwrap_or_else(|error| {
            failed.get_or_insert(error);
            u32::MAX
        })
    });
    if let Some(error) = failed {
        return Err(error.into());
    }
    let identity = identity?;
    limit("log2 of the fault ring", fault_log2.into(), identity.ring_max.ilog2().into())?;
    port.write(card::CONTROL, 0)?;
    port.set_bus_master(true)?;
    let faults = if fault_log2 == 0 { None } else { Some(OutRing::create("fault", fault_log2)?) };
    if let Some(ring) = &faults {
        port.map(fault_iova, ring.memory(), Direction::Write)?;
        port.write_pair(card::FAULT_BASE_LO, fault_iova)?;
    }
    port.write(card::FAULT_LOG2, fault_log2)?;
    // It outlives the switching off, and the unit counts from 0 again.
    port.write(card::FAULT_HEAD, 0)?;
    port.write(card::CONTROL, card::CONTROL_ENABLE.put(1))?;
    let control = port.read(card::CONTROL)?;
    if card::CONTROL_ENABLE.of(control) != 1 {
        return Err(UnitError::Impossible { found: format!("CONTROL is {control:#x} after it was enabled") });
    }
    Ok((identity, faults))
}

fn limit(what: &'static str, value: u64, most: u64) -> Result<(), UnitError> {
    if value <= most { Ok(()) } else { Err(UnitError::TooMuch { what, value, most }) }
}
