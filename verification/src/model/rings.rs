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
    /// Entries in it: the register's low five bits count, whatever the unit's limit.
    fn length(&self) -> u64 {
        1 << (self.log2 & 31)
    }

    pub(super) fn has_room(&self) -> bool {
        u64::from(self.tail.wrapping_sub(self.head)) < self.length()
    }

    /// Seals `entry` (check code at byte 24, phase in the last word) and writes it behind the others.
    pub(super) fn push(&mut self, mut entry: [u8; 32], memory: &mut dyn Memory) {
        let length = self.length();
        let lap = u64::from(self.tail) / length;
        entry[28..].copy_from_slice(&u32::from(lap.is_multiple_of(2)).to_le_bytes());
        let check = crc::check_code(&entry, 24);
        entry[24..28].copy_from_slice(&check.to_le_bytes());
        memory.write(self.base.wrapping_add(32 * (u64::from(self.tail) % length)), &entry);
        self.tail = self.tail.wrapping_add(1);
    }

    /// The unit counts from 0 again; what the driver wrote stays.
    pub(super) fn restart(&mut self) {
        self.tail = 0;
    }
}
