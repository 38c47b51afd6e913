//! The top: every block, and the order in which they are reset.
//!
//! `reset` and a link that is down reset everything at once. `CONTROL_ENABLE` = 0 and a function-level reset first stop
//! the lanes, then await their reads and the packet on `tx_req`; only then may the unit run (or be reset) again, so
//! that nothing from before can be taken for something from after.

use crate::completer::Completer;
use crate::host::Host;
use crate::lane::Lane;
use crate::msix::Msix;
use crate::ring::Ring;
use crate::tlp_rx::TlpRx;
use crate::tlp_tx::TlpTx;
use rust_hdl::prelude::*;

/// Name of the top module with two lanes.
pub const NAME: &str = "redundancy_unit";
/// Name of the top module with three lanes.
pub const NAME_WITH_THREE_LANES: &str = "redundancy_unit_3";

/// Where a function-level reset is.
#[derive(LogicState, Copy, Clone, Debug, PartialEq)]
pub enum Flr {
    /// Not asked for.
    Idle,
    /// Waiting for reads and packets.
    Drain,
    /// Everything is reset.
    Reset,
    /// Waiting for the request to end.
    Done,
}

macro_rules! unit { ($of:ident $lanes:tt [$($lane:tt)+] [$($next:tt)+] [$($other:tt)?] [$($third:tt)?]) => {
/// See the head of the file; the ports are described in `docs/src/tlp-boundary.md`.
#[derive(LogicBlock, Default)]
#[allow(missing_docs)]
pub struct Unit {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,

    pub rx_req_valid: Signal<In, Bit>,
    pub rx_req_ready: Signal<Out, Bit>,
    pub rx_req_data: Signal<In, Bits<64>>,
    pub rx_req_keep: Signal<In, Bits<2>>,
    pub rx_req_last: Signal<In, Bit>,

    pub rx_cpl_valid: Signal<In, Bit>,
    pub rx_cpl_ready: Signal<Out, Bit>,
    pub rx_cpl_data: Signal<In, Bits<64>>,
    pub rx_cpl_keep: Signal<In, Bits<2>>,
    pub rx_cpl_last: Signal<In, Bit>,

    pub tx_req_valid: Signal<Out, Bit>,
    pub tx_req_ready: Signal<In, Bit>,
    pub tx_req_data: Signal<Out, Bits<64>>,
    pub tx_req_keep: Signal<Out, Bits<2>>,
    pub tx_req_last: Signal<Out, Bit>,

    pub tx_cpl_valid: Signal<Out, Bit>,
    pub tx_cpl_ready: Signal<In, Bit>,
    pub tx_cpl_data: Signal<Out, Bits<64>>,
    pub tx_cpl_keep: Signal<Out, Bits<2>>,
    pub tx_cpl_last: Signal<Out, Bit>,

    pub completer_id: Signal<In, Bits<16>>,
    pub max_payload: Signal<In, Bits<3>>,
    pub max_read_request: Signal<In, Bits<3>>,
    pub rcb: Signal<In, Bit>,
    pub bus_master_enable: Signal<In, Bit>,
    pub msix_enable: Signal<In, Bit>,
    pub msix_function_mask: Signal<In, Bit>,
    pub flr_request: Signal<In, Bit>,
    pub flr_done: Signal<Out, Bit>,
    pub link_up: Signal<In, Bit>,
    pub tick: Signal<In, Bit>,
    pub config_error: Signal<Out, Bit>,

    tlp_rx: TlpRx,
    host: Host,
    csr: crate::csr::$of::Csr,
    doorbell: crate::doorbell::$of::Doorbell,
    msix: Msix,
    completer: Completer,
    lane: [Lane; $lanes],
    dma_read: crate::dma_read::$of::DmaRead,
    tlp_tx: TlpTx,
    vote: crate::vote::$of::Vote,
    watchdog: crate::watchdog::$of::Watchdog,
    generation: crate::generation::$of::Generation,
    verdict_ring: Ring,
    fault_ring: crate::fault_ring::$of::FaultRing,
    flr: DFF<Flr>,
    // `flr` is `Reset`: a flip-flop of its own, since it goes to most of the unit.
    renew: DFF<Bit>,
    run: DFF<Bit>,
    stopped: DFF<Bit>,

    power_reset: Signal<Local, Bit>,
    full_reset: Signal<Local, Bit>,
    quiet: Signal<Local, Bit>,
    off: Signal<Local, Bit>,
    lanes_quiet: Signal<Local, Bit>,
    may_send: Signal<Local, Bit>,
}

impl Logic for Unit {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, flr, renew, run, stopped);
        clock!(self, clock, tlp_rx, host, csr, doorbell, msix, completer, dma_read, tlp_tx);
        clock!(self, clock, vote, watchdog, generation, verdict_ring, fault_ring);

        // Resets.
        self.power_reset.next = self.reset.val() | !self.link_up.val();
        self.full_reset.next = self.power_reset.val() | self.renew.q.val();
        self.lanes_quiet.next = $( self.lane[$lane].idle.val() )&+;
        self.quiet.next = self.lanes_quiet.val() & !self.tlp_tx.busy.val();
        self.run.d.next = self.csr.enable.val()
            & (self.run.q.val() | self.quiet.val())
            & (self.flr.q.val() == Flr::Idle)
            & !self.full_reset.val();
        // A clock late: it goes to everything in lanes and group.
        self.stopped.d.next = !self.run.q.val() | !self.csr.enable.val() | self.full_reset.val();
        self.off.next = self.stopped.q.val() | self.power_reset.val();
        self.renew.d.next = false;
        match self.flr.q.val() {
            Flr::Idle => {
                if self.flr_request.val() {
                    self.flr.d.next = Flr::Drain;
                }
            }
            Flr::Drain => {
                if self.quiet.val() & !self.completer.busy.val() & self.stopped.q.val() {
                    self.flr.d.next = Flr::Reset;
                    self.renew.d.next = true;
                }
            }
            Flr::Reset => {
                self.flr.d.next = Flr::Done;
            }
            Flr::Done => {
                if !self.flr_request.val() {
                    self.flr.d.next = Flr::Idle;
                }
            }
            _ => {
                self.flr.d.next = Flr::Idle;
            }
        }
        if self.power_reset.val() {
            self.flr.d.next = Flr::Idle;
            self.renew.d.next = false;
            self.run.d.next = false;
        }
        self.flr_done.next = self.renew.q.val();
        self.config_error.next = (self.max_payload.val() >= 6) | (self.max_read_request.val() >= 6);
        self.may_send.next = self.bus_master_enable.val() & self.link_up.val();

        // Requests of the host.
        self.tlp_rx.reset.next = self.full_reset.val();
        self.tlp_rx.power_reset.next = self.power_reset.val();
        self.tlp_rx.valid.next = self.rx_req_valid.val();
        self.tlp_rx.data.next = self.rx_req_data.val();
        self.tlp_rx.last.next = self.rx_req_last.val();
        self.rx_req_ready.next = self.tlp_rx.ready.val();
        self.tlp_rx.taken.next = self.host.taken.val();
        self.host.reset.next = self.full_reset.val();
        self.host.completer_id.next = self.completer_id.val();
        self.host.record.next = self.tlp_rx.record.val();
        self.host.is_write.next = self.tlp_rx.is_write.val();
        self.host.is_read.next = self.tlp_rx.is_read.val();
        self.host.address.next = self.tlp_rx.address.val();
        self.host.length.next = self.tlp_rx.length.val();
        self.host.one_or_two.next = self.tlp_rx.one_or_two.val();
        self.host.two.next = self.tlp_rx.two.val();
        self.host.first_enables.next = self.tlp_rx.first_enables.val();
        self.host.last_enables.next = self.tlp_rx.last_enables.val();
        self.host.payload.next = self.tlp_rx.payload.val();
        self.host.echo.next = self.tlp_rx.echo.val();
        self.host.requester.next = self.tlp_rx.requester.val();
        self.host.tag.next = self.tlp_rx.tag.val();
        self.host.bus_read.next = self.csr.bus_read.val() | self.msix.bus_read.val();
        self.csr.bus_address.next = self.host.bus_address.val();
        self.csr.bus_write.next = self.host.bus_write.val();
        self.csr.bus_data.next = self.host.bus_data.val();
        self.msix.bus_address.next = self.host.bus_address.val();
        self.msix.bus_write.next = self.host.bus_write.val();
        self.msix.bus_data.next = self.host.bus_data.val();
        self.doorbell.bus_address.next = self.host.bus_address.val();
        self.doorbell.bus_write.next = self.host.bus_write.val();
        self.doorbell.bus_data.next = self.host.bus_data.val();
        self.host.room.next = self.completer.room.val();
        self.completer.reset.next = self.full_reset.val();
        self.completer.enable.next = self.link_up.val() & (self.flr.q.val() != Flr::Drain);
        self.completer.put.next = self.host.put.val();
        self.completer.dw0.next = self.host.dw0.val();
        self.completer.dw1.next = self.host.dw1.val();
        self.completer.dw2.next = self.host.dw2.val();
        self.completer.payload.next = self.host.answer.val();
        self.completer.posted_busy.next = self.tlp_tx.posted_busy.val();
        self.tx_cpl_valid.next = self.completer.valid.val();
        self.tx_cpl_data.next = self.completer.data.val();
        self.tx_cpl_keep.next = self.completer.keep.val();
        self.tx_cpl_last.next = self.completer.last.val();
        self.completer.ready.next = self.tx_cpl_ready.val();

        // Registers.
        self.csr.reset.next = self.full_reset.val();
        self.csr.fault_tail.next = self.fault_ring.tail.val();
        self.csr.faults_dropped.next = self.fault_ring.dropped.val();
        self.csr.stale_doorbells.next = self.doorbell.stale.val();
        self.csr.late_completions.next = self.dma_read.late_completions.val();
        self.csr.tags_quarantined.next = self.dma_read.tags_quarantined.val();
        self.csr.generation.next = self.generation.generation.val();
        self.csr.verdict_tail.next = self.verdict_ring.tail.val();
        self.csr.group_state.next = self.generation.state.val();
        self.csr.flush_busy.next = self.generation.busy.val();
        for i in 0..$lanes {
            self.csr.group_live[i].next = self.lane[i].live.val();
            self.csr.lane_state[i].next = self.lane[i].state.val();
            self.csr.lane_cause[i].next = self.lane[i].cause.val();
            self.csr.lane_head[i].next = self.lane[i].head.val();
            self.csr.lane_tail[i].next = self.lane[i].tail.val();
            self.csr.lane_resetting[i].next = self.lane[i].resetting.val();
            self.csr.lane_clear[i].next = self.lane[i].clear_registers.val();
        }
        self.doorbell.reset.next = self.full_reset.val();
        self.doorbell.generation.next = self.generation.generation.val();
        self.msix.reset.next = self.full_reset.val();
        self.msix.enable.next = self.msix_enable.val();
        self.msix.function_mask.next = self.msix_function_mask.val();
        self.msix.happened[0].next = self.tlp_tx.accepted[0].val();
        self.msix.happened[1].next = self.tlp_tx.accepted[1].val();
        self.msix.write_accepted.next = self.tlp_tx.accepted[2].val();

        // The lanes.
        for i in 0..$lanes {
            self.lane[i].clock.next = self.clock.val();
            self.lane[i].reset.next = self.off.val();
            self.lane[i].power_reset.next = self.power_reset.val();
            self.lane[i].ring_base.next = self.csr.ring_base[i].val();
            self.lane[i].ring_log2.next = self.csr.ring_size[i].val();
            self.lane[i].window_base.next = self.csr.window_base[i].val();
            self.lane[i].window_limit.next = self.csr.window_limit[i].val();
            self.lane[i].payload_max.next = self.csr.longest.val();
            self.lane[i].max_read_request.next = self.max_read_request.val();
            self.lane[i].generation.next = self.generation.generation.val();
            self.lane[i].start.next = self.generation.start.val();
            self.lane[i].joining.next = self.generation.joining[i].val();
            self.lane[i].start_seq.next = self.csr.start_seq.val();
            self.lane[i].stop.next = self.generation.stop.val();
            self.lane[i].reset_command.next = self.csr.lane_reset[i].val();
            self.lane[i].timeout.next = self.watchdog.timeout[i].val();
            self.lane[i].ring.next = self.doorbell.ring[i].val();
            self.lane[i].ring_tail.next = self.doorbell.tail[i].val();
            self.lane[i].vote_taken.next = self.vote.taken[i].val();
            self.lane[i].report_taken.next = self.fault_ring.report_taken[i].val();
            self.lane[i].request_taken.next = self.dma_read.request_taken[i].val();
            self.lane[i].word.next = self.dma_read.word[i].val();
            self.lane[i].word_data.next = self.dma_read.word_data.val();
            self.lane[i].word_ends_request.next = self.dma_read.word_ends_request.val();
            self.lane[i].word_ends_job.next = self.dma_read.word_ends_job.val();
            self.lane[i].word_fault.next = self.dma_read.word_fault.val();
            self.doorbell.live[i].next = self.lane[i].live.val();
            self.dma_read.address[i].next = self.lane[i].request_address.val();
            self.dma_read.bytes[i].next = self.lane[i].request_bytes.val();
            self.dma_read.dws[i].next = self.lane[i].request_dws.val();
            self.dma_read.words[i].next = self.lane[i].request_words.val();
            self.dma_read.first_enables[i].next = self.lane[i].request_first_enables.val();
            self.dma_read.last_enables[i].next = self.lane[i].request_last_enables.val();
            self.dma_read.last[i].next = self.lane[i].request_last.val();
            self.dma_read.request[i].next = self.lane[i].request.val();
            self.dma_read.lane_ready[i].next = self.lane[i].ready.val();
        }

        // Reads.
        self.dma_read.reset.next = self.power_reset.val();
        self.dma_read.tick.next = self.tick.val();
        self.dma_read.requester_id.next = self.completer_id.val();
        self.dma_read.cpl_valid.next = self.rx_cpl_valid.val();
        self.dma_read.cpl_data.next = self.rx_cpl_data.val();
        self.dma_read.cpl_keep.next = self.rx_cpl_keep.val();
        self.dma_read.cpl_last.next = self.rx_cpl_last.val();
        self.rx_cpl_ready.next = true;
        self.dma_read.read_taken.next = self.tlp_tx.read_taken.val();

        // The group.
        self.generation.reset.next = self.off.val();
        self.generation.enabled.next = self.csr.enable.val();
        self.generation.command.next = self.csr.flush.val();
        self.generation.members.next = self.csr.member_lanes.val();
        self.generation.start_seq.next = self.csr.start_seq.val();
        self.generation.vote_busy.next = self.vote.busy.val();
        self.generation.vote_done.next = self.vote.done.val();
        self.generation.vote_release.next = self.vote.releasable.val();
        self.generation.vote_flushed.next = self.vote.flushed.val();
        self.vote.reset.next = self.off.val();
        self.vote.running.next = self.generation.running.val();
        self.vote.room.next = self.verdict_ring.room.val();
        self.vote.simplex.next = self.generation.simplex.val();
        self.vote.seq.next = self.generation.seq.val();
        self.vote.seq_n.next = self.generation.seq_n.val();
        self.vote.generation.next = self.generation.generation.val();
        self.vote.generation_n.next = self.generation.generation_n.val();
        self.vote.flush.next = self.generation.flush.val();
        self.vote.phase.next = self.verdict_ring.phase.val();
        self.vote.write_accepted.next = self.tlp_tx.accepted[0].val();
        for i in 0..$lanes {
            self.generation.locked[i].next = self.lane[i].locked.val();
            self.generation.drained[i].next = self.lane[i].drained.val();
            self.generation.vote_failed[i].next = self.vote.failed[i].val();
            self.vote.member[i].next = self.generation.member[i].val();
            self.vote.delivered[i].next = self.lane[i].vote.val();
            self.vote.fingerprint[i].next = self.lane[i].vote_fingerprint.val();
            self.vote.dead[i].next = self.lane[i].dead.val();
            self.vote.cause[i].next = self.lane[i].dead_cause.val();
            self.vote.live[i].next = self.lane[i].live.val();
            self.watchdog.delivered[i].next = self.lane[i].vote.val();
            self.watchdog.lacks[i].next = self.lane[i].lacks.val();
            self.fault_ring.report[i].next = self.lane[i].report.val();
            self.fault_ring.cause[i].next = self.lane[i].report_cause.val();
            self.fault_ring.address[i].next = self.lane[i].report_address.val();
            self.fault_ring.seq[i].next = self.lane[i].report_seq.val();
            self.fault_ring.generation[i].next = self.lane[i].report_generation.val();
        }
        self.watchdog.tick.next = self.tick.val();
        self.watchdog.running.next = self.generation.running.val();
        self.watchdog.voted.next = self.vote.voted.val();
        self.watchdog.limit.next = self.csr.watchdog_limit.val();

        // What is written to memory.
        self.verdict_ring.reset.next = self.off.val();
        self.verdict_ring.base.next = self.csr.verdict_base.val();
        self.verdict_ring.log2.next = self.csr.verdict_size.val();
        self.verdict_ring.head.next = self.csr.verdict_read.val();
        self.verdict_ring.accepted.next = self.tlp_tx.accepted[0].val();
        self.fault_ring.reset.next = self.off.val();
        self.fault_ring.power_reset.next = self.full_reset.val();
        self.fault_ring.base.next = self.csr.fault_base.val();
        self.fault_ring.log2.next = self.csr.fault_size.val();
        self.fault_ring.head.next = self.csr.fault_read.val();
        self.fault_ring.write_accepted.next = self.tlp_tx.accepted[1].val();
        self.tlp_tx.reset.next = self.power_reset.val();
        self.tlp_tx.enable.next = self.may_send.val();
        self.tlp_tx.hold.next = self.completer.hold.val();
        self.tlp_tx.requester_id.next = self.completer_id.val();
        self.tlp_tx.write[0].next = self.vote.write.val() & self.verdict_ring.room.val() & !self.off.val();
        self.tlp_tx.write[1].next = self.fault_ring.write.val() & !self.off.val();
        self.tlp_tx.write[2].next = self.msix.write.val();
        self.tlp_tx.write_address[0].next = self.verdict_ring.address.val();
        self.tlp_tx.write_address[1].next = self.fault_ring.write_address.val();
        self.tlp_tx.write_address[2].next = self.msix.address.val();
        self.tlp_tx.word0[0].next = self.vote.word0.val();
        self.tlp_tx.word0[1].next = self.fault_ring.word0.val();
        self.tlp_tx.word1[0].next = self.vote.word1.val();
        self.tlp_tx.word1[1].next = self.fault_ring.word1.val();
        self.tlp_tx.word2[0].next = self.vote.word2.val();
        self.tlp_tx.word2[1].next = self.fault_ring.word2.val();
        self.tlp_tx.word3[0].next = self.vote.word3.val();
        self.tlp_tx.word3[1].next = self.fault_ring.word3.val();
        self.tlp_tx.word0[2].next = self.msix.message.val();
        self.tlp_tx.word1[2].next = 0.into();
        self.tlp_tx.word2[2].next = 0.into();
        self.tlp_tx.word3[2].next = 0.into();
        self.tlp_tx.read.next = self.dma_read.read.val();
        self.tlp_tx.read_address.next = self.dma_read.read_address.val();
        self.tlp_tx.read_dws.next = self.dma_read.read_dws.val();
        self.tlp_tx.read_first_enables.next = self.dma_read.read_first_enables.val();
        self.tlp_tx.read_last_enables.next = self.dma_read.read_last_enables.val();
        self.tlp_tx.read_tag.next = self.dma_read.read_tag.val();
        self.tx_req_valid.next = self.tlp_tx.valid.val();
        self.tx_req_data.next = self.tlp_tx.data.val();
        self.tx_req_keep.next = self.tlp_tx.keep.val();
        self.tx_req_last.next = self.tlp_tx.last.val();
        self.tlp_tx.ready.next = self.tx_req_ready.val();
    }
}

impl Unit {
    /// With the hash that the identification shows.
    pub fn new(rtl_hash: u64) -> Unit {
        Unit { csr: crate::csr::$of::Csr::new(rtl_hash), ..Unit::default() }
    }
}
} }
crate::lanes::configurations!(unit);
