//! What a record is and what names it.
//!
//! A *record* is one thing that leaves the sphere of replication: a port write, a frame, a file write, the
//! fingerprint of a checkpoint. (group, generation, seq) names it; all replicas of a group must produce the same
//! records with the same content.

use crate::layout::entry;

/// Position of a record in the output stream of its group.
///
/// Inside a generation every lane counts from the flush's start sequence in steps of exactly one.
pub type Seq = u64;

/// Counts the rollbacks (more exactly: the flushes) of a group. The first generation that runs is 1.
pub type Generation = u32;

entry! {
    /// The canonical header: what the fingerprint covers beside the payload.
    ///
    /// It holds nothing that may differ between lanes: no address, no lane number, no flags.
    pub struct Header: 32 bytes {
        /// Position in the group's output stream.
        seq: u64 = 0,
        /// Generation of the group in which the record was produced.
        generation: u32 = 8,
        /// Payload bytes, without padding.
        length: u32 = 12,
        /// Where the payload is meant to go, in terms of the channel: a port, an address, a file offset.
        target: u64 = 16,
        /// Group of the unit that the lane belongs to.
        group: u16 = 24,
        /// What sort of record it is; see [`Kind`].
        kind: u16 = 26,
        /// Which device, file or stream of the guest it leaves by.
        channel: u32 = 28,
    }
}

/// What sort of record it is. The unit compares kinds, it never interprets them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u16)]
pub enum Kind {
    /// Output whose result the guest does not see: a port or MMIO write, a frame, console bytes.
    Posted = 1,
    /// Output whose result the guest waits for: a file write, an fsync, a send.
    Waiting = 2,
    /// Fingerprint of a replica's state at the end of an epoch. Never leaves the host.
    State = 3,
    /// Sign of life of a replica that has had nothing to output. Never leaves the host.
    Heartbeat = 4,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 4] = [Kind::Posted, Kind::Waiting, Kind::State, Kind::Heartbeat];

    /// The kind with this number, if there is one.
    pub fn from_number(number: u16) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| *kind as u16 == number)
    }
}

/// A set of lanes of one group, by position.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LaneSet(u8);

impl LaneSet {
    /// No lane.
    pub const EMPTY: LaneSet = LaneSet(0);

    /// The first `lanes` lanes of a group; more than [`LANES_PER_GROUP_MAX`](crate::LANES_PER_GROUP_MAX) is
    /// taken as all of them.
    pub const fn first(lanes: usize) -> LaneSet {
        if lanes >= crate::LANES_PER_GROUP_MAX { LaneSet(0xF) } else { LaneSet((1 << lanes) - 1) }
    }

    /// Lane `position` alone; empty when a group cannot have such a lane.
    pub const fn only(position: usize) -> LaneSet {
        if position < crate::LANES_PER_GROUP_MAX { LaneSet(1 << position) } else { LaneSet(0) }
    }

    /// The set whose lanes are the low four bits; `None` if any other bit is set.
    pub const fn from_bits(bits: u8) -> Option<LaneSet> {
        if bits <= 0xF { Some(LaneSet(bits)) } else { None }
    }

    /// Bit i is lane i.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// How many lanes are in the set.
    pub const fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Whether no lane is in the set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether lane `position` is in the set.
    pub const fn contains(self, position: usize) -> bool {
        !LaneSet::only(position).and(self).is_empty()
    }

    /// The lanes in both sets.
    pub const fn and(self, other: LaneSet) -> LaneSet {
        LaneSet(self.0 & other.0)
    }

    /// The lanes in either set.
    pub const fn or(self, other: LaneSet) -> LaneSet {
        LaneSet(self.0 | other.0)
    }

    /// The lanes of this set that are not in the other.
    pub const fn without(self, other: LaneSet) -> LaneSet {
        LaneSet(self.0 & !other.0)
    }

    /// The positions in the set, lowest first.
    pub fn iter(self) -> impl Iterator<Item = usize> {
        (0..crate::LANES_PER_GROUP_MAX).filter(move |position| self.contains(*position))
    }
}

impl FromIterator<usize> for LaneSet {
    fn from_iter<I: IntoIterator<Item = usize>>(positions: I) -> Self {
        positions.into_iter().fold(LaneSet::EMPTY, |set, position| set.or(LaneSet::only(position)))
    }
}

impl core::fmt::Display for LaneSet {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("{")?;
        for (i, position) in self.iter().enumerate() {
            write!(f, "{}{position}", if i == 0 { "" } else { ", " })?;
        }
        f.write_str("}")
    }
}
