//! The control page: identification, and the registers of card, group and lanes.
//!
//! Addresses, names and field widths come from the tables in `covert_abi::registers`; the decoder is made from
//! them. What a register does is the business of the block that reads it.

mod map;

use covert_abi::registers::group;
pub use map::*;
use rust_hdl::prelude::*;

/// The hash that the identification shows.
pub struct RtlHash {
    lo: Constant<Bits<32>>,
    hi: Constant<Bits<32>>,
}

impl RtlHash {
    fn new(hash: u64) -> RtlHash {
        RtlHash { lo: Constant::new((hash & 0xFFFF_FFFF).into()), hi: Constant::new((hash >> 32).into()) }
    }
}

impl Default for RtlHash {
    fn default() -> RtlHash {
        RtlHash::new(0)
    }
}

impl Logic for RtlHash {
    fn update(&mut self) {}
}

impl Block for RtlHash {
    fn connect_all(&mut self) {}
    fn update_all(&mut self) {}
    fn has_changed(&self) -> bool {
        false
    }
    fn accept(&self, name: &str, probe: &mut dyn Probe) {
        probe.visit_start_namespace(name, self);
        self.lo.accept("lo", probe);
        self.hi.accept("hi", probe);
        probe.visit_end_namespace(name, self);
    }
}

