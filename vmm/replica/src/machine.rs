//! A machine: a processor, memory and what gives meaning to the guest's exits.
//!
//! It runs from one counted exit to the next, saves its state, and goes back to a saved one. It does not know what an epoch is,
//! who compares or who answers.

use crate::cpu::{Cpu, Exit, Registers};
use crate::cpuid;
use crate::guest::{Crash, Demand, LoadError, Personality};
use crate::inject::{self, Flip, Injected};
use crate::kick::Kicker;
use crate::memory::{Memory, PAGE, SPACE};
use crate::platform::Platform;
use crate::state::{Raw, decode, encode};
use crate::vcpu::{Burst, Entered, Vcpu};
use crc_fast::{CrcAlgorithm, checksum};
use kvm_ioctls::Kvm;
use serde::{Deserialize, Serialize};

pub use crate::guest::Image;
pub use crate::vcpu::KvmError;

/// What a machine is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Bytes of memory.
    pub memory: u64,
    /// Whether it can be saved. It costs a fault at the first write to each page after each save.
    pub checkpoints: bool,
}

/// Why a machine could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MachineError {
    /// KVM.
    #[error(transparent)]
    Kvm(#[from] KvmError),
    /// The guest cannot be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The machine could not be set up.
    #[error(transparent)]
    Crash(#[from] Crash),
}

/// Why a machine stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// A counted exit: this is needed.
    Demand(Demand),
    /// [`Kicker::kick`]; nothing is lost, the machine can run on.
    Kicked,
}

/// A saved state, the content of pages apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// Processor, personality and mapping, in a canonical form: equal machines give equal bytes.
    pub state: Vec<u8>,
    /// The pages that were written since the last time, lowest first.
    pub dirty: Vec<u32>,
    /// Of the state and of every mapped page: equal for equal machines.
    pub fingerprint: u64,
}

/// What it took to go back to a saved state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    /// Pages whose content was put back.
    pub pages_copied: u32,
    /// Those of them that were wrong though nobody had written to them: memory that changed by itself.
    pub scrubbed: u32,
}

/// The fingerprint of a saved state, given those of its pages by number; none if the bytes are no state.
pub fn checkpoint_fingerprint(state: &[u8], fingerprint_of: impl Fn(usize) -> u64) -> Option<u64> {
    let saved: State = postcard::from_bytes(state).ok()?;
    let last = SPACE / PAGE;
    let in_space = |&(first, length, _): &(u32, u32, u8)| u64::from(first) + u64::from(length) <= last;
    if !saved.mapping.iter().all(in_space) {
        return None;
    }
    let pages = saved.mapping.iter().flat_map(|&(first, length, _)| first..first + length);
    Some(fingerprint(state, pages.map(|page| page as usize), fingerprint_of))
}

fn fingerprint(state: &[u8], pages: impl Iterator<Item = usize>, of: impl Fn(usize) -> u64) -> u64 {
    let mut bytes = state.to_vec();
    for page in pages {
        bytes.extend_from_slice(&(page as u32).to_le_bytes());
        bytes.extend_from_slice(&of(page).to_le_bytes());
    }
    checksum(CrcAlgorithm::Crc64Nvme, &bytes)
}

/// The state of a machine, the content of pages apart.
#[derive(Serialize, Deserialize)]
struct State {
    /// Of the CPUID table: where it differs, the state cannot go on.
    cpuid: u64,
    counted: u64,
    port: Port,
    processor: Vec<u8>,
    personality: Vec<u8>,
    mapping: Vec<(u32, u32, u8)>,
}

/// What is under way at a port.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Port {
    /// The bytes of a read that is not answered yet.
    read: Option<u8>,
    /// The accesses of a string instruction; the first one is under way if `read` is set.
    burst: Option<Burst>,
}

/// A machine with a guest in it.
pub struct Machine {
    // Dropped before the memory that KVM has been given.
    vcpu: Vcpu,
    platform: Platform,
    memory: Memory,
    personality: Box<dyn Personality>,
    cpuid: u64,
    initial: Raw,
    counted: u64,
    port: Port,
    /// An answer is due by [`Machine::deliver`].
    awaiting: bool,
    /// Where the next scrub goes on.
    scrubbed_to: usize,
}

impl std::fmt::Debug for Machine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Machine")
            .field("counted", &self.counted)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

