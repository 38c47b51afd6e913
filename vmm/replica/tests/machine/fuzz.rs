//! Random bytes as code: no machine crashes or hangs, and replicas stay alike.
//!
//! `COVERT_SNIPPETS` says how many to try, `COVERT_SEED` which.

use crate::support::{Assembled, CODE, Pages, Seen, alarm, kvm};
use covert_replica::guest::Demand;
use covert_replica::machine::{Machine, Saved, Stop};
use kvm_ioctls::Kvm;
use std::sync::{Arc, Mutex};

const LENGTH: usize = 24;

/// What brings something in from outside: RDTSC, RDTSCP, RDRAND and RDSEED and RDPID, CPUID, XGETBV, RDPRU. Whoever
/// loads a program keeps it out, not the machine.
const OUTSIDE: [&[u8]; 6] = [
    &[0x0f, 0x31],
    &[0x0f, 0x01, 0xf9],
    &[0x0f, 0xc7],
    &[0x0f, 0xa2],
    &[0x0f, 0x01, 0xd0],
    &[0x0f, 0x01, 0xfd],
];

struct Replica {
    machine: Machine,
    seen: Arc<Mutex<Vec<Seen>>>,
    beginning: Saved,
    pages: Pages,
}

impl Replica {
    fn new(kvm: &Kvm) -> Replica {
        let guest = Assembled::new(&[0x90; LENGTH]).act(|_, _| Demand::End);
        let seen = guest.seen.clone();
        let mut machine = guest.machine(kvm);
        let beginning = machine.save().expect("saved");
        let mut pages = Pages::default();
        pages.take(&beginning, machine.memory());
        Replica { machine, seen, beginning, pages }
    }

    /// The first exit of some code and the state there; `None` if it makes none for a while.
    fn run(&mut self, code: &[u8]) -> Option<(Seen, u64)> {
        self.machine.restore(&self.beginning.state, &self.pages).expect("restored");
        assert!(self.machine.memory_mut().put(CODE, code));
        self.seen.lock().unwrap().clear();
        let mut stop = Stop::Kicked;
        alarm::every(self.machine.kicker(), 3000, || {
            for _ in 0..10 {
                stop = self.machine.run().unwrap_or_else(|crash| panic!("{code:02x?}: {crash}"));
                if stop != Stop::Kicked {
                    break;
                }
            }
        });
        if stop == Stop::Kicked {
            return None;
        }
        let seen = self.seen.lock().unwrap()[0];
        Some((seen, self.machine.save().expect("saved").fingerprint))
    }
}

#[test]
fn random_code_is_the_same_in_every_replica() {
    let Some(kvm) = kvm() else { return };
    let number =
        |name, otherwise: u64| std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(otherwise);
    let (snippets, seed) = (number("COVERT_SNIPPETS", 200), number("COVERT_SEED", 1));
    let mut random = seed | 1 << 63;
    let mut next = move || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random >> 20
    };
    let (mut first, mut second) = (Replica::new(&kvm), Replica::new(&kvm));
    for _ in 0..snippets {
        let mut code: Vec<u8> = (0..LENGTH).map(|_| next() as u8).collect();
        // Two-byte opcodes, prefixes and what they lead to are most of what there is.
        match next() % 8 {
            0..4 => code[0] = 0x0f,
            4 => code[..2].copy_from_slice(&[[0x66, 0xf2, 0xf3, 0x48][next() as usize % 4], 0x0f]),
            5 => code[0] = [0xc4, 0xc5, 0x62, 0x8f][next() as usize % 4],
            _ => {}
        }
        if OUTSIDE.iter().any(|bytes| code.windows(bytes.len()).any(|window| window == *bytes)) {
            continue;
        }
        assert_eq!(first.run(&code), second.run(&code), "{code:02x?}");
    }
}
