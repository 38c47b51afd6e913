//! Examines the entries of a lane one after the other and asks for their payloads.
//!
//! It runs ahead of the fingerprint: what it finds is queued, a fault as well as a record, so that faults are
//! reported in the order of the records. Seven words of an entry are looked at in seven clocks, then the first of
//! the checks of `docs/src/unit.md` that fails decides. A word is read from the store one clock before it is looked at.

use crate::fifo::Fifo;
use crate::leaf::KeepBytes;
use crate::window::Window;
use covert_abi::FaultCause;
use rust_hdl::prelude::*;

/// What is being looked at.
#[derive(LogicState, Copy, Clone, Debug, PartialEq)]
pub enum Look {
    /// Waiting for an entry.
    Idle,
    /// What became of its read; flags.
    Flags,
    /// Length and generation.
    Length,
    /// Position.
    Seq,
    /// Group.
    Group,
    /// Body.
    Body0,
    /// Body.
    Body1,
    /// Body.
    Body2,
    /// The checks are weighed.
    Weigh,
    /// The window's answer counts.
    Inside,
    /// The payload is asked for.
    Ask,
    /// A fault was found: nothing behind it matters.
    Stopped,
}

/// Where the address of a fault comes from; bits 30..29 of a finding.
pub const AT_ENTRY: u64 = 1;
/// See [`AT_ENTRY`].
pub const AT_PAYLOAD: u64 = 2;

crate::constants::constants! {
    /// Code words, limits and positions in a finding.
    pub Findings {
        reserved: 8 = FaultCause::Reserved.code(),
        group: 8 = FaultCause::Group.code(),
        generation: 8 = FaultCause::Generation.code(),
        sequence: 8 = FaultCause::Sequence.code(),
        length: 8 = FaultCause::Length.code(),
        isolation: 8 = FaultCause::Isolation.code(),
        check: 8 = FaultCause::Check.code(),
        inline_max: 32 = covert_abi::submission::INLINE_MAX as u64,
        payload_max: 32 = 1u32 << crate::csr::PAYLOAD_LOG2,
        own_group: 16 = 0u32,
        at_entry: 32 = AT_ENTRY << 29,
        at_payload: 32 = AT_PAYLOAD << 29,
        inline: 32 = 1u32 << 28,
    }
}

/// See the head of the file.
#[derive(LogicBlock, Default)]
pub struct Examine {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Starts a generation.
    pub clear: Signal<In, Bit>,
    /// Nothing more may be asked for.
    pub halt: Signal<In, Bit>,
    /// First position of the generation.
    pub start_seq: Signal<In, Bits<64>>,
    /// The group's generation.
    pub generation: Signal<In, Bits<32>>,
    /// Longest payload by register.
    pub payload_max: Signal<In, Bits<32>>,
    /// The window.
    pub window_base: Signal<In, Bits<64>>,
    #[allow(missing_docs)]
    pub window_limit: Signal<In, Bits<64>>,
    /// Entries asked for, and whether the next one cannot be.
    pub fetched: Signal<In, Bits<32>>,
    #[allow(missing_docs)]
    pub blocked: Signal<In, Bit>,
    /// Entries in the store.
    pub arrived: Signal<In, Bits<32>>,
    /// The store: slot and word.
    pub address: Signal<Out, Bits<6>>,
    #[allow(missing_docs)]
    pub data: Signal<In, Bits<64>>,
    #[allow(missing_docs)]
    pub status_slot: Signal<Out, Bits<3>>,
    #[allow(missing_docs)]
    pub status: Signal<In, Bits<8>>,

    /// A payload is wanted.
    pub job: Signal<Out, Bit>,
    /// It is asked for.
    pub job_taken: Signal<In, Bit>,
    #[allow(missing_docs)]
    pub job_address: Signal<Out, Bits<64>>,
    #[allow(missing_docs)]
    pub job_length: Signal<Out, Bits<17>>,

    /// There is a finding: bits 7..0 the fault or 0, 24..8 the length, 27..25 the payload's first byte in
    /// its word, 28 inline, 30..29 where the fault's address comes from.
    pub finding: Signal<Out, Bit>,
    #[allow(missing_docs)]
    pub finding_data: Signal<Out, Bits<32>>,
    #[allow(missing_docs)]
    pub finding_taken: Signal<In, Bit>,

