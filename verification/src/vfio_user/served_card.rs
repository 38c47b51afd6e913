//! The card as the vfio-user server sees it: what each message does to it.

use super::clock::{Clock, Shared};
use super::config_space::{self, ConfigSpace, Effect};
use super::files::Files;
use super::message::{IRQ_EVENTFD, MAP_READ, MAP_WRITE, Refusal};
use super::regions;
use super::windows::Windows;
use crate::root_complex::UnderTest;
use crate::root_complex::backing::FileBacking;
use crate::simulated_card::SimulatedCard;
use covert_abi::registers::{BAR_BYTES, MSIX_PENDING, MSIX_TABLE};
use covert_driver::card::{CardError, CardPort, Direction};
use covert_driver::vfio_user::time;
use rustix::fs::{OFlags, fcntl_getfl};
use rustix::io::Errno;
use std::fs::File;
use std::ops::Range;
use std::os::fd::OwnedFd;

/// A simulated card behind a server.
pub struct ServedCard<U: UnderTest + Send + 'static> {
    shared: Shared<U>,
    clock: Clock,
    config: ConfigSpace,
    /// Whether each vector has an eventfd.
    vectors: Vec<bool>,
    files: Files,
    windows: Windows,
}

fn refuse<T>(what: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::invalid(what))
}

