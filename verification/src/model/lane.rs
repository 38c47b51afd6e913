//! One lane: its configuration and where it is in its ring.

use covert_abi::FaultCause;
use std::collections::VecDeque;

/// What a lane is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum State {
    #[default]
    Off,
    Live,
    Locked(FaultCause),
}

/// What the driver sets. A lane reset forgets it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Configuration {
    pub(super) ring_base: u64,
    pub(super) ring_log2: u32,
    pub(super) window_base: u64,
    pub(super) window_limit: u64,
}

/// A lane's part in the current generation. It outlives a reset of the lane: what was delivered stays delivered, and a
/// lane that was lost stays lost, until the next flush.
#[derive(Clone, Debug, Default)]
pub(super) struct Seat {
    /// Whether the generation started with this lane.
    pub(super) taken: bool,
    /// Records delivered in this generation.
    pub(super) delivered: u64,
    /// Fingerprints that wait for the vote, oldest first.
    pub(super) waiting: VecDeque<u64>,
    /// Why the lane was locked in this generation; the record is number `delivered`.
    pub(super) lost: Option<FaultCause>,
}

/// One lane.
#[derive(Clone, Debug, Default)]
pub(super) struct Lane {
    pub(super) configuration: Configuration,
    pub(super) state: State,
    pub(super) head: u32,
    pub(super) tail: u32,
    /// The doorbell's `TAIL` word, which waits for `GENERATION` to be written.
    pub(super) tail_written: u32,
    pub(super) seat: Seat,
}

impl Lane {
    pub(super) fn is_live(&self) -> bool {
        self.state == State::Live
    }

    /// Nothing to fetch, and nothing delivered for the record that the group votes on next.
    pub(super) fn lacks_an_entry(&self) -> bool {
        self.is_live() && self.seat.waiting.is_empty() && self.head == self.tail
    }

    /// Address of the entry at the head.
    pub(super) fn entry_address(&self) -> u64 {
        let slot = u64::from(self.head) & (self.ring_length() - 1);
        self.configuration.ring_base.wrapping_add(64 * slot)
    }

    /// Entries in the ring: the register's low five bits count, whatever the unit's limit.
    fn ring_length(&self) -> u64 {
        1 << (self.configuration.ring_log2 & 31)
    }

    /// Whether `tail` is within the ring's length of the head.
    pub(super) fn can_take(&self, tail: u32) -> bool {
        u64::from(tail.wrapping_sub(self.head)) <= self.ring_length()
    }

    /// The end of a reset, after the fault of a live lane was dealt with.
    pub(super) fn forget(&mut self) {
        self.configuration = Configuration::default();
        self.state = State::Off;
    }

    /// The start of a generation: `member` says whether `MEMBERS` names the lane.
    pub(super) fn start(&mut self, member: bool) {
        self.state = match self.state {
            State::Locked(cause) => State::Locked(cause),
            _ if member => State::Live,
            _ => State::Off,
        };
        self.head = 0;
        self.tail = 0;
        self.seat = Seat { taken: self.is_live(), ..Seat::default() };
    }
}
