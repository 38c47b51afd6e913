//! The card as the vfio-user server sees it: what each message does to it.

use super::clock::{Clock, Shared};
use super::config_space::{self, ConfigSpace, Effect};
use super::files::Files;
use super::regions;
use crate::root_complex::UnderTest;
use crate::root_complex::backing::FileBacking;
use crate::simulated_card::SimulatedCard;
use covert_abi::registers::{BAR_BYTES, MSIX_PENDING, MSIX_TABLE};
use covert_driver::card::{CardError, CardPort, Direction};
use covert_driver::vfio_user::time;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;
use vfio_bindings::bindings::vfio::{
    VFIO_IRQ_SET_ACTION_TRIGGER, VFIO_IRQ_SET_DATA_EVENTFD, VFIO_IRQ_SET_DATA_NONE, VFIO_PCI_MSIX_IRQ_INDEX,
};
use vfio_user::{DmaMapFlags, DmaUnmapFlags, ServerBackend};

/// A simulated card behind a server.
pub struct ServedCard<U: UnderTest + Send + 'static> {
    shared: Shared<U>,
    clock: Clock,
    config: ConfigSpace,
    /// Whether each vector has an eventfd.
    vectors: Vec<bool>,
    files: Files,
}

fn refuse<T>(what: impl Into<String>) -> io::Result<T> {
    Err(io::Error::new(ErrorKind::InvalidInput, what.into()))
}

/// The word in some bytes that are one.
fn word(bytes: &[u8]) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.try_into().ok()?))
}

/// Whether an access touches the MSI-X table, which belongs to SET_IRQS alone: as for kernel VFIO, what a client writes
/// there is dropped, and it reads ones.
fn is_table(offset: u64) -> bool {
    (MSIX_TABLE.into()..MSIX_PENDING.into()).contains(&offset)
}

