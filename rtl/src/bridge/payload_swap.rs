//! Turns the bytes of each payload DW around, and leaves header DWs as they are.
//!
//! The 7-series block sends every DW with its first byte on top; the unit's payload has the first byte at the bottom. Which DW
//! of a packet is payload follows from its place and from the size that its first DW gives the header.

use rust_hdl::prelude::*;

/// See the head of the file.
#[derive(LogicBlock, Default)]
pub struct PayloadSwap {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// The next beat begins a packet.
    pub reset: Signal<In, Bit>,
    /// The beat is transferred at the next edge.
    pub taken: Signal<In, Bit>,
    /// Two DW.
    pub data: Signal<In, Bits<64>>,
    /// Last beat of the packet.
    pub last: Signal<In, Bit>,
    /// The beat is the first of its packet.
    pub first: Signal<Out, Bit>,
    /// The two DW, turned where they are payload.
    pub turned: Signal<Out, Bits<64>>,

    behind_first: DFF<Bit>,
    behind_second: DFF<Bit>,
    four: DFF<Bit>,
    low: Signal<Local, Bits<32>>,
    high: Signal<Local, Bits<32>>,
    low_turned: Signal<Local, Bits<32>>,
    high_turned: Signal<Local, Bits<32>>,
}

impl Logic for PayloadSwap {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, behind_first, behind_second, four);
        self.low.next = self.data.val().get_bits::<32>(0);
        self.high.next = self.data.val().get_bits::<32>(32);
        self.low_turned.next = (bit_cast::<32, 8>(self.data.val().get_bits::<8>(0)) << 24)
            | (bit_cast::<32, 8>(self.data.val().get_bits::<8>(8)) << 16)
            | (bit_cast::<32, 8>(self.data.val().get_bits::<8>(16)) << 8)
            | bit_cast::<32, 8>(self.data.val().get_bits::<8>(24));
        self.high_turned.next = (bit_cast::<32, 8>(self.data.val().get_bits::<8>(32)) << 24)
            | (bit_cast::<32, 8>(self.data.val().get_bits::<8>(40)) << 16)
            | (bit_cast::<32, 8>(self.data.val().get_bits::<8>(48)) << 8)
            | bit_cast::<32, 8>(self.data.val().get_bits::<8>(56));
        self.first.next = !self.behind_first.q.val();
        if self.behind_second.q.val() {
            self.low.next = self.low_turned.val();
        }
        if self.behind_second.q.val() | (self.behind_first.q.val() & !self.four.q.val()) {
            self.high.next = self.high_turned.val();
        }
        self.turned.next = bit_cast::<64, 32>(self.low.val()) | (bit_cast::<64, 32>(self.high.val()) << 32);
        if self.taken.val() {
            if !self.behind_first.q.val() {
                self.four.d.next = self.data.val().get_bit(29);
            }
            self.behind_second.d.next = self.behind_first.q.val();
            self.behind_first.d.next = true;
            if self.last.val() {
                self.behind_first.d.next = false;
                self.behind_second.d.next = false;
            }
        }
        if self.reset.val() {
            self.behind_first.d.next = false;
            self.behind_second.d.next = false;
        }
    }
}
