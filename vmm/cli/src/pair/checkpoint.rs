//! From a staged checkpoint to the recovery line.
//!
//! What a replica staged is copied first, then verified page by page and as a whole against the state that was
//! compared, and only then taken into the store: a bad one leaves the line as it was.

use covert_core::Line;
use covert_driver::ArenaReader;
use covert_replica::machine::{checkpoint_fingerprint, checkpoint_pages};
use covert_replica::staging::{self, StagingError};
use covert_replica::store::StoreWriter;
use std::collections::BTreeMap;
use std::time::Instant;

/// Why a staged checkpoint is not what was compared.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// It cannot be read.
    #[error(transparent)]
    Staging(#[from] StagingError),
    /// It is that of another epoch.
    #[error("epoch {found} is staged, epoch {expected} was compared")]
    Epoch {
        /// Staged.
        found: u64,
        /// Compared.
        expected: u64,
    },
    /// It is not what was compared.
    #[error("the staged state is {found:#018x}, {expected:#018x} was compared")]
    State {
        /// Staged.
        found: u64,
        /// Compared.
        expected: u64,
    },
    /// The state cannot be understood.
    #[error("the staged state has no mapping")]
    Mapping,
}

/// A checkpoint that became the line.
#[derive(Clone, Copy, Debug)]
pub struct Stored {
    /// Pages in it.
    pub pages: usize,
    /// Microseconds that it took.
    pub took_us: u64,
}

/// Takes what `arena` holds into the store, if it is what was compared as `line`.
///
/// # Errors
/// It is not; the store is as it was.
pub fn store(
    store: &mut StoreWriter,
    arena: &ArenaReader,
    memory: u64,
    line: &Line,
) -> Result<Stored, CheckpointError> {
    let begin = Instant::now();
    let staged = staging::read(arena, memory)?;
    if staged.epoch != line.epoch {
        return Err(CheckpointError::Epoch { found: staged.epoch, expected: line.epoch });
    }
    let new: BTreeMap<u32, u64> = staged.pages.iter().copied().collect();
    let fingerprint_of =
        |page: usize| new.get(&(page as u32)).copied().unwrap_or_else(|| store.fingerprint(page as u32));
    let pages = checkpoint_pages(&staged.state).ok_or(CheckpointError::Mapping)?;
    let found = checkpoint_fingerprint(&staged.state, &pages, fingerprint_of);
    if found != line.state {
        return Err(CheckpointError::State { found, expected: line.state });
    }
    store.put(&staged, &pages);
    Ok(Stored { pages: staged.pages.len(), took_us: begin.elapsed().as_micros() as u64 })
}
