//! Who the process is, where it runs and what it may use: the same on every run.

use super::Process;
use super::errno::Errno;
use super::files::DESCRIPTORS_MAX;
use super::loader::stack_size;
use super::syscalls::{Arguments, Outcome, Served};
use crate::cpu::Cpu;

/// User and group; nobody's on most systems, and not the superuser's.
pub(super) const USER: u64 = 1000;

/// The process, its thread, its group and its session.
pub(super) const PROCESS: u64 = 2;

const PARENT: u64 = 1;

/// How many kinds of limits there are; `RLIM_NLIMITS`.
const RESOURCES: u64 = 16;

/// Addresses from here on are not the user's.
pub(super) const USER_END: u64 = 1 << 47;

const ARCH_SET_GS: u64 = 0x1001;
const ARCH_SET_FS: u64 = 0x1002;
const ARCH_GET_FS: u64 = 0x1003;
const ARCH_GET_GS: u64 = 0x1004;

/// What a call that only asks for a number is told.
pub(super) fn number_of(call: i64) -> u64 {
    match call {
        libc::SYS_getuid | libc::SYS_geteuid | libc::SYS_getgid | libc::SYS_getegid => USER,
        libc::SYS_getppid => PARENT,
        _ => PROCESS,
    }
}

/// Whether a file may be given to a user and a group.
pub(super) fn may_own(user: u64, group: u64) -> Result<(), Errno> {
    if is_own(user) && is_own(group) { Ok(()) } else { Err(Errno::EPERM) }
}

/// Whether an identity is the process's own, or means no change.
fn is_own(id: u64) -> bool {
    id as u32 == u32::MAX || id as u32 == USER as u32
}

impl Process {
    /// Becoming who one is already is allowed.
    pub(super) fn set_identity(&self, call: i64, [a, b, c, ..]: Arguments) -> Outcome {
        let allowed = match call {
            libc::SYS_setpgid => matches!((a, b), (0 | PROCESS, 0 | PROCESS)),
            libc::SYS_setuid | libc::SYS_setgid => is_own(a),
            libc::SYS_setreuid | libc::SYS_setregid => is_own(a) && is_own(b),
            libc::SYS_setresuid | libc::SYS_setresgid => is_own(a) && is_own(b) && is_own(c),
            _ => false,
        };
        if allowed { Ok(Served::Value(0)) } else { Err(Errno::EPERM) }
    }

    pub(super) fn getres(&mut self, cpu: &mut Cpu<'_>, [real, effective, saved, ..]: Arguments) -> Outcome {
        for address in [real, effective, saved] {
            self.put(cpu, address, &(USER as u32).to_le_bytes())?;
        }
        Ok(Served::Value(0))
    }

    pub(super) fn uname(&mut self, cpu: &mut Cpu<'_>, [address, ..]: Arguments) -> Outcome {
        const FIELD: usize = 65;
        let mut names = [0; 6 * FIELD];
        for (field, name) in
            names.chunks_mut(FIELD).zip(["Linux", "guest", "6.1.0", "#1", "x86_64", "(none)"])
        {
            field[..name.len()].copy_from_slice(name.as_bytes());
        }
        self.put(cpu, address, &names)?;
        Ok(Served::Value(0))
    }

    pub(super) fn sysinfo(&mut self, cpu: &mut Cpu<'_>, [address, ..]: Arguments) -> Outcome {
        let total = cpu.memory.limit();
        let free = total.saturating_sub(self.state.space.counted_bytes());
        // struct sysinfo: uptime, three loads, total and free memory, ..., processes at 80, unit at 104.
        let mut info = [0; 112];
        info[32..40].copy_from_slice(&total.to_le_bytes());
        info[40..48].copy_from_slice(&free.to_le_bytes());
        info[80] = 1;
        info[104] = 1;
        self.put(cpu, address, &info)?;
        Ok(Served::Value(0))
    }

    pub(super) fn umask(&mut self, [mask, ..]: Arguments) -> Outcome {
        let old = std::mem::replace(&mut self.state.umask, mask as u32 & 0o777);
        Ok(Served::Value(u64::from(old)))
    }

