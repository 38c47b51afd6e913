//! What a replica writes for its lane: one submission entry a record.
//!
//! The first 32 bytes *are* the canonical header, so that the unit feeds them to the fingerprint as they came. The
//! unit fetches an entry once and never reads it again. Bit budget, 512 bits:
//!
//! | bits | field | why so wide |
//! |---|---|---|
//! | 64 | seq | never wraps: at a million records a second it lasts 584,000 years |
//! | 32 | generation | one a rollback |
//! | 32 | length | the capability word limits it far below |
//! | 64 | target | a guest-physical address or a file offset |
//! | 16 | group | |
//! | 16 | kind | |
//! | 32 | channel | file and stream handles of a process guest |
//! | 192 | body | 24 bytes of inline payload, or an address and zeros |
//! | 32 | flags | one used, the rest checked to be zero |
//! | 32 | check | CRC-32C of all of the above |

use crate::layout::entry;
use crate::{EntryError, Header, check};

/// Longest payload that fits into the entry itself.
pub const INLINE_MAX: usize = 24;

/// Flag: the payload is in the entry's body. Every other flag bit is reserved.
pub const FLAG_INLINE: u32 = 1;

/// Offset of the check code in the entry.
pub const CHECK_OFFSET: usize = 60;

entry! {
    /// One entry of a lane's submission ring.
    pub struct SubmissionEntry: 64 bytes {
        /// The canonical header, byte for byte as the fingerprint covers it.
        header: Header = 0,
        /// With `INLINE`: the payload, then zeros. Without: its address (8 bytes, IOVA), then zeros.
        body: [u8; 24] = 32,
        /// Bit 0 is `INLINE`; bits 31..1 are zero.
        flags: u32 = 56,
        /// CRC-32C of the entry with this field zero.
        check: u32 = 60,
    }
}

/// Where a record's payload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Body {
    /// In the entry: the first `length` bytes of these, the rest zero.
    Inline([u8; INLINE_MAX]),
    /// In the arena, at this IOVA.
    At(u64),
}

/// A well-formed submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Submission {
    /// The canonical header.
    pub header: Header,
    /// The payload or its address.
    pub body: Body,
}

/// What is wrong with a submission entry that its check code does not catch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SubmissionError {
    /// Check code or reserved bits.
    Entry(EntryError),
    /// Inline payload longer than [`INLINE_MAX`].
    InlineTooLong {
        /// What the header claims.
        length: u32,
    },
}

impl core::fmt::Display for SubmissionError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            SubmissionError::Entry(error) => write!(f, "submission entry: {error}"),
            SubmissionError::InlineTooLong { length } => {
                write!(f, "submission entry: {length} inline bytes, at most {INLINE_MAX} fit")
            }
        }
    }
}

impl core::error::Error for SubmissionError {}

impl From<EntryError> for SubmissionError {
    fn from(error: EntryError) -> Self {
        SubmissionError::Entry(error)
    }
}

impl Submission {
    /// A record whose payload travels in the entry; `None` if it is longer than [`INLINE_MAX`].
    ///
    /// The header's length is set from the payload.
    pub fn inline(header: Header, payload: &[u8]) -> Option<Submission> {
        let mut body = [0; INLINE_MAX];
        body.get_mut(..payload.len())?.copy_from_slice(payload);
        let header = Header { length: payload.len() as u32, ..header };
        Some(Submission { header, body: Body::Inline(body) })
    }

    /// The entry to write into the ring, with its check code.
    pub fn seal(&self) -> [u8; SubmissionEntry::BYTES] {
        let (body, flags) = match self.body {
            Body::Inline(bytes) => (bytes, FLAG_INLINE),
            Body::At(iova) => {
                let mut bytes = [0; INLINE_MAX];
                bytes[..8].copy_from_slice(&iova.to_le_bytes());
                (bytes, 0)
            }
        };
        let mut entry = SubmissionEntry { header: self.header, body, flags, check: 0 }.to_bytes();
        check::stamp::<{ SubmissionEntry::BYTES }, CHECK_OFFSET>(&mut entry);
        entry
    }

    /// Reads an entry, with everything checked that can be checked without knowing the lane.
    ///
    /// # Errors
    /// In this order: check code, reserved flags, inline length, padding behind the payload or the address.
    pub fn open(entry: &[u8; SubmissionEntry::BYTES]) -> Result<Submission, SubmissionError> {
        Submission::open_checked(entry, check::check_code::<{ SubmissionEntry::BYTES }, CHECK_OFFSET>(entry))
    }

    /// Like [`open`](Self::open) for a caller that has computed the check code by faster means.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_checked(
        entry: &[u8; SubmissionEntry::BYTES],
        computed: u32,
    ) -> Result<Submission, SubmissionError> {
        let SubmissionEntry { header, body: bytes, flags, check } = SubmissionEntry::from_bytes(entry);
        check::require(check, computed)?;
        if flags & !FLAG_INLINE != 0 {
            return Err(EntryError::Reserved.into());
        }
        let (body, used) = if flags & FLAG_INLINE != 0 {
            if header.length as usize > INLINE_MAX {
                return Err(SubmissionError::InlineTooLong { length: header.length });
            }
            (Body::Inline(bytes), header.length as usize)
        } else {
            let mut iova = [0; 8];
            iova.copy_from_slice(&bytes[..8]);
            (Body::At(u64::from_le_bytes(iova)), 8)
        };
        if bytes[used..].iter().any(|byte| *byte != 0) {
            return Err(EntryError::Reserved.into());
        }
        Ok(Submission { header, body })
    }
}
