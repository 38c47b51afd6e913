//! The fingerprint of a record: CRC-64/NVME, one word of 64 bits a clock.
//!
//! A word is registered before it enters the matrix, so `value` is complete two clocks after the last word.

use crate::leaf::FingerprintStep;
use rust_hdl::prelude::*;

crate::constants::constants! {
    /// The state before the first word.
    pub Start { ones: 64 = u64::MAX, }
}

/// See the head of the file.
#[derive(LogicBlock, Default)]
pub struct Fingerprint {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Starts a record; no word may be on its way.
    pub clear: Signal<In, Bit>,
    /// A word.
    pub put: Signal<In, Bit>,
    /// The word.
    pub word: Signal<In, Bits<64>>,
    /// The fingerprint of the words up to two clocks ago.
    pub value: Signal<Out, Bits<64>>,
    step: FingerprintStep,
    state: DFF<Bits<64>>,
    waiting: DFF<Bit>,
    held: DFF<Bits<64>>,
    k: Start,
}

impl Logic for Fingerprint {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, state, waiting, held);
        self.waiting.d.next = self.put.val();
        self.held.d.next = self.word.val();
        self.step.state.next = self.state.q.val();
        self.step.data.next = self.held.q.val();
        if self.waiting.q.val() {
            self.state.d.next = self.step.after.val();
        }
        if self.clear.val() {
            self.state.d.next = self.k.ones.val();
        }
        self.value.next = !self.state.q.val();
    }
}
