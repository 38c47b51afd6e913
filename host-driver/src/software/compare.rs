//! From the lanes' records to their fingerprints, each shared byte read once.
//!
//! A block of each lane's payload is copied into private memory, and everything after that looks at the copies: equal
//! blocks are told by comparing bytes, so that lanes that agree cost one CRC between them; lanes that part
//! ways get a CRC of their own from the block on where they do. Why not otherwise, with numbers: decision 0001.

use crate::arena::ArenaReader;
use crate::crc::{Crc64, crc64};
use covert_abi::fingerprint::padding;
use covert_abi::{Body, Fingerprint, Header, LANES_PER_GROUP_MAX, Submission};

/// Bytes compared at a time: small enough for all copies to stay in the first-level cache.
const BLOCK: usize = 8192;
/// Room behind a block for padding and header, so that a short record is one run of bytes.
const ROOM: usize = BLOCK + 64;

/// One lane's record and where its payload is.
pub(super) type Delivered<'a> = Option<(&'a ArenaReader, &'a Submission)>;

/// The fingerprints by lane; those of lanes without a record are zero and mean nothing.
pub(super) type Fingerprints = [Fingerprint; LANES_PER_GROUP_MAX];

/// The private memory of the comparison.
#[derive(Debug)]
pub(super) struct Comparer {
    blocks: [Box<[u8]>; LANES_PER_GROUP_MAX],
}

impl Comparer {
    pub(super) fn new() -> Comparer {
        Comparer { blocks: core::array::from_fn(|_| vec![0; ROOM].into_boxed_slice()) }
    }

    /// The fingerprint of each record.
    #[inline]
    pub(super) fn fingerprints(&mut self, records: &[Delivered<'_>; LANES_PER_GROUP_MAX]) -> Fingerprints {
        let mut prints = Fingerprints::default();
        let mut present = records.iter().flatten();
        let Some((_, first)) = present.next() else { return prints };
        if present.clone().all(|(_, other)| other == first)
            && let Body::Inline(bytes) = first.body
        {
            return [inline(&first.header, &bytes); LANES_PER_GROUP_MAX];
        }
        if present.all(|(_, other)| other.header == first.header) {
            self.together(records, &mut prints);
        } else {
            // Headers that differ make fingerprints that differ, so there is nothing to share.
            for lane in 0..records.len() {
                let mut alone = [None; LANES_PER_GROUP_MAX];
                alone[lane] = records[lane];
                self.together(&alone, &mut prints);
            }
        }
        prints
    }

    /// Fingerprints of records with one header, block by block.
    fn together(&mut self, records: &[Delivered<'_>; LANES_PER_GROUP_MAX], prints: &mut Fingerprints) {
        let Some(header) = records.iter().flatten().next().map(|(_, record)| record.header) else { return };
        let length = header.length as usize;
        // `class[lane]` is the first lane whose payload has been the same so far.
        let mut class: [usize; LANES_PER_GROUP_MAX] = [0; LANES_PER_GROUP_MAX];
        let first = records.iter().position(Option::is_some).unwrap_or(0);
        class.fill(first);
        let mut digests = [Crc64::new(); LANES_PER_GROUP_MAX];
        let mut at = 0;
        loop {
            let bytes = (length - at).min(BLOCK);
            let last = at + bytes == length;
            let mut covered = bytes;
            for (lane, record) in records.iter().enumerate() {
                if let Some((arena, record)) = record {
                    take(arena, record, at, &mut self.blocks[lane][..bytes]);
                    if last {
                        covered = finish_image(&mut self.blocks[lane], bytes, length, &header);
                    }
                }
            }
            self.split(records, covered, &mut class, &mut digests);
            for (lane, record) in records.iter().enumerate() {
                if record.is_some() && class[lane] == lane {
                    let block = &self.blocks[lane][..covered];
                    if last && at == 0 {
                        prints[lane] = Fingerprint(crc64(block));
                    } else {
                        digests[lane].update(block);
                        if last {
                            prints[lane] = Fingerprint(digests[lane].finish());
                        }
                    }
                }
            }
            if last {
                break;
            }
            at += bytes;
        }
        for lane in 0..records.len() {
            prints[lane] = prints[class[lane]];
        }
    }

    /// Lanes whose block differs from that of their class leave it, for one that differs alike or their own.
    fn split(
        &self,
        records: &[Delivered<'_>; LANES_PER_GROUP_MAX],
        bytes: usize,
        class: &mut [usize; LANES_PER_GROUP_MAX],
        digests: &mut [Crc64; LANES_PER_GROUP_MAX],
    ) {
        let before = *class;
        for lane in 0..records.len() {
            if records[lane].is_none() || before[lane] == lane {
                continue;
            }
            let same = |other: &usize| {
                before[*other] == before[lane]
                    && class[*other] == *other
                    && records[*other].is_some()
                    && self.blocks[*other][..bytes] == self.blocks[lane][..bytes]
            };
            let joined = (0..lane).find(same).unwrap_or(lane);
            if joined == lane {
                digests[lane] = digests[before[lane]];
            }
            class[lane] = joined;
        }
    }
}

/// The fingerprint of a record that is all in its entry.
#[inline]
fn inline(header: &Header, bytes: &[u8; 24]) -> Fingerprint {
    let mut image = [0; 64];
    image[..24].copy_from_slice(bytes);
    let length = header.length as usize;
    let padded = length + padding(length);
    image[padded..padded + Header::BYTES].copy_from_slice(&header.to_bytes());
    Fingerprint(crc64(&image[..padded + Header::BYTES]))
}

/// Copies a piece of the payload, wherever it is.
#[inline]
fn take(arena: &ArenaReader, record: &Submission, at: usize, to: &mut [u8]) {
    let there = match &record.body {
        Body::Inline(bytes) => match bytes.get(at..at + to.len()) {
            Some(bytes) => {
                to.copy_from_slice(bytes);
                true
            }
            None => false,
        },
        Body::At(iova) => to.is_empty() || arena.read(iova.wrapping_add(at as u64), to),
    };
    // The entry's check has established that the payload is there, and a mapping does not shrink.
    debug_assert!(there, "the payload of a checked entry is not in the arena");
    if !there {
        to.fill(0);
    }
}

/// Appends padding and header to the last block; gives the bytes that it has then.
#[inline]
fn finish_image(block: &mut [u8], bytes: usize, length: usize, header: &Header) -> usize {
    let padded = bytes + padding(length);
    block[bytes..padded].fill(0);
    block[padded..padded + Header::BYTES].copy_from_slice(&header.to_bytes());
    padded + Header::BYTES
}
