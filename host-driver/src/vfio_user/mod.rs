//! A card in a process of its own, over a vfio-user socket.
//!
//! A client of our own and not the one of the crate `vfio_user`: that one maps all memory for reading and writing whatever
//! is asked, takes a refusal for success, and waits without end. Here a mapping has its direction, which also the
//! descriptor that goes with it has; what a server refuses is an error; and every wait has an end.

mod connection;
pub mod holder;
pub mod time;
mod wire;

use crate::arena::ArenaError;
use crate::card::{CardError, CardPort, Direction, Shared};
use crate::doorbell::{DoorbellPage, LentDoorbells};
use crate::pci::Holder;
use connection::{Connection, FDS_MAX};
use rustix::event::{EventfdFlags, eventfd};
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::Duration;
use wire::{Command, Fields, u32_at, u64_at};

/// How long a card may take for one access when nothing else is said: a slow model, on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Offset of the Command register in the configuration space.
const PCI_COMMAND: u64 = 4;
/// In the Command register: BAR accesses are answered.
const PCI_MEMORY: u16 = 1 << 1;
/// In the Command register: the function may send requests.
const PCI_BUS_MASTER: u16 = 1 << 2;
/// Most regions that are asked for.
const REGIONS_MAX: u32 = 16;
const PAGE: u64 = 4096;

