//! A guest's memory: one gibibyte of addresses, of which as much may be used as the machine has memory.
//!
//! Guest-virtual and guest-physical addresses are the same. Pages exist when they are mapped, with a protection that the machine puts into its
//! page tables. The table of page fingerprints follows the content: it is what a checkpoint is compared by, restored from, and
//! what a scrub holds memory against.
//!
//! The low [`RESERVED`] bytes are the machine's own (descriptor tables, stubs, page tables): no guest can map them and
//! no checkpoint contains them.

use crc_fast::{CrcAlgorithm, checksum};
use memmap2::{MmapMut, MmapOptions};
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::sync::LazyLock;

/// Bytes of a page.
pub const PAGE: u64 = 4096;

/// Bytes of address space.
pub const SPACE: u64 = 1 << 30;

/// Bytes at its beginning that no guest may use.
pub const RESERVED: u64 = 4 << 20;

const PAGES: usize = (SPACE / PAGE) as usize;

/// What may be done with a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Protection {
    /// Read.
    pub read: bool,
    /// Written; implies read, as on every x86 processor.
    pub write: bool,
    /// Executed.
    pub execute: bool,
}

impl Protection {
    /// Mapped, and not to be touched.
    pub const NONE: Protection = Protection { read: false, write: false, execute: false };
    /// Data.
    pub const READ_WRITE: Protection = Protection { read: true, write: true, execute: false };

    fn bits(self) -> u8 {
        MAPPED | u8::from(self.read) | u8::from(self.write) << 1 | u8::from(self.execute) << 2
    }

    fn of(bits: u8) -> Protection {
        Protection { read: bits & 7 != 0, write: bits & 2 != 0, execute: bits & 4 != 0 }
    }
}

const MAPPED: u8 = 0x80;

/// Why memory could not be mapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MapError {
    /// Not in the part of the address space that guests may use, or not whole pages.
    #[error("the range is not one of whole pages in the guest's part of the address space")]
    Range,
    /// More pages than the machine has memory.
    #[error("the machine has no more memory")]
    Full,
}

/// The memory of one guest.
#[derive(Debug)]
pub struct Memory {
    ram: MmapMut,
    pages: Vec<u8>,
    mapped: u64,
    limit: u64,
    /// Written by the host or by the guest since the fingerprints were last brought up to date.
    dirty: Vec<u64>,
    /// Not all zeros at some time since the memory was cleared: only such pages can be in a checkpoint with a content.
    used: Vec<u64>,
    fingerprints: Vec<u64>,
    /// Ranges whose page table entries are out of date.
    changed: Vec<Range<u64>>,
}

/// The fingerprint of a page: CRC-64/NVME, as of records.
pub fn page_fingerprint(page: &[u8]) -> u64 {
    checksum(CrcAlgorithm::Crc64Nvme, page)
}

/// The fingerprint of a page of zeros: what a page has that is mapped and was never written.
pub fn zero_page_fingerprint() -> u64 {
    static ZEROS: LazyLock<u64> = LazyLock::new(|| page_fingerprint(&[0; PAGE as usize]));
    *ZEROS
}

fn bit(bitmap: &[u64], page: usize) -> bool {
    bitmap[page / 64] >> (page % 64) & 1 == 1
}

impl Memory {
    /// Empty memory of which `limit` bytes may be mapped.
    ///
    /// # Errors
    /// The host has no address space left.
    pub fn new(limit: u64) -> std::io::Result<Memory> {
        let ram = MmapOptions::new().len(SPACE as usize).no_reserve_swap().map_anon()?;
        Ok(Memory {
            ram,
            pages: vec![0; PAGES],
            mapped: 0,
            limit: limit / PAGE,
            dirty: vec![0; PAGES / 64],
            used: vec![0; PAGES / 64],
            fingerprints: vec![0; PAGES],
            changed: Vec::new(),
        })
    }

    /// Where the memory is in this process, for KVM.
    pub fn host_address(&self) -> u64 {
        self.ram.as_ptr() as u64
    }

