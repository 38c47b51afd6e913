//! Fetches the entries of a lane's submission ring, in order, as far as there is room for them.
//!
//! An entry is asked for when the doorbell has announced it, the store has a free slot and the vote is less than
//! the skew depth behind. Its 64 bytes must lie inside the window; if not, the lane is `blocked` at this entry.

use crate::window::Window;
use rust_hdl::prelude::*;

/// Where the next entry is.
#[derive(LogicState, Copy, Clone, Debug, PartialEq)]
pub enum Fetching {
    /// Waiting for an entry and for room.
    Idle,
    /// The window is looking at it.
    Check,
    /// The window's answer comes with the next clock.
    Answer,
    /// The read waits to be taken.
    Ask,
    /// The entry lies outside the window.
    Blocked,
}

crate::constants::constants! {
    /// Sizes.
    pub Entry {
        bytes: 17 = covert_abi::SubmissionEntry::BYTES as u64,
        one: 32 = 1u32,
    }
}

/// See the head of the file.
#[derive(LogicBlock, Default)]
pub struct Fetch {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Starts a generation.
    pub clear: Signal<In, Bit>,
    /// Nothing more may be fetched.
    pub halt: Signal<In, Bit>,
    /// The vote is less than the skew depth behind.
    pub room: Signal<In, Bit>,
    /// Entries announced.
    pub tail: Signal<In, Bits<32>>,
    /// Entries done with.
    pub finished: Signal<In, Bits<32>>,
    /// The ring.
    pub ring_base: Signal<In, Bits<64>>,
    #[allow(missing_docs)]
    pub ring_log2: Signal<In, Bits<5>>,
    /// The window.
    pub window_base: Signal<In, Bits<64>>,
    #[allow(missing_docs)]
    pub window_limit: Signal<In, Bits<64>>,

    /// A read waits.
    pub job: Signal<Out, Bit>,
    /// It is taken over.
    pub job_taken: Signal<In, Bit>,
    /// Where it starts.
    pub job_address: Signal<Out, Bits<64>>,
    /// Entries asked for.
    pub fetched: Signal<Out, Bits<32>>,
    /// The next entry lies outside the window.
    pub blocked: Signal<Out, Bit>,
    /// Nothing was announced, one clock ago, that is not being asked for.
    pub lacks: Signal<Out, Bit>,

    fetching: DFF<Fetching>,
    count: DFF<Bits<32>>,
    at: DFF<Bits<64>>,
    part: DFF<Bits<32>>,
    more: DFF<Bit>,
    window: Window,
    ahead: Signal<Local, Bits<32>>,
    announced: Signal<Local, Bit>,
    stored: Signal<Local, Bits<4>>,
    next_count: Signal<Local, Bits<32>>,
    length: Signal<Local, Bits<32>>,
    mask: Signal<Local, Bits<32>>,
    slot: Signal<Local, Bits<32>>,
    offset: Signal<Local, Bits<64>>,
    address: Signal<Local, Bits<64>>,
    k: Entry,
}

impl Logic for Fetch {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, fetching, count, at, part, more);
        clock!(self, clock, window);
        self.ahead.next = self.tail.val() - self.count.q.val();
        // A tail that went backwards announces nothing.
        self.announced.next = (self.ahead.val() != 0) & !self.ahead.val().get_bit(31);
        // At most eight, of which bit 3 is the sign.
        self.stored.next = self.count.q.val().get_bits::<4>(0) - self.finished.val().get_bits::<4>(0);
        self.more.d.next = self.announced.val();
        self.next_count.next = self.count.q.val() + 1;
        self.length.next = self.k.one.val() << self.ring_log2.val();
        self.mask.next = self.length.val() - 1;
        self.part.d.next = self.mask.val();
        self.slot.next = self.count.q.val() & self.part.q.val();
        self.offset.next = bit_cast::<64, 32>(self.slot.val()) << 6;
        self.address.next = self.ring_base.val() + self.offset.val();
        self.window.base.next = self.window_base.val();
        self.window.limit.next = self.window_limit.val();
        self.window.first.next = self.at.q.val();
        self.window.length.next = self.k.bytes.val();

        match self.fetching.q.val() {
            Fetching::Idle => {
                self.at.d.next = self.address.val();
                if self.more.q.val() & self.room.val() & !self.stored.val().get_bit(3) {
                    self.fetching.d.next = Fetching::Check;
                }
            }
            Fetching::Check => {
                self.fetching.d.next = Fetching::Answer;
            }
            Fetching::Answer => {
                self.fetching.d.next = Fetching::Ask;
            }
            Fetching::Ask => {
                if !self.window.lies_inside.val() {
                    self.fetching.d.next = Fetching::Blocked;
                } else if self.job_taken.val() {
                    self.count.d.next = self.next_count.val();
                    // What was announced was announced of the count before.
                    self.more.d.next = false;
                    self.fetching.d.next = Fetching::Idle;
                }
            }
            _ => {}
        }
        self.job.next =
            (self.fetching.q.val() == Fetching::Ask) & self.window.lies_inside.val() & !self.halt.val();
        self.job_address.next = self.at.q.val();
        self.fetched.next = self.count.q.val();
        self.blocked.next = self.fetching.q.val() == Fetching::Blocked;
        self.lacks.next = !self.more.q.val() & (self.fetching.q.val() == Fetching::Idle);
        if self.halt.val() {
            self.fetching.d.next = Fetching::Idle;
        }
        if self.clear.val() {
            self.fetching.d.next = Fetching::Idle;
            self.more.d.next = false;
            self.count.d.next = 0.into();
        }
    }
}
