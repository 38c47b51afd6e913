//! Which lanes of a verdict's dissent were locked at its record, and which only differ and go on.
//!
//! A verdict does not say. It is asked when the verdict is polled, since the record is in the arenas then and may be
//! overwritten later.

use crate::arena::ArenaReader;
use crate::ledger::{Failed, Ledger};
use crate::software::compare::fingerprint;
use crate::software::examine::{Terms, examine};
use covert_abi::{FaultCause, LANES_PER_GROUP_MAX, Outcome, Verdict};

/// Where and why the lanes in the dissent were locked; `None` for those that were not.
pub(super) fn locked(
    ledger: &Ledger,
    arenas: &[ArenaReader],
    verdict: &Verdict,
) -> [Option<Failed>; LANES_PER_GROUP_MAX] {
    let mut locked = [None; LANES_PER_GROUP_MAX];
    for lane in verdict.dissent.iter() {
        locked[lane] = arenas.get(lane).and_then(|arena| suspect(ledger, arena, lane, verdict));
    }
    locked
}

/// A report that was read and the marks of the journal are certain. Else the lane's entry is read again: one that is wrong
/// was wrong for the card. One that is right was delivered if it differs from what won; if it does not, the lane cannot
/// have delivered it by then.
fn suspect(ledger: &Ledger, arena: &ArenaReader, lane: usize, verdict: &Verdict) -> Option<Failed> {
    let seq = verdict.seq;
    if let Some(known) = ledger.known_cause(lane, seq) {
        return Some(known);
    }
    let index = ledger.index(seq);
    let failed = |(cause, address)| Some(Failed { seq, cause, address });
    let late = (FaultCause::Timeout, 0);
    let rung = arena.rung();
    if rung.generation == ledger.generation && rung.count == index {
        return failed(late);
    }
    let payload_max = ledger.payload_max_at(lane, index);
    let terms = Terms { group: verdict.group, generation: verdict.generation, payload_max };
    match examine(arena, ledger.places.get(lane)?, &terms, index, seq) {
        Err(cause) => failed(cause),
        Ok(entry) => match verdict.outcome {
            // Nobody dissents from these but those that were locked.
            Outcome::Isolation | Outcome::Dma | Outcome::Timeout | Outcome::BadEntry => failed(late),
            Outcome::Majority if fingerprint(arena, &entry) == verdict.fingerprint => failed(late),
            _ => None,
        },
    }
}
