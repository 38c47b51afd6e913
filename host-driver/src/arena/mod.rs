//! A replica's shared memory: submission ring, payload slots and checkpoint staging in one memfd.
//!
//! ```text
//! 0          header page: magic, sizes, doorbell word
//! 4096       submission ring: 2^ring_log2 entries of 64 bytes
//! ...        payload slots: one for each ring slot, each slot_bytes long
//! ...        checkpoint staging
//! ```
//! An arena has exactly one writer, its replica ([`ArenaWriter`]); the coordinator, and a card, only read
//! ([`ArenaReader`]). Everything in an entry is said in IOVAs, which begin at the arena's own base, so that the entries are the
//! same whether a card or software reads them. The reader believes nothing that is written in the
//! arena: sizes come from its own [`Geometry`].

#[expect(unsafe_code, reason = "pointers into memory that other processes write")]
mod shared;

pub(crate) use shared::SharedMap;

use crate::entry::Entry;
use crate::ring::{self, ENTRY_WORDS, Position, Signal, Strong};
use core::sync::atomic::{AtomicU64, Ordering};
use covert_abi::{Fingerprint, SubmissionEntry};
use rustix::fs::{MemfdFlags, SealFlags};
use std::os::fd::OwnedFd;

const PAGE: usize = 4096;
/// Bytes of a huge page.
const HUGE: u64 = 2 << 20;
const MAGIC: u64 = u64::from_le_bytes(*b"CVRTaren");
/// Offset of the magic, the geometry and, on a cache line of its own, the doorbell word.
const MAGIC_AT: usize = 0;
const GEOMETRY_AT: usize = 8;
const DOORBELL_AT: usize = 128;

/// Sizes and place of an arena.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// IOVA of the arena's first byte; a multiple of 4096.
    pub base: u64,
    /// Log2 of the submission ring's entries, at most 16.
    pub ring_log2: u32,
    /// Bytes of a payload slot; a multiple of 64, at most 2^31.
    pub slot_bytes: u32,
    /// Bytes of checkpoint staging.
    pub staging_bytes: u64,
}

/// Why an arena or a progress page could not be had.
#[derive(Debug, thiserror::Error)]
pub enum ArenaError {
    /// A size that an arena cannot have.
    #[error("{what} is {value:#x}: {must}")]
    Geometry {
        /// Which size.
        what: &'static str,
        /// Its value.
        value: u64,
        /// What it has to be.
        must: &'static str,
    },
    /// The file is another size than the geometry says.
    #[error("the file has {found} bytes, its geometry {expected}: pass the geometry it was created with")]
    Size {
        /// Bytes in the file.
        found: u64,
        /// Bytes that the geometry needs.
        expected: u64,
    },
    /// The file could be shrunk under the mapping, which would kill the reader.
    #[error("the file is not sealed against shrinking: create it with `create`")]
    Unsealed,
    /// The operating system refused.
    #[error("cannot {doing} shared memory: {source}")]
    System {
        /// What was attempted.
        doing: &'static str,
        /// Why not.
        source: std::io::Error,
    },
}

/// Attaches what was attempted to an error of the operating system.
pub(crate) fn system<E: Into<std::io::Error>>(doing: &'static str) -> impl Fn(E) -> ArenaError {
    move |source| ArenaError::System { doing, source: source.into() }
}

impl Geometry {
    /// Bytes of the whole arena.
    ///
    /// # Errors
    /// [`ArenaError::Geometry`] for a size out of range or an arena that does not fit below 2^64.
    pub fn bytes(&self) -> Result<usize, ArenaError> {
        let refuse = |what, value, must| Err(ArenaError::Geometry { what, value, must });
        if !self.base.is_multiple_of(PAGE as u64) {
            return refuse("the base", self.base, "it must be a multiple of 4096");
        }
        if self.ring_log2 > 16 {
            return refuse("log2 of the ring", self.ring_log2.into(), "it must be at most 16");
        }
        if !self.slot_bytes.is_multiple_of(64) || self.slot_bytes > 1 << 31 {
            return refuse("the slot", self.slot_bytes.into(), "it must be a multiple of 64, at most 2^31");
        }
        let staging = self.staging_bytes.checked_next_multiple_of(PAGE as u64);
        let bytes = staging.and_then(|staging| staging.checked_add(self.staging_offset()));
        // What may lie in huge pages is made of whole ones, whether there are any or not: an arena's size is no matter of luck.
        let whole =
            |bytes: u64| if bytes < HUGE { Some(bytes) } else { bytes.checked_next_multiple_of(HUGE) };
        let bytes = bytes.and_then(whole);
        match bytes.filter(|bytes| self.base.checked_add(*bytes).is_some() && *bytes <= isize::MAX as u64) {
            Some(bytes) => Ok(bytes as usize),
            None => refuse("checkpoint staging", self.staging_bytes, "the arena must fit below 2^63"),
        }
    }

