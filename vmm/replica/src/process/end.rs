//! How a process ends, as a shell shows it.

use crate::guest::Output;
use crate::world::channel;

/// The status after a fatal signal.
pub(super) fn by_signal(signal: u8) -> u8 {
    128_u8.saturating_add(signal)
}

/// The record that tells the status.
pub(super) fn record(status: u8) -> Output {
    Output { channel: channel::EXIT, target: u64::from(status), payload: Vec::new() }
}

/// The signal that Linux sends for an exception of the processor.
pub(super) fn signal_of(vector: u8) -> i32 {
    match vector {
        0 | 16 | 19 => libc::SIGFPE,
        1 | 3 => libc::SIGTRAP,
        6 => libc::SIGILL,
        11 | 12 | 17 | 18 => libc::SIGBUS,
        _ => libc::SIGSEGV,
    }
}

/// The name of a signal.
pub(super) fn signal_name(signal: i32) -> String {
    let name = match signal {
        libc::SIGHUP => "SIGHUP",
        libc::SIGINT => "SIGINT",
        libc::SIGQUIT => "SIGQUIT",
        libc::SIGILL => "SIGILL",
        libc::SIGTRAP => "SIGTRAP",
        libc::SIGABRT => "SIGABRT",
        libc::SIGBUS => "SIGBUS",
        libc::SIGFPE => "SIGFPE",
        libc::SIGKILL => "SIGKILL",
        libc::SIGSEGV => "SIGSEGV",
        libc::SIGPIPE => "SIGPIPE",
        libc::SIGALRM => "SIGALRM",
        libc::SIGTERM => "SIGTERM",
        _ => return format!("signal {signal}"),
    };
    name.into()
}
