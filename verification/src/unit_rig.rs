//! The driver's unit on any port, as the conformance suite and the scenarios want it.

use crate::mortal_card::MortalCard;
use crate::scenario::Setup;
use crate::scenario::sides::Bench;
use crate::succession::{OnCard, Polled, Spare, Succession};
use covert_driver::arena::{self, ArenaReader, ArenaWriter};
use covert_driver::card::CardPort;
use covert_driver::conformance::{Factory, Failure, Parts, Port, Rig, Shape};
use covert_driver::progress::{ProgressReader, ProgressWriter};
use covert_driver::software::SoftwareConfig;
use covert_driver::unit::{Unit, UnitConfig, UnitGroup};
use covert_driver::{Doorbell, Group, SoftwareGroup};
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// IOVA of the fault ring.
pub const FAULTS: u64 = 0x1000_0000;
/// IOVA of the first group's verdict ring.
pub const VERDICTS: u64 = 0x2000_0000;

/// What a unit must be able to do for a rig.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Needs {
    /// Lanes in the group.
    pub lanes: usize,
    /// Number of the group.
    pub group: u16,
    /// Log2 of the skew depth wished for; a card that cannot choose has its own.
    pub skew_log2: u32,
    /// Longest payload.
    pub payload_max: u32,
}

/// Makes rigs of a unit behind the ports that a function makes.
#[derive(Clone, Copy, Debug)]
pub struct UnitFactory<F>(pub F);

impl<F: Fn(&Needs) -> Result<Box<dyn CardPort>, String>> Factory for UnitFactory<F> {
    fn rig(&self, shape: &Shape) -> Result<Rig, Failure> {
        let needs = Needs {
            lanes: shape.lanes,
            group: shape.group,
            skew_log2: shape.skew_log2,
            payload_max: shape.payload_max,
        };
        let port = (self.0)(&needs).map_err(Failure)?;
        Ok(assemble(port, shape)?.1)
    }
}

/// A rig of this shape on this port, and the unit that it is of.
///
/// # Errors
/// The unit cannot be opened or has less than the shape wants.
pub fn assemble(port: Box<dyn CardPort>, shape: &Shape) -> Result<(Unit, Rig), Failure> {
    let Parts { readers, writers, memory, progress, page } = Parts::make(shape).map_err(Failure::because)?;
    let unit = Unit::open(port, FAULTS, shape.fault_log2).map_err(Failure::because)?;
    let config = UnitConfig {
        group: shape.group,
        verdict_log2: shape.verdict_log2,
        verdict_iova: VERDICTS + 0x20_0000 * u64::from(shape.group),
        payload_max: shape.payload_max,
    };
    let group = UnitGroup::new(&unit, config, readers, &memory, progress).map_err(Failure::because)?;
    let ports = writers
        .into_iter()
        .enumerate()
        .map(|(lane, arena)| Port { arena, doorbell: Box::new(unit.doorbell(shape.group, lane)) })
        .collect();
    let progress = ProgressReader::map(&page).map_err(Failure::because)?;
    let rig = Rig { group: Box::new(group) as Box<dyn Group>, ports, progress, shape: *shape };
    Ok((unit, rig))
}

/// The arenas of a scenario's lanes, by lane.
pub struct Arenas {
    /// The replicas' side.
    pub writers: Vec<ArenaWriter>,
    /// The coordinator's.
    pub readers: Vec<ArenaReader>,
    /// The memory.
    pub memory: Vec<OwnedFd>,
}

impl Arenas {
    /// Makes them.
    ///
    /// # Errors
    /// No memory.
    pub fn make(setup: &Setup) -> Result<Arenas, Failure> {
        let (mut writers, mut memory) = (Vec::new(), Vec::new());
        for lane in 0..setup.lanes {
            let geometry = Setup::geometry(lane);
            let fd = arena::create(&geometry).map_err(Failure::because)?;
            writers.push(ArenaWriter::map(&fd, geometry).map_err(Failure::because)?);
            memory.push(fd);
        }
        Ok(Arenas { writers, readers: map_readers(&memory)?, memory })
    }
}

/// The coordinator's side of this memory of a scenario's lanes.
fn map_readers(memory: &[OwnedFd]) -> Result<Vec<ArenaReader>, Failure> {
    let map = |(lane, fd)| ArenaReader::map(fd, Setup::geometry(lane)).map_err(Failure::because);
    memory.iter().enumerate().map(map).collect()
}

