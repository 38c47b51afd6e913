//! What the server tells of the device: its regions and interrupts.

use super::config_space;
use super::message::Refusal;
use covert_abi::registers::BAR_BYTES;
use covert_driver::vfio_user::time;
use vfio_bindings::bindings::vfio::{
    VFIO_DEVICE_FLAGS_PCI, VFIO_DEVICE_FLAGS_RESET, VFIO_IRQ_INFO_EVENTFD, VFIO_IRQ_INFO_NORESIZE,
    VFIO_PCI_BAR0_REGION_INDEX, VFIO_PCI_CONFIG_REGION_INDEX, VFIO_PCI_MSIX_IRQ_INDEX, VFIO_PCI_NUM_IRQS,
    VFIO_REGION_INFO_FLAG_READ, VFIO_REGION_INFO_FLAG_WRITE,
};

/// Number of BAR 0.
pub(super) const BAR0: u32 = VFIO_PCI_BAR0_REGION_INDEX;
/// Number of the configuration space.
pub(super) const CONFIG: u32 = VFIO_PCI_CONFIG_REGION_INDEX;
/// Number of the only kind of interrupts that the card has.
pub(super) const MSIX: u32 = VFIO_PCI_MSIX_IRQ_INDEX;

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_ne_bytes()).collect()
}

/// Bytes of a region; those that the card has not are empty.
///
/// # Errors
/// There is no region of that number.
pub(super) fn size(region: u32) -> Result<u64, Refusal> {
    match region {
        BAR0 => Ok(BAR_BYTES.into()),
        CONFIG => Ok(config_space::BYTES as u64),
        time::REGION => Ok(time::BYTES),
        other if other < time::REGION => Ok(0),
        _ => Err(Refusal::invalid(format!("there is no region {region}"))),
    }
}

/// Vectors of a kind of interrupts; MSI-X alone has any.
///
/// # Errors
/// There is no kind of that number.
pub(super) fn vectors(kind: u32) -> Result<u32, Refusal> {
    match kind {
        MSIX => Ok(config_space::VECTORS.into()),
        other if other < VFIO_PCI_NUM_IRQS => Ok(0),
        _ => Err(Refusal::invalid(format!("there are no interrupts of kind {kind}"))),
    }
}

/// The body of the reply to `DEVICE_GET_INFO`.
pub(super) fn device() -> Vec<u8> {
    words(&[16, VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET, time::REGION + 1, VFIO_PCI_NUM_IRQS])
}

/// The body of the reply to `DEVICE_GET_REGION_INFO`. No region can be mapped: the card is simulated, and every access of
/// it is a packet.
///
/// # Errors
/// There is no region of that number.
pub(super) fn region(index: u32) -> Result<Vec<u8>, Refusal> {
    let size = size(index)?;
    let flags = if size > 0 { VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE } else { 0 };
    Ok([words(&[32, flags, index, 0]), size.to_ne_bytes().to_vec(), vec![0; 8]].concat())
}

/// The body of the reply to `DEVICE_GET_IRQ_INFO`.
///
/// # Errors
/// There are no interrupts of that kind.
pub(super) fn interrupts(index: u32) -> Result<Vec<u8>, Refusal> {
    Ok(words(&[16, VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_NORESIZE, index, vectors(index)?]))
}
