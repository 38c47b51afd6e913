//! What `vfio-ioctls` 0.10 does not do as it is needed here: mappings in one direction, a reset whose failure is told, and
//! the device's descriptor as one of our own.

use crate::card::Direction;
use memmap2::MmapRaw;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use vfio_bindings::bindings::vfio::{
    VFIO_BASE, VFIO_DMA_MAP_FLAG_READ, VFIO_DMA_MAP_FLAG_WRITE, VFIO_TYPE, vfio_iommu_type1_dma_map,
};
use vfio_ioctls::{VfioContainer, VfioDevice};
use vmm_sys_util::ioctl::{ioctl, ioctl_with_ref};
use vmm_sys_util::ioctl_io_nr;

ioctl_io_nr!(VFIO_DEVICE_RESET, VFIO_TYPE as std::os::raw::c_uint, VFIO_BASE + 11);
ioctl_io_nr!(VFIO_IOMMU_MAP_DMA, VFIO_TYPE as std::os::raw::c_uint, VFIO_BASE + 13);

/// A second descriptor of what the first one has open.
pub(super) fn duplicate(fd: &impl AsRawFd) -> io::Result<OwnedFd> {
    // SAFETY: the descriptor is open for as long as `fd` is borrowed, which is longer than this lasts. Neither `vfio-ioctls`
    // nor `vmm-sys-util` lend theirs in the safe way.
    unsafe { BorrowedFd::borrow_raw(fd.as_raw_fd()) }.try_clone_to_owned()
}

/// Lets the device reach all of this mapping at an IOVA, in one direction alone.
pub(super) fn map_dma(
    container: &VfioContainer,
    iova: u64,
    memory: &MmapRaw,
    direction: Direction,
) -> io::Result<()> {
    let call = vfio_iommu_type1_dma_map {
        argsz: size_of::<vfio_iommu_type1_dma_map>() as u32,
        // As the device sees it.
        flags: match direction {
            Direction::Read => VFIO_DMA_MAP_FLAG_READ,
            Direction::Write => VFIO_DMA_MAP_FLAG_WRITE,
        },
        vaddr: memory.as_ptr() as u64,
        iova,
        size: memory.len() as u64,
    };
    // SAFETY: the number belongs to the structure, which the kernel only reads. It pins the pages behind the mapping: they stay
    // this file's even if the mapping goes. The device writes them without Rust's knowledge, and no reference to plain bytes
    // of a shared file is made in this crate. `vfio-ioctls` has only mappings for reading and writing.
    match unsafe { ioctl_with_ref(container, VFIO_IOMMU_MAP_DMA(), &call) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Resets the function.
pub(super) fn reset(device: &VfioDevice) -> io::Result<()> {
    // SAFETY: a call without an argument. That of `vfio-ioctls` keeps its failure to itself.
    match unsafe { ioctl(device, VFIO_DEVICE_RESET()) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
