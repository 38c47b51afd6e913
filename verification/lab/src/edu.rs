//! QEMU's `edu` device through the kernel's VFIO: a device, an IOMMU and a driver interface that nobody here wrote.
//!
//! What it does here is what the card relies on there: when it passes and the card does not, the fault is on our side.
//! Registers: `docs/specs/edu.rst` of QEMU.

use crate::memory::{PAGE, Pages};
use crate::pci::{Device, Id};
use crate::say::{self, Outcome};
use anyhow::{Context, Result, ensure};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::sync::Arc;
use std::time::Duration;
use vfio_bindings::bindings::vfio::{
    VFIO_DMA_MAP_FLAG_READ, VFIO_DMA_MAP_FLAG_WRITE, VFIO_PCI_CONFIG_REGION_INDEX, vfio_iommu_type1_dma_map,
};
use vfio_ioctls::{VfioContainer, VfioDevice};
use vmm_sys_util::eventfd::EventFd;

/// `_IO(VFIO_TYPE, VFIO_BASE + 13)` of `linux/vfio.h`.
const VFIO_IOMMU_MAP_DMA: libc::c_ulong = 0x3B71;

const EDU: Id = Id(0x1234, 0x11E8);

const IDENTIFICATION: u64 = 0x00;
const LIVENESS: u64 = 0x04;
const INTERRUPT_STATUS: u64 = 0x24;
const RAISE_INTERRUPT: u64 = 0x60;
const ACKNOWLEDGE: u64 = 0x64;
const DMA_SOURCE: u64 = 0x80;
const DMA_DESTINATION: u64 = 0x88;
const DMA_BYTES: u64 = 0x90;
const DMA_COMMAND: u64 = 0x98;
const DMA_START: u64 = 1;
const DMA_TO_MEMORY: u64 = 1 << 1;
const DMA_INTERRUPT: u64 = 1 << 2;
/// The status of an interrupt that a DMA raised.
const DMA_DONE: u32 = 0x100;
/// Where the device's own buffer of 4 KiB is, in its address space.
const BUFFER: u64 = 0x4_0000;

/// IOVA of the mapping; the device has 28 address bits.
const IOVA: u64 = 0x0100_0000;
/// IOVA of a page that the device may read and not write, and of one that it may write and not read.
const READ_ONLY: u64 = 0x0200_0000;
const WRITE_ONLY: u64 = 0x0300_0000;
/// An IOVA at which nothing is mapped.
const UNMAPPED: u64 = 0x0900_0000;
/// Bytes of a transfer.
const BYTES: usize = 2048;

/// The device, open.
struct Edu {
    address: String,
    device: VfioDevice,
    container: Arc<VfioContainer>,
    event: EventFd,
}

impl Edu {
    fn open() -> Result<Edu> {
        let found = Device::find(EDU)?;
        found.bind()?;
        let container = Arc::new(VfioContainer::new(None).context("no VFIO container")?);
        let device = VfioDevice::new(&found.folder, container.clone(), false)
            .with_context(|| format!("VFIO does not give {}", found.address))?;
        // Command: memory and bus master.
        device.region_write(VFIO_PCI_CONFIG_REGION_INDEX, &6u16.to_le_bytes(), 4);
        let event = EventFd::new(0).context("no eventfd")?;
        device.enable_msi(vec![&event]).context("MSI cannot be switched on")?;
        Ok(Edu { address: found.address, device, container, event })
    }

    fn read(&self, register: u64) -> u32 {
        let mut bytes = [0; 4];
        self.device.region_read(0, &mut bytes, register);
        u32::from_le_bytes(bytes)
    }

    fn write(&self, register: u64, value: u32) {
        self.device.region_write(0, &value.to_le_bytes(), register);
    }

    fn write_long(&self, register: u64, value: u64) {
        self.device.region_write(0, &value.to_le_bytes(), register);
    }

    /// Waits for the device's interrupt; gives its status and acknowledges it.
    fn interrupt(&self, after: &str) -> Result<u32> {
        // SAFETY: the eventfd lives as long as this.
        let fd = unsafe { BorrowedFd::borrow_raw(self.event.as_raw_fd()) };
        let limit = Timespec { tv_sec: 10, tv_nsec: 0 };
        let ready = poll(&mut [PollFd::new(&fd, PollFlags::IN)], Some(&limit))?;
        ensure!(ready == 1, "no interrupt in 10 s after {after}");
        self.event.read()?;
        let status = self.read(INTERRUPT_STATUS);
        self.write(ACKNOWLEDGE, status);
        Ok(status)
    }

    /// Lets the device move bytes between memory and its buffer, and waits for it.
    fn transfer(&self, iova: u64, to_memory: bool) -> Result<()> {
        let (source, destination) = if to_memory { (BUFFER, iova) } else { (iova, BUFFER) };
        self.write_long(DMA_SOURCE, source);
        self.write_long(DMA_DESTINATION, destination);
        self.write_long(DMA_BYTES, BYTES as u64);
        let way = if to_memory { DMA_TO_MEMORY } else { 0 };
        self.write_long(DMA_COMMAND, DMA_START | DMA_INTERRUPT | way);
        let status = self.interrupt(if to_memory { "DMA to memory" } else { "DMA from memory" })?;
        ensure!(status == DMA_DONE, "the interrupt after a DMA has status {status:#x}, not {DMA_DONE:#x}");
        Ok(())
    }

