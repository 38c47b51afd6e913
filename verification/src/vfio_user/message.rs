//! The messages that a vfio-user server gets, read and checked before anything is done.
//!
//! Source: `docs/interop/vfio-user.rst` of QEMU, protocol version 0.1. Fields are in the byte order of the host. Nothing here
//! touches a socket or a card, so every sequence of bytes can be tried.

use rustix::io::Errno;
use std::ops::Range;

/// Bytes of a message's header.
pub const HEADER: usize = 16;
/// Most bytes of data that one message carries, as the server tells its clients (`max_data_xfer_size`).
pub const DATA_MAX: u32 = 1 << 20;
/// Most descriptors that come with one message, as the server tells its clients (`max_msg_fds`).
pub const FDS_MAX: usize = 16;
/// Longest message: the data and the longest fields that stand before any.
pub const MESSAGE_MAX: u32 = DATA_MAX + 64;

/// In a header's flags: which type of message.
const TYPE: u32 = 0xF;
/// In a header's flags: the client waits for no reply.
const NO_REPLY: u32 = 1 << 4;
/// In a header's flags: a reply that refuses.
const ERROR: u32 = 1 << 5;
/// A header's flags when a request is answered.
const REPLY: u32 = 1;

/// In `DMA_MAP`: the device may read the memory.
pub const MAP_READ: u32 = 1;
/// In `DMA_MAP`: the device may write the memory.
pub const MAP_WRITE: u32 = 1 << 1;
/// In `DMA_UNMAP`: everything goes; address and size are 0.
pub const UNMAP_ALL: u32 = 1 << 2;

/// In `SET_IRQS`: no data.
pub const IRQ_NONE: u32 = 1;
/// In `SET_IRQS`: a truth value each, which no vector takes here.
pub const IRQ_BOOL: u32 = 1 << 1;
/// In `SET_IRQS`: an eventfd each.
pub const IRQ_EVENTFD: u32 = 1 << 2;
const IRQ_DATA: u32 = IRQ_NONE | IRQ_BOOL | IRQ_EVENTFD;
/// In `SET_IRQS`: what is done is masking.
pub const IRQ_MASK: u32 = 1 << 3;
/// In `SET_IRQS`: what is done is unmasking.
pub const IRQ_UNMASK: u32 = 1 << 4;
/// In `SET_IRQS`: what happens when the interrupt comes.
pub const IRQ_TRIGGER: u32 = 1 << 5;
const IRQ_ACTION: u32 = IRQ_MASK | IRQ_UNMASK | IRQ_TRIGGER;

/// Number of the command that begins a connection.
pub const VERSION: u16 = 1;

/// Why a message is not taken, with the error number for its reply.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Refusal {
    /// What the client is told.
    pub errno: Errno,
    /// What the one who started the server is told: the protocol carries no words.
    pub why: String,
}

impl Refusal {
    /// A request that makes no sense.
    pub fn invalid(why: impl Into<String>) -> Refusal {
        Refusal { errno: Errno::INVAL, why: why.into() }
    }

    /// A request that makes sense, for servers that do more.
    pub fn unsupported(why: impl Into<String>) -> Refusal {
        Refusal { errno: Errno::NOTSUP, why: why.into() }
    }
}

/// What a request's header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The client's number for the request, which the reply repeats.
    pub id: u16,
    /// Which command.
    pub command: u16,
    /// Bytes that follow.
    pub body: usize,
    /// The client waits for no reply.
    pub no_reply: bool,
}

/// Why the stream cannot be followed any further.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// The last reply, if what came can have one.
    pub reply: Option<[u8; HEADER]>,
    /// What is wrong.
    pub why: String,
}

