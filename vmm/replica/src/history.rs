//! The last counted exits of a replica, for the person who has to find out where two of them parted.

use crate::cpu::Registers;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Exits that are remembered.
pub const EXITS: usize = 64;

/// Bytes of code that are shown.
pub const CODE: u64 = 32;

/// One counted exit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exit {
    /// Counted exits up to it, itself included.
    pub number: u64,
    /// Records produced before it.
    pub seq: u64,
    /// The registers when the guest stood at it.
    pub registers: Registers,
}

/// What a replica remembers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// Oldest first.
    pub exits: VecDeque<Exit>,
    /// Where the guest stands now.
    pub rip: u64,
    /// The code there, as far as it can be read.
    pub code: Vec<u8>,
}

impl History {
    /// Notes an exit.
    pub(crate) fn note(&mut self, exit: Exit) {
        if self.exits.len() == EXITS {
            self.exits.pop_front();
        }
        self.exits.push_back(exit);
    }
}
