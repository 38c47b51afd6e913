//! How far the coordinator has released, told to the replicas through a page that only it can write.

use crate::arena::{ArenaError, SharedMap, check_sealed, create_sealed, system};
use crate::ring::{Position, Signal, Strong};
use core::sync::atomic::AtomicU64;
use rustix::fs::SealFlags;
use std::os::fd::OwnedFd;

const PAGE: usize = 4096;

/// The coordinator's side: the one that may write.
#[derive(Debug)]
pub struct ProgressWriter {
    map: SharedMap,
}

/// A replica's side.
#[derive(Debug)]
pub struct ProgressReader {
    map: SharedMap,
}

impl ProgressWriter {
    /// Makes the page. The descriptor is for the replicas: the kernel refuses to map it for writing a second time.
    ///
    /// # Errors
    /// No memory, or a kernel older than 5.1 (no `F_SEAL_FUTURE_WRITE`).
    pub fn create() -> Result<(ProgressWriter, OwnedFd), ArenaError> {
        let fd = create_sealed("covert-progress", PAGE)?;
        let map = SharedMap::writable(&fd, PAGE, PAGE).map_err(system("map"))?;
        let seals = SealFlags::FUTURE_WRITE | SealFlags::SEAL;
        rustix::fs::fcntl_add_seals(&fd, seals).map_err(system("seal"))?;
        Ok((ProgressWriter { map }, fd))
    }

    /// Tells the replicas that the slots of the first `position.count` records of this generation are free again.
    #[inline]
    pub fn publish(&self, position: Position) {
        if let Some([word]) = self.map.words::<1>(0) {
            Signal::<AtomicU64, Strong>::new(word).publish(position);
        }
    }
}

impl ProgressReader {
    /// Maps the page for reading.
    ///
    /// # Errors
    /// The file is not a progress page, or cannot be mapped.
    pub fn map(fd: &OwnedFd) -> Result<ProgressReader, ArenaError> {
        check_sealed(fd, PAGE)?;
        let map = SharedMap::read_only(fd, PAGE, PAGE).map_err(system("map"))?;
        Ok(ProgressReader { map })
    }

    /// What the coordinator told last.
    #[inline]
    pub fn observe(&self) -> Position {
        match self.map.words::<1>(0) {
            Some([word]) => Signal::<AtomicU64, Strong>::new(word).observe(),
            None => Position::default(),
        }
    }
}
