//! The fault log: why a lane was locked, in the card's own ring.
//!
//! A verdict says *that* a lane failed at a record; the fault log says *how*. Diagnosis reads it, release never
//! depends on it.

use crate::code::code_words;
use crate::layout::entry;
use crate::verdict::PHASE;
use crate::{EntryError, Generation, Outcome, Seq, check};

/// Offset of the check code in the entry.
pub const CHECK_OFFSET: usize = 24;

code_words! {
    /// Why a lane was locked. The first that applies, in this order, is the one logged.
    pub enum FaultCause {
        /// The tail rung at the doorbell is further ahead of the head than the ring is long.
        Doorbell = 0x0F,
        /// An entry's check code is wrong: torn, flipped or never written.
        Check = 0x33,
        /// A reserved flag is set or the body's padding is not zero.
        Reserved = 0x3C,
        /// The entry names another group.
        Group = 0x55,
        /// The entry belongs to another generation.
        Generation = 0x5A,
        /// The entry is not the next one in sequence.
        Sequence = 0x66,
        /// The payload is longer than the group allows, or too long to be inline.
        Length = 0x69,
        /// Ring or payload lie outside the lane's window.
        Isolation = 0x96,
        /// The read was answered with unsupported request or completer abort.
        DmaRefused = 0x99,
        /// The completion was poisoned.
        DmaPoisoned = 0xA5,
        /// The completion did not come in time; its tag is quarantined.
        DmaTimeout = 0xAA,
        /// The completion does not fit the request.
        DmaMalformed = 0xC3,
        /// The skew watchdog expired while the lane had no entry.
        Timeout = 0xCC,
        /// The lane was reset while it was live.
        Reset = 0xF0,
    }
}

impl FaultCause {
    /// The outcome of a record that cannot reach a quorum because of this fault.
    pub const fn outcome(self) -> Outcome {
        match self {
            FaultCause::Isolation => Outcome::Isolation,
            FaultCause::DmaRefused
            | FaultCause::DmaPoisoned
            | FaultCause::DmaTimeout
            | FaultCause::DmaMalformed => Outcome::Dma,
            FaultCause::Timeout => Outcome::Timeout,
            FaultCause::Doorbell
            | FaultCause::Check
            | FaultCause::Reserved
            | FaultCause::Group
            | FaultCause::Generation
            | FaultCause::Sequence
            | FaultCause::Length
            | FaultCause::Reset => Outcome::BadEntry,
        }
    }
}

entry! {
    /// One entry of the card's fault ring.
    pub struct FaultEntry: 32 bytes {
        /// The offending address for `Isolation` and `Dma…`, the rung tail for `Doorbell`, else zero.
        address: u64 = 0,
        /// The record at which the lane was locked: the next one that was due from it.
        seq: u64 = 8,
        /// Generation of the group at that time.
        generation: u32 = 16,
        /// Code word of the [`FaultCause`].
        cause: u8 = 20,
        /// Position of the lane in its group.
        lane: u8 = 21,
        /// The group.
        group: u16 = 22,
        /// CRC-32C of the entry with this field zero.
        check: u32 = 24,
        /// Bit 0 is the phase, as in the verdict ring. Bits 31..1 are zero.
        phase: u32 = 28,
    }
}

/// A verified fault report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fault {
    /// The group.
    pub group: u16,
    /// Position of the lane in its group.
    pub lane: u8,
    /// Generation of the group at that time.
    pub generation: Generation,
    /// The record at which the lane was locked.
    pub seq: Seq,
    /// Why.
    pub cause: FaultCause,
    /// The offending address for `Isolation` and `Dma…`, the rung tail for `Doorbell`, else zero.
    pub address: u64,
}

impl Fault {
    /// The entry to write into the ring, with phase and check code.
    pub fn seal(&self, phase: bool) -> [u8; FaultEntry::BYTES] {
        let mut entry = FaultEntry {
            address: self.address,
            seq: self.seq,
            generation: self.generation,
            cause: self.cause.code(),
            lane: self.lane,
            group: self.group,
            check: 0,
            phase: u32::from(phase),
        }
        .to_bytes();
        check::stamp::<{ FaultEntry::BYTES }, CHECK_OFFSET>(&mut entry);
        entry
    }

    /// Reads an entry whose phase says that it is there.
    ///
    /// # Errors
    /// A wrong check code, a reserved bit, or a cause that is no code word.
    pub fn open(entry: &[u8; FaultEntry::BYTES]) -> Result<Fault, EntryError> {
        check::verify::<{ FaultEntry::BYTES }, CHECK_OFFSET>(entry)?;
        let raw = FaultEntry::from_bytes(entry);
        if raw.phase & !PHASE != 0 {
            return Err(EntryError::Reserved);
        }
        Ok(Fault {
            group: raw.group,
            lane: raw.lane,
            generation: raw.generation,
            seq: raw.seq,
            cause: FaultCause::from_code(raw.cause)?,
            address: raw.address,
        })
    }
}
