//! Sends the unit's requests on `tx_req`: posted writes of 4 or 32 bytes first, then reads.
//!
//! A request is taken over whole when it is granted, so its first beat never waits for anything but `ready`. Fixed
//! order among the writes: verdict, fault, interrupt. `accepted` tells a writer, one clock later, that its last beat has
//! been taken.

use rust_hdl::prelude::*;

crate::constants::constants! {
    /// Memory requests, PCI Express Base 2.2.7.
    pub Requests {
        read: 32 = 0x0000_0000u32,
        write: 32 = 0x4000_0000u32,
        four: 32 = 0x2000_0000u32,
        one_dw: 32 = 0x0000_000Fu32,
        many_dw: 32 = 0x0000_00FFu32,
        long: 32 = 8u32,
        short: 32 = 1u32,
        dw_mask: 64 = 0xFFFF_FFFF_FFFF_FFFCu64,
    }
}

/// What is being sent.
#[derive(LogicState, Copy, Clone, Debug, PartialEq)]
pub enum Beat {
    /// Nothing.
    Idle,
    /// Nothing yet: the address decides between headers of three and four DW.
    Shape,
    /// The first two header DW.
    First,
    /// The address and, after a header of three DW, the first of the payload.
    Second,
    /// Payload.
    Third,
    /// Payload.
    Fourth,
    /// Payload.
    Fifth,
    /// Payload.
    Sixth,
}

/// A write of four words of 64 bits, or (source 2) of one DW.
pub const WRITERS: usize = 3;

/// See the head of the file.
#[derive(LogicBlock, Default)]
pub struct TlpTx {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Forgets everything.
    pub reset: Signal<In, Bit>,
    /// Whether a packet may start.
    pub enable: Signal<In, Bit>,
    /// Whether a posted write may start in this clock is decided by the completer.
    pub hold: Signal<In, Bit>,
    /// Bus, device, function.
    pub requester_id: Signal<In, Bits<16>>,

    /// A write waits: 0 verdict, 1 fault, 2 interrupt.
    pub write: [Signal<In, Bit>; 3],
    /// Its address.
    pub write_address: [Signal<In, Bits<64>>; 3],
    /// Its payload; an interrupt has only the low half of the first word.
    pub word0: [Signal<In, Bits<64>>; 3],
    #[allow(missing_docs)]
    pub word1: [Signal<In, Bits<64>>; 3],
    #[allow(missing_docs)]
    pub word2: [Signal<In, Bits<64>>; 3],
    #[allow(missing_docs)]
    pub word3: [Signal<In, Bits<64>>; 3],
    /// The write's last beat was taken in the clock before; `write` must fall unless there is another one.
    pub accepted: [Signal<Out, Bit>; 3],

    /// A read waits.
    pub read: Signal<In, Bit>,
    /// The read is taken over.
    pub read_taken: Signal<Out, Bit>,
    /// Its address; bits 1..0 do not matter.
    pub read_address: Signal<In, Bits<64>>,
    /// How many DW it asks for, 1 to 128.
    pub read_dws: Signal<In, Bits<8>>,
    #[allow(missing_docs)]
    pub read_first_enables: Signal<In, Bits<4>>,
    #[allow(missing_docs)]
    pub read_last_enables: Signal<In, Bits<4>>,
    #[allow(missing_docs)]
    pub read_tag: Signal<In, Bits<4>>,

    /// A posted write has been taken over and not yet been accepted.
    pub posted_busy: Signal<Out, Bit>,
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

    beat: DFF<Beat>,
    posted: DFF<Bit>,
    long: DFF<Bit>,
    source: DFF<Bits<2>>,
    address: DFF<Bits<64>>,
    dw0: DFF<Bits<32>>,
    dw1: DFF<Bits<32>>,
    payload0: DFF<Bits<64>>,
    payload1: DFF<Bits<64>>,
    payload2: DFF<Bits<64>>,
    payload3: DFF<Bits<64>>,
    through: [DFF<Bit>; 3],

