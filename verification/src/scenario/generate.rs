//! Scenarios by chance: mostly what well-behaved replicas do, with every kind of mistake in between.

use super::sides::ModelGroup;
use super::{Event, Scenario, Setup};
use crate::model::unit::Order;
use crate::model::{ReadError, crc};
use crate::random::Random;
use covert_abi::registers::group;
use covert_abi::submission::{FLAG_INLINE, INLINE_MAX, SubmissionEntry};
use covert_abi::{Header, LANES_PER_GROUP_MAX, LaneSet};
use covert_driver::LanePlace;

/// How much goes wrong, in percent of the entries.
#[derive(Clone, Copy, Debug)]
pub struct Chances {
    /// Entries with a mistake that locks the lane.
    pub bad: u32,
    /// Entries whose content differs from the other lanes'.
    pub differing: u32,
    /// Entries of which they or their payload cannot be read.
    pub unreadable: u32,
    /// Of the odd things that a coordinator or replica may do between entries (rings that make no sense, lanes placed wrongly,
    /// flushes and resets out of the blue), those that are done.
    pub odd: u32,
}

/// Makes a scenario of about `length` events from a seed.
pub fn generate(seed: u64, setup: Setup, chances: Chances, length: usize) -> Scenario {
    let mut random = Random::new(seed);
    let batch = *random.pick(&[1, 4, 8]).unwrap_or(&4);
    let mut maker = Maker {
        random,
        batch,
        model: ModelGroup::new(setup, Order::FetchFirst),
        setup,
        chances,
        written: [0; LANES_PER_GROUP_MAX],
        start: 0,
        last_generation: 0,
        broken: false,
        events: Vec::new(),
    };
    for lane in 0..setup.lanes {
        maker.place(lane);
    }
    maker.flush();
    while maker.events.len() < length {
        maker.step();
    }
    maker.push(Event::Poll(u32::MAX));
    Scenario { seed, setup, events: maker.events }
}

/// Sizes by chance, small enough for every limit to be met often.
pub fn setup(random: &mut Random) -> Setup {
    Setup {
        lanes: random.within(1..=4) as usize,
        skew_log2: random.within(0..=3) as u32,
        verdict_log2: random.within(0..=4) as u32,
        fault_log2: random.within(0..=3) as u32,
        payload_max: 256,
    }
}

struct Maker {
    random: Random,
    model: ModelGroup,
    setup: Setup,
    chances: Chances,
    /// Most entries for which a lane rings once.
    batch: u64,
    /// Entries that each lane has written in this generation.
    written: [u32; LANES_PER_GROUP_MAX],
    start: u64,
    last_generation: u32,
    /// Whether some range cannot be read.
    broken: bool,
    events: Vec<Event>,
}

impl Maker {
    fn push(&mut self, event: Event) {
        self.model.apply(&event);
        self.events.push(event);
        let generation = self.generation();
        if generation != self.last_generation {
            self.last_generation = generation;
            self.written = [0; LANES_PER_GROUP_MAX];
            if std::mem::take(&mut self.broken) {
                self.push(Event::Mend);
            }
        }
    }

    fn generation(&self) -> u32 {
        self.model.read(group::address(0, group::GENERATION))
    }

    fn status(&self) -> (u32, u32) {
        let status = self.model.read(group::address(0, group::STATUS));
        (group::STATUS_STATE.of(status), group::STATUS_LIVE.of(status))
    }

    fn lane(&mut self) -> usize {
        self.random.below(self.setup.lanes as u64) as usize
    }

    fn step(&mut self) {
        let (state, live) = self.status();
        match self.random.below(100) {
            _ if state != 1 && self.random.percent(60) => self.recover(state, live),
            0..70 if self.random.percent(50) => {
                let lane = self.lane();
                self.submit(lane);
            }
            0..70 => (0..self.setup.lanes).for_each(|lane| self.submit(lane)),
            70..78 => {
                let limit = self.random.within(1..=8) as u32;
                self.push(Event::Poll(limit));
            }
            // While something waits, too: ticks that were counted by then count.
            78..80 => self.watchdog(),
            80..86 => {
                let ticks = self.random.within(1..=6) as u32;
                self.push(Event::Ticks(ticks));
            }
            86..96 if !self.random.percent(self.chances.odd) => {
                let lane = self.lane();
                self.submit(lane);
            }
            86..90 => self.odd_ring(),
            90..93 => self.flush(),
            93..94 => {
                let lane = self.lane();
                self.push(Event::Reset { lane });
                // Else a flush may take in a lane that is nowhere.
                if self.random.percent(70) {
                    self.place(lane);
                }
            }
            94..96 => {
                let bytes = *self.random.pick(&[256, 256, 100, 24, 0]).unwrap_or(&0);
                self.push(Event::PayloadMax(bytes));
            }
            _ => {
                let lane = self.lane();
                self.place(lane);
            }
        }
    }

