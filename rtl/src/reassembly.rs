//! Takes completions off `rx_cpl`, checks each against its request and puts the payload in place.
//!
//! Every tag owns 512 bytes of the buffer; a DW lies where its address says, so completions may be cut at any DW and
//! come in any order between tags. Four stages: look the tag up, judge the header, write, judge the end. Nothing here ever
//! waits.

use crate::leaf::{BlockRam, LutRam, LutRam2, LutRam3};
use covert_abi::FaultCause;
use rust_hdl::prelude::*;

crate::constants::constants! {
    /// Code words of what can be wrong with a completion.
    pub Verdicts {
        refused: 8 = FaultCause::DmaRefused.code(),
        poisoned: 8 = FaultCause::DmaPoisoned.code(),
        malformed: 8 = FaultCause::DmaMalformed.code(),
        one: 16 = 1u32,
        poison_flag: 26 = 1u32 << 25,
    }
}

/// Which beat of a packet comes next.
#[derive(LogicState, Copy, Clone, Debug, PartialEq)]
pub enum Position {
    /// The first two header DW.
    First,
    /// The third header DW and the first of the payload.
    Second,
    /// Payload.
    Payload,
}

macro_rules! reassembly { ($of:ident $lanes:tt [$($lane:tt)+] [$($next:tt)+] [$($other:tt)?] [$($third:tt)?] $Ram:ident $($address:ident $data:ident)+) => {
/// See the head of the file.
#[derive(LogicBlock, Default)]
pub struct Reassembly {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Forgets packets under way.
    pub reset: Signal<In, Bit>,
    /// The stream; it is always ready.
    pub valid: Signal<In, Bit>,
    /// Two DW.
    pub data: Signal<In, Bits<64>>,
    /// Which of them.
    pub keep: Signal<In, Bits<2>>,
    /// Last beat of the packet.
    pub last: Signal<In, Bit>,
    /// Bus, device, function.
    pub requester_id: Signal<In, Bits<16>>,

    /// A read is about to leave with this tag.
    pub start: Signal<In, Bit>,
    #[allow(missing_docs)]
    pub start_tag: Signal<In, Bits<4>>,
    /// Bits 8..0 of its address.
    pub start_offset: Signal<In, Bits<9>>,
    /// Its bytes.
    pub start_bytes: Signal<In, Bits<10>>,
    /// The DW it touches.
    pub start_dws: Signal<In, Bits<8>>,
    /// Tags whose reads are under way.
    pub busy: Signal<In, Bits<16>>,
    /// Tags whose reads have timed out.
    pub quarantined: Signal<In, Bits<16>>,

    /// Tags whose reads are over.
    pub done: Signal<Out, Bits<16>>,
    /// Tags of which something has arrived; `progress` is of no meaning for others.
    pub begun: Signal<Out, Bits<16>>,
    /// A completion came for a quarantined tag.
    pub late: Signal<Out, Bit>,
    /// A reader for each lane asks how far a tag is.
    pub look: [Signal<In, Bits<4>>; $lanes],
    /// Up to which DW of its 512 bytes the tag is filled.
    pub progress: [Signal<Out, Bits<8>>; $lanes],
    /// What was wrong with a read that is over, or 0.
    pub status: [Signal<Out, Bits<8>>; $lanes],
    /// Tag and word to read from the buffer; the word comes one clock later.
    pub read_address: Signal<In, Bits<10>>,
    #[allow(missing_docs)]
    pub read_data: Signal<Out, Bits<64>>,

    even: BlockRam<32, 10>,
    odd: BlockRam<32, 10>,
    // Offset, bytes, DW.
    asked: LutRam<27, 4>,
    // Bytes, next DW, DW, poisoned.
    pending: LutRam<26, 4>,
    filled: $Ram<8, 4>,
    judged: $Ram<8, 4>,
    done_mask: DFF<Bits<16>>,
    begun_mask: DFF<Bits<16>>,
    pending_mask: DFF<Bits<16>>,

    // Stage 1: which beat is it; look the tag up.
    position: DFF<Position>,
    valid1: DFF<Bit>,
    data1: DFF<Bits<64>>,
    keep1: DFF<Bits<2>>,
    last1: DFF<Bit>,
    dw0: DFF<Bits<32>>,
    dw1: DFF<Bits<32>>,
    // Stage 2: judge the header.
    valid2: DFF<Bit>,
    data2: DFF<Bits<64>>,
    keep2: DFF<Bits<2>>,
    last2: DFF<Bit>,
    first2: DFF<Bit>,
    second2: DFF<Bit>,
    tag2: DFF<Bits<4>>,
    lower2: DFF<Bits<7>>,
    known2: DFF<Bit>,
    stale2: DFF<Bit>,
    want_bytes2: DFF<Bits<10>>,
    want_dws2: DFF<Bits<8>>,
    want_dw2: DFF<Bits<7>>,
    want_low2: DFF<Bits<2>>,
    was_poisoned2: DFF<Bit>,
    head2: DFF<Bits<32>>,
    count2: DFF<Bits<16>>,
    // Stage 3: write.
    valid3: DFF<Bit>,
    data3: DFF<Bits<64>>,
    keep3: DFF<Bits<2>>,
    last3: DFF<Bit>,
    first3: DFF<Bit>,
    second3: DFF<Bit>,
    tag3: DFF<Bits<4>>,
    active3: DFF<Bit>,
    verdict3: DFF<Bits<8>>,
    over3: DFF<Bit>,
    poison3: DFF<Bit>,
    pointer3: DFF<Bits<8>>,
    to_go3: DFF<Bits<8>>,
    digest3: DFF<Bit>,
    // Stage 4: judge the end.
    ended4: DFF<Bit>,
    tag4: DFF<Bits<4>>,
    verdict4: DFF<Bits<8>>,
    over4: DFF<Bit>,
    poison4: DFF<Bit>,
    rest4: DFF<Bits<8>>,
    excess4: DFF<Bit>,

    hit: Signal<Local, Bits<16>>,
    busy_hit: Signal<Local, Bits<16>>,
    stale_hit: Signal<Local, Bits<16>>,
    pending_hit: Signal<Local, Bits<16>>,
    id_matches: Signal<Local, Bit>,
    is_completion: Signal<Local, Bit>,
    low1: Signal<Local, Bits<32>>,
    length: Signal<Local, Bits<10>>,
    span: Signal<Local, Bits<11>>,
    next_dws: Signal<Local, Bits<8>>,
    taken_bytes: Signal<Local, Bits<11>>,
    remaining: Signal<Local, Bits<11>>,
    is_final: Signal<Local, Bit>,
    left2: Signal<Local, Bits<26>>,
    fits: Signal<Local, Bit>,
    next_dw: Signal<Local, Bits<8>>,
    want_lower: Signal<Local, Bits<7>>,
    judging: Signal<Local, Bit>,
    poisoned: Signal<Local, Bit>,

    low_dw: Signal<Local, Bits<32>>,
    high_dw: Signal<Local, Bits<32>>,
    first_dw: Signal<Local, Bits<32>>,
    offered: Signal<Local, Bits<2>>,
    written: Signal<Local, Bits<2>>,
    after: Signal<Local, Bits<8>>,
    rest: Signal<Local, Bits<8>>,
    extra: Signal<Local, Bits<2>>,
    place: Signal<Local, Bits<6>>,
    next_cell: Signal<Local, Bits<6>>,
    base: Signal<Local, Bits<10>>,
    here: Signal<Local, Bits<10>>,
    beyond: Signal<Local, Bits<10>>,
    working: Signal<Local, Bit>,
    ends: Signal<Local, Bit>,
    wrong_size: Signal<Local, Bit>,
    finish: Signal<Local, Bit>,
    outcome: Signal<Local, Bits<8>>,
    mark3: Signal<Local, Bits<16>>,
    mark4: Signal<Local, Bits<16>>,
    mark2: Signal<Local, Bits<16>>,
    mark_start: Signal<Local, Bits<16>>,
    k: Verdicts,
}

impl Logic for Reassembly {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, done_mask, begun_mask, pending_mask, position, valid1, data1, keep1, last1);
        dff_setup!(self, clock, dw0, dw1, valid2, data2, keep2, last2, first2, second2, tag2, lower2);
        dff_setup!(
            self,
            clock,
            known2,
            stale2,
            want_bytes2,
            want_dws2,
            want_dw2,
            want_low2,
            was_poisoned2,
            head2,
            count2
        );
        dff_setup!(self, clock, valid3, data3, keep3, last3, first3, second3, tag3, active3, verdict3, over3);
        dff_setup!(self, clock, poison3, pointer3, to_go3, digest3);
        dff_setup!(self, clock, ended4, tag4, verdict4, over4, poison4, rest4, excess4);
        clock!(self, clock, even, odd, asked, pending, filled, judged);

        // What a tag was asked for.
        self.asked.write.next = self.start.val();
        self.asked.write_address.next = self.start_tag.val();
        self.asked.write_data.next = bit_cast::<27, 9>(self.start_offset.val())
            | (bit_cast::<27, 10>(self.start_bytes.val()) << 9)
            | (bit_cast::<27, 8>(self.start_dws.val()) << 19);
        self.mark_start.next = 0.into();
        if self.start.val() {
            self.mark_start.next = self.k.one.val() << self.start_tag.val();
        }

        // Stage 1.
        self.valid1.d.next = self.valid.val();
        self.data1.d.next = self.data.val();
        self.keep1.d.next = self.keep.val();
        self.last1.d.next = self.last.val();
        self.low1.next = self.data1.q.val().get_bits::<32>(0);
        self.first2.d.next = self.position.q.val() == Position::First;
        self.second2.d.next = self.position.q.val() == Position::Second;
        if self.valid1.q.val() {
            if self.last1.q.val() {
                self.position.d.next = Position::First;
            } else if self.position.q.val() == Position::First {
                self.position.d.next = Position::Second;
            } else {
                self.position.d.next = Position::Payload;
            }
            if self.position.q.val() == Position::First {
                self.dw0.d.next = self.low1.val();
                self.dw1.d.next = self.data1.q.val().get_bits::<32>(32);
            }
        }
        self.asked.address.next = self.low1.val().get_bits::<4>(8);
        self.pending.address.next = self.low1.val().get_bits::<4>(8);
        self.hit.next = self.k.one.val() << self.low1.val().get_bits::<4>(8);
        self.busy_hit.next = self.hit.val() & self.busy.val();
        self.stale_hit.next = self.hit.val() & self.quarantined.val();
        self.pending_hit.next = self.hit.val() & self.pending_mask.q.val();
        self.id_matches.next = (self.low1.val().get_bits::<16>(16) == self.requester_id.val())
            & (self.low1.val().get_bits::<4>(12) == 0);
        // Cpl and CplD: Fmt 0x0, Type 01010.
        self.is_completion.next = (self.dw0.q.val().get_bits::<6>(24) == 10) & !self.dw0.q.val().get_bit(31);

        // Into stage 2.
        self.valid2.d.next = self.valid1.q.val();
        self.data2.d.next = self.data1.q.val();
        self.keep2.d.next = self.keep1.q.val();
        self.last2.d.next = self.last1.q.val();
        if self.valid1.q.val() & (self.position.q.val() == Position::Second) {
            self.head2.d.next = self.dw0.q.val();
            self.count2.d.next = self.dw1.q.val().get_bits::<16>(0);
            self.tag2.d.next = self.low1.val().get_bits::<4>(8);
            self.lower2.d.next = self.low1.val().get_bits::<7>(0);
            self.known2.d.next = self.busy_hit.val().any() & self.id_matches.val() & self.is_completion.val();
            self.stale2.d.next =
                self.stale_hit.val().any() & self.id_matches.val() & self.is_completion.val();
            self.want_bytes2.d.next = self.asked.data.val().get_bits::<10>(9);
            self.want_dws2.d.next = self.asked.data.val().get_bits::<8>(19);
            self.want_dw2.d.next = self.asked.data.val().get_bits::<7>(2);
            self.want_low2.d.next = self.asked.data.val().get_bits::<2>(0);
            self.was_poisoned2.d.next = false;
            if self.pending_hit.val().any() {
                self.want_bytes2.d.next = self.pending.data.val().get_bits::<10>(0);
                self.want_dw2.d.next = self.pending.data.val().get_bits::<7>(10);
                self.want_dws2.d.next = self.pending.data.val().get_bits::<8>(17);
                self.want_low2.d.next = 0.into();
                self.was_poisoned2.d.next = self.pending.data.val().get_bit(25);
            }
        }

        // Stage 2: does the header fit what the tag still wants?
        self.judging.next = self.valid2.q.val() & self.second2.q.val();
        self.length.next = self.head2.q.val().get_bits::<10>(0);
        self.poisoned.next = self.head2.q.val().get_bit(14) | self.was_poisoned2.q.val();
        self.span.next =
            bit_cast::<11, 10>(self.want_bytes2.q.val()) + bit_cast::<11, 2>(self.want_low2.q.val());
        self.is_final.next = bit_cast::<10, 8>(self.want_dws2.q.val()) == self.length.val();
        self.next_dws.next = self.want_dws2.q.val() - self.length.val().get_bits::<8>(0);
        self.taken_bytes.next = bit_cast::<11, 10>(self.length.val()) << 2;
        self.remaining.next = self.span.val() - self.taken_bytes.val();
        self.next_dw.next = bit_cast::<8, 7>(self.want_dw2.q.val()) + self.length.val().get_bits::<8>(0);
        self.want_lower.next = (bit_cast::<7, 5>(self.want_dw2.q.val().get_bits::<5>(0)) << 2)
            | bit_cast::<7, 2>(self.want_low2.q.val());
        self.fits.next = (self.length.val() <= bit_cast::<10, 8>(self.want_dws2.q.val()))
            & (self.length.val() != 0)
            & (self.count2.q.val().get_bits::<12>(0) == bit_cast::<12, 10>(self.want_bytes2.q.val()))
            & (self.lower2.q.val() == self.want_lower.val())
            & self.head2.q.val().get_bit(30);
        self.pending.write.next = self.judging.val();
        self.pending.write_address.next = self.tag2.q.val();
        self.left2.next = bit_cast::<26, 10>(self.remaining.val().get_bits::<10>(0))
            | (bit_cast::<26, 7>(self.next_dw.val().get_bits::<7>(0)) << 10)
            | (bit_cast::<26, 8>(self.next_dws.val()) << 17);
        self.pending.write_data.next = self.left2.val();
        if self.poisoned.val() {
            self.pending.write_data.next = self.left2.val() | self.k.poison_flag.val();
        }
        self.mark2.next = 0.into();
        if self.judging.val() & self.known2.q.val() {
            self.mark2.next = self.k.one.val() << self.tag2.q.val();
        }
        self.late.next = self.judging.val() & self.stale2.q.val();

        // Into stage 3.
        self.valid3.d.next = self.valid2.q.val();
        self.data3.d.next = self.data2.q.val();
        self.keep3.d.next = self.keep2.q.val();
        self.last3.d.next = self.last2.q.val();
        self.first3.d.next = self.first2.q.val();
        self.second3.d.next = self.second2.q.val();

        // Stage 3: payload into the buffer. A DW at an odd address goes to the odd bank.
        self.low_dw.next = self.data3.q.val().get_bits::<32>(0);
        self.high_dw.next = self.data3.q.val().get_bits::<32>(32);
        self.first_dw.next = self.low_dw.val();
        self.offered.next = 1.into();
        if self.second3.q.val() {
            self.first_dw.next = self.high_dw.val();
            if !self.keep3.q.val().get_bit(1) {
                self.offered.next = 0.into();
            }
        } else if self.keep3.q.val().get_bit(1) {
            self.offered.next = 2.into();
        }
        self.working.next = self.valid3.q.val() & !self.first3.q.val() & self.active3.q.val();
        self.written.next = self.offered.val();
        if self.to_go3.q.val() < bit_cast::<8, 2>(self.offered.val()) {
            self.written.next = self.to_go3.q.val().get_bits::<2>(0);
        }
        self.extra.next = self.offered.val() - self.written.val();
        self.after.next = self.pointer3.q.val() + bit_cast::<8, 2>(self.written.val());
        self.rest.next = self.to_go3.q.val() - bit_cast::<8, 2>(self.written.val());
        self.place.next = self.pointer3.q.val().get_bits::<6>(1);
        self.next_cell.next = self.place.val() + 1;
        self.base.next = bit_cast::<10, 4>(self.tag3.q.val()) << 6;
        self.here.next = self.base.val() | bit_cast::<10, 6>(self.place.val());
        self.beyond.next = self.base.val() | bit_cast::<10, 6>(self.next_cell.val());
        self.even.write.next = false;
        self.odd.write.next = false;
        self.even.write_address.next = self.here.val();
        self.odd.write_address.next = self.here.val();
        self.even.write_data.next = self.first_dw.val();
        self.odd.write_data.next = self.high_dw.val();
        if self.pointer3.q.val().get_bit(0) {
            self.even.write_address.next = self.beyond.val();
            self.even.write_data.next = self.high_dw.val();
            self.odd.write_data.next = self.first_dw.val();
            self.odd.write.next = self.working.val() & (self.written.val() != 0);
            self.even.write.next = self.working.val() & (self.written.val() == 2);
        } else {
            self.even.write.next = self.working.val() & (self.written.val() != 0);
            self.odd.write.next = self.working.val() & (self.written.val() == 2);
        }
        self.even.address.next = self.read_address.val();
        self.odd.address.next = self.read_address.val();
        self.read_data.next =
            bit_cast::<64, 32>(self.even.data.val()) | (bit_cast::<64, 32>(self.odd.data.val()) << 32);

        if self.working.val() {
            self.pointer3.d.next = self.after.val();
            self.to_go3.d.next = self.rest.val();
            if self.extra.val() == 1 {
                self.digest3.d.next = false;
            }
        }
        self.ends.next = self.working.val() & self.last3.q.val();

        // Stage 4: a packet ends well when every DW of its length was there, and no more than a digest behind them.
        self.ended4.d.next = self.ends.val();
        self.tag4.d.next = self.tag3.q.val();
        self.verdict4.d.next = self.verdict3.q.val();
        self.over4.d.next = self.over3.q.val();
        self.poison4.d.next = self.poison3.q.val();
        self.rest4.d.next = self.rest.val();
        self.excess4.d.next = (self.extra.val() == 2) | ((self.extra.val() == 1) & !self.digest3.q.val());
        self.wrong_size.next = (self.rest4.q.val() != 0) | self.excess4.q.val();
        self.outcome.next = self.verdict4.q.val();
        if (self.verdict4.q.val() == 0) & self.wrong_size.val() {
            self.outcome.next = self.k.malformed.val();
        } else if (self.verdict4.q.val() == 0) & self.poison4.q.val() & self.over4.q.val() {
            self.outcome.next = self.k.poisoned.val();
        }
        self.finish.next =
            self.ended4.q.val() & (self.over4.q.val() | self.wrong_size.val() | (self.verdict4.q.val() != 0));
        self.filled.write.next = self.working.val();
        self.filled.write_address.next = self.tag3.q.val();
        self.filled.write_data.next = self.after.val();
        self.judged.write.next = self.finish.val();
        self.judged.write_address.next = self.tag4.q.val();
        self.judged.write_data.next = self.outcome.val();
        self.mark3.next = 0.into();
        if self.working.val() {
            self.mark3.next = self.k.one.val() << self.tag3.q.val();
        }

        if self.judging.val() {
            self.active3.d.next = self.known2.q.val();
            self.tag3.d.next = self.tag2.q.val();
            self.pointer3.d.next = bit_cast::<8, 7>(self.want_dw2.q.val());
            self.to_go3.d.next = self.length.val().get_bits::<8>(0);
            self.digest3.d.next = self.head2.q.val().get_bit(15);
            self.poison3.d.next = self.poisoned.val();
            self.over3.d.next = self.is_final.val();
            self.verdict3.d.next = 0.into();
            if self.count2.q.val().get_bits::<3>(13) != 0 {
                self.verdict3.d.next = self.k.refused.val();
                self.to_go3.d.next = 0.into();
            } else if !self.fits.val() {
                self.verdict3.d.next = self.k.malformed.val();
                self.to_go3.d.next = 0.into();
            }
        }

        // A read that starts begins from nothing.
        self.pending_mask.d.next = (self.pending_mask.q.val() | self.mark2.val()) & (!self.mark_start.val());
        self.begun_mask.d.next = (self.begun_mask.q.val() | self.mark3.val()) & (!self.mark_start.val());
        self.done_mask.d.next = self.done_mask.q.val() & (!self.mark_start.val());
        self.mark4.next = self.k.one.val() << self.tag4.q.val();
        if self.finish.val() {
            self.done_mask.d.next = (self.done_mask.q.val() | self.mark4.val()) & (!self.mark_start.val());
        }
        self.done.next = self.done_mask.q.val();
        self.begun.next = self.begun_mask.q.val();
        $( self.filled.$address.next = self.look[$lane].val(); )+
        $( self.judged.$address.next = self.look[$lane].val(); )+
        $( self.progress[$lane].next = self.filled.$data.val(); )+
        $( self.status[$lane].next = self.judged.$data.val(); )+
        if self.reset.val() {
            self.position.d.next = Position::First;
            self.valid1.d.next = false;
            self.valid2.d.next = false;
            self.valid3.d.next = false;
            self.active3.d.next = false;
            self.ended4.d.next = false;
            self.done_mask.d.next = 0.into();
            self.begun_mask.d.next = 0.into();
            self.pending_mask.d.next = 0.into();
        }
    }
}
} }
crate::lanes::configurations! {
    reassembly
    { LutRam2 address data second_address second_data }
    { LutRam3 address data second_address second_data third_address third_data }
}
