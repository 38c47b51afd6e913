//! A machine: a processor, memory and what gives meaning to the guest's exits.
//!
//! It runs from one counted exit to the next, saves its state, and goes back to a saved one. It does not know what an epoch is,
//! who compares or who answers.

mod checkpoint;
mod inject;

use crate::cpu::{Cpu, Exit, Registers};
use crate::cpuid;
use crate::guest::{Crash, Demand, LoadError, Personality};
use crate::kick::Kicker;
use crate::memory::Memory;
use crate::platform::Platform;
use crate::state::Raw;
use crate::vcpu::{Burst, Entered, Vcpu};
use kvm_ioctls::Kvm;
use serde::{Deserialize, Serialize};

pub use crate::guest::Image;
pub use crate::vcpu::KvmError;
pub use checkpoint::{Restored, Saved, checkpoint_fingerprint, checkpoint_pages};
pub use inject::{InjectError, Injected};

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
    /// The guest stands at a counted exit, and not where a kick stopped it.
    at_exit: bool,
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
            cpuid: cpuid::fingerprint(&table.0),
            initial,
            counted: 0,
            port: Port::default(),
            awaiting: false,
            at_exit: true,
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
        self.at_exit = true;
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
        let next = self.next_exit()?;
        self.at_exit = next.is_some();
        let Some(exit) = next else { return Ok(Stop::Kicked) };
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

    /// Finishes what KVM has begun, without running the guest.
    ///
    /// # Errors
    /// The host's.
    pub fn settle(&mut self) -> Result<(), Crash> {
        self.vcpu.settle()
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
}
