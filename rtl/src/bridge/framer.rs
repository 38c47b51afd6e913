//! Makes frames: flag, three bytes of head, eight of data, check sequence, flag; escapes as in RFC 1662.
//!
//! A frame's fields are taken when it begins. See `deframer` for the other direction.

use crate::bridge::deframer::Hdlc;
use rust_hdl::prelude::*;

/// What comes next.
#[derive(LogicState, Copy, Clone, Debug, PartialEq)]
pub enum Framing {
    /// A frame to take.
    Idle,
    /// The flag in front.
    Open,
    /// A byte, or the escape in front of it.
    Body,
    /// The byte behind its escape.
    Escaped,
    /// The flag behind.
    Close,
}

/// See the head of the file.
#[derive(LogicBlock, Default)]
pub struct Framer {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Forgets the frame under way.
    pub reset: Signal<In, Bit>,
    /// There is a frame to send.
    pub put: Signal<In, Bit>,
    /// It is taken if it is there.
    pub ready: Signal<Out, Bit>,
    /// First byte of the head.
    pub control: Signal<In, Bits<8>>,
    /// Second byte of the head.
    pub number: Signal<In, Bits<8>>,
    /// Third byte of the head.
    pub acknowledged: Signal<In, Bits<8>>,
    /// The data, the first byte in bits 7..0.
    pub data: Signal<In, Bits<64>>,
    /// There is a byte for the line.
    pub send: Signal<Out, Bit>,
    /// The byte.
    pub octet: Signal<Out, Bits<8>>,
    /// It is taken if it is there.
    pub sendable: Signal<In, Bit>,

    framing: DFF<Framing>,
    count: DFF<Bits<4>>,
    fcs: DFF<Bits<16>>,
    head: DFF<Bits<24>>,
    body: DFF<Bits<64>>,

    plain: Signal<Local, Bits<8>>,
    special: Signal<Local, Bit>,
    goes: Signal<Local, Bit>,
    mixed: Signal<Local, Bits<8>>,
    folded: Signal<Local, Bits<8>>,
    wide: Signal<Local, Bits<16>>,
    next_fcs: Signal<Local, Bits<16>>,
    check: Signal<Local, Bits<16>>,
    next_count: Signal<Local, Bits<4>>,
    hdlc: Hdlc,
}

impl Logic for Framer {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, framing, count, fcs, head, body);
        // The byte whose turn it is: eleven of head and data, then the check sequence, lower byte first.
        self.check.next = !self.fcs.q.val();
        self.plain.next = self.head.q.val().get_bits::<8>(0);
        if self.count.q.val() == 11 {
            self.plain.next = self.check.val().get_bits::<8>(0);
        }
        if self.count.q.val() == 12 {
            self.plain.next = self.check.val().get_bits::<8>(8);
        }
        self.special.next =
            (self.plain.val() == self.hdlc.flag.val()) | (self.plain.val() == self.hdlc.escape.val());
        self.mixed.next = self.fcs.q.val().get_bits::<8>(0) ^ self.plain.val();
        self.folded.next = self.mixed.val() ^ (self.mixed.val() << 4);
        self.wide.next = bit_cast::<16, 8>(self.folded.val());
        self.next_fcs.next = (self.fcs.q.val() >> 8)
            ^ (self.wide.val() << 8)
            ^ (self.wide.val() << 3)
            ^ (self.wide.val() >> 4);
        self.next_count.next = self.count.q.val() + 1;

        self.ready.next = self.framing.q.val() == Framing::Idle;
        self.send.next = self.framing.q.val() != Framing::Idle;
        self.octet.next = self.hdlc.flag.val();
        self.goes.next = false;
        match self.framing.q.val() {
            Framing::Idle => {
                self.count.d.next = 0.into();
                self.fcs.d.next = self.hdlc.start.val();
                if self.put.val() {
                    self.head.d.next = bit_cast::<24, 8>(self.control.val())
                        | (bit_cast::<24, 8>(self.number.val()) << 8)
                        | (bit_cast::<24, 8>(self.acknowledged.val()) << 16);
                    self.body.d.next = self.data.val();
                    self.framing.d.next = Framing::Open;
                }
            }
            Framing::Open => {
                if self.sendable.val() {
                    self.framing.d.next = Framing::Body;
                }
            }
            Framing::Body => {
                self.octet.next = self.plain.val();
                if self.special.val() {
                    self.octet.next = self.hdlc.escape.val();
                }
                self.goes.next = self.sendable.val() & !self.special.val();
                if self.sendable.val() & self.special.val() {
                    self.framing.d.next = Framing::Escaped;
                }
            }
            Framing::Escaped => {
                self.octet.next = self.plain.val() ^ self.hdlc.escaped.val();
                self.goes.next = self.sendable.val();
            }
            Framing::Close => {
                if self.sendable.val() {
                    self.framing.d.next = Framing::Idle;
                }
            }
            _ => {
                self.framing.d.next = Framing::Idle;
            }
        }
        if self.goes.val() {
            self.framing.d.next = Framing::Body;
            self.count.d.next = self.next_count.val();
            if self.count.q.val() < 11 {
                self.fcs.d.next = self.next_fcs.val();
                self.head.d.next =
                    (self.head.q.val() >> 8) | (bit_cast::<24, 8>(self.body.q.val().get_bits::<8>(0)) << 16);
                self.body.d.next = self.body.q.val() >> 8;
            }
            if self.count.q.val() == 12 {
                self.framing.d.next = Framing::Close;
            }
        }
        if self.reset.val() {
            self.framing.d.next = Framing::Idle;
        }
    }
}
