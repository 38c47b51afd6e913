//! The processor as a guest's personality sees it: registers, and why it stopped.

use crate::memory::Memory;
use serde::{Deserialize, Serialize};

/// The registers that a personality reads and writes. The rest of the processor's state is the machine's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the processor's")]
pub struct Registers {
    pub rax: u64,
    pub rbx: u64,
    pub rcx: u64,
    pub rdx: u64,
    pub rsi: u64,
    pub rdi: u64,
    pub rbp: u64,
    pub rsp: u64,
    pub r8: u64,
    pub r9: u64,
    pub r10: u64,
    pub r11: u64,
    pub r12: u64,
    pub r13: u64,
    pub r14: u64,
    pub r15: u64,
    pub rip: u64,
    pub rflags: u64,
    pub fs_base: u64,
    pub gs_base: u64,
}

impl Registers {
    /// A general register by its number in an instruction's encoding; numbers beyond 15 wrap around.
    pub(crate) fn general(&mut self, number: u8) -> &mut u64 {
        match number % 16 {
            0 => &mut self.rax,
            1 => &mut self.rcx,
            2 => &mut self.rdx,
            3 => &mut self.rbx,
            4 => &mut self.rsp,
            5 => &mut self.rbp,
            6 => &mut self.rsi,
            7 => &mut self.rdi,
            8 => &mut self.r8,
            9 => &mut self.r9,
            10 => &mut self.r10,
            11 => &mut self.r11,
            12 => &mut self.r12,
            13 => &mut self.r13,
            14 => &mut self.r14,
            _ => &mut self.r15,
        }
    }
}

/// Why the processor stopped, at a counted exit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// `SYSCALL`: number and arguments are in the registers, which are those of the caller; `rip` is behind the instruction.
    SystemCall,
    /// An exception in guest code; the registers are those at the instruction that raised it.
    Exception {
        /// Its vector, 0 to 31.
        vector: u8,
        /// Its error code; 0 for one that has none.
        error: u64,
        /// The address of a page fault (CR2); 0 for others.
        address: u64,
    },
    /// A port is written; `rip` is behind the instruction once the exit is dealt with.
    Out {
        /// The port.
        port: u16,
        /// Bytes: 1, 2 or 4.
        size: u8,
        /// What was written.
        value: u32,
    },
    /// A port is read: the answer goes into [`Cpu::port_in`].
    In {
        /// The port.
        port: u16,
        /// Bytes: 1, 2 or 4.
        size: u8,
    },
}

/// What a personality works on while the guest stands still.
#[derive(Debug)]
pub struct Cpu<'a> {
    /// The registers. What is written here is what the guest goes on with.
    pub registers: &'a mut Registers,
    /// The guest's memory.
    pub memory: &'a mut Memory,
    /// The answer to an [`Exit::In`], to be set before the guest runs on; without one it reads ones, as where no device is.
    pub port_in: &'a mut Option<u32>,
}
