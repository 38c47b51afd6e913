//! The region that gives a simulated card its time.
//!
//! Not of the vfio-user specification: a device-specific region behind those of PCI, which a card of metal does not have.
//! A client that does not know it, like QEMU, never touches it.
//!
//! | offset | access of 4 bytes | meaning |
//! |---|---|---|
//! | 0 | read | [`MAGIC`] |
//! | 4 | write | pass so many ticks, with all that follows from each; 0 lets the card only finish what it has begun |
//! | 8 | write | let so many ticks pass while the card works, and wait for nothing |

/// Number of the region.
pub const REGION: u32 = 9;
/// Its bytes.
pub const BYTES: u64 = 12;
/// What it begins with: the ASCII bytes `TIME`.
pub const MAGIC: u32 = u32::from_le_bytes(*b"TIME");
/// Where ticks are written.
pub const TICKS: u64 = 4;
/// Where ticks are written that nobody waits for.
pub const TICKS_ALONG: u64 = 8;
