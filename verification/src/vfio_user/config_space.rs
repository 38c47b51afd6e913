//! The card's configuration space: who it is, BAR 0, MSI-X, and a PCI Express endpoint that can be reset.
//!
//! Layouts: PCI Local Bus 3.0 §6.1 and §6.8.2 (MSI-X), PCI Express Base 4.0 §7.5.3. The numbers of the link are those
//! that the root complex has; writes to them are taken and change nothing. There is no power management: a simulated
//! function is in D0 always, and says so by not having the capability.

use crate::root_complex::Sideband;
use covert_abi::registers::{BAR_BYTES, MSIX_PENDING, MSIX_TABLE};
use covert_driver::pci::CARD;

/// Bytes of a PCI Express function's configuration space.
pub const BYTES: usize = 4096;
/// MSI-X vectors: 0 verdicts, 1 faults.
pub const VECTORS: u16 = 2;

/// Processing accelerator.
const CLASS: [u8; 3] = [0x00, 0x00, 0x12];

const COMMAND: usize = 0x04;
const BAR0: usize = 0x10;
const MSIX: usize = 0x40;
const MSIX_ENABLE: u8 = 1 << 7;
const EXPRESS: usize = 0x60;
const DEVICE_CONTROL: usize = EXPRESS + 8;
/// In the upper byte of Device Control: initiate a function-level reset.
const INITIATE_FLR: u8 = 1 << 7;

const COMMAND_MEMORY: u8 = 1 << 1;
const COMMAND_MASTER: u8 = 1 << 2;

/// What has to follow a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing.
    None,
    /// Bus mastering is on or off from now on.
    BusMaster(bool),
    /// The function is to be reset.
    Reset,
}

/// The configuration space.
#[derive(Debug)]
pub struct ConfigSpace {
    bytes: [u8; BYTES],
    fresh: [u8; BYTES],
}

impl ConfigSpace {
    /// The configuration space after power-on, on the link of this sideband.
    pub fn new(link: &Sideband) -> ConfigSpace {
        let mut bytes = [0; BYTES];
        let mut put = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
        put(0x00, &CARD.vendor.to_le_bytes());
        put(0x02, &CARD.device.to_le_bytes());
        // Status: there is a list of capabilities.
        put(0x06, &0x0010u16.to_le_bytes());
        put(0x09, &CLASS);
        put(0x2C, &CARD.vendor.to_le_bytes());
        put(0x2E, &CARD.device.to_le_bytes());
        put(0x34, &[MSIX as u8]);
        // MSI-X: the table and the pending bits are in BAR 0.
        put(MSIX, &[0x11, EXPRESS as u8]);
        put(MSIX + 2, &(VECTORS - 1).to_le_bytes());
        put(MSIX + 4, &MSIX_TABLE.to_le_bytes());
        put(MSIX + 8, &MSIX_PENDING.to_le_bytes());
        // PCI Express capability, version 2, endpoint.
        put(EXPRESS, &[0x10, 0]);
        put(EXPRESS + 2, &0x0002u16.to_le_bytes());
        // Device Capabilities: Max_Payload_Size, role-based errors, function-level reset.
        put(EXPRESS + 4, &(u32::from(link.max_payload) | 1 << 15 | 1 << 28).to_le_bytes());
        let control = u16::from(link.max_payload) << 5 | u16::from(link.max_read_request) << 12;
        put(DEVICE_CONTROL, &control.to_le_bytes());
        // Link Capabilities and Status: 2.5 GT/s, one lane; Link Control: the read completion boundary.
        put(EXPRESS + 12, &0x0011u32.to_le_bytes());
        put(EXPRESS + 16, &(u16::from(link.rcb) << 3).to_le_bytes());
        put(EXPRESS + 18, &0x0011u16.to_le_bytes());
        ConfigSpace { bytes, fresh: bytes }
    }

    /// Which bits of a byte a write changes.
    fn writable(at: usize) -> u8 {
        // BAR 0 is memory of 32 bits; the address bits below its size stay 0, which is how its size is found.
        let bar = !(BAR_BYTES - 1);
        match at {
            COMMAND => COMMAND_MEMORY | COMMAND_MASTER,
            BAR0..0x14 => bar.to_le_bytes()[at - BAR0],
            // Interrupt line: a note that software leaves for itself.
            0x3C => 0xFF,
            _ => 0,
        }
    }

    /// Some bytes; `None` when they do not all lie inside.
    pub fn read(&self, offset: u64, bytes: usize) -> Option<&[u8]> {
        let offset = usize::try_from(offset).ok()?;
        self.bytes.get(offset..offset.checked_add(bytes)?)
    }

