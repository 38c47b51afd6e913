//! Takes requests off `rx_req` and presents each that is of concern as one record.
//!
//! A record is one or two DW at an address of BAR 0: a read, a write, or a read to be refused. What needs no answer
//! and has no effect (messages, long or poisoned writes, cut-off packets) is dropped here.

use rust_hdl::prelude::*;

/// What the packet has turned out to be.
#[derive(LogicState, Copy, Clone, Debug, PartialEq)]
pub enum Progress {
    /// Waiting for the first beat.
    First,
    /// Waiting for the second beat: the address.
    Second,
    /// Waiting for the third beat: the rest of the payload.
    Third,
    /// Waiting for the last beat of what is too long to matter.
    Rest,
    /// Waiting for the last beat of what a reset came upon.
    Forgotten,
    /// The record is complete and waits to be taken.
    Full,
}

/// See the head of the file.
#[derive(LogicBlock, Default)]
pub struct TlpRx {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Forgets the packet under way; what is left of it is taken and dropped.
    pub reset: Signal<In, Bit>,
    /// The next beat begins a packet.
    pub power_reset: Signal<In, Bit>,
    /// The stream.
    pub valid: Signal<In, Bit>,
    /// Two DW.
    pub data: Signal<In, Bits<64>>,
    /// Last beat of the packet.
    pub last: Signal<In, Bit>,
    /// Whether the beat is taken.
    pub ready: Signal<Out, Bit>,

    /// There is a record.
    pub record: Signal<Out, Bit>,
    /// The record is taken.
    pub taken: Signal<In, Bit>,
    /// It is a memory write.
    pub is_write: Signal<Out, Bit>,
    /// It is a memory read.
    pub is_read: Signal<Out, Bit>,
    /// Bits 17..0 of its address.
    pub address: Signal<Out, Bits<18>>,
    /// The length field: DW asked for or sent, 0 for 1024.
    pub length: Signal<Out, Bits<10>>,
    /// That is 1 or 2.
    pub one_or_two: Signal<Out, Bit>,
    /// It is 2.
    pub two: Signal<Out, Bit>,
    /// First and last byte enables.
    pub first_enables: Signal<Out, Bits<4>>,
    /// See `first_enables`.
    pub last_enables: Signal<Out, Bits<4>>,
    /// Payload of a write.
    pub payload: Signal<Out, Bits<64>>,
    /// Bits of the first header DW that a completion repeats: traffic class and attributes.
    pub echo: Signal<Out, Bits<32>>,
    /// Requester ID and tag.
    pub requester: Signal<Out, Bits<16>>,
    /// See `requester`.
    pub tag: Signal<Out, Bits<8>>,

    progress: DFF<Progress>,
    dw0: DFF<Bits<32>>,
    dw1: DFF<Bits<32>>,
    low_address: DFF<Bits<18>>,
    payload0: DFF<Bits<32>>,
    payload1: DFF<Bits<32>>,

    // What the first header DW says.
    four: DFF<Bit>,
    poisoned: DFF<Bit>,
    write: DFF<Bit>,
    read: DFF<Bit>,
    answered: DFF<Bit>,
    is_short: DFF<Bit>,
    is_two: DFF<Bit>,

    kind: Signal<Local, Bits<5>>,
    carries_data: Signal<Local, Bit>,
    prefix: Signal<Local, Bit>,
    memory: Signal<Local, Bit>,
    posted: Signal<Local, Bit>,
    low: Signal<Local, Bits<32>>,
    high: Signal<Local, Bits<32>>,
    needs_third: Signal<Local, Bit>,
    more_to_come: Signal<Local, Bit>,
    echo_mask: Echo,
}

crate::constants::constants! {
    /// Bits of DW 0 that a completion repeats: TC (22:20), attributes (18, 13:12).
    pub Echo { mask: 32 = 0x0074_3000u32, }
}

