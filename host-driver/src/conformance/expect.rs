//! What a case expects of a comparator, and what is said when it does something else.

use super::rig::Rig;
use covert_abi::{Fault, FaultCause, Fingerprint, Generation, Header, LaneSet, Outcome, Seq, Verdict};

/// What a comparator did that it must not do.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Failure(pub String);

/// As a test that returns it prints it.
impl core::fmt::Debug for Failure {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Failure {
    /// A failure to do something that the case needs.
    pub fn because(error: impl core::fmt::Display) -> Failure {
        Failure(error.to_string())
    }
}

/// A case's result.
pub(super) type Kept = Result<(), Failure>;

/// Requires two values to be equal.
pub(super) fn same<T: PartialEq + core::fmt::Debug>(what: impl core::fmt::Display, got: T, want: T) -> Kept {
    if got == want { Ok(()) } else { Err(Failure(format!("{what}: got {got:?}, expected {want:?}"))) }
}

/// Lanes by position.
pub(super) fn set(lanes: impl IntoIterator<Item = usize>) -> LaneSet {
    lanes.into_iter().collect()
}

/// No lane.
pub(super) const NONE: LaneSet = LaneSet::EMPTY;

/// The fingerprint that the contract gives a payload under this header, whose length is set from the payload.
pub(super) fn print_of(header: Header, payload: &[u8]) -> Fingerprint {
    covert_abi::fingerprint(payload, &Header { length: payload.len() as u32, ..header })
}

/// Some bytes of which no two near ones are alike.
pub(super) fn bytes(length: usize, seed: u8) -> Vec<u8> {
    (0..length).map(|i| (i as u8).wrapping_mul(37) ^ (i >> 8) as u8 ^ seed).collect()
}

impl Rig {
    /// A verdict of this generation without a winner.
    pub(super) fn bad(&self, seq: Seq, outcome: Outcome, dissent: LaneSet) -> Verdict {
        self.verdict(seq, outcome, NONE, dissent, Fingerprint(0))
    }

    /// A verdict of this generation.
    pub(super) fn verdict(
        &self,
        seq: Seq,
        outcome: Outcome,
        agree: LaneSet,
        dissent: LaneSet,
        fingerprint: Fingerprint,
    ) -> Verdict {
        let (group, generation) = (self.shape.group, self.generation());
        Verdict { group, generation, seq, outcome, agree, dissent, fingerprint }
    }

    /// The last verdict of a generation.
    pub(super) fn flushed(&self, generation: Generation, seq: Seq, agree: LaneSet) -> Verdict {
        Verdict { generation, ..self.verdict(seq, Outcome::Flushed, agree, NONE, Fingerprint(0)) }
    }

    /// Requires exactly these verdicts to be there.
    pub(super) fn expect(&mut self, what: impl core::fmt::Display, verdicts: &[Verdict]) -> Kept {
        same(what, self.verdicts()?.as_slice(), verdicts)
    }

    /// Requires exactly one fault to be logged, of this generation.
    pub(super) fn expect_fault(&mut self, lane: usize, seq: Seq, cause: FaultCause, address: u64) -> Kept {
        let (group, generation) = (self.shape.group, self.generation());
        let fault = Fault { group, lane: lane as u8, generation, seq, cause, address };
        same("the fault log", self.faults()?, vec![fault])
    }

    /// Flushes, and requires `Flushed` to come, and no other verdict.
    pub(super) fn flush(&mut self, members: LaneSet, start: Seq, judged: Seq, live: LaneSet) -> Kept {
        let ended = self.generation();
        self.group.flush(members, start).map_err(Failure::because)?;
        let marker = self.flushed(ended, judged, live);
        self.expect("the end of the generation", &[marker])
    }
}
