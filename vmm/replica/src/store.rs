//! The recovery line's content: every page of the guest and the state beside them, in memory that only the coordinator can write.
//!
//! ```text
//!  0           64            64 + STATE_MAX                        next page
//!  ├ state len ┼ state bytes ┼ fingerprint of every page number ... ┼ page 0 ┬ page 1 ┬ ...
//! ```
//! A replica maps it for reading and takes from it what it needs. A page that was never written is not in it
//! and reads as zeros; which pages a guest has is in the state.

use crate::memory::{PAGE, SPACE, zero_page_fingerprint};
use crate::staging::{STATE_MAX, Staged};
use covert_driver::arena::{self, ArenaError};
use covert_driver::{ArenaReader, ArenaWriter, Geometry};
use rustix::fs::{Mode, OFlags};
use std::os::fd::{AsRawFd, OwnedFd};

const STATE_AT: u64 = 64;
const TABLE_AT: u64 = STATE_AT + STATE_MAX as u64;
const PAGES: u64 = SPACE / PAGE;

/// Where the store is: an arena that is all staging. Its address means nothing, no card sees it.
pub const GEOMETRY: Geometry =
    Geometry { base: 0, ring_log2: 0, slot_bytes: 0, staging_bytes: pages_at() + SPACE };

const fn pages_at() -> u64 {
    (TABLE_AT + PAGES * 8).next_multiple_of(PAGE)
}

/// The coordinator's side.
#[derive(Debug)]
pub struct StoreWriter {
    map: ArenaWriter,
    /// The pages that the table has a word for: one bit a page.
    stored: Vec<u64>,
}

impl StoreWriter {
    /// Makes an empty store. The descriptor is for the replicas and cannot be written through.
    ///
    /// # Errors
    /// The system has no memory or descriptors left.
    pub fn create() -> Result<(StoreWriter, OwnedFd), ArenaError> {
        let fd = arena::create(&GEOMETRY)?;
        let map = ArenaWriter::map(&fd, GEOMETRY)?;
        let path = format!("/proc/self/fd/{}", fd.as_raw_fd());
        let read_only = rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
            .map_err(|error| ArenaError::System { doing: "open for reading the", source: error.into() })?;
        Ok((StoreWriter { map, stored: vec![0; PAGES as usize / 64] }, read_only))
    }

    /// The fingerprint of a page; of zeros for one that was never stored.
    pub fn fingerprint(&self, page: u32) -> u64 {
        let mut word = [0; 8];
        self.map.read(self.at(TABLE_AT + u64::from(page) * 8), &mut word);
        stored(u64::from_le_bytes(word))
    }

    /// Takes a checkpoint in, whose pages were verified when it was read. `pages` are all that the guest has now, as runs of first
    /// page and number: what it gave up is forgotten, so that it is zeros when it is mapped again.
    pub fn put(&mut self, staged: &Staged, pages: &[(u32, u32)]) {
        self.map.write(self.at(0), &(staged.state.len() as u64).to_le_bytes());
        self.map.write(self.at(STATE_AT), &staged.state);
        for ((page, fingerprint), content) in staged.pages.iter().zip(staged.content.chunks(PAGE as usize)) {
            self.stored[*page as usize / 64] |= 1 << (page % 64);
            self.map.write(self.at(TABLE_AT + u64::from(*page) * 8), &fingerprint.to_le_bytes());
            self.map.write(self.at(pages_at() + u64::from(*page) * PAGE), content);
        }
        let mut kept = vec![0u64; self.stored.len()];
        for page in pages.iter().flat_map(|&(first, length)| first..first.saturating_add(length)) {
            if let Some(word) = kept.get_mut(page as usize / 64) {
                *word |= 1 << (page % 64);
            }
        }
        for (word, kept) in kept.into_iter().enumerate() {
            let mut given_up = self.stored[word] & !kept;
            self.stored[word] &= kept;
            while given_up != 0 {
                let page = word as u64 * 64 + u64::from(given_up.trailing_zeros());
                self.map.write(self.at(TABLE_AT + page * 8), &[0; 8]);
                given_up &= given_up - 1;
            }
        }
    }

    fn at(&self, offset: u64) -> u64 {
        self.map.geometry().staging_iova() + offset
    }
}

/// The fingerprint that a word of the table means: none was written for a page of zeros.
fn stored(word: u64) -> u64 {
    if word == 0 { zero_page_fingerprint() } else { word }
}

/// A replica's side.
#[derive(Debug)]
pub struct StoreReader {
    map: ArenaReader,
}

impl StoreReader {
    /// Maps a store.
    ///
    /// # Errors
    /// It is none, or cannot be mapped.
    pub fn map(fd: &OwnedFd) -> Result<StoreReader, ArenaError> {
        Ok(StoreReader { map: ArenaReader::map(fd, GEOMETRY)? })
    }

    /// The state beside the pages.
    pub fn state(&self) -> Option<Vec<u8>> {
        let mut length = [0; 8];
        self.map.read(self.at(0), &mut length);
        let length =
            usize::try_from(u64::from_le_bytes(length)).ok().filter(|length| *length <= STATE_MAX)?;
        let mut state = vec![0; length];
        self.map.read(self.at(STATE_AT), &mut state).then_some(state)
    }

    fn at(&self, offset: u64) -> u64 {
        self.map.geometry().staging_iova() + offset
    }
}

impl crate::guest::Image for StoreReader {
    fn fingerprint(&self, page: usize) -> u64 {
        let mut word = [0; 8];
        self.map.read(self.at(TABLE_AT + page as u64 * 8), &mut word);
        stored(u64::from_le_bytes(word))
    }

    fn read(&self, page: usize, to: &mut [u8]) -> bool {
        page < PAGES as usize && self.map.read(self.at(pages_at() + page as u64 * PAGE), to)
    }
}
