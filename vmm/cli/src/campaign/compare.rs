//! The verdicts of two runs with one fault, held against each other.
//!
//! What a comparator may decide is the verdict on each record. How far replicas had come when one of them crashed or hung is
//! not its doing, so that a generation which ended by that is compared as far as both runs went.

use covert_abi::{Generation, Outcome, Seq, Verdict};
use std::collections::{BTreeMap, BTreeSet};

/// What identical means: for the report.
pub const DEFINITION: &str = "\
Identical: both runs have the same verdicts in the same order, each with the same generation, record, outcome, agreeing lanes,\n\
dissenting lanes and fingerprint, the marker at the end of each generation included.\n\
Cut short: a generation was ended by something that is no verdict (a crash, a hang, a scrub, requests or ends that differed).\n\
How far replicas had come by then is a matter of time. The shorter of its two sequences is the beginning of the longer one; generations\n\
after it may start and end elsewhere, and are the same, record by record, where they overlap.\n\
Different: anything else.";

/// The verdicts of a run.
#[derive(Clone, Debug, Default)]
pub struct Sequence {
    /// All of them, in order.
    pub verdicts: Vec<Verdict>,
    /// Why generations ended, those that no verdict ended.
    pub cuts: BTreeMap<Generation, String>,
}

/// What came of holding two sequences against each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Held {
    /// They are the same.
    Identical {
        /// Verdicts in each.
        verdicts: u64,
    },
    /// The same, as far as both go.
    CutShort {
        /// Verdicts that both have.
        verdicts: u64,
        /// What ended the first generation that was cut short.
        by: String,
    },
    /// They contradict each other; says where.
    Different(String),
}

/// One generation of a run.
#[derive(Clone, Copy)]
struct Part<'a> {
    /// Without the marker.
    records: &'a [Verdict],
    marker: Option<&'a Verdict>,
    cut: Option<&'a str>,
}

impl Part<'_> {
    fn start(&self) -> Seq {
        self.records.first().or(self.marker).map_or(0, |verdict| verdict.seq)
    }

    fn end(&self) -> Seq {
        self.start() + self.records.len() as u64
    }

    fn at(&self, seq: Seq) -> Option<&Verdict> {
        self.records.get(usize::try_from(seq.checked_sub(self.start())?).ok()?)
    }
}

/// The generations of a run.
///
/// # Errors
/// A verdict stands where it cannot: says which.
fn parts(sequence: &Sequence) -> Result<BTreeMap<Generation, Part<'_>>, String> {
    let mut parts = BTreeMap::new();
    let mut before = None;
    for verdicts in sequence.verdicts.chunk_by(|one, other| one.generation == other.generation) {
        let generation = verdicts[0].generation;
        if before.is_some_and(|before| before >= generation) {
            return Err(format!("generation {generation} comes after a later one"));
        }
        before = Some(generation);
        for (one, other) in verdicts.iter().zip(&verdicts[1..]) {
            if one.outcome == Outcome::Flushed || other.seq != one.seq + 1 {
                return Err(format!("{} comes after {}", show(Some(other)), show(Some(one))));
            }
        }
        let (marker, records) = match verdicts.split_last() {
            Some((last, records)) if last.outcome == Outcome::Flushed => (Some(last), records),
            _ => (None, verdicts),
        };
        let cut = sequence.cuts.get(&generation).map(String::as_str);
        parts.insert(generation, Part { records, marker, cut });
    }
    Ok(parts)
}

/// Holds the verdicts of two runs against each other; see [`DEFINITION`].
pub fn hold(one: &Sequence, other: &Sequence) -> Held {
    if one.verdicts == other.verdicts {
        return Held::Identical { verdicts: one.verdicts.len() as u64 };
    }
    match overlap(one, other) {
        Ok((verdicts, by)) => Held::CutShort { verdicts, by },
        Err(what) => Held::Different(what),
    }
}

/// The number of verdicts that both have, and what ended the first generation that was cut short.
///
/// # Errors
/// Where they contradict each other.
fn overlap(one: &Sequence, other: &Sequence) -> Result<(u64, String), String> {
    let (one, other) = (parts(one)?, parts(other)?);
    let generations: BTreeSet<Generation> = one.keys().chain(other.keys()).copied().collect();
    let (mut verdicts, mut by) = (0, None);
    for generation in generations {
        let (left, right) = match (one.get(&generation), other.get(&generation)) {
            (Some(left), Some(right)) => (left, right),
            // One run needed another attempt more, which can be only after one was cut short.
            _ if by.is_some() => continue,
            _ => return Err(format!("only one of them has a generation {generation}")),
        };
        if by.is_none() && left.start() != right.start() {
            return Err(format!(
                "generation {generation} starts at {} and at {}",
                left.start(),
                right.start()
            ));
        }
        let (from, to) = (left.start().max(right.start()), left.end().min(right.end()));
        for seq in from..to {
            let (left, right) = (left.at(seq), right.at(seq));
            if left != right {
                return Err(format!("{} and {}", show(left), show(right)));
            }
            verdicts += 1;
        }
        let shorter_was_cut = match left.end().cmp(&right.end()) {
            std::cmp::Ordering::Less => left.cut,
            std::cmp::Ordering::Greater => right.cut,
            std::cmp::Ordering::Equal => left.cut.or(right.cut),
        };
        match shorter_was_cut {
            Some(cut) => _ = by.get_or_insert_with(|| cut.to_owned()),
            None if left.end() != right.end() => {
                let seq = to.max(from);
                return Err(format!("{} and {}", show(left.at(seq)), show(right.at(seq))));
            }
            None if left.marker != right.marker => {
                return Err(format!("{} and {}", show(left.marker), show(right.marker)));
            }
            None => {}
        }
    }
    by.map(|by| (verdicts, by)).ok_or_else(|| "they differ, and nothing was cut short".into())
}

fn show(verdict: Option<&Verdict>) -> String {
    let Some(verdict) = verdict else { return "no verdict".into() };
    let Verdict { generation, seq, outcome, agree, dissent, fingerprint, .. } = verdict;
    let lanes = |lanes: &covert_abi::LaneSet| lanes.iter().map(|lane| lane.to_string()).collect::<String>();
    format!(
        "{outcome:?} on record {seq} of generation {generation} (agree [{}], dissent [{}], fingerprint {:016x})",
        lanes(agree),
        lanes(dissent),
        fingerprint.0
    )
}

#[cfg(test)]
mod tests;
