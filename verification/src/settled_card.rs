//! A card that works by itself, for a driver that wants to know when it has done all that there is to do.
//!
//! The suites ask for something and then look at once. A card that is simulated in the driver's process has time only while it
//! is asked; one of metal, or behind the kernel's VFIO, does not. Here the registers are watched until they rest. No clock of
//! the host is looked at: a read takes a simulated card some of its clocks, and one of metal more than all its latencies take
//! after so many reads.

use covert_abi::registers::{card, doorbell, group, lane};
use covert_driver::card::{CardError, CardPort, Direction, Shared};
use covert_driver::doorbell::DoorbellPage;
use std::collections::BTreeSet;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Reads in which nothing changes before a card counts as at rest. A read takes a simulated unit ten clocks or more, and the longest
/// silence in it is below 200.
const RESTING_READS: usize = 48;
/// Reads after which a card that never rests is taken for broken.
const LIMIT: usize = 2_000_000;

/// A card that is waited for.
pub struct SettledCard<C> {
    card: C,
    lanes: u32,
    /// Groups that were written to.
    used: BTreeSet<u32>,
    /// Groups whose watchdog is on.
    watched: BTreeSet<u32>,
    /// Something was written since the card rested.
    stirred: bool,
    wants_time: Arc<AtomicBool>,
}

impl<C: CardPort> SettledCard<C> {
    /// Waits for this card. The card's ticks pass when they do: when a driver wants some to pass while a watchdog counts them,
    /// that is refused, and told by `wants_time`.
    ///
    /// # Errors
    /// The card cannot be read.
    pub fn new(mut card: C, wants_time: Arc<AtomicBool>) -> Result<SettledCard<C>, CardError> {
        let lanes = card::SIZE_LANES.of(card.read(card::SIZE)?).max(1);
        let (used, watched) = Default::default();
        Ok(SettledCard { card, lanes, used, watched, stirred: false, wants_time })
    }

    /// Remembers a write that may have consequences.
    fn stir(&mut self, offset: u32, value: u64) {
        self.stirred = true;
        let number = |block: &covert_abi::registers::Block| {
            let number = offset.checked_sub(block.base)? / block.stride;
            (number < block.count).then_some(number)
        };
        let of_lane = number(&lane::BLOCK).or(number(&doorbell::BLOCK)).map(|lane| lane / self.lanes);
        let Some(group) = of_lane.or(number(&group::BLOCK)) else { return };
        self.used.insert(group);
        if offset == group::address(group, group::WATCHDOG) {
            if value == 0 {
                self.watched.remove(&group)
            } else {
                self.watched.insert(group)
            };
        }
    }

    /// Everything that changes while the card works.
    fn look(&mut self) -> Result<Vec<u32>, CardError> {
        let mut registers = vec![card::FAULT_TAIL, card::FAULTS_DROPPED, card::STALE_DOORBELLS];
        for number in &self.used {
            let of_group = [group::COMMAND, group::STATUS, group::GENERATION, group::VERDICT_TAIL];
            registers.extend(of_group.map(|register| group::address(*number, register)));
            for place in number * self.lanes..(number + 1) * self.lanes {
                let of_lane = [lane::COMMAND, lane::STATUS, lane::HEAD, lane::TAIL];
                registers.extend(of_lane.map(|register| lane::address(place, register)));
            }
        }
        registers.into_iter().map(|register| self.card.read(register)).collect()
    }
}

impl<C: CardPort> CardPort for SettledCard<C> {
    fn read(&mut self, offset: u32) -> Result<u32, CardError> {
        self.card.read(offset)
    }

    fn write(&mut self, offset: u32, value: u32) -> Result<(), CardError> {
        self.stir(offset, value.into());
        self.card.write(offset, value)
    }

    fn write_pair(&mut self, offset: u32, value: u64) -> Result<(), CardError> {
        self.stir(offset, value);
        self.card.write_pair(offset, value)
    }

    fn map(&mut self, iova: u64, memory: Shared<'_>, direction: Direction) -> Result<(), CardError> {
        self.card.map(iova, memory, direction)
    }

    fn unmap(&mut self, iova: u64) -> Result<(), CardError> {
        self.catch_up()?;
        self.card.unmap(iova)
    }

    fn set_bus_master(&mut self, on: bool) -> Result<(), CardError> {
        self.stirred = true;
        self.card.set_bus_master(on)
    }

    fn enable_interrupts(&mut self, vectors: u16) -> Result<Vec<OwnedFd>, CardError> {
        self.card.enable_interrupts(vectors)
    }

    fn reset(&mut self) -> Result<(), CardError> {
        self.used.clear();
        self.watched.clear();
        self.card.reset()
    }

    fn doorbell_page(&mut self, offset: u32) -> Result<DoorbellPage, CardError> {
        self.card.doorbell_page(offset)
    }

    fn catch_up(&mut self) -> Result<(), CardError> {
        self.card.catch_up()?;
        if !self.stirred {
            return Ok(());
        }
        let (mut last, mut resting, mut reads) = (self.look()?, 0, 0);
        while resting < RESTING_READS {
            let now = self.look()?;
            reads += now.len();
            resting = if now == last { resting + now.len() } else { 0 };
            last = now;
            if reads > LIMIT {
                return Err(CardError::Broken(format!("it does not come to rest in {LIMIT} reads")));
            }
        }
        self.stirred = false;
        Ok(())
    }

    fn pass_ticks(&mut self, ticks: u32) -> Result<(), CardError> {
        if ticks == 0 || self.watched.is_empty() {
            return Ok(());
        }
        self.wants_time.store(true, Ordering::Relaxed);
        Err(CardError::Broken("its ticks pass by themselves, and not when they are asked to".into()))
    }
}
