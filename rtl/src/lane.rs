//! A lane: the port of one replica, from its ring to the fingerprints that wait for the vote.
//!
//! Emitted once, instantiated once a replica. It fetches, examines and fingerprints up to `SLOTS` records at a
//! time and is at most `1 << SKEW_LOG2` ahead of the vote. A fault locks it at the record that was due.

use crate::examine::Examine;
use crate::fetch::Fetch;
use crate::fifo::Fifo;
use crate::finish::Finish;
use crate::intake::Intake;
use crate::split::Split;
use covert_abi::FaultCause;
use rust_hdl::prelude::*;

/// Entries that a lane holds between fetch and fingerprint. Slot numbers are three bits wide.
pub const SLOTS: usize = 8;
/// Log2 of the records that a lane can be ahead of the vote.
pub const SKEW_LOG2: usize = 4;

crate::constants::constants! {
    /// Code words and limits.
    pub Locks {
        doorbell: 8 = FaultCause::Doorbell.code(),
        timeout: 8 = FaultCause::Timeout.code(),
        reset: 8 = FaultCause::Reset.code(),
        skew: 8 = 1u32 << SKEW_LOG2,
        one: 32 = 1u32,
    }
}

/// See the head of the file.
#[derive(LogicBlock, Default)]
pub struct Lane {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// The unit is not enabled: the lane is off and forgets everything.
    pub reset: Signal<In, Bit>,

    /// Reads under way are forgotten too: nothing can come back any more.
    pub power_reset: Signal<In, Bit>,

    /// Registers.
    pub ring_base: Signal<In, Bits<64>>,
    #[allow(missing_docs)]
    pub ring_log2: Signal<In, Bits<5>>,
    #[allow(missing_docs)]
    pub window_base: Signal<In, Bits<64>>,
    #[allow(missing_docs)]
    pub window_limit: Signal<In, Bits<64>>,
    #[allow(missing_docs)]
    pub payload_max: Signal<In, Bits<32>>,
    #[allow(missing_docs)]
    pub max_read_request: Signal<In, Bits<3>>,
    /// The group's generation.
    pub generation: Signal<In, Bits<32>>,

    /// A generation starts, with this lane if `joining`, at this position.
    pub start: Signal<In, Bit>,
    #[allow(missing_docs)]
    pub joining: Signal<In, Bit>,
    #[allow(missing_docs)]
    pub start_seq: Signal<In, Bits<64>>,
    /// Fetch nothing more.
    pub stop: Signal<In, Bit>,
    /// `COMMAND_RESET` was written.
    pub reset_command: Signal<In, Bit>,
    /// The watchdog has expired for this lane.
    pub timeout: Signal<In, Bit>,
    /// The doorbell was rung for this generation.
    pub ring: Signal<In, Bit>,
    #[allow(missing_docs)]
    pub ring_tail: Signal<In, Bits<32>>,

    /// Taken into the generation and not locked.
    pub live: Signal<Out, Bit>,
    /// Locked.
    pub locked: Signal<Out, Bit>,
    /// Locked at some point of this generation, reset or not.
    pub dead: Signal<Out, Bit>,
    /// By what.
    pub dead_cause: Signal<Out, Bits<8>>,
    /// Nothing to fetch and nothing under way, two clocks ago.
    pub lacks: Signal<Out, Bit>,
    /// Nothing is under way and nothing will be until the next start.
    pub drained: Signal<Out, Bit>,
    /// No read is under way.
    pub idle: Signal<Out, Bit>,
    /// A reset is under way.
    pub resetting: Signal<Out, Bit>,
    /// Window and ring registers must become 0: a reset was through in the clock before.
    pub clear_registers: Signal<Out, Bit>,
    /// For the registers.
    pub state: Signal<Out, Bits<4>>,
    #[allow(missing_docs)]
    pub cause: Signal<Out, Bits<8>>,
    #[allow(missing_docs)]
    pub head: Signal<Out, Bits<32>>,
    #[allow(missing_docs)]
    pub tail: Signal<Out, Bits<32>>,

