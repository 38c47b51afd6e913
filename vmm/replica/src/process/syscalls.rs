//! From the number of a system call to what serves it.

use super::errno::Errno;
use super::names::name_of;
use super::state::Purpose;
use super::{Process, end};
use crate::cpu::Cpu;
use crate::guest::{Demand, Output};

/// The six arguments: `rdi`, `rsi`, `rdx`, `r10`, `r8`, `r9`.
pub(super) type Arguments = [u64; 6];

/// How a call goes on.
#[derive(Debug)]
pub(super) enum Served {
    /// It returns this.
    Value(u64),
    /// It returns this, and something leaves.
    Post(Output, u64),
    /// It needs something first.
    Ask(Demand, Purpose),
    /// It needs something first, in a step of its own.
    Next(Purpose),
    /// The registers are set already.
    Resumed,
    /// The process ends with this status, as a shell shows it.
    End(u8),
}

/// A call's end, or Linux's error number.
pub(super) type Outcome = Result<Served, Errno>;

/// Calls that C libraries make at every start and do well without: not worth a word in the summary.
const QUIET: [i64; 3] = [libc::SYS_rseq, libc::SYS_membarrier, libc::SYS_clone3];

/// Newer than the C library's list.
const SYS_FCHMODAT2: i64 = 452;

impl Process {
    /// Serves the system call in the registers.
    pub(super) fn system_call(&mut self, cpu: &mut Cpu<'_>) -> Outcome {
        let r = &*cpu.registers;
        let arguments = [r.rdi, r.rsi, r.rdx, r.r10, r.r8, r.r9];
        // Linux looks at the low half only.
        let number = i64::from(r.rax as u32);
        self.serve(number, cpu, arguments)
    }

