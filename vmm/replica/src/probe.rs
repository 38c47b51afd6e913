//! What this host's KVM does, found out by doing it.
//!
//! Kinds of KVM are told apart by what they do, never by a name: one that emulates privileged code can run the guests of this kit at full
//! speed and yet no stock kernel.

#![expect(
    unsafe_code,
    reason = "a machine without any platform is given its memory by hand, and perf has no safe wrapper"
)]

use kvm_bindings::kvm_userspace_memory_region;
use kvm_ioctls::{Kvm, VcpuExit};
use memmap2::MmapMut;
use std::io::{Error, ErrorKind};
use std::time::{Duration, Instant};

/// Rounds of the loop that code is measured by: two instructions each.
const ROUNDS: u32 = 20_000;

/// How fast privileged code runs in a guest, beside code of the same length on the host.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// One round of the loop in the guest, the way in and out left away.
    pub guest: Duration,
    /// The same on the host.
    pub host: Duration,
}

impl Pace {
    /// Whether the processor runs the code, and not KVM's emulator. By the ratio: a host that is emulated itself
    /// is slow in both, while an emulator in KVM takes a thousand times as long for an instruction as its host.
    pub fn native(&self) -> bool {
        self.guest < self.host * 100
    }
}

/// How fast privileged code runs.
///
/// # Errors
/// KVM refused, or the code did not come to its end.
pub fn privileged_code(kvm: &Kvm) -> Result<Pace, Error> {
    let (short, long) = (guest_loop(kvm, 1)?, guest_loop(kvm, ROUNDS)?);
    let begin = Instant::now();
    let mut left = ROUNDS;
    while left > 0 {
        left = std::hint::black_box(left - 1);
    }
    let host = begin.elapsed();
    // In a loop this short the clock's own step counts; neither is ever zero.
    let round = |took: Duration| (took / ROUNDS).max(Duration::from_nanos(1));
    Ok(Pace { guest: round(long.saturating_sub(short)), host: round(host) })
}

/// Runs so many rounds as a guest in real mode.
fn guest_loop(kvm: &Kvm, rounds: u32) -> Result<Duration, Error> {
    // Real mode, at 0x1000: mov ecx, rounds; again: dec ecx; jnz again; hlt
    let mut code = vec![0x66, 0xb9];
    code.extend_from_slice(&rounds.to_le_bytes());
    code.extend_from_slice(&[0x66, 0x49, 0x75, 0xfc, 0xf4]);
    let mut memory = MmapMut::map_anon(0x10000)?;
    memory[0x1000..0x1000 + code.len()].copy_from_slice(&code);
    let vm = kvm.create_vm()?;
    let region = kvm_userspace_memory_region {
        slot: 0,
        flags: 0,
        guest_phys_addr: 0,
        memory_size: memory.len() as u64,
        userspace_addr: memory.as_ptr() as u64,
    };
    // SAFETY: the mapping outlives the machine, which is dropped at the end of this function, before it.
    unsafe { vm.set_user_memory_region(region)? };
    let mut vcpu = vm.create_vcpu(0)?;
    let mut sregs = vcpu.get_sregs()?;
    (sregs.cs.base, sregs.cs.selector) = (0, 0);
    vcpu.set_sregs(&sregs)?;
    let mut regs = vcpu.get_regs()?;
    (regs.rip, regs.rflags) = (0x1000, 2);
    vcpu.set_regs(&regs)?;
    let begin = Instant::now();
    match vcpu.run()? {
        VcpuExit::Hlt => Ok(begin.elapsed()),
        exit => Err(Error::other(format!("it stopped with {exit:?}"))),
    }
}

/// Whether the processor's counters can be used: without them no interrupt can be delivered to a guest at an exact place between two
/// exits.
///
/// # Errors
/// Why not.
pub fn counters() -> Result<(), Error> {
    // `struct perf_event_attr`, its first version: type hardware (0), its own size, event instructions (1), disabled.
    let mut attributes = [0u32; 16];
    (attributes[1], attributes[2], attributes[10]) = (64, 1, 1);
    // SAFETY: the attributes are as long as they say and live until the call is over; it gives a descriptor or -1.
    let fd = unsafe { libc::syscall(libc::SYS_perf_event_open, attributes.as_ptr(), 0, -1, -1, 0) };
    if fd < 0 {
        return Err(Error::last_os_error());
    }
    let fd = i32::try_from(fd).map_err(|_| Error::from(ErrorKind::InvalidData))?;
    // SAFETY: the descriptor was just opened and belongs to nobody else.
    unsafe { libc::close(fd) };
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn pace(guest: u64, host: u64) -> Pace {
        Pace { guest: Duration::from_nanos(guest), host: Duration::from_nanos(host) }
    }

    #[test]
    fn a_slow_host_is_not_taken_for_an_emulating_kvm() {
        assert!(pace(1, 1).native(), "a processor of metal");
        assert!(pace(40, 25).native(), "an emulated processor, and KVM in it");
        assert!(!pace(900, 1).native(), "a KVM that emulates");
    }
}
