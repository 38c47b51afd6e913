//! Values that mean something to a block.

use super::Pools;

/// Addresses of registers, in DW.
pub const REGISTERS: Pools = &[
    (
        "bus_address",
        &[
            0x00, 0x01, 0x02, 0x06, 0x07, 0x10, 0x12, 0x14, 0x17, 0x40, 0x41, 0x43, 0x44, 0x48, 0x200, 0x202,
            0x203, 0x20A, 0x210, 0x212, 0x21B,
        ],
    ),
    (
        "address",
        &[
            0x00, 0x01, 0x02, 0x06, 0x07, 0x10, 0x12, 0x14, 0x17, 0x40, 0x41, 0x43, 0x44, 0x48, 0x200, 0x202,
            0x203, 0x20A, 0x210, 0x212, 0x21B,
        ],
    ),
    ("bus_data", &[0, 1, 3, 0x1234_5678]),
];

/// Completions of requester 0 for tags 0 to 2, whole ones and parts.
pub const COMPLETIONS: Pools = &[
    ("data", &[0x0000_0008_4A00_0002, 0x0000_0010_4A00_0002, 0x4A00_0002, 0x100, 0x200, 0x2000_4A00_0001]),
    (
        "cpl_data",
        &[0x0000_0008_4A00_0002, 0x0000_0010_4A00_0002, 0x4A00_0002, 0x100, 0x200, 0x2000_4A00_0001],
    ),
    ("requester_id", &[0]),
    ("start_tag", &[0, 1, 2]),
    ("start_offset", &[0, 8]),
    ("start_bytes", &[8, 16]),
    ("start_dws", &[2, 4]),
    ("busy", &[0xFFFF, 7]),
    ("bytes$0", &[8, 16]),
    ("bytes$1", &[8, 16]),
    ("bytes$2", &[8, 16]),
    ("dws$0", &[2, 4]),
    ("dws$1", &[2, 4]),
    ("dws$2", &[2, 4]),
    ("words$0", &[1, 2]),
    ("words$1", &[1, 2]),
    ("words$2", &[1, 2]),
    ("address$0", &[0, 8]),
    ("address$1", &[0, 8]),
    ("address$2", &[0, 8]),
];
