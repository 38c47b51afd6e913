//! Answers the host's reads: a queue of completions and the builder that sends them on `tx_cpl`.
//!
//! Order: a completion is not offered before the posted write on `tx_req`, if there is one, has been accepted; while
//! it waits for that, no new posted write starts (`hold`), so it cannot be overtaken for ever.

use crate::fifo::Fifo;
use rust_hdl::prelude::*;

/// What is being sent.
#[derive(LogicState, Copy, Clone, Debug, PartialEq)]
pub enum Sending {
    /// Nothing.
    Idle,
    /// The first two header DW.
    First,
    /// The third header DW and the first of the payload.
    Second,
    /// The second DW of the payload.
    Third,
}

/// See the head of the file.
#[derive(LogicBlock, Default)]
pub struct Completer {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Forgets everything.
    pub reset: Signal<In, Bit>,
    /// Whether a packet may start.
    pub enable: Signal<In, Bit>,
    /// A completion to queue, if there is `room`.
    pub put: Signal<In, Bit>,
    /// Its header.
    pub dw0: Signal<In, Bits<32>>,
    /// See `dw0`.
    pub dw1: Signal<In, Bits<32>>,
    /// See `dw0`.
    pub dw2: Signal<In, Bits<32>>,
    /// Its payload.
    pub payload: Signal<In, Bits<64>>,
    /// Whether one more completion can be queued.
    pub room: Signal<Out, Bit>,
    /// Posted writes are on their way on `tx_req`.
    pub posted_busy: Signal<In, Bit>,
    /// No posted write may start in this clock.
    pub hold: Signal<Out, Bit>,
    /// A packet is being sent.
    pub busy: Signal<Out, Bit>,

    /// The stream.
    pub valid: Signal<Out, Bit>,
    /// Two DW.
    pub data: Signal<Out, Bits<64>>,
    /// Which of them.
    pub keep: Signal<Out, Bits<2>>,
    /// Last beat of the packet.
    pub last: Signal<Out, Bit>,
    /// Whether the beat is taken.
    pub ready: Signal<In, Bit>,

    heads: Fifo<64, 5>,
    tails: Fifo<32, 5>,
    payloads: Fifo<64, 5>,
    sending: DFF<Sending>,
    // There is a completion to offer. Known a clock before it may be: so `hold`, which decides on a whole request in
    // `tlp_tx`, comes from a flip-flop, and a write that was granted in that clock is seen in `posted_busy`.
    waiting: DFF<Bit>,
    with_data: Signal<Local, Bit>,
    two: Signal<Local, Bit>,
    take: Signal<Local, Bit>,
    low_payload: Signal<Local, Bits<32>>,
    high_payload: Signal<Local, Bits<32>>,
}

impl Logic for Completer {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, sending, waiting);
        clock!(self, clock, heads, tails, payloads);
        self.heads.clear.next = self.reset.val();
        self.tails.clear.next = self.reset.val();
        self.payloads.clear.next = self.reset.val();
        self.heads.put.next = self.put.val();
        self.tails.put.next = self.put.val();
        self.payloads.put.next = self.put.val();
        self.heads.put_data.next =
            bit_cast::<64, 32>(self.dw0.val()) | (bit_cast::<64, 32>(self.dw1.val()) << 32);
        self.tails.put_data.next = self.dw2.val();
        self.payloads.put_data.next = self.payload.val();
        self.room.next = !self.heads.full.val();

        self.with_data.next = self.heads.data.val().get_bit(30);
        self.two.next = self.with_data.val() & self.heads.data.val().get_bit(1);
        self.low_payload.next = self.payloads.data.val().get_bits::<32>(0);
        self.high_payload.next = self.payloads.data.val().get_bits::<32>(32);

        self.hold.next = self.waiting.q.val();
        self.busy.next = self.sending.q.val() != Sending::Idle;
        self.valid.next = self.sending.q.val() != Sending::Idle;
        self.data.next = self.heads.data.val();
        self.keep.next = 3.into();
        self.last.next = false;
        self.take.next = false;
        self.waiting.d.next = false;
        match self.sending.q.val() {
            Sending::Idle => {
                if self.heads.valid.val() & self.enable.val() {
                    if self.waiting.q.val() & !self.posted_busy.val() {
                        self.sending.d.next = Sending::First;
                    } else {
                        self.waiting.d.next = true;
                    }
                }
            }
            Sending::First => {
                if self.ready.val() {
                    self.sending.d.next = Sending::Second;
                }
            }
            Sending::Second => {
                self.data.next = bit_cast::<64, 32>(self.tails.data.val())
                    | (bit_cast::<64, 32>(self.low_payload.val()) << 32);
                if !self.with_data.val() {
                    self.keep.next = 1.into();
                }
                self.last.next = !self.two.val();
                if self.ready.val() {
                    if self.two.val() {
                        self.sending.d.next = Sending::Third;
                    } else {
                        self.take.next = true;
                        self.sending.d.next = Sending::Idle;
                    }
                }
            }
            Sending::Third => {
                self.data.next = bit_cast::<64, 32>(self.high_payload.val());
                self.keep.next = 1.into();
                self.last.next = true;
                if self.ready.val() {
                    self.take.next = true;
                    self.sending.d.next = Sending::Idle;
                }
            }
            _ => {
                self.sending.d.next = Sending::Idle;
            }
        }
        self.heads.take.next = self.take.val();
        self.tails.take.next = self.take.val();
        self.payloads.take.next = self.take.val();
        if self.reset.val() {
            self.sending.d.next = Sending::Idle;
            self.waiting.d.next = false;
        }
    }
}
