//! The unit's registers in BAR 0.
//!
//! | from | what | who may map it |
//! |---|---|---|
//! | `0x00000` | control page: identification, card, groups, lanes | coordinator |
//! | `0x01000` | MSI-X table (`0x1000`) and pending bits (`0x1800`), as PCI defines them | coordinator |
//! | `0x10000` | doorbell pages, 4 KiB a lane | the lane's replica |
//!
//! All registers are 32 bits wide, little-endian, read and written by aligned accesses of 4 bytes, or of
//! 8 bytes for a `…_LO`, `…_HI` pair. A read of an address without register gives zero; a write there is ignored.
//! The CSR decoder, the driver's constants and the register reference come from these tables.

/// Most lanes that the map has room for.
pub const LANES_MAX: u32 = 32;
/// Most groups that the map has room for.
pub const GROUPS_MAX: u32 = 16;
/// Size of BAR 0 in bytes.
pub const BAR_BYTES: u32 = 0x40000;
/// Offset of the MSI-X table in BAR 0.
pub const MSIX_TABLE: u32 = 0x1000;
/// Offset of the MSI-X pending bits in BAR 0.
pub const MSIX_PENDING: u32 = 0x1800;

/// Who may change a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Only the unit.
    ReadOnly,
    /// The driver; reads give back what was written.
    ReadWrite,
    /// The driver, as a command: writing 1 starts it, reads give 1 until it is done.
    Command,
    /// The driver; reads give zero.
    WriteOnly,
}

/// Some bits of a register.
#[derive(Clone, Copy, Debug)]
pub struct BitField {
    /// Its name.
    pub name: &'static str,
    /// Lowest bit.
    pub low: u32,
    /// Number of bits.
    pub width: u32,
    /// What it means.
    pub doc: &'static str,
}

impl BitField {
    /// The field's value in a register's value.
    pub const fn of(&self, register: u32) -> u32 {
        register >> self.low & self.mask()
    }

    /// A register value with only this field set; bits that do not fit are cut off.
    pub const fn put(&self, value: u32) -> u32 {
        (value & self.mask()) << self.low
    }

    const fn mask(&self) -> u32 {
        if self.width >= 32 { u32::MAX } else { (1 << self.width) - 1 }
    }
}

/// One register of a block.
#[derive(Clone, Copy, Debug)]
pub struct Register {
    /// Its name, as the constant in the block's module.
    pub name: &'static str,
    /// Offset in the block, in bytes.
    pub offset: u32,
    /// Who may change it.
    pub access: Access,
    /// What it means.
    pub doc: &'static str,
    /// Its fields; empty when the whole register is one value.
    pub fields: &'static [BitField],
}

/// A block of registers, of which there may be several alike.
#[derive(Clone, Copy, Debug)]
pub struct Block {
    /// Name of the block and of its module here.
    pub name: &'static str,
    /// What it is for.
    pub doc: &'static str,
    /// Address of the first one in BAR 0.
    pub base: u32,
    /// Distance between two of them; 0 when there is only one.
    pub stride: u32,
    /// Most of them that there can be.
    pub count: u32,
    /// Their registers.
    pub registers: &'static [Register],
}

