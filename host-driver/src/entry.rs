//! A submission entry as the eight words that came out of a ring, and the quick way to believe it.
//!
//! [`covert_abi::Submission`] defines what is well-formed and names what is not; here, the entries that are well-formed are told
//! from the rest without unpacking them, which is where a short record's time would go.

use crate::crc;
use crate::ring::ENTRY_WORDS;
use covert_abi::submission::{FLAG_INLINE, INLINE_MAX};
use covert_abi::{Generation, Header, Seq, Submission, SubmissionEntry, submission::SubmissionError};

/// Words of the canonical header.
pub(crate) const HEADER_WORDS: usize = Header::BYTES / 8;

/// One submission entry, taken out of its slot once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    words: [u64; ENTRY_WORDS],
}

impl Entry {
    /// The entry of these words, each little-endian.
    #[inline]
    pub fn from_words(words: [u64; ENTRY_WORDS]) -> Entry {
        Entry { words }
    }

    /// The entry of these bytes.
    pub fn from_bytes(bytes: &[u8; SubmissionEntry::BYTES]) -> Entry {
        Entry::from_words(core::array::from_fn(|word| crc::word_of(&bytes[word * 8..word * 8 + 8])))
    }

    /// A record's entry, with its check code: what [`Submission::seal`] gives. The body is the payload and zeros if it is
    /// `inline`, else the payload's address and zeros.
    #[inline]
    pub fn seal(header: &Header, body: [u64; 3], inline: bool) -> Entry {
        let mut words = [
            header.seq,
            u64::from(header.generation) | u64::from(header.length) << 32,
            header.target,
            u64::from(header.group) | u64::from(header.kind) << 16 | u64::from(header.channel) << 32,
            body[0],
            body[1],
            body[2],
            u64::from(if inline { FLAG_INLINE } else { 0 }),
        ];
        words[ENTRY_WORDS - 1] |= u64::from(crc::check_of(&words)) << 32;
        Entry { words }
    }

    /// The entry's words.
    #[inline]
    pub fn words(&self) -> &[u64; ENTRY_WORDS] {
        &self.words
    }

    /// The entry as bytes.
    pub fn to_bytes(&self) -> [u8; SubmissionEntry::BYTES] {
        let mut bytes = [0; SubmissionEntry::BYTES];
        for (word, bytes) in self.words.iter().zip(bytes.chunks_exact_mut(8)) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }

    /// Requires the entry to be well-formed.
    ///
    /// # Errors
    /// As [`Submission::open`].
    #[inline]
    pub fn check(&self) -> Result<(), SubmissionError> {
        if self.is_well_formed() { Ok(()) } else { Submission::open(&self.to_bytes()).map(|_| ()) }
    }

    /// True only for what [`Submission::open`] takes.
    #[inline]
    fn is_well_formed(&self) -> bool {
        let last = self.words[ENTRY_WORDS - 1];
        let (flags, check) = (last as u32, (last >> 32) as u32);
        let body = self.body();
        let padding = if flags == FLAG_INLINE {
            let used = self.length() as usize;
            if used > INLINE_MAX {
                return false;
            }
            let behind = |word: usize| u64::MAX.checked_shl((used.saturating_sub(word * 8) * 8) as u32);
            (0..3).fold(0, |set, word| set | body[word] & behind(word).unwrap_or(0))
        } else {
            body[1] | body[2]
        };
        flags <= FLAG_INLINE && padding == 0 && check == crc::check_of(&self.words)
    }

    /// Position of the record.
    #[inline]
    pub fn seq(&self) -> Seq {
        self.words[0]
    }

    /// Generation of the record.
    #[inline]
    pub fn generation(&self) -> Generation {
        self.words[1] as u32
    }

    /// Payload bytes.
    #[inline]
    pub fn length(&self) -> u32 {
        (self.words[1] >> 32) as u32
    }

    /// Group of the record.
    #[inline]
    pub fn group(&self) -> u16 {
        self.words[3] as u16
    }

    /// Whether the payload is in the body.
    #[inline]
    pub fn is_inline(&self) -> bool {
        self.words[ENTRY_WORDS - 1] as u32 & FLAG_INLINE != 0
    }

    /// The canonical header, as words.
    #[inline]
    pub fn header(&self) -> [u64; HEADER_WORDS] {
        [self.words[0], self.words[1], self.words[2], self.words[3]]
    }

    /// The payload, or its address, as words.
    #[inline]
    pub fn body(&self) -> [u64; 3] {
        [self.words[4], self.words[5], self.words[6]]
    }

    /// The payload's address, if it is not in the body.
    #[inline]
    pub fn iova(&self) -> u64 {
        self.words[4]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use covert_abi::Body;
    use proptest::prelude::*;

    /// An entry with some of its bytes changed, and its check code made right again or not.
    fn spoilt(submission: Submission, changes: &[(usize, u8)], sealed: bool) -> [u8; 64] {
        let mut bytes = submission.seal();
        for (at, with) in changes {
            bytes[*at % 64] ^= with;
        }
        if sealed {
            let code = covert_abi::check_code::<64, 60>(&bytes);
            bytes[60..].copy_from_slice(&code.to_le_bytes());
        }
        bytes
    }

    proptest! {
        #[test]
        fn an_entry_is_taken_exactly_when_the_contract_takes_it(
            words in any::<[u64; 3]>(),
            length in 0u32..40,
            inline in any::<bool>(),
            body in any::<[u8; 24]>(),
            blank in 0usize..25,
            changes in proptest::collection::vec((32usize..64, any::<u8>()), 0..3),
            sealed in any::<bool>(),
        ) {
            let mut body = body;
            body[blank..].fill(0);
            let header = Header {
                seq: words[0], generation: words[1] as u32, length, target: words[2], ..Header::default()
            };
            let body = if inline { Body::Inline(body) } else { Body::At(words[2]) };
            let bytes = spoilt(Submission { header, body }, &changes, sealed);
            let opened = Submission::open(&bytes);
            prop_assert_eq!(Entry::from_bytes(&bytes).check(), opened.map(|_| ()));
            prop_assert_eq!(Entry::from_bytes(&bytes).is_well_formed(), opened.is_ok());
            prop_assert_eq!(Entry::from_bytes(&bytes).to_bytes(), bytes);
            if let Ok(submission) = opened {
                let entry = Entry::from_bytes(&bytes);
                prop_assert_eq!(entry.seq(), submission.header.seq);
                prop_assert_eq!(entry.generation(), submission.header.generation);
                prop_assert_eq!(entry.length(), submission.header.length);
                prop_assert_eq!(entry.group(), submission.header.group);
                match submission.body {
                    Body::Inline(_) => prop_assert!(entry.is_inline()),
                    Body::At(iova) => prop_assert_eq!((entry.is_inline(), entry.iova()), (false, iova)),
                }
                let sealed = Entry::seal(&submission.header, entry.body(), entry.is_inline());
                prop_assert_eq!(sealed.to_bytes(), submission.seal());
            }
        }
    }
}