    /// Bytes that are mapped.
    pub fn mapped(&self) -> u64 {
        self.mapped * PAGE
    }

    /// Bytes that may be mapped.
    pub fn limit(&self) -> u64 {
        self.limit * PAGE
    }

    // ---- Mapping --------------------------------------------------------------------------------------

    /// Maps zeroed pages, in place of whatever was mapped there.
    ///
    /// # Errors
    /// See [`MapError`]; nothing has changed then.
    pub fn map(&mut self, range: Range<u64>, protection: Protection) -> Result<(), MapError> {
        let pages = whole_pages(&range)?;
        let already = self.pages[pages.clone()].iter().filter(|page| **page != 0).count() as u64;
        if self.mapped - already + pages.len() as u64 > self.limit {
            return Err(MapError::Full);
        }
        self.unmap(range.clone())?;
        self.pages[pages.clone()].fill(protection.bits());
        self.mapped += pages.len() as u64;
        for page in pages {
            // A checkpoint may still have what was there before.
            if bit(&self.used, page) {
                self.mark(page);
            } else {
                self.fingerprints[page] = zero_page_fingerprint();
            }
        }
        self.changed.push(range);
        Ok(())
    }

    /// Changes what may be done with pages, all of which are mapped.
    ///
    /// # Errors
    /// [`MapError::Range`], also when one is not mapped; nothing has changed then.
    pub fn protect(&mut self, range: Range<u64>, protection: Protection) -> Result<(), MapError> {
        let pages = whole_pages(&range)?;
        if self.pages[pages.clone()].contains(&0) {
            return Err(MapError::Range);
        }
        self.pages[pages].fill(protection.bits());
        self.changed.push(range);
        Ok(())
    }

    /// Takes pages away; their content is gone. Pages that are not mapped stay so.
    ///
    /// # Errors
    /// [`MapError::Range`].
    pub fn unmap(&mut self, range: Range<u64>) -> Result<(), MapError> {
        let mut any = false;
        for page in whole_pages(&range)? {
            if std::mem::take(&mut self.pages[page]) != 0 {
                any = true;
                self.mapped -= 1;
                self.page_mut(page).fill(0);
                self.fingerprints[page] = 0;
                self.dirty[page / 64] &= !(1 << (page % 64));
            }
        }
        if any {
            self.changed.push(range);
        }
        Ok(())
    }

    /// Unmaps everything.
    pub fn clear(&mut self) {
        // The range is one of whole pages in the guest's part.
        let _ = self.unmap(RESERVED..SPACE);
        self.used.fill(0);
    }

    /// The protection of the page that holds an address; `None` if it is not mapped.
    pub fn protection(&self, address: u64) -> Option<Protection> {
        let bits = *self.pages.get((address / PAGE) as usize)?;
        (bits != 0).then(|| Protection::of(bits))
    }

    /// Whether no page of a range is mapped.
    pub fn is_free(&self, range: Range<u64>) -> bool {
        whole_pages(&range).is_ok_and(|pages| self.pages[pages].iter().all(|page| *page == 0))
    }

    /// The ranges whose page table entries are out of date, since the last call.
    pub fn take_changes(&mut self) -> Vec<Range<u64>> {
        std::mem::take(&mut self.changed)
    }

    // ---- Access ---------------------------------------------------------------------------------------

    /// Bytes that the guest may read; `None` if it may not read all of them.
    pub fn read(&self, address: u64, length: u64) -> Option<&[u8]> {
        self.allowed(address, length, 7)?;
        self.ram.get(address as usize..(address + length) as usize)
    }

    /// Eight bytes, little-endian, that the guest may read.
    pub fn read_u64(&self, address: u64) -> Option<u64> {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(self.read(address, 8)?);
        Some(u64::from_le_bytes(bytes))
    }

