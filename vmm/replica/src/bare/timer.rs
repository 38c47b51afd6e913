//! The timer and its interrupt.

use crate::cpu::{Cpu, Registers};
use serde::{Deserialize, Serialize};

/// Counted exits from one look at the clock to the next.
const EXITS_PER_POLL: u32 = 16;
/// Bytes below the stack pointer that a function may use without saying so (System V ABI, 3.2.2).
const RED_ZONE: u64 = 128;
/// Registers in a frame.
const FRAME: usize = 18;

/// The timer of a bare guest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Timer {
    /// Where the handler is.
    pub(super) handler: u64,
    /// Whether interrupts are let in.
    pub(super) enabled: bool,
    /// When it goes off next, in nanoseconds of the monotonic clock; `None` if it is not armed.
    pub(super) deadline: Option<u64>,
    /// Nanoseconds.
    period: u64,
    /// Counted exits since the clock was looked at.
    exits: u32,
    /// Its time came while interrupts were held.
    pending: bool,
    /// Where the registers are that an interrupt saved; `None` outside its handler.
    frame: Option<u64>,
}

impl Timer {
    /// Sets the period, in microseconds. True if the timer now needs to know the time.
    pub(super) fn arm(&mut self, period: u32) -> bool {
        self.period = u64::from(period) * 1000;
        (self.deadline, self.pending) = (None, false);
        period > 0
    }

    /// Counts from now on.
    pub(super) fn begin(&mut self, now: u64) {
        self.deadline = Some(now.saturating_add(self.period));
        self.exits = 0;
    }

    /// Counts an exit.
    pub(super) fn count(&mut self) {
        self.exits = self.exits.saturating_add(1);
    }

    /// Whether the clock has to be looked at before the guest runs on.
    pub(super) fn is_due_for_poll(&self) -> bool {
        let due = self.pending || self.exits >= EXITS_PER_POLL;
        due && self.enabled && self.frame.is_none() && self.deadline.is_some()
    }

    /// Learns the time, and enters the handler if the deadline has passed. False if the guest's stack has no room for that.
    pub(super) fn elapse(&mut self, now: u64, cpu: &mut Cpu<'_>) -> bool {
        self.exits = 0;
        if let Some(deadline) = self.deadline.filter(|deadline| *deadline <= now) {
            // Deadlines that were missed are not made up for.
            let periods = (now - deadline) / self.period.max(1) + 1;
            self.deadline = Some(deadline.saturating_add(periods.saturating_mul(self.period)));
            self.pending = true;
        }
        if !self.pending || !self.enabled || self.frame.is_some() {
            return true;
        }
        self.pending = false;
        self.enter(cpu)
    }

    fn enter(&mut self, cpu: &mut Cpu<'_>) -> bool {
        let bytes = (FRAME * 8) as u64;
        let frame = cpu.registers.rsp.wrapping_sub(RED_ZONE + bytes) & !15;
        let saved: Vec<u8> =
            saved(cpu.registers).iter().flat_map(|register| register.to_le_bytes()).collect();
        if !cpu.memory.write(frame, &saved) {
            return false;
        }
        self.frame = Some(frame);
        cpu.registers.rip = self.handler;
        cpu.registers.rdi = frame;
        // As after a call: the handler is a function that does not return.
        cpu.registers.rsp = frame.wrapping_sub(8);
        cpu.registers.rflags = 0x202;
        true
    }

    /// Goes back to where the interrupt came. False if there was none, or its frame is gone.
    pub(super) fn leave(&mut self, cpu: &mut Cpu<'_>) -> bool {
        let Some(frame) = self.frame.take() else { return false };
        let mut registers = [0; FRAME];
        for (register, at) in registers.iter_mut().zip((frame..).step_by(8)) {
            match cpu.memory.read_u64(at) {
                Some(value) => *register = value,
                None => return false,
            }
        }
        load(cpu.registers, registers);
        true
    }
}

/// What an interrupt saves, in this order from the frame's address on.
fn saved(r: &Registers) -> [u64; FRAME] {
    [
        r.rax, r.rbx, r.rcx, r.rdx, r.rsi, r.rdi, r.rbp, r.rsp, r.r8, r.r9, r.r10, r.r11, r.r12, r.r13,
        r.r14, r.r15, r.rip, r.rflags,
    ]
}

fn load(r: &mut Registers, saved: [u64; FRAME]) {
    [
        r.rax, r.rbx, r.rcx, r.rdx, r.rsi, r.rdi, r.rbp, r.rsp, r.r8, r.r9, r.r10, r.r11, r.r12, r.r13,
        r.r14, r.r15, r.rip, r.rflags,
    ] = saved;
}
