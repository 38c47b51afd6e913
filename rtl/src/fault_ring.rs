//! Logs faults: takes the lanes' reports, lowest lane first, seals and writes them.
//!
//! A report that finds the ring full or absent is counted and gone; no lane waits for the log.

use crate::check_code::CheckCode;
use crate::ring::Ring;
use rust_hdl::prelude::*;

/// Where a report is.
#[derive(LogicState, Copy, Clone, Debug, PartialEq)]
pub enum Logging {
    /// Waiting for a report.
    Idle,
    /// The check code takes the first word.
    Seal0,
    /// The second.
    Seal1,
    /// The third.
    Seal2,
    /// The fourth.
    Seal3,
    /// The fourth word is on its way.
    Settle,
    /// The entry is being written.
    Write,
}

// The lanes' numbers in an entry, and what keeps a report waiting after a write.
macro_rules! fault_ring { ($of:ident $lanes:tt [$($lane:tt)+] [$($next:tt)+] [$($other:tt)?] [$($third:tt)?] $($mark:ident)+; $($rest:ident)*) => {
crate::constants::constants! {
    /// Numbers.
    pub Numbers { phase: 64 = 1u64 << 32, $( $mark: 64 = ($next as u64) << 40, )+ ones: 32 = u32::MAX, }
}

/// See the head of the file.
#[derive(LogicBlock, Default)]
pub struct FaultRing {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// The unit is not enabled: the ring starts anew.
    pub reset: Signal<In, Bit>,
    /// Clears the count of lost reports too.
    pub power_reset: Signal<In, Bit>,
    /// Registers.
    pub base: Signal<In, Bits<64>>,
    #[allow(missing_docs)]
    pub log2: Signal<In, Bits<5>>,
    #[allow(missing_docs)]
    pub head: Signal<In, Bits<32>>,
    #[allow(missing_docs)]
    pub tail: Signal<Out, Bits<32>>,
    /// Reports lost.
    pub dropped: Signal<Out, Bits<32>>,

    /// A lane has a report.
    pub report: [Signal<In, Bit>; $lanes],
    #[allow(missing_docs)]
    pub report_taken: [Signal<Out, Bit>; $lanes],
    #[allow(missing_docs)]
    pub cause: [Signal<In, Bits<8>>; $lanes],
    #[allow(missing_docs)]
    pub address: [Signal<In, Bits<64>>; $lanes],
    #[allow(missing_docs)]
    pub seq: [Signal<In, Bits<64>>; $lanes],
    #[allow(missing_docs)]
    pub generation: [Signal<In, Bits<32>>; $lanes],

    /// An entry for the ring.
    pub write: Signal<Out, Bit>,
    #[allow(missing_docs)]
    pub write_accepted: Signal<In, Bit>,
    #[allow(missing_docs)]
    pub write_address: Signal<Out, Bits<64>>,
    #[allow(missing_docs)]
    pub word0: Signal<Out, Bits<64>>,
    #[allow(missing_docs)]
    pub word1: Signal<Out, Bits<64>>,
    #[allow(missing_docs)]
    pub word2: Signal<Out, Bits<64>>,
    #[allow(missing_docs)]
    pub word3: Signal<Out, Bits<64>>,

    ring: Ring,
    check: CheckCode,
    logging: DFF<Logging>,
    first: DFF<Bits<64>>,
    second: DFF<Bits<64>>,
    third: DFF<Bits<64>>,
    lost: DFF<Bits<32>>,
    $( $rest: DFF<Bit>, )*
    take: [Signal<Local, Bit>; $lanes],
    next_lost: Signal<Local, Bits<32>>,
    sealing: Signal<Local, Bit>,
    sealed: Signal<Local, Bits<64>>,
    k: Numbers,
}

impl Logic for FaultRing {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, logging, first, second, third, lost);
        clock!(self, clock, ring, check);
        self.ring.reset.next = self.reset.val();
        self.ring.base.next = self.base.val();
        self.ring.log2.next = self.log2.val();
        self.ring.head.next = self.head.val();
        self.ring.accepted.next = self.write_accepted.val();
        self.tail.next = self.ring.tail.val();
        self.write_address.next = self.ring.address.val();

        $( // A report that waits behind another one is taken before the ring has told its room, and is lost.
        self.take[0].next = self.report[0].val() & (self.logging.q.val() == Logging::Idle);
        self.take[$other].next =
            self.report[$other].val() & !self.report[0].val() & (self.logging.q.val() == Logging::Idle); )?
        $( // The ring tells its room two clocks after a write; until then no report is taken.
        self.written.clock.next = self.clock.val();
        self.written.d.next = self.write_accepted.val();
        self.rested.clock.next = self.clock.val();
        self.rested.d.next = self.written.q.val();
        self.take[0].next = self.report[0].val()
            & (self.logging.q.val() == Logging::Idle)
            & !self.written.q.val()
            & !self.rested.q.val();
        self.take[1].next = self.report[1].val()
            & !self.report[0].val()
            & (self.logging.q.val() == Logging::Idle)
            & !self.written.q.val()
            & !self.rested.q.val();
        self.take[$third].next = self.report[$third].val()
            & !self.report[1].val()
            & !self.report[0].val()
            & (self.logging.q.val() == Logging::Idle)
            & !self.written.q.val()
            & !self.rested.q.val(); )?
        $( self.report_taken[$lane].next = self.take[$lane].val(); )+
        self.next_lost.next = self.lost.q.val() + 1;
        self.sealing.next = false;
        self.sealed.next = self.first.q.val();
        match self.logging.q.val() {
            Logging::Idle => {
                self.first.d.next = self.address[0].val();
                self.second.d.next = self.seq[0].val();
                self.third.d.next = bit_cast::<64, 32>(self.generation[0].val())
                    | (bit_cast::<64, 8>(self.cause[0].val()) << 32);
                $( if self.take[$next].val() {
                    self.first.d.next = self.address[$next].val();
                    self.second.d.next = self.seq[$next].val();
                    self.third.d.next = bit_cast::<64, 32>(self.generation[$next].val())
                        | (bit_cast::<64, 8>(self.cause[$next].val()) << 32)
                        | self.k.$mark.val();
                } )+
                if $( self.take[$lane].val() )|+ {
                    if self.ring.room.val() & (self.log2.val() != 0) {
                        self.logging.d.next = Logging::Seal0;
                    } else if self.lost.q.val() != self.k.ones.val() {
                        self.lost.d.next = self.next_lost.val();
                    }
                }
            }
            Logging::Seal0 => {
                self.sealing.next = true;
                self.logging.d.next = Logging::Seal1;
            }
            Logging::Seal1 => {
                self.sealing.next = true;
                self.sealed.next = self.second.q.val();
                self.logging.d.next = Logging::Seal2;
            }
            Logging::Seal2 => {
                self.sealing.next = true;
                self.sealed.next = self.third.q.val();
                self.logging.d.next = Logging::Seal3;
            }
            Logging::Seal3 => {
                self.sealing.next = true;
                self.sealed.next = 0.into();
                if self.ring.phase.val() {
                    self.sealed.next = self.k.phase.val();
                }
                self.logging.d.next = Logging::Settle;
            }
            Logging::Settle => {
                self.logging.d.next = Logging::Write;
            }
            Logging::Write => {
                if self.write_accepted.val() {
                    self.logging.d.next = Logging::Idle;
                }
            }
            _ => {
                self.logging.d.next = Logging::Idle;
            }
        }
        self.check.put.next = self.sealing.val();
        self.check.first.next = self.logging.q.val() == Logging::Seal0;
        self.check.word.next = self.sealed.val();
        self.write.next = self.logging.q.val() == Logging::Write;
        self.word0.next = self.first.q.val();
        self.word1.next = self.second.q.val();
        self.word2.next = self.third.q.val();
        self.word3.next = bit_cast::<64, 32>(self.check.code.val());
        if self.ring.phase.val() {
            self.word3.next = bit_cast::<64, 32>(self.check.code.val()) | self.k.phase.val();
        }
        self.dropped.next = self.lost.q.val();
        if self.reset.val() {
            self.logging.d.next = Logging::Idle;
        }
        if self.power_reset.val() {
            self.lost.d.next = 0.into();
        }
    }
}
} }
crate::lanes::configurations! { fault_ring { lane1; } { lane1 lane2; written rested } }