macro_rules! csr { ($of:ident $lanes:tt [$($lane:tt)+] [$($next:tt)+] [$($other:tt)?] [$($third:tt)?] $($bit:ident)+) => {
/// See the head of the file.
#[derive(LogicBlock, Default)]
pub struct Csr {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Everything to 0.
    pub reset: Signal<In, Bit>,
    /// The register bus.
    pub bus_address: Signal<In, Bits<16>>,
    #[allow(missing_docs)]
    pub bus_write: Signal<In, Bit>,
    #[allow(missing_docs)]
    pub bus_data: Signal<In, Bits<32>>,
    #[allow(missing_docs)]
    pub bus_read: Signal<Out, Bits<32>>,

    // What the unit reports, as the registers of the same name have it.
    #[allow(missing_docs)]
    pub fault_tail: Signal<In, Bits<32>>,
    #[allow(missing_docs)]
    pub faults_dropped: Signal<In, Bits<32>>,
    #[allow(missing_docs)]
    pub stale_doorbells: Signal<In, Bits<32>>,
    #[allow(missing_docs)]
    pub late_completions: Signal<In, Bits<32>>,
    #[allow(missing_docs)]
    pub tags_quarantined: Signal<In, Bits<32>>,
    #[allow(missing_docs)]
    pub generation: Signal<In, Bits<32>>,
    #[allow(missing_docs)]
    pub verdict_tail: Signal<In, Bits<32>>,
    #[allow(missing_docs)]
    pub group_state: Signal<In, Bits<4>>,
    #[allow(missing_docs)]
    pub group_live: [Signal<In, Bit>; $lanes],
    #[allow(missing_docs)]
    pub flush_busy: Signal<In, Bit>,
    #[allow(missing_docs)]
    pub lane_state: [Signal<In, Bits<4>>; $lanes],
    #[allow(missing_docs)]
    pub lane_cause: [Signal<In, Bits<8>>; $lanes],
    #[allow(missing_docs)]
    pub lane_head: [Signal<In, Bits<32>>; $lanes],
    #[allow(missing_docs)]
    pub lane_tail: [Signal<In, Bits<32>>; $lanes],
    #[allow(missing_docs)]
    pub lane_resetting: [Signal<In, Bit>; $lanes],
    /// A lane's reset is through: its registers become 0.
    pub lane_clear: [Signal<In, Bit>; $lanes],

    // What the driver has set.
    /// `CONTROL_ENABLE`.
    pub enable: Signal<Out, Bit>,
    #[allow(missing_docs)]
    pub fault_base: Signal<Out, Bits<64>>,
    #[allow(missing_docs)]
    pub fault_size: Signal<Out, Bits<5>>,
    #[allow(missing_docs)]
    pub fault_read: Signal<Out, Bits<32>>,
    /// `COMMAND_FLUSH`, for one clock.
    pub flush: Signal<Out, Bit>,
    #[allow(missing_docs)]
    pub member_lanes: Signal<Out, Bits<4>>,
    #[allow(missing_docs)]
    pub start_seq: Signal<Out, Bits<64>>,
    #[allow(missing_docs)]
    pub verdict_base: Signal<Out, Bits<64>>,
    #[allow(missing_docs)]
    pub verdict_size: Signal<Out, Bits<5>>,
    #[allow(missing_docs)]
    pub verdict_read: Signal<Out, Bits<32>>,
    #[allow(missing_docs)]
    pub watchdog_limit: Signal<Out, Bits<32>>,
    #[allow(missing_docs)]
    pub longest: Signal<Out, Bits<32>>,
    /// `COMMAND_RESET` of a lane, for one clock.
    pub lane_reset: [Signal<Out, Bit>; $lanes],
    #[allow(missing_docs)]
    pub ring_base: [Signal<Out, Bits<64>>; $lanes],
    #[allow(missing_docs)]
    pub ring_size: [Signal<Out, Bits<5>>; $lanes],
    #[allow(missing_docs)]
    pub window_base: [Signal<Out, Bits<64>>; $lanes],
    #[allow(missing_docs)]
    pub window_limit: [Signal<Out, Bits<64>>; $lanes],

    decoder: Decoder<$lanes>,
    control: DFF<Bits<32>>,
    fault_base_lo: DFF<Bits<32>>,
    fault_base_hi: DFF<Bits<32>>,
    fault_log2: DFF<Bits<32>>,
    fault_head: DFF<Bits<32>>,
    members: DFF<Bits<32>>,
    start_lo: DFF<Bits<32>>,
    start_hi: DFF<Bits<32>>,
    verdict_base_lo: DFF<Bits<32>>,
    verdict_base_hi: DFF<Bits<32>>,
    verdict_log2: DFF<Bits<32>>,
    verdict_head: DFF<Bits<32>>,
    watchdog: DFF<Bits<32>>,
    payload_max: DFF<Bits<32>>,
    ring_base_lo: [DFF<Bits<32>>; $lanes],
    ring_base_hi: [DFF<Bits<32>>; $lanes],
    ring_log2: [DFF<Bits<32>>; $lanes],
    window_base_lo: [DFF<Bits<32>>; $lanes],
    window_base_hi: [DFF<Bits<32>>; $lanes],
    window_limit_lo: [DFF<Bits<32>>; $lanes],
    window_limit_hi: [DFF<Bits<32>>; $lanes],
    // The unit has just been switched off: a flip-flop of its own, since it goes to most registers.
    disabled: DFF<Bit>,
    decoded: DFF<Bits<6>>,
    for_lane: [DFF<Bit>; $lanes],
    writing: DFF<Bit>,
    written: DFF<Bits<32>>,
    flushing: DFF<Bit>,
    resetting: [DFF<Bit>; $lanes],
    of_card: DFF<Bits<32>>,
    of_group: DFF<Bits<32>>,
    of_lane: [DFF<Bits<32>>; $lanes],
    number: Signal<Local, Bits<6>>,
    mine: [Signal<Local, Bit>; $lanes],
    live: Signal<Local, Bits<32>>,
    rtl_hash: RtlHash,
    bits: StatusBits,
    k: Numbers<$lanes>,
}

impl Logic for Csr {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            disabled,
            control,
            fault_base_lo,
            fault_base_hi,
            fault_log2,
            fault_head,
            members,
            start_lo
        );
        dff_setup!(
            self,
            clock,
            start_hi,
            verdict_base_lo,
            verdict_base_hi,
            verdict_log2,
            verdict_head,
            watchdog,
            payload_max,
            decoded,
            writing,
            written,
            flushing,
            of_card,
            of_group
        );
        for i in 0..$lanes {
            self.resetting[i].clock.next = self.clock.val();
            self.for_lane[i].clock.next = self.clock.val();
            self.of_lane[i].clock.next = self.clock.val();
            self.ring_base_lo[i].clock.next = self.clock.val();
            self.ring_base_lo[i].d.next = self.ring_base_lo[i].q.val();
            self.ring_base_hi[i].clock.next = self.clock.val();
            self.ring_base_hi[i].d.next = self.ring_base_hi[i].q.val();
            self.ring_log2[i].clock.next = self.clock.val();
            self.ring_log2[i].d.next = self.ring_log2[i].q.val();
            self.window_base_lo[i].clock.next = self.clock.val();
            self.window_base_lo[i].d.next = self.window_base_lo[i].q.val();
            self.window_base_hi[i].clock.next = self.clock.val();
            self.window_base_hi[i].d.next = self.window_base_hi[i].q.val();
            self.window_limit_lo[i].clock.next = self.clock.val();
            self.window_limit_lo[i].d.next = self.window_limit_lo[i].q.val();
            self.window_limit_hi[i].clock.next = self.clock.val();
            self.window_limit_hi[i].d.next = self.window_limit_hi[i].q.val();
        }
        self.decoder.address.next = self.bus_address.val();
        self.decoded.d.next = self.decoder.number.val();
        $( self.for_lane[$lane].d.next = self.decoder.index.val() == $lane; )+
        self.writing.d.next = self.bus_write.val() & !self.reset.val();
        self.written.d.next = self.bus_data.val();
        self.number.next = self.decoded.q.val();
        $( self.mine[$lane].next = self.for_lane[$lane].q.val(); )+

        // Reads.
        self.live.next = bit_cast::<32, 4>(self.group_state.val());
        $( if self.group_live[$lane].val() {
            self.live.next = self.live.val() | self.bits.$bit.val();
        } )+
        self.of_card.d.next = 0.into();
        if self.number.val() == self.k.magic.val() {
            self.of_card.d.next = self.k.magic_value.val();
        } else if self.number.val() == self.k.version.val() {
            self.of_card.d.next = self.k.version_value.val();
        } else if self.number.val() == self.k.size.val() {
            self.of_card.d.next = self.k.size_value.val();
        } else if self.number.val() == self.k.limits.val() {
            self.of_card.d.next = self.k.limits_value.val();
        } else if self.number.val() == self.k.features.val() {
            self.of_card.d.next = self.k.features_value.val();
        } else if self.number.val() == self.k.tick_rate.val() {
            self.of_card.d.next = self.k.tick_rate_value.val();
        } else if self.number.val() == self.k.rtl_hash_lo.val() {
            self.of_card.d.next = self.rtl_hash.lo.val();
        } else if self.number.val() == self.k.rtl_hash_hi.val() {
            self.of_card.d.next = self.rtl_hash.hi.val();
        } else if self.number.val() == self.k.control.val() {
            self.of_card.d.next = self.control.q.val();
        } else if self.number.val() == self.k.fault_base_lo.val() {
            self.of_card.d.next = self.fault_base_lo.q.val();
        } else if self.number.val() == self.k.fault_base_hi.val() {
            self.of_card.d.next = self.fault_base_hi.q.val();
        } else if self.number.val() == self.k.fault_log2.val() {
            self.of_card.d.next = self.fault_log2.q.val();
        } else if self.number.val() == self.k.fault_head.val() {
            self.of_card.d.next = self.fault_head.q.val();
        } else if self.number.val() == self.k.fault_tail.val() {
            self.of_card.d.next = self.fault_tail.val();
        } else if self.number.val() == self.k.faults_dropped.val() {
            self.of_card.d.next = self.faults_dropped.val();
        } else if self.number.val() == self.k.stale_doorbells.val() {
            self.of_card.d.next = self.stale_doorbells.val();
        } else if self.number.val() == self.k.late_completions.val() {
            self.of_card.d.next = self.late_completions.val();
        } else if self.number.val() == self.k.tags_quarantined.val() {
            self.of_card.d.next = self.tags_quarantined.val();
        }
        self.of_group.d.next = 0.into();
        if self.number.val() == self.k.members.val() {
            self.of_group.d.next = self.members.q.val();
        } else if self.number.val() == self.k.start_lo.val() {
            self.of_group.d.next = self.start_lo.q.val();
        } else if self.number.val() == self.k.start_hi.val() {
            self.of_group.d.next = self.start_hi.q.val();
        } else if self.number.val() == self.k.verdict_base_lo.val() {
            self.of_group.d.next = self.verdict_base_lo.q.val();
        } else if self.number.val() == self.k.verdict_base_hi.val() {
            self.of_group.d.next = self.verdict_base_hi.q.val();
        } else if self.number.val() == self.k.verdict_log2.val() {
            self.of_group.d.next = self.verdict_log2.q.val();
        } else if self.number.val() == self.k.verdict_head.val() {
            self.of_group.d.next = self.verdict_head.q.val();
        } else if self.number.val() == self.k.watchdog.val() {
            self.of_group.d.next = self.watchdog.q.val();
        } else if self.number.val() == self.k.payload_max.val() {
            self.of_group.d.next = self.payload_max.q.val();
        } else if self.number.val() == self.k.generation.val() {
            self.of_group.d.next = self.generation.val();
        } else if self.number.val() == self.k.verdict_tail.val() {
            self.of_group.d.next = self.verdict_tail.val();
        } else if self.number.val() == self.k.group_status.val() {
            self.of_group.d.next = self.live.val();
        } else if (self.number.val() == self.k.group_command.val()) & self.flush_busy.val() {
            self.of_group.d.next = 1.into();
        }
        $( self.of_lane[$lane].d.next = 0.into();
        if self.mine[$lane].val() {
            if self.number.val() == self.k.ring_base_lo.val() {
                self.of_lane[$lane].d.next = self.ring_base_lo[$lane].q.val();
            } else if self.number.val() == self.k.ring_base_hi.val() {
                self.of_lane[$lane].d.next = self.ring_base_hi[$lane].q.val();
            } else if self.number.val() == self.k.ring_log2.val() {
                self.of_lane[$lane].d.next = self.ring_log2[$lane].q.val();
            } else if self.number.val() == self.k.window_base_lo.val() {
                self.of_lane[$lane].d.next = self.window_base_lo[$lane].q.val();
            } else if self.number.val() == self.k.window_base_hi.val() {
                self.of_lane[$lane].d.next = self.window_base_hi[$lane].q.val();
            } else if self.number.val() == self.k.window_limit_lo.val() {
                self.of_lane[$lane].d.next = self.window_limit_lo[$lane].q.val();
            } else if self.number.val() == self.k.window_limit_hi.val() {
                self.of_lane[$lane].d.next = self.window_limit_hi[$lane].q.val();
            } else if self.number.val() == self.k.head.val() {
                self.of_lane[$lane].d.next = self.lane_head[$lane].val();
            } else if self.number.val() == self.k.tail.val() {
                self.of_lane[$lane].d.next = self.lane_tail[$lane].val();
            } else if self.number.val() == self.k.lane_status.val() {
                self.of_lane[$lane].d.next = bit_cast::<32, 4>(self.lane_state[$lane].val())
                    | (bit_cast::<32, 8>(self.lane_cause[$lane].val()) << 8);
            } else if (self.number.val() == self.k.lane_command.val()) & self.lane_resetting[$lane].val() {
                self.of_lane[$lane].d.next = 1.into();
            }
        } )+
        self.bus_read.next =
            self.of_card.q.val() | self.of_group.q.val() | $( self.of_lane[$lane].q.val() )|+;

        // Writes.
        self.flush.next = self.flushing.q.val();
        self.flushing.d.next = self.writing.q.val()
            & (self.number.val() == self.k.group_command.val())
            & self.written.q.val().get_bit(0)
            & self.control.q.val().get_bit(0);
        if self.writing.q.val() & (self.number.val() == self.k.control.val()) {
            self.control.d.next = self.written.q.val() & self.k.control_mask.val();
        }
        if self.writing.q.val() & (self.number.val() == self.k.fault_base_lo.val()) {
            self.fault_base_lo.d.next = self.written.q.val();
        }
        if self.writing.q.val() & (self.number.val() == self.k.fault_base_hi.val()) {
            self.fault_base_hi.d.next = self.written.q.val();
        }
        if self.writing.q.val() & (self.number.val() == self.k.fault_log2.val()) {
            self.fault_log2.d.next = self.written.q.val();
        }
        if self.writing.q.val() & (self.number.val() == self.k.fault_head.val()) {
            self.fault_head.d.next = self.written.q.val();
        }
        if self.writing.q.val() & (self.number.val() == self.k.members.val()) {
            self.members.d.next = self.written.q.val() & self.k.members_mask.val();
        }
        if self.writing.q.val() & (self.number.val() == self.k.start_lo.val()) {
            self.start_lo.d.next = self.written.q.val();
        }
        if self.writing.q.val() & (self.number.val() == self.k.start_hi.val()) {
            self.start_hi.d.next = self.written.q.val();
        }
        if self.writing.q.val() & (self.number.val() == self.k.verdict_base_lo.val()) {
            self.verdict_base_lo.d.next = self.written.q.val();
        }
        if self.writing.q.val() & (self.number.val() == self.k.verdict_base_hi.val()) {
            self.verdict_base_hi.d.next = self.written.q.val();
        }
        if self.writing.q.val() & (self.number.val() == self.k.verdict_log2.val()) {
            self.verdict_log2.d.next = self.written.q.val();
        }
        if self.writing.q.val() & (self.number.val() == self.k.verdict_head.val()) {
            self.verdict_head.d.next = self.written.q.val();
        }
        if self.writing.q.val() & (self.number.val() == self.k.watchdog.val()) {
            self.watchdog.d.next = self.written.q.val();
        }
        if self.writing.q.val() & (self.number.val() == self.k.payload_max.val()) {
            self.payload_max.d.next = self.written.q.val();
        }
        for i in 0..$lanes {
            self.lane_reset[i].next = self.resetting[i].q.val();
            self.resetting[i].d.next = self.writing.q.val()
                & self.mine[i].val()
                & (self.number.val() == self.k.lane_command.val())
                & self.written.q.val().get_bit(0)
                & self.control.q.val().get_bit(0);
            if self.writing.q.val() & self.mine[i].val() & (self.number.val() == self.k.ring_base_lo.val()) {
                self.ring_base_lo[i].d.next = self.written.q.val();
            }
            if self.writing.q.val() & self.mine[i].val() & (self.number.val() == self.k.ring_base_hi.val()) {
                self.ring_base_hi[i].d.next = self.written.q.val();
            }
            if self.writing.q.val() & self.mine[i].val() & (self.number.val() == self.k.ring_log2.val()) {
                self.ring_log2[i].d.next = self.written.q.val();
            }
            if self.writing.q.val() & self.mine[i].val() & (self.number.val() == self.k.window_base_lo.val())
            {
                self.window_base_lo[i].d.next = self.written.q.val();
            }
            if self.writing.q.val() & self.mine[i].val() & (self.number.val() == self.k.window_base_hi.val())
            {
                self.window_base_hi[i].d.next = self.written.q.val();
            }
            if self.writing.q.val() & self.mine[i].val() & (self.number.val() == self.k.window_limit_lo.val())
            {
                self.window_limit_lo[i].d.next = self.written.q.val();
            }
            if self.writing.q.val() & self.mine[i].val() & (self.number.val() == self.k.window_limit_hi.val())
            {
                self.window_limit_hi[i].d.next = self.written.q.val();
            }
        }

        // Switching the unit off resets the group's and the lanes' registers; they can be set again before it is
        // switched on.
        self.disabled.d.next = self.writing.q.val()
            & (self.number.val() == self.k.control.val())
            & self.control.q.val().get_bit(0)
            & !self.written.q.val().get_bit(0);
        if self.disabled.q.val() | self.reset.val() {
            self.members.d.next = 0.into();
            self.start_lo.d.next = 0.into();
            self.start_hi.d.next = 0.into();
            self.verdict_base_lo.d.next = 0.into();
            self.verdict_base_hi.d.next = 0.into();
            self.verdict_log2.d.next = 0.into();
            self.verdict_head.d.next = 0.into();
            self.watchdog.d.next = 0.into();
            self.payload_max.d.next = 0.into();
        }
        for i in 0..$lanes {
            if self.disabled.q.val() | self.reset.val() | self.lane_clear[i].val() {
                self.ring_base_lo[i].d.next = 0.into();
                self.ring_base_hi[i].d.next = 0.into();
                self.ring_log2[i].d.next = 0.into();
                self.window_base_lo[i].d.next = 0.into();
                self.window_base_hi[i].d.next = 0.into();
                self.window_limit_lo[i].d.next = 0.into();
                self.window_limit_hi[i].d.next = 0.into();
            }
        }
        if self.reset.val() {
            self.control.d.next = 0.into();
            self.fault_base_lo.d.next = 0.into();
            self.fault_base_hi.d.next = 0.into();
            self.fault_log2.d.next = 0.into();
            self.fault_head.d.next = 0.into();
            self.disabled.d.next = false;
            self.flushing.d.next = false;
            for i in 0..$lanes {
                self.resetting[i].d.next = false;
            }
        }

        self.enable.next = self.control.q.val().get_bit(0);
        self.fault_base.next = bit_cast::<64, 32>(self.fault_base_lo.q.val())
            | (bit_cast::<64, 32>(self.fault_base_hi.q.val()) << 32);
        self.fault_size.next = self.fault_log2.q.val().get_bits::<5>(0);
        self.fault_read.next = self.fault_head.q.val();
        self.member_lanes.next = self.members.q.val().get_bits::<4>(0);
        self.start_seq.next =
            bit_cast::<64, 32>(self.start_lo.q.val()) | (bit_cast::<64, 32>(self.start_hi.q.val()) << 32);
        self.verdict_base.next = bit_cast::<64, 32>(self.verdict_base_lo.q.val())
            | (bit_cast::<64, 32>(self.verdict_base_hi.q.val()) << 32);
        self.verdict_size.next = self.verdict_log2.q.val().get_bits::<5>(0);
        self.verdict_read.next = self.verdict_head.q.val();
        self.watchdog_limit.next = self.watchdog.q.val();
        self.longest.next = self.payload_max.q.val();
        $( self.ring_base[$lane].next = (bit_cast::<64, 32>(self.ring_base_lo[$lane].q.val())
            | (bit_cast::<64, 32>(self.ring_base_hi[$lane].q.val()) << 32))
            & self.bits.ring_mask.val();
        self.ring_size[$lane].next = self.ring_log2[$lane].q.val().get_bits::<5>(0);
        self.window_base[$lane].next = bit_cast::<64, 32>(self.window_base_lo[$lane].q.val())
            | (bit_cast::<64, 32>(self.window_base_hi[$lane].q.val()) << 32);
        self.window_limit[$lane].next = bit_cast::<64, 32>(self.window_limit_lo[$lane].q.val())
            | (bit_cast::<64, 32>(self.window_limit_hi[$lane].q.val()) << 32); )+
    }
}

crate::constants::constants! {
    /// Live lanes in `STATUS`, and where a submission ring may begin.
    pub StatusBits {
        $( $bit: 32 = group::STATUS_LIVE.put(1 << $lane), )+
        ring_mask: 64 = !(covert_abi::SubmissionEntry::BYTES as u64 - 1),
    }
}

impl Csr {
    /// With the hash that the identification shows.
    pub fn new(rtl_hash: u64) -> Csr {
        Csr { rtl_hash: RtlHash::new(rtl_hash), ..Csr::default() }
    }
}
} }
crate::lanes::configurations! { csr { lane0 lane1 } { lane0 lane1 lane2 } }
