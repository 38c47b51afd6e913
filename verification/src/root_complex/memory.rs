//! Host memory behind an IOMMU: windows, each with a direction.

use crate::model::ReadError;

pub use covert_driver::card::Direction;

/// Bytes that a window shows to the unit.
pub trait Backing: Send {
    /// Bytes in it.
    fn len(&self) -> u64;

    /// Whether it has no bytes.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Copies bytes out; the range was checked to lie inside.
    fn read(&self, offset: u64, bytes: &mut [u8]);

    /// Copies bytes in; the range was checked to lie inside.
    fn write(&mut self, offset: u64, bytes: &[u8]);
}

impl Backing for Vec<u8> {
    fn len(&self) -> u64 {
        Vec::len(self) as u64
    }

    fn read(&self, offset: u64, bytes: &mut [u8]) {
        bytes.copy_from_slice(&self[offset as usize..][..bytes.len()]);
    }

    fn write(&mut self, offset: u64, bytes: &[u8]) {
        self[offset as usize..][..bytes.len()].copy_from_slice(bytes);
    }
}

/// Why a mapping was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MapError {
    /// Some of the range is mapped already.
    #[error("{length:#x} bytes at IOVA {iova:#x} overlap the window at {other:#x}: unmap that first")]
    Overlap {
        /// First IOVA.
        iova: u64,
        /// Bytes.
        length: u64,
        /// The window in the way.
        other: u64,
    },
    /// The range is empty or does not end below 2^64.
    #[error("{length:#x} bytes at IOVA {iova:#x} are no range")]
    Range {
        /// First IOVA.
        iova: u64,
        /// Bytes.
        length: u64,
    },
    /// No window begins there.
    #[error("no window begins at IOVA {iova:#x}")]
    Nothing {
        /// The IOVA given.
        iova: u64,
    },
}

struct Window {
    iova: u64,
    /// `None` is both.
    direction: Option<Direction>,
    backing: Box<dyn Backing>,
}

/// The memory that the unit can reach.
#[derive(Default)]
pub struct HostMemory {
    windows: Vec<Window>,
}

impl HostMemory {
    /// Nothing mapped.
    pub fn new() -> HostMemory {
        HostMemory::default()
    }

    /// Opens a window.
    ///
    /// # Errors
    /// An empty range, or one that overlaps another window.
    pub fn map(
        &mut self,
        iova: u64,
        direction: Direction,
        backing: Box<dyn Backing>,
    ) -> Result<(), MapError> {
        self.open(iova, Some(direction), backing)
    }

    /// Opens a window for both directions, which this project's driver never asks for, but others do.
    ///
    /// # Errors
    /// An empty range, or one that overlaps another window.
    pub fn map_both(&mut self, iova: u64, backing: Box<dyn Backing>) -> Result<(), MapError> {
        self.open(iova, None, backing)
    }

    fn open(
        &mut self,
        iova: u64,
        direction: Option<Direction>,
        backing: Box<dyn Backing>,
    ) -> Result<(), MapError> {
        let length = backing.len();
        let end = iova.checked_add(length).filter(|_| length > 0).ok_or(MapError::Range { iova, length })?;
        if let Some(other) = self.windows.iter().find(|it| it.iova < end && iova < it.iova + it.backing.len())
        {
            return Err(MapError::Overlap { iova, length, other: other.iova });
        }
        self.windows.push(Window { iova, direction, backing });
        Ok(())
    }

    /// Closes a window.
    ///
    /// # Errors
    /// None begins at `iova`.
    pub fn unmap(&mut self, iova: u64) -> Result<(), MapError> {
        let index = self.windows.iter().position(|it| it.iova == iova).ok_or(MapError::Nothing { iova })?;
        self.windows.remove(index);
        Ok(())
    }

    /// Where the windows begin that lie wholly inside a range of `length` bytes.
    pub fn inside(&self, iova: u64, length: u64) -> Vec<u64> {
        let lies = |it: &&Window| {
            it.iova >= iova && it.iova - iova <= length && it.backing.len() <= length - (it.iova - iova)
        };
        self.windows.iter().filter(lies).map(|it| it.iova).collect()
    }

    /// Windows that are open.
    pub fn count(&self) -> usize {
        self.windows.len()
    }

    fn find(&self, iova: u64, length: u64) -> Option<usize> {
        self.windows.iter().position(|it| {
            iova >= it.iova && iova.checked_add(length).is_some_and(|end| end <= it.iova + it.backing.len())
        })
    }

    /// What the unit reads. True if a readable window holds the whole range.
    pub fn dma_read(&self, iova: u64, bytes: &mut [u8]) -> bool {
        match self.find(iova, bytes.len() as u64).map(|index| &self.windows[index]) {
            Some(window) if window.direction != Some(Direction::Write) => {
                window.backing.read(iova - window.iova, bytes);
                true
            }
            _ => false,
        }
    }

    /// What the unit writes. True if a writable window holds the whole range.
    pub fn dma_write(&mut self, iova: u64, bytes: &[u8]) -> bool {
        match self.find(iova, bytes.len() as u64).map(|index| &mut self.windows[index]) {
            Some(window) if window.direction != Some(Direction::Read) => {
                window.backing.write(iova - window.iova, bytes);
                true
            }
            _ => false,
        }
    }

    /// What the host reads, in any window. True if one holds the whole range.
    pub fn read(&self, iova: u64, bytes: &mut [u8]) -> bool {
        match self.find(iova, bytes.len() as u64).map(|index| &self.windows[index]) {
            Some(window) => {
                window.backing.read(iova - window.iova, bytes);
                true
            }
            None => false,
        }
    }

    /// What the host writes, in any window. True if one holds the whole range.
    pub fn write(&mut self, iova: u64, bytes: &[u8]) -> bool {
        match self.find(iova, bytes.len() as u64).map(|index| &mut self.windows[index]) {
            Some(window) => {
                window.backing.write(iova - window.iova, bytes);
                true
            }
            None => false,
        }
    }
}

/// The reference model reaches the same memory, with the same directions.
impl crate::model::Memory for HostMemory {
    fn read(&mut self, iova: u64, bytes: &mut [u8]) -> Result<(), ReadError> {
        if self.dma_read(iova, bytes) { Ok(()) } else { Err(ReadError::Refused) }
    }

    fn write(&mut self, iova: u64, bytes: &[u8]) {
        self.dma_write(iova, bytes);
    }
}
