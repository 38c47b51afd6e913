//! Which verdict can come next. A card that writes another one is broken, whatever its check code says.

use super::UnitError;
use crate::ledger::Ledger;
use covert_abi::{LaneSet, Outcome, Verdict};

/// What is known before the next verdict.
pub(super) struct Due<'a> {
    pub(super) group: u16,
    /// Every lane of the group.
    pub(super) lanes: LaneSet,
    pub(super) ledger: &'a Ledger,
}

impl Due<'_> {
    /// Checks that a verdict is the one that must come next.
    ///
    /// # Errors
    /// It is not.
    pub(super) fn check(&self, verdict: &Verdict) -> Result<(), UnitError> {
        let due = (self.group, self.ledger.generation, self.ledger.next);
        let sane = (verdict.group, verdict.generation, verdict.seq) == due
            && verdict.agree.and(verdict.dissent).is_empty()
            && verdict.agree.or(verdict.dissent).without(self.lanes).is_empty()
            && (verdict.outcome != Outcome::Flushed || self.ledger.flush_pending())
            && follows_from_a_vote(verdict);
        if sane {
            return Ok(());
        }
        Err(UnitError::Impossible { found: format!("{verdict:?} where {due:x?} was due") })
    }
}

/// Whether some vote has this outcome with such lanes and such a fingerprint: the table of the vote in `docs/src/unit.md`.
fn follows_from_a_vote(verdict: &Verdict) -> bool {
    let Verdict { agree, dissent, fingerprint, .. } = verdict;
    let none = fingerprint.0 == 0;
    match verdict.outcome {
        Outcome::Match => !agree.is_empty() && dissent.is_empty(),
        Outcome::Majority => !agree.is_empty() && !dissent.is_empty(),
        Outcome::Flushed => dissent.is_empty() && none,
        _ => agree.is_empty() && !dissent.is_empty() && none,
    }
}
