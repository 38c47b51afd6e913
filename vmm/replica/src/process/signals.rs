//! Signals: a process that is alone gets only its own.

use super::Process;
use super::end;
use super::errno::Errno;
use super::identity::PROCESS;
use super::signal_frame::Cause;
use super::syscalls::{Arguments, Outcome, Served};
use crate::cpu::Cpu;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The largest signal number.
const SIGNALS: u64 = 64;

/// Bytes of a set of signals.
const SET: u64 = 8;

/// What the guest wants done at a signal: the kernel's `struct sigaction`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Action {
    pub(super) handler: u64,
    pub(super) flags: u64,
    pub(super) restorer: u64,
    pub(super) mask: u64,
}

/// What the guest has set up for signals.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Signals {
    /// For each signal with one that is not the default.
    actions: BTreeMap<u8, Action>,
    pub(super) blocked: u64,
    /// Raised while blocked.
    pending: u64,
    /// Address, flags and size.
    pub(super) stack: (u64, u32, u64),
}

/// A signal in a set of signals.
pub(super) fn bit(signal: i32) -> u64 {
    1_u64.checked_shl(signal.wrapping_sub(1) as u32).unwrap_or(0)
}

impl Process {
    pub(super) fn sigaction(&mut self, cpu: &mut Cpu<'_>, arguments: Arguments) -> Outcome {
        let [signal, new, old, size, ..] = arguments;
        if size != SET || !(1..=SIGNALS).contains(&signal) {
            return Err(Errno::EINVAL);
        }
        let unchangeable = matches!(signal as i32, libc::SIGKILL | libc::SIGSTOP);
        let number = signal as u8;
        let change = if new == 0 {
            None
        } else if unchangeable {
            return Err(Errno::EINVAL);
        } else {
            let bytes = self.array::<32>(cpu, new)?;
            let mut words = [0; 4];
            for (word, bytes) in words.iter_mut().zip(bytes.chunks_exact(8)) {
                *word = bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
            }
            let [handler, flags, restorer, mask] = words;
            Some(Action { handler, flags, restorer, mask })
        };
        let was = self.state.signals.actions.get(&number).copied().unwrap_or_default();
        let bytes: Vec<u8> = [was.handler, was.flags, was.restorer, was.mask]
            .iter()
            .flat_map(|word| word.to_le_bytes())
            .collect();
        self.put_if(cpu, old, &bytes)?;
        match change {
            Some(action) if action == Action::default() => {
                self.state.signals.actions.remove(&number);
            }
            Some(action) => {
                self.state.signals.actions.insert(number, action);
            }
            None => {}
        }
        Ok(Served::Value(0))
    }

    pub(super) fn sigprocmask(&mut self, cpu: &mut Cpu<'_>, [how, new, old, size, ..]: Arguments) -> Outcome {
        if size != SET {
            return Err(Errno::EINVAL);
        }
        let was = self.state.signals.blocked;
        let now = if new == 0 {
            was
        } else {
            let set = self.word(cpu, new)?;
            match how as i32 {
                libc::SIG_BLOCK => was | set,
                libc::SIG_UNBLOCK => was & !set,
                libc::SIG_SETMASK => set,
                _ => return Err(Errno::EINVAL),
            }
        };
        self.put_if(cpu, old, &was.to_le_bytes())?;
        self.state.signals.set_blocked(now);
        self.pending_signal(cpu, Served::Value(0))
    }

    pub(super) fn sigpending(&mut self, cpu: &mut Cpu<'_>, [address, size, ..]: Arguments) -> Outcome {
        if size > SET {
            return Err(Errno::EINVAL);
        }
        let pending = self.state.signals.pending.to_le_bytes();
        self.put(cpu, address, &pending[..size as usize])?;
        Ok(Served::Value(0))
    }

    pub(super) fn sigaltstack(&mut self, cpu: &mut Cpu<'_>, [new, old, ..]: Arguments) -> Outcome {
        let change = if new == 0 {
            None
        } else {
            let address = self.word(cpu, new)?;
            let flags = self.word(cpu, new.checked_add(8).ok_or(Errno::EFAULT)?)? as u32;
            let size = self.word(cpu, new.checked_add(16).ok_or(Errno::EFAULT)?)?;
            match flags as i32 & !(1 << 31) {
                0 | libc::SS_ONSTACK if size < 2048 => return Err(Errno::ENOMEM),
                0 | libc::SS_ONSTACK | libc::SS_DISABLE => Some((address, flags, size)),
                _ => return Err(Errno::EINVAL),
            }
        };
        let (address, flags, size) = self.state.signals.stack;
        let flags = if size == 0 { libc::SS_DISABLE as u32 } else { flags };
        let bytes = [address, u64::from(flags), size].map(u64::to_le_bytes).concat();
        self.put_if(cpu, old, &bytes)?;
        if let Some(stack) = change {
            let disabled = stack.1 & libc::SS_DISABLE as u32 != 0;
            self.state.signals.stack = if disabled { (0, 0, 0) } else { stack };
        }
        Ok(Served::Value(0))
    }