impl<U: UnderTest + Send + 'static> ServedCard<U> {
    /// Serves this card; its clock runs in a thread of its own.
    pub fn new(card: SimulatedCard<U>) -> ServedCard<U> {
        let config = {
            let rc = card.handle();
            let rc = rc.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            ConfigSpace::new(rc.sideband())
        };
        let (shared, clock) = Clock::start(card);
        ServedCard {
            shared,
            clock,
            config,
            vectors: vec![false; config_space::VECTORS.into()],
            files: Files::default(),
        }
    }

    /// Does something with the card. A card that broke a rule once answers nothing any more.
    fn with<R>(&mut self, what: impl FnOnce(&mut SimulatedCard<U>) -> Result<R, CardError>) -> io::Result<R> {
        self.shared.with(what).map_err(|error| io::Error::other(error.to_string()))
    }

    fn check_bar(&self, offset: u64, bytes: usize) -> io::Result<u32> {
        let whole = matches!(bytes, 4 | 8) && offset.is_multiple_of(bytes as u64);
        if !self.config.memory() {
            return refuse("BAR 0 is switched off in the Command register");
        }
        match u32::try_from(offset) {
            Ok(offset) if whole && offset < BAR_BYTES => Ok(offset),
            _ => refuse(format!("BAR 0 takes 4 or 8 aligned bytes below {BAR_BYTES:#x}")),
        }
    }

    fn read_bar(&mut self, offset: u64, data: &mut [u8]) -> io::Result<()> {
        let register = self.check_bar(offset, data.len())?;
        if is_table(offset) {
            data.fill(0xFF);
        } else if data.len() == 8 {
            data.copy_from_slice(&self.with(|card| card.read_pair(register))?.to_le_bytes());
        } else {
            data.copy_from_slice(&self.with(|card| card.read(register))?.to_le_bytes());
        }
        Ok(())
    }

    fn write_bar(&mut self, offset: u64, data: &[u8]) -> io::Result<()> {
        let register = self.check_bar(offset, data.len())?;
        if is_table(offset) {
            return Ok(());
        }
        match <[u8; 8]>::try_from(data) {
            Ok(pair) => self.with(|card| card.write_pair(register, u64::from_le_bytes(pair)))?,
            Err(_) => match word(data) {
                Some(value) => self.with(|card| card.write(register, value))?,
                None => return refuse("no register is that long"),
            },
        }
        self.clock.wake();
        Ok(())
    }

    fn write_config(&mut self, offset: u64, data: &[u8]) -> io::Result<()> {
        match self.config.write(offset, data) {
            Some(Effect::None) => {}
            Some(Effect::BusMaster(on)) => self.with(|card| card.set_bus_master(on))?,
            Some(Effect::Reset) => self.reset_function()?,
            None => return refuse("that is not in the configuration space"),
        }
        self.clock.wake();
        Ok(())
    }

    fn write_time(&mut self, offset: u64, data: &[u8]) -> io::Result<()> {
        match word(data) {
            Some(ticks) if offset == time::TICKS => self.with(|card| {
                card.catch_up()?;
                card.pass_ticks(ticks)
            }),
            Some(ticks) if offset == time::TICKS_ALONG => {
                self.with(|card| {
                    card.pass_ticks_along(ticks);
                    Ok(())
                })?;
                self.clock.wake();
                Ok(())
            }
            _ => refuse("the time region takes a word of ticks"),
        }
    }

    fn reset_function(&mut self) -> io::Result<()> {
        self.config.reset();
        self.vectors.fill(false);
        self.with(CardPort::reset)
    }

    fn map(&mut self, flags: DmaMapFlags, iova: u64, memory: FileBacking, bytes: u64) -> io::Result<()> {
        let window = |reason: String| CardError::Window { iova, reason };
        self.with(|card| {
            let rc = card.handle();
            let mut rc = rc.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let interrupts = rc.link().interrupts.clone();
            // Without this a word written there would be an interrupt to one side and memory to the other.
            if iova <= *interrupts.end() && iova.saturating_add(bytes) > *interrupts.start() {
                return Err(window("interrupts go there".into()));
            }
            let memory = Box::new(memory);
            let both = DmaMapFlags::READ_WRITE.bits();
            let mapped = match flags.bits() & both {
                it if it == both => rc.memory.map_both(iova, memory),
                it if it == DmaMapFlags::READ.bits() => rc.memory.map(iova, Direction::Read, memory),
                it if it == DmaMapFlags::WRITE.bits() => rc.memory.map(iova, Direction::Write, memory),
                _ => return Err(window("neither to be read nor to be written".into())),
            };
            mapped.map_err(|error| window(error.to_string()))
        })
    }

    /// Gives vectors from `start` on their eventfds and masks those that get none.
    fn set_vectors(&mut self, start: usize, fds: Vec<Option<OwnedFd>>) -> io::Result<()> {
        for (index, fd) in (start..).zip(fds) {
            self.vectors[index] = fd.is_some();
            self.with(|card| card.set_vector(index as u16, fd))?;
        }
        let on = self.vectors.contains(&true);
        self.config.show_msix(on);
        self.with(|card| {
            card.switch_interrupts(on);
            Ok(())
        })?;
        self.clock.wake();
        Ok(())
    }
}

/// Says what was refused, where the one who started the server can see it: the protocol carries no words.
fn said<T>(what: impl FnOnce() -> String, result: io::Result<T>) -> io::Result<T> {
    result.inspect_err(|error| eprintln!("card-server: {}: {error}", what()))
}