fn failed(error: impl ToString) -> Refusal {
    Refusal { errno: Errno::IO, why: error.to_string() }
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
            windows: Windows::default(),
        }
    }

    /// Does something with the card. A card that broke a rule once answers nothing any more.
    fn with<R>(
        &mut self,
        what: impl FnOnce(&mut SimulatedCard<U>) -> Result<R, CardError>,
    ) -> Result<R, Refusal> {
        self.shared.with(what).map_err(failed)
    }

    fn check_bar(&self, offset: u64, bytes: usize) -> Result<u32, Refusal> {
        let whole = matches!(bytes, 4 | 8) && offset.is_multiple_of(bytes as u64);
        if !self.config.memory() {
            return refuse("BAR 0 is switched off in the Command register");
        }
        match u32::try_from(offset) {
            Ok(offset) if whole && offset < BAR_BYTES => Ok(offset),
            _ => refuse(format!("BAR 0 takes 4 or 8 aligned bytes below {BAR_BYTES:#x}")),
        }
    }

    fn read_bar(&mut self, offset: u64, data: &mut [u8]) -> Result<(), Refusal> {
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

    fn write_bar(&mut self, offset: u64, data: &[u8]) -> Result<(), Refusal> {
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

    fn write_config(&mut self, offset: u64, data: &[u8]) -> Result<(), Refusal> {
        match self.config.write(offset, data) {
            Some(Effect::None) => {}
            Some(Effect::BusMaster(on)) => self.with(|card| card.set_bus_master(on))?,
            Some(Effect::Reset) => self.reset_function()?,
            None => return refuse("that is not in the configuration space"),
        }
        self.clock.wake();
        Ok(())
    }

    fn write_time(&mut self, offset: u64, data: &[u8]) -> Result<(), Refusal> {
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

    fn reset_function(&mut self) -> Result<(), Refusal> {
        self.config.reset();
        self.vectors.fill(false);
        self.with(CardPort::reset)
    }

    /// Opens a window of `bytes` bytes of a file at `offset`.
    fn open(&mut self, flags: u32, offset: u64, iova: u64, bytes: u64, file: File) -> Result<(), Refusal> {
        let length = file.metadata().map_err(failed)?.len();
        if offset + bytes > length {
            return refuse(format!("the file has only {length:#x} bytes"));
        }
        let opened = fcntl_getfl(&file).map_err(failed)? & OFlags::RWMODE;
        let lacks = if flags & MAP_WRITE != 0 { OFlags::RDONLY } else { OFlags::WRONLY };
        if opened == lacks || flags & MAP_READ != 0 && opened == OFlags::WRONLY {
            let why = "the file was not opened for what the card is to do with it".into();
            return Err(Refusal { errno: Errno::ACCESS, why });
        }
        let memory = Box::new(FileBacking::new(self.files.one(file).map_err(failed)?, offset, bytes));
        self.with(|card| {
            let rc = card.handle();
            let mut rc = rc.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let mapped = match flags {
                MAP_READ => rc.memory.map(iova, Direction::Read, memory),
                MAP_WRITE => rc.memory.map(iova, Direction::Write, memory),
                _ => rc.memory.map_both(iova, memory),
            };
            mapped.map_err(|error| CardError::Window { iova, reason: error.to_string() })
        })
    }

    /// Where the link has interrupts, a word written would be one to one side and memory to the other.
    fn check_interrupts(&mut self, iova: u64, bytes: u64) -> Result<(), Refusal> {
        let interrupts = self.with(|card| {
            let rc = card.handle();
            let rc = rc.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            Ok(rc.link().interrupts.clone())
        })?;
        if iova <= *interrupts.end() && iova + bytes > *interrupts.start() {
            return refuse("interrupts go there");
        }
        Ok(())
    }

    /// Gives vectors from `start` on their eventfds and masks those that get none.
    fn set_vectors(&mut self, start: usize, fds: Vec<Option<OwnedFd>>) -> Result<(), Refusal> {
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

    /// Reads `count` bytes of a region.
    ///
    /// # Errors
    /// The region has not all of them, or not in accesses of that length, or the card is broken.
    pub(super) fn read(&mut self, region: u32, offset: u64, count: u32) -> Result<Vec<u8>, Refusal> {
        inside(region, offset, count.into())?;
        let mut data = vec![0; count as usize];
        match region {
            regions::BAR0 => self.read_bar(offset, &mut data)?,
            regions::CONFIG => match self.config.read(offset, data.len()) {
                Some(found) => data.copy_from_slice(found),
                None => return refuse("that is not in the configuration space"),
            },
            time::REGION if (offset, count) == (0, 4) => data.copy_from_slice(&time::MAGIC.to_le_bytes()),
            _ => return refuse("there is nothing to read"),
        }
        Ok(data)
    }

    /// Writes a region.
    ///
    /// # Errors
    /// As for [`read`](Self::read).
    pub(super) fn write(&mut self, region: u32, offset: u64, data: &[u8]) -> Result<(), Refusal> {
        inside(region, offset, data.len() as u64)?;
        match region {
            regions::BAR0 => self.write_bar(offset, data),
            regions::CONFIG => self.write_config(offset, data),
            time::REGION => self.write_time(offset, data),
            _ => refuse("there is nothing to write"),
        }
    }

    /// Gives the card memory: a file's, or some that it cannot reach. The ranges end below 2^64.
    ///
    /// # Errors
    /// There is memory already, interrupts go there, or the file has not so much or does not allow it.
    pub(super) fn map(
        &mut self,
        flags: u32,
        offset: u64,
        iova: u64,
        bytes: u64,
        file: Option<File>,
    ) -> Result<(), Refusal> {
        self.windows.check(iova, bytes)?;
        self.check_interrupts(iova, bytes)?;
        let reachable = file.is_some();
        if let Some(file) = file {
            self.open(flags, offset, iova, bytes, file)?;
        }
        self.windows.add(iova, bytes, reachable);
        Ok(())
    }

    /// Takes the memory of a range from the card, all for `None`; gives how many bytes were mapped.
    ///
    /// # Errors
    /// A mapping lies only partly in the range, or the card is broken.
    pub(super) fn unmap(&mut self, range: Option<(u64, u64)>) -> Result<u64, Refusal> {
        let (gone, bytes) = match range {
            Some((iova, bytes)) => self.windows.take(iova, bytes)?,
            None => self.windows.take_all(),
        };
        self.with(|card| gone.into_iter().try_for_each(|iova| card.unmap(iova)))?;
        Ok(bytes)
    }

    /// Resets the function; windows stay.
    ///
    /// # Errors
    /// The card is broken.
    pub(super) fn reset(&mut self) -> Result<(), Refusal> {
        self.reset_function()
    }

    /// Gives vectors their eventfds. For `IRQ_NONE` and no vector, all lose theirs.
    ///
    /// # Errors
    /// The card has no such vectors, or it is something else that is to be set.
    pub(super) fn set_irqs(
        &mut self,
        index: u32,
        data: u32,
        vectors: Range<u32>,
        fds: Vec<OwnedFd>,
    ) -> Result<(), Refusal> {
        let most = regions::vectors(index)?;
        if vectors.end > most {
            return refuse(format!("there are only {most} vectors"));
        }
        if data == IRQ_EVENTFD {
            let mut fds = fds.into_iter();
            let given = vectors.clone().map(|_| fds.next()).collect();
            self.set_vectors(vectors.start as usize, given)
        } else if !vectors.is_empty() {
            Err(Refusal::unsupported("no interrupt is made for trying"))
        } else if index == regions::MSIX {
            self.set_vectors(0, (0..most).map(|_| None).collect())
        } else {
            // Others do not exist; to switch them off is no error.
            Ok(())
        }
    }
}

/// Whether a region has all of some bytes, whose range ends below 2^64.
fn inside(region: u32, offset: u64, bytes: u64) -> Result<(), Refusal> {
    match regions::size(region)? {
        size if offset.checked_add(bytes).is_some_and(|end| end <= size) => Ok(()),
        0 => refuse(format!("the card has no region {region}")),
        size => refuse(format!("the region has only {size:#x} bytes")),
    }
}
