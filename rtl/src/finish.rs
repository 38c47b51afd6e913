//! Forms the fingerprint of a lane's records, in order, from payload and header.
//!
//! Payload comes as words of memory and is shifted to start at its first byte, cut at its last and padded with zeros to a
//! multiple of 16 bytes; then come the four words of the header, as they lie in the entry. A fault ends the lane.

use crate::fingerprint::Fingerprint;
use crate::leaf::{ByteAlign, KeepBytes};
use rust_hdl::prelude::*;

/// What is being put into the fingerprint.
#[derive(LogicState, Copy, Clone, Debug, PartialEq)]
pub enum Part {
    /// Waiting for a finding.
    Idle,
    /// Payload from the entry itself.
    Inline,
    /// Payload from memory.
    Payload,
    /// The last word of it.
    Tail,
    /// The last word of it is on its way to the engine.
    Last,
    /// A word of zeros.
    Pad,
    /// The header.
    Header,
    /// The last word of all is on its way to the engine.
    Through,
    /// It is in the engine.
    Settle,
    /// The fingerprint is there.
    Deliver,
    /// The record has a fault: the address of its payload is read.
    Fault,
    /// Cause and address are put together.
    Blame,
    /// The fault is reported.
    Report,
    /// The fault has been reported.
    Stopped,
}

crate::constants::constants! {
    /// Numbers.
    pub Numbers {
        word: 17 = 8u32,
        one: 32 = 1u32,
        sixteen: 17 = 16u32,
    }
}

/// See the head of the file.
#[derive(LogicBlock, Default)]
pub struct Finish {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Starts a generation.
    pub clear: Signal<In, Bit>,
    /// Stop where you are.
    pub halt: Signal<In, Bit>,
    /// First position of the generation.
    pub start_seq: Signal<In, Bits<64>>,
    /// The ring.
    pub ring_base: Signal<In, Bits<64>>,
    #[allow(missing_docs)]
    pub ring_log2: Signal<In, Bits<5>>,

    /// What `examine` found.
    pub finding: Signal<In, Bit>,
    #[allow(missing_docs)]
    pub finding_data: Signal<In, Bits<32>>,
    #[allow(missing_docs)]
    pub finding_taken: Signal<Out, Bit>,
    /// The store: slot and word.
    pub address: Signal<Out, Bits<6>>,
    #[allow(missing_docs)]
    pub data: Signal<In, Bits<64>>,
    /// Payload.
    pub payload: Signal<In, Bit>,
    #[allow(missing_docs)]
    pub payload_taken: Signal<Out, Bit>,
    #[allow(missing_docs)]
    pub payload_data: Signal<In, Bits<64>>,
    #[allow(missing_docs)]
    pub payload_ends: Signal<In, Bit>,
    #[allow(missing_docs)]
    pub payload_fault: Signal<In, Bits<8>>,

    /// The fingerprint of record `seq` will be there in the next clock, or is.
    pub closing: Signal<Out, Bit>,
    /// The fingerprint of record `seq` is there, in this clock.
    pub deliver: Signal<Out, Bit>,
    #[allow(missing_docs)]
    pub fingerprint: Signal<Out, Bits<64>>,
    /// Record `seq` has a fault, in this clock.
    pub fault: Signal<Out, Bit>,
    #[allow(missing_docs)]
    pub fault_cause: Signal<Out, Bits<8>>,
    #[allow(missing_docs)]
    pub fault_address: Signal<Out, Bits<64>>,
    /// The entry itself was read: it counts as taken.
    pub fault_taken: Signal<Out, Bit>,
    /// Records delivered in this generation.
    pub finished: Signal<Out, Bits<32>>,
    /// Position of the record that is due.
    pub seq: Signal<Out, Bits<64>>,

    engine: Fingerprint,
    align: ByteAlign,
    keep: KeepBytes,
    part: DFF<Part>,
    count: DFF<Bits<32>>,
    due: DFF<Bits<64>>,
    index: DFF<Bits<3>>,
    left: DFF<Bits<17>>,
    is_odd: DFF<Bit>,
    held: DFF<Bits<64>>,
    holding: DFF<Bit>,
    aligned: DFF<Bits<64>>,
    emitting: DFF<Bit>,
    stored: DFF<Bits<64>>,
    putting: DFF<Bit>,
    blank: DFF<Bit>,
    broken: DFF<Bits<8>>,
    wrap: DFF<Bits<32>>,
    origin_entry: DFF<Bits<64>>,
    cause: DFF<Bits<8>>,
    culprit: DFF<Bits<64>>,

