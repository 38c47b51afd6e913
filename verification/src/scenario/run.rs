//! A scenario on the model and on a group, compared after every event.

use super::sides::{Bench, ModelGroup, Seen};
use super::{Event, Scenario};
use crate::model::unit::Order;
use covert_abi::registers::group;
use covert_abi::{LANES_PER_GROUP_MAX, LaneSet, Outcome};
use covert_driver::GroupError;

/// How a run went without a difference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Covered {
    /// Verdicts on records that were the same on both sides.
    pub records: u64,
    /// Those of them that were neither `Match` nor `Majority`.
    pub refused: u64,
    /// Generations ended.
    pub flushes: u64,
    /// Fault reports that were the same on both sides.
    pub faults: u64,
}

impl Covered {
    fn of(seen: &Seen) -> Covered {
        let mut covered = Covered { faults: seen.faults.len() as u64, ..Covered::default() };
        for verdict in &seen.verdicts {
            match verdict.outcome {
                Outcome::Flushed => covered.flushes += 1,
                outcome => {
                    covered.records += 1;
                    covered.refused += u64::from(!outcome.is_releasable());
                }
            }
        }
        covered
    }
}

impl std::ops::AddAssign for Covered {
    fn add_assign(&mut self, other: Covered) {
        self.records += other.records;
        self.refused += other.refused;
        self.flushes += other.flushes;
        self.faults += other.faults;
    }
}

/// Where the two part ways.
#[derive(Debug, thiserror::Error)]
pub enum Divergence {
    /// Both answered, differently.
    #[error("event {index}, {event:?}:\n  model {model:?}\n  group {group:?}")]
    Differs {
        /// Number of the event.
        index: usize,
        /// The event.
        event: Event,
        /// What the model shows.
        model: Box<Seen>,
        /// What the group shows.
        group: Box<Seen>,
    },
    /// The group failed as such.
    #[error("event {index}, {event:?}: {error}")]
    Failed {
        /// Number of the event.
        index: usize,
        /// The event.
        event: Event,
        /// How.
        error: GroupError,
    },
}

/// How exact the agreement has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// To the last bit, for a comparator that works as the model does in this order.
    Exact(Order),
    /// In everything that a coordinator can rely on. Open is what became of entries behind a record that halted the
    /// group: a comparator may have fetched some of them by then and locked their lanes. Before a flush
    /// ends a halted generation, all lanes are reset on both sides.
    UpToHalt,
}

/// Runs a scenario on both sides.
///
/// # Errors
/// The first difference.
pub fn run(scenario: &Scenario, agreement: Agreement, bench: &mut Bench) -> Result<Covered, Box<Divergence>> {
    let order = match agreement {
        Agreement::Exact(order) => order,
        Agreement::UpToHalt => Order::default(),
    };
    let mut model = ModelGroup::new(scenario.setup, order);
    let mut covered = Covered::default();
    let mut halts = Halts::default();
    let mut places = [None; LANES_PER_GROUP_MAX];
    let mut script = Vec::new();
    for (index, event) in scenario.events.iter().enumerate() {
        if let Event::Place { lane, place } = event {
            places[*lane] = Some(*place);
        }
        if agreement == Agreement::UpToHalt && matches!(event, Event::Flush { .. }) && halts.is_halted(&model)
        {
            for (lane, place) in places.iter().enumerate().take(scenario.setup.lanes) {
                script.push((index, Event::Reset { lane }));
                script.extend(place.map(|place| (index, Event::Place { lane, place })));
            }
        }
        script.push((index, event.clone()));
        for (index, event) in script.drain(..) {
            let Some((mut group, mut seen)) = both(index, &event, &mut model, bench)? else { continue };
            if agreement == Agreement::UpToHalt {
                halts.note(&model);
                halts.forget_what_is_open(&model, &mut group);
                halts.forget_what_is_open(&model, &mut seen);
            }
            if seen != group {
                let (model, group) = (Box::new(seen), Box::new(group));
                return Err(Box::new(Divergence::Differs { index, event, model, group }));
            }
            covered += Covered::of(&group);
        }
    }
    Ok(covered)
}

/// One event on both sides; `None` if it is out of turn and happens on neither.
fn both(
    index: usize,
    event: &Event,
    model: &mut ModelGroup,
    bench: &mut Bench,
) -> Result<Option<(Seen, Seen)>, Box<Divergence>> {
    match event {
        Event::Store { index, .. } if !model.may_store(*index) => return Ok(None),
        Event::Watchdog(_) if model.state() == 1 => return Ok(None),
        Event::Ring { generation, .. } if !model.may_ring(*generation) => return Ok(None),
        _ => {}
    }
    match bench.apply(event) {
        Ok(Some(group)) => {
            let taken = model.apply(event);
            Ok(Some((group, model.seen(taken))))
        }
        Ok(None) => Ok(None),
        Err(error) => Err(Box::new(Divergence::Failed { index, event: event.clone(), error })),
    }
}

/// The generations that halted, and the first record that they did not vote on.
#[derive(Default)]
struct Halts {
    at: Vec<(u32, u64)>,
}

impl Halts {
    fn is_halted(&self, model: &ModelGroup) -> bool {
        model.state() == 2
    }

    fn note(&mut self, model: &ModelGroup) {
        let generation = model.read(group::address(0, group::GENERATION));
        if self.is_halted(model) && self.at.last().is_none_or(|(last, _)| *last != generation) {
            self.at.push((generation, model.unit.next_record(0)));
        }
    }

    fn forget_what_is_open(&self, model: &ModelGroup, seen: &mut Seen) {
        let halted = |generation: u32| self.at.iter().find(|(at, _)| *at == generation);
        seen.faults.retain(|fault| halted(fault.generation).is_none_or(|(_, next)| fault.seq < *next));
        // Faults of different lanes come as they come.
        seen.faults.sort_by_key(|fault| (fault.generation, fault.lane, fault.seq));
        for verdict in &mut seen.verdicts {
            if verdict.outcome == Outcome::Flushed && halted(verdict.generation).is_some() {
                verdict.agree = LaneSet::EMPTY;
            }
        }
        if self.is_halted(model) {
            seen.live = 0;
        }
        seen.faults_dropped = 0;
    }
}