    #[rustfmt::skip]
    fn serve(&mut self, number: i64, cpu: &mut Cpu<'_>, a: Arguments) -> Outcome {
        match number {
            // Reading and writing.
            libc::SYS_read => self.read(cpu, a),
            libc::SYS_pread64 => self.pread(cpu, a),
            libc::SYS_readv => self.readv(cpu, a),
            libc::SYS_preadv => self.preadv(cpu, a),
            libc::SYS_write => self.write(cpu, a),
            libc::SYS_pwrite64 => self.pwrite(cpu, a),
            libc::SYS_writev => self.writev(cpu, a),
            libc::SYS_pwritev => self.pwritev(cpu, a),
            // Programs fall back to reading and writing.
            libc::SYS_sendfile | libc::SYS_copy_file_range | libc::SYS_splice => Err(Errno::EINVAL),

            // Descriptors.
            libc::SYS_close => self.close(a),
            libc::SYS_dup => self.dup(a),
            libc::SYS_dup2 => self.dup2(a),
            libc::SYS_dup3 => self.dup3(a),
            libc::SYS_fcntl => self.fcntl(cpu, a),
            libc::SYS_lseek => self.lseek(a),
            libc::SYS_ioctl => self.ioctl(a),
            libc::SYS_flock | libc::SYS_fadvise64 => self.state.descriptors.get(a[0]).map(|_| Served::Value(0)),
            libc::SYS_fsync | libc::SYS_fdatasync => self.fsync(a),
            libc::SYS_ftruncate => self.ftruncate(a),
            libc::SYS_fallocate => self.fallocate(a),

            // Paths.
            libc::SYS_open => self.open(cpu, a),
            libc::SYS_openat => self.openat(cpu, a),
            libc::SYS_creat => self.creat(cpu, a),
            libc::SYS_stat => self.stat(cpu, a, true),
            libc::SYS_lstat => self.stat(cpu, a, false),
            libc::SYS_fstat => self.fstat(cpu, a),
            libc::SYS_newfstatat => self.fstatat(cpu, a),
            libc::SYS_statx => self.statx(cpu, a),
            libc::SYS_getdents64 => self.getdents(cpu, a),
            libc::SYS_access => self.access(cpu, a),
            libc::SYS_faccessat | libc::SYS_faccessat2 => self.faccessat(cpu, a),
            libc::SYS_readlink => self.readlink(cpu, a),
            libc::SYS_readlinkat => self.readlinkat(cpu, a),
            libc::SYS_getcwd => self.getcwd(cpu, a),
            libc::SYS_chdir => self.chdir(cpu, a),
            libc::SYS_fchdir => self.fchdir(a),
            libc::SYS_mkdir => self.mkdir(cpu, a),
            libc::SYS_mkdirat => self.mkdirat(cpu, a),
            libc::SYS_rmdir => self.rmdir(cpu, a),
            libc::SYS_unlink => self.unlink(cpu, a),
            libc::SYS_unlinkat => self.unlinkat(cpu, a),
            libc::SYS_rename => self.rename(cpu, a),
            libc::SYS_renameat | libc::SYS_renameat2 => self.renameat(cpu, a, number == libc::SYS_renameat2),
            libc::SYS_symlink => self.symlink(cpu, a),
            libc::SYS_symlinkat => self.symlinkat(cpu, a),
            libc::SYS_chmod => self.chmod(cpu, a),
            libc::SYS_fchmod => self.fchmod(a),
            libc::SYS_fchmodat | SYS_FCHMODAT2 => self.fchmodat(cpu, a),
            libc::SYS_chown | libc::SYS_lchown => self.chown(cpu, a),
            libc::SYS_fchown => self.fchown(a),
            libc::SYS_fchownat => self.fchownat(cpu, a),
            // What there is none of, as on file systems without: programs do without.
            libc::SYS_link | libc::SYS_linkat | libc::SYS_mknod | libc::SYS_mknodat => Err(Errno::EPERM),
            libc::SYS_setxattr | libc::SYS_lsetxattr | libc::SYS_fsetxattr | libc::SYS_getxattr
            | libc::SYS_lgetxattr | libc::SYS_fgetxattr | libc::SYS_listxattr | libc::SYS_llistxattr
            | libc::SYS_flistxattr | libc::SYS_removexattr | libc::SYS_lremovexattr | libc::SYS_fremovexattr => {
                Err(Errno::EOPNOTSUPP)
            }
            libc::SYS_truncate => self.truncate(cpu, a),
            libc::SYS_utime => self.utime(cpu, a),
            libc::SYS_utimes => self.utimes(cpu, a),
            libc::SYS_utimensat => self.utimensat(cpu, a),

            // Memory.
            libc::SYS_brk => self.brk(cpu, a),
            libc::SYS_mmap => self.mmap(cpu, a),
            libc::SYS_munmap => self.munmap(cpu, a),
            libc::SYS_mprotect => self.mprotect(cpu, a),
            libc::SYS_mremap => self.mremap(cpu, a),
            libc::SYS_madvise => self.madvise(cpu, a),
            libc::SYS_msync | libc::SYS_mlock | libc::SYS_mlock2 | libc::SYS_munlock | libc::SYS_mlockall
            | libc::SYS_munlockall => Ok(Served::Value(0)),

            // Time and chance.
            libc::SYS_time => self.time(cpu, a),
            libc::SYS_gettimeofday => self.gettimeofday(cpu, a),
            libc::SYS_clock_gettime => self.clock_gettime(cpu, a),
            libc::SYS_clock_getres => self.clock_getres(cpu, a),
            libc::SYS_times => self.times(cpu, a),
            libc::SYS_nanosleep => self.nanosleep(cpu, a),
            libc::SYS_clock_nanosleep => self.clock_nanosleep(cpu, a),
            libc::SYS_getrandom => self.getrandom(cpu, a),

            // Waiting.
            libc::SYS_poll => self.poll(cpu, a),
            libc::SYS_ppoll => self.ppoll(cpu, a),
            libc::SYS_select => self.select(cpu, a),
            libc::SYS_pselect6 => self.pselect(cpu, a),
            libc::SYS_futex => self.futex(cpu, a),
            libc::SYS_pause | libc::SYS_rt_sigsuspend => Ok(self.wait_for_ever(number)),
            libc::SYS_wait4 | libc::SYS_waitid => Err(Errno::ECHILD),

            // Signals.
            libc::SYS_rt_sigaction => self.sigaction(cpu, a),
            libc::SYS_rt_sigprocmask => self.sigprocmask(cpu, a),
            libc::SYS_rt_sigpending => self.sigpending(cpu, a),
            libc::SYS_rt_sigreturn => self.sigreturn(cpu),
            libc::SYS_sigaltstack => self.sigaltstack(cpu, a),
            libc::SYS_kill | libc::SYS_tkill => self.kill(cpu, a[0], a[1]),
            libc::SYS_tgkill => self.tgkill(cpu, a),

            // Who and where.
            libc::SYS_getpid | libc::SYS_gettid | libc::SYS_getppid | libc::SYS_getpgrp | libc::SYS_getpgid
            | libc::SYS_getsid | libc::SYS_getuid | libc::SYS_geteuid | libc::SYS_getgid | libc::SYS_getegid
            | libc::SYS_set_tid_address => Ok(Served::Value(super::identity::number_of(number))),
            libc::SYS_setpgid | libc::SYS_setsid | libc::SYS_setuid | libc::SYS_setgid | libc::SYS_setreuid
            | libc::SYS_setregid | libc::SYS_setresuid | libc::SYS_setresgid => self.set_identity(number, a),
            libc::SYS_getresuid | libc::SYS_getresgid => self.getres(cpu, a),
            libc::SYS_getgroups => Ok(Served::Value(0)),
            libc::SYS_uname => self.uname(cpu, a),
            libc::SYS_sysinfo => self.sysinfo(cpu, a),
            libc::SYS_umask => self.umask(a),
            libc::SYS_getrlimit => self.getrlimit(cpu, a),
            libc::SYS_setrlimit => self.setrlimit(cpu, a),
            libc::SYS_prlimit64 => self.prlimit(cpu, a),
            libc::SYS_getrusage => self.getrusage(cpu, a),
            libc::SYS_prctl => self.prctl(cpu, a),
            libc::SYS_arch_prctl => self.arch_prctl(cpu, a),
            libc::SYS_set_robust_list | libc::SYS_sched_yield => Ok(Served::Value(0)),
            libc::SYS_getpriority => Ok(Served::Value(20)),
            libc::SYS_setpriority => Ok(Served::Value(0)),
            libc::SYS_sched_getaffinity => self.getaffinity(cpu, a),
            libc::SYS_sched_setaffinity | libc::SYS_sched_setscheduler | libc::SYS_sched_setparam => {
                Ok(Served::Value(0))
            }
            libc::SYS_sched_getscheduler => Ok(Served::Value(0)),
            libc::SYS_sched_getparam => self.put(cpu, a[1], &[0; 4]).map(|()| Served::Value(0)),
            libc::SYS_sched_get_priority_max | libc::SYS_sched_get_priority_min => Ok(Served::Value(0)),
            libc::SYS_getcpu => self.getcpu(cpu, a),

            libc::SYS_exit | libc::SYS_exit_group => Ok(Served::End(a[0] as u8)),
            _ => {
                if !QUIET.contains(&number) {
                    self.report(format!("system call {number} ({})", name_of(number)));
                }
                Err(Errno::ENOSYS)
            }
        }
    }

    /// Ends a process that waits for what can never come.
    pub(super) fn wait_for_ever(&mut self, number: i64) -> Served {
        let name = name_of(number);
        self.report(format!(
            "ended: it waits in {name} for what cannot come, it is alone and has no children"
        ));
        Served::End(end::by_signal(libc::SIGKILL as u8))
    }
}
