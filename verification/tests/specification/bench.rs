//! A unit on the bench: memory, rings and shorthand for what a driver does.

use covert_abi::identity::VERSION;
use covert_abi::registers::{card, doorbell, group, lane};
use covert_abi::*;
use covert_verification::model::memory::Regions;
use covert_verification::model::{Memory, ReadError, Unit};

pub(crate) const RING_LOG2: u32 = 3;
pub(crate) const VERDICT_LOG2: u32 = 2;
pub(crate) const FAULT_LOG2: u32 = 3;
pub(crate) const SKEW: u32 = 4;
pub(crate) const PAYLOAD_MAX: u32 = 256;
pub(crate) const VERDICTS: u64 = 0x8000_0000;
pub(crate) const FAULTS: u64 = 0x9000_0000;
pub(crate) const ARENA_BYTES: u64 = 0x2000;
/// Payload slots start here in an arena, the ring at its beginning.
pub(crate) const SLOTS: u64 = 0x1000;

pub(crate) fn arena(lane: usize) -> u64 {
    0x1_0000_0000 + 0x10_0000 * lane as u64
}

pub(crate) struct Bench {
    pub(crate) unit: Unit,
    pub(crate) memory: Regions,
    /// Entries that each lane has written in this generation.
    pub(crate) written: [u32; 8],
    /// Entries of each ring that were read.
    verdicts_read: [u32; 2],
    faults_read: u32,
}

impl Bench {
    /// Two groups of four lanes; `members` lanes of group 0 run in generation 1 from record 0.
    pub(crate) fn running(members: u32) -> Bench {
        let mut bench = Bench::configured();
        bench.set_group(group::MEMBERS, members);
        bench.flush();
        assert_eq!(bench.verdicts().len(), 1, "the first flush ends generation 0");
        bench
    }

    pub(crate) fn configured() -> Bench {
        let identity = Identity {
            version: VERSION,
            groups: 2,
            lanes: 4,
            width: 64,
            skew: SKEW,
            tags: 8,
            ring_max: 1 << 10,
            payload_max: 1 << 12,
            push: false,
            checkpoint: false,
            msix: true,
            tick_rate: 1_000_000,
            rtl_hash: 0x0123_4567_89AB_CDEF,
            board: 0,
        };
        let memory = Regions::new();
        let mut bench = Bench {
            unit: Unit::new(identity),
            memory,
            written: [0; 8],
            verdicts_read: [0; 2],
            faults_read: 0,
        };
        bench.write(card::CONTROL, 1);
        bench.memory.map(FAULTS, 32 << FAULT_LOG2);
        bench.write(card::FAULT_BASE_LO, FAULTS as u32);
        bench.write(card::FAULT_LOG2, FAULT_LOG2);
        for number in 0..2 {
            let base = VERDICTS + 0x1000 * u64::from(number);
            bench.memory.map(base, 32 << VERDICT_LOG2);
            for (register, value) in [
                (group::VERDICT_BASE_LO, base as u32),
                (group::VERDICT_LOG2, VERDICT_LOG2),
                (group::PAYLOAD_MAX, PAYLOAD_MAX),
            ] {
                bench.write(group::address(number, register), value);
            }
        }
        for number in 0..8 {
            bench.memory.map(arena(number), ARENA_BYTES as usize);
            bench.configure_lane(number);
        }
        bench
    }

    pub(crate) fn configure_lane(&mut self, number: usize) {
        let (base, limit) = (arena(number), arena(number) + ARENA_BYTES);
        for (register, value) in [
            (lane::RING_BASE_LO, base as u32),
            (lane::RING_BASE_HI, (base >> 32) as u32),
            (lane::RING_LOG2, RING_LOG2),
            (lane::WINDOW_BASE_LO, base as u32),
            (lane::WINDOW_BASE_HI, (base >> 32) as u32),
            (lane::WINDOW_LIMIT_LO, limit as u32),
            (lane::WINDOW_LIMIT_HI, (limit >> 32) as u32),
        ] {
            self.set_lane(number, register, value);
        }
    }

    pub(crate) fn write(&mut self, address: u32, value: u32) {
        self.unit.write(address, value, &mut self.memory);
    }

    pub(crate) fn set_group(&mut self, register: u32, value: u32) {
        self.write(group::address(0, register), value);
    }

    pub(crate) fn set_lane(&mut self, number: usize, register: u32, value: u32) {
        self.write(lane::address(number as u32, register), value);
    }

    pub(crate) fn group(&self, register: u32) -> u32 {
        self.unit.read(group::address(0, register))
    }

    pub(crate) fn lane(&self, number: usize, register: u32) -> u32 {
        self.unit.read(lane::address(number as u32, register))
    }

    pub(crate) fn lane_state(&self, number: usize) -> u32 {
        lane::STATUS_STATE.of(self.lane(number, lane::STATUS))
    }

    pub(crate) fn group_state(&self) -> u32 {
        group::STATUS_STATE.of(self.group(group::STATUS))
    }

    pub(crate) fn generation(&self) -> u32 {
        self.group(group::GENERATION)
    }