    /// Writes what can be written of some bytes; `None`, and nothing written, when they do not all lie inside.
    pub fn write(&mut self, offset: u64, data: &[u8]) -> Option<Effect> {
        self.read(offset, data.len())?;
        let (first, before) = (usize::try_from(offset).ok()?, self.bus_master());
        let mut reset = false;
        for (at, value) in (first..).zip(data) {
            let mask = ConfigSpace::writable(at);
            self.bytes[at] = self.bytes[at] & !mask | value & mask;
            reset |= at == DEVICE_CONTROL + 1 && value & INITIATE_FLR != 0;
        }
        Some(match self.bus_master() {
            _ if reset => Effect::Reset,
            on if on != before => Effect::BusMaster(on),
            _ => Effect::None,
        })
    }

    /// Whether accesses of BAR 0 are answered.
    pub fn memory(&self) -> bool {
        self.bytes[COMMAND] & COMMAND_MEMORY != 0
    }

    fn bus_master(&self) -> bool {
        self.bytes[COMMAND] & COMMAND_MASTER != 0
    }

    /// Shows whether MSI-X is on. It follows the interrupts that the client asked for: the bit itself is not written.
    pub fn show_msix(&mut self, on: bool) {
        self.bytes[MSIX + 3] = self.bytes[MSIX + 3] & !MSIX_ENABLE | if on { MSIX_ENABLE } else { 0 };
    }

    /// As after power-on.
    pub fn reset(&mut self) {
        self.bytes = self.fresh;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn space() -> ConfigSpace {
        ConfigSpace::new(&Sideband { max_payload: 1, max_read_request: 2, ..Sideband::default() })
    }

    fn word(space: &ConfigSpace, offset: u64) -> u32 {
        u32::from_le_bytes(space.read(offset, 4).unwrap().try_into().unwrap())
    }

    #[test]
    fn the_size_of_bar_0_is_found_by_writing_ones() {
        let mut space = space();
        assert_eq!(space.write(0x10, &[0xFF; 4]), Some(Effect::None));
        assert_eq!(!word(&space, 0x10) + 1, BAR_BYTES);
        space.write(0x14, &[0xFF; 4]).unwrap();
        assert_eq!(word(&space, 0x14), 0);
    }

    #[test]
    fn the_capabilities_are_msix_in_bar_0_and_an_endpoint_with_function_level_reset() {
        let space = space();
        assert_eq!(word(&space, 0x34), 0x40);
        assert_eq!(word(&space, 0x40), 0x0001_6011);
        assert_eq!((word(&space, 0x44), word(&space, 0x48)), (MSIX_TABLE, MSIX_PENDING));
        assert_eq!(word(&space, 0x60), 0x0002_0010);
        assert_eq!(word(&space, 0x64), 1 << 28 | 1 << 15 | 1);
        assert_eq!(word(&space, 0x68), 0x2020);
    }

    #[test]
    fn there_is_no_power_management_so_the_function_is_always_in_d0() {
        let mut space = space();
        space.write(0, &[0xFF; BYTES]).unwrap();
        space.reset();
        let (mut at, mut found) = (word(&space, 0x34) & 0xFF, Vec::new());
        while at != 0 && found.len() < 48 {
            let head = word(&space, at.into());
            found.push(head & 0xFF);
            at = head >> 8 & 0xFF;
        }
        assert_eq!(found, [0x11, 0x10], "MSI-X and PCI Express; 0x01 would be power management");
        assert_eq!(word(&space, 0x100), 0, "no extended capability");
    }

    #[test]
    fn commands_have_their_effects() {
        let mut space = space();
        assert_eq!((space.write(4, &[2, 0]), space.memory()), (Some(Effect::None), true));
        assert_eq!(space.write(4, &[6, 0]), Some(Effect::BusMaster(true)));
        assert_eq!(space.write(4, &[6, 0]), Some(Effect::None));
        assert_eq!(space.write(4, &[0, 0]), Some(Effect::BusMaster(false)));
        assert_eq!(space.write(0x69, &[0x80]), Some(Effect::Reset));
        assert_eq!(word(&space, 0x68), 0x2020, "the bit reads as 0");
    }

    #[test]
    fn nothing_outside_is_read_or_written() {
        let mut space = space();
        for (offset, bytes) in [(4096, 1), (4093, 4), (u64::MAX, 2), (1 << 40, 4)] {
            assert_eq!(space.read(offset, bytes), None);
            assert_eq!(space.write(offset, &vec![0xFF; bytes]), None);
        }
        assert_eq!(space.read(4092, 4), Some(&[0; 4][..]));
    }
}
