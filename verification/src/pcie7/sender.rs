//! The block's transmit side: what the shim offers on `s_axis_tx`, shown as the boundary's streams, each rule asserted.

use super::axis::{Beat, header_words, packet_words};
use crate::root_complex::stream;

/// Clocks for which a read may still begin when there are no more credits: the shim has noted them and chosen the read.
const NOTED: u32 = 4;

/// See the head of the file.
#[derive(Debug, Default)]
pub(super) struct Sender {
    /// Words of the packet under way that were taken, and its first.
    taken: usize,
    first: u32,
    /// What was offered in this clock.
    offered: Option<Beat>,
    /// What was offered and not taken in the clock before.
    held: Option<Beat>,
    without_credit: u32,
}

impl Sender {
    /// What the shim offers, as a beat of `tx_req` or of `tx_cpl`.
    ///
    /// # Panics
    /// The shim breaks a rule of the block's interface.
    pub(super) fn shown(&mut self, beat: Option<Beat>) -> (Option<stream::Beat>, Option<stream::Beat>) {
        self.offered = beat;
        if let Some(held) = self.held {
            assert_eq!(beat, Some(held), "what is offered on s_axis_tx stays until it is taken");
        }
        let Some(beat) = beat else { return (None, None) };
        let first = if self.taken == 0 { beat.data as u32 } else { self.first };
        let (header, all) = (header_words(first), packet_words(first));
        assert_eq!(beat.user, 0, "no ECRC, no error, no streaming, no discontinue on s_axis_tx_tuser");
        assert!(beat.keep == 0xFF || beat.keep == 0x0F && beat.last, "s_axis_tx_tkeep {:#x}", beat.keep);
        let words = if beat.keep == 0xFF { 2 } else { 1 };
        let ends = self.taken + words;
        assert!(if beat.last { ends == all } else { ends < all }, "s_axis_tx_tlast at word {ends} of {all}");
        let write = first >> 30 & 1 == 1;
        let completion = first >> 25 & 0xF == 0b0101;
        if self.taken == 0 && !write && !completion && self.held.is_none() {
            assert!(self.without_credit <= NOTED, "a read without credits");
        }
        let word = |index: usize| {
            let word = (beat.data >> (32 * index)) as u32;
            u64::from(if self.taken + index < header { word } else { word.swap_bytes() })
        };
        let high = if words == 2 { word(1) << 32 } else { 0 };
        let shown = stream::Beat { data: word(0) | high, keep: words as u8 | 1, last: beat.last };
        if completion { (None, Some(shown)) } else { (Some(shown), None) }
    }

    /// Whether no packet is offered or under way.
    pub(super) fn is_idle(&self) -> bool {
        self.taken == 0 && self.offered.is_none()
    }

    /// The edge: whether the block took what was offered, and whether it had credits for reads.
    pub(super) fn clock(&mut self, ready: bool, credit: bool) {
        self.without_credit = if credit { 0 } else { self.without_credit + 1 };
        self.held = self.offered.filter(|_| !ready);
        if let Some(beat) = self.offered.filter(|_| ready) {
            if self.taken == 0 {
                self.first = beat.data as u32;
            }
            self.taken += if beat.keep == 0xFF { 2 } else { 1 };
            if beat.last {
                self.taken = 0;
            }
        }
    }
}
