//! Merges the unit's requests and completions into the stream that the 7-series block sends.
//!
//! Reads wait in a queue with room for all 16 that the unit can have outstanding, so that one without credits holds up
//! nothing. Order: posted writes first, then a completion, then a read; but a completion that was offered before a posted write
//! was goes before it once, and reads and completions take turns. Packets are never mixed.

use crate::bridge::beat_fifo::BeatFifo;
use crate::bridge::payload_swap::PayloadSwap;
use rust_hdl::prelude::*;

/// Which packet is being sent.
#[derive(LogicState, Copy, Clone, Debug, PartialEq)]
pub enum Passing {
    /// None.
    Idle,
    /// A posted write.
    Posted,
    /// A completion.
    Completion,
    /// A read.
    Read,
}

/// See the head of the file.
#[derive(LogicBlock, Default)]
pub struct Pcie7Transmit {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Forgets everything.
    pub reset: Signal<In, Bit>,
    #[allow(missing_docs)]
    pub tx_req_valid: Signal<In, Bit>,
    #[allow(missing_docs)]
    pub tx_req_ready: Signal<Out, Bit>,
    #[allow(missing_docs)]
    pub tx_req_data: Signal<In, Bits<64>>,
    #[allow(missing_docs)]
    pub tx_req_keep: Signal<In, Bits<2>>,
    #[allow(missing_docs)]
    pub tx_req_last: Signal<In, Bit>,
    #[allow(missing_docs)]
    pub tx_cpl_valid: Signal<In, Bit>,
    #[allow(missing_docs)]
    pub tx_cpl_ready: Signal<Out, Bit>,
    #[allow(missing_docs)]
    pub tx_cpl_data: Signal<In, Bits<64>>,
    #[allow(missing_docs)]
    pub tx_cpl_keep: Signal<In, Bits<2>>,
    #[allow(missing_docs)]
    pub tx_cpl_last: Signal<In, Bit>,
    /// Reads may be sent: there are credits, and bus mastering is on.
    pub may_read: Signal<In, Bit>,
    /// A completion's last beat was taken from the unit.
    pub answered: Signal<Out, Bit>,
    /// A packet is under way.
    pub busy: Signal<Out, Bit>,

    /// `s_axis_tx_tvalid`.
    pub valid: Signal<Out, Bit>,
    /// `s_axis_tx_tdata`.
    pub data: Signal<Out, Bits<64>>,
    /// `s_axis_tx_tkeep[4]`: the upper DW is there.
    pub upper: Signal<Out, Bit>,
    /// `s_axis_tx_tlast`.
    pub last: Signal<Out, Bit>,
    /// `s_axis_tx_tready`.
    pub ready: Signal<In, Bit>,

    swap: PayloadSwap,
    reads: BeatFifo<5>,
    passing: DFF<Passing>,
    // The unit's request: one beat of it, and whether it is the first, and whether the packet is a read.
    held: DFF<Bit>,
    held_data: DFF<Bits<64>>,
    held_shape: DFF<Bits<2>>,
    begins: DFF<Bit>,
    reading: DFF<Bit>,
    // The completion that is offered was so before the posted write that is held.
    earlier: DFF<Bit>,
    read_next: DFF<Bit>,
    // What the block is offered.
    full: DFF<Bit>,
    out_data: DFF<Bits<64>>,
    out_shape: DFF<Bits<2>>,

    free: Signal<Local, Bit>,
    drained: Signal<Local, Bit>,
    accept: Signal<Local, Bit>,
    posted_waits: Signal<Local, Bit>,
    read_waits: Signal<Local, Bit>,
    cpl_may: Signal<Local, Bit>,
    move_beat: Signal<Local, Bit>,
    beat: Signal<Local, Bits<64>>,
    beat_shape: Signal<Local, Bits<2>>,
    cpl_shape: Signal<Local, Bits<2>>,
}

