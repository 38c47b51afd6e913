//! Random histories of a group, run on the reference model and on any [`Group`] side by side.
//!
//! A [`Scenario`] is a list of concrete [`Event`]s: bytes stored, doorbells rung, commands, ticks, polls. It knows nothing
//! of what should follow; [`run`](run::run) gives it to both and compares after every event. That
//! makes any part of a scenario a scenario too, which is what [`shrink`](shrink::shrink) lives by.

pub mod generate;
pub mod run;
pub mod shrink;
pub mod sides;

use crate::model::ReadError;
use covert_abi::{Generation, LaneSet, Seq};
use covert_driver::{Geometry, LanePlace};
use std::ops::Range;

/// Sizes of the comparator that a scenario is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setup {
    /// Lanes of the group, 1 to 4.
    pub lanes: usize,
    /// Log2 of the skew depth.
    pub skew_log2: u32,
    /// Log2 of the verdict ring.
    pub verdict_log2: u32,
    /// Log2 of the fault ring; 0 keeps no log.
    pub fault_log2: u32,
    /// Longest payload of the comparator.
    pub payload_max: u32,
}

impl Setup {
    /// The arena of a lane: eight entries, eight slots of 256 bytes.
    pub fn geometry(lane: usize) -> Geometry {
        Geometry {
            base: 0x1_0000_0000 + 0x10_0000 * lane as u64,
            ring_log2: 3,
            slot_bytes: 256,
            staging_bytes: 0,
        }
    }
}

/// One thing that happens to a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The replica writes an entry or its payload into its arena. It happens only if it may: the slot's last record was
    /// released, by a poll of its verdict.
    Store {
        /// Whose arena.
        lane: usize,
        /// The entry's number in the generation.
        index: u32,
        /// Where.
        iova: u64,
        /// What.
        bytes: Vec<u8>,
    },
    /// The replica rings its doorbell.
    Ring {
        /// Whose.
        lane: usize,
        /// The generation named.
        generation: Generation,
        /// The tail named.
        tail: u32,
    },
    /// The coordinator says where ring and window of a lane are.
    Place {
        /// Whose.
        lane: usize,
        /// Where.
        place: LanePlace,
    },
    /// The coordinator limits payloads to so many bytes.
    PayloadMax(u32),
    /// The coordinator sets the watchdog.
    Watchdog(u32),
    /// The coordinator ends the generation.
    Flush {
        /// Members of the next one.
        members: LaneSet,
        /// First record of the next one.
        start: Seq,
    },
    /// The coordinator resets a lane.
    Reset {
        /// Which.
        lane: usize,
    },
    /// From now on, reads that touch this range fail. It happens only where reads can be made to fail.
    Break {
        /// The IOVAs.
        range: Range<u64>,
        /// How.
        error: ReadError,
    },
    /// Every range can be read again.
    Mend,
    /// Time passes.
    Ticks(u32),
    /// The coordinator takes up to so many verdicts, and all faults.
    Poll(u32),
}

/// A history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// What it was made from; 0 for one written or shrunk by other means.
    pub seed: u64,
    /// Sizes.
    pub setup: Setup,
    /// What happens, in order.
    pub events: Vec<Event>,
}
