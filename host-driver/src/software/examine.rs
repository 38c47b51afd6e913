//! The checks that an entry has to pass, in the order of `docs/src/unit.md`.

use crate::arena::ArenaReader;
use crate::entry::Entry;
use crate::group::LanePlace;
use covert_abi::{EntryError, FaultCause, Generation, Seq, SubmissionEntry, submission::SubmissionError};

/// What the checks of an entry need to know about the group.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    pub(crate) group: u16,
    pub(crate) generation: Generation,
    pub(crate) payload_max: u32,
}

/// A fault about to be logged: its cause, and the address or tail that belongs to it.
pub(crate) type Cause = (FaultCause, u64);

/// Reads the entry with number `index` of the generation and checks it against what is `due` there. A payload's bytes are not
/// read.
#[inline]
pub(crate) fn examine(
    arena: &ArenaReader,
    place: &LanePlace,
    terms: &Terms,
    index: u32,
    due: Seq,
) -> Result<Entry, Cause> {
    let slot = u64::from(index & ((1 << place.ring_log2) - 1));
    let iova = place.ring_base.wrapping_add(slot * SubmissionEntry::BYTES as u64);
    if !in_window(place, iova, SubmissionEntry::BYTES as u64) {
        return Err((FaultCause::Isolation, iova));
    }
    let Some(entry) = arena.load_entry(iova) else {
        return Err((FaultCause::DmaRefused, iova));
    };
    if let Err(error) = entry.check() {
        return Err((cause_of(error), 0));
    }
    if entry.group() != terms.group {
        return Err((FaultCause::Group, 0));
    }
    if entry.generation() != terms.generation {
        return Err((FaultCause::Generation, 0));
    }
    if entry.seq() != due {
        return Err((FaultCause::Sequence, 0));
    }
    if entry.length() > terms.payload_max {
        return Err((FaultCause::Length, 0));
    }
    if !entry.is_inline() && entry.length() != 0 {
        let (iova, length) = (entry.iova(), u64::from(entry.length()));
        if !in_window(place, iova, length) {
            return Err((FaultCause::Isolation, iova));
        }
        if !arena.holds(iova, length) {
            return Err((FaultCause::DmaRefused, iova));
        }
    }
    Ok(entry)
}

#[inline]
fn in_window(place: &LanePlace, first: u64, length: u64) -> bool {
    let inside = |end| end <= place.window_limit;
    place.window_base <= first && first.checked_add(length).is_some_and(inside)
}

/// The fault that an entry is which its own bytes do not allow.
#[cold]
fn cause_of(error: SubmissionError) -> FaultCause {
    match error {
        SubmissionError::InlineTooLong { .. } => FaultCause::Length,
        SubmissionError::Entry(EntryError::Check { .. }) => FaultCause::Check,
        SubmissionError::Entry(EntryError::Reserved | EntryError::Code(_)) => FaultCause::Reserved,
    }
}
