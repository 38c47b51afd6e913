//! A card on the bus, through the kernel's VFIO.
//!
//! `vfio-ioctls` opens container, group and device; [`calls`] has what it lacks. Registers are loads and stores in the mapped
//! [`bar`]; [`memory`] maps what the card may reach, in one direction alone; [`open`] says why a card cannot be had.
//! The card works by itself: nothing here waits for it.

#[expect(unsafe_code, reason = "loads and stores that must happen one by one, in mapped device memory")]
mod bar;
#[expect(
    unsafe_code,
    reason = "ioctls that vfio-ioctls does not have, and descriptors that it only lends raw"
)]
mod calls;
mod config;
mod memory;
mod open;

pub use open::VfioError;

use crate::card::{CardError, CardPort, Direction, Shared};
use crate::doorbell::DoorbellPage;
use crate::pci::{Address, Bus};
use bar::Bar;
use config::Config;
use covert_abi::registers::{BAR_BYTES, card, doorbell};
use memmap2::MmapRaw;
use rustix::event::EventfdFlags;
use std::collections::BTreeMap;
use std::fs::File;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use vfio_bindings::bindings::vfio::{
    VFIO_PCI_BAR0_REGION_INDEX as BAR0, VFIO_PCI_CONFIG_REGION_INDEX as CONFIG,
    VFIO_PCI_MSIX_IRQ_INDEX as MSIX, VFIO_REGION_INFO_FLAG_MMAP,
};
use vfio_ioctls::{VfioContainer, VfioDevice};
use vmm_sys_util::eventfd::EventFd;

const PAGE: u32 = 4096;

/// A card that this process has from the kernel.
pub struct VfioCard {
    address: Address,
    // In this order: the device must have no mapping and no other descriptor here when it is given back.
    bar: Bar,
    config: Config,
    device: VfioDevice,
    container: Arc<VfioContainer>,
    /// What the card may reach, by its first IOVA.
    windows: BTreeMap<u64, MmapRaw>,
    /// MSI-X vectors that have an eventfd, from 0 on.
    enabled: u16,
}

impl std::fmt::Debug for VfioCard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let windows: Vec<&u64> = self.windows.keys().collect();
        let mut it = f.debug_struct("VfioCard");
        it.field("address", &self.address).field("windows", &windows).finish_non_exhaustive()
    }
}

impl VfioCard {
    /// Takes the card at this address, maps its registers and makes it answer accesses of them. It may send nothing yet. The
    /// kernel resets the card when it is taken and when it is given back.
    ///
    /// # Errors
    /// It is not there, not given to `vfio-pci`, in use, shares its IOMMU group with functions of the kernel's, or is no card
    /// that can be used: BAR 0 too small, no function-level reset. The message says what to do.
    pub fn open(address: Address) -> Result<VfioCard, VfioError> {
        let bus = Bus::host();
        let (_, group) = open::check(&bus, address)?;
        let refused = |error| open::explain(&bus, address, group, error);
        let container = Arc::new(VfioContainer::new(None).map_err(refused)?);
        let device = VfioDevice::new(&bus.folder(address), container.clone(), false).map_err(refused)?;
        let system = |doing| move |source| VfioError::System { doing, address, source };
        let file = File::from(calls::duplicate(&device).map_err(system("duplicate the descriptor"))?);
        let config = Config::new(file, device.get_region_offset(CONFIG));
        let useless = |found: String| Err(VfioError::Device { address, found });
        if !config.resets_alone().map_err(system("read the configuration space"))? {
            return useless(
                "has no function-level reset: a card that failed could not be made harmless".into(),
            );
        }
        let bytes = device.get_region_size(BAR0);
        if bytes < BAR_BYTES.into() || device.get_region_flags(BAR0) & VFIO_REGION_INFO_FLAG_MMAP == 0 {
            return useless(format!(
                "is no COVERT card: BAR 0 has {bytes:#x} bytes, {BAR_BYTES:#x} must be mapped"
            ));
        }
        config.set_command(false).map_err(system("switch on BAR 0"))?;
        let bar = Bar::map(config.file(), device.get_region_offset(BAR0), BAR_BYTES as usize)
            .map_err(system("map BAR 0"))?;
        Ok(VfioCard { address, bar, config, device, container, windows: BTreeMap::new(), enabled: 0 })
    }

    /// Where it is.
    pub fn address(&self) -> Address {
        self.address
    }

    fn broken(&self, doing: &str, error: impl std::fmt::Display) -> CardError {
        CardError::Broken(format!("{doing} of {}: {error}", self.address))
    }
}

impl Drop for VfioCard {
    fn drop(&mut self) {
        // The kernel does as much when the last descriptor is closed, which a replica with a doorbell may still have.
        let _ = self.config.set_command(false);
    }
}

fn window(iova: u64, reason: impl ToString) -> CardError {
    CardError::Window { iova, reason: reason.to_string() }
}

