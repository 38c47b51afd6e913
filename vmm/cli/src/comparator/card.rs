//! A redundancy unit, found and switched on.

use crate::config::{Card, Completion};
use anyhow::{Context, Result, anyhow};
use covert_driver::card::{CardError, CardPort};
use covert_driver::unit::Unit;
use covert_driver::vfio::VfioCard;
use covert_driver::vfio_user::VfioUserCard;
use covert_driver::vfio_user::VfioUserError;
use covert_verification::root_complex::Link;
use covert_verification::simulated_card::{Handle, SimulatedCard};
use covert_verification::verilated::Verilated;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

/// IOVA of the fault ring; the arenas lie from 2^37 on.
const FAULTS: u64 = 0x1000_0000;
/// Log2 of the fault ring's entries.
const FAULTS_LOG2: u32 = 8;
/// Bytes of a trace above which it is given up: some ten million clocks.
const TRACE_MAX: usize = 256 << 20;

/// A unit that is switched on, and what is known of it beside its registers.
pub struct OpenCard {
    /// The unit.
    pub unit: Unit,
    /// What it is, in words.
    pub name: String,
    /// Counts the unit's interrupts, if it works beside the coordinator and is not polled.
    pub interrupt: Option<OwnedFd>,
    /// The way into a simulated one.
    pub probe: Option<Probe>,
    /// How it is waited for.
    pub patience: Patience,
}

/// How a card is waited for, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For an answer.
    pub answer: Duration,
    /// For a verdict for which it has everything: there may be many bytes to fetch, and a simulation is slow.
    pub verdict: Duration,
    /// How.
    pub completion: Completion,
}

/// What only a simulated card shows: its clocks, and everything that crossed its pins.
pub struct Probe {
    card: Handle<Verilated>,
    latency: Arc<AtomicU64>,
    trace: Option<PathBuf>,
}

impl Probe {
    /// Where the trace would still be kept.
    pub(super) fn into_trace(self) -> Option<PathBuf> {
        self.trace
    }

    /// Clocks of the unit from the doorbells that were rung last to the last write that followed: the newest verdict.
    pub fn clocks(&self) -> u64 {
        self.latency.load(Ordering::Relaxed)
    }

    /// Keeps everything that has crossed the unit's pins up to now, once, with a remark at its end. Gives the file.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn keep_trace(&mut self, remark: &str) -> Result<Option<PathBuf>> {
        let Some(path) = self.trace.take() else { return Ok(None) };
        let mut card = self.card.lock().unwrap_or_else(PoisonError::into_inner);
        card.note(remark);
        let Some(trace) = card.take_trace() else { return Ok(None) };
        std::fs::write(&path, trace.bytes())
            .with_context(|| format!("cannot write the unit's trace to {}", path.display()))?;
        Ok(Some(path))
    }

    /// Gives the recording up if it has become too long to be kept in memory. True if it was given up now.
    pub fn bound_trace(&mut self) -> bool {
        if self.trace.is_none() {
            return false;
        }
        let mut card = self.card.lock().unwrap_or_else(PoisonError::into_inner);
        if card.recorded().is_none_or(|bytes| bytes <= TRACE_MAX) {
            return false;
        }
        card.take_trace();
        self.trace = None;
        true
    }
}

/// Finds the card and switches its unit on. With `trace`, a Verilated one records everything that crosses its pins, to be kept
/// there at the first mismatch.
///
/// # Errors
/// There is no such card, or it is not one that can be used; the message says what to do.
pub fn open(card: &Card, patience: Patience, trace: Option<PathBuf>) -> Result<OpenCard> {
    let (port, interrupt, probe): (Box<dyn CardPort>, _, _) = match card {
        Card::Verilated => {
            let (card, probe) = verilated(trace)?;
            (Box::new(card), None, Some(probe))
        }
        Card::VfioUser(socket) => {
            let mut card = VfioUserCard::connect(socket).map_err(|error| refused(socket, &error))?;
            card.let_run(patience.answer).map_err(|error| anyhow!("{error}"))?;
            (Box::new(card), Some(()), None)
        }
        Card::Vfio(address) => {
            let card = VfioCard::open(*address).map_err(|error| anyhow!("{error}"))?;
            (Box::new(card), Some(()), None)
        }
    };
    let unit = Unit::open(port, FAULTS, FAULTS_LOG2)
        .map_err(|error| anyhow!("the card {card} cannot be used: {error}"))?;
    let interrupt = match interrupt {
        Some(()) => interrupt_of(&unit, patience)?,
        None => None,
    };
    Ok(opened(card, patience, unit, interrupt, probe))
}

/// Tries a card on the bus again that was given up, by the device that is still open.
///
/// # Errors
/// It is not there, or does not pass; the unit comes back to be tried once more.
pub fn reopen(card: &Card, patience: Patience, mut unit: Unit) -> Result<OpenCard, Option<Unit>> {
    if unit.reopen(FAULTS, FAULTS_LOG2).is_err() {
        return Err(Some(unit));
    }
    match interrupt_of(&unit, patience) {
        Ok(interrupt) => Ok(opened(card, patience, unit, interrupt, None)),
        Err(_) => {
            unit.give_up();
            Err(Some(unit))
        }
    }
}

fn interrupt_of(unit: &Unit, patience: Patience) -> Result<Option<OwnedFd>, CardError> {
    if patience.completion == Completion::Polled {
        return Ok(None);
    }
    Ok(unit.with_port(|port| port.enable_interrupts(1))?.into_iter().next())
}

fn opened(
    card: &Card,
    patience: Patience,
    unit: Unit,
    interrupt: Option<OwnedFd>,
    probe: Option<Probe>,
) -> OpenCard {
    unit.set_patience(patience.answer);
    let name = format!("{card}, unit {:016x}", unit.identity().rtl_hash);
    OpenCard { unit, name, interrupt, probe, patience }
}

pub(crate) fn refused(socket: &Path, error: &VfioUserError) -> anyhow::Error {
    match error {
        VfioUserError::Connect { .. } => {
            anyhow!("{error} `covert card serve --socket {}` starts one", socket.display())
        }
        _ => anyhow!("{error}"),
    }
}

fn verilated(trace: Option<PathBuf>) -> Result<(SimulatedCard<Verilated>, Probe)> {
    let unit = Verilated::unit().context("the unit cannot be simulated here")?;
    let folder = trace.as_deref().and_then(Path::parent).map(Path::to_owned).unwrap_or_default();
    let card = SimulatedCard::new(unit, Link::default(), 0, &folder);
    let handle = card.handle();
    if trace.is_none() {
        // A machine may run for days; a recording of that would take all memory.
        handle.lock().unwrap_or_else(PoisonError::into_inner).take_trace();
    }
    let probe = Probe { card: handle, latency: card.latency(), trace };
    Ok((card, probe))
}
