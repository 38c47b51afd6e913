//! A group on a card until that dies, and in software from then on or until another card is there, as a coordinator does it.

use crate::mortal_card::Life;
use covert_abi::{Fault, LaneSet, Outcome, Seq, Verdict};
use covert_driver::arena::ArenaWriter;
use covert_driver::group::{Counters, Limits, Status};
use covert_driver::release::{CopyError, RecordCopy};
use covert_driver::ring::Position;
use covert_driver::software::SoftwareConfig;
use covert_driver::unit::UnitDoorbell;
use covert_driver::{Doorbell, Group, GroupError, LanePlace, SoftwareGroup, UnitGroup};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

enum Side {
    Card(Box<UnitGroup>, Life),
    Software(Box<SoftwareGroup>),
    /// The software could not take over.
    Nothing,
}

impl Side {
    fn group(&mut self) -> Result<&mut dyn Group, GroupError> {
        match self {
            Side::Card(group, _) => Ok(group.as_mut()),
            Side::Software(group) => Ok(group.as_mut()),
            Side::Nothing => Err(GroupError::Broken("nothing compares any more".into())),
        }
    }
}

/// The verdicts that were polled from a group, in order.
pub type Polled = Arc<Mutex<Vec<Verdict>>>;

/// A group on a card with this life, and the doorbells of its lanes there.
pub struct OnCard {
    /// The group.
    pub group: UnitGroup,
    /// Its lanes' doorbells.
    pub doorbells: Vec<UnitDoorbell>,
    /// The card's life.
    pub life: Life,
}

/// Makes a group on another card; `None` if that card is dead.
pub type Spare = Box<dyn FnOnce() -> Option<OnCard> + Send>;

/// The doorbells on the card that compares at present; none in software.
type Present = Arc<Mutex<Vec<UnitDoorbell>>>;

/// A lane's doorbell on whatever compares.
pub struct PresentDoorbell {
    lane: usize,
    present: Present,
}

impl Doorbell for PresentDoorbell {
    fn ring(&self, arena: &ArenaWriter, position: Position) {
        match lock(&self.present).get(self.lane) {
            Some(doorbell) => doorbell.ring(arena, position),
            None => arena.ring(position),
        }
    }
}

/// A group that is taken over at the first call that finds its card dead; the call is then repeated. Where a generation begins in
/// software, the next spare card takes it up again if it can.
pub struct Succession {
    side: Mutex<Side>,
    config: SoftwareConfig,
    polled: Polled,
    spares: VecDeque<Spare>,
    present: Present,
    /// What software had reported and nobody had asked for when a card took its place.
    faults: VecDeque<Fault>,
    taken_up: Arc<Mutex<u64>>,
}

impl Succession {
    /// A group on a card, and the software that is to follow.
    pub fn new(first: OnCard, config: SoftwareConfig) -> Succession {
        let OnCard { group, doorbells, life } = first;
        Succession::on(Side::Card(Box::new(group), life), doorbells, config)
    }

    /// A group in software from the beginning: its card died before there was one on it.
    pub fn of_software(group: SoftwareGroup, config: SoftwareConfig) -> Succession {
        Succession::on(Side::Software(Box::new(group)), Vec::new(), config)
    }

    fn on(side: Side, doorbells: Vec<UnitDoorbell>, config: SoftwareConfig) -> Succession {
        Succession {
            side: Mutex::new(side),
            config,
            polled: Polled::default(),
            spares: VecDeque::new(),
            present: Arc::new(Mutex::new(doorbells)),
            faults: VecDeque::new(),
            taken_up: Arc::default(),
        }
    }

    /// Lets these cards take its place one after the other.
    #[must_use]
    pub fn with_spares(self, spares: VecDeque<Spare>) -> Succession {
        Succession { spares, ..self }
    }

    /// A lane's doorbell on whatever compares.
    pub fn doorbell(&self, lane: usize) -> PresentDoorbell {
        PresentDoorbell { lane, present: Arc::clone(&self.present) }
    }

    /// How often a card has taken its place again; goes on counting.
    pub fn taken_up(&self) -> Arc<Mutex<u64>> {
        Arc::clone(&self.taken_up)
    }

    /// What is polled from it.
    pub fn polled(&self) -> Polled {
        Arc::clone(&self.polled)
    }

    /// Whether software compares by now.
    pub fn is_taken_over(&self) -> bool {
        matches!(*lock(&self.side), Side::Software(_))
    }

