//! A queue of `1 << A` beats of a stream.

use crate::fifo::Fifo;
use rust_hdl::prelude::*;

/// See the head of the file.
#[derive(LogicBlock, Default)]
pub struct BeatFifo<const A: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Empties the queue.
    pub clear: Signal<In, Bit>,
    /// Whether to append a beat, if not `full`.
    pub put: Signal<In, Bit>,
    /// Its two DW.
    pub put_data: Signal<In, Bits<64>>,
    /// What belongs to it: `last` in bit 0, bit 1 of `keep` in bit 1, the user's in bit 2.
    pub put_shape: Signal<In, Bits<3>>,
    /// Whether there is no room.
    pub full: Signal<Out, Bit>,
    /// How many there are.
    pub count: Signal<Out, Bits<8>>,
    /// Whether there is a beat.
    pub valid: Signal<Out, Bit>,
    /// Two DW of the oldest.
    pub data: Signal<Out, Bits<64>>,
    /// What was put with them.
    pub shape: Signal<Out, Bits<3>>,
    /// Drop the oldest.
    pub take: Signal<In, Bit>,
    contents: Fifo<64, A>,
    shapes: Fifo<3, A>,
}

impl<const A: usize> Logic for BeatFifo<A> {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(self, clock, contents, shapes);
        self.contents.clear.next = self.clear.val();
        self.shapes.clear.next = self.clear.val();
        self.contents.put.next = self.put.val();
        self.shapes.put.next = self.put.val();
        self.contents.put_data.next = self.put_data.val();
        self.shapes.put_data.next = self.put_shape.val();
        self.contents.take.next = self.take.val();
        self.shapes.take.next = self.take.val();
        self.full.next = self.contents.full.val();
        self.count.next = self.contents.count.val();
        self.valid.next = self.contents.valid.val();
        self.data.next = self.contents.data.val();
        self.shape.next = self.shapes.data.val();
    }
}
