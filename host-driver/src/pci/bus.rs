//! The functions on the bus, as far as sysfs tells.

use super::{Address, Id};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Why sysfs does not say what was asked.
#[derive(Debug, thiserror::Error)]
pub enum PciError {
    /// There is no such function.
    #[error("there is no PCI function {0}: `lspci -D` lists those that there are")]
    Absent(Address),
    /// A file of sysfs cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file of sysfs does not hold what it should.
    #[error("{path} holds `{found}`, not a number")]
    Number {
        /// The file.
        path: PathBuf,
        /// What it holds.
        found: String,
    },
}

/// The PCI buses of a machine, seen through the files below a root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bus {
    pub(super) root: PathBuf,
}

/// A PCI function as sysfs describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Where it is.
    pub address: Address,
    /// Who it is.
    pub id: Id,
    /// Class, subclass and programming interface, from the upper byte on.
    pub class: u32,
    /// The driver that has it.
    pub driver: Option<String>,
    /// Number of its IOMMU group; none without an IOMMU.
    pub group: Option<u32>,
}

impl Function {
    /// Whether it is a bridge, which the kernel lets share a group with a function given to a program.
    pub fn is_bridge(&self) -> bool {
        self.class >> 16 == 0x06
    }
}

/// The function with its ID and its driver, as messages name it.
impl std::fmt::Display for Function {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let driver = self.driver.as_deref().unwrap_or("no driver");
        write!(f, "{} ({}, {driver})", self.address, self.id)
    }
}

impl Bus {
    /// Those of this machine.
    pub fn host() -> Bus {
        Bus::at(Path::new("/"))
    }

    /// Those that the files below another root describe.
    pub fn at(root: &Path) -> Bus {
        Bus { root: root.into() }
    }

    /// A path below the root.
    pub fn path(&self, below: &str) -> PathBuf {
        self.root.join(below)
    }

    /// The folder of a function.
    pub fn folder(&self, address: Address) -> PathBuf {
        self.root.join("sys/bus/pci/devices").join(address.to_string())
    }

    /// A function.
    ///
    /// # Errors
    /// It is not there, or sysfs is not as it should be.
    pub fn function(&self, address: Address) -> Result<Function, PciError> {
        let folder = self.folder(address);
        if !folder.exists() {
            return Err(PciError::Absent(address));
        }
        let number = |name: &str| {
            let path = folder.join(name);
            let text =
                fs::read_to_string(&path).map_err(|source| PciError::Read { path: path.clone(), source })?;
            let digits = text.trim().trim_start_matches("0x");
            u32::from_str_radix(digits, 16).map_err(|_| PciError::Number { path, found: text.trim().into() })
        };
        let id = Id { vendor: number("vendor")? as u16, device: number("device")? as u16 };
        let target = |name| {
            let link = fs::read_link(folder.join(name)).ok()?;
            Some(link.file_name()?.to_str()?.to_owned())
        };
        let group = target("iommu_group").and_then(|name| name.parse().ok());
        Ok(Function { address, id, class: number("class")?, driver: target("driver"), group })
    }

    /// Every function of the machine, in the order of their addresses. One that vanishes meanwhile is left out.
    pub fn functions(&self) -> Vec<Function> {
        self.in_folder(&self.root.join("sys/bus/pci/devices"))
    }

    /// Every function of an IOMMU group, in the order of their addresses.
    pub fn group(&self, group: u32) -> Vec<Function> {
        self.in_folder(&self.root.join(format!("sys/kernel/iommu_groups/{group}/devices")))
    }

    /// The functions that keep the group of this one from being given to a program: bound to drivers of the kernel's own.
    /// `to` counts as bound to `vfio-pci`.
    pub fn in_the_way(&self, to: &Function) -> Vec<Function> {
        let others = to.group.map(|group| self.group(group)).unwrap_or_default();
        let hinders = |it: &Function| {
            let harmless =
                it.is_bridge() || matches!(it.driver.as_deref(), None | Some("vfio-pci" | "pci-stub"));
            it.address != to.address && !harmless
        };
        others.into_iter().filter(hinders).collect()
    }

    fn in_folder(&self, folder: &Path) -> Vec<Function> {
        let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
        let address = |entry: fs::DirEntry| entry.file_name().to_str()?.parse::<Address>().ok();
        let mut addresses: Vec<Address> = entries.flatten().filter_map(address).collect();
        addresses.sort();
        addresses.into_iter().filter_map(|address| self.function(address).ok()).collect()
    }
}
