//! PCI devices, found by their IDs and given to `vfio-pci`.

use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};

/// Vendor and device.
#[derive(Clone, Copy)]
pub(crate) struct Id(pub(crate) u16, pub(crate) u16);

impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04x}:{:04x}", self.0, self.1)
    }
}

/// A device and where it is.
pub(crate) struct Device {
    /// Its folder in sysfs.
    pub(crate) folder: PathBuf,
    /// Domain, bus, device and function, as `0000:01:00.0`.
    pub(crate) address: String,
}

impl Device {
    /// The one device with these IDs.
    pub(crate) fn find(id: Id) -> Result<Device> {
        let mut found = Vec::new();
        for entry in fs::read_dir("/sys/bus/pci/devices").context("cannot list the PCI devices")? {
            let folder = entry?.path();
            let is = |file: &str, number: u16| {
                fs::read_to_string(folder.join(file)).is_ok_and(|it| it.trim() == format!("0x{number:04x}"))
            };
            if is("vendor", id.0) && is("device", id.1) {
                found.push(folder);
            }
        }
        match <[PathBuf; 1]>::try_from(found) {
            Ok([folder]) => {
                let address = folder.file_name().context("a device without an address")?;
                Ok(Device { address: address.to_string_lossy().into_owned(), folder })
            }
            Err(found) => bail!("there are {} PCI devices {id}, not one", found.len()),
        }
    }

    /// Gives the device to `vfio-pci`, if it is not there already. Gives the group and what kind of mappings its
    /// domain had.
    pub(crate) fn bind(&self) -> Result<String> {
        let driver = self.folder.join("driver");
        let bound = |driver: &Path| {
            let target = fs::read_link(driver).ok()?;
            Some(target.file_name()?.to_string_lossy().into_owned())
        };
        if bound(&driver).as_deref() != Some("vfio-pci") {
            if driver.exists() {
                put(&driver.join("unbind"), &self.address)?;
            }
            put(&self.folder.join("driver_override"), "vfio-pci")?;
            put(Path::new("/sys/bus/pci/drivers_probe"), &self.address)?;
        }
        match bound(&driver) {
            Some(name) if name == "vfio-pci" => {}
            other => {
                bail!(
                    "{} is bound to {}, not to vfio-pci",
                    self.address,
                    other.as_deref().unwrap_or("nothing")
                )
            }
        }
        let group = fs::canonicalize(self.folder.join("iommu_group"))
            .with_context(|| format!("{} is in no IOMMU group", self.address))?;
        let alone = fs::read_dir(group.join("devices"))?.count() == 1;
        let number = group.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(format!("{} in group {number}{}", self.address, if alone { ", alone" } else { ", with others" }))
    }
}

fn put(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write `{text}` to {}", path.display()))
}
