//! Does a range lie inside the lane's window?
//!
//! `base <= first` and `first + length <= limit`, without wrapping. The answer is there two clocks after the question
//! was put and holds as long as the question does.

use rust_hdl::prelude::*;

/// See the head of the file.
#[derive(LogicBlock, Default)]
pub struct Window {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// First address of the window.
    pub base: Signal<In, Bits<64>>,
    /// First address behind the window.
    pub limit: Signal<In, Bits<64>>,
    /// First byte of the range.
    pub first: Signal<In, Bits<64>>,
    /// Bytes in the range.
    pub length: Signal<In, Bits<17>>,
    /// Two clocks later.
    pub lies_inside: Signal<Out, Bit>,
    end: DFF<Bits<64>>,
    above: DFF<Bit>,
    unwrapped: DFF<Bit>,
    below: DFF<Bit>,
    sum: Signal<Local, Bits<64>>,
}

impl Logic for Window {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, end, above, unwrapped, below);
        self.sum.next = self.first.val() + bit_cast::<64, 17>(self.length.val());
        self.end.d.next = self.sum.val();
        self.above.d.next = self.base.val() <= self.first.val();
        self.unwrapped.d.next = self.first.val() <= self.end.q.val();
        self.below.d.next = self.end.q.val() <= self.limit.val();
        self.lies_inside.next = self.above.q.val() & self.unwrapped.q.val() & self.below.q.val();
    }
}
