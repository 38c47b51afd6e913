//! A checkpoint on its way: what a replica leaves in the staging part of its arena at the end of an epoch.
//!
//! ```text
//!  0        8       16          20      64            64 + STATE_MAX                  next page
//!  ├ exits ─┼ epoch ┼ state len ┼ pages ┼ state bytes ┼ (page, 0, fingerprint) ... ─ ┼ page ┬ page ┬ ...
//! ```
//! The first word is written at every counted exit, for the coordinator's watchdog; the rest once an epoch.

use crate::memory::{Memory, PAGE};
use covert_driver::{ArenaReader, ArenaWriter};

/// Bytes of the longest state beside the pages.
pub const STATE_MAX: usize = 1 << 20;

const STATE_AT: u64 = 64;
const LIST_AT: u64 = STATE_AT + STATE_MAX as u64;
const ENTRY: u64 = 16;

/// Bytes of staging for a guest of `memory` bytes.
pub fn bytes(memory: u64) -> u64 {
    pages_at(memory) + memory.next_multiple_of(PAGE)
}

fn pages_at(memory: u64) -> u64 {
    (LIST_AT + memory.div_ceil(PAGE) * ENTRY).next_multiple_of(PAGE)
}

/// Why a checkpoint cannot be staged or read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StagingError {
    /// The state is too long.
    #[error("a state of {0} bytes does not fit the staging area")]
    State(u64),
    /// There are more pages than the guest has.
    #[error("{0} pages do not fit the staging area")]
    Pages(u64),
    /// A page does not exist or is not what its fingerprint says.
    #[error("page {0} is not what its fingerprint says")]
    Page(u32),
}

/// Notes how many exits were counted.
pub fn note_exits(arena: &ArenaWriter, exits: u64) {
    arena.write(arena.geometry().staging_iova(), &exits.to_le_bytes());
}

/// How many exits a replica has counted.
pub fn exits(arena: &ArenaReader) -> u64 {
    let mut word = [0; 8];
    arena.read(arena.geometry().staging_iova(), &mut word);
    u64::from_le_bytes(word)
}

/// Stages a checkpoint: the state and the pages written since the last one.
///
/// # Errors
/// It does not fit.
pub fn write(
    arena: &ArenaWriter,
    epoch: u64,
    state: &[u8],
    memory: &Memory,
    pages: &[u32],
) -> Result<(), StagingError> {
    let base = arena.geometry().staging_iova();
    let too_many = || StagingError::Pages(pages.len() as u64);
    if state.len() > STATE_MAX {
        return Err(StagingError::State(state.len() as u64));
    }
    if pages.len() as u64 > memory.limit().div_ceil(PAGE) {
        return Err(too_many());
    }
    let mut head = [0; 16];
    head[..8].copy_from_slice(&epoch.to_le_bytes());
    head[8..12].copy_from_slice(&(state.len() as u32).to_le_bytes());
    head[12..].copy_from_slice(&(pages.len() as u32).to_le_bytes());
    let mut list = Vec::with_capacity(pages.len() * ENTRY as usize);
    for page in pages {
        list.extend_from_slice(&u64::from(*page).to_le_bytes());
        list.extend_from_slice(&memory.fingerprint(*page as usize).to_le_bytes());
    }
    let first = base + pages_at(memory.limit());
    let copied = arena.write(base + 8, &head)
        && arena.write(base + STATE_AT, state)
        && arena.write(base + LIST_AT, &list)
        && pages
            .iter()
            .zip(0u64..)
            .all(|(page, place)| arena.write(first + place * PAGE, memory.page(*page as usize)));
    if copied { Ok(()) } else { Err(too_many()) }
}

/// A staged checkpoint as the coordinator finds it: nothing of it is believed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Staged {
    /// The epoch that it ends.
    pub epoch: u64,
    /// The state beside the pages.
    pub state: Vec<u8>,
    /// Number and fingerprint of each page in it.
    pub pages: Vec<(u32, u64)>,
    /// The pages, in that order.
    pub content: Vec<u8>,
}

/// Copies a staged checkpoint out of an arena of a guest of `memory` bytes.
///
/// # Errors
/// Its sizes are impossible, or a page is not what its fingerprint says.
pub fn read(arena: &ArenaReader, memory: u64) -> Result<Staged, StagingError> {
    let base = arena.geometry().staging_iova();
    let mut head = [0; 16];
    arena.read(base + 8, &mut head);
    let word = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    let epoch = u64::from(word(0)) | u64::from(word(4)) << 32;
    let (length, count) = (word(8) as usize, u64::from(word(12)));
    if length > STATE_MAX {
        return Err(StagingError::State(length as u64));
    }
    if count > memory.div_ceil(PAGE) {
        return Err(StagingError::Pages(count));
    }
    let mut state = vec![0; length];
    let mut list = vec![0; (count * ENTRY) as usize];
    let mut content = vec![0; (count * PAGE) as usize];
    let copied = arena.read(base + STATE_AT, &mut state)
        && arena.read(base + LIST_AT, &mut list)
        && arena.read(base + pages_at(memory), &mut content);
    if !copied {
        return Err(StagingError::Pages(count));
    }
    let mut pages = Vec::with_capacity(count as usize);
    for (entry, page) in list.chunks_exact(ENTRY as usize).zip(content.chunks_exact(PAGE as usize)) {
        let half = |at: usize| {
            let mut bytes = [0; 8];
            bytes.copy_from_slice(&entry[at..at + 8]);
            u64::from_le_bytes(bytes)
        };
        let number = u32::try_from(half(0)).unwrap_or(u32::MAX);
        let in_space = u64::from(number) < crate::memory::SPACE / PAGE;
        if !in_space || crate::memory::page_fingerprint(page) != half(8) {
            return Err(StagingError::Page(number));
        }
        pages.push((number, half(8)));
    }
    Ok(Staged { epoch, state, pages, content })
}
