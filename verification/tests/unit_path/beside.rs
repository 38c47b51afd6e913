//! A card that works in a thread of its own and is reached, once it runs, through memory alone: as one of metal is through its BAR.

use covert_abi::registers::group;
use covert_driver::card::{CardError, CardPort, Direction, Shared};
use covert_driver::conformance::{Parts, Shape};
use covert_driver::doorbell::{DoorbellPage, LentDoorbells};
use covert_driver::unit::{Unit, UnitConfig};
use covert_driver::{
    ArenaLane, Group, Lane, LanePlace, MappedDoorbell, Output, ProgressReader, RecordCopy, ReplicaDoorbell,
    UnitGroup,
};
use covert_verification::model_card::{ModelCard, identity};
use covert_verification::unit_rig::{FAULTS, VERDICTS};
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

pub(crate) const RING_LOG2: u32 = 6;
pub(crate) const PAYLOAD_MAX: u32 = 8192;

struct Inner {
    card: ModelCard,
    doorbells: LentDoorbells,
    head: Arc<AtomicU32>,
}

impl Inner {
    fn step(&mut self) {
        for (register, value) in self.doorbells.rung() {
            let _ = self.card.write_pair(register, value);
        }
        let _ = self.card.write(group::address(0, group::VERDICT_HEAD), self.head.load(Ordering::Acquire));
    }
}

/// Where the driver and the card's thread meet.
#[derive(Clone)]
pub(crate) struct Beside {
    inner: Arc<Mutex<Inner>>,
    runs: Arc<AtomicBool>,
    /// What the driver has written last to `VERDICT_HEAD`, and how often.
    head: Arc<AtomicU32>,
    pub(crate) heads: Arc<AtomicU64>,
}

impl Beside {
    fn with<R>(&self, what: impl FnOnce(&mut Inner) -> R) -> R {
        what(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Looks once at what was written for the card, and does what follows.
    pub(crate) fn step(&self) {
        self.with(Inner::step);
    }
}

impl CardPort for Beside {
    fn read(&mut self, offset: u32) -> Result<u32, CardError> {
        if self.runs.load(Ordering::Relaxed) {
            return Err(CardError::Broken(format!("a read of {offset:#x} on the path of a record")));
        }
        self.with(|inner| inner.card.read(offset))
    }
    fn write(&mut self, offset: u32, value: u32) -> Result<(), CardError> {
        let is_head = offset == group::address(0, group::VERDICT_HEAD);
        if is_head {
            self.heads.fetch_add(1, Ordering::Relaxed);
            self.head.store(value, Ordering::Release);
        }
        match (self.runs.load(Ordering::Relaxed), is_head) {
            (true, true) => Ok(()),
            (true, false) => {
                Err(CardError::Broken(format!("a write of {offset:#x} on the path of a record")))
            }
            (false, _) => self.with(|inner| inner.card.write(offset, value)),
        }
    }
    fn write_pair(&mut self, offset: u32, value: u64) -> Result<(), CardError> {
        self.with(|inner| inner.card.write_pair(offset, value))
    }
    fn map(&mut self, iova: u64, memory: Shared<'_>, direction: Direction) -> Result<(), CardError> {
        self.with(|inner| inner.card.map(iova, memory, direction))
    }
    fn unmap(&mut self, iova: u64) -> Result<(), CardError> {
        self.with(|inner| inner.card.unmap(iova))
    }
    fn set_bus_master(&mut self, on: bool) -> Result<(), CardError> {
        self.with(|inner| inner.card.set_bus_master(on))
    }
    fn enable_interrupts(&mut self, _: u16) -> Result<Vec<OwnedFd>, CardError> {
        Err(CardError::Broken("it has none".into()))
    }
    fn reset(&mut self) -> Result<(), CardError> {
        self.with(|inner| inner.card.reset())
    }
    fn doorbell_page(&mut self, offset: u32) -> Result<DoorbellPage, CardError> {
        let refuse = |error: covert_driver::arena::ArenaError| CardError::Broken(error.to_string());
        self.with(|inner| inner.doorbells.lend(offset).map_err(refuse))
    }
}

/// Two replicas' lanes with doorbells of the card, and their group.
pub(crate) struct Path {
    pub(crate) card: Beside,
    pub(crate) group: UnitGroup,
    pub(crate) lanes: Vec<ArenaLane<ReplicaDoorbell>>,
    copy: RecordCopy,
    payload: Vec<u8>,
}

impl Path {
    pub(crate) fn new(verdict_log2: u32) -> Path {
        let shape = Shape {
            ring_log2: RING_LOG2,
            slot_bytes: PAYLOAD_MAX,
            skew_log2: RING_LOG2,
            verdict_log2,
            payload_max: PAYLOAD_MAX,
            ..Shape::lanes(2)
        };
        let card = ModelCard::new(identity(2, RING_LOG2, PAYLOAD_MAX));
        let head = Arc::<AtomicU32>::default();
        let inner = Inner { card, doorbells: LentDoorbells::default(), head: Arc::clone(&head) };
        let card =
            Beside { inner: Arc::new(Mutex::new(inner)), runs: Arc::default(), head, heads: Arc::default() };
        let parts = Parts::make(&shape).unwrap();
        let unit = Unit::open(Box::new(card.clone()), FAULTS, 6).unwrap();
        let config = UnitConfig { group: 0, verdict_log2, verdict_iova: VERDICTS, payload_max: PAYLOAD_MAX };
        let mut group = UnitGroup::new(&unit, config, parts.readers, &parts.memory, parts.progress).unwrap();
        for lane in 0..2 {
            group.place(lane, &LanePlace::of(&shape.geometry(lane)).unwrap()).unwrap();
        }
        group.flush(covert_abi::LaneSet::first(2), 0).unwrap();
        assert!(group.poll().unwrap().is_some());
        let lanes = parts.writers.into_iter().enumerate().map(|(lane, arena)| {
            let told = ProgressReader::map(&parts.page).unwrap();
            let page = unit.doorbell_page(0, lane).unwrap();
            let mapped = MappedDoorbell::map(&page).unwrap();
            let mut lane = ArenaLane::new(arena, told, ReplicaDoorbell(Some(mapped)), 0);
            lane.begin(1, 0);
            lane
        });
        let lanes = lanes.collect();
        group.advance(0).unwrap();
        let copy = RecordCopy::new(PAYLOAD_MAX);
        Path { card, group, lanes, copy, payload: vec![3; PAYLOAD_MAX as usize] }
    }

    /// From now on the card is reached through memory alone, and works when it is [stepped](Beside::step).
    pub(crate) fn let_run(&self) {
        self.card.runs.store(true, Ordering::Relaxed);
    }

    /// Submits in both lanes; false if there is no room.
    pub(crate) fn submit(&mut self, length: usize) -> bool {
        for lane in &mut self.lanes {
            if lane.submit(&Output::default(), &self.payload[..length]).is_err() {
                return false;
            }
            lane.ring();
        }
        true
    }

    /// Takes a verdict if there is one, and releases what it is about. Gives whether all went well; it says nothing more, since
    /// saying is a system call.
    pub(crate) fn reap(&mut self) -> Option<bool> {
        match self.group.poll() {
            Err(_) => Some(false),
            Ok(None) => None,
            Ok(Some(verdict)) => Some(
                self.group.copy_record(0, verdict.seq, &mut self.copy).is_ok()
                    && self.copy.confirm(&verdict).is_ok()
                    && self.group.release(verdict.seq + 1).is_ok(),
            ),
        }
    }
}
