//! What the tests of machines share: KVM or a loud skip, a guest of a few instructions, pages kept as a checkpoint keeps them.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "a module of several test programs, each of which uses some of it"
)]

use covert_replica::cpu::{Cpu, Exit, Registers};
use covert_replica::guest::{Crash, Demand, Input, LoadError, Output, Personality};
use covert_replica::machine::{Image, Machine, Options, Saved, Stop};
use covert_replica::memory::{Memory, PAGE, Protection, page_fingerprint, zero_page_fingerprint};
use covert_replica::world::channel;
use kvm_ioctls::Kvm;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex};

/// KVM, or `None` and a line that says what is missing.
pub fn kvm() -> Option<Kvm> {
    match Kvm::new() {
        Ok(kvm) => Some(kvm),
        Err(error) => {
            eprintln!(
                "SKIPPED: /dev/kvm cannot be opened ({error}): load kvm_intel or kvm_amd and join the group kvm"
            );
            None
        }
    }
}

/// Where the code of an [`Assembled`] guest is, read-only.
pub const CODE: u64 = 0x40_0000;
/// Its data, writable: 16 pages.
pub const DATA: u64 = 0x80_0000;
/// The end of its stack.
pub const STACK: u64 = 0x90_0000;

pub const MEMORY: Options = Options { memory: 64 << 20, checkpoints: true };

/// An exit that a guest made and the registers there.
pub type Seen = (Exit, Registers);

/// What to do at an exit.
pub type Act = Box<dyn FnMut(&Exit, &mut Cpu<'_>) -> Demand + Send>;

/// A guest of machine code, whose exits are noted.
pub struct Assembled {
    pub code: Vec<u8>,
    pub ports: Range<u16>,
    pub seen: Arc<Mutex<Vec<Seen>>>,
    pub act: Act,
    /// Whether `seen` is kept.
    pub keep: bool,
}

impl Assembled {
    pub fn new(code: &[u8]) -> Assembled {
        Assembled {
            code: code.to_vec(),
            ports: 0x400..0x440,
            seen: Arc::default(),
            act: Box::new(|_, _| Demand::Nothing),
            keep: true,
        }
    }

    pub fn act(mut self, act: impl FnMut(&Exit, &mut Cpu<'_>) -> Demand + Send + 'static) -> Assembled {
        self.act = Box::new(act);
        self
    }

    pub fn machine(self, kvm: &Kvm) -> Machine {
        Machine::new(kvm, Box::new(self), &MEMORY).expect("a machine")
    }
}

impl Personality for Assembled {
    fn ports(&self) -> Range<u16> {
        self.ports.clone()
    }

    fn load(&mut self, cpu: &mut Cpu<'_>) -> Result<(), LoadError> {
        let code = Protection { read: true, write: false, execute: true };
        let pages = (self.code.len() as u64).next_multiple_of(PAGE).max(PAGE);
        for (range, protection) in [
            (CODE..CODE + pages, code),
            (DATA..DATA + 16 * PAGE, Protection::READ_WRITE),
            (STACK - 16 * PAGE..STACK, Protection::READ_WRITE),
        ] {
            cpu.memory.map(range, protection).expect("room");
        }
        assert!(cpu.memory.put(CODE, &self.code));
        *cpu.registers = Registers { rip: CODE, rsp: STACK, rflags: 0x202, ..Registers::default() };
        Ok(())
    }

    fn exit(&mut self, exit: &Exit, cpu: &mut Cpu<'_>) -> Demand {
        if self.keep {
            self.seen.lock().expect("no panic").push((*exit, *cpu.registers));
        }
        (self.act)(exit, cpu)
    }

    fn resume(&mut self, _: &mut Cpu<'_>) -> Option<Demand> {
        None
    }

    fn deliver(&mut self, value: &[u8], cpu: &mut Cpu<'_>) -> Result<(), Crash> {
        let bytes = value.try_into().map_err(|_| Crash::Answer("not four bytes"))?;
        *cpu.port_in = Some(u32::from_le_bytes(bytes));
        Ok(())
    }

    fn save(&self) -> Vec<u8> {
        Vec::new()
    }

    fn restore(&mut self, _: &[u8]) -> Result<(), Crash> {
        Ok(())
    }

    fn unserved(&mut self) -> Vec<String> {
        Vec::new()
    }
}

/// Runs to the next demand.
pub fn demand(machine: &mut Machine) -> Demand {
    loop {
        match machine.run().expect("the guest runs") {
            Stop::Demand(demand) => return demand,
            Stop::Kicked => {}
        }
    }
}

/// The pages of a checkpoint, kept as copies.
#[derive(Clone, Default)]
pub struct Pages(pub BTreeMap<u32, (u64, Vec<u8>)>);

impl Pages {
    pub fn take(&mut self, saved: &Saved, memory: &Memory) {
        for &page in &saved.dirty {
            let content = memory.page(page as usize).to_vec();
            self.0.insert(page, (page_fingerprint(&content), content));
        }
    }
}

impl Image for Pages {
    fn fingerprint(&self, page: usize) -> u64 {
        self.0.get(&(page as u32)).map_or_else(zero_page_fingerprint, |page| page.0)
    }

    fn read(&self, page: usize, to: &mut [u8]) -> bool {
        match self.0.get(&(page as u32)) {
            Some((_, content)) => to.copy_from_slice(content),
            None => to.fill(0),
        }
        true
    }
}

/// A timer whose signal kicks a machine of this thread.
pub mod alarm {
    #![allow(unsafe_code, reason = "timers and signal handlers are the C library's")]

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

    /// Ends the timer, also when `work` panics.
    struct Stop<'a>(&'a AtomicBool);

    impl Drop for Stop<'_> {
        fn drop(&mut self) {
            self.0.store(false, Ordering::Relaxed);
        }
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
            let _stop = Stop(&running);
            work();
        });
        KICKER.set(None);
    }
}

/// What a guest asks of the world.
pub enum Ask<'a> {
    Input(&'a Input),
    Effect(&'a Output),
}

/// What came of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ran {
    /// Everything that was put out, in order.
    pub outputs: Vec<Output>,
    /// The guest's status.
    pub status: Option<u64>,
    pub counted: u64,
}

impl Ran {
    /// What went to a channel.
    pub fn text(&self, channel: u32) -> String {
        let payloads = self.outputs.iter().filter(|output| output.channel == channel);
        let bytes: Vec<u8> = payloads.flat_map(|output| output.payload.clone()).collect();
        String::from_utf8(bytes).expect("text")
    }
}

/// Runs one machine without peers to its end, with a world that answers. `at_exit` sees the machine between its exits.
pub fn run_simplex(
    machine: &mut Machine,
    mut world: impl FnMut(Ask<'_>) -> Vec<u8>,
    mut at_exit: impl FnMut(&mut Machine),
) -> Ran {
    let mut ran = Ran::default();
    loop {
        match demand(machine) {
            Demand::Nothing => {}
            Demand::Post(output) => ran.outputs.push(output),
            Demand::Effect(output) => {
                let reply = world(Ask::Effect(&output));
                ran.outputs.push(output);
                machine.deliver(&reply).expect("a reply");
            }
            Demand::Input(input) => {
                let answer = world(Ask::Input(&input));
                machine.deliver(&answer).expect("an answer");
            }
            Demand::End => {
                let last = ran.outputs.last().filter(|output| output.channel == channel::EXIT);
                ran.status = last.map(|output| output.target);
                ran.counted = machine.counted();
                return ran;
            }
        }
        at_exit(machine);
    }
}