impl Header {
    /// Reads a header.
    ///
    /// # Errors
    /// It is none of a request, or of a message too short or too long to be one: where the next message begins is not known.
    pub fn parse(bytes: &[u8; HEADER]) -> Result<Header, Lost> {
        let half = |at: usize| u16::from_ne_bytes([bytes[at], bytes[at + 1]]);
        let word = |at: usize| u32::from_ne_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let (id, command, size, flags) = (half(0), half(2), word(4), word(8));
        if flags & TYPE != 0 {
            // A reply to a reply would go on for ever.
            let why = format!("a message of type {} came where only requests come", flags & TYPE);
            return Err(Lost { reply: None, why });
        }
        let header = Header { id, command, body: 0, no_reply: flags & NO_REPLY != 0 };
        if !(HEADER as u32..=MESSAGE_MAX).contains(&size) {
            let why = format!("a message of {size} bytes, which are to be {HEADER} to {MESSAGE_MAX}");
            return Err(Lost { reply: Some(header.refusal(Errno::MSGSIZE)), why });
        }
        if flags & ERROR != 0 {
            let why = "a request that says of itself that it failed".into();
            return Err(Lost { reply: Some(header.refusal(Errno::INVAL)), why });
        }
        Ok(Header { body: size as usize - HEADER, ..header })
    }

    /// The reply that does what was asked, with this body.
    pub fn reply(&self, body: &[u8]) -> Vec<u8> {
        [&self.header(HEADER + body.len(), REPLY, 0)[..], body].concat()
    }

    /// The reply that refuses with this error.
    pub fn refusal(&self, errno: Errno) -> [u8; HEADER] {
        self.header(HEADER, REPLY | ERROR, errno.raw_os_error() as u32)
    }

    /// The reply that refuses with this error and says more.
    pub fn refusal_with(&self, errno: Errno, body: &[u8]) -> Vec<u8> {
        let header = self.header(HEADER + body.len(), REPLY | ERROR, errno.raw_os_error() as u32);
        [&header[..], body].concat()
    }

    fn header(&self, bytes: usize, flags: u32, error: u32) -> [u8; HEADER] {
        let mut header = [0; HEADER];
        header[..2].copy_from_slice(&self.id.to_ne_bytes());
        header[2..4].copy_from_slice(&self.command.to_ne_bytes());
        header[4..8].copy_from_slice(&(bytes as u32).to_ne_bytes());
        header[8..12].copy_from_slice(&flags.to_ne_bytes());
        header[12..].copy_from_slice(&error.to_ne_bytes());
        header
    }
}

/// A request whose form is in order. Whether the card can do it is another matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request<'a> {
    /// Which version is spoken.
    Version,
    /// Memory is given to the card.
    DmaMap {
        /// [`MAP_READ`] and [`MAP_WRITE`].
        flags: u32,
        /// First byte in the file.
        offset: u64,
        /// First address.
        iova: u64,
        /// Bytes.
        bytes: u64,
    },
    /// Memory is taken from the card.
    DmaUnmap {
        /// As it came.
        flags: u32,
        /// First address.
        iova: u64,
        /// Bytes.
        bytes: u64,
    },
    /// What the device is.
    DeviceInfo,
    /// What a region is.
    RegionInfo {
        /// Which.
        index: u32,
    },
    /// What a kind of interrupts is.
    IrqInfo {
        /// Which.
        index: u32,
    },
    /// Interrupts are set up.
    SetIrqs {
        /// Which kind.
        index: u32,
        /// [`IRQ_NONE`] or [`IRQ_EVENTFD`].
        data: u32,
        /// The vectors.
        vectors: Range<u32>,
    },
    /// A region is read.
    Read {
        /// Which.
        region: u32,
        /// Where.
        offset: u64,
        /// How many bytes, at most [`DATA_MAX`].
        count: u32,
    },
    /// A region is written.
    Write {
        /// Which.
        region: u32,
        /// Where.
        offset: u64,
        /// What.
        data: &'a [u8],
    },
    /// The device is reset.
    Reset,
}

/// The fields of a body, taken one after the other.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], Refusal> {
        let (field, rest) =
            self.0.split_first_chunk::<N>().ok_or_else(|| Refusal::invalid("it is cut short"))?;
        self.0 = rest;
        Ok(*field)
    }

    fn u32(&mut self) -> Result<u32, Refusal> {
        self.take().map(u32::from_ne_bytes)
    }

    fn u64(&mut self) -> Result<u64, Refusal> {
        self.take().map(u64::from_ne_bytes)
    }

    /// Room that the client has for the answer's fields, which are so many bytes.
    fn argsz(&mut self, least: u32) -> Result<(), Refusal> {
        match self.u32()? {
            argsz if argsz >= least => Ok(()),
            argsz => Err(Refusal::invalid(format!("argsz is {argsz}, and less than {least}"))),
        }
    }

    fn end(&self) -> Result<(), Refusal> {
        match self.0.len() {
            0 => Ok(()),
            more => Err(Refusal::invalid(format!("{more} bytes follow that belong to nothing"))),
        }
    }
}

