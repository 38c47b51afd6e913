//! Transaction layer packets: the four that cross the unit's boundary, as 32-bit words and back.
//!
//! PCI Express Base Specification, section 2.2. Header words are numbers as drawn there (Fmt in bits 31:29). Payload words hold the
//! byte at the lowest address in bits 7:0, as the boundary of the unit has it.

/// Most data words in one packet.
pub const WORDS_MAX: usize = 1024;

const TYPE_MEMORY: u32 = 0b0_0000;
const TYPE_COMPLETION: u32 = 0b0_1010;
/// Bits of the first word that this model knows no meaning for: T9, T8, LN, TH.
const FIRST_RESERVED: u32 = 1 << 23 | 1 << 19 | 1 << 17 | 1 << 16;

/// What every header carries beside its kind and length.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Common {
    /// Traffic class, 0 to 7.
    pub traffic_class: u8,
    /// Attr[2:0]: ID-based ordering, relaxed ordering, no snoop.
    pub attributes: u8,
    /// A digest follows (TD). The boundary carries none, so a packet with it has a word too few.
    pub digest: bool,
    /// The payload is poisoned (EP).
    pub poisoned: bool,
    /// Address type, 0 to 3; 0 is untranslated.
    pub address_type: u8,
}

/// A memory request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Request {
    /// Traffic class, poison and the like.
    pub common: Common,
    /// Who asks: bus, device, function.
    pub requester: u16,
    /// Names the request until it is completed.
    pub tag: u8,
    /// First address; a multiple of 4.
    pub address: u64,
    /// Whether the header has the 64-bit form of four words.
    pub wide: bool,
    /// Words, 1 to 1024.
    pub words: u16,
    /// Which bytes of the first word are meant.
    pub first_be: u8,
    /// Which bytes of the last word are meant; 0 when there is only one word.
    pub last_be: u8,
}

/// How a completion ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Status {
    /// Successful completion.
    #[default]
    Success = 0,
    /// Unsupported request.
    Unsupported = 1,
    /// Configuration request retry status.
    Retry = 2,
    /// Completer abort.
    Abort = 4,
}

/// A completion, or one part of one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Completion {
    /// Traffic class, poison and the like.
    pub common: Common,
    /// Who answers.
    pub completer: u16,
    /// How it ended.
    pub status: Status,
    /// Bytes that are left of the request, this packet's included; 1 to 4096.
    pub byte_count: u16,
    /// Who asked.
    pub requester: u16,
    /// The request's tag.
    pub tag: u8,
    /// Low seven bits of the address of the first byte.
    pub lower_address: u8,
}

/// A packet.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Tlp {
    /// MRd: asks for memory.
    Read(Request),
    /// MWr: writes memory, posted.
    Write(Request, Vec<u32>),
    /// CplD, or Cpl when there are no words.
    Completion(Completion, Vec<u32>),
}

/// Why words are no packet that can cross the boundary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlpError {
    /// Fewer words than the header has.
    #[error("{found} words are not even a header")]
    Short {
        /// Words found.
        found: usize,
    },
    /// Neither memory request nor completion.
    #[error("Fmt {fmt:#05b} Type {kind:#07b} is neither MRd, MWr, Cpl nor CplD")]
    Kind {
        /// Fmt[2:0].
        fmt: u8,
        /// Type[4:0].
        kind: u8,
    },
    /// The length field and the words that follow the header differ.
    #[error("the header announces {announced} data words, {found} follow")]
    Length {
        /// Words that the header announces.
        announced: usize,
        /// Words that follow.
        found: usize,
    },
    /// A reserved bit is set.
    #[error("reserved bits are set in header word {word}: {value:#010x}")]
    Reserved {
        /// Number of the header word.
        word: usize,
        /// Its value.
        value: u32,
    },
    /// The completion status is none of the four.
    #[error("completion status {0:#05b} is reserved")]
    Status(u8),
}

