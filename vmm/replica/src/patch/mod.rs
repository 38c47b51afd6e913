//! Instructions that give something else at each run, and where they are in a program.
//!
//! Processors of the kind that a guest runs on here execute them natively and cannot be made to trap: they are replaced by `ud2`,
//! which can. What is data must not be touched, and x86 code cannot be told from data by looking at it: the ways through
//! the program ([`descent`]) and decoding all of it ([`sweep`]) have to agree.

mod descent;
pub(crate) mod generator;
mod map;
mod sweep;
#[cfg(test)]
mod tests;

pub(crate) use map::Map;

use descent::Reached;
use iced_x86::{Instruction, Mnemonic, Register};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What stands in place of such an instruction. None is shorter.
pub(crate) const UD2: [u8; 2] = [0x0f, 0x0b];

/// Which instruction was replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Kind {
    /// Features and number of the processor.
    Cpuid,
    /// Time stamp counter.
    Rdtsc,
    /// Time stamp counter and number of the processor.
    Rdtscp,
    /// Number of the processor.
    Rdpid,
    /// Random number.
    Rdrand,
    /// Random number.
    Rdseed,
}

/// A replaced instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Site {
    /// Which.
    pub(crate) kind: Kind,
    /// Its bytes.
    pub(crate) length: u8,
    /// The number of the register that it writes, of those that do not always write the same ones.
    pub(crate) register: u8,
    /// How many bytes of the register.
    pub(crate) width: u8,
}

impl Site {
    /// The site that an instruction is, if it is one of those.
    fn of(instruction: &Instruction) -> Option<Site> {
        let kind = match instruction.mnemonic() {
            Mnemonic::Cpuid => Kind::Cpuid,
            Mnemonic::Rdtsc => Kind::Rdtsc,
            Mnemonic::Rdtscp => Kind::Rdtscp,
            Mnemonic::Rdpid => Kind::Rdpid,
            Mnemonic::Rdrand => Kind::Rdrand,
            Mnemonic::Rdseed => Kind::Rdseed,
            _ => return None,
        };
        let (register, width) = match instruction.op0_register() {
            Register::None => (0, 8),
            register => (register.number() as u8, register.size() as u8),
        };
        Some(Site { kind, length: instruction.len() as u8, register, width })
    }
}

/// What was found in a program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Findings {
    /// To be replaced: there is a way to them, and decoding all the code meets them too.
    pub(crate) certain: BTreeMap<u64, Site>,
    /// To be replaced: no way to them was found, but they are in the middle of what is code.
    pub(crate) doubtful: BTreeMap<u64, Site>,
    /// To be left: they look like such instructions, but what they are in does not look like code.
    pub(crate) left: BTreeMap<u64, Site>,
}

impl Findings {
    fn merge(&mut self, mut other: Findings) {
        self.certain.append(&mut other.certain);
        self.doubtful.append(&mut other.doubtful);
        self.left.append(&mut other.left);
    }
}

/// A part of a program in memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Region<'a> {
    /// Where it is.
    pub(crate) start: u64,
    /// What is there.
    pub(crate) bytes: &'a [u8],
}

impl Region<'_> {
    /// How far behind its beginning an address is.
    fn offset(&self, address: u64) -> Option<usize> {
        let offset = usize::try_from(address.checked_sub(self.start)?).ok()?;
        (offset < self.bytes.len()).then_some(offset)
    }
}

/// Looks for such instructions in a program.
pub(crate) fn analyse(program: &Map<'_>) -> Findings {
    if !program.code.iter().any(|region| may_have(region.bytes)) {
        return Findings::default();
    }
    let reached = Reached::from(program);
    sweep::classify(&program.code, &reached)
}

/// Looks for such instructions in code of which nothing is known but that it is there, with zeros around it.
pub(crate) fn analyse_bare(region: Region<'_>) -> Findings {
    let mut findings = Findings::default();
    if may_have(region.bytes) {
        let parts = between_zeros(region).into_iter().filter(|part| may_have(part.bytes));
        parts.for_each(|part| findings.merge(sweep::classify(&[part], &Reached::default())));
    }
    findings
}

/// The parts of a region between long runs of zeros: each is decoded from its own beginning.
fn between_zeros(region: Region<'_>) -> Vec<Region<'_>> {
    /// No instruction has so many.
    const LONG: usize = 16;
    let mut parts = Vec::new();
    let mut begun = None;
    let mut zeros = 0;
    for (at, byte) in region.bytes.iter().enumerate() {
        if *byte != 0 {
            begun.get_or_insert(at);
            zeros = 0;
            continue;
        }
        zeros += 1;
        if zeros == LONG {
            parts.extend(begun.take().map(|from| from..at + 1 - LONG));
        }
    }
    parts.extend(begun.map(|from| from..region.bytes.len()));
    let part = |range: std::ops::Range<usize>| Region {
        start: region.start.wrapping_add(range.start as u64),
        bytes: &region.bytes[range],
    };
    parts.into_iter().map(part).collect()
}

/// Whether the bytes of such an instruction are there at all. Quick, and mostly says no for what is not libc.
fn may_have(bytes: &[u8]) -> bool {
    bytes.windows(2).enumerate().any(|(at, pair)| {
        // A prefix may stand before the first byte, never between these.
        match pair {
            [0x0f, 0x31 | 0xa2] => true,
            [0x0f, 0x01] => bytes.get(at + 2) == Some(&0xf9),
            // The group of RDRAND (/6), RDSEED and RDPID (/7), with a register as operand.
            [0x0f, 0xc7] => bytes.get(at + 2).is_some_and(|byte| *byte >= 0xf0),
            _ => false,
        }
    })
}
