//! What compares the replicas of one machine: a core, or a redundancy unit for as long as it lives.
//!
//! The coordinator does not see which. When a card dies, what it left undone is compared in software from the same
//! record on: nothing that it said after the coordinator last heard it is believed.

pub mod card;
#[cfg(test)]
mod tests;

use crate::config::{Comparator as Choice, VmFile};
use anyhow::{Context, Result, bail};
use card::{OpenCard, Patience, Probe};
use covert_abi::{LaneSet, Seq, Verdict};
use covert_core::Limits;
use covert_driver::group::{GroupError, Status};
use covert_driver::release::CopyError;
use covert_driver::software::SoftwareConfig;
use covert_driver::unit::UnitConfig;
use covert_driver::{
    ArenaReader, DoorbellPage, Group, LanePlace, ProgressWriter, RecordCopy, SoftwareGroup, UnitGroup,
};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// IOVA of the verdict ring.
const VERDICTS: u64 = 0x2000_0000;
/// Log2 of the verdict ring's entries.
const VERDICTS_LOG2: u32 = 8;

/// Microseconds of the host for which a simulated card gets one tick. One of metal makes its own, a thousand times as many: simulated,
/// a tick costs more than a microsecond. The unit's watchdog stays off in any case; whether a replica hangs is decided
/// here, by what it uses.
const CARD_TICK: u32 = 1_000;

/// What compares, found and ready, before anything is known of the machine that it will serve.
pub enum Ready {
    /// A core.
    Software,
    /// A unit on a card.
    Unit(Box<OpenCard>),
}

impl Ready {
    /// Finds what a machine's file asks for.
    ///
    /// # Errors
    /// The card is not there or cannot be used. Nothing else is taken in its place: who asks for a card wants to know.
    pub fn of(vm: &VmFile, trace: Option<PathBuf>) -> Result<Ready> {
        match vm.comparator {
            Choice::Software => {
                if trace.is_some() {
                    bail!("there is nothing to trace: the comparator is software, not a Verilated unit");
                }
                Ok(Ready::Software)
            }
            Choice::Unit => {
                let patience = Patience {
                    answer: Duration::from_millis(vm.card_timeout_ms()),
                    verdict: Duration::from_millis(vm.card_verdict_ms()),
                };
                let card = vm.card.clone().unwrap_or_default();
                Ok(Ready::Unit(Box::new(card::open(&card, patience, trace)?)))
            }
        }
    }

    /// Records that a replica can be ahead of the comparison.
    pub fn skew(&self) -> u32 {
        match self {
            Ready::Software => 1 << SoftwareConfig::default().skew_log2,
            Ready::Unit(card) => card.unit.identity().skew,
        }
    }
}

/// A card that died.
#[derive(Clone, Debug)]
pub struct Lost {
    /// How it was noticed.
    pub why: String,
    /// The record from which on software compares.
    pub seq: Seq,
}

enum Backend {
    Software(Box<SoftwareGroup>),
    Unit(Box<UnitGroup>),
    /// For the moment in which one takes over from the other, and for ever if it cannot.
    None,
}

/// The comparator of one machine.
pub struct Comparator {
    backend: Backend,
    /// What software is made of, should it have to.
    software: SoftwareConfig,
    card: Option<OpenCard>,
    lost: Option<Lost>,
    was: &'static str,
    /// Microseconds that the card has not had as ticks yet.
    owed_micros: u32,
    /// Since when the card has owed a verdict, and for how long it may.
    owing: Option<Instant>,
    verdict_patience: Duration,
}

impl Comparator {
    /// The comparator over these arenas, one a lane: the coordinator's views of them, and their memory.
    ///
    /// # Errors
    /// More lanes or longer payloads than it can compare, or memory that it cannot be given.
    pub fn new(
        ready: Ready,
        limits: &Limits,
        arenas: Vec<ArenaReader>,
        memory: &[OwnedFd],
        progress: ProgressWriter,
    ) -> Result<Comparator> {
        let software = SoftwareConfig {
            group: limits.group,
            payload_max: limits.payload_max,
            verdict_log2: VERDICTS_LOG2,
            ..SoftwareConfig::default()
        };
        let verdict_patience = match &ready {
            Ready::Software => Duration::ZERO,
            Ready::Unit(card) => card.verdict_patience,
        };
        let (backend, card, was) = match ready {
            Ready::Software => {
                let group = SoftwareGroup::new(software, arenas, progress)?;
                (Backend::Software(Box::new(group)), None, "software")
            }
            Ready::Unit(card) => {
                let config = UnitConfig {
                    group: limits.group,
                    verdict_log2: VERDICTS_LOG2,
                    verdict_iova: VERDICTS,
                    payload_max: limits.payload_max,
                };
                let group = UnitGroup::new(&card.unit, config, arenas, memory, progress)
                    .with_context(|| format!("the card {} cannot compare this machine", card.name))?;
                (Backend::Unit(Box::new(group)), Some(*card), "unit")
            }
        };
        let (lost, owing) = (None, None);
        Ok(Comparator { backend, software, card, lost, was, owed_micros: 0, owing, verdict_patience })
    }

    /// What compares, in a word: `software`, `unit`, or `unit, then software`.
    pub fn name(&self) -> String {
        match (&self.backend, self.was) {
            (Backend::Software(_), "unit") => "unit, then software".into(),
            _ => self.was.into(),
        }
    }

