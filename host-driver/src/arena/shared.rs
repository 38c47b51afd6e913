//! Memory that another process may write at any moment.
//!
//! The only place in this crate with a pointer into it. No Rust reference to plain shared bytes is ever made:
//! words are reached as atomics, bulk bytes are copied to or from private memory through raw pointers. Every offset is
//! checked here, so that nothing that a peer writes can make an access leave the mapping.

use crate::crc::{BLOCK, Crc64, copy_once};
use crate::entry::Entry;
use core::sync::atomic::AtomicU64;
use covert_abi::Fingerprint;
use memmap2::{Advice, MmapOptions, MmapRaw};
use std::os::fd::{AsRawFd, OwnedFd};

/// A mapping of a shared region, readable, and writable if it was mapped so.
#[derive(Debug)]
pub(crate) struct SharedMap {
    map: MmapRaw,
    writable: bool,
}

impl SharedMap {
    /// Maps the first `bytes` bytes for reading and writing, the first `hot` of them with all pages present.
    pub(crate) fn writable(fd: &OwnedFd, bytes: usize, hot: usize) -> std::io::Result<SharedMap> {
        let map = MmapOptions::new().len(bytes).map_raw(fd.as_raw_fd())?;
        // Only to be faster: a kernel before 5.14 does not know it.
        let _ = map.advise_range(Advice::PopulateWrite, 0, hot.min(bytes));
        Ok(SharedMap { map, writable: true })
    }

    /// Maps `bytes` bytes from `offset` on for reading and writing: of a file, or of a device.
    pub(crate) fn writable_at(fd: &OwnedFd, offset: u64, bytes: usize) -> std::io::Result<SharedMap> {
        let map = MmapOptions::new().offset(offset).len(bytes).map_raw(fd.as_raw_fd())?;
        Ok(SharedMap { map, writable: true })
    }

    /// Maps the first `bytes` bytes for reading alone, the first `hot` of them with all pages present.
    pub(crate) fn read_only(fd: &OwnedFd, bytes: usize, hot: usize) -> std::io::Result<SharedMap> {
        let map = MmapOptions::new().len(bytes).map_raw_read_only(fd.as_raw_fd())?;
        let _ = map.advise_range(Advice::PopulateRead, 0, hot.min(bytes));
        Ok(SharedMap { map, writable: false })
    }

    /// Bytes mapped.
    pub(crate) fn len(&self) -> usize {
        self.map.len()
    }

    /// `N` words from `offset` on; `None` if they are not aligned or not all inside.
    ///
    /// Storing through them is for the holder of a [`writable`](Self::writable) map; elsewhere it faults.
    #[inline]
    pub(crate) fn words<const N: usize>(&self, offset: usize) -> Option<&[AtomicU64; N]> {
        if !offset.is_multiple_of(8) || !self.holds(offset, N * 8) {
            return None;
        }
        // SAFETY: the range was just checked to lie inside the mapping, which is page-aligned and lives as
        // long as `self`, and the offset is a multiple of eight. Other processes write the same bytes; atomics
        // are the type that allows it. Safe code has no way to name memory that others share.
        Some(unsafe { &*self.map.as_ptr().wrapping_add(offset).cast::<[AtomicU64; N]>() })
    }

    /// Copies `to.len()` bytes from `offset` on, reading each shared byte once; false if they are not all inside.
    #[inline]
    pub(crate) fn copy_out(&self, offset: usize, to: &mut [u8]) -> bool {
        if !self.holds(offset, to.len()) {
            return false;
        }
        // SAFETY: both ranges are valid for their length and `to` is private memory, so they do not overlap.
        // The source may change meanwhile: then the copy holds some mixture, which the fingerprint
        // decides about. A reference to the source, which safe copying needs, would be undefined behaviour.
        unsafe { copy_once(self.map.as_ptr().wrapping_add(offset), to.as_mut_ptr(), to.len()) };
        true
    }

    /// Copies `from` to `offset` on; false if it does not fit or the map is for reading alone.
    #[inline]
    pub(crate) fn copy_in(&self, offset: usize, from: &[u8]) -> bool {
        if !self.writable || !self.holds(offset, from.len()) {
            return false;
        }
        // SAFETY: as in `copy_out`, with the roles exchanged; the mapping was made writable.
        unsafe { copy_once(from.as_ptr(), self.map.as_mut_ptr().wrapping_add(offset), from.len()) };
        true
    }

    /// The fingerprint of the payload at `offset` under its header, reading each shared byte once; `None` if the
    /// payload is not all inside.
    #[inline]
    pub(crate) fn fingerprint(&self, offset: usize, entry: &Entry) -> Option<Fingerprint> {
        let length = entry.length() as usize;
        if !self.holds(offset, length) {
            return None;
        }
        let whole = length / BLOCK;
        let mut crc = Crc64::new();
        // SAFETY: the blocks lie inside the mapping. They may change while they are read: then the fingerprint is
        // that of some mixture, and the copy that is released later has to have the same.
        unsafe { crc.update_shared(self.map.as_ptr().wrapping_add(offset), whole) };
        let rest = length % BLOCK;
        if rest != 0 {
            let mut end = [0; BLOCK];
            self.copy_out(offset + whole * BLOCK, &mut end[..rest]);
            crc.update(&end);
        }
        Some(Fingerprint(crc.finish_with(&entry.header())))
    }

    #[inline]
    fn holds(&self, offset: usize, bytes: usize) -> bool {
        offset.checked_add(bytes).is_some_and(|end| end <= self.map.len())
    }
}
