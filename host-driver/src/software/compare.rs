//! From the lanes' records to their fingerprints, each shared byte read once.
//!
//! Payloads in the arenas go through the CRC straight from shared memory; nothing is copied and nothing is read
//! twice, whether they turn out equal or not. Records that are all in their entries are private already: there, equal
//! bytes are told by comparing, and lanes that agree cost one CRC between them. Why not otherwise, with
//! numbers: decision 0001.

use crate::arena::ArenaReader;
use crate::crc::Crc64;
use crate::entry::{Entry, HEADER_WORDS};
use covert_abi::fingerprint::padding;
use covert_abi::{Fingerprint, LANES_PER_GROUP_MAX};

/// One lane's record and where its payload is.
pub(super) type Delivered<'a> = Option<(&'a ArenaReader, &'a Entry)>;

/// The fingerprint of each record; those of lanes without one are zero and mean nothing.
#[inline]
pub(super) fn fingerprints(
    records: &[Delivered<'_>; LANES_PER_GROUP_MAX],
) -> [Fingerprint; LANES_PER_GROUP_MAX] {
    let mut prints = [Fingerprint::default(); LANES_PER_GROUP_MAX];
    let mut last: Option<(&Entry, Fingerprint)> = None;
    for (record, print) in records.iter().zip(&mut prints) {
        let Some((arena, entry)) = record else { continue };
        *print = match last {
            _ if !entry.is_inline() => arena.fingerprint(entry.iova(), entry),
            Some((other, known)) if other == *entry => known,
            _ => inline(entry),
        };
        last = Some((entry, *print));
    }
    prints
}

/// The fingerprint of one record.
pub(crate) fn fingerprint(arena: &ArenaReader, entry: &Entry) -> Fingerprint {
    if entry.is_inline() { inline(entry) } else { arena.fingerprint(entry.iova(), entry) }
}

/// The fingerprint of a record that is all in its entry.
#[inline]
fn inline(entry: &Entry) -> Fingerprint {
    let (body, header) = (entry.body(), entry.header());
    let length = entry.length() as usize;
    // The entry's check has established that the length is at most 24 and that the rest of the body is zero.
    let padded = ((length + padding(length)) / 8).min(4);
    let mut words = [body[0], body[1], body[2], 0, 0, 0, 0, 0];
    words[padded..padded + HEADER_WORDS].copy_from_slice(&header);
    Fingerprint(Crc64::new().finish_with(&words[..padded + HEADER_WORDS]))
}
