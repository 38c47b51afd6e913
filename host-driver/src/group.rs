//! The coordinator's side: the lanes of one VM, compared.

use crate::release::{CopyError, RecordCopy};
use covert_abi::{Fault, Generation, LaneSet, Seq, Verdict};

/// What a comparator can do; cases and configurations size themselves by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Lanes in the group, 1 to 4.
    pub lanes: usize,
    /// Records that a lane can be ahead of the comparison.
    pub skew: u32,
    /// Entries in the verdict ring.
    pub verdicts: u32,
    /// Entries in the fault ring; 0 keeps no log.
    pub faults: u32,
    /// Longest payload in bytes.
    pub payload_max: u32,
}

/// What a group is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// No lane is live.
    Idle,
    /// Records are fetched and voted on.
    Running,
    /// A record failed, or too few lanes are left; only a flush goes on.
    Halted,
    /// A flush waits for room in the verdict ring.
    Flushing,
}

/// State of a group at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// What it is doing.
    pub state: State,
    /// The current generation; 0 before the first flush.
    pub generation: Generation,
    /// The live lanes.
    pub live: LaneSet,
}

/// What was ignored or lost, counted since the group was made. Each stays at its maximum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Doorbells that named another generation or came to a lane that is not live.
    pub stale_doorbells: u32,
    /// Faults that found no room in the log.
    pub faults_dropped: u32,
}

/// Where a lane's entries are and what it may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LanePlace {
    /// IOVA of the submission ring; a multiple of 64.
    pub ring_base: u64,
    /// Log2 of the ring's entries, at most 16.
    pub ring_log2: u32,
    /// First IOVA that the lane may read.
    pub window_base: u64,
    /// First IOVA behind those that it may read; at or below the base the window is closed.
    pub window_limit: u64,
}

impl LanePlace {
    /// The ring and all of an arena.
    ///
    /// # Errors
    /// The geometry is out of range.
    pub fn of(geometry: &crate::arena::Geometry) -> Result<LanePlace, crate::arena::ArenaError> {
        let bytes = geometry.bytes()? as u64;
        Ok(LanePlace {
            ring_base: geometry.ring_iova(),
            ring_log2: geometry.ring_log2,
            window_base: geometry.base,
            window_limit: geometry.base.wrapping_add(bytes),
        })
    }
}

/// Why a group did not do what it was told.
#[derive(Debug, thiserror::Error)]
pub enum GroupError {
    /// There is no such lane.
    #[error("the group has no lane {lane}, only {lanes}")]
    NoLane {
        /// Which lane was named.
        lane: usize,
        /// Lanes of the group.
        lanes: usize,
    },
    /// A value that the comparator cannot take.
    #[error("{what} is {value:#x}: {must}")]
    Config {
        /// Which value.
        what: &'static str,
        /// What it was.
        value: u64,
        /// What it has to be.
        must: &'static str,
    },
    /// The lane takes part in the generation that runs.
    #[error("lane {lane} is live: reset it, or flush without it, before it is placed anew")]
    Live {
        /// Which lane.
        lane: usize,
    },
    /// A flush is waiting for room in the verdict ring.
    #[error("a flush is under way: poll the verdicts until `Flushed` comes")]
    Flushing,
    /// More was to be released than was judged, or less than before.
    #[error("cannot release up to {asked}: released up to {released}, judged up to {judged}")]
    Release {
        /// First record not to be released.
        asked: Seq,
        /// First record not yet released.
        released: Seq,
        /// First record without a verdict.
        judged: Seq,
    },
    /// The comparator itself is broken; it must be reset and what is uncommitted compared elsewhere.
    #[error("the comparator failed: {0}")]
    Broken(String),
}

/// The lanes of one VM, compared record by record as `docs/src/unit.md` says.
///
/// One implementation a file: [`SoftwareGroup`](crate::software::SoftwareGroup) is the one that needs no hardware.
pub trait Group: Send {
    /// What the comparator can do.
    fn limits(&self) -> Limits;

    /// What it is doing.
    fn status(&self) -> Status;

    /// What it has ignored or lost.
    fn counters(&self) -> Counters;

    /// Tells where a lane's ring and window are. A lane that was reset has a closed window until then.
    ///
    /// # Errors
    /// No such lane, a place out of range, or the lane is live.
    fn place(&mut self, lane: usize, place: &LanePlace) -> Result<(), GroupError>;

    /// Longest payload in bytes that lanes may submit, from the next entry on.
    ///
    /// # Errors
    /// More than [`Limits::payload_max`].
    fn set_payload_max(&mut self, bytes: u32) -> Result<(), GroupError>;

    /// Ticks that a lane may be without an entry that another has; 0 is for ever.
    fn set_watchdog(&mut self, ticks: u32);

    /// Ends the generation; the next one has these members and starts with record `start`.
    ///
    /// Everything rung before is taken first. The `Flushed` verdict comes when the verdict ring has room.
    ///
    /// # Errors
    /// A member that the group does not have, or a flush under way.
    fn flush(&mut self, members: LaneSet, start: Seq) -> Result<(), GroupError>;

    /// Unlocks a lane: drains it, closes its window, forgets where its ring is and leaves it off until a flush takes it in.
    /// [`place`](Self::place) it before that.
    ///
    /// # Errors
    /// No such lane.
    fn reset_lane(&mut self, lane: usize) -> Result<(), GroupError>;

    /// Does what there is to do, lets `ticks` pass, and does what follows from it.
    ///
    /// A card counts its own ticks and works by itself: there, this only catches up with it.
    ///
    /// # Errors
    /// The comparator is broken.
    fn advance(&mut self, ticks: u32) -> Result<(), GroupError>;

    /// Takes the oldest verdict out of the ring.
    ///
    /// # Errors
    /// The comparator is broken.
    fn poll(&mut self) -> Result<Option<Verdict>, GroupError>;

    /// Takes the oldest report out of the fault log.
    ///
    /// # Errors
    /// The comparator is broken.
    fn poll_fault(&mut self) -> Result<Option<Fault>, GroupError>;

    /// Copies a record of this generation from a lane's arena, header and payload, for
    /// [`RecordCopy::confirm`] to decide about.
    ///
    /// # Errors
    /// The record is not in the arena (any more), or what is there is no record.
    fn copy_record(&self, lane: usize, seq: Seq, copy: &mut RecordCopy) -> Result<(), CopyError>;

    /// Gives the slots of all records before `next` back to the replicas.
    ///
    /// # Errors
    /// A record without a verdict, or one behind the last release.
    fn release(&mut self, next: Seq) -> Result<(), GroupError>;
}
