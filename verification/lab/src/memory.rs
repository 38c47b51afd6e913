//! Memory that a device reads and writes beside this program: only volatile accesses, and no reference to it.

use anyhow::{Context, Result, ensure};
use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous, munmap};
use std::ptr::{NonNull, null_mut};

/// Bytes of a page.
pub(crate) const PAGE: usize = 4096;

/// Some pages.
pub(crate) struct Pages {
    start: NonNull<u8>,
    bytes: usize,
}

impl Pages {
    /// So many pages of zeros.
    pub(crate) fn new(pages: usize) -> Result<Pages> {
        let bytes = pages * PAGE;
        // SAFETY: the kernel chooses the place, so nothing that exists is replaced.
        let start = unsafe {
            mmap_anonymous(null_mut(), bytes, ProtFlags::READ | ProtFlags::WRITE, MapFlags::SHARED)
        }
        .context("no memory")?;
        let start = NonNull::new(start.cast()).context("memory at address 0")?;
        Ok(Pages { start, bytes })
    }

    /// Where a page begins.
    pub(crate) fn page(&self, page: usize) -> Result<*mut u8> {
        ensure!((page + 1) * PAGE <= self.bytes, "there is no page {page}");
        // SAFETY: it is inside, as was just seen.
        Ok(unsafe { self.start.as_ptr().add(page * PAGE) })
    }

    /// Writes to the whole page, each byte by its place in it.
    pub(crate) fn fill(&self, page: usize, value: impl Fn(usize) -> u8) -> Result<()> {
        let page = self.page(page)?;
        for at in 0..PAGE {
            // SAFETY: it is in the page.
            let byte = unsafe { page.add(at) };
            // SAFETY: mapped as long as this lives.
            unsafe { byte.write_volatile(value(at)) };
        }
        Ok(())
    }

    /// Whether the first bytes of the page are these, each by its place in it.
    pub(crate) fn holds(&self, page: usize, bytes: usize, value: impl Fn(usize) -> u8) -> Result<bool> {
        let page = self.page(page)?;
        for at in 0..bytes.min(PAGE) {
            // SAFETY: it is in the page.
            let byte = unsafe { page.add(at) };
            // SAFETY: mapped as long as this lives.
            if unsafe { byte.read_volatile() } != value(at) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        // SAFETY: mapped by this, with this length, and nobody has a reference.
        let _ = unsafe { munmap(self.start.as_ptr().cast(), self.bytes) };
    }
}