    findings: Fifo<32, 4>,
    look: DFF<Look>,
    index: DFF<Bits<3>>,
    word: DFF<Bits<64>>,
    fate: DFF<Bits<8>>,
    count: DFF<Bits<32>>,
    seq: DFF<Bits<64>>,
    length: DFF<Bits<32>>,
    at: DFF<Bits<64>>,
    is_inline: DFF<Bit>,
    bad_flags: DFF<Bit>,
    bad_group: DFF<Bit>,
    bad_generation: DFF<Bit>,
    bad_seq: DFF<Bit>,
    bad_padding: DFF<Bit>,
    over_inline: DFF<Bit>,
    over_max: DFF<Bit>,
    no_bytes: DFF<Bit>,
    window: Window,
    keep: KeepBytes,

    slot: Signal<Local, Bits<3>>,
    next_count: Signal<Local, Bits<32>>,
    next_seq: Signal<Local, Bits<64>>,
    whole: Signal<Local, Bits<2>>,
    part: Signal<Local, Bits<4>>,
    dirty: Signal<Local, Bit>,
    here: Signal<Local, Bit>,
    no_more: Signal<Local, Bit>,
    fault: Signal<Local, Bits<8>>,
    weighed: Signal<Local, Bits<8>>,
    report: Signal<Local, Bit>,
    origin: Signal<Local, Bits<32>>,
    fields: Signal<Local, Bits<32>>,
    k: Findings,
}

