//! Release what was compared: the only way from a verdict to bytes that may leave.
//!
//! The coordinator copies a record into memory of its own, computes the fingerprint of *that copy*, requires it to be
//! the verdict's, and hands that same buffer out. Whatever happened to the record since it was compared, in the
//! arena or on the way, is caught here.

use crate::arena::ArenaReader;
use crate::crc;
use covert_abi::fingerprint::padding;
use covert_abi::submission::{INLINE_MAX, SubmissionError};
use covert_abi::{Fingerprint, Header, Outcome, Seq, Verdict};

/// Bytes of the longest inline payload with its padding. Every copy has room for them, so that short records are
/// copied at a fixed size.
const INLINE_PADDED: usize = INLINE_MAX + padding(INLINE_MAX);

/// Why a record could not be copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CopyError {
    /// There is no such lane.
    #[error("the group has no lane {0}")]
    NoLane(usize),
    /// The record was released, or is not judged yet.
    #[error("record {seq} is not one of those judged and not released: copy before the release")]
    NotThere {
        /// Which record.
        seq: Seq,
    },
    /// The entry is damaged.
    #[error("the entry changed since it was compared: {0}")]
    Entry(SubmissionError),
    /// The payload is not in the arena.
    #[error("the payload of {length} bytes at {iova:#x} cannot be read")]
    Unreadable {
        /// Its address.
        iova: u64,
        /// Its length.
        length: u32,
    },
    /// The payload is longer than the buffer.
    #[error("a payload of {length} bytes, but the copy has room for {room}")]
    TooLong {
        /// Its length.
        length: u32,
        /// What fits.
        room: usize,
    },
}

/// Why a copy must not leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReleaseError {
    /// The verdict allows no release.
    #[error("the verdict is {0:?}: nothing may leave")]
    Outcome(Outcome),
    /// The copy is not what was compared.
    #[error(
        "the copy's fingerprint is {copied}, {compared} was compared: copy from another lane, or roll back"
    )]
    Fingerprint {
        /// Of the copy.
        copied: Fingerprint,
        /// Of the verdict.
        compared: Fingerprint,
    },
    /// The copy is of another record.
    #[error("the copy is not of the record that the verdict is about")]
    Record,
}

/// The coordinator's own copy of one record: payload, padding and header in one buffer, as the fingerprint covers them.
#[derive(Clone, Debug)]
pub struct RecordCopy {
    image: Box<[u8]>,
    used: usize,
}

/// A record that may leave: what this holds is what was compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Released<'a> {
    /// Its header.
    pub header: Header,
    /// Its payload.
    pub payload: &'a [u8],
}

impl RecordCopy {
    /// A buffer for payloads of up to `payload_max` bytes. The only allocation on the way out.
    pub fn new(payload_max: u32) -> RecordCopy {
        let payload = (payload_max as usize).max(INLINE_PADDED);
        let bytes = payload.saturating_add(padding(payload)).saturating_add(Header::BYTES);
        RecordCopy { image: vec![0; bytes].into_boxed_slice(), used: 0 }
    }

    /// Copies the record whose entry is at `entry_iova`.
    ///
    /// # Errors
    /// The entry or its payload is not to be had; the copy is then empty.
    #[inline]
    pub fn fill(&mut self, arena: &ArenaReader, entry_iova: u64) -> Result<(), CopyError> {
        self.used = 0;
        let unreadable = |iova, length| CopyError::Unreadable { iova, length };
        let entry = arena.load_entry(entry_iova).ok_or(unreadable(entry_iova, 64))?;
        entry.check().map_err(CopyError::Entry)?;
        let length = entry.length() as usize;
        let room = self.image.len() - Header::BYTES;
        let padded = length.saturating_add(padding(length));
        if padded > room {
            return Err(CopyError::TooLong { length: entry.length(), room });
        }
        if entry.is_inline() {
            // The check has established that the body is zero behind the payload, as padding has to be.
            put(&mut self.image[..INLINE_PADDED], entry.body().into_iter().chain([0]));
        } else {
            let iova = entry.iova();
            if length != 0 && !arena.read(iova, &mut self.image[..length]) {
                return Err(unreadable(iova, entry.length()));
            }
            self.image[length..padded].fill(0);
        }
        self.used = padded + Header::BYTES;
        put(&mut self.image[padded..self.used], entry.header().into_iter());
        Ok(())
    }

    /// What the fingerprint covers. Fault injection flips bits here; [`confirm`](Self::confirm) catches each.
    pub fn image_mut(&mut self) -> &mut [u8] {
        &mut self.image[..self.used]
    }

    /// Header and payload as they were copied, for a diagnosis: nothing says that they are what anybody compared.
    pub fn unconfirmed(&self) -> Option<(Header, &[u8])> {
        let (padded, header) = self.image[..self.used].split_last_chunk::<{ Header::BYTES }>()?;
        let header = Header::from_bytes(header);
        Some((header, padded.get(..header.length as usize)?))
    }

    /// Hands the record out if it is the one that the verdict found equal.
    ///
    /// # Errors
    /// The verdict allows no release, or the copy is not what it is about.
    #[inline]
    pub fn confirm(&self, verdict: &Verdict) -> Result<Released<'_>, ReleaseError> {
        if !verdict.outcome.is_releasable() {
            return Err(ReleaseError::Outcome(verdict.outcome));
        }
        let image = &self.image[..self.used];
        let copied = Fingerprint(crc::crc64(image));
        let Some((padded, header)) = image.split_last_chunk::<{ Header::BYTES }>() else {
            return Err(ReleaseError::Record);
        };
        if copied != verdict.fingerprint {
            return Err(ReleaseError::Fingerprint { copied, compared: verdict.fingerprint });
        }
        let header = Header::from_bytes(header);
        let named = (header.group, header.generation, header.seq);
        let length = header.length as usize;
        if named != (verdict.group, verdict.generation, verdict.seq)
            || length.checked_add(padding(length)) != Some(padded.len())
        {
            return Err(ReleaseError::Record);
        }
        Ok(Released { header, payload: &padded[..length] })
    }
}

/// Writes words as little-endian bytes.
#[inline]
fn put(to: &mut [u8], words: impl Iterator<Item = u64>) {
    for (to, word) in to.chunks_exact_mut(8).zip(words) {
        to.copy_from_slice(&word.to_le_bytes());
    }
}
