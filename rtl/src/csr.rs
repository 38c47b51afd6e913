//! The control page: identification, and the registers of card, group and lanes.
//!
//! Addresses, names and field widths come from the tables in `covert_abi::registers`; the decoder is made from
//! them. What a register does is the business of the block that reads it.

use crate::emit::MODULE_NAME;
use covert_abi::identity::{MAGIC, VERSION};
use covert_abi::registers::{Block as Registers, LANES_MAX, card, group, lane};
use rust_hdl::prelude::*;

/// Groups of the unit.
pub const GROUPS: u32 = 1;
/// Lanes of the group.
pub const LANES: u32 = 2;
/// Width of the streams in bits.
pub const WIDTH: u32 = 64;
/// Log2 of the longest payload in bytes.
pub const PAYLOAD_LOG2: u32 = 16;
/// Log2 of the entries in the largest ring.
pub const RING_LOG2: u32 = 16;
/// Log2 of the tags.
pub const TAGS_LOG2: u32 = 4;
/// Ticks a second.
pub const TICK_RATE: u32 = 1_000_000;

/// The blocks of the control page, each with how many of them this unit has.
const BLOCKS: [(&Registers, u32); 3] = [(&card::BLOCK, 1), (&group::BLOCK, GROUPS), (&lane::BLOCK, LANES)];

/// The number under which the decoder names a register; 0 is none. Registers alike in all lanes share one.
///
/// # Panics
/// If the tables have no register of that name: a mistake in this file.
pub fn number(block: &Registers, register: u32) -> u64 {
    let mut number = 0;
    for (candidate, _) in BLOCKS {
        for each in candidate.registers {
            number += 1;
            if candidate.name == block.name && each.offset == register {
                return number;
            }
        }
    }
    panic!("{} has no register at {register:#x}", block.name)
}

/// Address in DW, number and index of the block, for every register of this unit.
fn map() -> Vec<(u64, u64, u64)> {
    let mut map = Vec::new();
    for (block, count) in BLOCKS {
        for index in 0..count {
            for register in block.registers {
                let address = block.base + block.stride * index + register.offset;
                map.push((u64::from(address / 4), number(block, register.offset), u64::from(index)));
            }
        }
    }
    map
}

/// Which register is at an address? Made from the tables.
#[derive(LogicBlock)]
pub struct Decoder {
    /// DW number in BAR 0.
    pub address: Signal<In, Bits<16>>,
    /// See [`number`].
    pub number: Signal<Out, Bits<6>>,
    /// Which block of its kind.
    pub index: Signal<Out, Bits<5>>,
    _map: Vec<(u64, u64, u64)>,
}

impl Default for Decoder {
    fn default() -> Self {
        const { assert!(LANES_MAX <= 32, "the index has five bits") };
        Decoder {
            address: Signal::default(),
            number: Signal::default(),
            index: Signal::default(),
            _map: map(),
        }
    }
}

impl Logic for Decoder {
    fn update(&mut self) {
        let address = self.address.val().to_u64();
        let (_, number, index) =
            self._map.iter().find(|entry| entry.0 == address).copied().unwrap_or_default();
        self.number.next = number.into();
        self.index.next = index.into();
    }
    fn connect(&mut self) {
        self.number.connect();
        self.index.connect();
    }
    fn hdl(&self) -> Verilog {
        let mut text = format!("{MODULE_NAME}csr_decoder\nalways @(*) begin\n");
        text += "   number = 6'd0;\n   index = 5'd0;\n   case (address)\n";
        for (address, number, index) in &self._map {
            text +=
                &format!("      16'h{address:04x}: begin number = 6'd{number}; index = 5'd{index}; end\n");
        }
        Verilog::Custom(text + "      default: begin end\n   endcase\nend\n")
    }
}

