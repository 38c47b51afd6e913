//! Two lanes under a unit that works only when nobody is timing: what is left is the driver.
//!
//! The card is the reference model. What the driver writes to it is held back, as posted writes are, until [`Held::work`];
//! the verdicts are then in the ring in memory, where the driver finds them as it would find those of a card of metal.

use covert_abi::LaneSet;
use covert_driver::card::{CardError, CardPort, Direction, Shared};
use covert_driver::conformance::{Parts, Shape};
use covert_driver::doorbell::{DoorbellPage, LentDoorbells};
use covert_driver::unit::{Unit, UnitConfig, UnitGroup};
use covert_driver::{
    ArenaLane, Group, Lane, LanePlace, MappedDoorbell, Output, ProgressReader, RecordCopy, ReplicaDoorbell,
};
use covert_verification::model_card::{ModelCard, identity};
use covert_verification::unit_rig::{FAULTS, VERDICTS};
use std::hint::black_box;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Records in a batch: as many as a ring holds.
pub(crate) const BATCH: u32 = 64;

struct Inner {
    card: ModelCard,
    doorbells: LentDoorbells,
    held: Vec<(u32, u32)>,
}

/// The card, which the bench reaches beside the driver.
#[derive(Clone)]
struct HeldCard {
    inner: Arc<Mutex<Inner>>,
    holding: Arc<AtomicBool>,
}

impl HeldCard {
    fn with<R>(&self, what: impl FnOnce(&mut Inner) -> R) -> R {
        what(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn work(&self) -> Result<(), CardError> {
        self.with(|inner| {
            for (offset, value) in inner.held.drain(..) {
                inner.card.write(offset, value)?;
            }
            for (offset, value) in inner.doorbells.rung() {
                inner.card.write_pair(offset, value)?;
            }
            Ok(())
        })
    }
}

impl CardPort for HeldCard {
    fn read(&mut self, offset: u32) -> Result<u32, CardError> {
        self.with(|inner| inner.card.read(offset))
    }

    fn write(&mut self, offset: u32, value: u32) -> Result<(), CardError> {
        let holding = self.holding.load(Ordering::Relaxed);
        self.with(|inner| {
            if holding {
                inner.held.push((offset, value));
                return Ok(());
            }
            inner.card.write(offset, value)
        })
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

    fn enable_interrupts(&mut self, vectors: u16) -> Result<Vec<OwnedFd>, CardError> {
        self.with(|inner| inner.card.enable_interrupts(vectors))
    }

    fn reset(&mut self) -> Result<(), CardError> {
        self.with(|inner| inner.card.reset())
    }

    fn doorbell_page(&mut self, offset: u32) -> Result<DoorbellPage, CardError> {
        let refuse = |error: covert_driver::arena::ArenaError| CardError::Broken(error.to_string());
        self.with(|inner| inner.doorbells.lend(offset).map_err(refuse))
    }
}

/// Two lanes and their group.
pub(crate) struct Held {
    card: HeldCard,
    group: UnitGroup,
    lanes: Vec<ArenaLane<ReplicaDoorbell>>,
    copy: RecordCopy,
    payload: Vec<u8>,
}

impl Held {
    pub(crate) fn new(bytes: usize) -> Held {
        let shape = Shape {
            ring_log2: BATCH.ilog2(),
            slot_bytes: bytes.next_multiple_of(64) as u32,
            skew_log2: BATCH.ilog2(),
            verdict_log2: 8,
            payload_max: 1 << 16,
            ..Shape::lanes(2)
        };
        let identity = identity(2, BATCH.ilog2(), 1 << 16);
        let inner = Inner {
            card: ModelCard::new(identity),
            doorbells: LentDoorbells::default(),
            held: Vec::with_capacity(1024),
        };
        let card = HeldCard { inner: Arc::new(Mutex::new(inner)), holding: Arc::default() };
        let parts = Parts::make(&shape).expect("two arenas");
        let unit = Unit::open(Box::new(card.clone()), FAULTS, 6).expect("a unit");
        let config = UnitConfig { group: 0, verdict_log2: 8, verdict_iova: VERDICTS, payload_max: 1 << 16 };
        let group = UnitGroup::new(&unit, config, parts.readers, &parts.memory, parts.progress);
        let mut group = group.expect("a group");
        for lane in 0..2 {
            let place = LanePlace::of(&shape.geometry(lane)).expect("a place");
            group.place(lane, &place).expect("placed");
        }
        group.flush(LaneSet::first(2), 0).expect("flushed");
        assert!(group.poll().expect("a group").is_some());
        let lanes = parts.writers.into_iter().enumerate().map(|(lane, arena)| {
            let told = ProgressReader::map(&parts.page).expect("a progress page");
            let page = unit.doorbell_page(0, lane).expect("a page");
            let doorbell = ReplicaDoorbell(Some(MappedDoorbell::map(&page).expect("mapped")));
            let mut lane = ArenaLane::new(arena, told, doorbell, 0);
            lane.begin(1, 0);
            lane
        });
        let lanes = lanes.collect();
        card.holding.store(true, Ordering::Relaxed);
        let payload = (0..bytes).map(|at| (at * 31 % 251) as u8).collect();
        Held { card, group, lanes, copy: RecordCopy::new(1 << 16), payload }
    }

    /// A batch from both replicas.
    pub(crate) fn submit(&mut self) {
        for _ in 0..BATCH {
            for lane in &mut self.lanes {
                lane.submit(&Output::default(), &self.payload).expect("room");
                lane.ring();
            }
        }
    }

    /// Lets the card compare it.
    pub(crate) fn work(&mut self) {
        self.card.work().expect("a card");
    }

    /// Takes the batch's verdicts, and releases what was compared.
    pub(crate) fn reap(&mut self) {
        for _ in 0..BATCH {
            let verdict = self.group.poll().expect("a group").expect("a verdict");
            self.group.copy_record(0, verdict.seq, &mut self.copy).expect("a copy");
            black_box(self.copy.confirm(&verdict).expect("the same").payload);
            self.group.release(verdict.seq + 1).expect("released");
        }
    }
}
