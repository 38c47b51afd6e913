//! Finding out why a card cannot be had, before and after the kernel says no.

use crate::pci::{Address, Bus, Function, PciError, list};
use std::io::{self, ErrorKind};
use std::path::PathBuf;

/// Why a card cannot be had through VFIO.
#[derive(Debug, thiserror::Error)]
pub enum VfioError {
    /// Sysfs does not have it.
    #[error(transparent)]
    Pci(#[from] PciError),
    /// Another driver has it.
    #[error(
        "{address} has {driver}, not vfio-pci: `covert card bind {address}` as root gives it to vfio-pci"
    )]
    Driver {
        /// Which function.
        address: Address,
        /// What it has instead.
        driver: String,
    },
    /// There is no IOMMU before it.
    #[error(
        "{0} is in no IOMMU group: switch VT-d or AMD-Vi on in the firmware, boot with intel_iommu=on on Intel, and see \
         `covert doctor`"
    )]
    NoIommu(Address),
    /// Functions of the same group belong to the kernel.
    #[error(
        "IOMMU group {group} of {address} also has {others}: give those to vfio-pci too, or put the card into a slot with a \
         group of its own"
    )]
    Shared {
        /// Which function.
        address: Address,
        /// Its group.
        group: u32,
        /// The others.
        others: String,
    },
    /// The kernel has no VFIO, or does not let this user at it.
    #[error("cannot open {path}: {source}: {remedy}")]
    Open {
        /// What.
        path: PathBuf,
        /// Why not.
        source: io::Error,
        /// What to do.
        remedy: &'static str,
    },
    /// Somebody else has it.
    #[error("the card {address} (IOMMU group {group}) is in use by {holders}: end that first")]
    Busy {
        /// Which function.
        address: Address,
        /// Its group.
        group: u32,
        /// Who has it, as far as can be seen.
        holders: String,
    },
    /// The kernel refused in the middle.
    #[error("the kernel refused {address}: {source}: `dmesg` says more")]
    Refused {
        /// Which function.
        address: Address,
        /// What it refused.
        source: vfio_ioctls::VfioError,
    },
    /// The function is not a card as it is needed here.
    #[error("the device {address} {found}")]
    Device {
        /// Which function.
        address: Address,
        /// What is wrong with it.
        found: String,
    },
    /// A call failed.
    #[error("cannot {doing} of {address}: {source}")]
    System {
        /// What was attempted.
        doing: &'static str,
        /// Which function.
        address: Address,
        /// Why not.
        source: io::Error,
    },
}

/// The function and its group, if nothing is known that would keep a program from having them.
pub(super) fn check(bus: &Bus, address: Address) -> Result<(Function, u32), VfioError> {
    let it = bus.function(address)?;
    let Some(group) = it.group else { return Err(VfioError::NoIommu(address)) };
    if it.driver.as_deref() != Some("vfio-pci") {
        let driver = it.driver.map_or("no driver".into(), |name| format!("the driver {name}"));
        return Err(VfioError::Driver { address, driver });
    }
    let others = bus.in_the_way(&it);
    if !others.is_empty() {
        return Err(VfioError::Shared { address, group, others: list(others) });
    }
    Ok((it, group))
}

/// What an error of `vfio-ioctls` means for this card.
pub(super) fn explain(bus: &Bus, address: Address, group: u32, error: vfio_ioctls::VfioError) -> VfioError {
    use vfio_ioctls::VfioError as Refusal;
    let (path, source) = match error {
        Refusal::OpenContainer(source) => (PathBuf::from("/dev/vfio/vfio"), source),
        Refusal::OpenGroup(source, _) => (PathBuf::from(format!("/dev/vfio/{group}")), source),
        Refusal::GroupViable => {
            let others: Vec<Function> =
                bus.group(group).into_iter().filter(|it| it.address != address).collect();
            return VfioError::Shared { address, group, others: list(others) };
        }
        source => return VfioError::Refused { address, source },
    };
    if source.kind() == ErrorKind::ResourceBusy {
        let holders = bus.holders(&path);
        let holders = match holders.is_empty() {
            true => "another process; root can see which, by `fuser -v` on the group's file".into(),
            false => list(holders),
        };
        return VfioError::Busy { address, group, holders };
    }
    let remedy = match source.kind() {
        ErrorKind::PermissionDenied => {
            "give the group's file to this user: `sudo chown $USER`, or a udev rule for ever"
        }
        ErrorKind::NotFound => "load the module: `modprobe vfio-pci`, then `covert card bind`",
        _ => "see `covert doctor`",
    };
    VfioError::Open { path, source, remedy }
}
