//! Two lanes under a software comparator, as the benches time them.

use covert_abi::LaneSet;
use covert_driver::conformance::{Parts, Shape};
use covert_driver::software::SoftwareConfig;
use covert_driver::{
    ArenaDoorbell, ArenaLane, Group, Lane, LanePlace, Output, ProgressReader, RecordCopy, SoftwareGroup,
};
use memmap2::{Mmap, MmapOptions};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Two lanes, their group and the slots' memory, filled by `submit`.
pub(crate) struct Pair {
    pub(crate) group: SoftwareGroup,
    pub(crate) lanes: Vec<ArenaLane<ArenaDoorbell>>,
    memory: Vec<Mmap>,
    shape: Shape,
    pub(crate) payload: Vec<u8>,
    next: u64,
    copy: RecordCopy,
}

impl Pair {
    pub(crate) fn new(bytes: usize) -> Pair {
        // Rings of at most 8 MiB of slots a lane, so that short records rotate through more than a cache holds.
        let entries = ((8 << 20) / bytes.max(1)).clamp(8, 256).next_power_of_two();
        let shape = Shape {
            ring_log2: entries.trailing_zeros(),
            slot_bytes: bytes.next_multiple_of(64) as u32,
            skew_log2: 8,
            verdict_log2: 8,
            payload_max: bytes as u32,
            ..Shape::lanes(2)
        };
        let parts = Parts::make(&shape).expect("two arenas");
        // SAFETY: nothing writes through the lanes while a slice of this mapping is in use.
        let map = |fd| unsafe { MmapOptions::new().populate().map(fd) }.expect("a mapping");
        let memory = parts.memory.iter().map(map).collect();
        let config = SoftwareConfig {
            skew_log2: shape.skew_log2,
            verdict_log2: shape.verdict_log2,
            payload_max: shape.payload_max,
            ..SoftwareConfig::default()
        };
        let mut group = SoftwareGroup::new(config, parts.readers, parts.progress).expect("a group");
        for lane in 0..2 {
            let place = LanePlace::of(&shape.geometry(lane)).expect("a place");
            group.place(lane, &place).expect("placed");
        }
        group.flush(LaneSet::first(2), 0).expect("flushed");
        group.poll().expect("a verdict");
        let lanes = parts.writers.into_iter().map(|arena| {
            let told = ProgressReader::map(&parts.page).expect("a progress page");
            let mut lane = ArenaLane::new(arena, told, ArenaDoorbell, 0);
            lane.begin(1, 0);
            lane
        });
        let lanes = lanes.collect();
        let payload = (0..bytes).map(|i| (i * 31 % 251) as u8).collect();
        Pair { group, lanes, memory, shape, payload, next: 0, copy: RecordCopy::new(bytes as u32) }
    }

    pub(crate) fn entries(&self) -> u64 {
        1 << self.shape.ring_log2
    }

    /// A whole ring of records in both lanes.
    pub(crate) fn submit(&mut self) {
        for _ in 0..self.entries() {
            for lane in &mut self.lanes {
                lane.submit(&Output::default(), &self.payload).expect("room");
                lane.ring();
            }
        }
    }

    pub(crate) fn verdict(&mut self) -> covert_abi::Verdict {
        let verdict = self.group.poll().expect("a group").expect("a verdict");
        assert!(verdict.outcome.is_releasable());
        verdict
    }

    pub(crate) fn release(&mut self) {
        let verdict = self.verdict();
        self.group.copy_record(0, verdict.seq, &mut self.copy).expect("a copy");
        black_box(self.copy.confirm(&verdict).expect("the same").payload);
        self.group.release(verdict.seq + 1).expect("released");
    }

    pub(crate) fn slot(&self, lane: usize, index: u64) -> &[u8] {
        let geometry = self.shape.geometry(lane);
        let from = (geometry.slot_iova(index as u32) - geometry.base) as usize;
        &self.memory[lane][from..from + self.payload.len()]
    }

    /// Times `step` for `records` records, with whole rings submitted outside the time.
    pub(crate) fn timed(&mut self, records: u64, mut step: impl FnMut(&mut Pair, u64)) -> Duration {
        let (mut spent, mut done) = (Duration::ZERO, 0);
        while done < records {
            self.submit();
            let entries = self.entries();
            let begin = Instant::now();
            for index in 0..entries {
                step(self, index);
            }
            spent += begin.elapsed();
            // What the step left: every record is judged and released before the next ring.
            while self.group.poll().expect("a group").is_some() {}
            self.next += entries;
            self.group.release(self.next).expect("released");
            done += entries;
        }
        spent.mul_f64(records as f64 / done as f64)
    }
}
