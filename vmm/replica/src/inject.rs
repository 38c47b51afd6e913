//! Faults made on purpose: one bit of a register or of memory, at a place in the guest's life or at a moment of the host's.

use crate::cpu::Registers;
use crate::flip::Flip;
use crate::memory::{Memory, PAGE};
use serde::{Deserialize, Serialize};

/// What to flip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Target {
    /// This bit.
    Bit(Flip),
    /// A bit of some byte that is not zero, drawn from this seed when the fault is made.
    AnyMemory(u64),
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// When.
    pub when: When,
    /// What.
    pub target: Target,
}

/// A fault that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Injected {
    /// What was flipped; where nothing is mapped, nothing was.
    pub flip: Flip,
    /// Whether there was something to flip.
    pub made: bool,
    /// The guest's next instruction.
    pub rip: u64,
    /// The registers just before.
    pub registers: Registers,
    /// Counted exits of the process before it.
    pub exits: u64,
    /// The next record.
    pub seq: u64,
    /// Whether the guest stood at a counted exit (then the place is exact) or was interrupted somewhere.
    pub exact: bool,
}

impl Target {
    /// The bit that it is in this memory.
    pub(crate) fn resolve(self, memory: &Memory) -> Flip {
        match self {
            Target::Bit(flip) => flip,
            Target::AnyMemory(seed) => draw(memory, seed),
        }
    }
}

/// A bit of some byte that is not zero, drawn from a seed: a page that holds something first, then a byte in it.
fn draw(memory: &Memory, seed: u64) -> Flip {
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
    let Some(page) = used.get(next(used.len())) else { return Flip::Memory { address: 0, bit: 0 } };
    let bytes: Vec<usize> =
        memory.page(*page).iter().enumerate().filter(|(_, byte)| **byte != 0).map(|(at, _)| at).collect();
    let place = bytes.get(next(bytes.len())).copied().unwrap_or(0);
    Flip::Memory { address: *page as u64 * PAGE + place as u64, bit: next(8) as u32 }
}
