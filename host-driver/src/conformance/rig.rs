//! What a case works on: a group, and the arenas of its lanes, written to as a replica gone right or wrong would.

use super::Failure;
use crate::arena::{self, ArenaError, ArenaReader, ArenaWriter, Geometry};
use crate::entry::Entry;
use crate::group::{Group, LanePlace, State};
use crate::lane::{ArenaDoorbell, Doorbell};
use crate::progress::{ProgressReader, ProgressWriter};
use crate::release::RecordCopy;
use crate::ring::Position;
use crate::software::{SoftwareConfig, SoftwareGroup};
use covert_abi::{
    Body, Fault, Generation, Header, LaneSet, Seq, Submission, Verdict, submission::INLINE_MAX,
};
use std::os::fd::OwnedFd;

/// What a case wants of its group. A factory may give another skew depth than asked for, never less of the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Number of the group.
    pub group: u16,
    /// Lanes, 1 to 4.
    pub lanes: usize,
    /// Log2 of each submission ring.
    pub ring_log2: u32,
    /// Bytes of a payload slot.
    pub slot_bytes: u32,
    /// Bytes of checkpoint staging.
    pub staging_bytes: u64,
    /// Log2 of the skew depth.
    pub skew_log2: u32,
    /// Log2 of the verdict ring.
    pub verdict_log2: u32,
    /// Log2 of the fault ring; 0 keeps no log.
    pub fault_log2: u32,
    /// Longest payload.
    pub payload_max: u32,
}

impl Shape {
    /// Some lanes, and room for everything that most cases do.
    pub fn lanes(lanes: usize) -> Shape {
        Shape {
            group: 0,
            lanes,
            ring_log2: 4,
            slot_bytes: 1024,
            staging_bytes: 0,
            skew_log2: 3,
            verdict_log2: 5,
            fault_log2: 4,
            payload_max: 1024,
        }
    }

    /// The arena of each lane: its own range of IOVAs, far from the others'.
    pub fn geometry(&self, lane: usize) -> Geometry {
        Geometry {
            base: 0x1_0000_0000 * (lane as u64 + 1),
            ring_log2: self.ring_log2,
            slot_bytes: self.slot_bytes,
            staging_bytes: self.staging_bytes,
        }
    }
}

/// The replica's end of one lane.
pub struct Port {
    /// Its arena, to write anything into.
    pub arena: ArenaWriter,
    /// Its doorbell.
    pub doorbell: Box<dyn Doorbell>,
}

/// A group and the replicas' ends of its lanes.
pub struct Rig {
    /// The comparator under test.
    pub group: Box<dyn Group>,
    /// The replicas' ends, by position.
    pub ports: Vec<Port>,
    /// The page in which the group tells its releases.
    pub progress: ProgressReader,
    /// What the group was asked to be.
    pub shape: Shape,
}

/// Makes the comparator that a suite is run on. A group comes idle, in generation 0, with no lane placed. A case drops its rig before
/// it asks for another: there may be only one card.
pub trait Factory {
    /// A fresh rig.
    ///
    /// # Errors
    /// The comparator cannot be had; the case then fails with this.
    fn rig(&self, shape: &Shape) -> Result<Rig, Failure>;
}

/// A rig whose rings hold more than its comparator fetches ahead, however deep that is.
///
/// # Errors
/// The comparator cannot be had.
pub(super) fn rig_beyond_skew(factory: &dyn Factory, shape: Shape) -> Result<Rig, Failure> {
    let rig = factory.rig(&shape)?;
    let needed = (2 * rig.group.limits().skew).ilog2();
    if shape.ring_log2 >= needed {
        return Ok(rig);
    }
    drop(rig);
    factory.rig(&Shape { ring_log2: needed, ..shape })
}

/// What a backend's factory needs beside its group.
pub struct Parts {
    /// The coordinator's mappings, by lane.
    pub readers: Vec<ArenaReader>,
    /// The replicas' mappings, by lane.
    pub writers: Vec<ArenaWriter>,
    /// The memory of the arenas, by lane, for DMA mappings.
    pub memory: Vec<OwnedFd>,
    /// The coordinator's end of the progress page.
    pub progress: ProgressWriter,
    /// The page itself, for the replicas.
    pub page: OwnedFd,
}

impl Parts {
    /// Arenas and progress page as the shape says.
    ///
    /// # Errors
    /// No memory.
    pub fn make(shape: &Shape) -> Result<Parts, ArenaError> {
        let (progress, page) = ProgressWriter::create()?;
        let (mut readers, mut writers, mut memory) = (Vec::new(), Vec::new(), Vec::new());
        for lane in 0..shape.lanes {
            let geometry = shape.geometry(lane);
            let fd = arena::create(&geometry)?;
            readers.push(ArenaReader::map(&fd, geometry)?);
            writers.push(ArenaWriter::map(&fd, geometry)?);
            memory.push(fd);
        }
        Ok(Parts { readers, writers, memory, progress, page })
    }
}

/// Makes software comparators.
#[derive(Clone, Copy, Debug, Default)]
pub struct Software;

impl Factory for Software {
    fn rig(&self, shape: &Shape) -> Result<Rig, Failure> {
        let parts = Parts::make(shape).map_err(Failure::because)?;
        let progress = ProgressReader::map(&parts.page).map_err(Failure::because)?;
        let config = SoftwareConfig {
            group: shape.group,
            skew_log2: shape.skew_log2,
            verdict_log2: shape.verdict_log2,
            fault_log2: shape.fault_log2,
            payload_max: shape.payload_max,
        };
        let group = SoftwareGroup::new(config, parts.readers, parts.progress).map_err(Failure::because)?;
        let doorbell = || Box::new(ArenaDoorbell) as Box<dyn Doorbell>;
        let ports = parts.writers.into_iter().map(|arena| Port { arena, doorbell: doorbell() }).collect();
        Ok(Rig { group: Box::new(group), ports, progress, shape: *shape })
    }
}

