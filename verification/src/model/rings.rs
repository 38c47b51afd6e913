//! The rings that the unit writes: room, phase, position. unit.md, "The rings".

use super::Memory;
use super::crc;

/// A ring of 32-byte entries that the unit writes and the driver reads.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct OutRing {
    pub(super) base: u64,
    pub(super) log2: u32,
    pub(super) head: u32,
    pub(super) tail: u32,
}

impl OutRing {
    pub(super) fn has_room(&self) -> bool {
        u64::from(self.tail.wrapping_sub(self.head)) < 1 << self.log2
    }

    /// Seals `entry` (check code at byte 24, phase in the last word) and writes it behind the others.
    pub(super) fn push(&mut self, mut entry: [u8; 32], memory: &mut dyn Memory) {
        let length = 1u64 << self.log2;
        let lap = u64::from(self.tail) / length;
        entry[28..].copy_from_slice(&u32::from(lap.is_multiple_of(2)).to_le_bytes());
        let check = crc::check_code(&entry, 24);
        entry[24..28].copy_from_slice(&check.to_le_bytes());
        memory.write(self.base.wrapping_add(32 * (u64::from(self.tail) % length)), &entry);
        self.tail = self.tail.wrapping_add(1);
    }

    /// Counting starts again; the place of the ring stays.
    pub(super) fn restart(&mut self) {
        self.head = 0;
        self.tail = 0;
    }
}