impl Machine {
    /// Makes a machine and loads its guest.
    ///
    /// # Errors
    /// See [`MachineError`].
    pub fn new(
        kvm: &Kvm,
        personality: Box<dyn Personality>,
        options: &Options,
    ) -> Result<Machine, MachineError> {
        let memory = Memory::new(options.memory).map_err(KvmError::refused("reserving address space"))?;
        let platform =
            Platform::new(personality.ports()).map_err(KvmError::refused("reserving address space"))?;
        let table = cpuid::table(kvm).map_err(KvmError::refused("asking for CPUID"))?;
        let vcpu = Vcpu::new(kvm, &table, &platform, &memory, options.checkpoints)?;
        let initial = vcpu.raw()?;
        let mut machine = Machine {
            vcpu,
            platform,
            memory,
            personality,
            cpuid: cpuid::fingerprint(&table),
            initial,
            counted: 0,
            port: Port::default(),
            awaiting: false,
            scrubbed_to: 0,
        };
        machine.load()?;
        Ok(machine)
    }

    /// Goes back to the beginning: the guest is loaded anew.
    ///
    /// # Errors
    /// See [`MachineError`]. The machine is good for nothing then.
    pub fn reload(&mut self) -> Result<(), MachineError> {
        self.vcpu.settle()?;
        self.memory.clear();
        let mut initial = self.initial.clone();
        initial.sregs.cr3 = self.platform.root();
        self.vcpu.set_raw(&initial)?;
        (self.counted, self.port, self.awaiting) = (0, Port::default(), false);
        self.load()?;
        self.platform.regenerate(&mut self.memory)?;
        self.vcpu.set_root(self.platform.root());
        Ok(())
    }

    fn load(&mut self) -> Result<(), MachineError> {
        self.with_cpu(|personality, cpu| personality.load(cpu))?;
        if self.vcpu.logs() {
            // What was written before is not the guest's.
            self.vcpu.take_log()?;
        }
        Ok(())
    }

    // ---- Running --------------------------------------------------------------------------------------

    /// Runs to the next counted exit, or does what is still to be done at the last one.
    ///
    /// # Errors
    /// The guest cannot go on.
    pub fn run(&mut self) -> Result<Stop, Crash> {
        if self.awaiting {
            return Err(Crash::Answer("the guest waits for one and was told to run"));
        }
        if let Some(demand) = self.with_cpu(|personality, cpu| personality.resume(cpu)) {
            return Ok(self.stop(demand));
        }
        let Some(exit) = self.next_exit()? else { return Ok(Stop::Kicked) };
        self.port.read = match exit {
            Exit::In { size, .. } => Some(size),
            _ => None,
        };
        let demand = self.with_cpu(|personality, cpu| personality.exit(&exit, cpu));
        Ok(self.stop(demand))
    }

    /// Gives the answer to the demand made last.
    ///
    /// # Errors
    /// [`Crash::Answer`] if it is none.
    pub fn deliver(&mut self, value: &[u8]) -> Result<(), Crash> {
        if !std::mem::take(&mut self.awaiting) {
            return Err(Crash::Answer("nothing was asked"));
        }
        self.with_cpu(|personality, cpu| personality.deliver(value, cpu))
    }

    fn stop(&mut self, demand: Demand) -> Stop {
        self.counted += 1;
        self.awaiting = matches!(demand, Demand::Effect(_) | Demand::Input(_));
        Stop::Demand(demand)
    }

    /// Counted exits so far: how many demands the guest has made.
    pub fn counted(&self) -> u64 {
        self.counted
    }

    /// What stops [`run`](Self::run) from a signal handler.
    pub fn kicker(&self) -> Kicker {
        self.vcpu.kicker()
    }

    /// The next exit; `None` after a kick.
    fn next_exit(&mut self) -> Result<Option<Exit>, Crash> {
        if self.port.read.is_some() {
            self.answer_port(u32::MAX);
        }
        if let Some(exit) = self.next_of_burst() {
            return Ok(Some(exit));
        }
        if self.platform.apply(&mut self.memory)? {
            self.vcpu.set_root(self.platform.root());
        }
        match self.vcpu.enter(&self.platform)? {
            Entered::Kicked => Ok(None),
            Entered::Exit(exit) => Ok(Some(exit)),
            Entered::Burst(burst) => {
                self.port.burst = Some(burst);
                match self.next_of_burst() {
                    Some(exit) => Ok(Some(exit)),
                    None => Err(Crash::Processor("a string instruction without an access".into())),
                }
            }
        }
    }

