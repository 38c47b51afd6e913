//! Sorts the words that come back for a lane: entries into the store, payload to the fingerprint.
//!
//! Words come in the order in which the lane asked, so a queue of kinds tells which is which. While an entry
//! passes, its check code is computed; what became of the entry is noted beside its slot. The next entry waits for that, three
//! clocks.

use crate::check_code::CheckCode;
use crate::fifo::Fifo;
use crate::leaf::{LutRam, LutRam2};
use covert_abi::FaultCause;
use rust_hdl::prelude::*;

crate::constants::constants! {
    /// Code words and sizes.
    pub Marks {
        check: 8 = FaultCause::Check.code(),
        nearly_full: 8 = 4u32,
        payload: 2 = 1u32,
        low_half: 64 = 0xFFFF_FFFFu32,
        ends_request: 10 = 1u32 << 8,
        ends_job: 10 = 1u32 << 9,
    }
}

/// See the head of the file.
#[derive(LogicBlock, Default)]
pub struct Intake {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Starts a generation.
    pub clear: Signal<In, Bit>,
    /// Forgets the words that wait as well.
    pub power_reset: Signal<In, Bit>,
    /// Drop whatever comes.
    pub halt: Signal<In, Bit>,

    /// The lane has asked for something.
    pub asked: Signal<In, Bit>,
    /// It was payload, not an entry.
    pub asked_payload: Signal<In, Bit>,

    /// A word has come.
    pub word: Signal<In, Bit>,
    #[allow(missing_docs)]
    pub word_data: Signal<In, Bits<64>>,
    #[allow(missing_docs)]
    pub word_ends_request: Signal<In, Bit>,
    #[allow(missing_docs)]
    pub word_ends_job: Signal<In, Bit>,
    #[allow(missing_docs)]
    pub word_fault: Signal<In, Bits<8>>,
    /// Three more words can come; one clock old.
    pub ready: Signal<Out, Bit>,
    /// A request has come back whole.
    pub request_over: Signal<Out, Bit>,

    /// Entries in the store, counted from the start of the generation.
    pub arrived: Signal<Out, Bits<32>>,
    /// Two readers of the store: slot and word.
    pub address: [Signal<In, Bits<6>>; 2],
    #[allow(missing_docs)]
    pub data: [Signal<Out, Bits<64>>; 2],
    /// What became of the entry in a slot: 0 or a code word.
    pub status_slot: Signal<In, Bits<3>>,
    #[allow(missing_docs)]
    pub status: Signal<Out, Bits<8>>,

    /// A word of payload waits.
    pub payload: Signal<Out, Bit>,
    /// It is taken.
    pub payload_taken: Signal<In, Bit>,
    #[allow(missing_docs)]
    pub payload_data: Signal<Out, Bits<64>>,
    #[allow(missing_docs)]
    pub payload_ends: Signal<Out, Bit>,
    #[allow(missing_docs)]
    pub payload_fault: Signal<Out, Bits<8>>,

    queue: Fifo<64, 3>,
    flags: Fifo<10, 3>,
    kinds: Fifo<2, 5>,
    store: LutRam2<64, 6>,
    fates: LutRam<8, 3>,
    check: CheckCode,
    count: DFF<Bits<32>>,
    index: DFF<Bits<3>>,
    free: DFF<Bit>,
    // A word on its way into the store.
    stores: DFF<Bit>,
    stored: DFF<Bits<64>>,
    stored_fault: DFF<Bits<8>>,
    stored_ends: DFF<Bit>,
    // An entry whose code is being computed, then compared.
    ended: DFF<Bit>,
    whole: DFF<Bit>,
    found: DFF<Bits<32>>,
    fault: DFF<Bits<8>>,
    judging: DFF<Bit>,
    wrong: DFF<Bit>,
    noting: DFF<Bit>,
    between: Signal<Local, Bit>,
    next_count: Signal<Local, Bits<32>>,
    next_index: Signal<Local, Bits<3>>,
    slot: Signal<Local, Bits<3>>,
    is_payload: Signal<Local, Bit>,
    entry_word: Signal<Local, Bit>,
    take: Signal<Local, Bit>,
    ends: Signal<Local, Bit>,
    k: Marks,
}

