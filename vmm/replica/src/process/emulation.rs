//! What instructions that differ from run to run are given instead: values of the replica's own state.

use super::Process;
use crate::cpu::Cpu;
use crate::cpuid;
use crate::patch::generator::Generator;
use crate::patch::{Kind, UD2};
use serde::{Deserialize, Serialize};

/// What the time stamp counter grows by at a reading: an exit's worth at about 1 GHz, so that short waits end.
const TSC_STEP: u64 = 20_000;

const CARRY: u64 = 1;
/// CF, PF, AF, ZF, SF and OF: what RDRAND and RDSEED set.
const STATUS_FLAGS: u64 = 0x8d5;

/// The counters behind emulated instructions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Counters {
    pub(super) tsc: u64,
    pub(super) random: Generator,
}

impl Process {
    /// Executes the replaced instruction at `rip`, if there is one.
    pub(super) fn emulate(&mut self, cpu: &mut Cpu<'_>) -> bool {
        let at = cpu.registers.rip;
        let Some(&site) = self.state.sites.get(&at) else { return false };
        if cpu.memory.read(at, UD2.len() as u64) != Some(&UD2[..]) {
            return false;
        }
        let registers = &mut *cpu.registers;
        match site.kind {
            Kind::Rdtsc | Kind::Rdtscp => {
                self.state.counters.tsc = self.state.counters.tsc.wrapping_add(TSC_STEP);
                registers.rax = self.state.counters.tsc & 0xffff_ffff;
                registers.rdx = self.state.counters.tsc >> 32;
                if site.kind == Kind::Rdtscp {
                    registers.rcx = 0;
                }
            }
            Kind::Cpuid => {
                let [eax, ebx, ecx, edx] = cpuid::answer(registers.rax as u32, registers.rcx as u32);
                registers.rax = eax.into();
                registers.rbx = ebx.into();
                registers.rcx = ecx.into();
                registers.rdx = edx.into();
            }
            Kind::Rdpid => *registers.general(site.register) = 0,
            Kind::Rdrand | Kind::Rdseed => {
                let value = self.state.counters.random.next();
                let register = registers.general(site.register);
                *register = match site.width {
                    2 => *register & !0xffff | value & 0xffff,
                    // Writing the low half clears the high one.
                    4 => value & 0xffff_ffff,
                    _ => value,
                };
                registers.rflags = registers.rflags & !STATUS_FLAGS | CARRY;
            }
        }
        registers.rip = at.wrapping_add(u64::from(site.length));
        true
    }
}
