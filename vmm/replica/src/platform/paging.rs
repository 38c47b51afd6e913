//! The page tables, made from the protections of a guest's memory, and making the host forget the old ones.
//!
//! Accessed and dirty bits are always set, so that no processor ever writes to a table. KVM keeps shadows of guest tables on some hosts and
//! does not see this process write them: whatever allowed more than it does now is dropped through the MMU notifiers of the
//! pages it allowed to touch, and CR3 changes, which flushes where tables are walked by the processor. What allows more than before needs neither: the
//! guest's access faults and the table is read again.
#![expect(unsafe_code, reason = "protections of mapped memory change under a reference to it")]

use super::{DIRECTORY, PDPT, Platform, ROOTS, TABLES, own_pages};
use crate::guest::Crash;
use crate::memory::{Memory, PAGE, RESERVED, SPACE};
use std::ops::Range;

pub(super) const PRESENT: u64 = 1;
pub(super) const WRITE: u64 = 1 << 1;
pub(super) const USER: u64 = 1 << 2;
pub(super) const EXECUTE_NOT: u64 = 1 << 63;
/// Accessed and dirty.
const USED: u64 = 3 << 5;

/// What has to be dropped of a page: it allowed more than it does now.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stale {
    Nothing,
    /// It is still there, and may do less.
    Less,
    /// It is gone, and its content with it.
    Gone,
}

impl Platform {
    pub(super) fn write_upper_tables(&mut self) {
        for root in ROOTS {
            self.put_u64(root, PDPT | PRESENT | WRITE | USER | USED);
        }
        self.put_u64(PDPT, DIRECTORY | PRESENT | WRITE | USER | USED);
        for table in 0..SPACE / PAGE / 512 {
            let entry = (TABLES + table * PAGE) | PRESENT | WRITE | USER | USED;
            self.put_u64(DIRECTORY + table * 8, entry);
        }
        for (page, bits) in own_pages() {
            self.put_u64(TABLES + page / PAGE * 8, page | bits | USED);
        }
    }

    /// Brings the tables up to date with changes of the memory's mapping. True if CR3 has to be loaded with the new [`Platform::root`].
    ///
    /// # Errors
    /// The host refused.
    pub(crate) fn apply(&mut self, memory: &mut Memory) -> Result<bool, Crash> {
        let mut flush = false;
        for range in memory.take_changes() {
            flush |= self.map(memory, range)?;
        }
        self.root ^= usize::from(flush);
        Ok(flush)
    }

    /// Writes everything anew: nothing of what stood there is trusted. True as for [`apply`](Self::apply).
    ///
    /// # Errors
    /// The host refused.
    pub(crate) fn regenerate(&mut self, memory: &mut Memory) -> Result<bool, Crash> {
        self.write_fixed();
        memory.take_changes();
        let flush = self.map(memory, RESERVED..SPACE)?;
        self.root ^= usize::from(flush);
        Ok(flush)
    }

    /// Sets the entries of a range. True if one of them allowed more before.
    fn map(&mut self, memory: &mut Memory, range: Range<u64>) -> Result<bool, Crash> {
        let mut flush = false;
        let mut run = (Stale::Nothing, range.start);
        for address in range.clone().step_by(PAGE as usize) {
            let entry = entry(memory, address);
            let at = TABLES + address / PAGE * 8;
            let before = self.get(at);
            let mut stale = Stale::Nothing;
            if before != entry {
                self.put_u64(at, entry);
                if allows_less(before, entry) {
                    flush = true;
                    let gone = memory.protection(address).is_none();
                    stale = if gone { Stale::Gone } else { Stale::Less };
                }
            }
            if stale != run.0 {
                forget(memory, run.0, run.1..address)?;
                run = (stale, address);
            }
        }
        forget(memory, run.0, run.1..range.end)?;
        Ok(flush)
    }
}

/// Whether an entry allows less than the one before, or something else.
fn allows_less(before: u64, now: u64) -> bool {
    let rights = |entry: u64| (entry & (PRESENT | WRITE | USER)) | (!entry & EXECUTE_NOT);
    before & PRESENT != 0 && (rights(before) & !rights(now) != 0 || (before ^ now) & ADDRESS != 0)
}

const ADDRESS: u64 = 0x000f_ffff_ffff_f000;