crate::constants::constants! {
    /// The registers by number, and what the identification reads as.
    pub Numbers {
        magic: 6 = number(&card::BLOCK, card::MAGIC),
        version: 6 = number(&card::BLOCK, card::VERSION),
        size: 6 = number(&card::BLOCK, card::SIZE),
        limits: 6 = number(&card::BLOCK, card::LIMITS),
        features: 6 = number(&card::BLOCK, card::FEATURES),
        tick_rate: 6 = number(&card::BLOCK, card::TICK_RATE),
        rtl_hash_lo: 6 = number(&card::BLOCK, card::RTL_HASH_LO),
        rtl_hash_hi: 6 = number(&card::BLOCK, card::RTL_HASH_HI),
        control: 6 = number(&card::BLOCK, card::CONTROL),
        fault_base_lo: 6 = number(&card::BLOCK, card::FAULT_BASE_LO),
        fault_base_hi: 6 = number(&card::BLOCK, card::FAULT_BASE_HI),
        fault_log2: 6 = number(&card::BLOCK, card::FAULT_LOG2),
        fault_head: 6 = number(&card::BLOCK, card::FAULT_HEAD),
        fault_tail: 6 = number(&card::BLOCK, card::FAULT_TAIL),
        faults_dropped: 6 = number(&card::BLOCK, card::FAULTS_DROPPED),
        stale_doorbells: 6 = number(&card::BLOCK, card::STALE_DOORBELLS),
        late_completions: 6 = number(&card::BLOCK, card::LATE_COMPLETIONS),
        tags_quarantined: 6 = number(&card::BLOCK, card::TAGS_QUARANTINED),
        group_command: 6 = number(&group::BLOCK, group::COMMAND),
        group_status: 6 = number(&group::BLOCK, group::STATUS),
        generation: 6 = number(&group::BLOCK, group::GENERATION),
        members: 6 = number(&group::BLOCK, group::MEMBERS),
        start_lo: 6 = number(&group::BLOCK, group::START_LO),
        start_hi: 6 = number(&group::BLOCK, group::START_HI),
        verdict_base_lo: 6 = number(&group::BLOCK, group::VERDICT_BASE_LO),
        verdict_base_hi: 6 = number(&group::BLOCK, group::VERDICT_BASE_HI),
        verdict_log2: 6 = number(&group::BLOCK, group::VERDICT_LOG2),
        verdict_head: 6 = number(&group::BLOCK, group::VERDICT_HEAD),
        verdict_tail: 6 = number(&group::BLOCK, group::VERDICT_TAIL),
        watchdog: 6 = number(&group::BLOCK, group::WATCHDOG),
        payload_max: 6 = number(&group::BLOCK, group::PAYLOAD_MAX),
        lane_command: 6 = number(&lane::BLOCK, lane::COMMAND),
        lane_status: 6 = number(&lane::BLOCK, lane::STATUS),
        ring_base_lo: 6 = number(&lane::BLOCK, lane::RING_BASE_LO),
        ring_base_hi: 6 = number(&lane::BLOCK, lane::RING_BASE_HI),
        ring_log2: 6 = number(&lane::BLOCK, lane::RING_LOG2),
        head: 6 = number(&lane::BLOCK, lane::HEAD),
        tail: 6 = number(&lane::BLOCK, lane::TAIL),
        window_base_lo: 6 = number(&lane::BLOCK, lane::WINDOW_BASE_LO),
        window_base_hi: 6 = number(&lane::BLOCK, lane::WINDOW_BASE_HI),
        window_limit_lo: 6 = number(&lane::BLOCK, lane::WINDOW_LIMIT_LO),
        window_limit_hi: 6 = number(&lane::BLOCK, lane::WINDOW_LIMIT_HI),

        magic_value: 32 = MAGIC,
        version_value: 32 = card::VERSION_MAJOR.put(VERSION.major as u32) | card::VERSION_MINOR.put(VERSION.minor as u32),
        size_value: 32 =
            card::SIZE_GROUPS.put(GROUPS) | card::SIZE_LANES.put(LANES) | card::SIZE_WIDTH.put(WIDTH),
        limits_value: 32 = card::LIMITS_SKEW.put(crate::lane::SKEW_LOG2 as u32)
            | card::LIMITS_TAGS.put(TAGS_LOG2)
            | card::LIMITS_RING.put(RING_LOG2)
            | card::LIMITS_PAYLOAD.put(PAYLOAD_LOG2),
        features_value: 32 = card::FEATURE_MSIX.put(1),
        tick_rate_value: 32 = TICK_RATE,
        control_mask: 32 = card::CONTROL_ENABLE.put(u32::MAX),
        members_mask: 32 = group::MEMBERS_LANES.put(u32::MAX),
    }
}

