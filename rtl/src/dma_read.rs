//! The one read engine that all lanes share: tags, reads on `tx_req`, and the words back to each lane in order.
//!
//! A lane's request is granted when a tag is free; the tag owns a buffer for everything it asks for. Words go
//! to a lane as soon as they are there, in the order of the lane's requests; a lane that waits holds up no other.
//! A read without answer for `COMPLETION_TIMEOUT` ticks ends as `DmaTimeout` and its tag is quarantined.

use crate::fifo::Fifo;
use crate::leaf::LutRam;
use crate::reassembly::Reassembly;
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
    pub request: [Signal<In, Bit>; 2],
    /// It is taken over.
    pub request_taken: [Signal<Out, Bit>; 2],
    #[allow(missing_docs)]
    pub address: [Signal<In, Bits<64>>; 2],
    #[allow(missing_docs)]
    pub bytes: [Signal<In, Bits<10>>; 2],
    #[allow(missing_docs)]
    pub dws: [Signal<In, Bits<8>>; 2],
    #[allow(missing_docs)]
    pub words: [Signal<In, Bits<7>>; 2],
    #[allow(missing_docs)]
    pub first_enables: [Signal<In, Bits<4>>; 2],
    #[allow(missing_docs)]
    pub last_enables: [Signal<In, Bits<4>>; 2],
    #[allow(missing_docs)]
    pub last: [Signal<In, Bit>; 2],

    /// The lane can take two more words.
    pub lane_ready: [Signal<In, Bit>; 2],
    /// A word for the lane.
    pub word: [Signal<Out, Bit>; 2],
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

    reassembly: Reassembly,
    order: [Fifo<18, 4>; 2],
    stamps: LutRam<16, 4>,
    busy: DFF<Bits<16>>,
    quarantined: DFF<Bits<16>>,
    candidate: DFF<Bits<4>>,
    scan: DFF<Bits<4>>,
    now: DFF<Bits<16>>,
    late: DFF<Bits<32>>,
    lost: DFF<Bits<32>>,
    grant_turn: DFF<Bit>,
    drain_turn: DFF<Bit>,
    pending: DFF<Bit>,
    out_address: DFF<Bits<64>>,
    out_dws: DFF<Bits<8>>,
    out_first: DFF<Bits<4>>,
    out_last: DFF<Bits<4>>,
    out_tag: DFF<Bits<4>>,
    issued: [DFF<Bits<7>>; 2],
    to_lane: [DFF<Bit>; 2],
    ends_request: DFF<Bit>,
    ends_job: DFF<Bit>,
    fault: DFF<Bits<8>>,

    unusable: Signal<Local, Bits<16>>,
    candidate_mark: Signal<Local, Bits<16>>,
    candidate_hit: Signal<Local, Bits<16>>,
    candidate_free: Signal<Local, Bit>,
    next_candidate: Signal<Local, Bits<4>>,
    wants: [Signal<Local, Bit>; 2],
    grant: [Signal<Local, Bit>; 2],
    granted: Signal<Local, Bit>,
    can_grant: Signal<Local, Bit>,
    entry: Signal<Local, Bits<18>>,
    scan_mark: Signal<Local, Bits<16>>,
    scan_hit: Signal<Local, Bits<16>>,
    age: Signal<Local, Bits<16>>,
    expire: Signal<Local, Bit>,
    next_scan: Signal<Local, Bits<4>>,
    next_now: Signal<Local, Bits<16>>,
    next_late: Signal<Local, Bits<32>>,
    next_lost: Signal<Local, Bits<32>>,
    tag: [Signal<Local, Bits<4>>; 2],
    mark: [Signal<Local, Bits<16>>; 2],
    over: [Signal<Local, Bits<16>>; 2],
    begun: [Signal<Local, Bits<16>>; 2],
    dead: [Signal<Local, Bits<16>>; 2],
    index: [Signal<Local, Bits<7>>; 2],
    after: [Signal<Local, Bits<7>>; 2],
    start_dw: [Signal<Local, Bits<8>>; 2],
    bound: [Signal<Local, Bits<8>>; 2],
    is_last: [Signal<Local, Bit>; 2],
    broken: [Signal<Local, Bit>; 2],
    can: [Signal<Local, Bit>; 2],
    serve: [Signal<Local, Bit>; 2],
    retire: [Signal<Local, Bit>; 2],
    retired: Signal<Local, Bits<16>>,
    code: [Signal<Local, Bits<8>>; 2],
    place: [Signal<Local, Bits<10>>; 2],
    started: Signal<Local, Bits<16>>,
    expired: Signal<Local, Bits<16>>,
    k: Timing,
}

