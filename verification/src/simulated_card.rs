//! A card that is simulated clock by clock: whatever has the unit's pins, behind the root complex, as the driver's port.

use crate::model::ReadError;
use crate::model_card::backing;
use crate::random::Random;
use crate::root_complex::{Answer, Failure, Link, Malformation, RootComplex, UnderTest};
use crate::scenario::sides::Breaker;
use covert_driver::arena::ArenaError;
use covert_driver::card::{CardError, CardPort, Direction, Shared};
use covert_driver::doorbell::{DoorbellPage, LentDoorbells};
use rustix::event::{EventfdFlags, eventfd};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Clocks without a beat on any stream after which the unit has done all that it can do. Longer than the longest silence
/// inside the unit: between the last word of a payload and the verdict's first.
const QUIET: u64 = 160;
/// Most clocks that may pass until everything is quiet.
const LIMIT: u64 = 4_000_000;

/// The root complex of a card, to plan errors and to take the trace.
pub type Handle<U> = Arc<Mutex<RootComplex<U>>>;

/// A simulated card.
pub struct SimulatedCard<U> {
    rc: Handle<U>,
    seed: u64,
    /// Where a trace goes when a rule is broken.
    traces: PathBuf,
    doorbells: LentDoorbells,
    /// Clocks from the last doorbells that other processes rang to the unit's last write that followed.
    latency: Arc<AtomicU64>,
    /// Where the interrupts of each vector go; a vector without is masked in the unit's table.
    vectors: Vec<Option<OwnedFd>>,
    /// What the unit sends gets no further.
    loses_interrupts: bool,
}

impl<U: UnderTest> SimulatedCard<U> {
    /// A card on this link. Everything is recorded; when a rule is broken the trace goes into the folder `traces`.
    ///
    /// Reads of memory that is not mapped are refused, as by an IOMMU: the driver's lanes may have windows wider than that.
    pub fn new(unit: U, link: Link, seed: u64, traces: &Path) -> SimulatedCard<U> {
        let mut rc = RootComplex::new(unit, Link { strict_windows: false, ..link }, seed);
        rc.record(seed);
        SimulatedCard {
            rc: Arc::new(Mutex::new(rc)),
            seed,
            traces: traces.into(),
            doorbells: LentDoorbells::default(),
            latency: Arc::default(),
            vectors: Vec::new(),
            loses_interrupts: false,
        }
    }

    /// Clocks from the last doorbells rung through [`doorbell_page`](CardPort::doorbell_page), when they were sent to the
    /// unit, to the first beat of the last write that it answered them with. Shared, and 0 before the first.
    pub fn latency(&self) -> Arc<AtomicU64> {
        self.latency.clone()
    }

    /// Loses every interrupt from now on: the unit sends it, and no eventfd counts it.
    pub fn lose_interrupts(&mut self) {
        self.loses_interrupts = true;
    }

    /// The root complex, shared.
    pub fn handle(&self) -> Handle<U> {
        self.rc.clone()
    }

    fn lock(&self) -> MutexGuard<'_, RootComplex<U>> {
        self.rc.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What went wrong, with the trace left behind and the line that replays it.
    fn broken(&self, failure: &Failure) -> CardError {
        let saved = save_trace(&mut self.lock(), &self.traces, self.seed);
        CardError::Broken(format!("{failure}\n{saved}"))
    }

    fn settle(&mut self) -> Result<(), CardError> {
        let settled = self.lock().settle(QUIET, LIMIT);
        self.deliver_interrupts();
        settled.map(drop).map_err(|failure| self.broken(&failure))
    }

    /// Lets at most `clocks` clocks pass; true when the unit has done all that it can do.
    ///
    /// # Errors
    /// The unit broke a rule.
    pub fn work(&mut self, clocks: u64) -> Result<bool, CardError> {
        let settled = self.lock().settle(QUIET, clocks);
        self.deliver_interrupts();
        match settled {
            Ok(_) => Ok(true),
            Err(Failure::GaveUp { .. }) => Ok(false),
            Err(failure) => Err(self.broken(&failure)),
        }
    }

    /// Reads a `…_LO`, `…_HI` pair in one access of 8 bytes.
    ///
    /// # Errors
    /// The access failed.
    pub fn read_pair(&mut self, offset: u32) -> Result<u64, CardError> {
        let read = self.lock().read_pair(offset.into());
        read.map_err(|failure| self.broken(&failure))
    }

    /// Programs a vector in the unit's own MSI-X table: its interrupts are counted in the eventfd; without one the vector
    /// is masked.
    ///
    /// # Errors
    /// The unit broke a rule.
    pub fn set_vector(&mut self, vector: u16, eventfd: Option<OwnedFd>) -> Result<(), CardError> {
        let index = usize::from(vector);
        if self.vectors.len() <= index {
            self.vectors.resize_with(index + 1, || None);
        }
        let masked = eventfd.is_none();
        if !masked {
            self.vectors[index] = eventfd;
        }
        let first = *self.lock().link().interrupts.start();
        let entry = u64::from(covert_abi::registers::MSIX_TABLE) + 16 * u64::from(vector);
        self.lock().post(entry, &[first as u32, (first >> 32) as u32]);
        // Data and vector control in one access: the vector is unmasked when its data is there.
        self.lock().post(entry + 8, &[vector.into(), masked.into()]);
        self.settle()?;
        if masked {
            // Only now: what was sent before the mask has arrived.
            self.vectors[index] = None;
        }
        Ok(())
    }

    /// Switches MSI-X as a whole.
    pub fn switch_interrupts(&mut self, on: bool) {
        self.lock().set_interrupts(on, false);
    }