impl<U: UnderTest + Send + 'static> ServerBackend for ServedCard<U> {
    fn region_read(&mut self, region: u32, offset: u64, data: &mut [u8]) -> io::Result<()> {
        let bytes = data.len();
        let result = match region {
            regions::BAR0 => self.read_bar(offset, data),
            regions::CONFIG => match self.config.read(offset, bytes) {
                Some(found) => {
                    data.copy_from_slice(found);
                    Ok(())
                }
                None => refuse("that is not in the configuration space"),
            },
            time::REGION if (offset, bytes) == (0, 4) => {
                data.copy_from_slice(&time::MAGIC.to_le_bytes());
                Ok(())
            }
            _ => refuse("there is nothing to read"),
        };
        said(|| format!("read of {bytes} bytes at {offset:#x} of region {region}"), result)
    }

    fn region_write(&mut self, region: u32, offset: u64, data: &[u8]) -> io::Result<()> {
        let result = match region {
            regions::BAR0 => self.write_bar(offset, data),
            regions::CONFIG => self.write_config(offset, data),
            time::REGION => self.write_time(offset, data),
            _ => refuse("there is nothing to write"),
        };
        said(|| format!("write of {} bytes at {offset:#x} of region {region}", data.len()), result)
    }

    fn dma_map(
        &mut self,
        flags: DmaMapFlags,
        offset: u64,
        address: u64,
        size: u64,
        fd: Option<File>,
    ) -> io::Result<()> {
        // BARs and ROMs of other devices come without a file: they cannot be reached, and need not be.
        let Some(file) = fd else { return Ok(()) };
        let fits = |length: u64| offset.checked_add(size).is_some_and(|end| end <= length);
        let result = match file.metadata() {
            Ok(about) if fits(about.len()) => self
                .files
                .one(file)
                .and_then(|file| self.map(flags, address, FileBacking::new(file, offset, size), size)),
            Ok(about) => refuse(format!("the file has only {:#x} bytes", about.len())),
            Err(error) => Err(error),
        };
        said(|| format!("mapping of {size:#x} bytes at IOVA {address:#x}"), result)
    }

    fn dma_unmap(&mut self, flags: DmaUnmapFlags, address: u64, size: u64) -> io::Result<()> {
        let all = flags.contains(DmaUnmapFlags::UNMAP_ALL);
        let (first, length) = if all { (0, u64::MAX) } else { (address, size) };
        let result = self.with(|card| {
            // What was mapped without a file has no window here, and its end is no error.
            let windows = {
                let rc = card.handle();
                let rc = rc.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                rc.memory.inside(first, length)
            };
            windows.into_iter().try_for_each(|iova| card.unmap(iova))
        });
        said(|| format!("unmapping of {size:#x} bytes at IOVA {address:#x}"), result)
    }

    fn reset(&mut self) -> io::Result<()> {
        let result = self.reset_function();
        said(|| "reset".into(), result)
    }

    fn set_irqs(&mut self, index: u32, flags: u32, start: u32, count: u32, fds: Vec<File>) -> io::Result<()> {
        let (start_at, vectors) = (start as usize, self.vectors.len());
        let end = start_at.saturating_add(count as usize);
        let result = if index != VFIO_PCI_MSIX_IRQ_INDEX {
            // Others do not exist; to switch them off is no error.
            if count == 0 { Ok(()) } else { refuse("the card has only MSI-X") }
        } else if flags & VFIO_IRQ_SET_ACTION_TRIGGER == 0 {
            refuse("vectors are masked by taking their eventfds away")
        } else if end > vectors {
            refuse(format!("there are only {vectors} vectors"))
        } else if flags & VFIO_IRQ_SET_DATA_EVENTFD != 0 && fds.len() <= count as usize {
            let mut fds = fds.into_iter().map(OwnedFd::from);
            self.set_vectors(start_at, (0..count).map(|_| fds.next()).collect())
        } else if flags & VFIO_IRQ_SET_DATA_NONE != 0 && count == 0 {
            self.set_vectors(0, (0..vectors).map(|_| None).collect())
        } else {
            refuse("eventfds, or none for all, is all that can be set")
        };
        said(|| format!("SET_IRQS of {count} vectors from {start} on, flags {flags:#x}"), result)
    }
}