    /// Entries in the submission ring.
    pub const fn entries(&self) -> u32 {
        1 << self.ring_log2
    }

    /// IOVA of the submission ring.
    pub const fn ring_iova(&self) -> u64 {
        self.base + self.ring_offset() as u64
    }

    /// IOVA of the payload slot that belongs to entry number `index` (counted from the generation's start).
    pub const fn slot_iova(&self, index: u32) -> u64 {
        self.base + self.slot_offset(index) as u64
    }

    /// IOVA of the checkpoint staging.
    pub const fn staging_iova(&self) -> u64 {
        self.base + self.staging_offset()
    }

    pub(crate) const fn ring_offset(&self) -> usize {
        PAGE
    }

    pub(crate) const fn entry_offset(&self, index: u32) -> usize {
        self.ring_offset() + (index & (self.entries() - 1)) as usize * SubmissionEntry::BYTES
    }

    const fn slots_offset(&self) -> usize {
        (self.ring_offset() + self.entries() as usize * SubmissionEntry::BYTES).next_multiple_of(PAGE)
    }

    pub(crate) const fn slot_offset(&self, index: u32) -> usize {
        self.slots_offset() + (index & (self.entries() - 1)) as usize * self.slot_bytes as usize
    }

    /// Bytes from the beginning that are worth having present before the first record: the ring and its slots, unless the slots are
    /// many and large, which would make the start slow for pages that few records reach.
    const fn hot_bytes(&self) -> usize {
        let (all, most) = (self.staging_offset(), 1 << 20);
        if all < most { all as usize } else { most as usize }
    }

    const fn staging_offset(&self) -> u64 {
        let slots = self.entries() as u64 * self.slot_bytes as u64;
        (self.slots_offset() as u64 + slots).next_multiple_of(PAGE as u64)
    }

    const fn summary(&self) -> u64 {
        (self.ring_log2 as u64) << 32 | self.slot_bytes as u64
    }
}

/// Makes the memory of an arena: as long as its geometry says, sealed to stay so. It lies in huge pages of 2 MiB if it is not smaller than
/// one and the host has enough of them set aside: fewer entries for an IOMMU to hold.
///
/// # Errors
/// A geometry out of range, or no memory.
pub fn create(geometry: &Geometry) -> Result<OwnedFd, ArenaError> {
    let bytes = geometry.bytes()?;
    match create_huge("covert-arena", bytes) {
        Some(fd) => Ok(fd),
        None => create_sealed("covert-arena", bytes),
    }
}

/// A zeroed memfd of huge pages, every one of them allocated: where one is missing later, its first access would be a SIGBUS.
fn create_huge(name: &str, bytes: usize) -> Option<OwnedFd> {
    if bytes == 0 || !(bytes as u64).is_multiple_of(HUGE) {
        return None;
    }
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING | MemfdFlags::HUGETLB | MemfdFlags::HUGE_2MB;
    let fd = rustix::fs::memfd_create(name, flags).ok()?;
    rustix::fs::fallocate(&fd, rustix::fs::FallocateFlags::empty(), 0, bytes as u64).ok()?;
    rustix::fs::fcntl_add_seals(&fd, SealFlags::SHRINK | SealFlags::GROW).ok()?;
    Some(fd)
}

/// A zeroed memfd of fixed size.
pub(crate) fn create_sealed(name: &str, bytes: usize) -> Result<OwnedFd, ArenaError> {
    let fd = rustix::fs::memfd_create(name, MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)
        .map_err(system("create"))?;
    rustix::fs::ftruncate(&fd, bytes as u64).map_err(system("size"))?;
    rustix::fs::fcntl_add_seals(&fd, SealFlags::SHRINK | SealFlags::GROW).map_err(system("seal"))?;
    Ok(fd)
}

/// A file that shrinks under its mapping kills the reader by SIGBUS, so both are checked before any mapping.
pub(crate) fn check_sealed(fd: &OwnedFd, bytes: usize) -> Result<(), ArenaError> {
    let seals = rustix::fs::fcntl_get_seals(fd).map_err(system("read the seals of"))?;
    if !seals.contains(SealFlags::SHRINK) {
        return Err(ArenaError::Unsealed);
    }
    let found = rustix::fs::fstat(fd).map_err(system("read the size of"))?.st_size as u64;
    if found != bytes as u64 {
        return Err(ArenaError::Size { found, expected: bytes as u64 });
    }
    Ok(())
}

/// The replica's side of its arena: the one that may write.
#[derive(Debug)]
pub struct ArenaWriter {
    map: SharedMap,
    geometry: Geometry,
}

