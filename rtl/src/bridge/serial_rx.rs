//! Takes bytes off an asynchronous serial line: 8 data bits, the lowest first, no parity, one stop bit.
//!
//! The line goes through two flip-flops and then a majority of three clocks; a bit is read in its middle. After a byte without
//! its stop bit (a break, a line error) the receiver waits until the line is idle. So it does after power-up.

use rust_hdl::prelude::*;

/// What is awaited.
#[derive(LogicState, Copy, Clone, Debug, PartialEq)]
pub enum Hearing {
    /// An idle line.
    Silence,
    /// The edge of a start bit.
    Edge,
    /// The middle of the start bit.
    Start,
    /// The middle of a data bit.
    Data,
    /// The middle of the stop bit.
    Stop,
}

/// See the head of the file.
#[derive(LogicBlock, Default)]
pub struct SerialRx {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Forgets the byte under way.
    pub reset: Signal<In, Bit>,
    /// Clocks a bit, 8 to 255; does not change.
    pub bit_clocks: Signal<In, Bits<8>>,
    /// The line, from another clock.
    pub line: Signal<In, Bit>,
    /// A byte is in `octet`, for one clock.
    pub received: Signal<Out, Bit>,
    /// The byte.
    pub octet: Signal<Out, Bits<8>>,
    /// A byte had no stop bit, for one clock.
    pub broken: Signal<Out, Bit>,

    meta: DFF<Bit>,
    settled: DFF<Bit>,
    earlier: DFF<Bit>,
    earliest: DFF<Bit>,
    hearing: DFF<Hearing>,
    left: DFF<Bits<8>>,
    number: DFF<Bits<3>>,
    shift: DFF<Bits<8>>,

    level: Signal<Local, Bit>,
    half: Signal<Local, Bits<8>>,
    whole: Signal<Local, Bits<8>>,
    less: Signal<Local, Bits<8>>,
    middle: Signal<Local, Bit>,
    next_number: Signal<Local, Bits<3>>,
}

impl Logic for SerialRx {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, meta, settled, earlier, earliest, hearing, left, number, shift);
        self.meta.d.next = self.line.val();
        self.settled.d.next = self.meta.q.val();
        self.earlier.d.next = self.settled.q.val();
        self.earliest.d.next = self.earlier.q.val();
        self.level.next = (self.settled.q.val() & self.earlier.q.val())
            | (self.settled.q.val() & self.earliest.q.val())
            | (self.earlier.q.val() & self.earliest.q.val());

        self.half.next = self.bit_clocks.val() >> 1;
        self.whole.next = self.bit_clocks.val() - 1;
        self.less.next = self.left.q.val() - 1;
        self.middle.next = self.left.q.val() == 0;
        self.next_number.next = self.number.q.val() + 1;
        self.received.next = false;
        self.broken.next = false;
        self.octet.next = self.shift.q.val();

        self.left.d.next = self.less.val();
        match self.hearing.q.val() {
            Hearing::Silence => {
                if self.level.val() {
                    self.hearing.d.next = Hearing::Edge;
                }
            }
            Hearing::Edge => {
                self.left.d.next = self.half.val();
                self.number.d.next = 0.into();
                if !self.level.val() {
                    self.hearing.d.next = Hearing::Start;
                }
            }
            Hearing::Start => {
                if self.middle.val() {
                    self.left.d.next = self.whole.val();
                    self.hearing.d.next = Hearing::Data;
                    if self.level.val() {
                        self.hearing.d.next = Hearing::Edge;
                    }
                }
            }
            Hearing::Data => {
                if self.middle.val() {
                    self.left.d.next = self.whole.val();
                    self.shift.d.next =
                        (self.shift.q.val() >> 1) | (bit_cast::<8, 1>(self.level.val().into()) << 7);
                    self.number.d.next = self.next_number.val();
                    if self.number.q.val() == 7 {
                        self.hearing.d.next = Hearing::Stop;
                    }
                }
            }
            Hearing::Stop => {
                if self.middle.val() {
                    self.received.next = self.level.val();
                    self.broken.next = !self.level.val();
                    self.hearing.d.next = Hearing::Silence;
                }
            }
            _ => {
                self.hearing.d.next = Hearing::Silence;
            }
        }
        if self.reset.val() {
            self.hearing.d.next = Hearing::Silence;
        }
    }
}
