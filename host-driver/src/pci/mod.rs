//! PCI functions as the kernel shows them in sysfs: who they are, which driver has them, and who shares their IOMMU group.
//!
//! Nothing here touches a card. Everything is read from files below a root, which is `/` but in tests.

mod address;
mod bus;
mod holders;

pub use address::{Address, AddressError};
pub use bus::{Bus, Function, PciError};
pub use holders::Holder;

/// Vendor and device number of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Id {
    /// Who made it.
    pub vendor: u16,
    /// What it is.
    pub device: u16,
}

/// What a COVERT card says that it is. Nobody has assigned the cards an ID: the vendor is the one that simulated devices use.
pub const CARD: Id = Id { vendor: 0x1234, device: 0xC09E };

impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04x}:{:04x}", self.vendor, self.device)
    }
}

/// Some names one after the other, as messages list them.
pub fn list(names: impl IntoIterator<Item = impl ToString>) -> String {
    names.into_iter().map(|name| name.to_string()).collect::<Vec<_>>().join(", ")
}
