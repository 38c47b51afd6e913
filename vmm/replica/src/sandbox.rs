//! What a replica may still do once it runs: talk to its coordinator, run its guest, and nothing else.
//!
//! A guest that takes over its replica's process finds no file to open, no socket to connect, no process to signal, no other KVM
//! machine than its own. The order is that of the design: everything is open and mapped first.

#![expect(unsafe_code, reason = "setting a process's identity and limits are bare system calls")]

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen as Len, SeccompCmpOp as Is, SeccompCondition, SeccompFilter,
    SeccompRule,
};
use std::collections::BTreeMap;

/// Why a replica could not be confined. It must not run then.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The system refused.
    #[error("cannot {doing}: {source}")]
    System {
        /// What was attempted.
        doing: &'static str,
        /// What it said.
        source: std::io::Error,
    },
    /// The filter could not be made or installed.
    #[error("cannot filter system calls: {0}")]
    Filter(String),
}

/// Nobody, on every Linux.
const NOBODY: u32 = 65534;

/// KVM's type of ioctl.
const KVM: u64 = 0xAE;

/// The ioctls of KVM that a running replica needs, by their numbers. It can make no machine and no memory slot.
const KVM_IOCTLS: [u64; 14] = [
    0x80, // KVM_RUN
    0x42, // KVM_GET_DIRTY_LOG
    0x81, 0x82, // KVM_GET_REGS, KVM_SET_REGS
    0x83, 0x84, // KVM_GET_SREGS, KVM_SET_SREGS
    0x88, 0x89, // KVM_GET_MSRS, KVM_SET_MSRS
    0x9f, 0xa0, // KVM_GET_VCPU_EVENTS, KVM_SET_VCPU_EVENTS
    0xa4, 0xa5, // KVM_GET_XSAVE, KVM_SET_XSAVE
    0xa6, 0xa7, // KVM_GET_XCRS, KVM_SET_XCRS
];

/// Ends the process with its parent, gives up every privilege, and lets only what a running replica needs through. What is not allowed
/// kills the process, which its coordinator sees as a crash.
///
/// # Errors
/// The system refused; the replica is not confined.
pub fn enter() -> Result<(), SandboxError> {
    let system = |doing| move |error: rustix::io::Errno| SandboxError::System { doing, source: error.into() };
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))
        .map_err(system("end with the coordinator"))?;
    if rustix::process::geteuid().is_root() {
        become_nobody()?;
    }
    // Changing identity made the process undumpable and cleared the signal; the first is wanted, the second is not.
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))
        .map_err(system("end with the coordinator"))?;
    rustix::thread::set_no_new_privs(true).map_err(system("give up new privileges"))?;
    let filter = filter().map_err(|error| SandboxError::Filter(error.to_string()))?;
    seccompiler::apply_filter(&filter).map_err(|error| SandboxError::Filter(error.to_string()))
}

fn become_nobody() -> Result<(), SandboxError> {
    let check = |doing, result: libc::c_int| match result {
        0 => Ok(()),
        _ => Err(SandboxError::System { doing, source: std::io::Error::last_os_error() }),
    };
    // SAFETY: no list is passed.
    check("leave the groups", unsafe { libc::setgroups(0, std::ptr::null()) })?;
    // SAFETY: numbers alone.
    check("change the group", unsafe { libc::setresgid(NOBODY, NOBODY, NOBODY) })?;
    // SAFETY: numbers alone.
    check("change the user", unsafe { libc::setresuid(NOBODY, NOBODY, NOBODY) })
}

fn filter() -> Result<BpfProgram, seccompiler::Error> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = BTreeMap::new();
    for call in [
        libc::SYS_sendto,
        libc::SYS_recvfrom,
        libc::SYS_rt_sigreturn,
        libc::SYS_rt_sigprocmask,
        libc::SYS_sigaltstack,
        libc::SYS_restart_syscall,
        libc::SYS_setitimer,
        libc::SYS_clock_gettime,
        libc::SYS_munmap,
        libc::SYS_mremap,
        libc::SYS_madvise,
        libc::SYS_brk,
        libc::SYS_futex,
        libc::SYS_close,
        libc::SYS_exit,
        libc::SYS_exit_group,
    ] {
        rules.insert(call, Vec::new());
    }
    // Nothing that is mapped or remapped may become code.
    let no_code = || {
        let execute = libc::PROT_EXEC as u64;
        let without = SeccompCondition::new(2, Len::Dword, Is::MaskedEq(execute), 0)?;
        SeccompRule::new(vec![without])
    };
    rules.insert(libc::SYS_mmap, vec![no_code()?]);
    rules.insert(libc::SYS_mprotect, vec![no_code()?]);
    let ioctls = KVM_IOCTLS.iter().map(|number| {
        // Direction and size stand in the upper half; type and number say which it is.
        let is = SeccompCondition::new(1, Len::Dword, Is::MaskedEq(0xFFFF), KVM << 8 | number)?;
        SeccompRule::new(vec![is])
    });
    rules.insert(libc::SYS_ioctl, ioctls.collect::<Result<_, _>>()?);
    // Standard error: the last words of a panic.
    let to_stderr = SeccompCondition::new(0, Len::Dword, Is::Eq, 2)?;
    rules.insert(libc::SYS_write, vec![SeccompRule::new(vec![to_stderr])?]);
    let filter = SeccompFilter::new(
        rules,
        SeccompAction::KillProcess,
        SeccompAction::Allow,
        std::env::consts::ARCH.try_into()?,
    )?;
    Ok(filter.try_into()?)
}