    pub(super) fn kill(&mut self, cpu: &mut Cpu<'_>, process: u64, signal: u64) -> Outcome {
        // Itself, its group, or everybody: nobody else is there.
        let own = matches!(process as i32, 0 | -1) || (process as i32).unsigned_abs() == PROCESS as u32;
        if signal > SIGNALS {
            Err(Errno::EINVAL)
        } else if !own {
            Err(Errno::ESRCH)
        } else if signal == 0 {
            Ok(Served::Value(0))
        } else {
            self.state.signals.pending |= bit(signal as i32);
            self.pending_signal(cpu, Served::Value(0))
        }
    }

    pub(super) fn tgkill(&mut self, cpu: &mut Cpu<'_>, [group, thread, signal, ..]: Arguments) -> Outcome {
        if group != PROCESS {
            return Err(Errno::ESRCH);
        }
        self.kill(cpu, thread, signal)
    }

    /// Has the process deal with a signal that waits for it, if there is one that is not blocked. Otherwise the call ends as
    /// it would have.
    pub(super) fn pending_signal(&mut self, cpu: &mut Cpu<'_>, otherwise: Served) -> Outcome {
        loop {
            let ready = self.state.signals.pending & !self.state.signals.blocked;
            if ready == 0 {
                return Ok(otherwise);
            }
            let signal = ready.trailing_zeros() as i32 + 1;
            self.state.signals.pending &= !bit(signal);
            let action = self.state.signals.action(signal);
            match action.handler as usize {
                libc::SIG_IGN => {}
                libc::SIG_DFL if is_ignored(signal) => {}
                libc::SIG_DFL => return Ok(self.killed(signal, "the process itself")),
                _ => {
                    if let Served::Value(value) = otherwise {
                        cpu.registers.rax = value;
                    }
                    let cause = Cause { code: libc::SI_TKILL, ..Cause::default() };
                    if self.enter_handler(cpu, signal, &action, cause).is_err() {
                        return Ok(self.killed(libc::SIGSEGV, "a handler that cannot be run"));
                    }
                    return Ok(Served::Resumed);
                }
            }
        }
    }

    /// The processor does not do what the guest wants: its handler runs, or it ends.
    pub(super) fn fault(&mut self, cpu: &mut Cpu<'_>, signal: i32, cause: Cause) -> Served {
        let at = cpu.registers.rip;
        let action = self.state.signals.action(signal);
        let handled = !matches!(action.handler as usize, libc::SIG_DFL | libc::SIG_IGN)
            && self.state.signals.blocked & bit(signal) == 0;
        if handled && self.enter_handler(cpu, signal, &action, cause).is_ok() {
            return Served::Resumed;
        }
        let (vector, _, address) = cause.exception;
        let what = if vector == 14 { format!(", which touched {address:#x}") } else { String::new() };
        self.killed(signal, &format!("the instruction at {at:#x}{what}"))
    }

    /// Ends the process as a signal does.
    pub(super) fn killed(&mut self, signal: i32, by: &str) -> Served {
        self.report(format!("ended: killed by {}, sent by {by}", end::signal_name(signal)));
        Served::End(end::by_signal(signal as u8))
    }
}

impl Signals {
    fn action(&self, signal: i32) -> Action {
        self.actions.get(&(signal as u8)).copied().unwrap_or_default()
    }

    /// Goes back to what is done by default.
    pub(super) fn forget(&mut self, signal: i32) {
        self.actions.remove(&(signal as u8));
    }

    /// Sets which signals are blocked; two never are.
    pub(super) fn set_blocked(&mut self, set: u64) {
        self.blocked = set & !(bit(libc::SIGKILL) | bit(libc::SIGSTOP));
    }
}

/// Whether nothing happens at a signal by default. Nobody could wake a process that is stopped: it does not stop.
fn is_ignored(signal: i32) -> bool {
    matches!(
        signal,
        libc::SIGCHLD
            | libc::SIGURG
            | libc::SIGWINCH
            | libc::SIGCONT
            | libc::SIGTSTP
            | libc::SIGTTIN
            | libc::SIGTTOU
            | libc::SIGSTOP
    )
}