/// See the head of the file.
#[derive(LogicBlock)]
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
    pub group_live: [Signal<In, Bit>; 2],
    #[allow(missing_docs)]
    pub flush_busy: Signal<In, Bit>,
    #[allow(missing_docs)]
    pub lane_state: [Signal<In, Bits<4>>; 2],
    #[allow(missing_docs)]
    pub lane_cause: [Signal<In, Bits<8>>; 2],
    #[allow(missing_docs)]
    pub lane_head: [Signal<In, Bits<32>>; 2],
    #[allow(missing_docs)]
    pub lane_tail: [Signal<In, Bits<32>>; 2],
    #[allow(missing_docs)]
    pub lane_resetting: [Signal<In, Bit>; 2],
    /// A lane's reset is through: its registers become 0.
    pub lane_clear: [Signal<In, Bit>; 2],

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
    pub lane_reset: [Signal<Out, Bit>; 2],
    #[allow(missing_docs)]
    pub ring_base: [Signal<Out, Bits<64>>; 2],
    #[allow(missing_docs)]
    pub ring_size: [Signal<Out, Bits<5>>; 2],
    #[allow(missing_docs)]
    pub window_base: [Signal<Out, Bits<64>>; 2],
    #[allow(missing_docs)]
    pub window_limit: [Signal<Out, Bits<64>>; 2],

    decoder: Decoder,
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
    ring_base_lo: [DFF<Bits<32>>; 2],
    ring_base_hi: [DFF<Bits<32>>; 2],
    ring_log2: [DFF<Bits<32>>; 2],
    window_base_lo: [DFF<Bits<32>>; 2],
    window_base_hi: [DFF<Bits<32>>; 2],
    window_limit_lo: [DFF<Bits<32>>; 2],
    window_limit_hi: [DFF<Bits<32>>; 2],
    was_enabled: DFF<Bit>,
    decoded: DFF<Bits<6>>,
    for_lane: [DFF<Bit>; 2],
    writing: DFF<Bit>,
    written: DFF<Bits<32>>,
    of_card: DFF<Bits<32>>,
    of_group: DFF<Bits<32>>,
    of_lane: [DFF<Bits<32>>; 2],
    number: Signal<Local, Bits<6>>,
    mine: [Signal<Local, Bit>; 2],
    disabled: Signal<Local, Bit>,
    live: Signal<Local, Bits<32>>,
    rtl_hash_lo: Constant<Bits<32>>,
    rtl_hash_hi: Constant<Bits<32>>,
    ring_mask: Constant<Bits<64>>,
    bits: StatusBits,
    k: Numbers,
}