impl ArenaWriter {
    /// Maps an arena for writing and writes its header.
    ///
    /// # Errors
    /// The file is not what [`create`] makes for this geometry, or cannot be mapped.
    pub fn map(fd: &OwnedFd, geometry: Geometry) -> Result<ArenaWriter, ArenaError> {
        let bytes = geometry.bytes()?;
        check_sealed(fd, bytes)?;
        let map = SharedMap::writable(fd, bytes, geometry.hot_bytes()).map_err(system("map"))?;
        if let Some([magic]) = map.words(MAGIC_AT) {
            magic.store(MAGIC, Ordering::Relaxed);
        }
        if let Some([summary]) = map.words(GEOMETRY_AT) {
            summary.store(geometry.summary(), Ordering::Relaxed);
        }
        Ok(ArenaWriter { map, geometry })
    }

    /// Sizes and place.
    pub fn geometry(&self) -> &Geometry {
        &self.geometry
    }

    /// Writes the entry with number `index`, as it stands, into its slot of the ring.
    #[inline]
    pub fn store_entry(&self, index: u32, entry: &Entry) {
        if let Some(slot) = self.map.words::<ENTRY_WORDS>(self.geometry.entry_offset(index)) {
            ring::store_entry(slot, entry);
        }
    }

    /// Writes bytes at an IOVA of the arena. False, and nothing written, when they do not lie in it.
    #[inline]
    pub fn write(&self, iova: u64, bytes: &[u8]) -> bool {
        match iova.checked_sub(self.geometry.base) {
            Some(offset) => self.map.copy_in(offset as usize, bytes),
            None => false,
        }
    }

    /// Reads bytes at an IOVA of the arena. False, and `to` as it was, when they do not lie in it.
    pub fn read(&self, iova: u64, to: &mut [u8]) -> bool {
        match iova.checked_sub(self.geometry.base) {
            Some(offset) => self.map.copy_out(offset as usize, to),
            None => false,
        }
    }

    /// Rings the doorbell in the arena's header: entries up to `position` are written.
    #[inline]
    pub fn ring(&self, position: Position) {
        if let Some([word]) = self.map.words::<1>(DOORBELL_AT) {
            Signal::<AtomicU64, Strong>::new(word).publish(position);
        }
    }
}

/// The coordinator's side of an arena: everything is read once and believed never.
#[derive(Debug)]
pub struct ArenaReader {
    map: SharedMap,
    geometry: Geometry,
}

impl ArenaReader {
    /// Maps an arena for reading.
    ///
    /// # Errors
    /// The file is not what [`create`] makes for this geometry, or cannot be mapped.
    pub fn map(fd: &OwnedFd, geometry: Geometry) -> Result<ArenaReader, ArenaError> {
        let bytes = geometry.bytes()?;
        check_sealed(fd, bytes)?;
        let map = SharedMap::read_only(fd, bytes, geometry.hot_bytes()).map_err(system("map"))?;
        Ok(ArenaReader { map, geometry })
    }

    /// Sizes and place.
    pub fn geometry(&self) -> &Geometry {
        &self.geometry
    }

    /// What the replica rang last through the arena's header.
    #[inline]
    pub fn rung(&self) -> Position {
        match self.map.words::<1>(DOORBELL_AT) {
            Some([word]) => Signal::<AtomicU64, Strong>::new(word).observe(),
            None => Position::default(),
        }
    }

    /// The 64 bytes at an IOVA that is a multiple of 8; `None` when they cannot be read.
    #[inline]
    pub fn load_entry(&self, iova: u64) -> Option<Entry> {
        let offset = iova.checked_sub(self.geometry.base)?;
        self.map.words::<ENTRY_WORDS>(offset as usize).map(ring::load_entry)
    }

    /// Whether `bytes` bytes from `iova` on can be read.
    #[inline]
    pub fn holds(&self, iova: u64, bytes: u64) -> bool {
        match iova.checked_sub(self.geometry.base).and_then(|offset| offset.checked_add(bytes)) {
            Some(end) => end <= self.map.len() as u64,
            None => false,
        }
    }

    /// Copies bytes from an IOVA on, each read once. False, and `to` as it was, when they do not lie in the arena.
    #[inline]
    pub fn read(&self, iova: u64, to: &mut [u8]) -> bool {
        match iova.checked_sub(self.geometry.base) {
            Some(offset) => self.map.copy_out(offset as usize, to),
            None => false,
        }
    }

    /// The fingerprint of the payload at an IOVA under its entry's header, each byte read once. Zero when the payload does not
    /// lie in the arena, which [`holds`](Self::holds) tells beforehand.
    #[inline]
    pub(crate) fn fingerprint(&self, iova: u64, entry: &Entry) -> Fingerprint {
        let offset = match entry.length() {
            0 => Some(0),
            _ => iova.checked_sub(self.geometry.base),
        };
        offset.and_then(|offset| self.map.fingerprint(offset as usize, entry)).unwrap_or_default()
    }
}
