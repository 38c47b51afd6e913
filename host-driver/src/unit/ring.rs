//! A ring that the unit writes, read by its phase bits.

use crate::arena::{ArenaError, SharedMap, create_sealed, system};
use crate::card::Shared;
use core::sync::atomic::{AtomicU64, Ordering};
use covert_abi::verdict::{PHASE, phase_of};
use std::os::fd::{AsFd, OwnedFd};

const ENTRY: usize = 32;
const PAGE: usize = 4096;

#[derive(Debug)]
pub(super) struct OutRing {
    map: SharedMap,
    fd: OwnedFd,
    bytes: usize,
    log2: u32,
    /// Entries read, modulo 2^32.
    read: u32,
}

impl OutRing {
    /// Fresh, zeroed memory for `1 << log2` entries.
    pub(super) fn create(name: &str, log2: u32) -> Result<OutRing, ArenaError> {
        let bytes = (ENTRY << log2).next_multiple_of(PAGE);
        let fd = create_sealed(&format!("covert-{name}"), bytes)?;
        let map = SharedMap::read_only(&fd, bytes, bytes).map_err(system("map"))?;
        Ok(OutRing { map, fd, bytes, log2, read: 0 })
    }

    pub(super) fn memory(&self) -> Shared<'_> {
        Shared { fd: self.fd.as_fd(), offset: 0, bytes: self.bytes as u64 }
    }

    pub(super) fn read(&self) -> u32 {
        self.read
    }

    fn slot(&self) -> Option<&[AtomicU64; ENTRY / 8]> {
        let slot = (self.read & ((1 << self.log2) - 1)) as usize;
        self.map.words::<{ ENTRY / 8 }>(slot * ENTRY)
    }

    fn is_there(&self, last: u64) -> bool {
        (last >> 32) as u32 & PHASE == u32::from(phase_of(self.read, self.log2))
    }

    /// Whether the next entry is there.
    pub(super) fn has_next(&self) -> bool {
        self.slot().is_some_and(|words| self.is_there(words[3].load(Ordering::Acquire)))
    }

    /// The next entry if it is there, with its number. It is read once.
    pub(super) fn next(&mut self) -> Option<(u32, [u8; ENTRY])> {
        let index = self.read;
        let words = self.slot()?;
        // The phase is in the last word, which the unit writes last: seen with Acquire, it vouches for the others.
        let last = words[3].load(Ordering::Acquire);
        if !self.is_there(last) {
            return None;
        }
        let mut entry = [0; ENTRY];
        for (at, word) in words.iter().enumerate() {
            let value = if at == 3 { last } else { word.load(Ordering::Relaxed) };
            entry[8 * at..8 * at + 8].copy_from_slice(&value.to_le_bytes());
        }
        self.read = index.wrapping_add(1);
        Some((index, entry))
    }
}
