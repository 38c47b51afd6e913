//! What the server tells of the device: its regions and interrupts.

use super::config_space;
use covert_abi::registers::BAR_BYTES;
use covert_driver::vfio_user::time;
use vfio_bindings::bindings::vfio::{
    VFIO_IRQ_INFO_EVENTFD, VFIO_IRQ_INFO_NORESIZE, VFIO_PCI_BAR0_REGION_INDEX, VFIO_PCI_CONFIG_REGION_INDEX,
    VFIO_PCI_MSIX_IRQ_INDEX, VFIO_PCI_NUM_IRQS, VFIO_REGION_INFO_FLAG_READ, VFIO_REGION_INFO_FLAG_WRITE,
    vfio_region_info,
};
use vfio_user::{IrqInfo, ServerRegion};

/// Number of BAR 0.
pub(super) const BAR0: u32 = VFIO_PCI_BAR0_REGION_INDEX;
/// Number of the configuration space.
pub(super) const CONFIG: u32 = VFIO_PCI_CONFIG_REGION_INDEX;

/// Every region, in the order of their numbers; those that the card has not are empty. None can be mapped: the card is
/// simulated, and every access of it is a packet.
pub(super) fn regions() -> Vec<ServerRegion> {
    let region = |index| {
        let size = match index {
            BAR0 => BAR_BYTES.into(),
            CONFIG => config_space::BYTES as u64,
            time::REGION => time::BYTES,
            _ => 0,
        };
        let flags = if size > 0 { VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE } else { 0 };
        let argsz = size_of::<vfio_region_info>() as u32;
        let region_info = vfio_region_info { argsz, flags, index, cap_offset: 0, size, offset: 0 };
        ServerRegion { region_info, sparse_areas: Vec::new(), mmap_fd: None }
    };
    (0..=time::REGION).map(region).collect()
}

/// Every kind of interrupt; MSI-X alone has vectors.
pub(super) fn interrupts() -> Vec<IrqInfo> {
    let kind = |index| IrqInfo {
        index,
        flags: VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_NORESIZE,
        count: if index == VFIO_PCI_MSIX_IRQ_INDEX { config_space::VECTORS.into() } else { 0 },
    };
    (0..VFIO_PCI_NUM_IRQS).map(kind).collect()
}
