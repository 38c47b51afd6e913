//! What is kept of a mismatch, for the person who has to find out why: `divergence.json`.

use anyhow::{Context, Result};
use covert_abi::Verdict;
use covert_core::Record;
use covert_driver::ArenaReader;
use covert_replica::memory::PAGE;
use covert_replica::staging;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Bytes of a record's payload that are shown around the first difference.
const AROUND: usize = 32;

/// Writes each divergence over the one before, numbered.
#[derive(Debug)]
pub struct Divergence {
    path: PathBuf,
    number: u64,
}

/// One divergence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    /// The how many-th of the run, from 1.
    pub number: u64,
    /// What the comparator saw.
    pub outcome: String,
    /// The record.
    pub seq: u64,
    /// Its generation.
    pub generation: u32,
    /// The last record that compared equal before it; none if it was the first.
    pub last_equal: Option<u64>,
    /// Each replica's record, if it made one.
    pub records: Vec<Option<RecordView>>,
    /// Offset of the first byte of the payloads that differs.
    pub first_difference: Option<usize>,
    /// For a record of the state at the end of an epoch: the pages that differ in the staged checkpoints.
    pub pages: Vec<PageView>,
}

/// A record as a replica made it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordView {
    /// What it is.
    pub kind: u16,
    /// By which channel it was to leave.
    pub channel: u32,
    /// Where to.
    pub target: u64,
    /// Bytes of its payload.
    pub length: u32,
    /// The payload around the first difference, in hexadecimal.
    pub payload: String,
}

/// A page that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageView {
    /// Its address.
    pub address: u64,
    /// Offset of its first byte that differs; none if only some replicas wrote it.
    pub offset: Option<usize>,
    /// That byte in each replica that wrote the page.
    pub bytes: Vec<Option<u8>>,
}

impl Divergence {
    /// Will write to this path.
    pub fn new(path: PathBuf) -> Divergence {
        Divergence { path, number: 0 }
    }

    /// Describes a verdict that was not a match.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn describe(
        &mut self,
        verdict: &Verdict,
        records: &[Option<Record>],
        arenas: &[ArenaReader],
        memory: u64,
    ) -> Result<()> {
        self.number += 1;
        let payloads: Vec<_> = records.iter().flatten().map(|record| record.payload.as_slice()).collect();
        let first_difference = first_difference(&payloads);
        let from = first_difference.unwrap_or(0).saturating_sub(AROUND / 2);
        let view = |record: &Record| RecordView {
            kind: record.header.kind,
            channel: record.header.channel,
            target: record.header.target,
            length: record.header.length,
            payload: hex(record
                .payload
                .get(from..)
                .unwrap_or_default()
                .get(..AROUND)
                .unwrap_or(record.payload.get(from..).unwrap_or_default())),
        };
        let of_state = |record: &Record| record.header.kind == covert_abi::Kind::State as u16;
        let pages = match records.iter().flatten().any(of_state) {
            true => differing_pages(arenas, memory),
            false => Vec::new(),
        };
        let description = Description {
            number: self.number,
            outcome: format!("{:?}", verdict.outcome),
            seq: verdict.seq,
            generation: verdict.generation,
            last_equal: verdict.seq.checked_sub(1),
            records: records.iter().map(|record| record.as_ref().map(view)).collect(),
            first_difference,
            pages,
        };
        let json = serde_json::to_vec_pretty(&description)?;
        let path = self.path.display();
        std::fs::write(&self.path, json).with_context(|| format!("cannot write {path}"))
    }
}

fn first_difference(payloads: &[&[u8]]) -> Option<usize> {
    let [first, others @ ..] = payloads else { return None };
    let with = |other: &&[u8]| {
        let differs = first.iter().zip(other.iter()).position(|(a, b)| a != b);
        differs.or((first.len() != other.len()).then_some(first.len().min(other.len())))
    };
    others.iter().filter_map(with).min()
}

/// The pages by which the staged checkpoints differ.
fn differing_pages(arenas: &[ArenaReader], memory: u64) -> Vec<PageView> {
    let Ok(staged) = arenas.iter().map(|arena| staging::read(arena, memory)).collect::<Result<Vec<_>, _>>()
    else {
        return Vec::new();
    };
    let mut numbers: Vec<u32> =
        staged.iter().flat_map(|one| one.pages.iter().map(|(page, _)| *page)).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let content = |one: &staging::Staged, number: u32| {
        let place = one.pages.iter().position(|(page, _)| *page == number)?;
        Some(one.content[place * PAGE as usize..(place + 1) * PAGE as usize].to_vec())
    };
    let mut views = Vec::new();
    for number in numbers {
        let pages: Vec<Option<Vec<u8>>> = staged.iter().map(|one| content(one, number)).collect();
        let there: Vec<&[u8]> = pages.iter().flatten().map(Vec::as_slice).collect();
        let offset = first_difference(&there);
        if offset.is_some() || there.len() < pages.len() {
            let byte = |page: &Option<Vec<u8>>| page.as_ref().and_then(|page| page.get(offset?).copied());
            let bytes = pages.iter().map(byte).collect();
            views.push(PageView { address: u64::from(number) * PAGE, offset, bytes });
        }
    }
    views
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_difference_is_found_also_behind_the_end_of_one() {
        assert_eq!(first_difference(&[b"abc", b"abd"]), Some(2));
        assert_eq!(first_difference(&[b"abc", b"ab"]), Some(2));
        assert_eq!(first_difference(&[b"abc", b"abc"]), None);
        assert_eq!(first_difference(&[b"abc"]), None);
        assert_eq!(first_difference(&[b"abc", b"abc", b"xbc"]), Some(0));
    }
}