macro_rules! register_block {
    (
        $(#[doc = $about:literal])+
        pub mod $block:ident: $count:literal at $base:literal every $stride:literal {
            $(
                $(#[doc = $doc:literal])+
                $access:ident $register:ident = $offset:literal
                $({ $( $(#[doc = $field_doc:literal])+ $field:ident: $low:literal, $width:literal; )+ })?;
            )+
        }
    ) => {
        $(#[doc = $about])+
        pub mod $block {
            #[allow(unused_imports, reason = "a block without fields needs no BitField")]
            use super::{Access, BitField, Block, Register};

            $( $(#[doc = $doc])+ pub const $register: u32 = $offset; )+
            $( $( $( $(#[doc = $field_doc])+
                pub const $field: BitField = BitField {
                    name: stringify!($field), low: $low, width: $width, doc: concat!($($field_doc),+),
                };
            )+ )? )+

            /// This block as a table.
            pub const BLOCK: Block = Block {
                name: stringify!($block),
                doc: concat!($($about),+),
                base: $base,
                stride: $stride,
                count: $count,
                registers: &[$( Register {
                    name: stringify!($register),
                    offset: $offset,
                    access: Access::$access,
                    doc: concat!($($doc),+),
                    fields: &[$( $($field),+ )?],
                } ),+],
            };

            /// Address in BAR 0 of a register of block number `index`.
            pub const fn address(index: u32, register: u32) -> u32 {
                $base + $stride * index + register
            }
        }
    };
}

register_block! {
    /// Who the card is and what it can do, and what concerns the card as a whole.
    pub mod card: 1 at 0x0000 every 0x0000 {
        /// Reads as the ASCII bytes `CVRT`.
        ReadOnly MAGIC = 0x000;
        /// Version of this contract. A driver refuses a major version it does not know.
        ReadOnly VERSION = 0x004 {
            /// Grows when something is added.
            VERSION_MINOR: 0, 16;
            /// Grows when something changes.
            VERSION_MAJOR: 16, 16;
        };
        /// Size of the unit.
        ReadOnly SIZE = 0x008 {
            /// Number of groups, 1 to 16.
            SIZE_GROUPS: 0, 8;
            /// Lanes in each group, 1 to 4. Lane `l` of group `g` is lane `g * SIZE_LANES + l` of the unit.
            SIZE_LANES: 8, 8;
            /// Width of the TLP streams in bits: 64 or 128.
            SIZE_WIDTH: 16, 16;
        };
        /// Limits of the unit, each a base-2 logarithm.
        ReadOnly LIMITS = 0x00c {
            /// Fingerprints that a lane can be ahead of the comparison.
            LIMITS_SKEW: 0, 8;
            /// Reads that can be outstanding.
            LIMITS_TAGS: 8, 8;
            /// Entries in the largest submission, verdict or fault ring.
            LIMITS_RING: 16, 8;
            /// Bytes in the longest payload.
            LIMITS_PAYLOAD: 24, 8;
        };
        /// Optional parts.
        ReadOnly FEATURES = 0x010 {
            /// Records can be pushed whole through the doorbell page.
            FEATURE_PUSH: 0, 1;
            /// Checkpoint engine.
            FEATURE_CHECKPOINT: 1, 1;
            /// MSI-X vectors: 0 verdicts, 1 faults.
            FEATURE_MSIX: 2, 1;
        };
        /// Watchdog ticks a second.
        ReadOnly TICK_RATE = 0x014;
        /// Hash of the emitted Verilog, low word.
        ReadOnly RTL_HASH_LO = 0x018;
        /// Hash of the emitted Verilog, high word.
        ReadOnly RTL_HASH_HI = 0x01c;
        /// Which board the bitstream was built for; 0 is a simulation.
        ReadOnly BOARD = 0x020;
        /// Switches the whole unit.
        ReadWrite CONTROL = 0x040 {
            /// 0 stops all fetching and resets every group and lane.
            CONTROL_ENABLE: 0, 1;
        };
        /// IOVA of the fault ring, low word. Aligned to 32 bytes.
        ReadWrite FAULT_BASE_LO = 0x048;
        /// IOVA of the fault ring, high word.
        ReadWrite FAULT_BASE_HI = 0x04c;
        /// Log2 of the fault ring's entries; 0 keeps no log.
        ReadWrite FAULT_LOG2 = 0x050;
        /// How many fault entries the driver has read, counted from `CONTROL_ENABLE`, modulo 2^32.
        ReadWrite FAULT_HEAD = 0x054;
        /// How many fault entries the unit has written, modulo 2^32.
        ReadOnly FAULT_TAIL = 0x058;
        /// Fault entries lost because the ring was full or absent. Stays at its maximum.
        ReadOnly FAULTS_DROPPED = 0x05c;
        /// Doorbells ignored because they named another generation or came to a lane that is not live.
        ReadOnly STALE_DOORBELLS = 0x060;
        /// Completions that came after their tag had timed out.
        ReadOnly LATE_COMPLETIONS = 0x064;
        /// Tags out of use because their completion did not come.
        ReadOnly TAGS_QUARANTINED = 0x068;
    }
}

register_block! {
    /// One group: the lanes of one virtual machine and the ring of their verdicts.
    pub mod group: 16 at 0x0100 every 0x0040 {
        /// Starts and ends generations.
        Command COMMAND = 0x000 {
            /// End the generation: drain, write `Flushed`, start the next one with the lanes in `MEMBERS`.
            COMMAND_FLUSH: 0, 1;
        };
        /// What the group is doing.
        ReadOnly STATUS = 0x004 {
            /// 0 idle, 1 running, 2 halted, 3 flushing.
            STATUS_STATE: 0, 4;
            /// The live lanes, by position.
            STATUS_LIVE: 4, 4;
        };
        /// The current generation; 0 before the first flush.
        ReadOnly GENERATION = 0x008;
        /// The lanes, by position, that the next generation starts with. Locked lanes do not join.
        ReadWrite MEMBERS = 0x00c {
            /// Bit i is the lane at position i.
            MEMBERS_LANES: 0, 4;
        };
        /// Position of the next generation's first record, low word.
        ReadWrite START_LO = 0x010;
        /// Position of the next generation's first record, high word.
        ReadWrite START_HI = 0x014;
        /// IOVA of the verdict ring, low word. Aligned to 32 bytes.
        ReadWrite VERDICT_BASE_LO = 0x018;
        /// IOVA of the verdict ring, high word.
        ReadWrite VERDICT_BASE_HI = 0x01c;
        /// Log2 of the verdict ring's entries.
        ReadWrite VERDICT_LOG2 = 0x020;
        /// How many verdicts the driver has read, counted from `CONTROL_ENABLE`, modulo 2^32.
        ReadWrite VERDICT_HEAD = 0x024;
        /// How many verdicts the unit has written, modulo 2^32.
        ReadOnly VERDICT_TAIL = 0x028;
        /// Ticks that a lane may be without an entry that another lane has; 0 is for ever.
        ReadWrite WATCHDOG = 0x02c;
        /// Longest payload in bytes, at most the unit's limit.
        ReadWrite PAYLOAD_MAX = 0x030;
    }
}

register_block! {
    /// One lane: the port of one replica.
    pub mod lane: 32 at 0x0800 every 0x0040 {
        /// The only way out of a lock.
        Command COMMAND = 0x000 {
            /// Drain the lane, close its window, forget its ring, unlock it.
            COMMAND_RESET: 0, 1;
        };
        /// What the lane is doing.
        ReadOnly STATUS = 0x004 {
            /// 0 off, 1 live, 2 locked.
            STATUS_STATE: 0, 4;
            /// Code word of the fault that locked it, else 0.
            STATUS_CAUSE: 8, 8;
        };
        /// IOVA of the submission ring, low word. Aligned to 64 bytes.
        ReadWrite RING_BASE_LO = 0x008;
        /// IOVA of the submission ring, high word.
        ReadWrite RING_BASE_HI = 0x00c;
        /// Log2 of the submission ring's entries.
        ReadWrite RING_LOG2 = 0x010;
        /// Entries fetched in this generation, modulo 2^32.
        ReadOnly HEAD = 0x014;
        /// Tail last accepted in this generation, modulo 2^32.
        ReadOnly TAIL = 0x018;
        /// First IOVA that the lane may read, low word.
        ReadWrite WINDOW_BASE_LO = 0x020;
        /// First IOVA that the lane may read, high word.
        ReadWrite WINDOW_BASE_HI = 0x024;
        /// First IOVA behind those that the lane may read, low word. A window with limit at or below base is closed.
        ReadWrite WINDOW_LIMIT_LO = 0x028;
        /// First IOVA behind those that the lane may read, high word.
        ReadWrite WINDOW_LIMIT_HI = 0x02c;
    }
}

register_block! {
    /// A lane's doorbell page, the only page of the card that a replica can reach.
    pub mod doorbell: 32 at 0x10000 every 0x1000 {
        /// How many entries the replica has written in this generation, modulo 2^32. Ringing twice does no harm.
        WriteOnly TAIL = 0x000;
        /// The generation that the tail belongs to. Writing this word, alone or as the upper half of an
        /// 8-byte write, rings the doorbell.
        WriteOnly GENERATION = 0x004;
        /// First word of the push window: 64 bytes, a whole submission entry, taken when its last word arrives.
        /// Only with `FEATURE_PUSH`.
        WriteOnly PUSH = 0x040;
    }
}

/// Every block, in the order of their addresses.
pub const BLOCKS: [&Block; 4] = [&card::BLOCK, &group::BLOCK, &lane::BLOCK, &doorbell::BLOCK];