impl Rig {
    /// Places every lane at all of its arena.
    ///
    /// # Errors
    /// The group refuses.
    pub fn place_all(&mut self) -> Result<(), Failure> {
        for lane in 0..self.ports.len() {
            self.group.place(lane, &self.place(lane)?).map_err(Failure::because)?;
        }
        Ok(())
    }

    /// Ring and window of a lane over all of its arena.
    ///
    /// # Errors
    /// The shape is impossible.
    pub fn place(&self, lane: usize) -> Result<LanePlace, Failure> {
        LanePlace::of(&self.shape.geometry(lane)).map_err(Failure::because)
    }

    /// Places every lane, starts generation 1 with these members and takes the first `Flushed`.
    ///
    /// # Errors
    /// The group refuses or answers anything else.
    pub fn start(&mut self, members: LaneSet, start: Seq) -> Result<(), Failure> {
        self.place_all()?;
        self.group.flush(members, start).map_err(Failure::because)?;
        let verdicts = self.verdicts()?;
        if verdicts.len() != 1 || self.generation() != 1 || self.group.status().state != State::Running {
            return Err(Failure(format!("the first flush gave {verdicts:?}, {:?}", self.group.status())));
        }
        Ok(())
    }

    /// The generation that runs.
    pub fn generation(&self) -> Generation {
        self.group.status().generation
    }

    /// A header of this group and generation.
    pub fn header(&self, seq: Seq) -> Header {
        Header {
            seq,
            generation: self.generation(),
            length: 0,
            target: 0x3f8,
            group: self.shape.group,
            kind: 1,
            channel: 7,
        }
    }

    /// Writes an entry, whatever it is, into a lane's ring.
    pub fn store(&self, lane: usize, index: u32, entry: &[u8; 64]) {
        self.ports[lane].arena.store_entry(index, &Entry::from_bytes(entry));
    }

    /// Writes a record into a lane's ring: inline if it fits, else with its payload in the slot.
    pub fn put(&self, lane: usize, index: u32, header: Header, payload: &[u8]) {
        if payload.len() <= INLINE_MAX
            && let Some(submission) = Submission::inline(header, payload)
        {
            self.store(lane, index, &submission.seal());
        } else {
            self.put_by_address(lane, index, header, payload);
        }
    }

    /// Writes a record whose payload is in the slot, however short it is.
    pub fn put_by_address(&self, lane: usize, index: u32, header: Header, payload: &[u8]) {
        let iova = self.shape.geometry(lane).slot_iova(index);
        self.ports[lane].arena.write(iova, payload);
        self.put_at(lane, index, Header { length: payload.len() as u32, ..header }, iova);
    }

    /// Writes an entry with its payload, if it has one, at any address.
    pub fn put_at(&self, lane: usize, index: u32, header: Header, iova: u64) {
        self.store(lane, index, &Submission { header, body: Body::At(iova) }.seal());
    }

    /// Rings a lane's doorbell in the generation that runs, and lets the group work.
    ///
    /// # Errors
    /// The group is broken.
    pub fn ring(&mut self, lane: usize, tail: u32) -> Result<(), Failure> {
        self.ring_as(lane, self.generation(), tail)
    }

    /// Rings a lane's doorbell in any generation, and lets the group work.
    ///
    /// # Errors
    /// The group is broken.
    pub fn ring_as(&mut self, lane: usize, generation: Generation, count: u32) -> Result<(), Failure> {
        let Port { arena, doorbell } = &self.ports[lane];
        doorbell.ring(arena, Position { generation, count });
        self.group.advance(0).map_err(Failure::because)
    }

    /// One record, the same in these lanes, and the doorbells rung for it. `index` counts from the generation's start.
    ///
    /// # Errors
    /// The group is broken.
    pub fn submit(&mut self, lanes: LaneSet, index: u32, seq: Seq, payload: &[u8]) -> Result<(), Failure> {
        for lane in lanes.iter() {
            self.put(lane, index, self.header(seq), payload);
            self.ring(lane, index.wrapping_add(1))?;
        }
        Ok(())
    }

    /// Every verdict that there is now.
    ///
    /// # Errors
    /// The group is broken.
    pub fn verdicts(&mut self) -> Result<Vec<Verdict>, Failure> {
        self.group.advance(0).map_err(Failure::because)?;
        let mut all = Vec::new();
        while let Some(verdict) = self.group.poll().map_err(Failure::because)? {
            all.push(verdict);
        }
        Ok(all)
    }

    /// Every fault that there is now.
    ///
    /// # Errors
    /// The group is broken.
    pub fn faults(&mut self) -> Result<Vec<Fault>, Failure> {
        let mut all = Vec::new();
        while let Some(fault) = self.group.poll_fault().map_err(Failure::because)? {
            all.push(fault);
        }
        Ok(all)
    }

    /// A copy of a record from a lane's arena.
    ///
    /// # Errors
    /// It cannot be copied.
    pub fn copy(&self, lane: usize, seq: Seq) -> Result<RecordCopy, Failure> {
        let mut copy = RecordCopy::new(self.shape.payload_max);
        self.group.copy_record(lane, seq, &mut copy).map_err(Failure::because)?;
        Ok(copy)
    }
}