impl Request {
    /// A request for `bytes` bytes (at least 1) at any address, with header form and byte enables as they must be.
    pub fn over(address: u64, bytes: u32) -> Request {
        let offset = (address & 3) as u32;
        let words = (offset + bytes).div_ceil(4).max(1);
        let first_be = 0xF << offset & 0xF;
        let last_be = 0xF >> (4 * words - offset - bytes).min(3);
        let (first_be, last_be) = if words == 1 { (first_be & last_be, 0) } else { (first_be, last_be) };
        Request {
            address: address & !3,
            wide: address >> 32 != 0,
            words: words as u16,
            first_be: first_be as u8,
            last_be: last_be as u8,
            ..Request::default()
        }
    }

    /// Bytes from the first enabled to the last enabled one (table 2-38 of the specification); 1 when none is.
    pub fn byte_count(&self) -> u32 {
        let words = u32::from(self.words);
        if words == 1 {
            let be = u32::from(self.first_be);
            return if be == 0 { 1 } else { be.ilog2() - be.trailing_zeros() + 1 };
        }
        let skipped = self.first_be.trailing_zeros().min(4);
        let cut = (u32::from(self.last_be) << 28).leading_zeros().min(4);
        (4 * words).saturating_sub(skipped + cut)
    }

    /// Address of the first enabled byte.
    pub fn first_byte(&self) -> u64 {
        self.address + if self.first_be == 0 { 0 } else { u64::from(self.first_be.trailing_zeros()) }
    }

    /// Which bytes of word `index` are meant.
    pub fn enables(&self, index: usize) -> u8 {
        if index == 0 {
            self.first_be
        } else if index + 1 == usize::from(self.words) {
            self.last_be
        } else {
            0xF
        }
    }
}

impl Tlp {
    /// The packet's words, header first.
    pub fn encode(&self) -> Vec<u32> {
        match self {
            Tlp::Read(request) => request_header(request, false),
            Tlp::Write(request, data) => {
                let mut words = request_header(request, true);
                words.extend(data);
                words
            }
            Tlp::Completion(completion, data) => {
                let fmt = if data.is_empty() { 0b000 } else { 0b010 };
                let it = completion;
                let mut words = vec![
                    first_word(fmt, TYPE_COMPLETION, &it.common, data.len() as u16),
                    u32::from(it.completer) << 16
                        | u32::from(it.status as u8) << 13
                        | u32::from(it.byte_count) & 0xFFF,
                    u32::from(it.requester) << 16
                        | u32::from(it.tag) << 8
                        | u32::from(it.lower_address & 0x7F),
                ];
                words.extend(data);
                words
            }
        }
    }

    /// Reads a packet from all of its words.
    ///
    /// # Errors
    /// Anything that [`encode`](Self::encode) would not have made.
    pub fn decode(words: &[u32]) -> Result<Tlp, TlpError> {
        let short = TlpError::Short { found: words.len() };
        let first = *words.first().ok_or(short)?;
        let (fmt, kind) = (first >> 29, first >> 24 & 0x1F);
        let (wide, has_data) = (fmt & 1 != 0, fmt & 2 != 0);
        let header = if wide { 4 } else { 3 };
        if fmt >= 4 || !(kind == TYPE_MEMORY || kind == TYPE_COMPLETION && !wide) {
            return Err(TlpError::Kind { fmt: fmt as u8, kind: kind as u8 });
        }
        if words.len() < header {
            return Err(short);
        }
        let reserved = |word: usize, bits: u32| {
            if words[word] & bits == 0 {
                Ok(())
            } else {
                Err(TlpError::Reserved { word, value: words[word] })
            }
        };
        reserved(0, FIRST_RESERVED)?;
        let data = &words[header..];
        let length = if first & 0x3FF == 0 { WORDS_MAX } else { (first & 0x3FF) as usize };
        let announced = if has_data { length } else { 0 };
        if data.len() != announced {
            return Err(TlpError::Length { announced, found: data.len() });
        }
        let common = Common {
            traffic_class: (first >> 20 & 7) as u8,
            attributes: (first >> 18 << 2 & 4 | first >> 12 & 3) as u8,
            digest: first >> 15 & 1 == 1,
            poisoned: first >> 14 & 1 == 1,
            address_type: (first >> 10 & 3) as u8,
        };
        if kind == TYPE_COMPLETION {
            if !has_data {
                reserved(0, 0x3FF)?;
            }
            // Byte Count Modified is for bridges from PCI-X; nothing here is one.
            reserved(1, 1 << 12)?;
            reserved(2, 1 << 7)?;
            let status = match words[1] >> 13 & 7 {
                0 => Status::Success,
                1 => Status::Unsupported,
                2 => Status::Retry,
                4 => Status::Abort,
                other => return Err(TlpError::Status(other as u8)),
            };
            let byte_count = (words[1] & 0xFFF) as u16;
            let completion = Completion {
                common,
                completer: (words[1] >> 16) as u16,
                status,
                byte_count: if byte_count == 0 { 4096 } else { byte_count },
                requester: (words[2] >> 16) as u16,
                tag: (words[2] >> 8) as u8,
                lower_address: (words[2] & 0x7F) as u8,
            };
            return Ok(Tlp::Completion(completion, data.to_vec()));
        }
        reserved(header - 1, 3)?;
        let high = if wide { u64::from(words[2]) << 32 } else { 0 };
        let request = Request {
            common,
            requester: (words[1] >> 16) as u16,
            tag: (words[1] >> 8) as u8,
            address: high | u64::from(words[header - 1]),
            wide,
            words: length as u16,
            first_be: (words[1] & 0xF) as u8,
            last_be: (words[1] >> 4 & 0xF) as u8,
        };
        Ok(if has_data { Tlp::Write(request, data.to_vec()) } else { Tlp::Read(request) })
    }
}

