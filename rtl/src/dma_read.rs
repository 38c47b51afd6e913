//! The one read engine that all lanes share: tags, reads on `tx_req`, and the words back to each lane in order.
//!
//! A lane's request is granted when a tag is free; the tag owns a buffer for everything it asks for. Words go
//! to a lane as soon as they are there, in the order of the lane's requests; a lane that waits holds up no other. A lane's
//! request rests two clocks before its first word, while its tag is looked up; the other lane has the buffer then.
//! A read without answer for `COMPLETION_TIMEOUT` ticks ends as `DmaTimeout` and its tag is quarantined.

use crate::fifo::Fifo;
use crate::leaf::LutRam;
use covert_abi::FaultCause;
use rust_hdl::prelude::*;

/// Ticks after which a read without completion is given up: 50 ms at a tick of 1 us, the default range of PCIe.
pub const COMPLETION_TIMEOUT: u32 = 50_000;

crate::constants::constants! {
    /// See [`COMPLETION_TIMEOUT`].
    pub Timing {
        limit: 16 = COMPLETION_TIMEOUT,
        timeout: 8 = FaultCause::DmaTimeout.code(),
        one: 16 = 1u32,
        last_flag: 18 = 1u32 << 17,
    }
}

// Behind each lane but the last, the flip-flops that say that the next one's turn has come.
macro_rules! dma_read { ($of:ident $lanes:tt [$($lane:tt)+] [$($next:tt)+] [$($other:tt)?] [$($third:tt)?]
    $($before:tt $grant_turn:ident $drain_turn:ident)+) => {
/// See the head of the file.
#[derive(LogicBlock, Default)]
pub struct DmaRead {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Forgets everything, quarantined tags too.
    pub reset: Signal<In, Bit>,
    /// Pulses once a tick.
    pub tick: Signal<In, Bit>,
    /// Bus, device, function.
    pub requester_id: Signal<In, Bits<16>>,

    /// A lane has a request, as `split` makes them.
    pub request: [Signal<In, Bit>; $lanes],
    /// It is taken over.
    pub request_taken: [Signal<Out, Bit>; $lanes],
    #[allow(missing_docs)]
    pub address: [Signal<In, Bits<64>>; $lanes],
    #[allow(missing_docs)]
    pub bytes: [Signal<In, Bits<10>>; $lanes],
    #[allow(missing_docs)]
    pub dws: [Signal<In, Bits<8>>; $lanes],
    #[allow(missing_docs)]
    pub words: [Signal<In, Bits<7>>; $lanes],
    #[allow(missing_docs)]
    pub first_enables: [Signal<In, Bits<4>>; $lanes],
    #[allow(missing_docs)]
    pub last_enables: [Signal<In, Bits<4>>; $lanes],
    #[allow(missing_docs)]
    pub last: [Signal<In, Bit>; $lanes],

    /// The lane could take four more words a clock ago.
    pub lane_ready: [Signal<In, Bit>; $lanes],
    /// A word for the lane.
    pub word: [Signal<Out, Bit>; $lanes],
    /// The word, as it lies in memory at a multiple of 8.
    pub word_data: Signal<Out, Bits<64>>,
    /// It ends a request.
    pub word_ends_request: Signal<Out, Bit>,
    /// It ends the lane's read.
    pub word_ends_job: Signal<Out, Bit>,
    /// 0, or why there is no data: a code word of `FaultCause`. Such a word ends its request.
    pub word_fault: Signal<Out, Bits<8>>,

    /// A read for `tlp_tx`.
    pub read: Signal<Out, Bit>,
    #[allow(missing_docs)]
    pub read_taken: Signal<In, Bit>,
    #[allow(missing_docs)]
    pub read_address: Signal<Out, Bits<64>>,
    #[allow(missing_docs)]
    pub read_dws: Signal<Out, Bits<8>>,
    #[allow(missing_docs)]
    pub read_first_enables: Signal<Out, Bits<4>>,
    #[allow(missing_docs)]
    pub read_last_enables: Signal<Out, Bits<4>>,
    #[allow(missing_docs)]
    pub read_tag: Signal<Out, Bits<4>>,

    /// `rx_cpl`.
    pub cpl_valid: Signal<In, Bit>,
    #[allow(missing_docs)]
    pub cpl_data: Signal<In, Bits<64>>,
    #[allow(missing_docs)]
    pub cpl_keep: Signal<In, Bits<2>>,
    #[allow(missing_docs)]
    pub cpl_last: Signal<In, Bit>,

    /// Completions that came for a quarantined tag.
    pub late_completions: Signal<Out, Bits<32>>,
    /// Tags in quarantine.
    pub tags_quarantined: Signal<Out, Bits<32>>,

    reassembly: crate::reassembly::$of::Reassembly,
    order: [Fifo<18, 4>; $lanes],
    stamps: LutRam<16, 4>,
    busy: DFF<Bits<16>>,
    quarantined: DFF<Bits<16>>,
    candidate: DFF<Bits<4>>,
    scan: DFF<Bits<4>>,
    now: DFF<Bits<16>>,
    late: DFF<Bits<32>>,
    lost: DFF<Bits<32>>,
    $( $grant_turn: DFF<Bit>, )+
    $( $drain_turn: DFF<Bit>, )+
    pending: DFF<Bit>,
    out_address: DFF<Bits<64>>,
    out_dws: DFF<Bits<8>>,
    out_first: DFF<Bits<4>>,
    out_last: DFF<Bits<4>>,
    out_tag: DFF<Bits<4>>,
    usable: DFF<Bit>,
    // The scan for reads that time out: a tag, whether its read was under way, and the age of that. Then the tag that
    // was found too old, if any, and whether one was given up.
    scanned: DFF<Bits<4>>,
    watched: DFF<Bit>,
    age: DFF<Bits<16>>,
    doomed: DFF<Bits<16>>,
    gave_up: DFF<Bit>,
    // The request that a lane is given the words of.
    current: [DFF<Bit>; $lanes],
    tag: [DFF<Bits<4>>; $lanes],
    index: [DFF<Bits<7>>; $lanes],
    left: [DFF<Bits<7>>; $lanes],
    ends: [DFF<Bit>; $lanes],
    // What was known of its tag a clock ago, once it has been looked up.
    looked: [DFF<Bit>; $lanes],
    over: [DFF<Bit>; $lanes],
    filled: [DFF<Bits<7>>; $lanes],
    broken: [DFF<Bit>; $lanes],
    code: [DFF<Bits<8>>; $lanes],
    // A word whose place in the buffer is known.
    sent: [DFF<Bit>; $lanes],
    place: DFF<Bits<10>>,
    sent_ends_request: DFF<Bit>,
    sent_ends_job: DFF<Bit>,
    sent_fault: DFF<Bits<8>>,
    freed: DFF<Bit>,
    freed_tag: DFF<Bits<4>>,
    // The word itself.
    to_lane: [DFF<Bit>; $lanes],
    ends_request: DFF<Bit>,
    ends_job: DFF<Bit>,
    fault: DFF<Bits<8>>,

    unusable: Signal<Local, Bits<16>>,
    candidate_mark: Signal<Local, Bits<16>>,
    candidate_hit: Signal<Local, Bits<16>>,
    candidate_free: Signal<Local, Bit>,
    next_candidate: Signal<Local, Bits<4>>,
    grant: [Signal<Local, Bit>; $lanes],
    granted: Signal<Local, Bit>,
    can_grant: Signal<Local, Bit>,
    scan_mark: Signal<Local, Bits<16>>,
    scan_hit: Signal<Local, Bits<16>>,
    scanned_mark: Signal<Local, Bits<16>>,
    under_way: Signal<Local, Bits<16>>,
    stamp_age: Signal<Local, Bits<16>>,
    next_scan: Signal<Local, Bits<4>>,
    next_now: Signal<Local, Bits<16>>,
    next_late: Signal<Local, Bits<32>>,
    next_lost: Signal<Local, Bits<32>>,
    mark: [Signal<Local, Bits<16>>; $lanes],
    done_hit: [Signal<Local, Bits<16>>; $lanes],
    begun_hit: [Signal<Local, Bits<16>>; $lanes],
    dead_hit: [Signal<Local, Bits<16>>; $lanes],
    load: [Signal<Local, Bit>; $lanes],
    next_index: [Signal<Local, Bits<7>>; $lanes],
    next_left: [Signal<Local, Bits<7>>; $lanes],
    is_last: [Signal<Local, Bit>; $lanes],
    can: [Signal<Local, Bit>; $lanes],
    serve: [Signal<Local, Bit>; $lanes],
    retire: [Signal<Local, Bit>; $lanes],
    retired: Signal<Local, Bits<16>>,
    started: Signal<Local, Bits<16>>,
    expired: Signal<Local, Bits<16>>,
    k: Timing,
}

impl Logic for DmaRead {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, busy, quarantined, candidate, scan, now, late, lost, $( $grant_turn, )+ $( $drain_turn ),+);
        dff_setup!(self, clock, pending, out_address, out_dws, out_first, out_last, out_tag);
        dff_setup!(
            self,
            clock,
            usable,
            scanned,
            watched,
            age,
            doomed,
            gave_up,
            place,
            sent_ends_request,
            sent_ends_job,
            sent_fault
        );
        dff_setup!(self, clock, freed, freed_tag, ends_request, ends_job, fault);
        clock!(self, clock, reassembly, stamps);
        for i in 0..$lanes {
            self.order[i].clock.next = self.clock.val();
            self.current[i].clock.next = self.clock.val();
            self.current[i].d.next = self.current[i].q.val();
            self.tag[i].clock.next = self.clock.val();
            self.tag[i].d.next = self.tag[i].q.val();
            self.index[i].clock.next = self.clock.val();
            self.index[i].d.next = self.index[i].q.val();
            self.left[i].clock.next = self.clock.val();
            self.left[i].d.next = self.left[i].q.val();
            self.ends[i].clock.next = self.clock.val();
            self.ends[i].d.next = self.ends[i].q.val();
            self.looked[i].clock.next = self.clock.val();
            self.over[i].clock.next = self.clock.val();
            self.filled[i].clock.next = self.clock.val();
            self.broken[i].clock.next = self.clock.val();
            self.code[i].clock.next = self.clock.val();
            self.sent[i].clock.next = self.clock.val();
            self.to_lane[i].clock.next = self.clock.val();
        }

        // A free tag is looked for one by one, so that a tag rests as long as can be before it is used again. One that
        // was found free stays so until it is granted.
        self.unusable.next = self.busy.q.val() | self.quarantined.q.val();
        self.candidate_mark.next = self.k.one.val() << self.candidate.q.val();
        self.candidate_hit.next = self.candidate_mark.val() & self.unusable.val();
        self.candidate_free.next = !self.candidate_hit.val().any();
        self.next_candidate.next = self.candidate.q.val() + 1;

        // Grants. There is room in the lane's order for every tag.
        self.can_grant.next = self.usable.q.val() & !self.pending.q.val();
        $( // Of two lanes, the other one than before.
        self.grant[0].next = self.can_grant.val()
            & self.request[0].val()
            & (!self.request[$other].val() | !self.grant_turn.q.val());
        self.grant[$other].next =
            self.can_grant.val() & self.request[$other].val() & (!self.request[0].val() | self.grant_turn.q.val()); )?
        $( // Of three lanes, in a circle from the one behind the last: 1 or 2 as its flip-flop says, else 0. One of them
        // is granted whatever the two flip-flops hold.
        self.grant[0].next = self.can_grant.val()
            & self.request[0].val()
            & (!self.grant_turn_1.q.val() | (!self.request[1].val() & !self.request[$third].val()))
            & (!self.grant_turn_2.q.val() | !self.request[$third].val());
        self.grant[1].next = self.can_grant.val()
            & self.request[1].val()
            & (self.grant_turn_1.q.val() | !self.request[0].val())
            & (!self.grant_turn_2.q.val()
                | (!self.request[$third].val() & (self.grant_turn_1.q.val() | !self.request[0].val())));
        self.grant[$third].next = self.can_grant.val()
            & self.request[$third].val()
            & !self.grant[0].val()
            & !self.grant[1].val(); )?
        self.granted.next = $( self.grant[$lane].val() )|+;
        $( self.request_taken[$lane].next = self.grant[$lane].val(); )+
        if self.read_taken.val() {
            self.pending.d.next = false;
        }
        self.reassembly.start.next = self.granted.val();
        self.reassembly.start_tag.next = self.candidate.q.val();
        self.reassembly.start_offset.next = self.address[0].val().get_bits::<9>(0);
        self.reassembly.start_bytes.next = self.bytes[0].val();
        self.reassembly.start_dws.next = self.dws[0].val();
        $( if self.grant[$next].val() {
            self.reassembly.start_offset.next = self.address[$next].val().get_bits::<9>(0);
            self.reassembly.start_bytes.next = self.bytes[$next].val();
            self.reassembly.start_dws.next = self.dws[$next].val();
        } )+
        if self.granted.val() {
            self.pending.d.next = true;
            self.out_tag.d.next = self.candidate.q.val();
            $( self.$grant_turn.d.next = self.grant[$before].val(); )+
            self.out_address.d.next = self.address[0].val();
            self.out_dws.d.next = self.dws[0].val();
            self.out_first.d.next = self.first_enables[0].val();
            self.out_last.d.next = self.last_enables[0].val();
            $( if self.grant[$next].val() {
                self.out_address.d.next = self.address[$next].val();
                self.out_dws.d.next = self.dws[$next].val();
                self.out_first.d.next = self.first_enables[$next].val();
                self.out_last.d.next = self.last_enables[$next].val();
            } )+
        }
        if !self.usable.q.val() {
            self.usable.d.next = self.candidate_free.val();
        }
        if self.granted.val() {
            self.usable.d.next = false;
        }
        if self.granted.val() | (!self.usable.q.val() & !self.candidate_free.val()) {
            self.candidate.d.next = self.next_candidate.val();
        }
        // For each lane, its requests in order: last of its read, words, first word, tag.
        $( self.order[$lane].clear.next = self.reset.val();
        self.order[$lane].put.next = self.grant[$lane].val();
        self.order[$lane].put_data.next = bit_cast::<18, 4>(self.candidate.q.val())
            | (bit_cast::<18, 6>(self.address[$lane].val().get_bits::<6>(3)) << 4)
            | (bit_cast::<18, 7>(self.words[$lane].val()) << 10);
        if self.last[$lane].val() {
            self.order[$lane].put_data.next = bit_cast::<18, 4>(self.candidate.q.val())
                | (bit_cast::<18, 6>(self.address[$lane].val().get_bits::<6>(3)) << 4)
                | (bit_cast::<18, 7>(self.words[$lane].val()) << 10)
                | self.k.last_flag.val();
        } )+
        self.read.next = self.pending.q.val();
        self.read_address.next = self.out_address.q.val();
        self.read_dws.next = self.out_dws.q.val();
        self.read_first_enables.next = self.out_first.q.val();
        self.read_last_enables.next = self.out_last.q.val();
        self.read_tag.next = self.out_tag.q.val();

        // Completions.
        self.reassembly.reset.next = self.reset.val();
        self.reassembly.valid.next = self.cpl_valid.val();
        self.reassembly.data.next = self.cpl_data.val();
        self.reassembly.keep.next = self.cpl_keep.val();
        self.reassembly.last.next = self.cpl_last.val();
        self.reassembly.requester_id.next = self.requester_id.val();
        self.reassembly.busy.next = self.busy.q.val() & (!self.quarantined.q.val());
        self.reassembly.quarantined.next = self.quarantined.q.val();

        // Timeouts: one tag a clock. Its age is taken, compared a clock later, and the read given up in a third clock if it
        // is still under way. That is the same read: one that ends is over, and then its tag free, for several clocks before
        // the tag is used again. A read whose last completion is judged in the clock it is given up in is both over and
        // quarantined from the next one on; the lane sees both at once, and quarantine goes first.
        self.next_now.next = self.now.q.val() + 1;
        if self.tick.val() {
            self.now.d.next = self.next_now.val();
        }
        self.stamps.write.next = self.granted.val();
        self.stamps.write_address.next = self.candidate.q.val();
        self.stamps.write_data.next = self.now.q.val();
        self.next_scan.next = self.scan.q.val() + 1;
        self.scan.d.next = self.next_scan.val();
        self.stamps.address.next = self.scan.q.val();
        self.under_way.next = self.busy.q.val() & (!self.reassembly.done.val()) & (!self.quarantined.q.val());
        self.scan_mark.next = self.k.one.val() << self.scan.q.val();
        self.scan_hit.next = self.scan_mark.val() & self.under_way.val();
        self.stamp_age.next = self.now.q.val() - self.stamps.data.val();
        self.scanned.d.next = self.scan.q.val();
        self.watched.d.next = self.scan_hit.val().any() & !self.reset.val();
        self.age.d.next = self.stamp_age.val();
        self.scanned_mark.next = self.k.one.val() << self.scanned.q.val();
        self.doomed.d.next = 0.into();
        if self.watched.q.val() & (self.age.q.val() >= self.k.limit.val()) {
            self.doomed.d.next = self.scanned_mark.val();
        }
        self.expired.next = self.doomed.q.val() & self.under_way.val();
        self.quarantined.d.next = self.quarantined.q.val() | self.expired.val();
        self.gave_up.d.next = self.expired.val().any();
        self.next_lost.next = self.lost.q.val() + 1;
        if self.gave_up.q.val() {
            self.lost.d.next = self.next_lost.val();
        }
        self.next_late.next = self.late.q.val() + 1;
        if self.reassembly.late.val() {
            self.late.d.next = self.next_late.val();
        }
        self.late_completions.next = self.late.q.val();
        self.tags_quarantined.next = self.lost.q.val();

        // The request at the head of each lane's order. Nothing that is known of its tag is taken back before it is
        // through, so knowing it a clock late does no harm.
        $( self.mark[$lane].next = self.k.one.val() << self.tag[$lane].q.val();
        self.done_hit[$lane].next = self.mark[$lane].val() & self.reassembly.done.val();
        self.begun_hit[$lane].next = self.mark[$lane].val() & self.reassembly.begun.val();
        self.dead_hit[$lane].next = self.mark[$lane].val() & self.quarantined.q.val();
        self.reassembly.look[$lane].next = self.tag[$lane].q.val();
        self.over[$lane].d.next = self.done_hit[$lane].val().any();
        self.filled[$lane].d.next = 0.into();
        if self.begun_hit[$lane].val().any() {
            self.filled[$lane].d.next = self.reassembly.progress[$lane].val().get_bits::<7>(1);
        }
        self.code[$lane].d.next = 0.into();
        self.broken[$lane].d.next = false;
        if self.dead_hit[$lane].val().any() {
            self.code[$lane].d.next = self.k.timeout.val();
            self.broken[$lane].d.next = true;
        } else if self.done_hit[$lane].val().any() {
            self.code[$lane].d.next = self.reassembly.status[$lane].val();
            self.broken[$lane].d.next = self.reassembly.status[$lane].val() != 0;
        }
        self.load[$lane].next = self.order[$lane].valid.val() & !self.current[$lane].q.val();
        if self.load[$lane].val() {
            self.current[$lane].d.next = true;
            self.tag[$lane].d.next = self.order[$lane].data.val().get_bits::<4>(0);
            self.index[$lane].d.next = bit_cast::<7, 6>(self.order[$lane].data.val().get_bits::<6>(4));
            self.left[$lane].d.next = self.order[$lane].data.val().get_bits::<7>(10);
            self.ends[$lane].d.next = self.order[$lane].data.val().get_bit(17);
        } )+

        // Words to the lanes, one a clock from the one buffer. All but the last of a request may go as soon as they are
        // there; the last one says how it ended.
        for i in 0..$lanes {
            self.is_last[i].next = self.left[i].q.val() == 1;
            self.can[i].next = self.looked[i].q.val()
                & self.lane_ready[i].val()
                & (self.broken[i].q.val()
                    | self.over[i].q.val()
                    | (!self.is_last[i].val() & (self.index[i].q.val() < self.filled[i].q.val())));
        }
        $( self.serve[0].next = self.can[0].val() & (!self.can[$other].val() | !self.drain_turn.q.val());
        self.serve[$other].next = self.can[$other].val() & (!self.can[0].val() | self.drain_turn.q.val());
        if self.can[0].val() & self.can[$other].val() {
            self.drain_turn.d.next = !self.drain_turn.q.val();
        } )?
        $( self.serve[0].next = self.can[0].val()
            & (!self.drain_turn_1.q.val() | (!self.can[1].val() & !self.can[$third].val()))
            & (!self.drain_turn_2.q.val() | !self.can[$third].val());
        self.serve[1].next = self.can[1].val()
            & (self.drain_turn_1.q.val() | !self.can[0].val())
            & (!self.drain_turn_2.q.val()
                | (!self.can[$third].val() & (self.drain_turn_1.q.val() | !self.can[0].val())));
        self.serve[$third].next = self.can[$third].val() & !self.serve[0].val() & !self.serve[1].val();
        if self.serve[0].val() | self.serve[1].val() | self.serve[$third].val() {
            self.drain_turn_1.d.next = self.serve[0].val();
            self.drain_turn_2.d.next = self.serve[1].val();
        } )?
        for i in 0..$lanes {
            self.retire[i].next = self.serve[i].val() & (self.is_last[i].val() | self.broken[i].q.val());
            self.next_index[i].next = self.index[i].q.val() + 1;
            self.next_left[i].next = self.left[i].q.val() - 1;
            if self.serve[i].val() {
                self.index[i].d.next = self.next_index[i].val();
                self.left[i].d.next = self.next_left[i].val();
            }
            self.looked[i].d.next = self.current[i].q.val();
            if self.retire[i].val() {
                self.current[i].d.next = false;
                self.looked[i].d.next = false;
            }
            self.order[i].take.next = self.load[i].val();
            self.sent[i].d.next = self.serve[i].val();
            self.to_lane[i].d.next = self.sent[i].q.val();
            self.word[i].next = self.to_lane[i].q.val();
        }
        self.sent_ends_request.d.next = $( self.retire[$lane].val() )|+;
        self.freed.d.next = $( self.retire[$lane].val() )|+;
        self.place.d.next = (bit_cast::<10, 4>(self.tag[0].q.val()) << 6)
            | bit_cast::<10, 6>(self.index[0].q.val().get_bits::<6>(0));
        self.sent_ends_job.d.next = self.retire[0].val() & self.ends[0].q.val();
        self.sent_fault.d.next = self.code[0].q.val();
        self.freed_tag.d.next = self.tag[0].q.val();
        $( if self.serve[$next].val() {
            self.place.d.next = (bit_cast::<10, 4>(self.tag[$next].q.val()) << 6)
                | bit_cast::<10, 6>(self.index[$next].q.val().get_bits::<6>(0));
            self.sent_ends_job.d.next = self.retire[$next].val() & self.ends[$next].q.val();
            self.sent_fault.d.next = self.code[$next].q.val();
            self.freed_tag.d.next = self.tag[$next].q.val();
        } )+
        self.reassembly.read_address.next = self.place.q.val();
        self.ends_request.d.next = self.sent_ends_request.q.val();
        self.ends_job.d.next = self.sent_ends_job.q.val();
        self.fault.d.next = self.sent_fault.q.val();
        self.word_data.next = self.reassembly.read_data.val();
        self.word_ends_request.next = self.ends_request.q.val();
        self.word_ends_job.next = self.ends_job.q.val();
        self.word_fault.next = self.fault.q.val();
        self.retired.next = 0.into();
        if self.freed.q.val() {
            self.retired.next = self.k.one.val() << self.freed_tag.q.val();
        }

        self.started.next = 0.into();
        if self.granted.val() {
            self.started.next = self.candidate_mark.val();
        }
        self.busy.d.next = (self.busy.q.val() & (!self.retired.val())) | self.started.val();
        if self.reset.val() {
            self.busy.d.next = 0.into();
            self.quarantined.d.next = 0.into();
            self.pending.d.next = false;
            self.usable.d.next = false;
            self.freed.d.next = false;
            self.doomed.d.next = 0.into();
            self.gave_up.d.next = false;
            self.late.d.next = 0.into();
            self.lost.d.next = 0.into();
            for i in 0..$lanes {
                self.current[i].d.next = false;
                self.looked[i].d.next = false;
                self.sent[i].d.next = false;
                self.to_lane[i].d.next = false;
            }
        }
    }
}
} }
crate::lanes::configurations! {
    dma_read
    { 0 grant_turn drain_turn }
    { 0 grant_turn_1 drain_turn_1 1 grant_turn_2 drain_turn_2 }
}