fn register(offset: u32) -> impl Fn(String) -> CardError {
    move |reason| CardError::Register { offset, reason }
}

impl CardPort for VfioCard {
    fn read(&mut self, offset: u32) -> Result<u32, CardError> {
        let value = self.bar.read(offset).map_err(register(offset))?;
        // What is not answered reads as ones. Some registers may hold them; the magic number does not.
        if value == u32::MAX && self.bar.read::<u32>(card::MAGIC).map_err(register(offset))? == u32::MAX {
            let gone = "every register reads as ones: the card is gone, or its link is down";
            return Err(self.broken(&format!("read of register {offset:#x}"), gone));
        }
        Ok(value)
    }

    fn write(&mut self, offset: u32, value: u32) -> Result<(), CardError> {
        self.bar.write(offset, value).map_err(register(offset))
    }

    fn write_pair(&mut self, offset: u32, value: u64) -> Result<(), CardError> {
        self.bar.write(offset, value).map_err(register(offset))
    }

    fn map(&mut self, iova: u64, memory: Shared<'_>, direction: Direction) -> Result<(), CardError> {
        let fail = |reason: String| window(iova, reason);
        memory::check_pages(iova, &memory).map_err(fail)?;
        memory::allow_locking(memory.bytes).map_err(fail)?;
        let mapped = memory::map(&memory, direction).map_err(fail)?;
        calls::map_dma(&self.container, iova, &mapped, direction).map_err(|error| {
            fail(match error.raw_os_error().map(rustix::io::Errno::from_raw_os_error) {
                Some(rustix::io::Errno::EXIST) => "part of that range is mapped already".into(),
                Some(rustix::io::Errno::INVAL) => {
                    format!(
                        "the IOMMU has no room for {:#x} bytes there: too high, or reserved",
                        memory.bytes
                    )
                }
                _ => error.to_string(),
            })
        })?;
        self.windows.insert(iova, mapped);
        Ok(())
    }

    fn unmap(&mut self, iova: u64) -> Result<(), CardError> {
        let Some(memory) = self.windows.get(&iova) else {
            return Err(window(iova, "nothing is mapped there"));
        };
        let unmapped = self.container.vfio_dma_unmap(iova, memory.len());
        unmapped.map_err(|error| window(iova, error))?;
        self.windows.remove(&iova);
        Ok(())
    }

    fn set_bus_master(&mut self, on: bool) -> Result<(), CardError> {
        self.config.set_command(on).map_err(|error| self.broken("switching bus mastering", error))
    }

    fn enable_interrupts(&mut self, vectors: u16) -> Result<Vec<OwnedFd>, CardError> {
        let most = self.device.get_irq_info(MSIX).map_or(0, |irq| irq.count);
        if u32::from(vectors) > most {
            return Err(CardError::Broken(format!("the card has {most} MSI-X vectors, not {vectors}")));
        }
        let system = |doing| move |source| CardError::System { doing, source };
        let flags = (EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).bits() as i32;
        let events: Result<Vec<EventFd>, _> = (0..vectors).map(|_| EventFd::new(flags)).collect();
        let events = events.map_err(system("make an eventfd"))?;
        let own: Result<Vec<OwnedFd>, _> = events.iter().map(calls::duplicate).collect();
        let own = own.map_err(system("duplicate an eventfd"))?;
        if self.enabled > 0 && self.enabled != vectors {
            // Not every kernel takes another number of vectors while some are on.
            let off = self.device.disable_msix();
            off.map_err(|error| self.broken("switching MSI-X off", error))?;
            self.enabled = 0;
        }
        if vectors > 0 {
            let on = self.device.enable_msix(events.iter().collect());
            on.map_err(|error| self.broken("switching MSI-X on", error))?;
        }
        self.enabled = vectors;
        Ok(own)
    }

    fn reset(&mut self) -> Result<(), CardError> {
        // The kernel gives the function its configuration back after the reset: what has to be off is off before. A card that
        // does not take that any more is to be reset nevertheless.
        let quiet = self.set_bus_master(false).and_then(|()| self.enable_interrupts(0).map(drop));
        calls::reset(&self.device).map_err(|error| self.broken("reset", error))?;
        quiet?;
        self.set_bus_master(false)?;
        self.read(card::MAGIC).map(drop)
    }

    fn doorbell_page(&mut self, offset: u32) -> Result<DoorbellPage, CardError> {
        if !offset.is_multiple_of(PAGE) || !(doorbell::BLOCK.base..BAR_BYTES).contains(&offset) {
            return Err(register(offset)("there is no doorbell page".into()));
        }
        let fd = self.config.file().try_clone();
        let fd =
            fd.map_err(|source| CardError::System { doing: "duplicate the card's descriptor", source })?;
        Ok(DoorbellPage { fd: fd.into(), offset: self.device.get_region_offset(BAR0) + u64::from(offset) })
    }
}
