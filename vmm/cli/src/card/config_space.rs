//! A card's configuration space and BARs, read with `pci-driver`.
//!
//! Offsets: PCI Express Base 4.0 §7.5.3 (Express), PCI Local Bus 3.0 §6.8.2 (MSI-X).

use anyhow::{Context, Result, bail};
use covert_driver::pci::{Address, Bus};
use pci_driver::backends::vfio::VfioPciDevice;
use pci_driver::config::caps::{Capability, MsiXCapability, PciExpressCapability};
use pci_driver::device::PciDevice;
use pci_driver::regions::PciRegion;
use serde::Serialize;

/// What a configuration space says.
#[derive(Serialize)]
pub(super) struct ConfigSpace {
    revision: u8,
    class: String,
    subsystem: String,
    bars: Vec<Bar>,
    capabilities: Vec<u8>,
    express: Option<Express>,
    msix: Option<Msix>,
}

#[derive(Serialize)]
struct Bar {
    index: usize,
    bytes: u64,
    can_be_mapped: bool,
}

#[derive(Serialize)]
struct Express {
    version: u8,
    function_level_reset: bool,
    max_payload_bytes: u32,
    link: String,
    link_most: String,
}

#[derive(Serialize)]
struct Msix {
    vectors: u16,
    table: String,
    pending: String,
}

/// Opens the function, looks, and gives it back.
pub(super) fn read(bus: &Bus, address: Address) -> Result<ConfigSpace> {
    let driver = bus.function(address)?.driver;
    if driver.as_deref() != Some("vfio-pci") {
        bail!("it can be read when vfio-pci has the card: `covert card bind {address}`");
    }
    let device = VfioPciDevice::open(bus.folder(address)).context("cannot open it")?;
    let config = device.config();
    let byte = |at| config.read_u8(at);
    let capabilities = config.capabilities().context("cannot read the list of capabilities")?;
    let express = capabilities.of_type::<PciExpressCapability<'_>>()?.next();
    let msix = capabilities.of_type::<MsiXCapability<'_>>()?.next();
    let ids = capabilities.iter().map(|it| it.read_u8(0)).collect::<std::io::Result<Vec<u8>>>()?;
    let bar = |index| {
        let bar = device.bar(index)?;
        Some(Bar { index, bytes: bar.len(), can_be_mapped: bar.is_mappable() })
    };
    Ok(ConfigSpace {
        revision: byte(0x08)?,
        class: format!("{:02x}{:02x}{:02x}", byte(0x0B)?, byte(0x0A)?, byte(0x09)?),
        subsystem: format!("{:04x}:{:04x}", config.read_le_u16(0x2C)?, config.read_le_u16(0x2E)?),
        bars: (0..6).filter_map(bar).collect(),
        capabilities: ids,
        express: express.map(|it| Express::read(&it)).transpose()?,
        msix: msix.map(|it| Msix::read(&it)).transpose()?,
    })
}

impl Express {
    fn read<'a>(it: &impl Capability<'a>) -> Result<Express> {
        let (device, most) = (it.read_le_u32(0x04)?, it.read_le_u32(0x0C)?);
        let status = u32::from(it.read_le_u16(0x12)?);
        let payload = u32::from(it.read_le_u16(0x08)?) >> 5 & 7;
        Ok(Express {
            version: (it.read_le_u16(0x02)? & 0xF) as u8,
            function_level_reset: device >> 28 & 1 == 1,
            max_payload_bytes: 128 << payload,
            link: link(status),
            link_most: link(most),
        })
    }
}

/// Speed and width, as both Link Capabilities and Link Status have them in their lowest bits.
fn link(register: u32) -> String {
    let speed = match register & 0xF {
        1 => "2.5 GT/s",
        2 => "5 GT/s",
        3 => "8 GT/s",
        4 => "16 GT/s",
        5 => "32 GT/s",
        6 => "64 GT/s",
        _ => "unknown speed",
    };
    format!("{speed} x{}", register >> 4 & 0x3F)
}

impl Msix {
    fn read<'a>(it: &impl Capability<'a>) -> Result<Msix> {
        let place = |register: u32| format!("BAR {}, {:#x}", register & 7, register & !7);
        Ok(Msix {
            vectors: (it.read_le_u16(0x02)? & 0x7FF) + 1,
            table: place(it.read_le_u32(0x04)?),
            pending: place(it.read_le_u32(0x08)?),
        })
    }
}

impl ConfigSpace {
    /// For people: what, and what was found.
    pub(super) fn lines(&self) -> Vec<(&'static str, String)> {
        let mut lines = vec![
            ("class, revision", format!("{}, {}", self.class, self.revision)),
            ("subsystem", self.subsystem.clone()),
        ];
        for bar in &self.bars {
            let mapped = if bar.can_be_mapped { "can be mapped" } else { "cannot be mapped" };
            lines.push(("BAR", format!("{}: {} KiB, {mapped}", bar.index, bar.bytes / 1024)));
        }
        let ids: Vec<String> = self.capabilities.iter().map(|id| format!("{id:02x}")).collect();
        lines.push(("capabilities", ids.join(" ")));
        if let Some(it) = &self.express {
            lines.push((
                "PCI Express",
                format!("version {}, payloads of {} bytes", it.version, it.max_payload_bytes),
            ));
            lines.push(("function-level reset", if it.function_level_reset { "yes" } else { "NO" }.into()));
            lines.push(("link", format!("{} (most: {})", it.link, it.link_most)));
        }
        if let Some(it) = &self.msix {
            lines.push((
                "MSI-X",
                format!("{} vectors, table in {}, pending in {}", it.vectors, it.table, it.pending),
            ));
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::link;

    #[test]
    fn a_link_is_told_by_its_speed_and_width() {
        assert_eq!(link(0x0011), "2.5 GT/s x1");
        assert_eq!(link(0x7083), "8 GT/s x8");
        assert_eq!(link(0), "unknown speed x0");
    }
}
