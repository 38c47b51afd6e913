//! The signal that brings a replica out of its guest: sent by the coordinator with an order to stand still, or by the replica's own
//! timer when a fault is planned for a moment.

#![expect(unsafe_code, reason = "signal handlers and timers are the system's own")]

use crate::kick::Kicker;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// What the coordinator sends.
pub const KICK: i32 = libc::SIGUSR1;

static CAME: AtomicBool = AtomicBool::new(false);
static KICKER: OnceLock<Kicker> = OnceLock::new();

extern "C" fn came(_: libc::c_int) {
    CAME.store(true, Ordering::SeqCst);
    if let Some(kicker) = KICKER.get() {
        kicker.kick();
    }
}

/// Lets the signals kick this guest. The first one stays: a process has one guest.
///
/// # Errors
/// The system refused.
pub fn install(kicker: Kicker) -> std::io::Result<()> {
    let _ = KICKER.set(kicker);
    for signal in [KICK, libc::SIGALRM] {
        let handler: extern "C" fn(libc::c_int) = came;
        // SAFETY: an all-zero sigaction is one without flags and with an empty mask.
        let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
        action.sa_sigaction = handler as usize;
        // SAFETY: the handler only touches atomics and a word of the mapped vCPU: it is async-signal-safe.
        let result = unsafe { libc::sigaction(signal, &action, std::ptr::null_mut()) };
        if result != 0 {
            return Err(std::io::Error::last_os_error());
        }
    }
    Ok(())
}

/// Whether a signal came since the last call.
pub fn take() -> bool {
    CAME.swap(false, Ordering::SeqCst)
}

/// Sends the signal after a while, once.
pub fn after(wait: Duration) {
    let wait = wait.max(Duration::from_micros(1));
    let value = libc::timeval { tv_sec: wait.as_secs() as i64, tv_usec: i64::from(wait.subsec_micros()) };
    let timer = libc::itimerval { it_interval: libc::timeval { tv_sec: 0, tv_usec: 0 }, it_value: value };
    // SAFETY: the new value is read and no old one asked for. It fails only for values out of range, which these are not.
    unsafe { libc::setitimer(libc::ITIMER_REAL, &timer, std::ptr::null_mut()) };
}
