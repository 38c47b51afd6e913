//! Flipping a bit of a machine, as a fault would.

use super::Machine;
use crate::cpu::Registers;
use crate::flip::{Flip, Register};
use crate::guest::Crash;

/// A bit that was flipped, and where the guest was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Injected {
    /// What.
    pub flip: Flip,
    /// Counted exits before it.
    pub counted: u64,
    /// The next instruction.
    pub rip: u64,
    /// The registers just before.
    pub registers: Registers,
}

/// Why a bit could not be flipped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InjectError {
    /// There is no memory.
    #[error("nothing is mapped at {0:#x}")]
    NotMapped(u64),
    /// The machine could not be settled, or the host refused.
    #[error(transparent)]
    Crash(#[from] Crash),
}

impl Machine {
    /// Flips a bit while the guest stands still. Nothing notes it.
    ///
    /// # Errors
    /// See [`InjectError`]; nothing is flipped then.
    pub fn inject(&mut self, flip: &Flip) -> Result<Injected, InjectError> {
        self.settle()?;
        let registers = self.registers();
        match *flip {
            Flip::Register { register, bit } => self.flip_register(register, bit)?,
            Flip::Memory { address, bit } => {
                if !self.memory.flip(address, bit) {
                    return Err(InjectError::NotMapped(address));
                }
            }
        }
        Ok(Injected { flip: *flip, counted: self.counted, rip: registers.rip, registers })
    }

    fn flip_register(&mut self, register: Register, bit: u32) -> Result<(), Crash> {
        if let Some(xmm) = register.xmm() {
            return self.vcpu.flip_xmm(xmm, bit);
        }
        let mut registers = self.registers();
        let r = &mut registers;
        let value = match register.name() {
            "rax" => &mut r.rax,
            "rbx" => &mut r.rbx,
            "rcx" => &mut r.rcx,
            "rdx" => &mut r.rdx,
            "rsi" => &mut r.rsi,
            "rdi" => &mut r.rdi,
            "rbp" => &mut r.rbp,
            "rsp" => &mut r.rsp,
            "r8" => &mut r.r8,
            "r9" => &mut r.r9,
            "r10" => &mut r.r10,
            "r11" => &mut r.r11,
            "r12" => &mut r.r12,
            "r13" => &mut r.r13,
            "r14" => &mut r.r14,
            "r15" => &mut r.r15,
            "rflags" => &mut r.rflags,
            _ => &mut r.rip,
        };
        *value ^= 1 << (bit % 64);
        self.vcpu.set_registers(&registers);
        Ok(())
    }
}