    pub(crate) fn flush(&mut self) {
        self.set_group(group::COMMAND, 1);
        self.written = [0; 8];
    }

    pub(crate) fn reset_lane(&mut self, number: usize) {
        self.set_lane(number, lane::COMMAND, 1);
    }

    pub(crate) fn tick(&mut self, times: u32) {
        for _ in 0..times {
            self.unit.tick(&mut self.memory);
        }
    }

    /// A header that the lane's next entry would carry.
    pub(crate) fn header(&self, number: usize) -> Header {
        let start = u64::from(self.group(group::START_LO)) | u64::from(self.group(group::START_HI)) << 32;
        Header {
            seq: start + u64::from(self.written[number]),
            generation: self.generation(),
            target: 0xCAFE,
            kind: Kind::Posted as u16,
            channel: 3,
            group: (number / 4) as u16,
            length: 0,
        }
    }

    /// Puts a raw entry into the next slot of the ring, without ringing.
    pub(crate) fn put(&mut self, number: usize, entry: [u8; 64]) {
        let slot = u64::from(self.written[number]) % (1 << RING_LOG2);
        self.memory.write(arena(number) + 64 * slot, &entry);
        self.written[number] += 1;
    }

    pub(crate) fn ring(&mut self, number: usize) {
        self.ring_with(number, self.generation(), self.written[number]);
    }

    pub(crate) fn ring_with(&mut self, number: usize, generation: u32, tail: u32) {
        self.write(doorbell::address(number as u32, doorbell::TAIL), tail);
        self.write(doorbell::address(number as u32, doorbell::GENERATION), generation);
    }

    /// Submits a raw entry and rings.
    pub(crate) fn submit_raw(&mut self, number: usize, entry: [u8; 64]) {
        self.put(number, entry);
        self.ring(number);
    }

    /// Submits an inline record with this content.
    pub(crate) fn submit(&mut self, number: usize, content: u8) {
        let entry = Submission::inline(self.header(number), &[content; 5]).unwrap().seal();
        self.submit_raw(number, entry);
    }

    /// The entry of a record with its payload at `iova`.
    pub(crate) fn entry_at(&self, number: usize, iova: u64, length: u32) -> [u8; 64] {
        let header = Header { length, ..self.header(number) };
        Submission { header, body: Body::At(iova) }.seal()
    }

    /// Submits to each lane the content given for it.
    pub(crate) fn submit_all(&mut self, contents: &[(usize, u8)]) {
        for (number, content) in contents {
            self.submit(*number, *content);
        }
    }

    /// New verdicts of group 0, each checked: code, phase, position. Gives the unit room again.
    pub(crate) fn verdicts(&mut self) -> Vec<Verdict> {
        let found = self.peek_verdicts();
        self.verdicts_read[0] += found.len() as u32;
        let head = self.verdicts_read[0];
        self.set_group(group::VERDICT_HEAD, head);
        found
    }

    /// Like [`verdicts`](Self::verdicts) without giving the unit room.
    pub(crate) fn peek_verdicts(&mut self) -> Vec<Verdict> {
        let raw = entries(&mut self.memory, VERDICTS, VERDICT_LOG2, self.verdicts_read[0]);
        let tail = self.group(group::VERDICT_TAIL);
        assert_eq!(self.verdicts_read[0] + raw.len() as u32, tail, "the phase and VERDICT_TAIL agree");
        raw.iter().map(|entry| Verdict::open(entry).unwrap()).collect()
    }

    pub(crate) fn verdict(&mut self) -> Verdict {
        let found = self.verdicts();
        assert_eq!(found.len(), 1, "{found:?}");
        found[0]
    }

    pub(crate) fn outcomes(&mut self) -> Vec<Outcome> {
        self.verdicts().iter().map(|verdict| verdict.outcome).collect()
    }

    pub(crate) fn faults(&mut self) -> Vec<Fault> {
        let raw = entries(&mut self.memory, FAULTS, FAULT_LOG2, self.faults_read);
        self.faults_read += raw.len() as u32;
        self.write(card::FAULT_HEAD, self.faults_read);
        raw.iter().map(|entry| Fault::open(entry).unwrap()).collect()
    }

    /// The causes and addresses of the new faults.
    pub(crate) fn causes(&mut self) -> Vec<(u8, FaultCause, u64)> {
        self.faults().iter().map(|fault| (fault.lane, fault.cause, fault.address)).collect()
    }

    pub(crate) fn break_range(&mut self, from: u64, length: u64, error: ReadError) {
        self.memory.break_range(from..from + length, error);
    }
}

/// The entries from number `read` on whose phase says that they are there.
fn entries(memory: &mut Regions, base: u64, log2: u32, read: u32) -> Vec<[u8; 32]> {
    let mut found = Vec::new();
    for index in read..read + (1 << log2) {
        let mut entry = [0; 32];
        memory.read(base + 32 * u64::from(index % (1 << log2)), &mut entry).unwrap();
        if entry[28] & 1 == u8::from(verdict::phase_of(index, log2)) {
            found.push(entry);
        } else {
            break;
        }
    }
    found
}
