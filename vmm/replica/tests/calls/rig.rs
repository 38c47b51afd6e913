//! A process, its registers and its memory, without a processor.

use crate::elf;
use crate::world::World;
use covert_replica::cpu::{Cpu, Exit, Registers};
use covert_replica::guest::{Crash, Demand, LoadError, Personality};
use covert_replica::memory::Memory;
use covert_replica::process::{Process, Program};
use covert_replica::world::TRANSFER_MAX;

/// Bytes of memory.
pub(crate) const LIMIT: u64 = 16 << 20;

/// Room for what calls are given, in the program's data, far from its own.
pub(crate) const ROOM: u64 = elf::DATA + 0x1_0000;

pub(crate) struct Rig {
    pub(crate) process: Process,
    pub(crate) memory: Memory,
    pub(crate) registers: Registers,
    pub(crate) world: World,
    /// What the last call demanded.
    pub(crate) demands: Vec<Demand>,
}

pub(crate) fn program() -> Program {
    Program {
        image: elf::image().into(),
        path: "/bin/program".into(),
        arguments: vec![b"program".to_vec(), b"an argument".to_vec()],
        environment: vec![b"HOME=/".to_vec()],
        directory: "/".into(),
        seed: 3,
    }
}

impl Rig {
    pub(crate) fn new() -> Rig {
        Rig::of(program()).expect("a program")
    }

    pub(crate) fn of(program: Program) -> Result<Rig, LoadError> {
        let mut rig = Rig {
            process: Process::new(program),
            memory: Memory::new(LIMIT).expect("address space"),
            registers: Registers::default(),
            world: World::new(),
            demands: Vec::new(),
        };
        rig.with(|process, cpu| process.load(cpu))?;
        Ok(rig)
    }

    pub(crate) fn with<R>(&mut self, act: impl FnOnce(&mut Process, &mut Cpu<'_>) -> R) -> R {
        let mut port_in = None;
        let mut cpu = Cpu { registers: &mut self.registers, memory: &mut self.memory, port_in: &mut port_in };
        act(&mut self.process, &mut cpu)
    }

    pub(crate) fn exit(&mut self, exit: Exit) -> Demand {
        let demand = self.with(|process, cpu| process.exit(&exit, cpu));
        self.note(demand)
    }

    pub(crate) fn resume(&mut self) -> Option<Demand> {
        let demand = self.with(|process, cpu| process.resume(cpu))?;
        Some(self.note(demand))
    }

    pub(crate) fn deliver(&mut self, answer: &[u8]) -> Result<(), Crash> {
        self.with(|process, cpu| process.deliver(answer, cpu))
    }

    fn note(&mut self, demand: Demand) -> Demand {
        match &demand {
            Demand::Input(input) => assert!(input.length <= TRANSFER_MAX, "{input:?}"),
            Demand::Post(output) | Demand::Effect(output) => {
                assert!(output.payload.len() <= TRANSFER_MAX as usize, "too long a record");
            }
            _ => {}
        }
        self.demands.push(demand.clone());
        demand
    }

    /// Sets the registers for a call and makes the exit.
    pub(crate) fn begin(&mut self, number: i64, arguments: &[u64]) -> Demand {
        let mut six = [0; 6];
        six[..arguments.len()].copy_from_slice(arguments);
        let r = &mut self.registers;
        r.rax = number as u64;
        [r.rdi, r.rsi, r.rdx, r.r10, r.r8, r.r9] = six;
        self.demands.clear();
        self.exit(Exit::SystemCall)
    }

    /// Makes a call and serves what it demands, to its end. What it returns.
    pub(crate) fn call(&mut self, number: i64, arguments: &[u64]) -> i64 {
        let mut demand = self.begin(number, arguments);
        loop {
            if let Some(answer) = self.world.answer(&demand) {
                self.deliver(&answer).expect("an answer");
            }
            match self.resume() {
                Some(next) => demand = next,
                None => return self.registers.rax as i64,
            }
        }
    }

    /// Makes a call that must be served without any demand.
    pub(crate) fn inside(&mut self, number: i64, arguments: &[u64]) -> i64 {
        let result = self.call(number, arguments);
        assert_eq!(self.demands, [Demand::Nothing]);
        result
    }

    /// Puts bytes into the room for them.
    pub(crate) fn place(&mut self, offset: u64, bytes: &[u8]) -> u64 {
        assert!(self.memory.put(ROOM + offset, bytes));
        ROOM + offset
    }

    /// Puts a path into the room.
    pub(crate) fn path(&mut self, path: &str) -> u64 {
        self.place(0x8000, &[path.as_bytes(), &[0]].concat())
    }

    pub(crate) fn read(&self, address: u64, length: u64) -> Vec<u8> {
        self.memory.read(address, length).expect("readable").to_vec()
    }

    /// Opens a file; its descriptor.
    pub(crate) fn open(&mut self, path: &str, flags: i32) -> u64 {
        let path = self.path(path);
        let descriptor = self.call(libc::SYS_open, &[path, flags as u64, 0o644]);
        assert!(descriptor >= 0, "{descriptor}");
        descriptor as u64
    }
}

/// What a call returns that fails.
pub(crate) fn error(number: i32) -> i64 {
    -i64::from(number)
}