impl Logic for Pcie7Transmit {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, passing, held, held_data, held_shape, begins, reading, earlier, read_next);
        dff_setup!(self, clock, full, out_data, out_shape);
        clock!(self, clock, swap, reads);

        self.free.next = !self.full.q.val() | self.ready.val();
        self.posted_waits.next = self.held.q.val() & !self.reading.q.val();
        self.read_waits.next = self.reads.valid.val() & self.may_read.val();
        self.cpl_may.next = self.tx_cpl_valid.val() & (!self.posted_waits.val() | self.earlier.q.val());

        // Which packet is next.
        match self.passing.q.val() {
            // Only when what is chosen can go at once: a request is not to come long after it was allowed.
            Passing::Idle => {
                if !self.free.val() {
                    self.passing.d.next = Passing::Idle;
                } else if self.cpl_may.val()
                    & !(self.read_next.q.val() & self.read_waits.val() & !self.earlier.q.val())
                {
                    self.passing.d.next = Passing::Completion;
                    self.earlier.d.next = false;
                    self.read_next.d.next = true;
                } else if self.posted_waits.val() {
                    self.passing.d.next = Passing::Posted;
                    self.earlier.d.next = false;
                } else if self.read_waits.val() {
                    self.passing.d.next = Passing::Read;
                    self.read_next.d.next = false;
                }
            }
            _ => {
                if self.move_beat.val() & self.beat_shape.val().get_bit(0) {
                    self.passing.d.next = Passing::Idle;
                }
            }
        }

        // A beat of it.
        self.cpl_shape.next = (bit_cast::<2, 1>(self.tx_cpl_keep.val().get_bits::<1>(1)) << 1)
            | bit_cast::<2, 1>(self.tx_cpl_last.val().into());
        self.move_beat.next = false;
        self.beat.next = self.held_data.q.val();
        self.beat_shape.next = self.held_shape.q.val();
        self.tx_cpl_ready.next = false;
        self.reads.take.next = false;
        match self.passing.q.val() {
            Passing::Posted => {
                self.move_beat.next = self.free.val() & self.held.q.val();
            }
            Passing::Completion => {
                self.tx_cpl_ready.next = self.free.val();
                self.move_beat.next = self.free.val() & self.tx_cpl_valid.val();
                self.beat.next = self.tx_cpl_data.val();
                self.beat_shape.next = self.cpl_shape.val();
            }
            Passing::Read => {
                self.move_beat.next = self.free.val() & self.reads.valid.val();
                self.reads.take.next = self.move_beat.val();
                self.beat.next = self.reads.data.val();
                self.beat_shape.next = self.reads.shape.val().get_bits::<2>(0);
            }
            _ => {}
        }
        self.answered.next = (self.passing.q.val() == Passing::Completion)
            & self.move_beat.val()
            & self.beat_shape.val().get_bit(0);

        // The unit's requests, by beats: reads go on into their queue, posted writes wait for their turn.
        self.drained.next = self.held.q.val()
            & (self.reading.q.val() | ((self.passing.q.val() == Passing::Posted) & self.free.val()));
        self.tx_req_ready.next = !self.held.q.val() | self.drained.val();
        self.accept.next = self.tx_req_valid.val() & self.tx_req_ready.val();
        if self.drained.val() {
            self.held.d.next = false;
        }
        if self.accept.val() {
            self.held.d.next = true;
            self.held_data.d.next = self.tx_req_data.val();
            self.held_shape.d.next = (bit_cast::<2, 1>(self.tx_req_keep.val().get_bits::<1>(1)) << 1)
                | bit_cast::<2, 1>(self.tx_req_last.val().into());
            self.begins.d.next = self.tx_req_last.val();
            if self.begins.q.val() {
                self.reading.d.next = !self.tx_req_data.val().get_bit(30);
                self.earlier.d.next = self.tx_req_data.val().get_bit(30)
                    & self.tx_cpl_valid.val()
                    & (self.passing.q.val() != Passing::Completion);
            }
        }
        self.reads.clear.next = self.reset.val();
        self.reads.put.next = self.held.q.val() & self.reading.q.val();
        self.reads.put_data.next = self.held_data.q.val();
        self.reads.put_shape.next = bit_cast::<3, 2>(self.held_shape.q.val());

        // To the block.
        self.swap.reset.next = self.reset.val();
        self.swap.taken.next = self.move_beat.val();
        self.swap.data.next = self.beat.val();
        self.swap.last.next = self.beat_shape.val().get_bit(0);
        if self.ready.val() {
            self.full.d.next = false;
        }
        if self.move_beat.val() {
            self.full.d.next = true;
            self.out_data.d.next = self.swap.turned.val();
            self.out_shape.d.next = self.beat_shape.val();
        }
        self.valid.next = self.full.q.val();
        self.data.next = self.out_data.q.val();
        self.last.next = self.out_shape.q.val().get_bit(0);
        self.upper.next = self.out_shape.q.val().get_bit(1);
        self.busy.next = self.full.q.val() | (self.passing.q.val() != Passing::Idle);
        if self.reset.val() {
            self.passing.d.next = Passing::Idle;
            self.held.d.next = false;
            self.begins.d.next = true;
            self.full.d.next = false;
            self.earlier.d.next = false;
            self.read_next.d.next = false;
        }
    }
}