impl Logic for DmaRead {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, busy, quarantined, candidate, scan, now, late, lost, grant_turn, drain_turn);
        dff_setup!(self, clock, pending, out_address, out_dws, out_first, out_last, out_tag);
        dff_setup!(self, clock, ends_request, ends_job, fault);
        clock!(self, clock, reassembly, stamps);
        for i in 0..2 {
            self.order[i].clock.next = self.clock.val();
            self.issued[i].clock.next = self.clock.val();
            self.issued[i].d.next = self.issued[i].q.val();
            self.to_lane[i].clock.next = self.clock.val();
        }

        // A free tag is looked for one by one, so that a tag rests as long as can be before it is used again.
        self.unusable.next = self.busy.q.val() | self.quarantined.q.val();
        self.candidate_mark.next = self.k.one.val() << self.candidate.q.val();
        self.candidate_hit.next = self.candidate_mark.val() & self.unusable.val();
        self.candidate_free.next = !self.candidate_hit.val().any();
        self.next_candidate.next = self.candidate.q.val() + 1;

        // Grants.
        for i in 0..2 {
            self.wants[i].next = self.request[i].val() & !self.order[i].full.val();
        }
        self.can_grant.next = self.candidate_free.val() & !self.pending.q.val();
        self.grant[0].next =
            self.can_grant.val() & self.wants[0].val() & (!self.wants[1].val() | !self.grant_turn.q.val());
        self.grant[1].next =
            self.can_grant.val() & self.wants[1].val() & (!self.wants[0].val() | self.grant_turn.q.val());
        self.granted.next = self.grant[0].val() | self.grant[1].val();
        self.request_taken[0].next = self.grant[0].val();
        self.request_taken[1].next = self.grant[1].val();
        if self.read_taken.val() {
            self.pending.d.next = false;
        }
        self.reassembly.start.next = self.granted.val();
        self.reassembly.start_tag.next = self.candidate.q.val();
        self.reassembly.start_offset.next = self.address[0].val().get_bits::<9>(0);
        self.reassembly.start_bytes.next = self.bytes[0].val();
        if self.grant[1].val() {
            self.reassembly.start_offset.next = self.address[1].val().get_bits::<9>(0);
            self.reassembly.start_bytes.next = self.bytes[1].val();
        }
        if self.granted.val() {
            self.pending.d.next = true;
            self.out_tag.d.next = self.candidate.q.val();
            self.grant_turn.d.next = self.grant[0].val();
            self.out_address.d.next = self.address[0].val();
            self.out_dws.d.next = self.dws[0].val();
            self.out_first.d.next = self.first_enables[0].val();
            self.out_last.d.next = self.last_enables[0].val();
            if self.grant[1].val() {
                self.out_address.d.next = self.address[1].val();
                self.out_dws.d.next = self.dws[1].val();
                self.out_first.d.next = self.first_enables[1].val();
                self.out_last.d.next = self.last_enables[1].val();
            }
        }
        if self.granted.val() | !self.candidate_free.val() {
            self.candidate.d.next = self.next_candidate.val();
        }
        // For each lane, its requests in order: last of its read, words, first word, tag.
        self.order[0].clear.next = self.reset.val();
        self.order[0].put.next = self.grant[0].val();
        self.order[0].put_data.next = bit_cast::<18, 4>(self.candidate.q.val())
            | (bit_cast::<18, 6>(self.address[0].val().get_bits::<6>(3)) << 4)
            | (bit_cast::<18, 7>(self.words[0].val()) << 10);
        if self.last[0].val() {
            self.order[0].put_data.next = bit_cast::<18, 4>(self.candidate.q.val())
                | (bit_cast::<18, 6>(self.address[0].val().get_bits::<6>(3)) << 4)
                | (bit_cast::<18, 7>(self.words[0].val()) << 10)
                | self.k.last_flag.val();
        }
        self.order[1].clear.next = self.reset.val();
        self.order[1].put.next = self.grant[1].val();
        self.order[1].put_data.next = bit_cast::<18, 4>(self.candidate.q.val())
            | (bit_cast::<18, 6>(self.address[1].val().get_bits::<6>(3)) << 4)
            | (bit_cast::<18, 7>(self.words[1].val()) << 10);
        if self.last[1].val() {
            self.order[1].put_data.next = bit_cast::<18, 4>(self.candidate.q.val())
                | (bit_cast::<18, 6>(self.address[1].val().get_bits::<6>(3)) << 4)
                | (bit_cast::<18, 7>(self.words[1].val()) << 10)
                | self.k.last_flag.val();
        }
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

        // Timeouts: one tag a clock.
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
        self.scan_mark.next = self.k.one.val() << self.scan.q.val();
        self.scan_hit.next = self.scan_mark.val()
            & self.busy.q.val()
            & (!self.reassembly.done.val())
            & (!self.quarantined.q.val());
        self.age.next = self.now.q.val() - self.stamps.data.val();
        self.expire.next = self.scan_hit.val().any() & (self.age.val() >= self.k.limit.val());
        self.expired.next = 0.into();
        if self.expire.val() {
            self.expired.next = self.scan_mark.val();
        }
        self.quarantined.d.next = self.quarantined.q.val() | self.expired.val();
        self.next_lost.next = self.lost.q.val() + 1;
        if self.expire.val() {
            self.lost.d.next = self.next_lost.val();
        }
        self.next_late.next = self.late.q.val() + 1;
        if self.reassembly.late.val() {
            self.late.d.next = self.next_late.val();
        }
        self.late_completions.next = self.late.q.val();
        self.tags_quarantined.next = self.lost.q.val();

        // Words to the lanes: the head of each lane's order, one word a clock from the one buffer.
        self.tag[0].next = self.order[0].data.val().get_bits::<4>(0);
        self.reassembly.look[0].next = self.order[0].data.val().get_bits::<4>(0);
        self.mark[0].next = self.k.one.val() << self.tag[0].val();
        self.over[0].next = self.mark[0].val() & self.reassembly.done.val();
        self.begun[0].next = self.mark[0].val() & self.reassembly.begun.val();
        self.dead[0].next = self.mark[0].val() & self.quarantined.q.val();
        self.index[0].next =
            bit_cast::<7, 6>(self.order[0].data.val().get_bits::<6>(4)) + self.issued[0].q.val();
        self.after[0].next = self.issued[0].q.val() + 1;
        self.start_dw[0].next = bit_cast::<8, 7>(self.index[0].val()) << 1;
        self.bound[0].next = self.start_dw[0].val() + 2;
        self.is_last[0].next = self.after[0].val() == self.order[0].data.val().get_bits::<7>(10);
        self.code[0].next = 0.into();
        if self.dead[0].val().any() {
            self.code[0].next = self.k.timeout.val();
        } else if self.over[0].val().any() {
            self.code[0].next = self.reassembly.status[0].val();
        }
        self.broken[0].next = self.code[0].val() != 0;
        self.can[0].next = self.order[0].valid.val()
            & self.lane_ready[0].val()
            & (self.broken[0].val()
                | self.over[0].val().any()
                | (self.begun[0].val().any()
                    & !self.is_last[0].val()
                    & (self.bound[0].val() <= self.reassembly.progress[0].val())));
        self.place[0].next = (bit_cast::<10, 4>(self.tag[0].val()) << 6)
            | bit_cast::<10, 6>(self.index[0].val().get_bits::<6>(0));
        self.tag[1].next = self.order[1].data.val().get_bits::<4>(0);
        self.reassembly.look[1].next = self.order[1].data.val().get_bits::<4>(0);
        self.mark[1].next = self.k.one.val() << self.tag[1].val();
        self.over[1].next = self.mark[1].val() & self.reassembly.done.val();
        self.begun[1].next = self.mark[1].val() & self.reassembly.begun.val();
        self.dead[1].next = self.mark[1].val() & self.quarantined.q.val();
        self.index[1].next =
            bit_cast::<7, 6>(self.order[1].data.val().get_bits::<6>(4)) + self.issued[1].q.val();
        self.after[1].next = self.issued[1].q.val() + 1;
        self.start_dw[1].next = bit_cast::<8, 7>(self.index[1].val()) << 1;
        self.bound[1].next = self.start_dw[1].val() + 2;
        self.is_last[1].next = self.after[1].val() == self.order[1].data.val().get_bits::<7>(10);
        self.code[1].next = 0.into();
        if self.dead[1].val().any() {
            self.code[1].next = self.k.timeout.val();
        } else if self.over[1].val().any() {
            self.code[1].next = self.reassembly.status[1].val();
        }
        self.broken[1].next = self.code[1].val() != 0;
        self.can[1].next = self.order[1].valid.val()
            & self.lane_ready[1].val()
            & (self.broken[1].val()
                | self.over[1].val().any()
                | (self.begun[1].val().any()
                    & !self.is_last[1].val()
                    & (self.bound[1].val() <= self.reassembly.progress[1].val())));
        self.place[1].next = (bit_cast::<10, 4>(self.tag[1].val()) << 6)
            | bit_cast::<10, 6>(self.index[1].val().get_bits::<6>(0));
        self.serve[0].next = self.can[0].val() & (!self.can[1].val() | !self.drain_turn.q.val());
        self.serve[1].next = self.can[1].val() & (!self.can[0].val() | self.drain_turn.q.val());
        if self.can[0].val() & self.can[1].val() {
            self.drain_turn.d.next = !self.drain_turn.q.val();
        }
        for i in 0..2 {
            self.retire[i].next = self.serve[i].val() & (self.is_last[i].val() | self.broken[i].val());
        }
        self.retired.next = 0.into();
        self.reassembly.read_address.next = self.place[0].val();
        self.ends_request.d.next = self.retire[0].val() | self.retire[1].val();
        self.ends_job.d.next = self.retire[0].val() & self.order[0].data.val().get_bit(17);
        self.fault.d.next = self.code[0].val();
        if self.serve[1].val() {
            self.reassembly.read_address.next = self.place[1].val();
            self.ends_job.d.next = self.retire[1].val() & self.order[1].data.val().get_bit(17);
            self.fault.d.next = self.code[1].val();
        }
        for i in 0..2 {
            self.order[i].take.next = self.retire[i].val();
            self.to_lane[i].d.next = self.serve[i].val();
            if self.serve[i].val() {
                self.issued[i].d.next = self.after[i].val();
            }
            if self.retire[i].val() {
                self.issued[i].d.next = 0.into();
                self.retired.next = self.mark[i].val();
            }
            self.word[i].next = self.to_lane[i].q.val();
        }
        self.word_data.next = self.reassembly.read_data.val();
        self.word_ends_request.next = self.ends_request.q.val();
        self.word_ends_job.next = self.ends_job.q.val();
        self.word_fault.next = self.fault.q.val();

        self.started.next = 0.into();
        if self.granted.val() {
            self.started.next = self.candidate_mark.val();
        }
        self.busy.d.next = (self.busy.q.val() & (!self.retired.val())) | self.started.val();
        if self.reset.val() {
            self.busy.d.next = 0.into();
            self.quarantined.d.next = 0.into();
            self.pending.d.next = false;
            self.late.d.next = 0.into();
            self.lost.d.next = 0.into();
            for i in 0..2 {
                self.issued[i].d.next = 0.into();
                self.to_lane[i].d.next = false;
            }
        }
    }
}
