//! BAR 0, mapped: loads and stores that reach the card one by one, each as wide as it was asked for.

use covert_abi::registers::{MSIX_PENDING, MSIX_TABLE};
use memmap2::{MmapOptions, MmapRaw};
use std::fs::File;
use std::io;
use std::ops::Range;
use std::sync::atomic::{Ordering, fence};

/// The MSI-X table. It belongs to the kernel, which writes it for SET_IRQS.
const TABLE: Range<usize> = MSIX_TABLE as usize..MSIX_PENDING as usize;

/// A register's width that the unit takes: 4 or 8 bytes.
pub(super) trait Word: Copy {}
impl Word for u32 {}
impl Word for u64 {}

/// The registers of a card.
#[derive(Debug)]
pub(super) struct Bar(MmapRaw);

impl Bar {
    /// Maps so many bytes from an offset of the device's file on.
    pub(super) fn map(device: &File, offset: u64, bytes: usize) -> io::Result<Bar> {
        MmapOptions::new().offset(offset).len(bytes).map_raw(device).map(Bar)
    }

    /// Loads a word; nothing that follows in the program is done before.
    pub(super) fn read<T: Word>(&self, offset: u32) -> Result<T, String> {
        let place = self.place::<T>(offset)?;
        // SAFETY: `place` lies inside the mapping with all of its bytes and is aligned, which was just checked, and every bit
        // pattern is a `u32` or `u64`. Volatile, because a load of a register must happen, once, and in one piece.
        let value = unsafe { place.read_volatile() };
        fence(Ordering::Acquire);
        Ok(value)
    }

    /// Stores a word; what went before in the program is in memory, for the card to read, when it arrives there.
    pub(super) fn write<T: Word>(&self, offset: u32, value: T) -> Result<(), String> {
        let place = self.place::<T>(offset)?;
        fence(Ordering::Release);
        // SAFETY: as in `read`; the mapping is writable.
        unsafe { place.write_volatile(value) };
        Ok(())
    }

    fn place<T: Word>(&self, offset: u32) -> Result<*mut T, String> {
        let (first, width) = (offset as usize, size_of::<T>());
        let inside = first.checked_add(width).is_some_and(|end| end <= self.0.len());
        if !inside || !first.is_multiple_of(width) {
            return Err(format!("BAR 0 has {:#x} bytes and takes aligned accesses of 4 or 8", self.0.len()));
        }
        if TABLE.contains(&first) {
            return Err("the MSI-X table belongs to the kernel".into());
        }
        Ok(self.0.as_mut_ptr().wrapping_add(first).cast())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arena::create_sealed;

    fn bar() -> Bar {
        let file = File::from(create_sealed("bar", 0x4000).unwrap());
        Bar::map(&file, 0, 0x4000).unwrap()
    }

    #[test]
    fn words_are_kept_where_they_were_written() {
        let bar = bar();
        bar.write(0x2008, 0x1122_3344_5566_7788u64).unwrap();
        assert_eq!(bar.read::<u32>(0x2008).unwrap(), 0x5566_7788);
        assert_eq!(bar.read::<u32>(0x200C).unwrap(), 0x1122_3344);
        bar.write(0x3FFC, 7u32).unwrap();
        assert_eq!(bar.read::<u64>(0x3FF8).unwrap(), 7 << 32);
    }

    #[test]
    fn nothing_outside_nothing_askew_and_not_the_msix_table() {
        let bar = bar();
        for offset in [0x4000, 0x3FFE, 2, 0x2001, u32::MAX - 3, u32::MAX, 0x1000, 0x17FC] {
            assert!(bar.read::<u32>(offset).is_err(), "{offset:#x}");
            assert!(bar.write(offset, 0u32).is_err(), "{offset:#x}");
        }
        for offset in [0x3FFC, 4, 0x4000, 0xFFFF_FFF8] {
            assert!(bar.read::<u64>(offset).is_err(), "{offset:#x}");
            assert!(bar.write(offset, 0u64).is_err(), "{offset:#x}");
        }
        assert_eq!(bar.read::<u32>(0x1800).unwrap(), 0);
    }
}