    /// The next access of a string instruction, if one is under way.
    fn next_of_burst(&mut self) -> Option<Exit> {
        let exit = match self.port.burst.as_mut()? {
            Burst::Out { port, size, values } if !values.is_empty() => {
                Some(Exit::Out { port: *port, size: *size, value: values.remove(0) })
            }
            Burst::In { port, size, left: 1.., .. } => Some(Exit::In { port: *port, size: *size }),
            _ => None,
        };
        if exit.is_none() {
            self.port.burst = None;
        }
        exit
    }

    /// Puts the answer of a port where the instruction wants it.
    fn answer_port(&mut self, value: u32) {
        let Some(bytes) = self.port.read.take() else { return };
        if let Some(Burst::In { size, address, backwards, left, .. }) = &mut self.port.burst {
            let (to, step) = (*address, u64::from(*size));
            *address = if *backwards { to.wrapping_sub(step) } else { to.wrapping_add(step) };
            *left = left.saturating_sub(1);
            // KVM has written there: it is the guest's and writable, unless it was unmapped since.
            let _ = self.memory.write(to, &value.to_le_bytes()[..usize::from(bytes)]);
            return;
        }
        let mut registers = self.vcpu.registers();
        registers.rax = match bytes {
            1 => registers.rax & !0xff | u64::from(value & 0xff),
            2 => registers.rax & !0xffff | u64::from(value & 0xffff),
            _ => u64::from(value),
        };
        self.vcpu.set_registers(&registers);
    }