    /// Sends the unit what other processes rang. True if they did.
    fn pass_doorbells(&mut self) -> bool {
        let rung = self.doorbells.rung();
        let mut rc = self.lock();
        for (register, value) in &rung {
            rc.post((*register).into(), &[*value as u32, (value >> 32) as u32]);
        }
        !rung.is_empty()
    }

    /// Lets ticks pass while the card works, without a wait for what follows from them.
    pub fn pass_ticks_along(&mut self, ticks: u32) {
        self.lock().tick(ticks.into());
    }

    fn deliver_interrupts(&self) {
        let mut rc = self.lock();
        while let Some(interrupt) = rc.next_interrupt() {
            if self.loses_interrupts {
                continue;
            }
            if let Some(Some(fd)) = self.vectors.get(interrupt.data as usize) {
                // A counter at its end has told its reader enough.
                let _ = rustix::io::write(fd, &1u64.to_ne_bytes());
            }
        }
    }
}

/// Makes reads of the card behind this root complex fail as a scenario says, each kind of failure in all of its forms by
/// chance.
pub fn breaker<U: UnderTest + Send + 'static>(rc: Handle<U>, mut random: Random) -> Breaker {
    Box::new(move |change| {
        let mut rc = rc.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((range, error)) = change else { return rc.plan.clear() };
        let refusals = [Answer::Unsupported, Answer::Abort, Answer::Retry];
        let answer = match error {
            ReadError::Refused => *random.pick(&refusals).unwrap_or(&Answer::Unsupported),
            ReadError::Poisoned => Answer::Poisoned,
            ReadError::Timeout => Answer::Missing,
            ReadError::Malformed => {
                Answer::Malformed(*random.pick(&Malformation::ALL).unwrap_or(&Malformation::NoData))
            }
        };
        rc.plan.answer(range, answer);
    })
}

/// Writes the trace recorded so far into a folder; says where it is and how to replay it.
pub fn save_trace<U: UnderTest>(rc: &mut RootComplex<U>, folder: &Path, seed: u64) -> String {
    let Some(trace) = rc.take_trace() else { return "nothing was recorded".into() };
    let path = folder.join(format!("unit-{seed}.tlp"));
    match std::fs::write(&path, trace.bytes()) {
        Ok(()) => format!("trace: {path}\nwaves: cargo xtask wave {path}", path = path.display()),
        Err(error) => format!("the trace could not be written to {}: {error}", path.display()),
    }
}

impl<U: UnderTest + Send> CardPort for SimulatedCard<U> {
    fn read(&mut self, offset: u32) -> Result<u32, CardError> {
        let read = self.lock().read_word(offset.into());
        read.map_err(|failure| self.broken(&failure))
    }

    fn write(&mut self, offset: u32, value: u32) -> Result<(), CardError> {
        self.lock().post(offset.into(), &[value]);
        Ok(())
    }

    fn write_pair(&mut self, offset: u32, value: u64) -> Result<(), CardError> {
        self.lock().post(offset.into(), &[value as u32, (value >> 32) as u32]);
        Ok(())
    }

    fn map(&mut self, iova: u64, memory: Shared<'_>, direction: Direction) -> Result<(), CardError> {
        let backing = backing(iova, &memory)?;
        let mapped = self.lock().memory.map(iova, direction, backing);
        mapped.map_err(|error| CardError::Window { iova, reason: error.to_string() })
    }

    fn unmap(&mut self, iova: u64) -> Result<(), CardError> {
        // As an IOMMU does it: what is under way gets through first.
        self.settle()?;
        let unmapped = self.lock().memory.unmap(iova);
        unmapped.map_err(|error| CardError::Window { iova, reason: error.to_string() })
    }

    fn set_bus_master(&mut self, on: bool) -> Result<(), CardError> {
        self.settle()?;
        self.lock().set_bus_master(on);
        Ok(())
    }

    fn enable_interrupts(&mut self, vectors: u16) -> Result<Vec<OwnedFd>, CardError> {
        let system =
            |source: rustix::io::Errno| CardError::System { doing: "make an eventfd", source: source.into() };
        let dup = |source| CardError::System { doing: "duplicate an eventfd", source };
        let mut given = Vec::new();
        self.vectors.clear();
        for vector in 0..vectors {
            let fd = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).map_err(system)?;
            given.push(fd.try_clone().map_err(dup)?);
            self.set_vector(vector, Some(fd))?;
        }
        self.switch_interrupts(vectors > 0);
        Ok(given)
    }

    fn reset(&mut self) -> Result<(), CardError> {
        self.lock().set_bus_master(false);
        let done = self.lock().function_reset();
        done.map_err(|violation| self.broken(&violation.into()))?;
        self.switch_interrupts(false);
        self.vectors.clear();
        Ok(())
    }

    fn doorbell_page(&mut self, offset: u32) -> Result<DoorbellPage, CardError> {
        let refuse = |error: ArenaError| CardError::Register { offset, reason: error.to_string() };
        self.doorbells.lend(offset).map_err(refuse)
    }

    fn catch_up(&mut self) -> Result<(), CardError> {
        let began = self.lock().clock();
        let rang = self.pass_doorbells();
        self.settle()?;
        if rang {
            let wrote = self.lock().last_write();
            self.latency.store(wrote.saturating_sub(began), Ordering::Relaxed);
        }
        Ok(())
    }

    fn pass_ticks(&mut self, ticks: u32) -> Result<(), CardError> {
        for _ in 0..ticks {
            self.lock().tick(1);
            let settled = self.lock().settle(QUIET, LIMIT);
            settled.map_err(|failure| self.broken(&failure))?;
        }
        self.deliver_interrupts();
        Ok(())
    }
}