impl Logic for TlpRx {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, progress, dw0, dw1, low_address, payload0, payload1);
        dff_setup!(self, clock, four, poisoned, write, read, answered, is_short, is_two);

        // What the first header DW says; it is noted with the DW itself.
        self.low.next = self.data.val().get_bits::<32>(0);
        self.high.next = self.data.val().get_bits::<32>(32);
        self.kind.next = self.low.val().get_bits::<5>(24);
        self.carries_data.next = self.low.val().get_bit(30);
        self.prefix.next = self.low.val().get_bit(31);
        self.memory.next = (self.kind.val() == 0) & !self.prefix.val();
        // Messages (10xxx) and completions (0101x) want no answer.
        self.posted.next = (self.kind.val().get_bits::<2>(3) == 2)
            | (self.kind.val().get_bits::<4>(1) == 5)
            | self.prefix.val();
        self.needs_third.next = self.write.q.val() & (self.four.q.val() | self.is_two.q.val());

        self.ready.next = self.progress.q.val() != Progress::Full;
        match self.progress.q.val() {
            Progress::First => {
                if self.valid.val() {
                    self.dw0.d.next = self.low.val();
                    self.dw1.d.next = self.high.val();
                    self.four.d.next = self.low.val().get_bit(29);
                    self.poisoned.d.next = self.low.val().get_bit(14);
                    self.write.d.next = self.memory.val() & self.carries_data.val();
                    self.read.d.next = self.memory.val() & !self.carries_data.val();
                    self.answered.d.next = (self.memory.val() & !self.carries_data.val())
                        | (!self.memory.val() & !self.posted.val());
                    self.is_two.d.next = self.low.val().get_bits::<10>(0) == 2;
                    self.is_short.d.next =
                        (self.low.val().get_bits::<10>(0) == 1) | (self.low.val().get_bits::<10>(0) == 2);
                    if !self.last.val() {
                        self.progress.d.next = Progress::Second;
                    }
                }
            }
            Progress::Second => {
                if self.valid.val() {
                    if self.four.q.val() {
                        self.low_address.d.next = self.high.val().get_bits::<18>(0);
                    } else {
                        self.low_address.d.next = self.low.val().get_bits::<18>(0);
                        self.payload0.d.next = self.high.val();
                    }
                    if !self.last.val() {
                        if self.write.q.val() & self.is_short.q.val() & self.needs_third.val() {
                            self.progress.d.next = Progress::Third;
                        } else {
                            self.progress.d.next = Progress::Rest;
                        }
                    } else if self.answered.q.val()
                        | (self.write.q.val()
                            & self.is_short.q.val()
                            & !self.needs_third.val()
                            & !self.poisoned.q.val())
                    {
                        self.progress.d.next = Progress::Full;
                    } else {
                        self.progress.d.next = Progress::First;
                    }
                }
            }
            Progress::Third => {
                if self.valid.val() {
                    if self.four.q.val() {
                        self.payload0.d.next = self.low.val();
                        self.payload1.d.next = self.high.val();
                    } else {
                        self.payload1.d.next = self.low.val();
                    }
                    if !self.last.val() {
                        self.progress.d.next = Progress::Rest;
                    } else if self.poisoned.q.val() {
                        self.progress.d.next = Progress::First;
                    } else {
                        self.progress.d.next = Progress::Full;
                    }
                }
            }
            Progress::Rest => {
                // Behind a short write there can only be a digest; everything else here is too long.
                if self.valid.val() & self.last.val() {
                    if self.answered.q.val()
                        | (self.write.q.val() & self.is_short.q.val() & !self.poisoned.q.val())
                    {
                        self.progress.d.next = Progress::Full;
                    } else {
                        self.progress.d.next = Progress::First;
                    }
                }
            }
            Progress::Forgotten => {
                if self.valid.val() & self.last.val() {
                    self.progress.d.next = Progress::First;
                }
            }
            Progress::Full => {
                if self.taken.val() {
                    self.progress.d.next = Progress::First;
                }
            }
            _ => {
                self.progress.d.next = Progress::First;
            }
        }

        self.record.next = self.progress.q.val() == Progress::Full;
        self.is_write.next = self.write.q.val();
        self.is_read.next = self.read.q.val();
        self.address.next = self.low_address.q.val();
        self.length.next = self.dw0.q.val().get_bits::<10>(0);
        self.one_or_two.next = self.is_short.q.val();
        self.two.next = self.is_two.q.val();
        self.first_enables.next = self.dw1.q.val().get_bits::<4>(0);
        self.last_enables.next = self.dw1.q.val().get_bits::<4>(4);
        self.payload.next =
            bit_cast::<64, 32>(self.payload0.q.val()) | (bit_cast::<64, 32>(self.payload1.q.val()) << 32);
        self.echo.next = self.dw0.q.val() & self.echo_mask.mask.val();
        self.requester.next = self.dw1.q.val().get_bits::<16>(16);
        self.tag.next = self.dw1.q.val().get_bits::<8>(8);
        // Is there more to come of the packet under way, after this clock?
        self.more_to_come.next = (self.progress.q.val() != Progress::First) & self.ready.val();
        if self.valid.val() & self.ready.val() {
            self.more_to_come.next = !self.last.val();
        }
        if self.reset.val() {
            self.progress.d.next = Progress::First;
            if self.more_to_come.val() {
                self.progress.d.next = Progress::Forgotten;
            }
        }
        if self.power_reset.val() {
            self.progress.d.next = Progress::First;
        }
    }
}