    asks: [Signal<Local, Bit>; 3],
    four: Signal<Local, Bit>,
    swapped: Signal<Local, Bits<64>>,
    upper: Signal<Local, Bits<32>>,
    lower: Signal<Local, Bits<32>>,
    pick: Signal<Local, Bits<2>>,
    any: Signal<Local, Bit>,
    may_post: Signal<Local, Bit>,
    new_address: Signal<Local, Bits<64>>,
    base0: Signal<Local, Bits<32>>,
    done: Signal<Local, Bit>,
    tag_field: Signal<Local, Bits<32>>,
    id_field: Signal<Local, Bits<32>>,
    word: Requests,
}

impl Logic for TlpTx {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, beat, posted, long, source, address, dw0, dw1, payload0, payload1, payload2,
            payload3
        );

        // Which request would be granted. A writer whose write was just accepted has not let go of it yet.
        for i in 0..3 {
            self.through[i].clock.next = self.clock.val();
            self.through[i].d.next = false;
            self.accepted[i].next = self.through[i].q.val();
            self.asks[i].next = self.write[i].val() & !self.through[i].q.val();
        }
        self.any.next = self.asks[0].val() | self.asks[1].val() | self.asks[2].val();
        self.may_post.next = self.any.val() & self.enable.val() & !self.hold.val();
        self.pick.next = 2.into();
        if self.asks[0].val() {
            self.pick.next = 0.into();
        } else if self.asks[1].val() {
            self.pick.next = 1.into();
        }
        self.new_address.next = self.read_address.val() & self.word.dw_mask.val();
        if self.may_post.val() {
            self.new_address.next = self.write_address[2].val();
            if self.asks[0].val() {
                self.new_address.next = self.write_address[0].val();
            } else if self.asks[1].val() {
                self.new_address.next = self.write_address[1].val();
            }
        }
        self.id_field.next = bit_cast::<32, 16>(self.requester_id.val()) << 16;
        self.tag_field.next = bit_cast::<32, 4>(self.read_tag.val()) << 8;
        self.base0.next = self.word.read.val() | bit_cast::<32, 8>(self.read_dws.val());
        if self.may_post.val() {
            self.base0.next = self.word.write.val() | self.word.long.val();
            if self.pick.val() == 2 {
                self.base0.next = self.word.write.val() | self.word.short.val();
            }
        }

        self.read_taken.next = false;
        self.done.next = false;
        self.four.next = self.dw0.q.val().get_bit(29);
        self.upper.next = self.address.q.val().get_bits::<32>(32);
        self.lower.next = self.address.q.val().get_bits::<32>(0);
        // The address of a header of four DW goes with its upper half first.
        self.swapped.next =
            bit_cast::<64, 32>(self.upper.val()) | (bit_cast::<64, 32>(self.lower.val()) << 32);

        self.valid.next = (self.beat.q.val() != Beat::Idle) & (self.beat.q.val() != Beat::Shape);
        self.data.next = bit_cast::<64, 32>(self.dw0.q.val()) | (bit_cast::<64, 32>(self.dw1.q.val()) << 32);
        self.keep.next = 3.into();
        self.last.next = false;
        match self.beat.q.val() {
            Beat::Idle => {
                if self.may_post.val() | (self.read.val() & self.enable.val()) {
                    self.beat.d.next = Beat::Shape;
                    self.address.d.next = self.new_address.val();
                    self.posted.d.next = self.may_post.val();
                    self.source.d.next = self.pick.val();
                    self.long.d.next = self.may_post.val() & (self.pick.val() != 2);
                    self.dw0.d.next = self.base0.val();
                    if self.may_post.val() {
                        self.dw1.d.next = self.id_field.val() | self.word.many_dw.val();
                        if self.pick.val() == 2 {
                            self.dw1.d.next = self.id_field.val() | self.word.one_dw.val();
                        }
                    } else {
                        self.read_taken.next = true;
                        self.dw1.d.next = self.id_field.val()
                            | self.tag_field.val()
                            | (bit_cast::<32, 4>(self.read_last_enables.val()) << 4)
                            | bit_cast::<32, 4>(self.read_first_enables.val());
                    }
                    self.payload0.d.next = self.word0[2].val();
                    if self.asks[0].val() {
                        self.payload0.d.next = self.word0[0].val();
                        self.payload1.d.next = self.word1[0].val();
                        self.payload2.d.next = self.word2[0].val();
                        self.payload3.d.next = self.word3[0].val();
                    } else if self.asks[1].val() {
                        self.payload0.d.next = self.word0[1].val();
                        self.payload1.d.next = self.word1[1].val();
                        self.payload2.d.next = self.word2[1].val();
                        self.payload3.d.next = self.word3[1].val();
                    }
                }
            }
            Beat::Shape => {
                if self.upper.val() != 0 {
                    self.dw0.d.next = self.dw0.q.val() | self.word.four.val();
                }
                self.beat.d.next = Beat::First;
            }
            Beat::First => {
                if self.ready.val() {
                    self.beat.d.next = Beat::Second;
                }
            }
            Beat::Second => {
                if self.four.val() {
                    self.data.next = self.swapped.val();
                } else {
                    self.data.next = bit_cast::<64, 32>(self.lower.val()) | (self.payload0.q.val() << 32);
                    if !self.posted.q.val() {
                        self.data.next = bit_cast::<64, 32>(self.lower.val());
                        self.keep.next = 1.into();
                    }
                }
                if !self.posted.q.val() | (!self.long.q.val() & !self.four.val()) {
                    self.last.next = true;
                }
                if self.ready.val() {
                    self.beat.d.next = Beat::Third;
                    self.done.next = self.last.val();
                }
            }
            Beat::Third => {
                self.data.next = self.payload0.q.val();
                if !self.four.val() {
                    self.data.next = (self.payload0.q.val() >> 32) | (self.payload1.q.val() << 32);
                }
                if !self.long.q.val() {
                    self.data.next = bit_cast::<64, 32>(self.payload0.q.val().get_bits::<32>(0));
                    self.keep.next = 1.into();
                    self.last.next = true;
                }
                if self.ready.val() {
                    self.beat.d.next = Beat::Fourth;
                    self.done.next = self.last.val();
                }
            }
            Beat::Fourth => {
                self.data.next = self.payload1.q.val();
                if !self.four.val() {
                    self.data.next = (self.payload1.q.val() >> 32) | (self.payload2.q.val() << 32);
                }
                if self.ready.val() {
                    self.beat.d.next = Beat::Fifth;
                }
            }
            Beat::Fifth => {
                self.data.next = self.payload2.q.val();
                if !self.four.val() {
                    self.data.next = (self.payload2.q.val() >> 32) | (self.payload3.q.val() << 32);
                }
                if self.ready.val() {
                    self.beat.d.next = Beat::Sixth;
                }
            }
            Beat::Sixth => {
                self.data.next = self.payload3.q.val();
                if !self.four.val() {
                    self.data.next = self.payload3.q.val() >> 32;
                    self.keep.next = 1.into();
                }
                self.last.next = true;
                self.done.next = self.ready.val();
            }
            _ => {
                self.beat.d.next = Beat::Idle;
            }
        }
        if self.done.val() {
            self.beat.d.next = Beat::Idle;
        }
        if self.done.val() & self.posted.q.val() {
            if self.source.q.val() == 0 {
                self.through[0].d.next = true;
            } else if self.source.q.val() == 1 {
                self.through[1].d.next = true;
            } else {
                self.through[2].d.next = true;
            }
        }
        self.busy.next = self.beat.q.val() != Beat::Idle;
        self.posted_busy.next = self.busy.val() & self.posted.q.val();
        if self.reset.val() {
            self.beat.d.next = Beat::Idle;
            for i in 0..3 {
                self.through[i].d.next = false;
            }
        }
    }
}