    /// A string that ends in a zero byte, without it, of at most `most` bytes; `None` if the guest may not read it
    /// or it is longer.
    pub fn read_string(&self, address: u64, most: u64) -> Option<Vec<u8>> {
        let mut string = Vec::new();
        let mut at = address;
        while string.len() as u64 <= most {
            let rest = PAGE - at % PAGE;
            let page = self.read(at, rest)?;
            if let Some(end) = page.iter().position(|byte| *byte == 0) {
                string.extend_from_slice(&page[..end]);
                return (string.len() as u64 <= most).then_some(string);
            }
            string.extend_from_slice(page);
            at = at.checked_add(rest)?;
        }
        None
    }

    /// Writes where the guest may write. False, and nothing written, if it may not write all of it.
    #[must_use]
    pub fn write(&mut self, address: u64, bytes: &[u8]) -> bool {
        self.allowed(address, bytes.len() as u64, 2).is_some() && self.put(address, bytes)
    }

    /// Writes to mapped pages whatever their protection: for a loader. False if not all of them are mapped.
    #[must_use]
    pub fn put(&mut self, address: u64, bytes: &[u8]) -> bool {
        let length = bytes.len() as u64;
        if self.allowed(address, length, MAPPED).is_none() {
            return false;
        }
        if length > 0 {
            let start = address as usize;
            self.ram[start..start + bytes.len()].copy_from_slice(bytes);
            for page in address / PAGE..=(address + length - 1) / PAGE {
                self.mark(page as usize);
            }
        }
        true
    }

    /// Flips a bit behind everybody's back, as a fault would: nothing notes that the page was written. False if it is not mapped.
    pub fn flip(&mut self, address: u64, bit: u32) -> bool {
        let mapped = self.allowed(address, 1, MAPPED).is_some();
        if mapped {
            self.ram[address as usize] ^= 1 << (bit % 8);
            // It is there now, even if nobody had written to it.
            let page = (address / PAGE) as usize;
            self.used[page / 64] |= 1 << (page % 64);
        }
        mapped
    }

    fn allowed(&self, address: u64, length: u64, bits: u8) -> Option<()> {
        let end = address.checked_add(length).filter(|end| *end <= SPACE)?;
        if length == 0 {
            return Some(());
        }
        let pages = (address / PAGE) as usize..end.div_ceil(PAGE) as usize;
        self.pages[pages].iter().all(|page| page & bits != 0).then_some(())
    }

    fn mark(&mut self, page: usize) {
        self.dirty[page / 64] |= 1 << (page % 64);
        self.used[page / 64] |= 1 << (page % 64);
    }

    // ---- Checkpoints ----------------------------------------------------------------------------------

    /// Notes what KVM saw the guest write: one bit a page, from address [`RESERVED`] on.
    pub fn mark_all(&mut self, bitmap: &[u64]) {
        let guest = self.dirty.iter_mut().zip(&mut self.used).skip((RESERVED / PAGE / 64) as usize);
        for ((dirty, used), more) in guest.zip(bitmap) {
            *dirty |= more;
            *used |= more;
        }
    }

    /// Whether a page was written since its fingerprint was last brought up to date.
    pub fn is_dirty(&self, page: usize) -> bool {
        bit(&self.dirty, page)
    }

    /// Whether a page may be anything but zeros. One that may not has never been in memory at all.
    pub fn is_used(&self, page: usize) -> bool {
        bit(&self.used, page)
    }

    /// Notes that a page has the content that a checkpoint has, whose fingerprint is known.
    pub fn accept_page(&mut self, page: usize, fingerprint: u64) {
        self.fingerprints[page] = fingerprint;
        self.dirty[page / 64] &= !(1 << (page % 64));
        if fingerprint != zero_page_fingerprint() {
            self.used[page / 64] |= 1 << (page % 64);
        }
    }