    /// A fingerprint waits for the vote.
    pub vote: Signal<Out, Bit>,
    #[allow(missing_docs)]
    pub vote_fingerprint: Signal<Out, Bits<64>>,
    #[allow(missing_docs)]
    pub vote_taken: Signal<In, Bit>,

    /// A fault waits to be logged.
    pub report: Signal<Out, Bit>,
    #[allow(missing_docs)]
    pub report_taken: Signal<In, Bit>,
    #[allow(missing_docs)]
    pub report_cause: Signal<Out, Bits<8>>,
    #[allow(missing_docs)]
    pub report_address: Signal<Out, Bits<64>>,
    #[allow(missing_docs)]
    pub report_seq: Signal<Out, Bits<64>>,
    #[allow(missing_docs)]
    pub report_generation: Signal<Out, Bits<32>>,

    /// A request for the read engine.
    pub request: Signal<Out, Bit>,
    #[allow(missing_docs)]
    pub request_taken: Signal<In, Bit>,
    #[allow(missing_docs)]
    pub request_address: Signal<Out, Bits<64>>,
    #[allow(missing_docs)]
    pub request_bytes: Signal<Out, Bits<10>>,
    #[allow(missing_docs)]
    pub request_dws: Signal<Out, Bits<8>>,
    #[allow(missing_docs)]
    pub request_words: Signal<Out, Bits<7>>,
    #[allow(missing_docs)]
    pub request_first_enables: Signal<Out, Bits<4>>,
    #[allow(missing_docs)]
    pub request_last_enables: Signal<Out, Bits<4>>,
    #[allow(missing_docs)]
    pub request_last: Signal<Out, Bit>,
    /// What comes back.
    pub ready: Signal<Out, Bit>,
    #[allow(missing_docs)]
    pub word: Signal<In, Bit>,
    #[allow(missing_docs)]
    pub word_data: Signal<In, Bits<64>>,
    #[allow(missing_docs)]
    pub word_ends_request: Signal<In, Bit>,
    #[allow(missing_docs)]
    pub word_ends_job: Signal<In, Bit>,
    #[allow(missing_docs)]
    pub word_fault: Signal<In, Bits<8>>,

    fetch: Fetch,
    split: Split,
    intake: Intake,
    examine: Examine,
    finish: Finish,
    waiting: Fifo<64, 4>,

    is_live: DFF<Bit>,
    is_locked: DFF<Bit>,
    is_dead: DFF<Bit>,
    why: DFF<Bits<8>>,
    rung: DFF<Bits<32>>,
    rings: DFF<Bit>,
    rings_for: DFF<Bits<32>>,
    weighed: DFF<Bit>,
    weighed_tail: DFF<Bits<32>>,
    too_far: DFF<Bit>,
    closing: DFF<Bit>,
    without: DFF<Bit>,
    halted: DFF<Bit>,
    away: DFF<Bits<32>>,
    passed: DFF<Bits<32>>,
    ring_length: DFF<Bits<32>>,
    taken_entry: DFF<Bit>,
    ahead: DFF<Bits<8>>,
    under_way: DFF<Bits<8>>,
    lock_waits: DFF<Bit>,
    lock_cause: DFF<Bits<8>>,
    lock_address: DFF<Bits<64>>,
    in_reset: DFF<Bit>,
    logging: DFF<Bit>,
    log_cause: DFF<Bits<8>>,
    log_address: DFF<Bits<64>>,
    log_seq: DFF<Bits<64>>,
    log_generation: DFF<Bits<32>>,

    halt: Signal<Local, Bit>,
    clear: Signal<Local, Bit>,
    active: Signal<Local, Bit>,
    fetched_one: Signal<Local, Bit>,
    more_ahead: Signal<Local, Bits<8>>,
    less_ahead: Signal<Local, Bits<8>>,
    more_under_way: Signal<Local, Bits<8>>,
    less_under_way: Signal<Local, Bits<8>>,
    head_now: Signal<Local, Bits<32>>,
    next_head: Signal<Local, Bits<32>>,
    distance: Signal<Local, Bits<32>>,
    lock: Signal<Local, Bit>,
    still: Signal<Local, Bit>,
    quiet: Signal<Local, Bit>,
    reset_done: Signal<Local, Bit>,
    entry_bytes: EntryBytes,
    k: Locks,
}