impl<'a> Request<'a> {
    /// Reads the body of a request that came with so many descriptors.
    ///
    /// # Errors
    /// It is malformed, or of a command that is not served.
    pub fn parse(header: &Header, body: &'a [u8], fds: usize) -> Result<Request<'a>, Refusal> {
        let mut fields = Fields(body);
        let (request, fds_max) = match header.command {
            VERSION => (version(&mut fields)?, 0),
            2 => (dma_map(&mut fields)?, 1),
            3 => (dma_unmap(&mut fields)?, 0),
            4 => {
                fields.argsz(16)?;
                fields.take::<12>()?;
                (Request::DeviceInfo, 0)
            }
            5 => {
                fields.argsz(32)?;
                fields.u32()?;
                let index = fields.u32()?;
                fields.take::<20>()?;
                (Request::RegionInfo { index }, 0)
            }
            7 => {
                fields.argsz(16)?;
                fields.u32()?;
                let index = fields.u32()?;
                fields.u32()?;
                (Request::IrqInfo { index }, 0)
            }
            8 => set_irqs(&mut fields, fds)?,
            9 => {
                let (offset, region, count) = access(&mut fields)?;
                (Request::Read { region, offset, count }, 0)
            }
            10 => {
                let (offset, region, count) = access(&mut fields)?;
                let data = std::mem::take(&mut fields.0);
                if data.len() != count as usize {
                    let why = format!("{} bytes of data came, and {count} are announced", data.len());
                    return Err(Refusal::invalid(why));
                }
                (Request::Write { region, offset, data }, 0)
            }
            13 => (Request::Reset, 0),
            6 => return Err(Refusal::unsupported("regions have no descriptors here")),
            11 | 12 => return Err(Refusal::unsupported("it is the server that asks for DMA")),
            command => return Err(Refusal::unsupported(format!("command {command} is not served"))),
        };
        fields.end()?;
        if fds > fds_max {
            return Err(Refusal::invalid(format!("{fds} descriptors came where {fds_max} may")));
        }
        // Whoever does not wait for an answer does not want one; nothing is done for that.
        let only_asks = !matches!(
            request,
            Request::DmaMap { .. }
                | Request::DmaUnmap { .. }
                | Request::SetIrqs { .. }
                | Request::Write { .. }
                | Request::Reset
        );
        if header.no_reply && only_asks {
            return Err(Refusal::invalid("it asks, and wants no reply"));
        }
        Ok(request)
    }
}

fn version<'a>(fields: &mut Fields<'_>) -> Result<Request<'a>, Refusal> {
    let (major, _minor) = (u16::from_ne_bytes(fields.take()?), fields.take::<2>()?);
    if major != 0 {
        return Err(Refusal::unsupported(format!("major version {major} is not spoken here")));
    }
    // What a client says of itself need not be said. What is said has to be right.
    if let Some((end, text)) = std::mem::take(&mut fields.0).split_last() {
        if *end != 0 {
            return Err(Refusal::invalid("the version's text does not end with NUL"));
        }
        let said: serde_json::Value = serde_json::from_slice(text)
            .map_err(|error| Refusal::invalid(format!("the version's text is no JSON: {error}")))?;
        let object = |value: &serde_json::Value| value.is_object();
        if !object(&said) || !said.get("capabilities").is_none_or(object) {
            return Err(Refusal::invalid("the version's text is no object with `capabilities`"));
        }
    }
    Ok(Request::Version)
}

/// A range of addresses or of a file has to end below 2^64.
fn range(first: u64, bytes: u64) -> Result<(), Refusal> {
    match first.checked_add(bytes) {
        Some(_) => Ok(()),
        None => Err(Refusal::invalid(format!("{bytes:#x} bytes from {first:#x} on are no range"))),
    }
}

