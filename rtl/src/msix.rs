//! MSI-X: the table and the pending bits of two vectors, 0 for verdicts and 1 for faults.
//!
//! An event sets its pending bit; as soon as MSI-X is enabled and neither vector nor function is masked, the message is sent
//! and the bit cleared. So no event is lost to whoever enables or unmasks late. After reset both vectors are masked, as PCI
//! wants it.

use rust_hdl::prelude::*;

crate::constants::constants! {
    /// Where the tables are, in DW.
    pub Tables {
        table0: 14 = covert_abi::registers::MSIX_TABLE / 16,
        table1: 14 = covert_abi::registers::MSIX_TABLE / 16 + 1,
        pending: 16 = covert_abi::registers::MSIX_PENDING / 4,
    }
}

/// See the head of the file.
#[derive(LogicBlock, Default)]
pub struct Msix {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Masks both vectors and forgets everything.
    pub reset: Signal<In, Bit>,
    /// From the capability.
    pub enable: Signal<In, Bit>,
    #[allow(missing_docs)]
    pub function_mask: Signal<In, Bit>,
    /// The register bus.
    pub bus_address: Signal<In, Bits<16>>,
    #[allow(missing_docs)]
    pub bus_write: Signal<In, Bit>,
    #[allow(missing_docs)]
    pub bus_data: Signal<In, Bits<32>>,
    #[allow(missing_docs)]
    pub bus_read: Signal<Out, Bits<32>>,
    /// Something has been written: a verdict, a fault.
    pub happened: [Signal<In, Bit>; 2],
    /// A message is to be sent.
    pub write: Signal<Out, Bit>,
    #[allow(missing_docs)]
    pub write_accepted: Signal<In, Bit>,
    #[allow(missing_docs)]
    pub address: Signal<Out, Bits<64>>,
    #[allow(missing_docs)]
    pub message: Signal<Out, Bits<64>>,

    low: [DFF<Bits<32>>; 2],
    high: [DFF<Bits<32>>; 2],
    data: [DFF<Bits<32>>; 2],
    masked: [DFF<Bit>; 2],
    pending: [DFF<Bit>; 2],
    sending: DFF<Bit>,
    to: DFF<Bits<64>>,
    what: DFF<Bits<32>>,
    answer: DFF<Bits<32>>,

    hit: [Signal<Local, Bit>; 2],
    found: Signal<Local, Bits<32>>,
    field: Signal<Local, Bits<2>>,
    row: Signal<Local, Bits<14>>,
    fire: [Signal<Local, Bit>; 2],
    chosen: [Signal<Local, Bit>; 2],
    k: Tables,
}

impl Logic for Msix {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, sending, to, what, answer);
        for i in 0..2 {
            self.low[i].clock.next = self.clock.val();
            self.high[i].clock.next = self.clock.val();
            self.data[i].clock.next = self.clock.val();
            self.masked[i].clock.next = self.clock.val();
            self.pending[i].clock.next = self.clock.val();
            self.low[i].d.next = self.low[i].q.val();
            self.high[i].d.next = self.high[i].q.val();
            self.data[i].d.next = self.data[i].q.val();
            self.masked[i].d.next = self.masked[i].q.val();
            self.pending[i].d.next = self.pending[i].q.val();
        }
        self.row.next = self.bus_address.val().get_bits::<14>(2);
        self.field.next = self.bus_address.val().get_bits::<2>(0);
        self.hit[0].next = self.row.val() == self.k.table0.val();
        self.hit[1].next = self.row.val() == self.k.table1.val();
        self.found.next = 0.into();
        for i in 0..2 {
            if self.hit[i].val() {
                if self.field.val() == 0 {
                    self.found.next = self.low[i].q.val();
                } else if self.field.val() == 1 {
                    self.found.next = self.high[i].q.val();
                } else if self.field.val() == 2 {
                    self.found.next = self.data[i].q.val();
                } else if self.masked[i].q.val() {
                    self.found.next = 1.into();
                }
                if self.bus_write.val() {
                    if self.field.val() == 0 {
                        self.low[i].d.next = self.bus_data.val();
                    } else if self.field.val() == 1 {
                        self.high[i].d.next = self.bus_data.val();
                    } else if self.field.val() == 2 {
                        self.data[i].d.next = self.bus_data.val();
                    } else {
                        self.masked[i].d.next = self.bus_data.val().get_bit(0);
                    }
                }
            }
        }
        if self.bus_address.val() == self.k.pending.val() {
            if self.pending[0].q.val() & self.pending[1].q.val() {
                self.found.next = 3.into();
            } else if self.pending[1].q.val() {
                self.found.next = 2.into();
            } else if self.pending[0].q.val() {
                self.found.next = 1.into();
            }
        }

        self.answer.d.next = self.found.val();
        self.bus_read.next = self.answer.q.val();

        for i in 0..2 {
            self.fire[i].next = self.pending[i].q.val()
                & !self.masked[i].q.val()
                & self.enable.val()
                & !self.function_mask.val()
                & !self.sending.q.val();
        }
        self.chosen[0].next = self.fire[0].val();
        self.chosen[1].next = self.fire[1].val() & !self.fire[0].val();
        if self.write_accepted.val() {
            self.sending.d.next = false;
        }
        if self.chosen[0].val() {
            self.sending.d.next = true;
            self.pending[0].d.next = false;
            self.to.d.next =
                bit_cast::<64, 32>(self.low[0].q.val()) | (bit_cast::<64, 32>(self.high[0].q.val()) << 32);
            self.what.d.next = self.data[0].q.val();
        }
        if self.happened[0].val() {
            self.pending[0].d.next = true;
        }
        if self.chosen[1].val() {
            self.sending.d.next = true;
            self.pending[1].d.next = false;
            self.to.d.next =
                bit_cast::<64, 32>(self.low[1].q.val()) | (bit_cast::<64, 32>(self.high[1].q.val()) << 32);
            self.what.d.next = self.data[1].q.val();
        }
        if self.happened[1].val() {
            self.pending[1].d.next = true;
        }
        self.write.next = self.sending.q.val();
        self.address.next = self.to.q.val();
        self.message.next = bit_cast::<64, 32>(self.what.q.val());
        if self.reset.val() {
            self.sending.d.next = false;
            for i in 0..2 {
                self.pending[i].d.next = false;
                self.masked[i].d.next = true;
            }
        }
    }
}
