//! Making a running guest stop from a signal handler.

#![expect(unsafe_code, reason = "a byte of the page that KVM shares with this process is written")]

use memmap2::{MmapOptions, MmapRaw};
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

/// Offset of `immediate_exit` in `struct kvm_run`.
const IMMEDIATE_EXIT: usize = std::mem::offset_of!(kvm_bindings::kvm_run, immediate_exit);

/// The first page of what a vCPU shares with this process. It lives as long as anybody may still write to it.
#[derive(Debug)]
pub(crate) struct RunPage {
    map: MmapRaw,
    kicked: AtomicBool,
}

impl RunPage {
    pub(crate) fn new(vcpu: &impl AsRawFd) -> std::io::Result<RunPage> {
        let map = MmapOptions::new().len(4096).map_raw(vcpu)?;
        Ok(RunPage { map, kicked: AtomicBool::new(false) })
    }

    fn immediate_exit(&self) -> &AtomicU8 {
        // `wrapping_add` of an offset in the page stays in the page.
        let byte = self.map.as_mut_ptr().wrapping_add(IMMEDIATE_EXIT);
        // SAFETY: the page is mapped as long as `self` lives, and every access to this byte in this process goes
        // through here.
        unsafe { AtomicU8::from_ptr(byte) }
    }

    /// Makes the next KVM_RUN only finish what is pending.
    pub(crate) fn hold(&self) {
        self.immediate_exit().store(1, Ordering::SeqCst);
    }

    /// Undoes [`hold`](Self::hold). A kick that came meanwhile is not lost.
    pub(crate) fn unhold(&self) {
        self.immediate_exit().store(0, Ordering::SeqCst);
        if self.kicked.load(Ordering::SeqCst) {
            self.hold();
        }
    }

    /// Whether somebody kicked since the last call.
    pub(crate) fn take_kick(&self) -> bool {
        let kicked = self.kicked.swap(false, Ordering::SeqCst);
        self.unhold();
        kicked
    }
}

/// Stops a machine's [`run`](crate::machine::Machine::run).
///
/// [`kick`](Self::kick) may be called from a signal handler of the thread that runs the machine. From another thread
/// it has to be followed by a signal to that one, whose handler may be empty: a guest that runs does not look.
#[derive(Clone, Debug)]
pub struct Kicker(pub(crate) Arc<RunPage>);

impl Kicker {
    /// Makes `run` return [`Stop::Kicked`](crate::machine::Stop::Kicked) as soon as it can: this time or, if it does
    /// not run now, the next. Async-signal-safe.
    pub fn kick(&self) {
        self.0.kicked.store(true, Ordering::SeqCst);
        self.0.hold();
    }
}
