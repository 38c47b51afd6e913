//! Instructions that give something else at each run, and where they are in a program.
//!
//! Processors of the kind that a guest runs on here execute them natively and cannot be made to trap: they are replaced by `ud2`,
//! which can.

pub(crate) mod generator;

use iced_x86::{Code, Decoder, DecoderOptions, Instruction, Mnemonic, Register};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What stands in place of such an instruction. None is shorter.
pub(crate) const UD2: [u8; 2] = [0x0f, 0x0b];

/// Which instruction was replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Kind {
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

/// Finds them by decoding from the beginning on.
pub(crate) fn sweep(code: &[u8], address: u64) -> BTreeMap<u64, Site> {
    let mut decoder = Decoder::with_ip(64, code, address, DecoderOptions::NONE);
    let mut instruction = Instruction::default();
    let mut found = BTreeMap::new();
    while decoder.can_decode() {
        decoder.decode_out(&mut instruction);
        if instruction.code() == Code::INVALID {
            continue;
        }
        if let Some(site) = Site::of(&instruction) {
            found.insert(instruction.ip(), site);
        }
    }
    found
}
