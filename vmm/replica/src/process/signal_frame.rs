//! Running a signal's handler and coming back from it: the kernel's `struct rt_sigframe`.
//!
//! Only the general registers are in the frame. The process signals itself from system calls, where the vector registers
//! are nobody's; a handler of a fault that returns to where it happened has to leave them as they were.

use super::Process;
use super::errno::Errno;
use super::identity::{PROCESS, USER, USER_END};
use super::signals::{Action, bit};
use super::syscalls::{Outcome, Served};
use crate::cpu::{Cpu, Registers};

/// Below the stack pointer, a function's own without saying so.
const RED_ZONE: u64 = 128;

/// Where in the frame its parts are, and its size.
const CONTEXT: u64 = 8;
const REGISTERS: u64 = CONTEXT + 40;
const MASK: u64 = REGISTERS + 256;
const INFO: u64 = MASK + 8;
const FRAME: u64 = INFO + 128;

/// The flags that a program may set: CF, PF, AF, ZF, SF, DF, OF and AC.
const FLAGS: u64 = 0x4_0cd5;
/// Those that are always set: the reserved one and IF.
const FLAGS_SET: u64 = 0x202;
const DIRECTION: u64 = 0x400;

/// The selectors of Linux's processes: code and stack.
const SELECTORS: u64 = 0x33 | 0x2b << 48;

/// Why a signal was sent, for `siginfo_t`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cause {
    /// `si_code`.
    pub(super) code: i32,
    /// The address that a fault is about.
    pub(super) address: Option<u64>,
    /// Vector and error code of an exception, and CR2.
    pub(super) exception: (u8, u64, u64),
}

impl Process {
    /// Makes the guest run a handler next. Afterwards it goes on with the registers as they are now.
    pub(super) fn enter_handler(
        &mut self,
        cpu: &mut Cpu<'_>,
        signal: i32,
        action: &Action,
        cause: Cause,
    ) -> Result<(), Errno> {
        if action.handler >= USER_END || action.flags & SA_RESTORER == 0 {
            return Err(Errno::EFAULT);
        }
        let stack = self.state.signals.stack;
        let on_stack = |address: u64| address > stack.0 && address - stack.0 <= stack.2;
        let top =
            if action.flags & libc::SA_ONSTACK as u64 != 0 && stack.2 > 0 && !on_stack(cpu.registers.rsp) {
                stack.0.checked_add(stack.2)
            } else {
                cpu.registers.rsp.checked_sub(RED_ZONE)
            };
        // As at a call: a multiple of 16, and the return address below it.
        let frame = top
            .and_then(|top| (top.checked_sub(FRAME)? & !15).checked_sub(8))
            .filter(|frame| *frame < USER_END)
            .ok_or(Errno::EFAULT)?;

        let mut bytes = Vec::with_capacity(FRAME as usize);
        let mut put = |word: u64| bytes.extend_from_slice(&word.to_le_bytes());
        put(action.restorer);
        // No flags, no link, the alternate stack.
        [0, 0, stack.0, u64::from(stack.1), stack.2].into_iter().for_each(&mut put);
        saved_order(&mut cpu.registers.clone()).into_iter().for_each(|register| put(*register));
        put(cpu.registers.rip);
        put(cpu.registers.rflags);
        put(SELECTORS);
        let (vector, error, address) = cause.exception;
        [error, vector.into(), self.state.signals.blocked, address].into_iter().for_each(&mut put);
        // No floating-point state, and what is reserved.
        [0; 9].into_iter().for_each(&mut put);
        put(self.state.signals.blocked);
        put(u64::from(signal as u32));
        put(u64::from(cause.code as u32));
        put(cause.address.unwrap_or(PROCESS | USER << 32));
        bytes.resize(FRAME as usize, 0);
        self.put(cpu, frame, &bytes)?;

        let registers = &mut *cpu.registers;
        registers.rsp = frame;
        registers.rip = action.handler;
        registers.rdi = u64::from(signal as u32);
        registers.rsi = frame + INFO;
        registers.rdx = frame + CONTEXT;
        registers.rax = 0;
        registers.rflags = registers.rflags & FLAGS & !DIRECTION | FLAGS_SET;
        let signals = &mut self.state.signals;
        signals.blocked |= action.mask;
        if action.flags & libc::SA_NODEFER as u64 == 0 {
            signals.blocked |= bit(signal);
        }
        if action.flags & libc::SA_RESETHAND as u64 != 0 {
            signals.forget(signal);
        }
        Ok(())
    }

    /// Comes back from a handler.
    pub(super) fn sigreturn(&mut self, cpu: &mut Cpu<'_>) -> Outcome {
        // The handler's return took the address from the frame.
        let frame = cpu.registers.rsp.wrapping_sub(8);
        let Ok(bytes) = self.array::<{ FRAME as usize }>(cpu, frame) else {
            return Ok(self.killed(libc::SIGSEGV, "a signal's frame that cannot be read"));
        };
        let word = |at: u64| {
            bytes[at as usize..].first_chunk().map_or(0, |bytes: &[u8; 8]| u64::from_le_bytes(*bytes))
        };
        let mut registers = *cpu.registers;
        for (index, register) in (0..).zip(saved_order(&mut registers)) {
            *register = word(REGISTERS + 8 * index);
        }
        registers.rip = word(REGISTERS + 128);
        registers.rflags = word(REGISTERS + 136) & FLAGS | FLAGS_SET;
        if registers.rip >= USER_END || registers.rsp >= USER_END {
            return Ok(self.killed(libc::SIGSEGV, "a signal's frame that leads nowhere"));
        }
        *cpu.registers = registers;
        self.state.signals.set_blocked(word(MASK));
        self.pending_signal(cpu, Served::Resumed)
    }
}

const SA_RESTORER: u64 = 0x0400_0000;

/// The general registers in the order of `struct sigcontext`.
fn saved_order(registers: &mut Registers) -> [&mut u64; 16] {
    let r = registers;
    [
        &mut r.r8, &mut r.r9, &mut r.r10, &mut r.r11, &mut r.r12, &mut r.r13, &mut r.r14, &mut r.r15,
        &mut r.rdi, &mut r.rsi, &mut r.rbp, &mut r.rbx, &mut r.rdx, &mut r.rax, &mut r.rcx, &mut r.rsp,
    ]
}