impl Logic for Csr {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            was_enabled,
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
            of_card,
            of_group
        );
        for i in 0..2 {
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
        self.for_lane[0].d.next = self.decoder.index.val() == 0;
        self.for_lane[1].d.next = self.decoder.index.val() == 1;
        self.writing.d.next = self.bus_write.val() & !self.reset.val();
        self.written.d.next = self.bus_data.val();
        self.number.next = self.decoded.q.val();
        self.mine[0].next = self.for_lane[0].q.val();
        self.mine[1].next = self.for_lane[1].q.val();

        // Reads.
        self.live.next = bit_cast::<32, 4>(self.group_state.val());
        if self.group_live[0].val() {
            self.live.next = self.live.val() | self.bits.lane0.val();
        }
        if self.group_live[1].val() {
            self.live.next = self.live.val() | self.bits.lane1.val();
        }
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
            self.of_card.d.next = self.rtl_hash_lo.val();
        } else if self.number.val() == self.k.rtl_hash_hi.val() {
            self.of_card.d.next = self.rtl_hash_hi.val();
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
        self.of_lane[0].d.next = 0.into();
        if self.mine[0].val() {
            if self.number.val() == self.k.ring_base_lo.val() {
                self.of_lane[0].d.next = self.ring_base_lo[0].q.val();
            } else if self.number.val() == self.k.ring_base_hi.val() {
                self.of_lane[0].d.next = self.ring_base_hi[0].q.val();
            } else if self.number.val() == self.k.ring_log2.val() {
                self.of_lane[0].d.next = self.ring_log2[0].q.val();
            } else if self.number.val() == self.k.window_base_lo.val() {
                self.of_lane[0].d.next = self.window_base_lo[0].q.val();
            } else if self.number.val() == self.k.window_base_hi.val() {
                self.of_lane[0].d.next = self.window_base_hi[0].q.val();
            } else if self.number.val() == self.k.window_limit_lo.val() {
                self.of_lane[0].d.next = self.window_limit_lo[0].q.val();
            } else if self.number.val() == self.k.window_limit_hi.val() {
                self.of_lane[0].d.next = self.window_limit_hi[0].q.val();
            } else if self.number.val() == self.k.head.val() {
                self.of_lane[0].d.next = self.lane_head[0].val();
            } else if self.number.val() == self.k.tail.val() {
                self.of_lane[0].d.next = self.lane_tail[0].val();
            } else if self.number.val() == self.k.lane_status.val() {
                self.of_lane[0].d.next = bit_cast::<32, 4>(self.lane_state[0].val())
                    | (bit_cast::<32, 8>(self.lane_cause[0].val()) << 8);
            } else if (self.number.val() == self.k.lane_command.val()) & self.lane_resetting[0].val() {
                self.of_lane[0].d.next = 1.into();
            }
        }
        self.of_lane[1].d.next = 0.into();
        if self.mine[1].val() {
            if self.number.val() == self.k.ring_base_lo.val() {
                self.of_lane[1].d.next = self.ring_base_lo[1].q.val();
            } else if self.number.val() == self.k.ring_base_hi.val() {
                self.of_lane[1].d.next = self.ring_base_hi[1].q.val();
            } else if self.number.val() == self.k.ring_log2.val() {
                self.of_lane[1].d.next = self.ring_log2[1].q.val();
            } else if self.number.val() == self.k.window_base_lo.val() {
                self.of_lane[1].d.next = self.window_base_lo[1].q.val();
            } else if self.number.val() == self.k.window_base_hi.val() {
                self.of_lane[1].d.next = self.window_base_hi[1].q.val();
            } else if self.number.val() == self.k.window_limit_lo.val() {
                self.of_lane[1].d.next = self.window_limit_lo[1].q.val();
            } else if self.number.val() == self.k.window_limit_hi.val() {
                self.of_lane[1].d.next = self.window_limit_hi[1].q.val();
            } else if self.number.val() == self.k.head.val() {
                self.of_lane[1].d.next = self.lane_head[1].val();
            } else if self.number.val() == self.k.tail.val() {
                self.of_lane[1].d.next = self.lane_tail[1].val();
            } else if self.number.val() == self.k.lane_status.val() {
                self.of_lane[1].d.next = bit_cast::<32, 4>(self.lane_state[1].val())
                    | (bit_cast::<32, 8>(self.lane_cause[1].val()) << 8);
            } else if (self.number.val() == self.k.lane_command.val()) & self.lane_resetting[1].val() {
                self.of_lane[1].d.next = 1.into();
            }
        }
        self.bus_read.next =
            self.of_card.q.val() | self.of_group.q.val() | self.of_lane[0].q.val() | self.of_lane[1].q.val();

        // Writes.
        self.flush.next = self.writing.q.val()
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
        for i in 0..2 {
            self.lane_reset[i].next = self.writing.q.val()
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
        self.was_enabled.d.next = self.control.q.val().get_bit(0);
        self.disabled.next = self.was_enabled.q.val() & !self.control.q.val().get_bit(0);
        if self.disabled.val() | self.reset.val() {
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
        for i in 0..2 {
            if self.disabled.val() | self.reset.val() | self.lane_clear[i].val() {
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
            self.was_enabled.d.next = false;
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
        self.ring_base[0].next = (bit_cast::<64, 32>(self.ring_base_lo[0].q.val())
            | (bit_cast::<64, 32>(self.ring_base_hi[0].q.val()) << 32))
            & self.ring_mask.val();
        self.ring_size[0].next = self.ring_log2[0].q.val().get_bits::<5>(0);
        self.window_base[0].next = bit_cast::<64, 32>(self.window_base_lo[0].q.val())
            | (bit_cast::<64, 32>(self.window_base_hi[0].q.val()) << 32);
        self.window_limit[0].next = bit_cast::<64, 32>(self.window_limit_lo[0].q.val())
            | (bit_cast::<64, 32>(self.window_limit_hi[0].q.val()) << 32);
        self.ring_base[1].next = (bit_cast::<64, 32>(self.ring_base_lo[1].q.val())
            | (bit_cast::<64, 32>(self.ring_base_hi[1].q.val()) << 32))
            & self.ring_mask.val();
        self.ring_size[1].next = self.ring_log2[1].q.val().get_bits::<5>(0);
        self.window_base[1].next = bit_cast::<64, 32>(self.window_base_lo[1].q.val())
            | (bit_cast::<64, 32>(self.window_base_hi[1].q.val()) << 32);
        self.window_limit[1].next = bit_cast::<64, 32>(self.window_limit_lo[1].q.val())
            | (bit_cast::<64, 32>(self.window_limit_hi[1].q.val()) << 32);
    }
}

crate::constants::constants! {
    /// Live lanes in `STATUS`.
    pub StatusBits {
        lane0: 32 = group::STATUS_LIVE.put(1),
        lane1: 32 = group::STATUS_LIVE.put(2),
    }
}

impl Csr {
    /// With the hash that the identification shows.
    pub fn new(rtl_hash: u64) -> Csr {
        Csr {
            rtl_hash_lo: Constant::new((rtl_hash & 0xFFFF_FFFF).into()),
            rtl_hash_hi: Constant::new((rtl_hash >> 32).into()),
            ring_mask: Constant::new((!(covert_abi::SubmissionEntry::BYTES as u64 - 1)).into()),
            clock: Default::default(),
            reset: Default::default(),
            bus_address: Default::default(),
            bus_write: Default::default(),
            bus_data: Default::default(),
            bus_read: Default::default(),
            fault_tail: Default::default(),
            faults_dropped: Default::default(),
            stale_doorbells: Default::default(),
            late_completions: Default::default(),
            tags_quarantined: Default::default(),
            generation: Default::default(),
            verdict_tail: Default::default(),
            group_state: Default::default(),
            group_live: Default::default(),
            flush_busy: Default::default(),
            lane_state: Default::default(),
            lane_cause: Default::default(),
            lane_head: Default::default(),
            lane_tail: Default::default(),
            lane_resetting: Default::default(),
            lane_clear: Default::default(),
            enable: Default::default(),
            fault_base: Default::default(),
            fault_size: Default::default(),
            fault_read: Default::default(),
            flush: Default::default(),
            member_lanes: Default::default(),
            start_seq: Default::default(),
            verdict_base: Default::default(),
            verdict_size: Default::default(),
            verdict_read: Default::default(),
            watchdog_limit: Default::default(),
            longest: Default::default(),
            lane_reset: Default::default(),
            ring_base: Default::default(),
            ring_size: Default::default(),
            window_base: Default::default(),
            window_limit: Default::default(),
            decoder: Default::default(),
            control: Default::default(),
            fault_base_lo: Default::default(),
            fault_base_hi: Default::default(),
            fault_log2: Default::default(),
            fault_head: Default::default(),
            members: Default::default(),
            start_lo: Default::default(),
            start_hi: Default::default(),
            verdict_base_lo: Default::default(),
            verdict_base_hi: Default::default(),
            verdict_log2: Default::default(),
            verdict_head: Default::default(),
            watchdog: Default::default(),
            payload_max: Default::default(),
            ring_base_lo: Default::default(),
            ring_base_hi: Default::default(),
            ring_log2: Default::default(),
            window_base_lo: Default::default(),
            window_base_hi: Default::default(),
            window_limit_lo: Default::default(),
            window_limit_hi: Default::default(),
            was_enabled: Default::default(),
            decoded: Default::default(),
            for_lane: Default::default(),
            writing: Default::default(),
            written: Default::default(),
            of_card: Default::default(),
            of_group: Default::default(),
            of_lane: Default::default(),
            number: Default::default(),
            mine: Default::default(),
            disabled: Default::default(),
            live: Default::default(),
            bits: Default::default(),
            k: Default::default(),
        }
    }
}

impl Default for Csr {
    fn default() -> Csr {
        Csr::new(0)
    }
}
