//! Where in a trace the verdict on a record was written, and the clocks around it that are worth looking at.

use super::tlp::Tlp;
use super::trace::{Event, Stream, Trace};
use covert_abi::{Outcome, Seq, Verdict, VerdictEntry};
use std::ops::RangeInclusive;

/// Clocks before a verdict's write that show how the record came: its doorbells, entries and payloads.
pub const BEFORE: u64 = 2_000;
/// Clocks after it that show what follows: the interrupt, and the next record's begin.
pub const AFTER: u64 = 300;

/// A verdict in a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// The clock in which the last beat of its write was taken.
    pub clock: u64,
    /// The verdict.
    pub verdict: Verdict,
}

impl Written {
    /// The clocks around it that the trace has.
    pub fn around(&self, trace: &Trace) -> RangeInclusive<u64> {
        let last = trace.clocks.saturating_sub(1);
        self.clock.saturating_sub(BEFORE)..=self.clock.saturating_add(AFTER).min(last)
    }
}

/// A trace has no verdict on the record that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoVerdict {
    /// It has others.
    #[error("the trace has no verdict on record {asked}: it has those on records {first} to {last}")]
    Other {
        /// The record.
        asked: Seq,
        /// The lowest record that it has a verdict on.
        first: Seq,
        /// The highest.
        last: Seq,
    },
    /// It has none at all.
    #[error("the trace has no verdict at all: `--list` shows what it has")]
    None,
}

/// The verdict on a record. After a rollback there can be several: then the first that is no match, or else the last.
///
/// # Errors
/// There is none; the message says of which records there are.
pub fn verdict_on(trace: &Trace, seq: Seq) -> Result<Written, NoVerdict> {
    let of_it = || verdicts(trace).filter(|written| written.verdict.seq == seq);
    let bad = of_it().find(|written| !written.verdict.outcome.is_releasable());
    bad.or_else(|| of_it().last()).ok_or_else(|| {
        let all = || verdicts(trace).map(|written| written.verdict.seq);
        match all().min().zip(all().max()) {
            Some((first, last)) => NoVerdict::Other { asked: seq, first, last },
            None => NoVerdict::None,
        }
    })
}

/// The verdicts on records in a trace, in their order.
pub fn verdicts(trace: &Trace) -> impl Iterator<Item = Written> {
    trace.events.iter().filter_map(|(clock, event)| {
        let Event::Packet(Stream::TxReq, words) = event else { return None };
        let Ok(Tlp::Write(_, data)) = Tlp::decode(words) else { return None };
        let bytes: Vec<u8> = data.iter().flat_map(|word| word.to_le_bytes()).collect();
        let entry: [u8; VerdictEntry::BYTES] = bytes.try_into().ok()?;
        let verdict = Verdict::open(&entry).ok().filter(is_on_a_record)?;
        Some(Written { clock: *clock, verdict })
    })
}

/// Not a `Flushed`, and not an entry of the fault ring: that has the same size and check code, and its lane's number where a
/// verdict has the lanes, which no verdict but a match could have there.
fn is_on_a_record(verdict: &Verdict) -> bool {
    let blames = verdict.dissent.bits() != 0;
    verdict.outcome != Outcome::Flushed && (verdict.outcome.is_releasable() || blames)
}

#[cfg(test)]
mod tests {
    use super::super::tlp::Request;
    use super::super::trace::TraceWriter;
    use super::*;
    use covert_abi::{Fault, FaultCause, Fingerprint, LaneSet};

    fn verdict(generation: u32, seq: Seq, outcome: Outcome) -> [u8; 32] {
        let both = LaneSet::from_bits(3).unwrap();
        let (agree, dissent) =
            if outcome.is_releasable() { (both, LaneSet::default()) } else { (LaneSet::default(), both) };
        Verdict { group: 0, generation, seq, outcome, agree, dissent, fingerprint: Fingerprint(7) }.seal(true)
    }

    /// A trace of these 32-byte writes, each in its clock.
    fn trace(writes: &[(u64, [u8; 32])]) -> Trace {
        let mut trace = TraceWriter::new(1, 0);
        for (clock, entry) in writes {
            let words = entry.chunks(4).map(|word| u32::from_le_bytes(word.try_into().unwrap())).collect();
            trace.packet(*clock, Stream::TxReq, &Tlp::Write(Request::over(0x2000_0000, 32), words).encode());
        }
        trace.finish(100_000)
    }

    #[test]
    fn the_verdict_that_is_no_match_is_found_among_those_of_its_record() {
        let trace = trace(&[
            (10, verdict(1, 4, Outcome::Match)),
            (5_000, verdict(1, 5, Outcome::Mismatch)),
            (5_100, verdict(1, 5, Outcome::Flushed)),
            (9_000, verdict(2, 4, Outcome::Match)),
            (99_990, verdict(2, 5, Outcome::Match)),
        ]);
        let found = verdict_on(&trace, 5).unwrap();
        assert_eq!((found.clock, found.verdict.outcome), (5_000, Outcome::Mismatch));
        assert_eq!(found.around(&trace), 3_000..=5_300);
        assert_eq!(verdict_on(&trace, 4).unwrap().clock, 9_000, "the last, as none is bad");
    }

    #[test]
    fn the_clocks_around_end_with_the_trace() {
        let trace = trace(&[(3, verdict(1, 0, Outcome::Match)), (99_990, verdict(1, 1, Outcome::Match))]);
        assert_eq!(verdict_on(&trace, 0).unwrap().around(&trace), 0..=303);
        assert_eq!(verdict_on(&trace, 1).unwrap().around(&trace), 97_990..=99_999);
    }

    #[test]
    fn what_is_no_verdict_on_a_record_is_none() {
        let fault = Fault { group: 0, lane: 1, generation: 1, seq: 5, cause: FaultCause::Check, address: 0 };
        let writes = [(1, fault.seal(true)), (2, verdict(1, 5, Outcome::Flushed)), (3, [0xA5; 32])];
        assert_eq!(verdict_on(&trace(&writes), 5), Err(NoVerdict::None));
    }

    #[test]
    fn who_asks_for_a_record_without_a_verdict_is_told_which_have_one() {
        let trace = trace(&[(1, verdict(1, 3, Outcome::Match)), (2, verdict(1, 4, Outcome::Match))]);
        assert_eq!(verdict_on(&trace, 9), Err(NoVerdict::Other { asked: 9, first: 3, last: 4 }));
    }
}
