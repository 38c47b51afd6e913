//! The contract between the redundancy unit, its driver and the VMM.
//!
//! Everything that crosses a boundary is defined here, once: what a replica writes for the unit
//! ([`submission`]), what the unit answers ([`verdict`], [`fault`]), how content is identified
//! ([`fingerprint`]), and the registers that configure it ([`registers`], [`identity`]). The RTL, the
//! driver, the reference model and the documentation are all derived from these tables; how the unit
//! *behaves* is in `docs/src/unit.md`.
//!
//! Read in this order: [`record`], [`fingerprint`], [`submission`], [`verdict`], [`fault`],
//! [`registers`], [`identity`].
//!
//! All integers are little-endian. Reserved bits are written as zero and checked to be zero. Any change of
//! a layout changes [`identity::VERSION`] and adds a snapshot under `tests/`.
#![no_std]
#![forbid(unsafe_code)]

mod check;
mod code;
pub mod fault;
pub mod fingerprint;
pub mod identity;
pub mod layout;
pub mod record;
pub mod registers;
pub mod submission;
pub mod verdict;

pub use check::check_code;
pub use fault::{Fault, FaultCause, FaultEntry};
pub use fingerprint::{Fingerprint, fingerprint};
pub use identity::Identity;
pub use record::{Generation, Header, Kind, LaneSet, Seq};
pub use submission::{Body, Submission, SubmissionEntry};
pub use verdict::{Outcome, Verdict, VerdictEntry};

/// Lanes that one group can have at most (the width of a [`LaneSet`]).
pub const LANES_PER_GROUP_MAX: usize = 4;

/// Why an entry was refused by its reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EntryError {
    /// The check code does not belong to the other bytes: the entry is torn, flipped or not an entry.
    Check {
        /// What the entry carries.
        found: u32,
        /// What its other bytes call for.
        computed: u32,
    },
    /// A reserved bit is set, or padding is not zero.
    Reserved,
    /// A code that must be one of a few code words is none of them.
    Code(u8),
}

impl core::fmt::Display for EntryError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            EntryError::Check { found, computed } => {
                write!(f, "check code is {found:#010x}, its bytes call for {computed:#010x}")
            }
            EntryError::Reserved => write!(f, "a reserved bit is set"),
            EntryError::Code(code) => write!(f, "{code:#04x} is no code word"),
        }
    }
}

impl core::error::Error for EntryError {}