fn first_word(fmt: u32, kind: u32, common: &Common, words: u16) -> u32 {
    fmt << 29
        | kind << 24
        | u32::from(common.traffic_class & 7) << 20
        | u32::from(common.attributes >> 2 & 1) << 18
        | u32::from(common.digest) << 15
        | u32::from(common.poisoned) << 14
        | u32::from(common.attributes & 3) << 12
        | u32::from(common.address_type & 3) << 10
        | u32::from(words) & 0x3FF
}

fn request_header(request: &Request, has_data: bool) -> Vec<u32> {
    let fmt = u32::from(has_data) << 1 | u32::from(request.wide);
    let mut words = vec![
        first_word(fmt, TYPE_MEMORY, &request.common, request.words),
        u32::from(request.requester) << 16
            | u32::from(request.tag) << 8
            | u32::from(request.last_be & 0xF) << 4
            | u32::from(request.first_be & 0xF),
    ];
    if request.wide {
        words.push((request.address >> 32) as u32);
    }
    words.push(request.address as u32 & !3);
    words
}

impl std::fmt::Display for Tlp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let request = |f: &mut std::fmt::Formatter<'_>, name: &str, it: &Request| {
            write!(
                f,
                "{name}{} {:#x} {} DW be {:x}/{:x} from {:04x} tag {:#04x}",
                if it.wide { "64" } else { "32" },
                it.address,
                it.words,
                it.first_be,
                it.last_be,
                it.requester,
                it.tag
            )
        };
        match self {
            Tlp::Read(it) => request(f, "MRd", it),
            Tlp::Write(it, data) => {
                request(f, "MWr", it)?;
                write!(f, " [{}]", hex(data))
            }
            Tlp::Completion(it, data) => {
                write!(
                    f,
                    "Cpl{} {:?}{} of {:04x} tag {:#04x} by {:04x}, {} bytes left, lower address {:#04x} [{}]",
                    if data.is_empty() { "" } else { "D" },
                    it.status,
                    if it.common.poisoned { " poisoned" } else { "" },
                    it.requester,
                    it.tag,
                    it.completer,
                    it.byte_count,
                    it.lower_address,
                    hex(data)
                )
            }
        }
    }
}

fn hex(words: &[u32]) -> String {
    let shown: Vec<String> = words.iter().take(8).map(|word| format!("{word:08x}")).collect();
    let more = if words.len() > 8 { format!(" and {} more", words.len() - 8) } else { String::new() };
    shown.join(" ") + &more
}
