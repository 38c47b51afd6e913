//! The check code of an entry: CRC-32C, one word of 64 bits a clock.
//!
//! A word is registered before it enters the matrix, so `code` is complete two clocks after the last word and stays until
//! the next entry begins. The check field must be given as zero.

use crate::leaf::CheckCodeStep;
use rust_hdl::prelude::*;

crate::constants::constants! {
    /// The state before the first word.
    pub Start { ones: 32 = u32::MAX, }
}

/// See the head of the file.
#[derive(LogicBlock, Default)]
pub struct CheckCode {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// A word.
    pub put: Signal<In, Bit>,
    /// It is the first of an entry.
    pub first: Signal<In, Bit>,
    /// The word.
    pub word: Signal<In, Bits<64>>,
    /// The code of the words up to two clocks ago.
    pub code: Signal<Out, Bits<32>>,
    step: CheckCodeStep,
    state: DFF<Bits<32>>,
    waiting: DFF<Bit>,
    starting: DFF<Bit>,
    held: DFF<Bits<64>>,
    k: Start,
}

impl Logic for CheckCode {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, state, waiting, starting, held);
        self.waiting.d.next = self.put.val();
        self.starting.d.next = self.first.val();
        self.held.d.next = self.word.val();
        self.step.state.next = self.state.q.val();
        if self.starting.q.val() {
            self.step.state.next = self.k.ones.val();
        }
        self.step.data.next = self.held.q.val();
        if self.waiting.q.val() {
            self.state.d.next = self.step.after.val();
        }
        self.code.next = !self.state.q.val();
    }
}