/// Why a server is of no use, or refused.
#[derive(Debug, thiserror::Error)]
pub enum VfioUserError {
    /// Nothing answers there.
    #[error("cannot connect to {path}: {source}: is the card's server running?")]
    Connect {
        /// The socket.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The socket failed, or the server took too long.
    #[error("cannot {doing} on the vfio-user socket: {source}: the server's own output may say more")]
    Socket {
        /// What was attempted.
        doing: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// The server does not keep to the protocol.
    #[error("vfio-user: {0}")]
    Protocol(String),
    /// The server refused a request.
    #[error("the server refused {what} (error {errno}): its own output says why")]
    Refused {
        /// Which request.
        what: String,
        /// The error number, 0 if it gave none.
        errno: u32,
    },
    /// Another client has the card.
    #[error("the card at {path} is in use by {}: end that one first", holder_text(.holder.as_ref()))]
    Held {
        /// The socket.
        path: PathBuf,
        /// Who has it, if the server says so.
        holder: Option<Holder>,
    },
    /// What is served is not a card as it is needed here.
    #[error("the device {0}")]
    Device(String),
}

/// A card behind a vfio-user socket.
#[derive(Debug)]
pub struct VfioUserCard {
    connection: Connection,
    /// Bytes of each region.
    regions: Vec<u64>,
    vectors: u32,
    /// Vectors that have an eventfd, from 0 on.
    enabled: u16,
    has_time: bool,
    /// The server's card runs beside its messages, and nobody waits for it.
    runs: bool,
    doorbells: LentDoorbells,
    /// Length of each window, by its first IOVA.
    windows: BTreeMap<u64, u64>,
}

impl VfioUserCard {
    /// Connects to a server, with [`PATIENCE`].
    ///
    /// # Errors
    /// As for [`VfioUserCard::connect_with`].
    pub fn connect(path: &Path) -> Result<VfioUserCard, VfioUserError> {
        VfioUserCard::connect_with(path, PATIENCE)
    }

    /// Connects to a server whose every answer has to come within `patience`, and makes the card answer BAR accesses.
    ///
    /// # Errors
    /// There is no server, it does not keep to the protocol, or what it serves is no PCI device that can be reset.
    pub fn connect_with(path: &Path, patience: Duration) -> Result<VfioUserCard, VfioUserError> {
        let mut connection = Connection::open(path, patience)?;
        let info =
            connection.request(Command::DeviceInfo, &Fields::default().u32(16).u32(0).u64(0).0, &[])?;
        let (flags, count) = (field(&info, 4)?, field(&info, 8)?);
        if flags & wire::DEVICE_PCI == 0 || flags & wire::DEVICE_RESET == 0 {
            let found = format!("is no PCI device that can be reset (flags {flags:#x})");
            return Err(VfioUserError::Device(found));
        }
        let mut regions = Vec::new();
        for index in 0..count.min(REGIONS_MAX) {
            let ask = Fields::default().u32(32).u32(0).u32(index).u32(0).u64(0).u64(0);
            let region = connection.request(Command::RegionInfo, &ask.0, &[])?;
            regions.push(u64_at(&region, 16).ok_or_else(short)?);
        }
        let ask = Fields::default().u32(16).u32(0).u32(wire::IRQ_MSIX).u32(0);
        let vectors = field(&connection.request(Command::IrqInfo, &ask.0, &[])?, 12)?;
        let windows = BTreeMap::new();
        let mut it = VfioUserCard {
            connection,
            regions,
            vectors,
            enabled: 0,
            has_time: false,
            runs: false,
            doorbells: LentDoorbells::default(),
            windows,
        };
        if it.regions.get(time::REGION as usize) == Some(&time::BYTES) {
            let mut magic = [0; 4];
            it.read_region(time::REGION, 0, &mut magic)?;
            it.has_time = u32::from_le_bytes(magic) == time::MAGIC;
        }
        it.set_command(PCI_MEMORY)?;
        Ok(it)
    }

    /// From now on every answer has to come within `patience`, and [`catch_up`](CardPort::catch_up) waits for nothing: the card
    /// runs beside its messages, as one of metal does. So a server that hangs is noticed at the next access.
    ///
    /// # Errors
    /// The socket does not take the time-out.
    pub fn let_run(&mut self, patience: Duration) -> Result<(), VfioUserError> {
        self.runs = true;
        self.connection.set_patience(patience)
    }

    /// The server would be asked for nothing good: refused here.
    fn check(&self, region: u32, offset: u64, bytes: usize) -> Result<(), VfioUserError> {
        let size = self.regions.get(region as usize).copied().unwrap_or(0);
        if offset.checked_add(bytes as u64).is_none_or(|end| end > size) {
            let found = format!("has only {size:#x} bytes in region {region}, not {bytes} at {offset:#x}");
            return Err(VfioUserError::Device(found));
        }
        Ok(())
    }

    fn read_region(&mut self, region: u32, offset: u64, bytes: &mut [u8]) -> Result<(), VfioUserError> {
        self.check(region, offset, bytes.len())?;
        let ask = Fields::default().u64(offset).u32(region).u32(bytes.len() as u32);
        let answer = self.connection.request(Command::RegionRead, &ask.0, &[])?;
        match answer.get(16..) {
            Some(data) if data.len() == bytes.len() => bytes.copy_from_slice(data),
            _ => return Err(short()),
        }
        Ok(())
    }

    fn write_region(&mut self, region: u32, offset: u64, bytes: &[u8]) -> Result<(), VfioUserError> {
        self.check(region, offset, bytes.len())?;
        let ask = Fields::default().u64(offset).u32(region).u32(bytes.len() as u32).bytes(bytes);
        self.connection.request(Command::RegionWrite, &ask.0, &[]).map(drop)
    }

    fn set_command(&mut self, value: u16) -> Result<(), VfioUserError> {
        self.write_region(wire::REGION_CONFIG, PCI_COMMAND, &value.to_le_bytes())
    }

    fn set_interrupts(&mut self, fds: &[BorrowedFd<'_>]) -> Result<(), VfioUserError> {
        let data = if fds.is_empty() { wire::IRQ_DATA_NONE } else { wire::IRQ_DATA_EVENTFD };
        let ask = Fields::default().u32(20).u32(data | wire::IRQ_ACTION_TRIGGER);
        let ask = ask.u32(wire::IRQ_MSIX).u32(0).u32(fds.len() as u32);
        self.connection.request(Command::SetIrqs, &ask.0, fds).map(drop)
    }

    fn pass(&mut self, ticks: u32) -> Result<(), CardError> {
        if !self.has_time {
            return Ok(());
        }
        let offset = if self.runs { time::TICKS_ALONG } else { time::TICKS };
        self.write_region(time::REGION, offset, &ticks.to_le_bytes()).map_err(broken)
    }
}

fn holder_text(holder: Option<&Holder>) -> String {
    holder.map_or_else(|| "another client".into(), Holder::to_string)
}

fn short() -> VfioUserError {
    VfioUserError::Protocol("a reply is too short or too long for its request".into())
}

fn field(reply: &[u8], offset: usize) -> Result<u32, VfioUserError> {
    u32_at(reply, offset).ok_or_else(short)
}

fn broken(error: VfioUserError) -> CardError {
    CardError::Broken(error.to_string())
}

fn register(offset: u32) -> impl FnOnce(VfioUserError) -> CardError {
    move |error| CardError::Register { offset, reason: error.to_string() }
}

fn window(iova: u64, reason: impl ToString) -> CardError {
    CardError::Window { iova, reason: reason.to_string() }
}

/// A descriptor of the same memory that can do no more than the card may: the server cannot write what it is to read.
fn read_only(memory: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    Ok(File::open(format!("/proc/self/fd/{}", memory.as_raw_fd()))?.into())
}

impl CardPort for VfioUserCard {
    fn read(&mut self, offset: u32) -> Result<u32, CardError> {
        let mut bytes = [0; 4];
        self.read_region(wire::REGION_BAR0, offset.into(), &mut bytes).map_err(register(offset))?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn write(&mut self, offset: u32, value: u32) -> Result<(), CardError> {
        self.write_region(wire::REGION_BAR0, offset.into(), &value.to_le_bytes()).map_err(register(offset))
    }

    fn write_pair(&mut self, offset: u32, value: u64) -> Result<(), CardError> {
        self.write_region(wire::REGION_BAR0, offset.into(), &value.to_le_bytes()).map_err(register(offset))
    }

    fn map(&mut self, iova: u64, memory: Shared<'_>, direction: Direction) -> Result<(), CardError> {
        let Shared { fd, offset, bytes } = memory;
        if [iova, offset, bytes].iter().any(|it| !it.is_multiple_of(PAGE)) || bytes == 0 {
            let what = format!("{bytes:#x} bytes at {offset:#x} of the file are no whole pages");
            return Err(window(iova, what));
        }
        let (flags, own) = match direction {
            Direction::Read => (wire::MAP_READ, Some(read_only(fd).map_err(|error| window(iova, error))?)),
            Direction::Write => (wire::MAP_WRITE, None),
        };
        let given = own.as_ref().map_or(fd, |own| own.as_fd());
        let ask = Fields::default().u32(32).u32(flags).u64(offset).u64(iova).u64(bytes);
        self.connection.request(Command::DmaMap, &ask.0, &[given]).map_err(|error| window(iova, error))?;
        self.windows.insert(iova, bytes);
        Ok(())
    }

    fn unmap(&mut self, iova: u64) -> Result<(), CardError> {
        let Some(bytes) = self.windows.get(&iova).copied() else {
            return Err(window(iova, "nothing is mapped there"));
        };
        let ask = Fields::default().u32(24).u32(0).u64(iova).u64(bytes);
        self.connection.request(Command::DmaUnmap, &ask.0, &[]).map_err(|error| window(iova, error))?;
        self.windows.remove(&iova);
        Ok(())
    }

    fn set_bus_master(&mut self, on: bool) -> Result<(), CardError> {
        self.set_command(if on { PCI_MEMORY | PCI_BUS_MASTER } else { PCI_MEMORY }).map_err(broken)
    }

    fn enable_interrupts(&mut self, vectors: u16) -> Result<Vec<OwnedFd>, CardError> {
        if u32::from(vectors) > self.vectors || usize::from(vectors) > FDS_MAX {
            let found = format!("the card has {} MSI-X vectors, not {vectors}", self.vectors);
            return Err(CardError::Broken(found));
        }
        let make = || eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK);
        let fds: Result<Vec<OwnedFd>, _> = (0..vectors).map(|_| make()).collect();
        let fds =
            fds.map_err(|errno| CardError::System { doing: "make an eventfd", source: errno.into() })?;
        let lent: Vec<BorrowedFd<'_>> = fds.iter().map(AsFd::as_fd).collect();
        if vectors < self.enabled || vectors == 0 {
            // The only way to take a vector's eventfd away is to take all. What waits in the card is lost with it, so
            // that more vectors than before are enabled beside those that are on.
            self.set_interrupts(&[]).map_err(broken)?;
        }
        if vectors > 0 {
            self.set_interrupts(&lent).map_err(broken)?;
        }
        self.enabled = vectors;
        Ok(fds)
    }

    fn reset(&mut self) -> Result<(), CardError> {
        self.connection.request(Command::DeviceReset, &[], &[]).map_err(broken)?;
        self.enabled = 0;
        // The reset forgot the Command register; registers are to be read again, requests are not to be sent.
        self.set_command(PCI_MEMORY).map_err(broken)
    }

    fn doorbell_page(&mut self, offset: u32) -> Result<DoorbellPage, CardError> {
        let refuse = |error: ArenaError| CardError::Register { offset, reason: error.to_string() };
        self.doorbells.lend(offset).map_err(refuse)
    }

    fn catch_up(&mut self) -> Result<(), CardError> {
        for (register, value) in self.doorbells.rung() {
            self.write_pair(register, value)?;
        }
        if self.runs { Ok(()) } else { self.pass(0) }
    }

    fn pass_ticks(&mut self, ticks: u32) -> Result<(), CardError> {
        if ticks == 0 { Ok(()) } else { self.pass(ticks) }
    }
}
