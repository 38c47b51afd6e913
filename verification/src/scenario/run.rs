//! A scenario on the model and on a group, compared after every event.

use super::sides::{Bench, ModelGroup, Seen};
use super::{Event, Scenario};
use crate::model::unit::Order;
use covert_abi::registers::{group, lane};
use covert_abi::{Fault, LANES_PER_GROUP_MAX, LaneSet, Outcome};
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
    /// Those of them about reads that failed.
    pub unreadable: u64,
    /// Registers of a card that were the same as the model's.
    pub registers: u64,
}

impl Covered {
    fn of(seen: &Seen) -> Covered {
        let faults = seen.faults.len() as u64;
        let dma = |fault: &&Fault| fault.cause.outcome() == Outcome::Dma;
        let unreadable = seen.faults.iter().filter(dma).count() as u64;
        let mut covered = Covered { faults, unreadable, ..Covered::default() };
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
        self.unreadable += other.unreadable;
        self.registers += other.registers;
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
    /// A register of the card is not the model's.
    #[error(
        "after event {index}: the register at {address:#x} is {model:#x} in the model, {card} in the card"
    )]
    Register {
        /// Number of the event.
        index: usize,
        /// Address in BAR 0.
        address: u32,
        /// What the model has there.
        model: u32,
        /// What the card has, or why it could not be read.
        card: String,
    },
}

/// Events from one comparison of all registers to the next.
const REGISTERS_EVERY: usize = 32;
/// Everything of a group and a lane that does not depend on where a rig puts its rings.
const GROUP_REGISTERS: [u32; 10] = [
    group::STATUS,
    group::GENERATION,
    group::MEMBERS,
    group::START_LO,
    group::START_HI,
    group::VERDICT_LOG2,
    group::VERDICT_HEAD,
    group::VERDICT_TAIL,
    group::WATCHDOG,
    group::PAYLOAD_MAX,
];
const LANE_REGISTERS: [u32; 10] = [
    lane::STATUS,
    lane::RING_BASE_LO,
    lane::RING_BASE_HI,
    lane::RING_LOG2,
    lane::HEAD,
    lane::TAIL,
    lane::WINDOW_BASE_LO,
    lane::WINDOW_BASE_HI,
    lane::WINDOW_LIMIT_LO,
    lane::WINDOW_LIMIT_HI,
];

/// How exact the agreement has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// To the last bit, for a comparator that works as the model does in this order.
    Exact(Order),
    /// In everything that a coordinator can rely on. Open is what became of entries behind a record that halted the group: a
    /// comparator may have fetched some of them by then and locked their lanes. Before a flush ends a halted
    /// generation, all lanes are reset on both sides.
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
    let mut run = Run {
        model: ModelGroup::new(scenario.setup, order),
        bench,
        open: !matches!(agreement, Agreement::Exact(_)),
        halts: Halts::default(),
        covered: Covered::default(),
        index: 0,
    };
    let mut places = [None; LANES_PER_GROUP_MAX];
    for (index, event) in scenario.events.iter().enumerate() {
        run.index = index;
        if let Event::Place { lane, place } = event {
            places[*lane] = Some(*place);
        }
        if matches!(event, Event::Flush { .. }) && run.open && run.model.state() == 2 {
            for (lane, place) in places.iter().enumerate().take(scenario.setup.lanes) {
                run.both(&Event::Reset { lane })?;
                place.map_or(Ok(()), |place| run.both(&Event::Place { lane, place }))?;
            }
        }
        run.both(event)?;
        if index % REGISTERS_EVERY == REGISTERS_EVERY - 1 || index + 1 == scenario.events.len() {
            run.registers(scenario.setup.lanes)?;
        }
    }
    Ok(run.covered)
}

struct Run<'a> {
    model: ModelGroup,
    bench: &'a mut Bench,
    /// Whether what happens behind a halting record is open.
    open: bool,
    halts: Halts,
    covered: Covered,
    /// Number of the scenario's event.
    index: usize,
}

impl Run<'_> {
    /// One event on both sides, or on neither when it is out of turn.
    fn both(&mut self, event: &Event) -> Result<(), Box<Divergence>> {
        match event {
            Event::Store { index, .. } if !self.model.may_store(*index) => return Ok(()),
            Event::Break { .. } if self.bench.breaker.is_none() => return Ok(()),
            Event::Ring { generation, .. } if !self.model.may_ring(*generation) => return Ok(()),
            // Nobody looks at memory before a doorbell: there is nothing to compare.
            Event::Store { lane, iova, bytes, .. } => {
                self.bench.arenas[*lane].write(*iova, bytes);
                self.model.apply(event);
                return Ok(());
            }
            _ => {}
        }
        let (index, event) = (self.index, event.clone());
        let mut group = match self.bench.apply(&event, !self.open) {
            Ok(Some(group)) => group,
            Ok(None) => return Ok(()),
            Err(error) => return Err(Box::new(Divergence::Failed { index, event, error })),
        };
        let taken = self.model.apply(&event);
        let mut model = self.model.seen(taken);
        if self.open {
            self.halts.note(&self.model);
            self.halts.forget_what_is_open(&self.model, &mut group);
            self.halts.forget_what_is_open(&self.model, &mut model);
        }
        if model != group {
            let (model, group) = (Box::new(model), Box::new(group));
            return Err(Box::new(Divergence::Differs { index, event, model, group }));
        }
        self.covered += Covered::of(&group);
        Ok(())
    }

    /// The registers, as far as they are nobody's secret: how far a halted group had fetched is.
    fn registers(&mut self, lanes: usize) -> Result<(), Box<Divergence>> {
        let Some(read) = &mut self.bench.registers else { return Ok(()) };
        if self.model.state() != 1 {
            return Ok(());
        }
        let of_lane = |number: usize| LANE_REGISTERS.map(|register| lane::address(number as u32, register));
        let addresses = GROUP_REGISTERS.map(|register| group::address(0, register));
        for address in addresses.into_iter().chain((0..lanes).flat_map(of_lane)) {
            let (index, model) = (self.index, self.model.read(address));
            let card = read(address);
            if card != Ok(model) {
                let card = card.map_or_else(|error| error, |value| format!("{value:#x}"));
                return Err(Box::new(Divergence::Register { index, address, model, card }));
            }
            self.covered.registers += 1;
        }
        Ok(())
    }
}

/// The generations that halted, and the first record that they did not vote on.
#[derive(Default)]
struct Halts {
    at: Vec<(u32, u64)>,
}

impl Halts {
    fn note(&mut self, model: &ModelGroup) {
        let generation = model.read(group::address(0, group::GENERATION));
        if model.state() == 2 && self.at.last().is_none_or(|(last, _)| *last != generation) {
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
        if model.state() == 2 {
            seen.live = 0;
        }
        seen.faults_dropped = 0;
    }
}