    pub(super) fn getrlimit(&mut self, cpu: &mut Cpu<'_>, [resource, address, ..]: Arguments) -> Outcome {
        let limit = match u32::try_from(resource).map_err(|_| Errno::EINVAL)? {
            libc::RLIMIT_STACK => stack_size(cpu.memory.limit()),
            libc::RLIMIT_NOFILE => DESCRIPTORS_MAX,
            libc::RLIMIT_NPROC => 1,
            libc::RLIMIT_CORE => 0,
            libc::RLIMIT_AS | libc::RLIMIT_DATA => u64::MAX,
            other if u64::from(other) < RESOURCES => u64::MAX,
            _ => return Err(Errno::EINVAL),
        };
        let both = [limit.to_le_bytes(), limit.to_le_bytes()].concat();
        self.put(cpu, address, &both)?;
        Ok(Served::Value(0))
    }

    /// Limits are what they are; lowering one is as good as done.
    pub(super) fn setrlimit(&mut self, cpu: &mut Cpu<'_>, [resource, address, ..]: Arguments) -> Outcome {
        if resource >= RESOURCES {
            return Err(Errno::EINVAL);
        }
        self.readable(cpu, address, 16)?;
        Ok(Served::Value(0))
    }

    pub(super) fn prlimit(
        &mut self,
        cpu: &mut Cpu<'_>,
        [process, resource, new, old, ..]: Arguments,
    ) -> Outcome {
        if !matches!(process, 0 | PROCESS) {
            return Err(Errno::ESRCH);
        }
        if resource >= RESOURCES {
            return Err(Errno::EINVAL);
        }
        if new != 0 {
            self.readable(cpu, new, 16)?;
        }
        if old != 0 {
            self.getrlimit(cpu, [resource, old, 0, 0, 0, 0])?;
        }
        Ok(Served::Value(0))
    }

    pub(super) fn getrusage(&mut self, cpu: &mut Cpu<'_>, [_, address, ..]: Arguments) -> Outcome {
        self.put(cpu, address, &[0; 144])?;
        Ok(Served::Value(0))
    }

    pub(super) fn prctl(&mut self, cpu: &mut Cpu<'_>, [option, address, ..]: Arguments) -> Outcome {
        match option as i32 {
            libc::PR_SET_NAME => {
                let mut name = self.array::<16>(cpu, address)?;
                let end = name.iter().position(|byte| *byte == 0).unwrap_or(15);
                name[end..].fill(0);
                self.state.name = name;
                Ok(Served::Value(0))
            }
            libc::PR_GET_NAME => {
                let name = self.state.name;
                self.put(cpu, address, &name)?;
                Ok(Served::Value(0))
            }
            libc::PR_GET_DUMPABLE => Ok(Served::Value(1)),
            libc::PR_SET_DUMPABLE | libc::PR_SET_PDEATHSIG | libc::PR_SET_NO_NEW_PRIVS => {
                Ok(Served::Value(0))
            }
            _ => Err(Errno::EINVAL),
        }
    }

    pub(super) fn arch_prctl(&mut self, cpu: &mut Cpu<'_>, [code, address, ..]: Arguments) -> Outcome {
        match code {
            ARCH_SET_FS | ARCH_SET_GS if address >= USER_END => return Err(Errno::EPERM),
            ARCH_SET_FS => cpu.registers.fs_base = address,
            ARCH_SET_GS => cpu.registers.gs_base = address,
            ARCH_GET_FS => {
                let base = cpu.registers.fs_base.to_le_bytes();
                self.put(cpu, address, &base)?;
            }
            ARCH_GET_GS => {
                let base = cpu.registers.gs_base.to_le_bytes();
                self.put(cpu, address, &base)?;
            }
            _ => return Err(Errno::EINVAL),
        }
        Ok(Served::Value(0))
    }

    pub(super) fn getaffinity(
        &mut self,
        cpu: &mut Cpu<'_>,
        [process, length, address, ..]: Arguments,
    ) -> Outcome {
        if !matches!(process, 0 | PROCESS) {
            return Err(Errno::ESRCH);
        }
        if length < 8 || !length.is_multiple_of(8) {
            return Err(Errno::EINVAL);
        }
        // One processor.
        self.put(cpu, address, &1_u64.to_le_bytes())?;
        Ok(Served::Value(8))
    }

    pub(super) fn getcpu(&mut self, cpu: &mut Cpu<'_>, [processor, node, ..]: Arguments) -> Outcome {
        self.put_if(cpu, processor, &[0; 4])?;
        self.put_if(cpu, node, &[0; 4])?;
        Ok(Served::Value(0))
    }
}
