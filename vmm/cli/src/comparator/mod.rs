//! What compares the replicas of one machine: a core, or a redundancy unit for as long as it lives.
//!
//! The coordinator does not see which. When a card dies, what it left undone is compared in software from the same
//! record on: nothing that it said after the coordinator last heard it is believed. From then on a card is looked for in
//! [`search`]; when the coordinator says so, the generation that begins is begun on it.

pub mod card;
mod completion;
mod ready;
pub mod search;
#[cfg(test)]
mod tests;

pub use ready::Ready;

use crate::config::Completion;
use anyhow::{Context, Result};
use card::{OpenCard, Probe};
use completion::Waiter;
use covert_abi::{Generation, LaneSet, Outcome, Seq, Verdict};
use covert_core::Limits;
use covert_driver::group::{GroupError, Status};
use covert_driver::release::CopyError;
use covert_driver::software::SoftwareConfig;
use covert_driver::unit::UnitConfig;
use covert_driver::{
    ArenaReader, DoorbellPage, Group, LanePlace, ProgressWriter, RecordCopy, SoftwareGroup, UnitGroup,
};
use search::{Search, Wanted};
use std::collections::VecDeque;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

/// IOVA of the verdict ring.
const VERDICTS: u64 = 0x2000_0000;
/// Log2 of the verdict ring's entries.
const VERDICTS_LOG2: u32 = 8;

/// Microseconds of the host for which a simulated card gets one tick. One of metal makes its own, a thousand times as many: simulated,
/// a tick costs more than a microsecond. The unit's watchdog stays off in any case; whether a replica hangs is decided
/// here, by what it uses.
const CARD_TICK: u32 = 1_000;

/// A card that died.
#[derive(Clone, Debug)]
pub struct Lost {
    /// How it was noticed.
    pub why: String,
    /// The record from which on software compares.
    pub seq: Seq,
}

/// A card that compares again what software did.
#[derive(Clone, Debug)]
pub struct TakenUp {
    /// Its name.
    pub card: String,
    /// The generation that it began with.
    pub generation: Generation,
    /// The record that it began with.
    pub seq: Seq,
}

/// What became of the card.
#[derive(Clone, Debug)]
pub enum News {
    /// It died.
    Lost(Lost),
    /// It, or another one, is back.
    TakenUp(TakenUp),
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
    /// What looks for a card when there is none any more.
    search: Option<Search>,
    /// The generation that begins is to be begun on the card that stands ready.
    renewing: bool,
    /// The first record of the generation that was begun last.
    start: Seq,
    news: VecDeque<News>,
    was: &'static str,
    /// Cards that were lost.
    losses: u64,
    /// Microseconds that the card has not had as ticks yet.
    owed_micros: u32,
    /// Since when the card has owed a verdict, and for how long it may.
    owing: Option<Instant>,
    verdict_patience: Duration,
    waiter: Waiter,
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
        let (verdict_patience, completion) = match &ready {
            Ready::Software => (Duration::ZERO, Completion::default()),
            Ready::Unit { card, .. } => (card.patience.verdict, card.patience.completion),
        };
        let (backend, card, search, was) = match ready {
            Ready::Software => {
                let group = SoftwareGroup::new(software, arenas, progress)?;
                (Backend::Software(Box::new(group)), None, None, "software")
            }
            Ready::Unit { card, search } => {
                let config = UnitConfig {
                    group: limits.group,
                    verdict_log2: VERDICTS_LOG2,
                    verdict_iova: VERDICTS,
                    payload_max: limits.payload_max,
                };
                let geometries = arenas.iter().map(|arena| *arena.geometry());
                let pair = |(fd, geometry): (&OwnedFd, _)| Ok((fd.try_clone()?, geometry));
                let lanes = memory.iter().zip(geometries).map(pair).collect::<std::io::Result<_>>()?;
                let wanted = Wanted { group: config, window: limits.window, arenas: lanes };
                let search = search.map(|terms| Search::new(terms, wanted));
                let group = UnitGroup::new(&card.unit, config, arenas, memory, progress)
                    .with_context(|| format!("the card {} cannot compare this machine", card.name))?;
                (Backend::Unit(Box::new(group)), Some(*card), search, "unit")
            }
        };
        Ok(Comparator {
            backend,
            software,
            card,
            search,
            renewing: false,
            start: 0,
            news: VecDeque::new(),
            was,
            losses: 0,
            owed_micros: 0,
            owing: None,
            verdict_patience,
            waiter: Waiter::new(completion),
        })
    }

    /// What compares, in a few words: `software`, `unit`, `unit, then software`, or with a card that came back
    /// `unit, software and unit in turn`, of which the last is what compares now.
    pub fn name(&self) -> String {
        match (&self.backend, self.losses) {
            (_, 0) => self.was.into(),
            (Backend::Unit(_), _) => "unit, software and unit in turn".into(),
            (_, 1) => "unit, then software".into(),
            _ => "unit and software in turn".into(),
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

    /// Waits for a verdict that a card owes, as long as that is not to be slept for. True if there is no sleeping now.
    pub fn is_awaited(&mut self) -> bool {
        // One that is simulated here works when it is asked, not while somebody looks.
        let works_alone = self.card.as_ref().is_some_and(|card| card.probe.is_none());
        match &self.backend {
            Backend::Unit(group) if works_alone && group.owes_verdict() => {
                self.waiter.look(|| group.has_verdict())
            }
            _ => {
                self.waiter.ended(false);
                false
            }
        }
    }

    /// The way into a simulated card.
    pub fn probe(&mut self) -> Option<&mut Probe> {
        self.card.as_mut()?.probe.as_mut()
    }

    /// What became of the card since this was asked last, in its order; one at a time.
    pub fn take_news(&mut self) -> Option<News> {
        self.news.pop_front()
    }

    /// Goes on looking for a card if one was lost, without a wait. True when one stands ready from now on for the machine in this
    /// generation to go over to, false when it does so no more.
    pub fn look_for_card(&mut self, generation: Generation) -> Option<bool> {
        self.search.as_mut()?.look(generation)
    }

    /// The next generation is to be compared by the card that stands ready. If that fails, it is by software as before.
    pub fn renew(&mut self) {
        self.renewing = true;
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
        self.start = start;
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
        if let Some(Verdict { outcome: Outcome::Flushed, generation, .. }) = verdict
            && std::mem::take(&mut self.renewing)
        {
            // No replica was told to begin yet.
            self.take_up(generation.wrapping_add(1));
        }
        if verdict.is_some() {
            self.waiter.ended(true);
        }
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
        if let (Some(card), Some(search)) = (self.card.take(), &mut self.search) {
            search.lost(card);
        }
        (self.losses, self.owing) = (self.losses + 1, None);
        self.news.push_back(News::Lost(Lost { why, seq }));
        Ok(())
    }

    /// Goes over to the card that stands ready, in the generation that has just begun.
    fn take_up(&mut self, generation: Generation) {
        let Some(search) = &mut self.search else { return };
        let Some(mut found) = search.take() else { return };
        match std::mem::replace(&mut self.backend, Backend::None) {
            Backend::Software(software) if found.group.follow(&software).is_ok() => {
                // The reports that nobody has asked for have no reader here.
                drop(found.group.adopt(*software));
                self.news.push_back(News::TakenUp(TakenUp {
                    card: found.card.name.clone(),
                    generation,
                    seq: self.start,
                }));
                (self.backend, self.card) = (Backend::Unit(Box::new(found.group)), Some(found.card));
                self.owed_micros = 0;
            }
            other => {
                self.backend = other;
                search.refuse(found);
            }
        }
    }
}