    /// What a coordinator does about a group that does not run: takes the verdicts, resets what is locked, flushes.
    fn recover(&mut self, state: u32, live: u32) {
        self.push(Event::Poll(u32::MAX));
        if state == 3 {
            return;
        }
        for lane in 0..self.setup.lanes {
            if live >> lane & 1 == 0 && self.random.percent(80) {
                self.push(Event::Reset { lane });
                self.place(lane);
            }
        }
        self.flush();
    }

    fn flush(&mut self) {
        if self.status().0 == 3 {
            return;
        }
        let all = LaneSet::first(self.setup.lanes);
        let members = if self.random.percent(80) {
            all
        } else {
            LaneSet::from_bits(self.random.bits() as u8 & 0xF).unwrap_or(all).and(all)
        };
        if self.random.percent(30) {
            self.watchdog();
        }
        let start = if self.random.percent(50) { 0 } else { self.random.bits() >> 8 };
        self.start = start;
        self.push(Event::Flush { members, start });
    }

    fn watchdog(&mut self) {
        let ticks = *self.random.pick(&[0, 1, 3, 8, 20]).unwrap_or(&0);
        self.push(Event::Watchdog(ticks));
    }

    /// Ring and window of a lane: mostly as an arena has them, sometimes too narrow or wider than the memory.
    fn place(&mut self, lane: usize) {
        if self.status().1 >> lane & 1 == 1 {
            return;
        }
        let geometry = Setup::geometry(lane);
        let bytes = geometry.bytes().unwrap_or(0) as u64;
        let mut place = LanePlace {
            ring_base: geometry.ring_iova(),
            ring_log2: geometry.ring_log2,
            window_base: geometry.base,
            window_limit: geometry.base + bytes,
        };
        match self.random.below(20) {
            _ if !self.random.percent(self.chances.odd) => {}
            0 => place.window_limit += 0x1000,
            1 => place.window_limit = geometry.ring_iova() + 64 * self.random.below(9),
            2 => place.window_base = geometry.ring_iova() + self.random.below(200),
            3 => place.window_limit = place.window_base,
            4 => place.ring_log2 = self.random.below(4) as u32,
            _ => {}
        }
        self.push(Event::Place { lane, place });
    }

    /// One lane writes a few entries and rings.
    fn submit(&mut self, lane: usize) {
        let geometry = Setup::geometry(lane);
        let count = self.random.within(1..=self.batch);
        for _ in 0..count {
            let index = self.written[lane];
            if !self.model.may_store(index) {
                self.push(Event::Poll(u32::MAX));
                if !self.model.may_store(index) {
                    break;
                }
            }
            let (entry, payload) = self.entry(lane, index);
            let iova = geometry.ring_iova() + 64 * u64::from(index % 8);
            if self.random.percent(self.chances.unreadable) {
                let (first, bytes) = match &payload {
                    Some((iova, bytes)) if !bytes.is_empty() && self.random.percent(70) => {
                        (*iova, bytes.len() as u64)
                    }
                    _ => (iova, 64),
                };
                self.make_unreadable(first, bytes);
            }
            if let Some((iova, bytes)) = payload {
                self.push(Event::Store { lane, index, iova, bytes });
            }
            self.push(Event::Store { lane, index, iova, bytes: entry.to_vec() });
            self.written[lane] = index.wrapping_add(1);
        }
        let (generation, tail) = (self.generation(), self.written[lane]);
        self.push(Event::Ring { lane, generation, tail });
    }

    /// Some bytes of these cannot be read any more. Not by a timeout: that takes more ticks than a history has.
    fn make_unreadable(&mut self, first: u64, bytes: u64) {
        let errors = [ReadError::Refused, ReadError::Poisoned, ReadError::Malformed];
        let error = *self.random.pick(&errors).unwrap_or(&ReadError::Refused);
        let from = first + self.random.below(bytes);
        let to = from + self.random.within(1..=first + bytes - from);
        self.push(Event::Break { range: from..to, error });
        self.broken = true;
    }

    fn odd_ring(&mut self) {
        let lane = self.lane();
        let (generation, tail) = (self.generation(), self.written[lane]);
        let (generation, tail) = match self.random.below(8) {
            0 => (generation.wrapping_sub(1), tail),
            // Not the next one, which may not be rung for yet.
            1 => (generation.wrapping_add(0x4000_0000), tail),
            2 => (generation, tail.wrapping_add(self.random.within(1..=20) as u32)),
            3 => (generation, self.random.bits() as u32),
            4 | 5 => (generation, tail.wrapping_sub(self.random.within(1..=3) as u32)),
            _ => (generation, tail),
        };
        self.push(Event::Ring { lane, generation, tail });
    }

