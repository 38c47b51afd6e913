//! A Linux process as a guest: one static program, alone, with the system calls that a program of its kind makes.
//!
//! What the process is between two exits is in `state`; each system call is served in the file of its topic.
//! What needs the world leaves as a demand, and the call goes on when the answer comes.
//!
//! Not served, and named in the summary when a program asks for it: other threads and processes, sockets, pipes, timers that
//! interrupt, and files written through memory. A program that can do without gets an error and does.

mod address_space;
mod answers;
mod code;
mod descriptors;
mod directories;
mod emulation;
mod end;
mod errno;
mod file_io;
mod files;
mod identity;
mod loader;
mod mapping;
mod names;
mod path_calls;
mod paths;
mod pointers;
mod signal_frame;
mod signals;
mod state;
mod status;
mod syscalls;
mod time;
mod wait;

use crate::cpu::{Cpu, Exit};
use crate::guest::{Crash, Demand, LoadError, Personality};
use crate::memory::PAGE;
use crate::patch::Findings;
use crate::patch::generator::Generator;
use emulation::Counters;
use files::Descriptors;
pub(crate) use loader::Elf;
use signal_frame::Cause;
use state::{State, Step};
use std::collections::BTreeSet;
use std::sync::Arc;
use syscalls::{Outcome, Served};

/// Most different things that are named as not served.
const REPORTS_MAX: usize = 256;

/// The vector of a protection fault.
const PROTECTION: u8 = 13;

/// What a process is started with.
#[derive(Clone, Debug)]
pub struct Program {
    /// The ELF file.
    pub image: Arc<[u8]>,
    /// Where it is in the guest's view; what `/proc/self/exe` leads to.
    pub path: String,
    /// `argv`, the program's name first. A zero byte ends an argument.
    pub arguments: Vec<Vec<u8>>,
    /// `NAME=value`, as in `environ`.
    pub environment: Vec<Vec<u8>>,
    /// The current directory, absolute.
    pub directory: String,
    /// Whatever chance the process is given without asking the world comes from this: the same for all replicas.
    pub seed: u64,
}

/// The personality of a Linux process.
#[derive(Debug)]
pub struct Process {
    program: Program,
    state: State,
    /// What was found in the program's code.
    findings: Option<Findings>,
    /// What was named as not served, and what of it is still to be told. Not part of the state: what was told once need not
    /// be told again after a rollback.
    named: BTreeSet<String>,
    reports: Vec<String>,
}

impl Process {
    /// A process that will run a program.
    pub fn new(program: Program) -> Process {
        Process {
            program,
            state: State::default(),
            findings: None,
            named: BTreeSet::new(),
            reports: Vec::new(),
        }
    }

    /// Names something that is not served, once.
    fn report(&mut self, what: String) {
        if self.named.len() < REPORTS_MAX && self.named.insert(what.clone()) {
            self.reports.push(what);
        }
    }

    /// Brings a call to its end, or as far as it goes now.
    fn conclude(&mut self, outcome: Outcome, cpu: &mut Cpu<'_>) -> Demand {
        self.state.step = Step::Running;
        match outcome {
            Err(error) => cpu.registers.rax = error.result(),
            Ok(Served::Value(value)) => cpu.registers.rax = value,
            Ok(Served::Resumed) => {}
            Ok(Served::Post(output, value)) => {
                cpu.registers.rax = value;
                return Demand::Post(output);
            }
            Ok(Served::Ask(demand, purpose)) => {
                self.state.step = Step::Awaiting(purpose);
                return demand;
            }
            Ok(Served::Next(purpose)) => self.state.step = Step::Next(purpose),
            Ok(Served::End(status)) => {
                self.state.step = Step::Ending;
                return Demand::Post(end::record(status));
            }
        }
        Demand::Nothing
    }