    slot: Signal<Local, Bits<3>>,
    at: Signal<Local, Bits<3>>,
    length: Signal<Local, Bits<17>>,
    found: Signal<Local, Bits<8>>,
    is_inline: Signal<Local, Bit>,
    origin: Signal<Local, Bits<2>>,
    next_count: Signal<Local, Bits<32>>,
    next_due: Signal<Local, Bits<64>>,
    next_index: Signal<Local, Bits<3>>,
    rest: Signal<Local, Bits<17>>,
    next_left: Signal<Local, Bits<17>>,
    put: Signal<Local, Bit>,
    word: Signal<Local, Bits<64>>,
    ring_length: Signal<Local, Bits<32>>,
    mask: Signal<Local, Bits<32>>,
    ring_slot: Signal<Local, Bits<32>>,
    offset: Signal<Local, Bits<64>>,
    entry: Signal<Local, Bits<64>>,
    k: Numbers,
}

impl Logic for Finish {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            part,
            count,
            due,
            index,
            left,
            is_odd,
            held,
            holding,
            aligned,
            emitting,
            stored,
            putting,
            blank,
            broken,
            wrap,
            origin_entry,
            cause,
            culprit
        );
        clock!(self, clock, engine);
        self.slot.next = self.count.q.val().get_bits::<3>(0);
        self.found.next = self.finding_data.val().get_bits::<8>(0);
        self.length.next = self.finding_data.val().get_bits::<17>(8);
        self.is_inline.next = self.finding_data.val().get_bit(28);
        self.origin.next = self.finding_data.val().get_bits::<2>(29);
        self.next_count.next = self.count.q.val() + 1;
        self.next_due.next = self.due.q.val() + 1;
        self.next_index.next = self.index.q.val() + 1;

        // The next eight bytes of payload: of the word held and the one that follows. They are cut a clock later.
        self.align.low.next = self.held.q.val();
        self.align.high.next = self.payload_data.val();
        self.align.offset.next = self.finding_data.val().get_bits::<3>(25);
        if self.part.q.val() == Part::Tail {
            self.align.high.next = 0.into();
        }
        self.aligned.d.next = self.align.word.val();
        self.keep.data.next = self.aligned.q.val();
        self.keep.count.next = 8.into();
        self.rest.next = self.left.q.val() - self.k.word.val();
        self.next_left.next = self.rest.val();
        if self.left.q.val() < self.k.word.val() {
            self.keep.count.next = self.left.q.val().get_bits::<4>(0);
            self.next_left.next = 0.into();
        }

        self.at.next = self.index.q.val();
        self.emitting.d.next = false;
        // A word of the entry is read from the store one clock before it goes to the engine.
        self.stored.d.next = self.data.val();
        self.putting.d.next = false;
        self.blank.d.next = false;
        self.payload_taken.next = false;
        self.finding_taken.next = false;
        self.deliver.next = false;
        self.fault.next = false;
        self.engine.clear.next = false;
        match self.part.q.val() {
            Part::Idle => {
                self.engine.clear.next = true;
                self.index.d.next = 0.into();
                self.left.d.next = self.length.val();
                self.is_odd.d.next = false;
                self.holding.d.next = false;
                self.broken.d.next = 0.into();
                if self.finding.val() {
                    if self.found.val() != 0 {
                        self.part.d.next = Part::Fault;
                    } else if self.length.val() == 0 {
                        self.part.d.next = Part::Header;
                    } else if self.is_inline.val() {
                        self.index.d.next = 4.into();
                        self.part.d.next = Part::Inline;
                    } else {
                        self.part.d.next = Part::Payload;
                    }
                }
            }
            Part::Inline => {
                // What is behind the payload was found to be zero.
                self.putting.d.next = true;
                self.blank.d.next = self.index.q.val() == 7;
                self.index.d.next = self.next_index.val();
                if (self.index.q.val() == 7)
                    | ((self.index.q.val() == 5) & (self.length.val() <= self.k.sixteen.val()))
                {
                    self.index.d.next = 0.into();
                    self.part.d.next = Part::Header;
                }
            }
            Part::Payload => {
                self.payload_taken.next = true;
                if self.payload.val() {
                    self.emitting.d.next = self.holding.q.val();
                    self.held.d.next = self.payload_data.val();
                    self.holding.d.next = true;
                    if (self.payload_fault.val() != 0) & (self.broken.q.val() == 0) {
                        self.broken.d.next = self.payload_fault.val();
                    }
                    if self.payload_ends.val() {
                        self.part.d.next = Part::Tail;
                    }
                }
            }
            Part::Tail => {
                self.emitting.d.next = true;
                self.part.d.next = Part::Last;
                if self.broken.q.val() != 0 {
                    self.part.d.next = Part::Fault;
                }
            }
            Part::Last => {
                self.part.d.next = Part::Pad;
            }
            Part::Pad => {
                self.putting.d.next = self.is_odd.q.val();
                self.blank.d.next = true;
                self.part.d.next = Part::Header;
            }
            Part::Header => {
                self.putting.d.next = true;
                self.index.d.next = self.next_index.val();
                if self.index.q.val() == 3 {
                    self.index.d.next = 0.into();
                    self.part.d.next = Part::Through;
                }
            }
            Part::Through => {
                self.part.d.next = Part::Settle;
            }
            Part::Settle => {
                self.part.d.next = Part::Deliver;
            }
            Part::Deliver => {
                self.deliver.next = true;
                self.finding_taken.next = true;
                self.count.d.next = self.next_count.val();
                self.due.d.next = self.next_due.val();
                self.part.d.next = Part::Idle;
            }
            Part::Fault => {
                self.at.next = 4.into();
                self.part.d.next = Part::Blame;
            }
            Part::Blame => {
                self.part.d.next = Part::Report;
            }
            Part::Report => {
                self.fault.next = true;
                self.part.d.next = Part::Stopped;
            }
            _ => {}
        }
        self.put.next = self.putting.q.val();
        self.word.next = self.stored.q.val();
        if self.blank.q.val() {
            self.word.next = 0.into();
        }
        if self.emitting.q.val() & (self.left.q.val() != 0) {
            self.put.next = true;
            self.word.next = self.keep.word.val();
            self.left.d.next = self.next_left.val();
            self.is_odd.d.next = !self.is_odd.q.val();
        }
        self.engine.put.next = self.put.val();
        self.engine.word.next = self.word.val();
        self.address.next = (bit_cast::<6, 3>(self.slot.val()) << 3) | bit_cast::<6, 3>(self.at.val());
        self.fingerprint.next = self.engine.value.val();
        self.closing.next = (self.part.q.val() == Part::Settle) | (self.part.q.val() == Part::Deliver);
        self.finished.next = self.count.q.val();
        self.seq.next = self.due.q.val();

        // Cause and address of a fault.
        self.ring_length.next = self.k.one.val() << self.ring_log2.val();
        self.mask.next = self.ring_length.val() - 1;
        self.wrap.d.next = self.mask.val();
        self.ring_slot.next = self.count.q.val() & self.wrap.q.val();
        self.offset.next = bit_cast::<64, 32>(self.ring_slot.val()) << 6;
        self.entry.next = self.ring_base.val() + self.offset.val();
        self.origin_entry.d.next = self.entry.val();
        self.cause.d.next = self.found.val();
        self.culprit.d.next = 0.into();
        if self.broken.q.val() != 0 {
            self.cause.d.next = self.broken.q.val();
            self.culprit.d.next = self.stored.q.val();
        } else if self.origin.val() == 1 {
            self.culprit.d.next = self.origin_entry.q.val();
        } else if self.origin.val() == 2 {
            self.culprit.d.next = self.stored.q.val();
        }
        self.fault_cause.next = self.cause.q.val();
        self.fault_address.next = self.culprit.q.val();
        self.fault_taken.next = self.origin.val() != 1;
        if self.halt.val() {
            self.part.d.next = Part::Stopped;
        }
        if self.clear.val() {
            self.part.d.next = Part::Idle;
            self.count.d.next = 0.into();
            self.due.d.next = self.start_seq.val();
        }
    }
}
