//! The configuration space of an open device: what the driver needs of it.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// Offset of the Command register.
const COMMAND: u64 = 0x04;
/// In the Command register: BAR accesses are answered.
const MEMORY: u16 = 1 << 1;
/// In the Command register: the function may send requests.
const BUS_MASTER: u16 = 1 << 2;
/// Offset of the Status register.
const STATUS: u64 = 0x06;
/// In the Status register: there is a list of capabilities.
const HAS_CAPABILITIES: u16 = 1 << 4;
/// Offset of the first capability's offset.
const CAPABILITIES: u64 = 0x34;
/// Number of the PCI Express capability.
const EXPRESS: u8 = 0x10;
/// In Device Capabilities: the function can be reset alone.
const FUNCTION_RESET: u32 = 1 << 28;

/// The configuration space, as a part of the device's file.
#[derive(Debug)]
pub(super) struct Config {
    file: File,
    offset: u64,
}

impl Config {
    /// The configuration space that begins at an offset of the device's file.
    pub(super) fn new(file: File, offset: u64) -> Config {
        Config { file, offset }
    }

    /// The device's file.
    pub(super) fn file(&self) -> &File {
        &self.file
    }

    fn read<const N: usize>(&self, at: u64) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.file.read_exact_at(&mut bytes, self.offset + at)?;
        Ok(bytes)
    }

    /// Lets BAR accesses be answered, and requests be sent or not.
    pub(super) fn set_command(&self, bus_master: bool) -> io::Result<()> {
        let before = u16::from_le_bytes(self.read(COMMAND)?);
        let off = before & !BUS_MASTER | MEMORY;
        let value = if bus_master { off | BUS_MASTER } else { off };
        self.file.write_all_at(&value.to_le_bytes(), self.offset + COMMAND)?;
        let after = u16::from_le_bytes(self.read(COMMAND)?);
        if after == u16::MAX || (after ^ value) & (MEMORY | BUS_MASTER) != 0 {
            let found = format!("the Command register is {after:#06x} after {value:#06x} was written");
            return Err(io::Error::other(found));
        }
        Ok(())
    }

    /// Whether the function can be reset alone (FLR), without what else is on its bus.
    pub(super) fn resets_alone(&self) -> io::Result<bool> {
        let Some(express) = self.capability(EXPRESS)? else { return Ok(false) };
        Ok(u32::from_le_bytes(self.read(express + 4)?) & FUNCTION_RESET != 0)
    }

    fn capability(&self, wanted: u8) -> io::Result<Option<u64>> {
        if u16::from_le_bytes(self.read(STATUS)?) & HAS_CAPABILITIES == 0 {
            return Ok(None);
        }
        let [mut at] = self.read(CAPABILITIES)?;
        // As many as there is room for: a list that bites its tail ends here.
        for _ in 0..48 {
            at &= !3;
            if at < 0x40 {
                break;
            }
            let [id, next] = self.read(at.into())?;
            if id == wanted {
                return Ok(Some(at.into()));
            }
            at = next;
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arena::create_sealed;

    fn config(bytes: &[(u64, &[u8])]) -> Config {
        let file = File::from(create_sealed("config", 4096).unwrap());
        for (at, value) in bytes {
            file.write_all_at(value, *at).unwrap();
        }
        Config::new(file, 0)
    }

    #[test]
    fn bus_mastering_is_switched_and_nothing_else() {
        let it = config(&[(4, &[0x00, 0x05])]);
        it.set_command(true).unwrap();
        assert_eq!(it.read(4).unwrap(), [0x06, 0x05]);
        it.set_command(false).unwrap();
        assert_eq!(it.read(4).unwrap(), [0x02, 0x05]);
    }

    #[test]
    fn a_function_level_reset_is_found_behind_other_capabilities() {
        let list: &[(u64, &[u8])] =
            &[(6, &[0x10, 0]), (0x34, &[0x40]), (0x40, &[0x11, 0x60]), (0x60, &[0x10, 0])];
        assert!(!config(list).resets_alone().unwrap());
        assert!(config(&[list, &[(0x67, &[0x10])]].concat()).resets_alone().unwrap());
        assert!(!config(&[(0x67, &[0x10])]).resets_alone().unwrap());
    }

    #[test]
    fn a_list_of_capabilities_without_end_is_left() {
        let it = config(&[(6, &[0x10, 0]), (0x34, &[0x40]), (0x40, &[0x11, 0x40])]);
        assert!(!it.resets_alone().unwrap());
    }
}
