//! Carries out the host's requests on the register bus, a DW written a clock, and queues the answers to reads.
//!
//! The bus is registered, and a read waits until its answer has come through the registers of all who share the bus.
//! A request of two DW is two accesses, the lower address first; that is how an 8-byte write rings a doorbell. The
//! answer holds what the registers were at that moment. Writes never wait; a read waits for room in the queue.

use rust_hdl::prelude::*;

crate::constants::constants! {
    /// Completions, PCI Express Base 2.2.9.
    pub Completions {
        with_data: 32 = 0x4A00_0000u32,
        without_data: 32 = 0x0A00_0000u32,
        unsupported: 3 = 1u32,
        abort: 3 = 4u32,
        all: 4 = 0xFu32,
        dw_bytes: 12 = 4u32,
        settled: 3 = 5u32,
    }
}

/// Where a request is.
#[derive(LogicState, Copy, Clone, Debug, PartialEq)]
pub enum Step {
    /// The first DW, or the refusal.
    First,
    /// The second DW.
    Second,
    /// Byte count and lower address are being worked out.
    Count,
    /// The answer is queued.
    Answer,
}

/// See the head of the file.
#[derive(LogicBlock, Default)]
pub struct Host {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Forgets the request.
    pub reset: Signal<In, Bit>,
    /// Bus, device, function.
    pub completer_id: Signal<In, Bits<16>>,

    /// The request, as `tlp_rx` gives it.
    pub record: Signal<In, Bit>,
    /// The request is done with.
    pub taken: Signal<Out, Bit>,
    #[allow(missing_docs)]
    pub is_write: Signal<In, Bit>,
    #[allow(missing_docs)]
    pub is_read: Signal<In, Bit>,
    #[allow(missing_docs)]
    pub address: Signal<In, Bits<18>>,
    #[allow(missing_docs)]
    pub length: Signal<In, Bits<10>>,
    #[allow(missing_docs)]
    pub one_or_two: Signal<In, Bit>,
    #[allow(missing_docs)]
    pub two: Signal<In, Bit>,
    #[allow(missing_docs)]
    pub first_enables: Signal<In, Bits<4>>,
    #[allow(missing_docs)]
    pub last_enables: Signal<In, Bits<4>>,
    #[allow(missing_docs)]
    pub payload: Signal<In, Bits<64>>,
    #[allow(missing_docs)]
    pub echo: Signal<In, Bits<32>>,
    #[allow(missing_docs)]
    pub requester: Signal<In, Bits<16>>,
    #[allow(missing_docs)]
    pub tag: Signal<In, Bits<8>>,

    /// DW number in BAR 0.
    pub bus_address: Signal<Out, Bits<16>>,
    /// A whole DW is written in this clock.
    pub bus_write: Signal<Out, Bit>,
    /// What is written.
    pub bus_data: Signal<Out, Bits<32>>,
    /// What is at `bus_address`, once that has stood for three clocks.
    pub bus_read: Signal<In, Bits<32>>,

    /// The queue of answers.
    pub room: Signal<In, Bit>,
    /// An answer.
    pub put: Signal<Out, Bit>,
    #[allow(missing_docs)]
    pub dw0: Signal<Out, Bits<32>>,
    #[allow(missing_docs)]
    pub dw1: Signal<Out, Bits<32>>,
    #[allow(missing_docs)]
    pub dw2: Signal<Out, Bits<32>>,
    #[allow(missing_docs)]
    pub answer: Signal<Out, Bits<64>>,

    step: DFF<Step>,
    at: DFF<Bits<16>>,
    writing: DFF<Bit>,
    written: DFF<Bits<32>>,
    waited: DFF<Bits<3>>,
    low: DFF<Bits<32>>,
    high: DFF<Bits<32>>,
    count: DFF<Bits<12>>,
    less: DFF<Bits<3>>,

    settled: Signal<Local, Bit>,
    next_waited: Signal<Local, Bits<3>>,
    dw: Signal<Local, Bits<16>>,
    next_dw: Signal<Local, Bits<16>>,
    end_enables: Signal<Local, Bits<4>>,
    skipped: Signal<Local, Bits<2>>,
    cut: Signal<Local, Bits<2>>,
    bytes: Signal<Local, Bits<12>>,
    absent: Signal<Local, Bits<3>>,
    counted: Signal<Local, Bits<12>>,
    status: Signal<Local, Bits<3>>,
    good: Signal<Local, Bit>,
    lower: Signal<Local, Bits<7>>,
    words: Completions,
}

