//! What is kept of a mismatch, for the person who has to find out why: `divergence.json`.

use anyhow::{Context, Result};
use covert_abi::Verdict;
use covert_core::Record;
use covert_driver::ArenaReader;
use covert_replica::cpu::Registers;
use covert_replica::history::{Exit, History};
use covert_replica::memory::PAGE;
use covert_replica::staging;
use iced_x86::{Decoder, DecoderOptions, Formatter, IntelFormatter};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Bytes of a record's payload that are shown around the first difference.
const AROUND: usize = 32;

/// Writes each divergence over the one before, numbered.
#[derive(Debug)]
pub struct Divergence {
    path: PathBuf,
    number: u64,
    /// The one that is still to be completed by what the replicas did last.
    open: Option<Description>,
    histories: Vec<Option<History>>,
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
    /// The registers that differ at the exit that made the record, or at the last one before it.
    pub registers: Vec<RegisterView>,
    /// The last exits of each replica, oldest first.
    pub exits: Vec<Vec<ExitView>>,
    /// The code at which each replica stood when it was stopped, a little later.
    pub code: Vec<Vec<String>>,
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

/// A register that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisterView {
    /// Its name.
    pub name: String,
    /// In each replica, in hexadecimal.
    pub values: Vec<String>,
}

/// A counted exit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExitView {
    /// Its number.
    pub exit: u64,
    /// Records produced before it.
    pub seq: u64,
    /// Where the guest stood.
    pub rip: String,
    /// RAX: for a system call its number.
    pub rax: String,
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
        Divergence { path, number: 0, open: None, histories: Vec::new() }
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
            registers: Vec::new(),
            exits: Vec::new(),
            code: Vec::new(),
            pages,
        };
        self.write(&description)?;
        self.histories = vec![None; arenas.len()];
        self.open = Some(description);
        Ok(())
    }

    /// Takes what a replica did last. When all have told it, the description is complete.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn history(&mut self, replica: usize, history: History) -> Result<()> {
        let Some(place) = self.histories.get_mut(replica) else { return Ok(()) };
        *place = Some(history);
        let Some(histories) = self.histories.iter().cloned().collect::<Option<Vec<_>>>() else {
            return Ok(());
        };
        self.histories.clear();
        let Some(mut description) = self.open.take() else { return Ok(()) };
        description.registers = differing_registers(description.seq, &histories);
        let view = |exit: &Exit| ExitView {
            exit: exit.number,
            seq: exit.seq,
            rip: format!("{:#x}", exit.registers.rip),
            rax: format!("{:#x}", exit.registers.rax),
        };
        description.exits =
            histories.iter().map(|history| history.exits.iter().map(view).collect()).collect();
        description.code = histories.iter().map(disassembled).collect();
        self.write(&description)
    }

    fn write(&self, description: &Description) -> Result<()> {
        let json = serde_json::to_vec_pretty(description)?;
        let path = self.path.display();
        std::fs::write(&self.path, json).with_context(|| format!("cannot write {path}"))
    }
}

/// The registers that differ at the exit that made record `seq`.
fn differing_registers(seq: u64, histories: &[History]) -> Vec<RegisterView> {
    let at = |history: &History| {
        history.exits.iter().rev().find(|exit| exit.seq <= seq).map(|exit| exit.registers)
    };
    let Some(states) = histories.iter().map(at).collect::<Option<Vec<_>>>() else { return Vec::new() };
    // Names and values as they are serialised: every register that there is.
    let values = |state: &Registers| serde_json::to_value(state).ok()?.as_object().cloned();
    let Some(states) = states.iter().map(values).collect::<Option<Vec<_>>>() else { return Vec::new() };
    let Some(first) = states.first() else { return Vec::new() };
    let differs = |name: &&String| states.iter().any(|state| state.get(*name) != first.get(*name));
    let view = |name: &String| {
        let value = |state: &serde_json::Map<String, serde_json::Value>| {
            format!("{:#x}", state.get(name).and_then(serde_json::Value::as_u64).unwrap_or(0))
        };
        RegisterView { name: name.clone(), values: states.iter().map(value).collect() }
    };
    first.keys().filter(differs).map(view).collect()
}

fn disassembled(history: &History) -> Vec<String> {
    let mut decoder = Decoder::with_ip(64, &history.code, history.rip, DecoderOptions::NONE);
    let mut formatter = IntelFormatter::new();
    let mut lines = Vec::new();
    while decoder.can_decode() {
        let instruction = decoder.decode();
        let mut line = format!("{:#x}  ", instruction.ip());
        formatter.format(&instruction, &mut line);
        lines.push(line);
    }
    lines
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
