//! A card that does not end what it was commanded is given up by the clock, however fast or slow it answers meanwhile.

use super::card;
use covert_abi::registers::lane;
use covert_driver::card::{CardError, CardPort, Direction, Shared};
use covert_driver::{Group, GroupError, UnitGroup};
use covert_verification::scenario::Setup;
use covert_verification::unit_rig::{Arenas, open};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::Duration;

const SETUP: Setup = Setup { lanes: 2, skew_log2: 3, verdict_log2: 2, fault_log2: 4, payload_max: 256 };

/// A card whose lanes say for so many reads that they are still being reset, and take their time for each answer.
struct Slow {
    card: Box<dyn CardPort>,
    busy: u32,
    answer: Duration,
    reads: Arc<AtomicU32>,
}

impl CardPort for Slow {
    fn read(&mut self, offset: u32) -> Result<u32, CardError> {
        if (0..2).all(|number| offset != lane::address(number, lane::COMMAND)) {
            return self.card.read(offset);
        }
        sleep(self.answer);
        let busy = self.reads.fetch_add(1, Ordering::Relaxed) < self.busy;
        Ok(lane::COMMAND_RESET.put(busy.into()))
    }
    fn write(&mut self, offset: u32, value: u32) -> Result<(), CardError> {
        self.card.write(offset, value)
    }
    fn write_pair(&mut self, offset: u32, value: u64) -> Result<(), CardError> {
        self.card.write_pair(offset, value)
    }
    fn map(&mut self, iova: u64, memory: Shared<'_>, direction: Direction) -> Result<(), CardError> {
        self.card.map(iova, memory, direction)
    }
    fn unmap(&mut self, iova: u64) -> Result<(), CardError> {
        self.card.unmap(iova)
    }
    fn set_bus_master(&mut self, on: bool) -> Result<(), CardError> {
        self.card.set_bus_master(on)
    }
    fn enable_interrupts(&mut self, vectors: u16) -> Result<Vec<OwnedFd>, CardError> {
        self.card.enable_interrupts(vectors)
    }
    fn reset(&mut self) -> Result<(), CardError> {
        self.card.reset()
    }
}

/// Resets a lane of a card like this one; gives what came of it and how often the card was asked.
fn reset(busy: u32, answer: Duration, patience: Duration) -> (Result<(), GroupError>, u32) {
    let reads = Arc::new(AtomicU32::new(0));
    let Arenas { readers, memory, .. } = Arenas::make(&SETUP).unwrap();
    let port = Box::new(Slow { card: card(3, 256), busy, answer, reads: reads.clone() });
    let (unit, mut group): (_, UnitGroup) = open(port, &SETUP, readers, &memory).unwrap();
    unit.set_patience(patience);
    let done = group.reset_lane(0);
    (done, reads.load(Ordering::Relaxed))
}

#[test]
fn a_reset_that_does_not_end_is_given_up_by_the_clock() {
    let (done, reads) = reset(u32::MAX, Duration::from_millis(20), Duration::from_millis(50));
    assert!(matches!(&done, Err(GroupError::Broken(why)) if why.contains("within 50 ms")), "{done:?}");
    // A count of reads would go on for half an hour.
    assert!(reads <= 4, "the card was asked {reads} times");
}

#[test]
fn a_reset_that_takes_many_reads_within_its_time_is_waited_for() {
    let (done, reads) = reset(300_000, Duration::ZERO, Duration::from_secs(600));
    assert!(done.is_ok(), "{done:?}");
    assert_eq!(reads, 300_001);
}