impl Logic for Examine {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            look,
            count,
            seq,
            length,
            at,
            is_inline,
            bad_flags,
            bad_group,
            bad_generation
        );
        dff_setup!(self, clock, bad_seq, bad_padding, over_inline, over_max, no_bytes, index, word, fate);
        clock!(self, clock, findings, window);
        self.slot.next = self.count.q.val().get_bits::<3>(0);
        self.status_slot.next = self.slot.val();
        self.next_count.next = self.count.q.val() + 1;
        self.next_seq.next = self.seq.q.val() + 1;

        // How many bytes of this word of the body may be other than zero?
        self.whole.next = self.length.q.val().get_bits::<2>(3);
        self.part.next = bit_cast::<4, 3>(self.length.q.val().get_bits::<3>(0));
        self.keep.data.next = self.word.q.val();
        self.keep.count.next = 0.into();
        if self.look.q.val() == Look::Body0 {
            self.keep.count.next = self.part.val();
            if (self.whole.val() != 0) | !self.is_inline.q.val() {
                self.keep.count.next = 8.into();
            }
        } else if self.look.q.val() == Look::Body1 {
            if self.is_inline.q.val() {
                if self.whole.val() == 1 {
                    self.keep.count.next = self.part.val();
                } else if self.whole.val() != 0 {
                    self.keep.count.next = 8.into();
                }
            }
        } else if self.is_inline.q.val() {
            if self.whole.val() == 2 {
                self.keep.count.next = self.part.val();
            } else if self.whole.val() == 3 {
                self.keep.count.next = 8.into();
            }
        }
        self.dirty.next = self.keep.word.val() != self.word.q.val();

        self.window.base.next = self.window_base.val();
        self.window.limit.next = self.window_limit.val();
        self.window.first.next = self.at.q.val();
        self.window.length.next = self.length.q.val().get_bits::<17>(0);

        // The first check that fails.
        self.over_inline.d.next = self.is_inline.q.val() & (self.length.q.val() > self.k.inline_max.val());
        self.over_max.d.next =
            (self.length.q.val() > self.payload_max.val()) | (self.length.q.val() > self.k.payload_max.val());
        self.no_bytes.d.next = self.length.q.val() == 0;
        self.weighed.next = 0.into();
        if self.bad_flags.q.val() {
            self.weighed.next = self.k.reserved.val();
        } else if self.over_inline.q.val() {
            self.weighed.next = self.k.length.val();
        } else if self.bad_padding.q.val() {
            self.weighed.next = self.k.reserved.val();
        } else if self.bad_group.q.val() {
            self.weighed.next = self.k.group.val();
        } else if self.bad_generation.q.val() {
            self.weighed.next = self.k.generation.val();
        } else if self.bad_seq.q.val() {
            self.weighed.next = self.k.sequence.val();
        } else if self.over_max.q.val() {
            self.weighed.next = self.k.length.val();
        }

        // The store holds eight entries, so four bits tell the counts apart.
        self.here.next = self.arrived.val().get_bits::<4>(0) != self.count.q.val().get_bits::<4>(0);
        self.no_more.next = self.fetched.val().get_bits::<4>(0) == self.count.q.val().get_bits::<4>(0);
        self.word.d.next = self.data.val();
        self.fate.d.next = self.status.val();
        self.index.d.next = 7.into();
        self.report.next = false;
        self.fault.next = 0.into();
        self.origin.next = 0.into();
        match self.look.q.val() {
            Look::Idle => {
                if self.here.val() {
                    self.index.d.next = 1.into();
                    self.look.d.next = Look::Flags;
                } else if self.blocked.val() & self.no_more.val() {
                    self.report.next = true;
                    self.fault.next = self.k.isolation.val();
                    self.origin.next = self.k.at_entry.val();
                    self.look.d.next = Look::Stopped;
                }
            }
            Look::Flags => {
                self.index.d.next = 0.into();
                self.is_inline.d.next = self.word.q.val().get_bit(0);
                self.bad_flags.d.next = self.word.q.val().get_bits::<31>(1) != 0;
                self.look.d.next = Look::Length;
                if self.fate.q.val() != 0 {
                    self.report.next = true;
                    self.fault.next = self.fate.q.val();
                    if self.fate.q.val() != self.k.check.val() {
                        self.origin.next = self.k.at_entry.val();
                    }
                    self.look.d.next = Look::Stopped;
                }
            }
            Look::Length => {
                self.index.d.next = 3.into();
                self.length.d.next = self.word.q.val().get_bits::<32>(32);
                self.bad_generation.d.next = self.word.q.val().get_bits::<32>(0) != self.generation.val();
                self.look.d.next = Look::Seq;
            }
            Look::Seq => {
                self.index.d.next = 4.into();
                self.bad_seq.d.next = self.word.q.val() != self.seq.q.val();
                self.look.d.next = Look::Group;
            }
            Look::Group => {
                self.index.d.next = 5.into();
                self.bad_group.d.next = self.word.q.val().get_bits::<16>(0) != self.k.own_group.val();
                self.look.d.next = Look::Body0;
            }
            Look::Body0 => {
                self.index.d.next = 6.into();
                self.at.d.next = self.word.q.val();
                self.bad_padding.d.next = self.dirty.val();
                self.look.d.next = Look::Body1;
            }
            Look::Body1 => {
                self.bad_padding.d.next = self.bad_padding.q.val() | self.dirty.val();
                self.look.d.next = Look::Body2;
            }
            Look::Body2 => {
                self.bad_padding.d.next = self.bad_padding.q.val() | self.dirty.val();
                self.look.d.next = Look::Weigh;
            }
            Look::Weigh => {
                if self.weighed.val() != 0 {
                    self.report.next = true;
                    self.fault.next = self.weighed.val();
                    self.look.d.next = Look::Stopped;
                } else if self.is_inline.q.val() | self.no_bytes.q.val() {
                    self.report.next = true;
                    self.look.d.next = Look::Idle;
                } else {
                    self.look.d.next = Look::Inside;
                }
            }
            Look::Inside => {
                if self.window.lies_inside.val() {
                    self.look.d.next = Look::Ask;
                } else {
                    self.report.next = true;
                    self.fault.next = self.k.isolation.val();
                    self.origin.next = self.k.at_payload.val();
                    self.look.d.next = Look::Stopped;
                }
            }
            Look::Ask => {
                if self.job_taken.val() {
                    self.report.next = true;
                    self.look.d.next = Look::Idle;
                }
            }
            _ => {}
        }
        self.address.next = (bit_cast::<6, 3>(self.slot.val()) << 3) | bit_cast::<6, 3>(self.index.q.val());
        self.job.next = (self.look.q.val() == Look::Ask) & !self.halt.val();
        self.job_address.next = self.at.q.val();
        self.job_length.next = self.length.q.val().get_bits::<17>(0);

        self.fields.next = (bit_cast::<32, 17>(self.length.q.val().get_bits::<17>(0)) << 8)
            | (bit_cast::<32, 3>(self.at.q.val().get_bits::<3>(0)) << 25);
        self.findings.clear.next = self.clear.val();
        self.findings.put.next = self.report.val() & !self.halt.val();
        self.findings.put_data.next =
            self.fields.val() | self.origin.val() | bit_cast::<32, 8>(self.fault.val());
        if (self.is_inline.q.val() | self.no_bytes.q.val()) & (self.fault.val() == 0) {
            self.findings.put_data.next = self.fields.val() | self.k.inline.val();
        }
        if self.report.val() {
            self.count.d.next = self.next_count.val();
            self.seq.d.next = self.next_seq.val();
        }
        self.finding.next = self.findings.valid.val();
        self.finding_data.next = self.findings.data.val();
        self.findings.take.next = self.finding_taken.val();
        if self.halt.val() {
            self.look.d.next = Look::Stopped;
        }
        if self.clear.val() {
            self.look.d.next = Look::Idle;
            self.count.d.next = 0.into();
            self.seq.d.next = self.start_seq.val();
        }
    }
}
