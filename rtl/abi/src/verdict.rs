//! What the unit answers: one final verdict a record, in its group's verdict ring.

use crate::code::code_words;
use crate::layout::entry;
use crate::{EntryError, Fingerprint, Generation, LaneSet, Seq, check};

/// Offset of the check code in the entry.
pub const CHECK_OFFSET: usize = 24;

/// The phase bit in the entry's last word. The other bits of that word are reserved.
pub const PHASE: u32 = 1;

code_words! {
    /// How a record ended.
    pub enum Outcome {
        /// Every live lane delivered the record, all equal.
        Match = 0x69,
        /// A quorum agreed; the lanes in `dissent` differed, failed or did not come.
        Majority = 0x5A,
        /// Two lanes delivered, and they differ.
        Mismatch = 0x96,
        /// Three or more lanes, and no quorum among them.
        NoMajority = 0xA5,
        /// A lane had no entry for the record when the skew watchdog expired.
        Timeout = 0x3C,
        /// A lane asked for memory outside its window.
        Isolation = 0x33,
        /// A lane's payload could not be read.
        Dma = 0xCC,
        /// A lane's entry was malformed or not the one that was due.
        BadEntry = 0x55,
        /// Not a record: the last entry of a generation. `seq` is the first record that has no verdict.
        Flushed = 0x0F,
    }
}

impl Outcome {
    /// Whether a record with this outcome may be released.
    pub const fn is_releasable(self) -> bool {
        matches!(self, Outcome::Match | Outcome::Majority)
    }
}

entry! {
    /// One entry of a group's verdict ring: one aligned 32-byte write, its last word last.
    pub struct VerdictEntry: 32 bytes {
        /// Of the lanes in `agree`; zero when there are none.
        fingerprint: u64 = 0,
        /// The record's position; for `Flushed` the first position without a verdict.
        seq: u64 = 8,
        /// The record's generation.
        generation: u32 = 16,
        /// Code word of the [`Outcome`].
        outcome: u8 = 20,
        /// Bits 3..0: lanes that agree. Bits 7..4: lanes that dissent.
        votes: u8 = 21,
        /// The group.
        group: u16 = 22,
        /// CRC-32C of the entry with this field zero, formed in the comparator.
        check: u32 = 24,
        /// Bit 0 is the phase: 1 in the ring's first lap, then alternating. Bits 31..1 are zero.
        phase: u32 = 28,
    }
}

/// A verified verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Verdict {
    /// The group.
    pub group: u16,
    /// The record's generation.
    pub generation: Generation,
    /// The record's position; for `Flushed` the first position without a verdict.
    pub seq: Seq,
    /// How the record ended.
    pub outcome: Outcome,
    /// The lanes that delivered the record with this fingerprint. Empty unless the outcome is releasable.
    pub agree: LaneSet,
    /// The lanes to blame: those that differ from the quorum or failed; all that were compared when it is
    /// unknown which of them is wrong.
    pub dissent: LaneSet,
    /// Of the lanes that agree; zero when there are none.
    pub fingerprint: Fingerprint,
}

impl Verdict {
    /// The entry to write into the ring, with phase and check code.
    pub fn seal(&self, phase: bool) -> [u8; VerdictEntry::BYTES] {
        let mut entry = VerdictEntry {
            fingerprint: self.fingerprint.0,
            seq: self.seq,
            generation: self.generation,
            outcome: self.outcome.code(),
            votes: self.agree.bits() | self.dissent.bits() << 4,
            group: self.group,
            check: 0,
            phase: u32::from(phase),
        }
        .to_bytes();
        check::stamp::<{ VerdictEntry::BYTES }, CHECK_OFFSET>(&mut entry);
        entry
    }

    /// Reads an entry whose phase says that it is there.
    ///
    /// # Errors
    /// Anything that the unit would not write: a wrong check code, a reserved bit, an outcome that is no
    /// code word. The reader takes each as a fault of the card.
    pub fn open(entry: &[u8; VerdictEntry::BYTES]) -> Result<Verdict, EntryError> {
        check::verify::<{ VerdictEntry::BYTES }, CHECK_OFFSET>(entry)?;
        let raw = VerdictEntry::from_bytes(entry);
        if raw.phase & !PHASE != 0 {
            return Err(EntryError::Reserved);
        }
        let outcome = Outcome::from_code(raw.outcome)?;
        let agree = LaneSet::from_bits(raw.votes & 0xF).unwrap_or_default();
        let dissent = LaneSet::from_bits(raw.votes >> 4).unwrap_or_default();
        Ok(Verdict {
            group: raw.group,
            generation: raw.generation,
            seq: raw.seq,
            outcome,
            agree,
            dissent,
            fingerprint: Fingerprint(raw.fingerprint),
        })
    }
}

/// The phase that entry number `index` (counted from the ring's start, never wrapped) carries in a ring of
/// `1 << log2_entries` entries.
pub const fn phase_of(index: u32, log2_entries: u32) -> bool {
    match index.checked_shr(log2_entries) {
        Some(lap) => lap & 1 == 0,
        None => true,
    }
}