impl Logic for Host {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, step, low, high, count, less, at, writing, written, waited);

        self.good.next = self.is_read.val() & self.one_or_two.val();

        // The bus.
        self.dw.next = self.address.val().get_bits::<16>(2);
        self.next_dw.next = self.dw.val() + 1;
        self.at.d.next = self.dw.val();
        self.written.d.next = self.payload.val().get_bits::<32>(0);
        self.writing.d.next = self.record.val()
            & self.is_write.val()
            & (self.step.q.val() == Step::First)
            & (self.first_enables.val() == self.words.all.val());
        if self.step.q.val() == Step::Second {
            self.at.d.next = self.next_dw.val();
            self.written.d.next = self.payload.val().get_bits::<32>(32);
            self.writing.d.next = self.is_write.val() & (self.last_enables.val() == self.words.all.val());
        }

        self.bus_address.next = self.at.q.val();
        self.bus_data.next = self.written.q.val();
        self.bus_write.next = self.writing.q.val();
        self.settled.next =
            (self.waited.q.val() == self.words.settled.val()) | !self.is_read.val() | !self.good.val();
        self.next_waited.next = self.waited.q.val() + 1;
        self.waited.d.next = 0.into();

        // Byte count and lower address (PCI Express Base 2.2.9, tables 2-38 and 2-39).
        self.end_enables.next = self.last_enables.val();
        if self.one_or_two.val() & !self.two.val() {
            self.end_enables.next = self.first_enables.val();
        }
        self.skipped.next = 0.into();
        if !self.first_enables.val().get_bit(0) {
            if self.first_enables.val().get_bit(1) {
                self.skipped.next = 1.into();
            } else if self.first_enables.val().get_bit(2) {
                self.skipped.next = 2.into();
            } else if self.first_enables.val().get_bit(3) {
                self.skipped.next = 3.into();
            }
        }
        self.cut.next = 0.into();
        if !self.end_enables.val().get_bit(3) {
            if self.end_enables.val().get_bit(2) {
                self.cut.next = 1.into();
            } else if self.end_enables.val().get_bit(1) {
                self.cut.next = 2.into();
            } else {
                self.cut.next = 3.into();
            }
        }
        self.bytes.next = bit_cast::<12, 10>(self.length.val()) << 2;
        self.absent.next = bit_cast::<3, 2>(self.skipped.val()) + bit_cast::<3, 2>(self.cut.val());
        self.less.d.next = self.absent.val();
        self.counted.next = self.bytes.val() - bit_cast::<12, 3>(self.less.q.val());
        self.lower.next = (bit_cast::<7, 5>(self.address.val().get_bits::<5>(2)) << 2)
            | bit_cast::<7, 2>(self.skipped.val());

        self.taken.next = false;
        self.put.next = false;
        match self.step.q.val() {
            Step::First => {
                if self.record.val() {
                    self.low.d.next = self.bus_read.val();
                    self.high.d.next = 0.into();
                    if self.is_write.val() & !self.two.val() {
                        self.taken.next = true;
                    } else if !self.settled.val() {
                        self.waited.d.next = self.next_waited.val();
                    } else if self.two.val() & (self.is_write.val() | self.is_read.val()) {
                        self.step.d.next = Step::Second;
                    } else {
                        self.step.d.next = Step::Count;
                    }
                }
            }
            Step::Second => {
                self.high.d.next = self.bus_read.val();
                if self.is_write.val() {
                    self.taken.next = true;
                    self.step.d.next = Step::First;
                } else if !self.settled.val() {
                    self.waited.d.next = self.next_waited.val();
                } else {
                    self.step.d.next = Step::Count;
                }
            }
            Step::Count => {
                self.count.d.next = self.counted.val();
                if !self.is_read.val() {
                    self.count.d.next = self.words.dw_bytes.val();
                }
                self.step.d.next = Step::Answer;
            }
            Step::Answer => {
                if self.room.val() {
                    self.put.next = true;
                    self.taken.next = true;
                    self.step.d.next = Step::First;
                }
            }
            _ => {
                self.step.d.next = Step::First;
            }
        }

        self.status.next = 0.into();
        self.dw0.next = self.words.with_data.val() | self.echo.val() | bit_cast::<32, 10>(self.length.val());
        self.dw2.next = (bit_cast::<32, 16>(self.requester.val()) << 16)
            | (bit_cast::<32, 8>(self.tag.val()) << 8)
            | bit_cast::<32, 7>(self.lower.val());
        if !self.good.val() {
            self.dw0.next = self.words.without_data.val() | self.echo.val();
            if self.is_read.val() {
                self.status.next = self.words.abort.val();
            } else {
                self.status.next = self.words.unsupported.val();
                self.dw2.next = (bit_cast::<32, 16>(self.requester.val()) << 16)
                    | (bit_cast::<32, 8>(self.tag.val()) << 8);
            }
        }
        self.dw1.next = (bit_cast::<32, 16>(self.completer_id.val()) << 16)
            | (bit_cast::<32, 3>(self.status.val()) << 13)
            | bit_cast::<32, 12>(self.count.q.val());
        self.answer.next =
            bit_cast::<64, 32>(self.low.q.val()) | (bit_cast::<64, 32>(self.high.q.val()) << 32);
        if self.reset.val() {
            self.writing.d.next = false;
            self.waited.d.next = 0.into();
            self.step.d.next = Step::First;
        }
    }
}
