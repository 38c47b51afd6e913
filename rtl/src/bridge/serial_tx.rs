//! Puts bytes onto an asynchronous serial line: a start bit, 8 data bits, the lowest first, one stop bit.
//!
//! The line comes from a flip-flop that holds its complement, so that it is idle from power-up on.

use rust_hdl::prelude::*;

/// See the head of the file.
#[derive(LogicBlock, Default)]
pub struct SerialTx {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Ends the byte under way at once.
    pub reset: Signal<In, Bit>,
    /// Clocks a bit, 8 to 255; does not change.
    pub bit_clocks: Signal<In, Bits<8>>,
    /// The line.
    pub line: Signal<Out, Bit>,
    /// There is a byte to send.
    pub put: Signal<In, Bit>,
    /// The byte.
    pub octet: Signal<In, Bits<8>>,
    /// It is taken if it is there.
    pub ready: Signal<Out, Bit>,

    low: DFF<Bit>,
    shift: DFF<Bits<8>>,
    bits_left: DFF<Bits<4>>,
    left: DFF<Bits<8>>,

    whole: Signal<Local, Bits<8>>,
    less: Signal<Local, Bits<8>>,
    fewer: Signal<Local, Bits<4>>,
}

impl Logic for SerialTx {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, low, shift, bits_left, left);
        self.line.next = !self.low.q.val();
        self.ready.next = self.bits_left.q.val() == 0;
        self.whole.next = self.bit_clocks.val() - 1;
        self.less.next = self.left.q.val() - 1;
        self.fewer.next = self.bits_left.q.val() - 1;
        if self.bits_left.q.val() == 0 {
            if self.put.val() {
                self.low.d.next = true;
                self.shift.d.next = self.octet.val();
                self.bits_left.d.next = 10.into();
                self.left.d.next = self.whole.val();
            }
        } else {
            self.left.d.next = self.less.val();
            if self.left.q.val() == 0 {
                self.left.d.next = self.whole.val();
                self.bits_left.d.next = self.fewer.val();
                self.low.d.next = !self.shift.q.val().get_bit(0);
                // Eight data bits are followed by the stop bit.
                if self.fewer.val() < 2 {
                    self.low.d.next = false;
                }
                self.shift.d.next = self.shift.q.val() >> 1;
            }
        }
        if self.reset.val() {
            self.low.d.next = false;
            self.bits_left.d.next = 0.into();
        }
    }
}