    /// Lets the personality work on the guest while it stands still.
    fn with_cpu<T>(&mut self, work: impl FnOnce(&mut dyn Personality, &mut Cpu<'_>) -> T) -> T {
        let mut registers = self.vcpu.registers();
        let mut port_in = None;
        let mut cpu = Cpu { registers: &mut registers, memory: &mut self.memory, port_in: &mut port_in };
        let done = work(&mut *self.personality, &mut cpu);
        self.vcpu.set_registers(&registers);
        if let Some(value) = port_in {
            self.answer_port(value);
        }
        done
    }

    // ---- Saving and restoring -------------------------------------------------------------------------

    /// Finishes what KVM has begun, without running the guest.
    ///
    /// # Errors
    /// The host's.
    pub fn settle(&mut self) -> Result<(), Crash> {
        self.vcpu.settle()
    }

    /// The state, and which pages belong to it.
    ///
    /// # Errors
    /// [`Crash::State`] while an answer is due, or in a machine without [`Options::checkpoints`].
    pub fn save(&mut self) -> Result<Saved, Crash> {
        if self.awaiting {
            return Err(Crash::State("the guest waits for an answer"));
        }
        self.vcpu.settle()?;
        self.note_written()?;
        let dirty = self.memory.take_dirty();
        let state = State {
            cpuid: self.cpuid,
            counted: self.counted,
            port: self.port.clone(),
            processor: encode(&self.vcpu.raw()?),
            personality: self.personality.save(),
            mapping: self.memory.mapping(),
        };
        let state = postcard::to_stdvec(&state).map_err(crate::vcpu::host("writing the state"))?;
        let fingerprint =
            fingerprint(&state, self.memory.mapped_pages(), |page| self.memory.fingerprint(page));
        Ok(Saved { state, dirty, fingerprint })
    }

    /// Takes over which pages KVM saw written.
    fn note_written(&mut self) -> Result<(), Crash> {
        if !self.vcpu.logs() {
            return Err(Crash::State("the machine was made without checkpoints"));
        }
        let log = self.vcpu.take_log()?;
        self.memory.mark_all(&log);
        Ok(())
    }

    /// Goes back to a saved state. Every mapped page is verified against its fingerprint, written since or not.
    ///
    /// # Errors
    /// [`Crash::State`] if state and image do not belong together or to this host. The machine cannot run before it was
    /// restored from something better, or [reloaded](Self::reload).
    pub fn restore(&mut self, state: &[u8], image: &dyn Image) -> Result<Restored, Crash> {
        let state: State =
            postcard::from_bytes(state).map_err(|_| Crash::State("it is not the state of a machine"))?;
        if state.cpuid != self.cpuid {
            return Err(Crash::State("it was saved on a processor with other features"));
        }
        self.vcpu.settle()?;
        self.note_written()?;
        let restored = self.restore_memory(&state.mapping, image)?;
        self.platform.regenerate(&mut self.memory)?;
        let mut raw = decode(&state.processor, &self.initial)?;
        raw.sregs.cr3 = self.platform.root();
        self.vcpu.set_raw(&raw)?;
        self.personality.restore(&state.personality)?;
        (self.counted, self.port, self.awaiting) = (state.counted, state.port, false);
        Ok(restored)
    }

    fn restore_memory(&mut self, mapping: &[(u32, u32, u8)], image: &dyn Image) -> Result<Restored, Crash> {
        let mapped_before: Vec<usize> = self.memory.mapped_pages().collect();
        self.memory
            .restore_mapping(mapping)
            .map_err(|_| Crash::State("its mapping is none of this machine's memory"))?;
        let mut restored = Restored::default();
        let mut content = [0; PAGE as usize];
        let mut before = mapped_before.into_iter().peekable();
        let pages: Vec<usize> = self.memory.mapped_pages().collect();
        for page in pages {
            while before.next_if(|earlier| *earlier < page).is_some() {}
            let was_mapped = before.next_if_eq(&page).is_some();
            let expected = image.fingerprint(page);
            let found = crate::memory::page_fingerprint(self.memory.page(page));
            if found == expected {
                self.memory.accept_page(page, expected);
                continue;
            }
            let written = !was_mapped || self.memory.is_dirty(page);
            restored.scrubbed += u32::from(!written && found != self.memory.fingerprint(page));
            restored.pages_copied += 1;
            let there = image.read(page, &mut content);
            self.memory.restore_page(page, &content, expected);
            if !there || crate::memory::page_fingerprint(self.memory.page(page)) != expected {
                return Err(Crash::State("a page does not have the fingerprint it was saved with"));
            }
        }
        Ok(restored)
    }

    /// Holds some pages that nobody has written to against their fingerprints, where the last call ended on. Gives the first one that has changed
    /// all the same.
    ///
    /// # Errors
    /// [`Crash::State`] in a machine without [`Options::checkpoints`]: it does not know what was written.
    pub fn scrub(&mut self, pages: usize) -> Result<Option<u32>, Crash> {
        self.note_written()?;
        let all: Vec<usize> = self.memory.mapped_pages().collect();
        let from = all.partition_point(|page| *page < self.scrubbed_to);
        let round = all[from..].iter().chain(&all[..from]).take(pages);
        for &page in round {
            self.scrubbed_to = page + 1;
            let written = self.memory.is_dirty(page);
            let found = crate::memory::page_fingerprint(self.memory.page(page));
            if !written && found != self.memory.fingerprint(page) {
                return Ok(Some(page as u32));
            }
        }
        Ok(None)
    }

    // ---- Looking at it --------------------------------------------------------------------------------

    /// The guest's memory.
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// The guest's memory, to be changed while it stands still.
    pub fn memory_mut(&mut self) -> &mut Memory {
        &mut self.memory
    }

    /// The guest's registers.
    pub fn registers(&self) -> Registers {
        self.vcpu.registers()
    }

    /// What the guest asked for in vain since the last call.
    pub fn unserved(&mut self) -> Vec<String> {
        self.personality.unserved()
    }

    /// Makes a fault, and tells what it changed.
    ///
    /// # Errors
    /// There is no such register.
    pub fn inject(&mut self, flip: &Flip) -> Result<Injected, Crash> {
        let mut registers = self.vcpu.registers();
        let mut injected = Injected {
            rip: registers.rip,
            registers: inject::general(&registers),
            exits: self.counted,
            ..Injected::default()
        };
        match flip {
            Flip::Register { name, bit } => {
                let register =
                    inject::register(&mut registers, name).ok_or(Crash::State("no such register"))?;
                injected.before = *register;
                *register ^= 1u64 << (bit % 64);
                injected.after = *register;
                injected.what = flip.to_string();
                self.vcpu.set_registers(&registers);
            }
            Flip::Memory { address, bit } => self.flip_memory(*address, *bit, &mut injected),
            Flip::AnyMemory { seed } => {
                let (address, bit) = inject::draw(&self.memory, *seed);
                self.flip_memory(address, bit, &mut injected);
            }
        }
        Ok(injected)
    }

    fn flip_memory(&mut self, address: u64, bit: u32, injected: &mut Injected) {
        let byte = |memory: &Memory| {
            let page = (address / PAGE) as usize;
            memory.protection(address).map_or(0, |_| u64::from(memory.page(page)[(address % PAGE) as usize]))
        };
        injected.before = byte(&self.memory);
        // Where nothing is mapped there is nothing to flip, and before equals after.
        self.memory.flip(address, bit);
        injected.after = byte(&self.memory);
        injected.what = Flip::Memory { address, bit }.to_string();
    }
}