    /// A call. A card that fell off its bus says nothing; a coordinator notices by a clock that nothing comes, here `nothing`
    /// says so of an answer.
    fn call<R>(
        &self,
        call: impl Fn(&mut dyn Group) -> Result<R, GroupError>,
        nothing: impl Fn(&R) -> bool,
    ) -> Result<R, GroupError> {
        let side = &mut *lock(&self.side);
        let answer = call(side.group()?);
        let is_dead = matches!(side, Side::Card(_, life) if life.is_over());
        let silent = answer.as_ref().is_ok_and(nothing) && is_dead;
        if !(silent || matches!(answer, Err(GroupError::Broken(_)))) {
            return answer;
        }
        match std::mem::replace(side, Side::Nothing) {
            Side::Card(group, _) => {
                lock(&self.present).clear();
                let software = SoftwareGroup::take_over(self.config, group.abandon())?;
                *side = Side::Software(Box::new(software));
                call(side.group()?)
            }
            other => {
                *side = other;
                answer
            }
        }
    }

    /// Software's marker was polled: the generation that has begun is gone on with on the next card, if that lives.
    fn take_up(&mut self) {
        if !matches!(*lock(&self.side), Side::Software(_)) {
            return;
        }
        let Some(mut next) = self.spares.pop_front().and_then(|spare| spare()) else { return };
        let mut side = lock(&self.side);
        match std::mem::replace(&mut *side, Side::Nothing) {
            Side::Software(software) => match next.group.follow(&software) {
                Ok(()) => {
                    self.faults.extend(next.group.adopt(*software));
                    *lock(&self.present) = next.doorbells;
                    *lock(&self.taken_up) += 1;
                    *side = Side::Card(Box::new(next.group), next.life);
                }
                Err(_) => {
                    drop(next.group.abandon());
                    *side = Side::Software(software);
                }
            },
            other => *side = other,
        }
    }

    fn look<R>(&self, look: impl Fn(&mut dyn Group) -> R) -> Option<R> {
        // What is only looked at is looked at in software as soon as the card is dead.
        self.call(|group| Ok(look(group)), |_| true).ok()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Group for Succession {
    fn limits(&self) -> Limits {
        let none = Limits { lanes: 0, skew: 0, verdicts: 0, faults: 0, payload_max: 0 };
        self.look(|group| group.limits()).unwrap_or(none)
    }

    fn status(&self) -> Status {
        let none =
            Status { state: covert_driver::group::State::Halted, generation: u32::MAX, live: LaneSet::EMPTY };
        self.look(|group| group.status()).unwrap_or(none)
    }

    fn counters(&self) -> Counters {
        self.look(|group| group.counters()).unwrap_or_default()
    }

    fn place(&mut self, lane: usize, place: &LanePlace) -> Result<(), GroupError> {
        self.call(|group| group.place(lane, place), |()| false)
    }

    fn set_payload_max(&mut self, bytes: u32) -> Result<(), GroupError> {
        self.call(|group| group.set_payload_max(bytes), |()| false)
    }

    fn set_watchdog(&mut self, ticks: u32) {
        let _ = self.call(
            |group| {
                group.set_watchdog(ticks);
                Ok(())
            },
            |()| false,
        );
    }

    fn flush(&mut self, members: LaneSet, start: Seq) -> Result<(), GroupError> {
        self.call(|group| group.flush(members, start), |()| false)
    }

    fn reset_lane(&mut self, lane: usize) -> Result<(), GroupError> {
        self.call(|group| group.reset_lane(lane), |()| false)
    }

    fn advance(&mut self, ticks: u32) -> Result<(), GroupError> {
        self.call(|group| group.advance(ticks), |()| true)
    }

    fn poll(&mut self) -> Result<Option<Verdict>, GroupError> {
        let verdict = self.call(|group| group.poll(), Option::is_none)?;
        lock(&self.polled).extend(verdict);
        if verdict.is_some_and(|verdict| verdict.outcome == Outcome::Flushed) {
            self.take_up();
        }
        Ok(verdict)
    }

    fn poll_fault(&mut self) -> Result<Option<Fault>, GroupError> {
        match self.faults.pop_front() {
            Some(fault) => Ok(Some(fault)),
            None => self.call(|group| group.poll_fault(), Option::is_none),
        }
    }

    fn copy_record(&self, lane: usize, seq: Seq, copy: &mut RecordCopy) -> Result<(), CopyError> {
        match lock(&self.side).group() {
            Ok(group) => group.copy_record(lane, seq, copy),
            Err(_) => Err(CopyError::NotThere { seq }),
        }
    }

    fn release(&mut self, next: Seq) -> Result<(), GroupError> {
        self.call(|group| group.release(next), |()| false)
    }
}