    /// The mapped pages written since the last call, lowest first, their fingerprints brought up to date.
    pub fn take_dirty(&mut self) -> Vec<u32> {
        let mut written = Vec::new();
        for word in 0..self.dirty.len() {
            let mut bits = std::mem::take(&mut self.dirty[word]);
            while bits != 0 {
                let page = word * 64 + bits.trailing_zeros() as usize;
                bits &= bits - 1;
                if self.pages[page] != 0 {
                    self.fingerprints[page] = page_fingerprint(self.page(page));
                    written.push(page as u32);
                }
            }
        }
        written
    }

    /// The content of a page by its number.
    pub fn page(&self, page: usize) -> &[u8] {
        &self.ram[page * PAGE as usize..(page + 1) * PAGE as usize]
    }

    fn page_mut(&mut self, page: usize) -> &mut [u8] {
        &mut self.ram[page * PAGE as usize..(page + 1) * PAGE as usize]
    }

    /// The fingerprint noted for a page.
    pub fn fingerprint(&self, page: usize) -> u64 {
        self.fingerprints[page]
    }

    /// The mapped pages, lowest first.
    pub fn mapped_pages(&self) -> impl Iterator<Item = usize> {
        // Most of the address space is empty: it is passed over a stretch at a time.
        const STRETCH: usize = 64;
        let stretches =
            self.pages.chunks_exact(STRETCH).enumerate().filter(|(_, pages)| **pages != [0; STRETCH]);
        stretches.flat_map(|(number, pages)| {
            let mapped = pages.iter().enumerate().filter(|(_, page)| **page != 0);
            mapped.map(move |(page, _)| number * STRETCH + page)
        })
    }

    /// Puts a page back as a checkpoint has it; it does not count as written.
    pub fn restore_page(&mut self, page: usize, content: &[u8], fingerprint: u64) {
        self.page_mut(page).copy_from_slice(content);
        self.accept_page(page, fingerprint);
    }

    /// The mapping as runs of equal pages: first page, pages, bits. For a saved state.
    pub fn mapping(&self) -> Vec<(u32, u32, u8)> {
        let mut runs: Vec<(u32, u32, u8)> = Vec::new();
        for page in self.mapped_pages() {
            match runs.last_mut() {
                Some((first, length, bits))
                    if *first + *length == page as u32 && *bits == self.pages[page] =>
                {
                    *length += 1;
                }
                _ => runs.push((page as u32, 1, self.pages[page])),
            }
        }
        runs
    }

    /// Puts a mapping back: pages that it does not have are unmapped, others keep their content.
    ///
    /// # Errors
    /// [`MapError`] for one that no memory of this size can have; nothing has changed then.
    pub fn restore_mapping(&mut self, runs: &[(u32, u32, u8)]) -> Result<(), MapError> {
        let mut pages = vec![0; PAGES];
        let mut mapped = 0;
        for &(first, length, bits) in runs {
            let range = u64::from(first) * PAGE..(u64::from(first) + u64::from(length)) * PAGE;
            if bits & MAPPED == 0 {
                return Err(MapError::Range);
            }
            pages[whole_pages(&range)?].fill(bits);
            mapped += u64::from(length);
        }
        if mapped > self.limit {
            return Err(MapError::Full);
        }
        for (page, wanted) in pages.into_iter().enumerate() {
            if self.pages[page] == wanted {
                continue;
            }
            let at = page as u64 * PAGE;
            if wanted == 0 {
                self.unmap(at..at + PAGE)?;
            } else {
                self.mapped += u64::from(self.pages[page] == 0);
                self.pages[page] = wanted;
                match self.changed.last_mut() {
                    Some(last) if last.end == at => last.end += PAGE,
                    _ => self.changed.push(at..at + PAGE),
                }
            }
        }
        Ok(())
    }
}

/// The numbers of a range's pages.
fn whole_pages(range: &Range<u64>) -> Result<Range<usize>, MapError> {
    let whole = range.start.is_multiple_of(PAGE) && range.end.is_multiple_of(PAGE);
    if !whole || range.start < RESERVED || range.end > SPACE || range.start > range.end {
        return Err(MapError::Range);
    }
    Ok((range.start / PAGE) as usize..(range.end / PAGE) as usize)
}
