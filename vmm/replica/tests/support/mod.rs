//! What the tests of machines share: KVM or a loud skip, a guest of a few instructions, pages kept as a checkpoint keeps them.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "a module of several test programs, each of which uses some of it"
)]

use covert_replica::cpu::{Cpu, Exit, Registers};
use covert_replica::guest::{Crash, Demand, LoadError, Personality};
use covert_replica::machine::{Image, Machine, Options, Saved, Stop};
use covert_replica::memory::{Memory, PAGE, Protection, page_fingerprint};
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
}

impl Assembled {
    pub fn new(code: &[u8]) -> Assembled {
        Assembled {
            code: code.to_vec(),
            ports: 0x400..0x440,
            seen: Arc::default(),
            act: Box::new(|_, _| Demand::Nothing),
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
        self.seen.lock().expect("no panic").push((*exit, *cpu.registers));
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
        self.0.get(&(page as u32)).map_or(0, |page| page.0)
    }

    fn read(&self, page: usize, to: &mut [u8]) -> bool {
        self.0.get(&(page as u32)).inspect(|page| to.copy_from_slice(&page.1)).is_some()
    }
}