/// The page table entry of a guest page.
fn entry(memory: &Memory, address: u64) -> u64 {
    match memory.protection(address) {
        Some(protection) if protection.read => {
            let write = if protection.write { WRITE } else { 0 };
            let execute = if protection.execute { 0 } else { EXECUTE_NOT };
            address | PRESENT | USER | USED | write | execute
        }
        _ => 0,
    }
}

/// Makes the host drop its translations of a range of guest pages.
fn forget(memory: &mut Memory, stale: Stale, range: Range<u64>) -> Result<(), Crash> {
    if stale == Stale::Nothing || range.is_empty() {
        return Ok(());
    }
    let start = (memory.host_address() + range.start) as *mut libc::c_void;
    let length = (range.end - range.start) as usize;
    let done = match stale {
        // SAFETY: the pages are anonymous memory of `memory`, which is borrowed mutably. None of them is mapped
        // to the guest, so `memory` holds zeros in them, which is what they read as afterwards.
        Stale::Gone => unsafe { libc::madvise(start, length, libc::MADV_DONTNEED) },
        // SAFETY: the pages belong to `memory`, which is borrowed mutably: nothing writes to them until the next
        // call has given them their protection back.
        _ => match unsafe { libc::mprotect(start, length, libc::PROT_READ) } {
            // SAFETY: this is how `memory` mapped them.
            0 => unsafe { libc::mprotect(start, length, libc::PROT_READ | libc::PROT_WRITE) },
            refused => refused,
        },
    };
    if done == 0 {
        return Ok(());
    }
    let error = std::io::Error::last_os_error().to_string();
    Err(Crash::Host { what: "dropping translations of guest pages", error })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::Protection;

    const AT: u64 = RESERVED + 8 * PAGE;

    fn platform() -> (Platform, Memory) {
        (Platform::new(0..0).expect("memory"), Memory::new(1 << 20).expect("memory"))
    }

    #[test]
    fn entries_follow_the_protections() {
        let (mut platform, mut memory) = platform();
        let at = TABLES + AT / PAGE * 8;
        memory.map(AT..AT + PAGE, Protection::READ_WRITE).expect("free");
        assert_eq!(platform.apply(&mut memory), Ok(false));
        assert_eq!(platform.get(at), AT | 0x67 | EXECUTE_NOT);
        memory.protect(AT..AT + PAGE, Protection::NONE).expect("mapped");
        assert_eq!(platform.apply(&mut memory), Ok(true));
        assert_eq!(platform.get(at), 0);
    }

    #[test]
    fn a_page_that_may_do_nothing_keeps_its_content() {
        let (mut platform, mut memory) = platform();
        memory.map(AT..AT + PAGE, Protection::READ_WRITE).expect("free");
        platform.apply(&mut memory).expect("applied");
        assert!(memory.put(AT, b"kept"));
        memory.protect(AT..AT + PAGE, Protection::NONE).expect("mapped");
        platform.apply(&mut memory).expect("applied");
        memory.protect(AT..AT + PAGE, Protection::READ_WRITE).expect("mapped");
        platform.apply(&mut memory).expect("applied");
        assert_eq!(memory.read(AT, 4), Some(&b"kept"[..]));
    }

    #[test]
    fn a_flush_changes_the_root() {
        let (mut platform, mut memory) = platform();
        let root = platform.root();
        memory.map(AT..AT + 2 * PAGE, Protection::READ_WRITE).expect("free");
        platform.apply(&mut memory).expect("applied");
        assert_eq!(platform.root(), root);
        memory.unmap(AT..AT + PAGE).expect("mapped");
        platform.apply(&mut memory).expect("applied");
        assert_ne!(platform.root(), root);
    }

    #[test]
    fn a_corrupt_table_is_written_anew() {
        let (mut platform, mut memory) = platform();
        memory.map(AT..AT + PAGE, Protection::READ_WRITE).expect("free");
        platform.apply(&mut memory).expect("applied");
        let good = platform.ram.to_vec();
        for at in [TABLES + AT / PAGE * 8, DIRECTORY + 8, super::super::GDT + 0x10, super::super::IDT + 16] {
            platform.ram[at as usize] ^= 2;
        }
        platform.ram[(TABLES + 0x1234_5000 / PAGE * 8) as usize] = 7;
        platform.regenerate(&mut memory).expect("applied");
        assert!(platform.ram[..] == good[..]);
    }
}