/// Mappings are of whole pages of the protocol's default size.
fn pages(values: &[u64]) -> Result<(), Refusal> {
    match values.iter().find(|value| !value.is_multiple_of(4096)) {
        None => Ok(()),
        Some(value) => Err(Refusal::invalid(format!("{value:#x} is no multiple of the page size"))),
    }
}

fn dma_map<'a>(fields: &mut Fields<'_>) -> Result<Request<'a>, Refusal> {
    fields.argsz(32)?;
    let (flags, offset, iova, bytes) = (fields.u32()?, fields.u64()?, fields.u64()?, fields.u64()?);
    let both = MAP_READ | MAP_WRITE;
    if flags & both == 0 || flags & !both != 0 {
        return Err(Refusal::invalid(format!("flags {flags:#x} say not whether to read or to write")));
    }
    if bytes == 0 {
        return Err(Refusal::invalid("nothing is mapped"));
    }
    pages(&[offset, iova, bytes])?;
    range(offset, bytes)?;
    range(iova, bytes)?;
    Ok(Request::DmaMap { flags, offset, iova, bytes })
}

fn dma_unmap<'a>(fields: &mut Fields<'_>) -> Result<Request<'a>, Refusal> {
    fields.argsz(24)?;
    let (flags, iova, bytes) = (fields.u32()?, fields.u64()?, fields.u64()?);
    match flags {
        UNMAP_ALL if (iova, bytes) == (0, 0) => {}
        UNMAP_ALL => return Err(Refusal::invalid("everything goes, and a range is named")),
        0 if bytes == 0 => return Err(Refusal::invalid("nothing is unmapped")),
        0 => {
            pages(&[iova, bytes])?;
            // A range may end at 2^64: all that there is, less one page, is what an IOMMU's owner begins with.
            range(iova, bytes - 1)?;
        }
        flags => return Err(Refusal::unsupported(format!("flags {flags:#x}: dirty pages are not logged"))),
    }
    Ok(Request::DmaUnmap { flags, iova, bytes })
}

/// The request, and how many descriptors go with it.
fn set_irqs<'a>(fields: &mut Fields<'_>, fds: usize) -> Result<(Request<'a>, usize), Refusal> {
    fields.argsz(20)?;
    let (flags, index, start, count) = (fields.u32()?, fields.u32()?, fields.u32()?, fields.u32()?);
    let (data, action) = (flags & IRQ_DATA, flags & IRQ_ACTION);
    if data.count_ones() != 1 || action.count_ones() != 1 || flags & !(IRQ_DATA | IRQ_ACTION) != 0 {
        return Err(Refusal::invalid(format!("flags {flags:#x} are not one kind of data and one action")));
    }
    let end = start.checked_add(count).ok_or_else(|| Refusal::invalid("its vectors are no range"))?;
    if data == IRQ_BOOL {
        return Err(Refusal::unsupported("a vector takes an eventfd"));
    }
    if action != IRQ_TRIGGER {
        return Err(Refusal::unsupported("vectors are masked by taking their eventfds away"));
    }
    let most = if data == IRQ_EVENTFD { FDS_MAX.min(count as usize) } else { 0 };
    // An eventfd for each vector, or for none: which ones some are for cannot be said.
    if data == IRQ_EVENTFD && fds != 0 && fds != count as usize {
        return Err(Refusal::invalid(format!("{fds} eventfds came for {count} vectors")));
    }
    if data == IRQ_EVENTFD && count == 0 {
        return Err(Refusal::invalid("eventfds for no vector"));
    }
    Ok((Request::SetIrqs { index, data, vectors: start..end }, most))
}

fn access(fields: &mut Fields<'_>) -> Result<(u64, u32, u32), Refusal> {
    let (offset, region, count) = (fields.u64()?, fields.u32()?, fields.u32()?);
    if count == 0 || count > DATA_MAX {
        return Err(Refusal::invalid(format!("{count} bytes, which are to be 1 to {DATA_MAX}")));
    }
    range(offset, count.into())?;
    Ok((offset, region, count))
}