impl Logic for Intake {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, count, index, free, stores, stored, stored_fault, stored_ends);
        dff_setup!(self, clock, ended, whole, found, fault, judging, wrong, noting);
        clock!(self, clock, queue, flags, kinds, store, fates, check);
        self.queue.clear.next = self.power_reset.val();
        self.flags.clear.next = self.power_reset.val();
        self.kinds.clear.next = self.clear.val();
        self.queue.put.next = self.word.val();
        self.queue.put_data.next = self.word_data.val();
        self.flags.put.next = self.word.val();
        self.flags.put_data.next = bit_cast::<10, 8>(self.word_fault.val());
        if self.word_ends_job.val() {
            self.flags.put_data.next =
                bit_cast::<10, 8>(self.word_fault.val()) | self.k.ends_request.val() | self.k.ends_job.val();
        } else if self.word_ends_request.val() {
            self.flags.put_data.next = bit_cast::<10, 8>(self.word_fault.val()) | self.k.ends_request.val();
        }
        self.free.d.next = self.queue.count.val() <= self.k.nearly_full.val();
        self.ready.next = self.free.q.val();
        self.kinds.put.next = self.asked.val();
        self.kinds.put_data.next = 0.into();
        if self.asked_payload.val() {
            self.kinds.put_data.next = self.k.payload.val();
        }

        self.is_payload.next = self.kinds.data.val().get_bit(0);
        self.between.next =
            (self.stores.q.val() & self.stored_ends.q.val()) | self.ended.q.val() | self.judging.q.val();
        self.payload.next = self.queue.valid.val() & self.is_payload.val() & !self.halt.val();
        self.payload_data.next = self.queue.data.val();
        self.payload_ends.next = self.flags.data.val().get_bit(9);
        self.payload_fault.next = self.flags.data.val().get_bits::<8>(0);
        self.entry_word.next =
            self.queue.valid.val() & !self.is_payload.val() & !self.halt.val() & !self.between.val();
        self.take.next = self.queue.valid.val()
            & (self.halt.val() | self.entry_word.val() | (self.is_payload.val() & self.payload_taken.val()));
        self.queue.take.next = self.take.val();
        self.flags.take.next = self.take.val();
        self.ends.next = self.take.val() & self.flags.data.val().get_bit(9);
        self.request_over.next = self.take.val() & self.flags.data.val().get_bit(8);
        // A halted lane's kinds do not matter any more: its requests may have been cut short.
        self.kinds.take.next = self.ends.val() & self.kinds.valid.val() & !self.halt.val();

        // Into the store, and into the check code.
        self.stores.d.next = self.entry_word.val() & !self.clear.val();
        self.stored.d.next = self.queue.data.val();
        self.stored_fault.d.next = self.flags.data.val().get_bits::<8>(0);
        self.stored_ends.d.next = self.flags.data.val().get_bit(9);
        self.slot.next = self.count.q.val().get_bits::<3>(0);
        self.next_index.next = self.index.q.val() + 1;
        if self.stores.q.val() {
            self.index.d.next = self.next_index.val();
            if self.stored_ends.q.val() {
                self.index.d.next = 0.into();
            }
        }
        self.store.write.next = self.stores.q.val();
        self.store.write_address.next =
            (bit_cast::<6, 3>(self.slot.val()) << 3) | bit_cast::<6, 3>(self.index.q.val());
        self.store.write_data.next = self.stored.q.val();
        self.store.address.next = self.address[0].val();
        self.store.second_address.next = self.address[1].val();
        self.data[0].next = self.store.data.val();
        self.data[1].next = self.store.second_data.val();
        self.check.put.next = self.stores.q.val();
        self.check.first.next = self.index.q.val() == 0;
        self.check.word.next = self.stored.q.val();
        if self.index.q.val() == 7 {
            self.check.word.next = self.stored.q.val() & self.k.low_half.val();
        }

        // The code is there two clocks after the last word; it is compared then, and what became of the entry noted after.
        self.ended.d.next = self.stores.q.val() & self.stored_ends.q.val() & !self.clear.val();
        self.judging.d.next = self.ended.q.val() & !self.clear.val();
        if self.stores.q.val() {
            self.found.d.next = self.stored.q.val().get_bits::<32>(32);
            self.fault.d.next = self.stored_fault.q.val();
            self.whole.d.next = self.index.q.val() == 7;
        }
        self.next_count.next = self.count.q.val() + 1;
        self.noting.d.next = self.judging.q.val() & !self.clear.val();
        self.wrong.d.next = (self.found.q.val() != self.check.code.val()) | !self.whole.q.val();
        self.fates.write.next = self.noting.q.val();
        self.fates.write_address.next = self.slot.val();
        self.fates.write_data.next = 0.into();
        if self.fault.q.val() != 0 {
            self.fates.write_data.next = self.fault.q.val();
        } else if self.wrong.q.val() {
            self.fates.write_data.next = self.k.check.val();
        }
        self.fates.address.next = self.status_slot.val();
        self.status.next = self.fates.data.val();
        if self.noting.q.val() {
            self.count.d.next = self.next_count.val();
        }
        self.arrived.next = self.count.q.val();
        if self.clear.val() {
            self.index.d.next = 0.into();
            self.count.d.next = 0.into();
        }
    }
}
