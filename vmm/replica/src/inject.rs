//! Faults made on purpose: one bit of a register or of memory, at a place in the guest's life or at a moment of the host's.

use crate::cpu::Registers;
use crate::memory::{Memory, PAGE};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// What to flip.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Flip {
    /// A bit of a register.
    Register {
        /// Its name: `rax` to `r15`, `rsp`, `rip`, `rflags`.
        name: String,
        /// Which bit.
        bit: u32,
    },
    /// A bit of memory.
    Memory {
        /// Guest-physical address.
        address: u64,
        /// Bit of the byte.
        bit: u32,
    },
    /// A bit of some mapped page that is not all zeros, drawn when the fault is made.
    AnyMemory {
        /// What it is drawn from.
        seed: u64,
    },
}

/// When to flip it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum When {
    /// Before this record is produced.
    Output(u64),
    /// Before the guest runs on from this counted exit (of this process, from 0).
    Exit(u64),
    /// So many microseconds after the guest first runs, wherever it is then.
    Micros(u64),
    /// In this generation, so many microseconds after it runs on: for a fault during recovery.
    Generation {
        /// Which.
        generation: u32,
        /// Microseconds after it began.
        micros: u64,
    },
}

/// A fault to make.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// When.
    pub when: When,
    /// What.
    pub flip: Flip,
}

/// A fault that was made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Injected {
    /// What was flipped, in the form that [`Flip`] is given in.
    pub what: String,
    /// What it was before and after: the register, or the byte.
    pub before: u64,
    /// See `before`.
    pub after: u64,
    /// The guest's next instruction.
    pub rip: u64,
    /// The sixteen general registers, in the order of their numbers.
    pub registers: [u64; 16],
    /// Counted exits of the process before it.
    pub exits: u64,
    /// The next record.
    pub seq: u64,
    /// Whether the guest stood at a counted exit (then the place is exact) or was interrupted somewhere.
    pub exact: bool,
}

/// Why a text is not a [`Plan`] or [`Flip`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// A word without `=`, or one that nobody knows.
    #[error("`{0}` is not understood: write {1}")]
    Word(String, &'static str),
    /// Not a number.
    #[error("`{0}` is not a number: decimal, or hexadecimal after 0x")]
    Number(String),
    /// No such register.
    #[error("there is no register `{0}`: rax, rbx, ... r15, rsp, rip or rflags")]
    Register(String),
    /// No such bit.
    #[error("there is no bit {bit} in {what}, only 0 to {most}")]
    Bit {
        /// Which was asked for.
        bit: u64,
        /// Of what.
        what: String,
        /// The highest.
        most: u32,
    },
    /// Something is missing.
    #[error("{0} is missing")]
    Missing(&'static str),
}

/// The general registers in the order of their numbers.
pub const GENERAL: [&str; 16] = [
    "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
    "r15",
];

/// Highest bit of a register that can be flipped; `None` if there is no such register.
pub fn highest_bit(register: &str) -> Option<u32> {
    (GENERAL.contains(&register) || register == "rip" || register == "rflags").then_some(63)
}

/// A number, decimal or after `0x` hexadecimal.
///
/// # Errors
/// It is none.
pub fn number(text: &str) -> Result<u64, ParseError> {
    let parsed = match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16),
        None => text.parse(),
    };
    parsed.map_err(|_| ParseError::Number(text.into()))
}

impl FromStr for Flip {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Flip, ParseError> {
        const FORM: &str = "reg=NAME,bit=N or mem=ADDRESS,bit=N";
        let (mut register, mut address, mut bit) = (None, None, None);
        for word in text.split(',') {
            match word.split_once('=') {
                Some(("reg", name)) => register = Some(name.to_owned()),
                Some(("mem", at)) => address = Some(number(at)?),
                Some(("bit", n)) => bit = Some(number(n)?),
                _ => return Err(ParseError::Word(word.into(), FORM)),
            }
        }
        let bit = bit.ok_or(ParseError::Missing("bit=N"))?;
        let within = |what: &str, most: u32| {
            let bad = || ParseError::Bit { bit, what: what.into(), most };
            u32::try_from(bit).ok().filter(|bit| *bit <= most).ok_or_else(bad)
        };
        match (register, address) {
            (Some(name), None) => {
                let most = highest_bit(&name).ok_or_else(|| ParseError::Register(name.clone()))?;
                Ok(Flip::Register { bit: within(&name, most)?, name })
            }
            (None, Some(address)) => Ok(Flip::Memory { address, bit: within("a byte", 7)? }),
            _ => Err(ParseError::Missing("one of reg=NAME and mem=ADDRESS")),
        }
    }
}

impl fmt::Display for Flip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Flip::Register { name, bit } => write!(f, "reg={name},bit={bit}"),
            Flip::Memory { address, bit } => write!(f, "mem={address:#x},bit={bit}"),
            Flip::AnyMemory { seed } => write!(f, "mem=RANDOM({seed})"),
        }
    }
}

/// The general registers, in the order of their numbers.
pub(crate) fn general(of: &Registers) -> [u64; 16] {
    let mut copy = *of;
    std::array::from_fn(|number| *copy.general(number as u8))
}

/// A register by its name.
pub(crate) fn register<'a>(of: &'a mut Registers, name: &str) -> Option<&'a mut u64> {
    match name {
        "rip" => Some(&mut of.rip),
        "rflags" => Some(&mut of.rflags),
        _ => {
            let number = GENERAL.iter().position(|general| *general == name)?;
            Some(of.general(number as u8))
        }
    }
}

/// Address and bit of some byte that is not zero, drawn from a seed: a page that holds something first, then a byte in it.
pub(crate) fn draw(memory: &Memory, seed: u64) -> (u64, u32) {
    let used: Vec<usize> =
        memory.mapped_pages().filter(|page| memory.page(*page).iter().any(|byte| *byte != 0)).collect();
    let mut state = seed;
    let mut next = |below: usize| {
        // SplitMix64 (Steele, Lea, Flood 2014).
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % below.max(1) as u64) as usize
    };
    let Some(page) = used.get(next(used.len())) else { return (0, 0) };
    let bytes: Vec<usize> =
        memory.page(*page).iter().enumerate().filter(|(_, byte)| **byte != 0).map(|(at, _)| at).collect();
    let place = bytes.get(next(bytes.len())).copied().unwrap_or(0);
    (*page as u64 * PAGE + place as u64, next(8) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flip_reads_back_from_what_it_prints() {
        for text in ["reg=rbx,bit=13", "mem=0x12345,bit=3", "reg=rflags,bit=0"] {
            assert_eq!(text.parse::<Flip>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_cannot_be_flipped_is_refused_with_its_name() {
        let refused = |text: &str| text.parse::<Flip>().unwrap_err().to_string();
        assert!(refused("reg=rbz,bit=1").contains("rbz"));
        assert!(refused("reg=rbx,bit=64").contains("0 to 63"));
        assert!(refused("mem=0x1000,bit=8").contains("0 to 7"));
        assert!(refused("mem=0xzz,bit=1").contains("0xzz"));
        assert!(refused("reg=rbx").contains("bit"));
        assert!(refused("bit=1").contains("missing"));
        assert!(refused("colour=red").contains("colour"));
    }
}
