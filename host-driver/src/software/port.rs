//! One lane as the comparator sees it: doorbell, entries and their checks, and what waits for the vote.

use super::examine::{Cause, Terms, examine};
use crate::arena::ArenaReader;
use crate::entry::Entry;
use crate::group::LanePlace;
use crate::ring::Position;
use covert_abi::{FaultCause, Generation, LaneSet, Seq};

/// What the lane is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LaneState {
    Off,
    Live,
    Locked,
}

/// What became of a doorbell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rung {
    /// Nothing new, or taken.
    Fine,
    /// Ignored, to be counted.
    Stale,
    /// The tail is further ahead than the ring is long.
    Fault(Cause),
}

/// A lane that was not placed since its reset.
pub(super) const NOWHERE: LanePlace =
    LanePlace { ring_base: 0, ring_log2: 0, window_base: 0, window_limit: 0 };

#[derive(Debug)]
pub(super) struct Port {
    pub(super) arena: ArenaReader,
    pub(super) place: LanePlace,
    /// Where it was placed last: a reset forgets the place, but what was compared before can still be copied from there.
    pub(super) kept: LanePlace,
    pub(super) state: LaneState,
    /// Whether the lane was live when the generation began.
    pub(super) member: bool,
    /// Where and why the lane was locked in this generation.
    pub(super) failed: Option<(Seq, FaultCause)>,
    /// The next record due from the lane.
    pub(super) due: Seq,
    doorbell: Position,
    head: u32,
    tail: u32,
    /// Checked records without a vote, a ring as deep as the skew; `voted` counts those taken out.
    waiting: Box<[Entry]>,
    voted: u32,
}

impl Port {
    pub(super) fn new(arena: ArenaReader, skew_log2: u32) -> Port {
        Port {
            arena,
            place: NOWHERE,
            kept: NOWHERE,
            state: LaneState::Off,
            member: false,
            failed: None,
            due: 0,
            doorbell: Position::default(),
            head: 0,
            tail: 0,
            waiting: vec![Entry::default(); 1 << skew_log2].into_boxed_slice(),
            voted: 0,
        }
    }

    /// Starts a generation; what was not voted on is forgotten.
    pub(super) fn begin(&mut self, member: bool, start: Seq) {
        if self.state != LaneState::Locked {
            self.state = if member { LaneState::Live } else { LaneState::Off };
        }
        self.member = self.state == LaneState::Live;
        self.failed = None;
        self.due = start;
        self.forget();
    }

    /// Goes on in a generation that another comparator began, at the record `due`.
    pub(super) fn resume(&mut self, state: LaneState, due: Seq, index: u32) {
        self.state = state;
        self.due = due;
        (self.head, self.tail, self.voted) = (index, index, index);
    }

    /// How far the doorbell lets the lane go; where it is if that is no tail.
    pub(super) fn rung_ahead(&self, generation: Generation) -> u32 {
        let rung = self.arena.rung();
        let sane = rung.count.wrapping_sub(self.head) <= 1 << self.place.ring_log2;
        if rung.generation == generation && sane { rung.count } else { self.head }
    }

    /// Looks away from a doorbell that another comparator ignored and counted: only the tail of a lane that takes part is
    /// news.
    pub(super) fn skip_old_news(&mut self, generation: Generation) {
        let rung = self.arena.rung();
        if self.state != LaneState::Live || rung.generation != generation {
            self.doorbell = rung;
        }
    }

    /// Entries fetched in this generation, modulo 2^32.
    pub(super) fn head(&self) -> u32 {
        self.head
    }

    /// Whether there is room for another record without a vote.
    #[inline]
    pub(super) fn has_room(&self) -> bool {
        (self.head.wrapping_sub(self.voted) as usize) < self.waiting.len()
    }

    /// Takes another arena, whose doorbell was not rung yet as far as this lane is concerned.
    pub(super) fn attach(&mut self, arena: ArenaReader) {
        self.doorbell = arena.rung();
        self.arena = arena;
    }

    fn forget(&mut self) {
        self.head = 0;
        self.tail = 0;
        self.voted = 0;
    }

    /// Locks the lane at the record due from it.
    pub(super) fn lock(&mut self, cause: FaultCause) {
        self.state = LaneState::Locked;
        self.failed = Some((self.due, cause));
    }

    /// Switches the lane off, closes its window and forgets where its ring is. What it delivered in this generation stays
    /// delivered.
    pub(super) fn reset(&mut self) {
        self.state = LaneState::Off;
        self.place = NOWHERE;
    }

    /// Takes the doorbell if it was rung since the last look.
    #[inline]
    pub(super) fn look(&mut self, generation: Generation, running: bool) -> Rung {
        let rung = self.arena.rung();
        if rung == self.doorbell {
            return Rung::Fine;
        }
        self.doorbell = rung;
        if rung.generation != generation || self.state != LaneState::Live {
            return Rung::Stale;
        }
        if rung.count.wrapping_sub(self.head) > 1 << self.place.ring_log2 {
            return Rung::Fault((FaultCause::Doorbell, u64::from(rung.count)));
        }
        if running {
            self.tail = rung.count;
        }
        Rung::Fine
    }

    /// Whether there is an entry to fetch and room for it.
    #[inline]
    pub(super) fn can_fetch(&self) -> bool {
        self.state == LaneState::Live && self.head != self.tail && self.has_room()
    }

    /// Fetches and checks the next entry; a payload's bytes are left for the vote, which reads them once.
    #[inline]
    pub(super) fn fetch(&mut self, terms: &Terms) -> Result<(), Cause> {
        let entry = self.examine(terms)?;
        let at = self.head as usize & (self.waiting.len() - 1);
        self.waiting[at] = entry;
        self.head = self.head.wrapping_add(1);
        self.due = self.due.wrapping_add(1);
        Ok(())
    }

    /// The entry that is due, checked.
    #[inline]
    pub(super) fn examine(&self, terms: &Terms) -> Result<Entry, Cause> {
        examine(&self.arena, &self.place, terms, self.head, self.due)
    }

    /// The oldest record without a vote.
    #[inline]
    pub(super) fn delivered(&self) -> Option<&Entry> {
        if self.head == self.voted {
            return None;
        }
        self.waiting.get(self.voted as usize & (self.waiting.len() - 1))
    }

    /// Takes the oldest record out, after its vote.
    #[inline]
    pub(super) fn voted(&mut self) {
        self.voted = self.voted.wrapping_add(1);
    }

    /// Whether the lane takes part in the vote on `seq`: it was live and was not locked before. Positions near the end of
    /// their range are compared by distance, since a flush may start there.
    #[inline]
    pub(super) fn takes_part(&self, seq: Seq) -> bool {
        self.member && self.failed.is_none_or(|(at, _)| at.wrapping_sub(seq) <= u64::MAX / 2)
    }
}

/// The lanes for which `keep` holds.
#[inline]
pub(super) fn lanes(ports: &[Port], keep: impl Fn(&Port) -> bool) -> LaneSet {
    ports.iter().enumerate().filter(|(_, port)| keep(port)).map(|(lane, _)| lane).collect()
}
