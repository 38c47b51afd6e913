//! The check code of an entry: CRC-32C, one word of 64 bits a clock.
//!
//! `code` is what the words so far, with this clock's word, come to; the check field must be given as zero.

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
    /// Starts an entry with the next clock.
    pub clear: Signal<In, Bit>,
    /// A word.
    pub put: Signal<In, Bit>,
    /// The word.
    pub word: Signal<In, Bits<64>>,
    /// The code with `word` taken in.
    pub code: Signal<Out, Bits<32>>,
    step: CheckCodeStep,
    state: DFF<Bits<32>>,
    k: Start,
}

impl Logic for CheckCode {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, state);
        self.step.state.next = self.state.q.val();
        self.step.data.next = self.word.val();
        self.code.next = !self.step.after.val();
        if self.put.val() {
            self.state.d.next = self.step.after.val();
        }
        if self.clear.val() {
            self.state.d.next = self.k.ones.val();
        }
    }
}