    /// The same for an access that the IOMMU has to refuse. It tells one refusal of a device at a time, so the kernel has to
    /// have heard of it before the next one.
    fn refused(&self, iova: u64, to_memory: bool) -> Result<()> {
        say::refusal(&self.address, iova, to_memory)?;
        self.transfer(iova, to_memory)?;
        std::thread::sleep(Duration::from_millis(300));
        Ok(())
    }
}

/// Registers, an interrupt, and DMA both ways through the IOMMU.
pub(crate) fn baseline() -> Result<Outcome> {
    let memory = Pages::new(2)?;
    let edu = Edu::open()?;
    let identification = edu.read(IDENTIFICATION);
    ensure!(identification & 0xFF == 0xED, "its identification is {identification:#x}");
    edu.write(LIVENESS, 0x1234_5678);
    let inverted = edu.read(LIVENESS);
    ensure!(
        inverted == !0x1234_5678,
        "the liveness register has {inverted:#x}, not the complement of what it was given"
    );

    edu.write(RAISE_INTERRUPT, 0xABC);
    let status = edu.interrupt("one was asked for")?;
    ensure!(status == 0xABC, "the interrupt has status {status:#x}, not 0xabc");

    let pattern = |at| (at * 7) as u8;
    memory.fill(0, pattern)?;
    // SAFETY: the pages are touched by volatile accesses alone, and outlive the mapping, which ends below or with the
    // container, dropped before them.
    unsafe { edu.container.vfio_dma_map(IOVA, 2 * PAGE, memory.page(0)?) }
        .context("the memory cannot be mapped")?;
    edu.transfer(IOVA, false)?;
    edu.transfer(IOVA + PAGE as u64, true)?;
    ensure!(memory.holds(1, BYTES, pattern)?, "what the device wrote back is not what it had read");
    edu.container.vfio_dma_unmap(IOVA, 2 * PAGE).context("the mapping cannot be taken away")?;
    Ok(Outcome::Passed(format!(
        "registers, MSI, {BYTES} bytes of DMA both ways (edu {identification:#010x})"
    )))
}

/// What the IOMMU has to refuse: accesses where nothing is mapped, and a write to what may only be read. The device notices
/// nothing of it; memory and the kernel's log show it.
pub(crate) fn refusals() -> Result<Outcome> {
    let memory = Pages::new(3)?;
    let edu = Edu::open()?;
    let (plain, other, secret) = (|at| (at * 7) as u8, |at| (at * 3) as u8, |at| !(at as u8));
    for (page, iova, flags) in [
        (0, READ_ONLY, VFIO_DMA_MAP_FLAG_READ),
        (1, WRITE_ONLY, VFIO_DMA_MAP_FLAG_WRITE),
        (2, IOVA, VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE),
    ] {
        // SAFETY: as in `baseline`.
        unsafe { map(&edu.container, iova, memory.page(page)?, flags) }
            .with_context(|| format!("a page cannot be mapped with flags {flags}"))?;
    }
    memory.fill(0, plain)?;
    memory.fill(1, secret)?;
    memory.fill(2, other)?;

    // The device's buffer is known before anything is refused. QEMU refuses without a report what it looked up before for
    // a permitted access, so the refused access of a page comes first.
    edu.transfer(IOVA, false)?;
    edu.refused(READ_ONLY, true)?;
    ensure!(memory.holds(0, PAGE, plain)?, "the device wrote to a page that it may only read");
    edu.transfer(READ_ONLY, false)?;
    edu.transfer(IOVA, true)?;
    ensure!(memory.holds(2, BYTES, plain)?, "the device could not read a page that it may read");
    edu.refused(UNMAPPED, true)?;
    edu.refused(UNMAPPED + PAGE as u64, false)?;
    edu.transfer(WRITE_ONLY, false)?;
    edu.transfer(IOVA, true)?;
    // Not refused by every kernel: Linux 6.12 gives VT-d an entry with both permissions. Said, as it is no fault of the card.
    let read = if memory.holds(2, BYTES, secret)? { "can be read too" } else { "cannot be read" };
    Ok(Outcome::Passed(format!(
        "refused: write and read where nothing is mapped, write to a page to be read; a page to be written {read}"
    )))
}

/// Maps a page with these permissions; vfio-ioctls always gives both.
///
/// # Safety
/// The page is touched by volatile accesses alone for as long as it is mapped.
// SAFETY: for the caller to keep, as said above: the kernel lets a device write there, which no borrow can express.
unsafe fn map(container: &VfioContainer, iova: u64, page: *mut u8, flags: u32) -> std::io::Result<()> {
    let argsz = size_of::<vfio_iommu_type1_dma_map>() as u32;
    let map = vfio_iommu_type1_dma_map { argsz, flags, vaddr: page as u64, iova, size: PAGE as u64 };
    // SAFETY: the structure is as long as it says, and the kernel only reads it.
    let result = unsafe { libc::ioctl(container.as_raw_fd(), VFIO_IOMMU_MAP_DMA, &map) };
    if result < 0 { Err(std::io::Error::last_os_error()) } else { Ok(()) }
}