    /// The card that compares.
    pub fn card(&self) -> Option<&str> {
        self.card.as_ref().map(|card| card.name.as_str())
    }

    /// What counts the card's interrupts, to sleep on.
    pub fn interrupt(&self) -> Option<&OwnedFd> {
        self.card.as_ref()?.interrupt.as_ref()
    }

    /// Forgets the interrupts that have come: whoever slept is awake.
    pub fn hush(&self) {
        if let Some(interrupt) = self.interrupt() {
            // None has come, or the counter is read: both are what is wanted.
            let _ = rustix::io::read(interrupt, &mut [0; 8]);
        }
    }

    /// The way into a simulated card.
    pub fn probe(&mut self) -> Option<&mut Probe> {
        self.card.as_mut()?.probe.as_mut()
    }

    /// The card that died since this was asked last.
    pub fn take_lost(&mut self) -> Option<Lost> {
        self.lost.take()
    }

    /// The doorbell page of a lane, if a card compares.
    ///
    /// # Errors
    /// The card has none to give.
    pub fn doorbell(&mut self, lane: usize) -> Result<Option<DoorbellPage>> {
        match &self.card {
            Some(card) => Ok(Some(card.unit.doorbell_page(self.software.group, lane)?)),
            None => Ok(None),
        }
    }

    /// See [`Group::place`].
    ///
    /// # Errors
    /// As there.
    pub fn place(&mut self, lane: usize, place: &LanePlace) -> Result<(), GroupError> {
        self.with(|group| group.place(lane, place))
    }

    /// See [`Group::reset_lane`].
    ///
    /// # Errors
    /// As there.
    pub fn reset_lane(&mut self, lane: usize) -> Result<(), GroupError> {
        self.with(|group| group.reset_lane(lane))
    }

    /// See [`Group::flush`].
    ///
    /// # Errors
    /// As there.
    pub fn flush(&mut self, members: LaneSet, start: Seq) -> Result<(), GroupError> {
        self.with(|group| group.flush(members, start))
    }

    /// See [`Group::status`]. A card that cannot say is found dead here.
    ///
    /// # Errors
    /// Software cannot take over.
    pub fn status(&mut self) -> Result<Status, GroupError> {
        self.with(|group| {
            group.advance(0)?;
            Ok(group.status())
        })
    }

    /// Lets it work, and so many microseconds of the host's time pass. See [`Group::advance`].
    ///
    /// # Errors
    /// As there.
    pub fn advance(&mut self, micros: u32) -> Result<(), GroupError> {
        let ticks = match self.backend {
            Backend::Unit(_) => {
                let owed = self.owed_micros.saturating_add(micros);
                self.owed_micros = owed % CARD_TICK;
                owed / CARD_TICK
            }
            _ => micros,
        };
        self.with(|group| group.advance(ticks))
    }

    /// See [`Group::poll`].
    ///
    /// # Errors
    /// As there.
    pub fn poll(&mut self) -> Result<Option<Verdict>, GroupError> {
        let verdict = self.with(|group| group.poll())?;
        let owes = verdict.is_none() && matches!(&self.backend, Backend::Unit(group) if group.owes_verdict());
        if !owes {
            self.owing = None;
            return Ok(verdict);
        }
        let since = *self.owing.get_or_insert_with(Instant::now);
        if since.elapsed() <= self.verdict_patience {
            return Ok(None);
        }
        self.take_over(format!("it has owed a verdict for {} ms", since.elapsed().as_millis()))?;
        self.with(|group| group.poll())
    }

    /// See [`Group::release`].
    ///
    /// # Errors
    /// As there.
    pub fn release(&mut self, next: Seq) -> Result<(), GroupError> {
        self.with(|group| group.release(next))
    }

    /// See [`Group::copy_record`].
    ///
    /// # Errors
    /// As there.
    pub fn copy_record(&self, lane: usize, seq: Seq, copy: &mut RecordCopy) -> Result<(), CopyError> {
        match &self.backend {
            Backend::Software(group) => group.copy_record(lane, seq, copy),
            Backend::Unit(group) => group.copy_record(lane, seq, copy),
            Backend::None => Err(CopyError::NoLane(lane)),
        }
    }

    /// Asks the group for something; if it is a card's and the card is dead, gives it up and asks software the same.
    fn with<R>(
        &mut self,
        mut ask: impl FnMut(&mut dyn Group) -> Result<R, GroupError>,
    ) -> Result<R, GroupError> {
        let why = match &mut self.backend {
            Backend::Software(group) => return ask(group.as_mut()),
            Backend::Unit(group) => match ask(group.as_mut()) {
                Err(GroupError::Broken(why)) => why,
                answer => return answer,
            },
            Backend::None => return Err(GroupError::Broken("nothing is left to compare with".into())),
        };
        self.take_over(why)?;
        match &mut self.backend {
            Backend::Software(group) => ask(group.as_mut()),
            _ => Err(GroupError::Broken("nothing is left to compare with".into())),
        }
    }

    fn take_over(&mut self, why: String) -> Result<(), GroupError> {
        let Backend::Unit(group) = std::mem::replace(&mut self.backend, Backend::None) else { return Ok(()) };
        let remains = group.abandon();
        let (_, seq) = remains.next();
        self.backend = Backend::Software(Box::new(SoftwareGroup::take_over(self.software, remains)?));
        self.card = None;
        self.lost = Some(Lost { why, seq });
        Ok(())
    }
}