    /// The entry that the lane would write next, and its payload if that goes into the arena. The content is the same on
    /// all lanes unless chance makes this one differ.
    fn entry(&mut self, lane: usize, index: u32) -> ([u8; 64], Option<(u64, Vec<u8>)>) {
        let geometry = Setup::geometry(lane);
        let seq = self.start.wrapping_add(u64::from(index));
        let generation = self.generation();
        let mut content = Random::new(seq ^ u64::from(generation) << 48);
        let length = match content.below(4) {
            0 | 1 => content.below(INLINE_MAX as u64 + 1),
            2 => content.below(64),
            _ => content.below(257),
        } as usize;
        let mut payload: Vec<u8> = (0..length).map(|_| content.bits() as u8).collect();
        let mut header = Header {
            seq,
            generation,
            length: length as u32,
            target: content.bits(),
            group: 0,
            kind: content.below(5) as u16,
            channel: content.bits() as u32,
        };
        if self.random.percent(self.chances.differing) {
            match self.random.below(4) {
                0 => header.target ^= 1 << self.random.below(64),
                1 => header.channel ^= 1 << self.random.below(32),
                2 => header.kind ^= 1 << self.random.below(16),
                _ => {
                    if let Some(byte) = payload.last_mut() {
                        *byte ^= 1 << self.random.below(8);
                    }
                }
            }
        }
        // Where the payload lies differs from lane to lane and must not matter.
        let inline = length <= INLINE_MAX && self.random.percent(70);
        let slot = geometry.slot_iova(index);
        let slack = 256 - length as u64;
        let iova = slot + if self.random.percent(50) { self.random.below(slack + 1) } else { 0 };
        let mut entry = SubmissionEntry { header, ..SubmissionEntry::default() };
        if inline {
            entry.flags = FLAG_INLINE;
            entry.body[..length].copy_from_slice(&payload);
        } else {
            entry.body[..8].copy_from_slice(&iova.to_le_bytes());
        }
        if self.random.percent(self.chances.bad) {
            let bytes = self.spoil(lane, index, entry);
            return (bytes, (!inline).then_some((iova, payload)));
        }
        (seal(entry), (!inline).then_some((iova, payload)))
    }

    /// A mistake of one kind or, often enough, of two.
    fn spoil(&mut self, lane: usize, index: u32, mut entry: SubmissionEntry) -> [u8; 64] {
        let geometry = Setup::geometry(lane);
        if entry.flags == 0 {
            // Whatever length chance makes of it, the payload stays inside its slot, or it would not stay as it is.
            entry.body[..8].copy_from_slice(&geometry.slot_iova(index).to_le_bytes());
        }
        let end = geometry.base + geometry.bytes().unwrap_or(0) as u64;
        for _ in 0..self.random.within(1..=2) {
            match self.random.below(12) {
                0 => entry.flags |= 2 << self.random.below(31),
                1 => entry.header.length = self.random.within(25..=300) as u32,
                2 => entry.body[self.random.within(8..=23) as usize] ^= 1 << self.random.below(8),
                3 => entry.header.group ^= 1 << self.random.below(16),
                4 => entry.header.generation ^= 1 << self.random.below(32),
                5 => entry.header.seq ^= 1 << self.random.below(64),
                6 => entry.header.length ^= 1 << self.random.below(32),
                7..=9 => {
                    entry.flags = 0;
                    entry.body = [0; 24];
                    let wild = self.random.bits();
                    // Never the arena's first bytes: what the driver keeps there is not the model's.
                    let near = self.random.within(1..=64);
                    let address = *self
                        .random
                        .pick(&[end - near, end + near - 1, geometry.base - near, wild, !near, near])
                        .unwrap_or(&0);
                    entry.body[..8].copy_from_slice(&address.to_le_bytes());
                    entry.header.length = self.random.below(257) as u32;
                }
                _ => {
                    let mut bytes = seal(entry);
                    for _ in 0..self.random.within(1..=3) {
                        bytes[self.random.below(64) as usize] ^= 1 << self.random.below(8);
                    }
                    return bytes;
                }
            }
        }
        seal(entry)
    }
}

fn seal(mut entry: SubmissionEntry) -> [u8; 64] {
    entry.check = crc::check_code(&entry.to_bytes(), 60);
    entry.to_bytes()
}
