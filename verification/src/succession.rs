//! A group on a card until that dies, and in software from then on, as a coordinator does it.

use crate::mortal_card::Life;
use covert_abi::{Fault, LaneSet, Seq, Verdict};
use covert_driver::group::{Counters, Limits, Status};
use covert_driver::release::{CopyError, RecordCopy};
use covert_driver::software::SoftwareConfig;
use covert_driver::{Group, GroupError, LanePlace, SoftwareGroup, UnitGroup};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

enum Side {
    Card(Box<UnitGroup>),
    Software(Box<SoftwareGroup>),
    /// The software could not take over.
    Nothing,
}

impl Side {
    fn group(&mut self) -> Result<&mut dyn Group, GroupError> {
        match self {
            Side::Card(group) => Ok(group.as_mut()),
            Side::Software(group) => Ok(group.as_mut()),
            Side::Nothing => Err(GroupError::Broken("nothing compares any more".into())),
        }
    }
}

/// The verdicts that were polled from a group, in order.
pub type Polled = Arc<Mutex<Vec<Verdict>>>;

/// A group that is taken over at the first call that finds its card dead; the call is then repeated.
pub struct Succession {
    side: Mutex<Side>,
    config: SoftwareConfig,
    life: Life,
    polled: Polled,
}

impl Succession {
    /// A group on a card with this life, and the software that is to follow.
    pub fn new(group: UnitGroup, config: SoftwareConfig, life: Life) -> Succession {
        Succession { side: Mutex::new(Side::Card(Box::new(group))), config, life, polled: Polled::default() }
    }

    /// A group in software from the beginning: its card died before there was one on it.
    pub fn of_software(group: SoftwareGroup, config: SoftwareConfig, life: Life) -> Succession {
        Succession {
            side: Mutex::new(Side::Software(Box::new(group))),
            config,
            life,
            polled: Polled::default(),
        }
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
        let silent = answer.as_ref().is_ok_and(nothing) && self.life.is_over();
        if !(silent || matches!(answer, Err(GroupError::Broken(_)))) {
            return answer;
        }
        match std::mem::replace(side, Side::Nothing) {
            Side::Card(group) => {
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
        Ok(verdict)
    }

    fn poll_fault(&mut self) -> Result<Option<Fault>, GroupError> {
        self.call(|group| group.poll_fault(), Option::is_none)
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
