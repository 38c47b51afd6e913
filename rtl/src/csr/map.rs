//! Which register is where: sizes of the unit, the decoder made from the tables, and the numbers it gives to registers.

use crate::emit::MODULE_NAME;
use covert_abi::identity::{MAGIC, VERSION};
use covert_abi::registers::{Block as Registers, LANES_MAX, card, group, lane};
use rust_hdl::prelude::*;

/// Groups of the unit.
pub const GROUPS: u32 = 1;
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

/// The blocks of the control page, each with how many of them a unit with so many lanes has.
fn blocks(lanes: u32) -> [(&'static Registers, u32); 3] {
    [(&card::BLOCK, 1), (&group::BLOCK, GROUPS), (&lane::BLOCK, lanes)]
}

/// The number under which the decoder names a register; 0 is none. Registers alike in all lanes share one.
///
/// # Panics
/// If the tables have no register of that name: a mistake in this file.
pub fn number(block: &Registers, register: u32) -> u64 {
    let mut number = 0;
    for (candidate, _) in blocks(0) {
        for each in candidate.registers {
            number += 1;
            if candidate.name == block.name && each.offset == register {
                return number;
            }
        }
    }
    panic!("{} has no register at {register:#x}", block.name)
}

/// Address in DW, number and index of the block, for every register of a unit with so many lanes.
fn map(lanes: u32) -> Vec<(u64, u64, u64)> {
    let mut map = Vec::new();
    for (block, count) in blocks(lanes) {
        for index in 0..count {
            for register in block.registers {
                let address = block.base + block.stride * index + register.offset;
                map.push((u64::from(address / 4), number(block, register.offset), u64::from(index)));
            }
        }
    }
    map
}

/// Which register is at an address? Made from the tables, for so many lanes.
#[derive(LogicBlock)]
pub struct Decoder<const LANES: u32> {
    /// DW number in BAR 0.
    pub address: Signal<In, Bits<16>>,
    /// See [`number`].
    pub number: Signal<Out, Bits<6>>,
    /// Which block of its kind.
    pub index: Signal<Out, Bits<5>>,
    _map: Vec<(u64, u64, u64)>,
}

impl<const LANES: u32> Default for Decoder<LANES> {
    fn default() -> Self {
        const { assert!(LANES_MAX <= 32, "the index has five bits") };
        Decoder {
            address: Signal::default(),
            number: Signal::default(),
            index: Signal::default(),
            _map: map(LANES),
        }
    }
}

impl<const LANES: u32> Logic for Decoder<LANES> {
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
    /// The registers by number, and what the identification reads as for so many lanes.
    pub Numbers<LANES> {
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
