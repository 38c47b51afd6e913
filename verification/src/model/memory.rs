//! What the unit reads and writes: memory behind an IOMMU, with ranges that answer with an error.

use covert_abi::FaultCause;
use std::collections::BTreeMap;
use std::ops::Range;

/// How a read failed, as far as a verdict is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReadError {
    /// Unsupported request or completer abort: not mapped, or not for this card.
    Refused,
    /// The data came with the poisoned mark.
    Poisoned,
    /// No completion came in time.
    Timeout,
    /// The completion did not fit the request.
    Malformed,
}

impl ReadError {
    /// The cause that the lane is locked with.
    pub fn cause(self) -> FaultCause {
        match self {
            ReadError::Refused => FaultCause::DmaRefused,
            ReadError::Poisoned => FaultCause::DmaPoisoned,
            ReadError::Timeout => FaultCause::DmaTimeout,
            ReadError::Malformed => FaultCause::DmaMalformed,
        }
    }
}

/// Memory as the unit sees it.
pub trait Memory {
    /// Reads `bytes.len()` bytes at `iova`.
    ///
    /// # Errors
    /// How the read fails when any of the bytes cannot be read.
    fn read(&mut self, iova: u64, bytes: &mut [u8]) -> Result<(), ReadError>;

    /// Writes at `iova`. A write where nothing is mapped is lost, as a posted write is.
    fn write(&mut self, iova: u64, bytes: &[u8]);
}

/// Memory made of separate regions; everything between them is refused.
#[derive(Clone, Debug, Default)]
pub struct Regions {
    regions: BTreeMap<u64, Vec<u8>>,
    broken: Vec<(Range<u64>, ReadError)>,
}

impl Regions {
    /// Nothing mapped.
    pub fn new() -> Self {
        Self::default()
    }

    /// Maps `length` zero bytes at `iova`. Regions must not overlap; the newer one of two hides the other's tail.
    pub fn map(&mut self, iova: u64, length: usize) {
        self.regions.insert(iova, vec![0; length]);
    }

    /// Makes reads that touch `range` fail with `error`, until [`mend`](Self::mend).
    pub fn break_range(&mut self, range: Range<u64>, error: ReadError) {
        self.broken.push((range, error));
    }

    /// Makes every range readable again.
    pub fn mend(&mut self) {
        self.broken.clear();
    }

    /// The bytes from `iova` to the end of its region, if it lies in one.
    pub fn bytes_at(&self, iova: u64) -> Option<&[u8]> {
        let (base, bytes) = self.regions.range(..=iova).next_back()?;
        bytes.get(usize::try_from(iova - base).ok()?..)
    }

    fn bytes_at_mut(&mut self, iova: u64) -> Option<&mut [u8]> {
        let (base, bytes) = self.regions.range_mut(..=iova).next_back()?;
        bytes.get_mut(usize::try_from(iova - base).ok()?..)
    }
}

impl Memory for Regions {
    fn read(&mut self, iova: u64, bytes: &mut [u8]) -> Result<(), ReadError> {
        let end = iova.saturating_add(bytes.len() as u64);
        if let Some((_, error)) = self.broken.iter().find(|(range, _)| iova < range.end && range.start < end)
        {
            return Err(*error);
        }
        let from =
            self.bytes_at(iova).and_then(|region| region.get(..bytes.len())).ok_or(ReadError::Refused)?;
        bytes.copy_from_slice(from);
        Ok(())
    }

    fn write(&mut self, iova: u64, bytes: &[u8]) {
        if let Some(to) = self.bytes_at_mut(iova).and_then(|region| region.get_mut(..bytes.len())) {
            to.copy_from_slice(bytes);
        }
    }
}
