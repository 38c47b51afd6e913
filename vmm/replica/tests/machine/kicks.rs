//! Stopping a machine from outside.

use crate::support::{Assembled, demand, kvm};
use covert_replica::guest::Demand;
use covert_replica::machine::Stop;

/// Counts to `rounds` in rbx and puts the number out at port 0x410, for ever.
fn busy(rounds: u32) -> Assembled {
    let mut code = vec![0xba, 0x10, 0x04, 0x00, 0x00, 0x31, 0xdb, 0xb9];
    code.extend(rounds.to_le_bytes()); // mov edx, 0x410; xor ebx, ebx; mov ecx, rounds
    code.extend([0xff, 0xc3, 0xff, 0xc9, 0x75, 0xfa]); // inc ebx; dec ecx; jnz
    code.extend([0x89, 0xd8, 0xef, 0xeb, 0xee]); // mov eax, ebx; out dx, eax; jmp to mov ecx
    Assembled::new(&code)
}

#[test]
fn a_kick_before_running_is_not_forgotten() {
    let Some(kvm) = kvm() else { return };
    let mut machine = busy(10).machine(&kvm);
    machine.kicker().kick();
    assert_eq!(machine.run(), Ok(Stop::Kicked));
    assert_eq!(machine.run(), Ok(Stop::Demand(Demand::Nothing)));
    // Also while something is settled.
    machine.kicker().kick();
    machine.settle().expect("settled");
    machine.save().expect("saved");
    assert_eq!(machine.run(), Ok(Stop::Kicked));
    assert_eq!(machine.run(), Ok(Stop::Demand(Demand::Nothing)));
}

#[test]
fn kicks_lose_nothing() {
    let Some(kvm) = kvm() else { return };
    let mut quiet = busy(5_000_000).machine(&kvm);
    let mut kicked = busy(5_000_000).machine(&kvm);
    let mut kicks = 0;
    alarm::every(kicked.kicker(), 2_000, || {
        for _ in 0..20 {
            while kicked.run().expect("the guest runs") == Stop::Kicked {
                kicks += 1;
            }
        }
    });
    for _ in 0..20 {
        demand(&mut quiet);
    }
    assert!(kicks > 5, "{kicks} kicks");
    assert_eq!(kicked.counted(), quiet.counted());
    assert_eq!(kicked.save().expect("saved"), quiet.save().expect("saved"));
}

#[test]
fn a_guest_that_makes_no_exit_can_be_stopped() {
    let Some(kvm) = kvm() else { return };
    // jmp to itself
    let mut machine = Assembled::new(&[0xeb, 0xfe]).machine(&kvm);
    alarm::every(machine.kicker(), 2_000, || {
        for _ in 0..3 {
            assert_eq!(machine.run(), Ok(Stop::Kicked));
        }
    });
    assert_eq!(machine.counted(), 0);
}

/// A timer whose signal kicks a machine of this thread.
mod alarm {
    #![allow(unsafe_code, reason = "timers and signal handlers are the C library's")]
    #![allow(unreachable_pub, reason = "a module of a test")]

    use covert_replica::kick::Kicker;
    use std::sync::Once;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

    thread_local! {
        static KICKER: std::cell::RefCell<Option<Kicker>> = const { std::cell::RefCell::new(None) };
    }

    extern "C" fn handler(_: i32) {
        KICKER.with(|kicker| {
            if let Ok(kicker) = kicker.try_borrow()
                && let Some(kicker) = &*kicker
            {
                kicker.kick();
            }
        });
    }

    /// Kicks every so many microseconds while `work` runs on this thread.
    pub fn every(kicker: Kicker, micros: u64, work: impl FnOnce()) {
        static HANDLER: Once = Once::new();
        HANDLER.call_once(|| {
            // SAFETY: a zeroed sigaction is one without flags and mask.
            let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
            action.sa_sigaction = handler as *const () as usize;
            // SAFETY: `action` is valid, and the handler only stores to atomics.
            let set = unsafe { libc::sigaction(libc::SIGUSR1, &action, std::ptr::null_mut()) };
            assert_eq!(set, 0);
        });
        KICKER.set(Some(kicker));
        // SAFETY: no arguments.
        let thread = unsafe { libc::pthread_self() } as usize;
        let running = AtomicBool::new(true);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while running.load(Ordering::Relaxed) {
                    std::thread::sleep(Duration::from_micros(micros));
                    // SAFETY: the thread waits in this scope, so it exists.
                    unsafe { libc::pthread_kill(thread as libc::pthread_t, libc::SIGUSR1) };
                }
            });
            work();
            running.store(false, Ordering::Relaxed);
        });
        KICKER.set(None);
    }
}