/// The unit on this port, and its first group over these arenas.
///
/// # Errors
/// The unit cannot be opened or has less than the setup wants.
pub fn open(
    port: Box<dyn CardPort>,
    setup: &Setup,
    readers: Vec<ArenaReader>,
    memory: &[OwnedFd],
) -> Result<(Unit, UnitGroup), Failure> {
    let unit = Unit::open(port, FAULTS, setup.fault_log2).map_err(Failure::because)?;
    let (progress, _) = ProgressWriter::create().map_err(Failure::because)?;
    let config = UnitConfig {
        group: 0,
        verdict_log2: setup.verdict_log2,
        verdict_iova: VERDICTS,
        payload_max: setup.payload_max,
    };
    let group = UnitGroup::new(&unit, config, readers, memory, progress).map_err(Failure::because)?;
    Ok((unit, group))
}

/// A bench for a scenario of this setup, on this port.
///
/// # Errors
/// The unit cannot be opened or has less than the setup wants.
pub fn bench(port: Box<dyn CardPort>, setup: &Setup) -> Result<Bench, Failure> {
    let Arenas { writers, readers, memory } = Arenas::make(setup)?;
    let (unit, group) = open(port, setup, readers, &memory)?;
    let doorbells =
        (0..setup.lanes).map(|lane| Box::new(unit.doorbell(0, lane)) as Box<dyn Doorbell>).collect();
    Ok(Bench { group: Box::new(group), arenas: writers, doorbells, breaker: None, registers: None })
}

/// A bench whose unit dies with its card's life and is followed by software, until the next of the cards takes up where a
/// generation begins; and the succession's counts.
///
/// # Errors
/// No memory, no card, or a setup that software cannot have.
pub fn mortal_bench(cards: Vec<MortalCard>, setup: &Setup) -> Result<(Bench, Counts), Failure> {
    let config = SoftwareConfig {
        group: 0,
        skew_log2: setup.skew_log2,
        verdict_log2: setup.verdict_log2,
        fault_log2: setup.fault_log2,
        payload_max: setup.payload_max,
    };
    let Arenas { writers, readers, memory } = Arenas::make(setup)?;
    let (memory, setup) = (Arc::new(memory), *setup);
    let on_card = move |card: MortalCard, readers, memory: &[OwnedFd]| {
        let life = card.life();
        let (unit, group) = open(Box::new(card), &setup, readers, memory)?;
        // Whatever is on such a port has answered when a call of it returns.
        unit.set_patience(Duration::ZERO);
        Ok::<_, Failure>(OnCard {
            group,
            doorbells: (0..setup.lanes).map(|lane| unit.doorbell(0, lane)).collect(),
            life,
        })
    };
    let mut cards = cards.into_iter();
    let first = cards.next().ok_or_else(|| Failure("there is no card".into()))?;
    let life = first.life();
    let group = match on_card(first, readers, &memory) {
        Ok(first) => Succession::new(first, config),
        Err(_) if life.is_over() => {
            // Nothing was compared yet: software begins at the beginning.
            let (progress, _) = ProgressWriter::create().map_err(Failure::because)?;
            let group =
                SoftwareGroup::new(config, map_readers(&memory)?, progress).map_err(Failure::because)?;
            Succession::of_software(group, config)
        }
        Err(failure) => return Err(failure),
    };
    let spare = |card: MortalCard| {
        let memory = Arc::clone(&memory);
        let make = move || on_card(card, map_readers(&memory).ok()?, &memory).ok();
        Box::new(make) as Spare
    };
    let group = group.with_spares(cards.map(spare).collect());
    let doorbells = (0..setup.lanes).map(|lane| Box::new(group.doorbell(lane)) as _).collect();
    let counts = Counts { polled: group.polled(), taken_up: group.taken_up() };
    Ok((Bench { group: Box::new(group), arenas: writers, doorbells, breaker: None, registers: None }, counts))
}

/// What a succession counts while it runs.
pub struct Counts {
    /// What is polled from it.
    pub polled: Polled,
    /// How often a card has taken up what software did.
    pub taken_up: Arc<Mutex<u64>>,
}
