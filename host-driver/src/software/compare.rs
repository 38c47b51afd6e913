//! From the lanes' records to their fingerprints, each shared byte read once.
//!
//! Payloads in the arenas go through the CRC straight from shared memory; nothing is copied and nothing is read
//! twice, whether they turn out equal or not. Records that are all in their entries are private already: there, equal
//! bytes are told by comparing, and lanes that agree cost one CRC between them. Why not otherwise, with
//! numbers: decision 0001.

use crate::arena::ArenaReader;
use crate::crc::crc64;
use covert_abi::fingerprint::padding;
use covert_abi::submission::INLINE_MAX;
use covert_abi::{Body, Fingerprint, Header, LANES_PER_GROUP_MAX, Submission};

/// One lane's record and where its payload is.
pub(super) type Delivered<'a> = Option<(&'a ArenaReader, &'a Submission)>;

/// The fingerprint of each record; those of lanes without one are zero and mean nothing.
#[inline]
pub(super) fn fingerprints(
    records: &[Delivered<'_>; LANES_PER_GROUP_MAX],
) -> [Fingerprint; LANES_PER_GROUP_MAX] {
    let mut prints = [Fingerprint::default(); LANES_PER_GROUP_MAX];
    let mut last: Option<(&Submission, Fingerprint)> = None;
    for (record, print) in records.iter().zip(&mut prints) {
        let Some((arena, record)) = record else { continue };
        *print = match (&record.body, last) {
            (Body::Inline(_), Some((other, known))) if other == *record => known,
            (Body::Inline(bytes), _) => inline(&record.header, bytes),
            (Body::At(iova), _) => arena.fingerprint(*iova, &record.header),
        };
        last = Some((record, *print));
    }
    prints
}

/// The fingerprint of a record that is all in its entry.
#[inline]
fn inline(header: &Header, bytes: &[u8; INLINE_MAX]) -> Fingerprint {
    let mut image = [0; 64];
    image[..INLINE_MAX].copy_from_slice(bytes);
    let length = header.length as usize;
    // The entry's check has established that the length is at most 24 and that the rest of the body is zero.
    let padded = (length + padding(length)).min(32);
    image[padded..padded + Header::BYTES].copy_from_slice(&header.to_bytes());
    Fingerprint(crc64(&image[..padded + Header::BYTES]))
}