    /// The guest did what its processor does not allow.
    fn exception(&mut self, vector: u8, error: u64, address: u64, cpu: &mut Cpu<'_>) -> Outcome {
        const PAGE_FAULT: u8 = 14;
        const UNDEFINED: u8 = 6;
        /// The opcode of INT n, and what the error code of its protection fault has beside the vector.
        const INT: u8 = 0xcd;
        const IN_IDT: u64 = 2;
        const WRITE: u64 = 2;
        const SEGV_MAPERR: i32 = 1;
        const SEGV_ACCERR: i32 = 2;
        const SI_KERNEL: i32 = 0x80;
        if vector == PAGE_FAULT {
            let page = address - address % PAGE;
            let absent = cpu.memory.protection(page).is_none();
            if absent && self.state.space.touch(cpu.memory, page, error & WRITE != 0) {
                return Ok(Served::Resumed);
            }
        }
        if vector == UNDEFINED && self.emulate(cpu) {
            return Ok(Served::Resumed);
        }
        // INT n to a vector that is not the guest's is no undefined instruction, but some hosts (KVM_PVM) say so.
        if vector == UNDEFINED
            && let Some(&[INT, number]) = cpu.memory.read(cpu.registers.rip, 2)
        {
            return self.exception(PROTECTION, u64::from(number) << 3 | IN_IDT, 0, cpu);
        }
        let code = match vector {
            PAGE_FAULT if error & 1 == 0 => SEGV_MAPERR,
            PAGE_FAULT => SEGV_ACCERR,
            _ => SI_KERNEL,
        };
        let about = if vector == PAGE_FAULT { address } else { cpu.registers.rip };
        let cause = Cause { code, address: Some(about), exception: (vector, error, address) };
        Ok(self.fault(cpu, end::signal_of(vector), cause))
    }
}

impl Personality for Process {
    fn load(&mut self, cpu: &mut Cpu<'_>) -> Result<(), LoadError> {
        let elf = loader::Elf::parse(&self.program.image)?;
        let (space, registers) = loader::load(&self.program, &elf, cpu.memory)?;
        let directory = paths::normalise("/", &self.program.directory)
            .map_err(|_| LoadError::Unsupported("the current directory is not a path".into()))?;
        *cpu.registers = registers;
        self.state = State {
            step: Step::Running,
            space,
            descriptors: Descriptors::standard(),
            directory,
            umask: 0o022,
            counters: Counters { tsc: 0, random: Generator::new(!self.program.seed) },
            ..State::default()
        };
        self.load_code(cpu, &elf);
        Ok(())
    }

    fn exit(&mut self, exit: &Exit, cpu: &mut Cpu<'_>) -> Demand {
        if matches!(self.state.step, Step::Ending | Step::Ended) {
            self.state.step = Step::Ended;
            return Demand::End;
        }
        let outcome = match *exit {
            Exit::SystemCall => self.system_call(cpu),
            Exit::Exception { vector, error, address } => self.exception(vector, error, address, cpu),
            // No process has ports: as Linux has it, the instruction is a protection fault.
            Exit::Out { .. } | Exit::In { .. } => self.exception(PROTECTION, 0, 0, cpu),
        };
        self.conclude(outcome, cpu)
    }

    fn resume(&mut self, _cpu: &mut Cpu<'_>) -> Option<Demand> {
        match std::mem::take(&mut self.state.step) {
            Step::Next(purpose) => {
                let demand = self.demand_for(&purpose);
                self.state.step = Step::Awaiting(purpose);
                demand
            }
            Step::Ending => {
                self.state.step = Step::Ended;
                Some(Demand::End)
            }
            step => {
                self.state.step = step;
                None
            }
        }
    }

    fn deliver(&mut self, value: &[u8], cpu: &mut Cpu<'_>) -> Result<(), Crash> {
        let Step::Awaiting(purpose) = std::mem::take(&mut self.state.step) else {
            return Err(Crash::Answer("nothing was asked for"));
        };
        let outcome = self.answered(purpose, value, cpu)?;
        match self.conclude(outcome, cpu) {
            Demand::Nothing => Ok(()),
            _ => Err(Crash::State("an answer was followed by a demand")),
        }
    }

    fn save(&self) -> Vec<u8> {
        // Only a type that cannot be serialised fails here, and none of the state's is such.
        postcard::to_stdvec(&self.state).unwrap_or_default()
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), Crash> {
        let (state, rest) = postcard::take_from_bytes::<State>(state)
            .map_err(|_| Crash::State("it is not that of a process"))?;
        if !rest.is_empty() {
            return Err(Crash::State("it has bytes too many"));
        }
        self.state = state;
        Ok(())
    }

    fn unserved(&mut self) -> Vec<String> {
        std::mem::take(&mut self.reports)
    }
}
