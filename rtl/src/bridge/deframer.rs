//! Finds frames among received bytes: flags, escapes and the frame check sequence of RFC 1662.
//!
//! A frame has a head of three bytes, and either nothing or eight bytes behind it, then the check sequence: 5 or 13 bytes.
//! Any other length, a wrong check sequence or a broken byte makes it `bad`; the next flag begins anew. Fields stay
//! until the next frame's bytes arrive, tens of clocks later.

use rust_hdl::prelude::*;

crate::constants::constants! {
    /// RFC 1662: flag, escape, and how the check sequence begins.
    pub Hdlc {
        flag: 8 = 0x7Eu8,
        escape: 8 = 0x7Du8,
        escaped: 8 = 0x20u8,
        start: 16 = 0xFFFFu16,
    }
}
crate::constants::constants! {
    /// Bytes of a frame, and what its check sequence leaves in the register (RFC 1662, appendix C.2).
    pub Sound {
        residue: 16 = 0xF0B8u16,
        short: 4 = 5u8,
        long: 4 = 13u8,
    }
}

/// See the head of the file.
#[derive(LogicBlock, Default)]
pub struct Deframer {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Forgets the frame under way.
    pub reset: Signal<In, Bit>,
    /// There is a byte.
    pub received: Signal<In, Bit>,
    /// The byte.
    pub octet: Signal<In, Bits<8>>,
    /// A byte came broken.
    pub broken: Signal<In, Bit>,
    /// A sound frame is complete, for one clock.
    pub good: Signal<Out, Bit>,
    /// A frame was none, for one clock.
    pub bad: Signal<Out, Bit>,
    /// The sound frame has eight bytes of data.
    pub with_data: Signal<Out, Bit>,
    /// First byte of the head.
    pub control: Signal<Out, Bits<8>>,
    /// Second byte of the head.
    pub number: Signal<Out, Bits<8>>,
    /// Third byte of the head.
    pub acknowledged: Signal<Out, Bits<8>>,
    /// The data, the first byte in bits 7..0.
    pub data: Signal<Out, Bits<64>>,

    is_good: DFF<Bit>,
    is_bad: DFF<Bit>,
    has_data: DFF<Bit>,
    framed: DFF<Bit>,
    escaping: DFF<Bit>,
    count: DFF<Bits<4>>,
    fcs: DFF<Bits<16>>,
    control_byte: DFF<Bits<8>>,
    number_byte: DFF<Bits<8>>,
    acknowledged_byte: DFF<Bits<8>>,
    data_bytes: DFF<Bits<64>>,

    plain: Signal<Local, Bits<8>>,
    mixed: Signal<Local, Bits<8>>,
    folded: Signal<Local, Bits<8>>,
    wide: Signal<Local, Bits<16>>,
    next_fcs: Signal<Local, Bits<16>>,
    next_count: Signal<Local, Bits<4>>,
    fits: Signal<Local, Bit>,
    hdlc: Hdlc,
    sound: Sound,
}

impl Logic for Deframer {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, is_good, is_bad, has_data, framed, escaping, count, fcs);
        dff_setup!(self, clock, control_byte, number_byte, acknowledged_byte, data_bytes);
        self.control.next = self.control_byte.q.val();
        self.number.next = self.number_byte.q.val();
        self.acknowledged.next = self.acknowledged_byte.q.val();
        self.data.next = self.data_bytes.q.val();
        self.good.next = self.is_good.q.val();
        self.bad.next = self.is_bad.q.val();
        self.with_data.next = self.has_data.q.val();
        self.fits.next = ((self.count.q.val() == self.sound.long.val())
            | (self.count.q.val() == self.sound.short.val()))
            & (self.fcs.q.val() == self.sound.residue.val())
            & !self.escaping.q.val();
        self.is_good.d.next = false;
        self.is_bad.d.next = false;

        self.plain.next = self.octet.val();
        if self.escaping.q.val() {
            self.plain.next = self.octet.val() ^ self.hdlc.escaped.val();
        }
        // A byte of the FCS-16, x^16 + x^12 + x^5 + 1 reflected.
        self.mixed.next = self.fcs.q.val().get_bits::<8>(0) ^ self.plain.val();
        self.folded.next = self.mixed.val() ^ (self.mixed.val() << 4);
        self.wide.next = bit_cast::<16, 8>(self.folded.val());
        self.next_fcs.next = (self.fcs.q.val() >> 8)
            ^ (self.wide.val() << 8)
            ^ (self.wide.val() << 3)
            ^ (self.wide.val() >> 4);
        self.next_count.next = self.count.q.val() + 1;

        if self.received.val() {
            if self.octet.val() == self.hdlc.flag.val() {
                if self.framed.q.val() & ((self.count.q.val() != 0) | self.escaping.q.val()) {
                    self.has_data.d.next = self.count.q.val() == self.sound.long.val();
                    self.is_good.d.next = self.fits.val();
                    self.is_bad.d.next = !self.fits.val();
                }
                self.framed.d.next = true;
                self.escaping.d.next = false;
                self.count.d.next = 0.into();
                self.fcs.d.next = self.hdlc.start.val();
            } else if self.octet.val() == self.hdlc.escape.val() {
                self.escaping.d.next = true;
            } else if self.framed.q.val() {
                self.escaping.d.next = false;
                self.fcs.d.next = self.next_fcs.val();
                // One too many is as wrong as any number more.
                if self.count.q.val() != 15 {
                    self.count.d.next = self.next_count.val();
                }
                if self.count.q.val() == 0 {
                    self.control_byte.d.next = self.plain.val();
                }
                if self.count.q.val() == 1 {
                    self.number_byte.d.next = self.plain.val();
                }
                if self.count.q.val() == 2 {
                    self.acknowledged_byte.d.next = self.plain.val();
                }
                if (self.count.q.val() > 2) & (self.count.q.val() < 11) {
                    self.data_bytes.d.next =
                        (self.data_bytes.q.val() >> 8) | (bit_cast::<64, 8>(self.plain.val()) << 56);
                }
            }
        }
        if self.broken.val() {
            self.is_bad.d.next = self.framed.q.val();
            self.framed.d.next = false;
            self.escaping.d.next = false;
        }
        if self.reset.val() {
            self.framed.d.next = false;
            self.escaping.d.next = false;
            self.is_good.d.next = false;
            self.is_bad.d.next = false;
        }
    }
}