impl Logic for Lane {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, is_live, is_locked, is_dead, why, rung, taken_entry, ahead, under_way);
        dff_setup!(self, clock, lock_waits, lock_cause, lock_address, in_reset, logging, log_cause);
        dff_setup!(
            self,
            clock,
            log_address,
            log_seq,
            log_generation,
            rings,
            rings_for,
            weighed,
            weighed_tail,
            too_far,
            closing,
            without,
            halted,
            away,
            passed,
            ring_length
        );
        clock!(self, clock, fetch, split, intake, examine, finish, waiting);

        self.active.next = self.is_live.q.val() & !self.is_locked.q.val();
        self.halt.next = self.stop.val() | self.reset.val() | !self.active.val() | self.in_reset.q.val();
        self.clear.next = self.start.val() | self.reset.val();
        // All but the fingerprint may stop a clock later; the lane is not idle before they have.
        self.halted.d.next = self.halt.val() & !self.start.val();

        // The parts.
        self.fetch.clear.next = self.clear.val();
        self.fetch.halt.next = self.halted.q.val();
        self.fetch.room.next = self.ahead.q.val() < self.k.skew.val();
        self.fetch.tail.next = self.rung.q.val();
        self.fetch.finished.next = self.finish.finished.val();
        self.fetch.ring_base.next = self.ring_base.val();
        self.fetch.ring_log2.next = self.ring_log2.val();
        self.fetch.window_base.next = self.window_base.val();
        self.fetch.window_limit.next = self.window_limit.val();
        self.fetch.job_taken.next = self.split.job_taken.val() & !self.examine.job.val();

        self.split.halt.next = self.halted.q.val();
        self.split.max_read_request.next = self.max_read_request.val();
        self.split.job.next = self.examine.job.val() | self.fetch.job.val();
        self.split.job_address.next = self.fetch.job_address.val();
        self.split.job_length.next = self.entry_bytes.length.val();
        if self.examine.job.val() {
            self.split.job_address.next = self.examine.job_address.val();
            self.split.job_length.next = self.examine.job_length.val();
        }
        self.split.request_taken.next = self.request_taken.val();
        self.request.next = self.split.request.val();
        self.request_address.next = self.split.address.val();
        self.request_bytes.next = self.split.bytes.val();
        self.request_dws.next = self.split.dws.val();
        self.request_words.next = self.split.words.val();
        self.request_first_enables.next = self.split.first_enables.val();
        self.request_last_enables.next = self.split.last_enables.val();
        self.request_last.next = self.split.last.val();

        self.intake.clear.next = self.clear.val();
        self.intake.power_reset.next = self.power_reset.val();
        self.intake.halt.next = self.halted.q.val();
        self.intake.asked.next = self.split.job_taken.val();
        self.intake.asked_payload.next = self.examine.job.val();
        self.intake.word.next = self.word.val();
        self.intake.word_data.next = self.word_data.val();
        self.intake.word_ends_request.next = self.word_ends_request.val();
        self.intake.word_ends_job.next = self.word_ends_job.val();
        self.intake.word_fault.next = self.word_fault.val();
        self.ready.next = self.intake.ready.val();
        self.intake.address[0].next = self.examine.address.val();
        self.intake.address[1].next = self.finish.address.val();
        self.intake.status_slot.next = self.examine.status_slot.val();
        self.intake.payload_taken.next = self.finish.payload_taken.val() & self.intake.payload.val();

        self.examine.clear.next = self.clear.val();
        self.examine.halt.next = self.halted.q.val();
        self.examine.start_seq.next = self.start_seq.val();
        self.examine.generation.next = self.generation.val();
        self.examine.payload_max.next = self.payload_max.val();
        self.examine.window_base.next = self.window_base.val();
        self.examine.window_limit.next = self.window_limit.val();
        self.examine.fetched.next = self.fetch.fetched.val();
        self.examine.blocked.next = self.fetch.blocked.val();
        self.examine.arrived.next = self.intake.arrived.val();
        self.examine.data.next = self.intake.data[0].val();
        self.examine.status.next = self.intake.status.val();
        self.examine.job_taken.next = self.split.job_taken.val() & self.examine.job.val();
        self.examine.finding_taken.next = self.finish.finding_taken.val();

        self.finish.clear.next = self.clear.val();
        self.finish.halt.next = self.halt.val();
        self.finish.start_seq.next = self.start_seq.val();
        self.finish.ring_base.next = self.ring_base.val();
        self.finish.ring_log2.next = self.ring_log2.val();
        self.finish.finding.next = self.examine.finding.val();
        self.finish.finding_data.next = self.examine.finding_data.val();
        self.finish.data.next = self.intake.data[1].val();
        self.finish.payload.next = self.intake.payload.val();
        self.finish.payload_data.next = self.intake.payload_data.val();
        self.finish.payload_ends.next = self.intake.payload_ends.val();
        self.finish.payload_fault.next = self.intake.payload_fault.val();

        self.waiting.clear.next = self.clear.val();
        self.waiting.put.next = self.finish.deliver.val();
        self.waiting.put_data.next = self.finish.fingerprint.val();
        self.waiting.take.next = self.vote_taken.val();
        self.vote.next = self.waiting.valid.val();
        self.vote_fingerprint.next = self.waiting.data.val();

        // How far ahead of the vote, and what is under way.
        self.fetched_one.next = self.fetch.job.val() & self.split.job_taken.val() & !self.examine.job.val();
        self.more_ahead.next = self.ahead.q.val() + 1;
        self.less_ahead.next = self.ahead.q.val() - 1;
        if self.fetched_one.val() & !self.vote_taken.val() {
            self.ahead.d.next = self.more_ahead.val();
        }
        if !self.fetched_one.val() & self.vote_taken.val() {
            self.ahead.d.next = self.less_ahead.val();
        }
        self.more_under_way.next = self.under_way.q.val() + 1;
        self.less_under_way.next = self.under_way.q.val() - 1;
        if self.request_taken.val() & !self.intake.request_over.val() {
            self.under_way.d.next = self.more_under_way.val();
        }
        if !self.request_taken.val() & self.intake.request_over.val() {
            self.under_way.d.next = self.less_under_way.val();
        }

        // The doorbell. A ring is weighed in the two clocks after it came, against a head that was old by one; what the vote
        // has released since is further off.
        self.next_head.next = self.finish.finished.val() + 1;
        self.head_now.next = self.finish.finished.val();
        if self.taken_entry.q.val() {
            self.head_now.next = self.next_head.val();
        }
        self.passed.d.next = self.head_now.val();
        self.distance.next = self.ring_tail.val() - self.passed.q.val();
        self.away.d.next = self.distance.val();
        self.rings.d.next = self.ring.val();
        self.rings_for.d.next = self.ring_tail.val();
        self.ring_length.d.next = self.k.one.val() << self.ring_log2.val();
        self.too_far.d.next = self.away.q.val() > self.ring_length.q.val();
        self.weighed.d.next = self.rings.q.val();
        self.weighed_tail.d.next = self.rings_for.q.val();
        if self.weighed.q.val() & self.active.val() & !self.too_far.q.val() {
            self.rung.d.next = self.weighed_tail.q.val();
        }

        // Causes that do not come with a record wait until no record is being delivered.
        if self.active.val() & !self.lock_waits.q.val() {
            if self.weighed.q.val() & self.too_far.q.val() {
                self.lock_waits.d.next = true;
                self.lock_cause.d.next = self.k.doorbell.val();
                self.lock_address.d.next = bit_cast::<64, 32>(self.weighed_tail.q.val());
            } else if self.timeout.val() {
                self.lock_waits.d.next = true;
                self.lock_cause.d.next = self.k.timeout.val();
                self.lock_address.d.next = 0.into();
            } else if self.reset_command.val() {
                self.lock_waits.d.next = true;
                self.lock_cause.d.next = self.k.reset.val();
                self.lock_address.d.next = 0.into();
            }
        }
        self.lock.next = self.active.val()
            & (self.finish.fault.val() | (self.lock_waits.q.val() & !self.finish.closing.val()));
        if self.report_taken.val() {
            self.logging.d.next = false;
        }
        if self.lock.val() {
            self.is_locked.d.next = true;
            self.is_dead.d.next = true;
            self.lock_waits.d.next = false;
            self.logging.d.next = true;
            self.log_seq.d.next = self.finish.seq.val();
            self.log_generation.d.next = self.generation.val();
            self.why.d.next = self.lock_cause.q.val();
            self.log_cause.d.next = self.lock_cause.q.val();
            self.log_address.d.next = self.lock_address.q.val();
            if self.finish.fault.val() {
                self.why.d.next = self.finish.fault_cause.val();
                self.log_cause.d.next = self.finish.fault_cause.val();
                self.log_address.d.next = self.finish.fault_address.val();
                self.taken_entry.d.next = self.finish.fault_taken.val();
            }
        }

        // Reset: lock first if live, then drain, then close the window, forget the ring, unlock.
        self.still.next = self.halted.q.val() & (self.under_way.q.val() == 0);
        self.quiet.next = self.still.val() & !self.lock_waits.q.val() & !self.logging.q.val();
        if self.reset_command.val() {
            self.in_reset.d.next = true;
        }
        self.reset_done.next = self.in_reset.q.val() & self.quiet.val() & !self.active.val();
        self.closing.d.next = self.reset_done.val();
        self.clear_registers.next = self.closing.q.val();
        if self.reset_done.val() {
            self.in_reset.d.next = self.reset_command.val();
            self.is_live.d.next = false;
            self.is_locked.d.next = false;
        }

        self.live.next = self.active.val();
        self.locked.next = self.is_locked.q.val();
        self.dead.next = self.is_dead.q.val();
        self.dead_cause.next = self.why.q.val();
        // The lane holds at most eight entries, so four bits tell the counts apart.
        self.without.d.next = self.active.val()
            & self.fetch.lacks.val()
            & (self.fetch.fetched.val().get_bits::<4>(0) == self.finish.finished.val().get_bits::<4>(0));
        self.lacks.next = self.without.q.val();
        self.drained.next = self.quiet.val() & !self.in_reset.q.val();
        self.idle.next = self.still.val();
        self.resetting.next = self.in_reset.q.val();
        self.state.next = 0.into();
        self.cause.next = 0.into();
        if self.is_locked.q.val() {
            self.state.next = 2.into();
            self.cause.next = self.why.q.val();
        } else if self.is_live.q.val() {
            self.state.next = 1.into();
        }
        self.head.next = self.passed.q.val();
        self.tail.next = self.rung.q.val();
        self.report.next = self.logging.q.val();
        self.report_cause.next = self.log_cause.q.val();
        self.report_address.next = self.log_address.q.val();
        self.report_seq.next = self.log_seq.q.val();
        self.report_generation.next = self.log_generation.q.val();

        if self.start.val() {
            self.is_live.d.next = self.joining.val();
            self.is_dead.d.next = false;
            self.rung.d.next = 0.into();
            self.rings.d.next = false;
            self.weighed.d.next = false;
            self.without.d.next = false;
            self.passed.d.next = 0.into();
            self.taken_entry.d.next = false;
            self.ahead.d.next = 0.into();
        }
        if self.reset.val() {
            self.is_live.d.next = false;
            self.is_locked.d.next = false;
            self.is_dead.d.next = false;
            self.rung.d.next = 0.into();
            self.rings.d.next = false;
            self.weighed.d.next = false;
            self.without.d.next = false;
            self.passed.d.next = 0.into();
            self.taken_entry.d.next = false;
            self.ahead.d.next = 0.into();
            self.lock_waits.d.next = false;
            self.in_reset.d.next = false;
            self.logging.d.next = false;
        }
        if self.power_reset.val() {
            self.under_way.d.next = 0.into();
        }
    }
}

crate::constants::constants! {
    /// What an entry's read asks for.
    pub EntryBytes { length: 17 = covert_abi::SubmissionEntry::BYTES as u64, }
}
