//! Bare guests: a program without an operating system, and a few devices.
//!
//! The program is an ELF file for fixed addresses, or a flat image that is put to the lowest guest address and entered there. It runs as
//! 64-bit code at CPL 3 with a stack of its own; all memory that is left is its own too. Its devices are [`ports`]:
//!
//! | port | | what | becomes |
//! |---|---|---|---|
//! | `0x400` | out 1 | a character to the console | record on `STDOUT` |
//! | `0x404` | out 4 | address of a string | |
//! | `0x408` | out 4 | its length; puts it out, at most 64 KiB of it | record on `STDOUT` |
//! | `0x40c` | in 4 | next character of the console, `0xffff_ffff` at the end | input from `STDIN` |
//! | `0x410`, `0x414` | in 4 | monotonic clock, nanoseconds: low half, then high half | input from `CLOCK`; nothing |
//! | `0x418` | in 4 | a random number | input from `RANDOM` |
//! | `0x41c`, `0x420` | in 4 | free memory: address, bytes | |
//! | `0x424` | in 4 | the number it was started with | |
//! | `0x428` | out 4 | address of the interrupt handler | |
//! | `0x42c` | out 4 | period of the timer in microseconds; 0 disarms | input from `CLOCK` |
//! | `0x430` | out 1 | interrupts: 1 on, 0 off | |
//! | `0x434` | out 1 | wait for the timer | input from `TIMER` |
//! | `0x438` | out 1 | end of the interrupt handler | |
//! | `0x43c` | out 4 | end, with a status | record on `EXIT` |
//!
//! **Interrupts** come only at counted exits, where a replica is where its peers are: while the timer is armed and interrupts are
//! on, the clock is read every 16th counted exit, and when the timer's time has come the handler runs before the next
//! instruction. The device itself saves the registers on the guest's stack, below its red zone, and enters the handler as a
//! function whose first argument is their address; writing to `0x438` takes them from there again. SSE
//! registers are left alone. Meanwhile interrupts are off. No processor delivers this interrupt: code at CPL 3 could not
//! take one, and every host would do it in its own way. A guest that makes no exits gets none.
//!
//! An exception ends the guest: a line on `STDERR` says which, the status is 128 + the signal that Linux would send.

mod load;
pub mod ports;
mod timer;

use crate::cpu::{Cpu, Exit};
use crate::guest::{Crash, Demand, Input, LoadError, Output, Personality};
use crate::memory::RESERVED;
use crate::world::{TRANSFER_MAX, channel, source};
use covert_core::Class;
use serde::{Deserialize, Serialize};
use std::ops::Range;
use timer::Timer;

/// Linux's number of the monotonic clock.
const MONOTONIC: u64 = 1;
/// Status of a guest that made what is not there: 128 + SIGSYS.
const NO_SYSTEM_CALLS: u8 = 159;

/// A bare guest.
#[derive(Clone, Debug)]
pub struct Bare {
    image: Vec<u8>,
    argument: u32,
    /// What is left after its image and stack; known once it is loaded.
    free: Range<u64>,
    devices: Devices,
}

/// What changes while it runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Devices {
    string: u64,
    clock_high: u32,
    timer: Timer,
    /// What the answer that comes next is for.
    awaited: Option<Awaited>,
    ending: Option<Ending>,
}

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Awaited {
    Character,
    Clock,
    Random,
    /// The time from which a newly armed timer counts.
    Begin,
    /// Whether the timer's time has come.
    Poll,
    /// The timer's time.
    Timer,
}

/// How far an ending guest is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Ending {
    /// It said why; its status is still to be put out.
    Said(u8),
    /// All is said.
    Over,
}

impl Bare {
    /// A guest of an ELF file or a flat image, with the number it can read at [`ports::ARGUMENT`].
    pub fn new(image: Vec<u8>, argument: u32) -> Bare {
        Bare { image, argument, free: RESERVED..RESERVED, devices: Devices::default() }
    }

    fn out(&mut self, port: u16, value: u32, cpu: &mut Cpu<'_>) -> Demand {
        let devices = &mut self.devices;
        match port {
            ports::CONSOLE => return console(vec![value as u8]),
            ports::STRING => devices.string = value.into(),
            ports::PRINT => {
                let length = u64::from(value.min(TRANSFER_MAX));
                return match cpu.memory.read(devices.string, length) {
                    Some(string) => console(string.to_vec()),
                    None => self.fall(139, &format!("a string at {:#x} is not its own", self.devices.string)),
                };
            }
            ports::HANDLER => devices.timer.handler = value.into(),
            ports::TIMER => return self.arm(value),
            ports::INTERRUPTS => devices.timer.enabled = value & 1 == 1,
            ports::WAIT => return self.wait(),
            ports::RETURN => return self.leave(cpu),
            ports::END => return self.end(value as u8),
            _ => {}
        }
        Demand::Nothing
    }

    fn arm(&mut self, period: u32) -> Demand {
        match self.devices.timer.arm(period) {
            true => self.ask(Awaited::Begin, Class::Pure, source::CLOCK, MONOTONIC, 8),
            false => Demand::Nothing,
        }
    }

    fn wait(&mut self) -> Demand {
        match self.devices.timer.deadline {
            Some(deadline) => self.ask(Awaited::Timer, Class::Pure, source::TIMER, deadline, 8),
            None => Demand::Nothing,
        }
    }

    fn leave(&mut self, cpu: &mut Cpu<'_>) -> Demand {
        match self.devices.timer.leave(cpu) {
            true => Demand::Nothing,
            false => self.fall(139, "there is no interrupt to return from"),
        }
    }

    fn read(&mut self, port: u16, cpu: &mut Cpu<'_>) -> Demand {
        let answer = match port {
            ports::INPUT => return self.ask(Awaited::Character, Class::Consuming, source::STDIN, 0, 1),
            ports::CLOCK => return self.ask(Awaited::Clock, Class::Pure, source::CLOCK, MONOTONIC, 8),
            ports::RANDOM => return self.ask(Awaited::Random, Class::Pure, source::RANDOM, 0, 4),
            ports::CLOCK_HIGH => self.devices.clock_high,
            ports::MEMORY => self.free.start as u32,
            ports::MEMORY_SIZE => (self.free.end - self.free.start) as u32,
            ports::ARGUMENT => self.argument,
            _ => u32::MAX,
        };
        *cpu.port_in = Some(answer);
        Demand::Nothing
    }

    fn ask(&mut self, awaited: Awaited, class: Class, source: u32, argument: u64, length: u32) -> Demand {
        self.devices.awaited = Some(awaited);
        Demand::Input(Input { class, source, argument, length })
    }

    /// Ends the guest for what it did.
    fn fall(&mut self, status: u8, why: &str) -> Demand {
        self.devices.ending = Some(Ending::Said(status));
        let payload = format!("the guest was ended: {why}\n").into_bytes();
        Demand::Post(Output { channel: channel::STDERR, target: 0, payload })
    }

    fn end(&mut self, status: u8) -> Demand {
        self.devices.ending = Some(Ending::Over);
        Demand::Post(Output { channel: channel::EXIT, target: status.into(), payload: Vec::new() })
    }
}

fn console(payload: Vec<u8>) -> Demand {
    Demand::Post(Output { channel: channel::STDOUT, target: 0, payload })
}

/// The signal that Linux sends for an exception.
fn signal(vector: u8) -> u8 {
    match vector {
        0 | 16 | 19 => 8,
        1 | 3 => 5,
        6 => 4,
        17 => 7,
        _ => 11,
    }
}

impl Personality for Bare {
    fn ports(&self) -> Range<u16> {
        ports::CONSOLE..ports::BEHIND
    }

    fn load(&mut self, cpu: &mut Cpu<'_>) -> Result<(), LoadError> {
        self.devices = Devices::default();
        self.free = load::load(&self.image, cpu)?;
        Ok(())
    }

    fn exit(&mut self, exit: &Exit, cpu: &mut Cpu<'_>) -> Demand {
        self.devices.timer.count();
        match *exit {
            Exit::Out { port, value, .. } => self.out(port, value, cpu),
            Exit::In { port, .. } => self.read(port, cpu),
            Exit::SystemCall => {
                let rip = cpu.registers.rip;
                self.fall(NO_SYSTEM_CALLS, &format!("a system call before {rip:#x}"))
            }
            Exit::Exception { vector, error, address } => {
                let rip = cpu.registers.rip;
                let why = format!("exception {vector}, error {error:#x}, address {address:#x} at {rip:#x}");
                self.fall(128 + signal(vector), &why)
            }
        }
    }

    fn resume(&mut self, _: &mut Cpu<'_>) -> Option<Demand> {
        match self.devices.ending {
            Some(Ending::Said(status)) => return Some(self.end(status)),
            Some(Ending::Over) => return Some(Demand::End),
            None => {}
        }
        self.devices
            .timer
            .is_due_for_poll()
            .then(|| self.ask(Awaited::Poll, Class::Pure, source::CLOCK, MONOTONIC, 8))
    }

    fn deliver(&mut self, value: &[u8], cpu: &mut Cpu<'_>) -> Result<(), Crash> {
        let awaited = self.devices.awaited.take().ok_or(Crash::Answer("nothing was asked"))?;
        match awaited {
            Awaited::Character => {
                *cpu.port_in = Some(match value {
                    [] => ports::NO_CHARACTER,
                    [character] => u32::from(*character),
                    _ => return Err(Crash::Answer("more than one character")),
                });
                return Ok(());
            }
            Awaited::Random => {
                let bytes = value.try_into().map_err(|_| Crash::Answer("not four random bytes"))?;
                *cpu.port_in = Some(u32::from_le_bytes(bytes));
                return Ok(());
            }
            _ => {}
        }
        let bytes = value.try_into().map_err(|_| Crash::Answer("not a time of eight bytes"))?;
        let now = u64::from_le_bytes(bytes);
        let fell = match awaited {
            Awaited::Begin => {
                self.devices.timer.begin(now);
                false
            }
            Awaited::Poll | Awaited::Timer => !self.devices.timer.elapse(now, cpu),
            _ => {
                self.devices.clock_high = (now >> 32) as u32;
                *cpu.port_in = Some(now as u32);
                false
            }
        };
        if fell {
            // There is nowhere to say why: the answer was taken, the next thing to be put out is the end.
            self.devices.ending = Some(Ending::Said(139));
        }
        Ok(())
    }

    fn save(&self) -> Vec<u8> {
        postcard::to_stdvec(&self.devices).unwrap_or_default()
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), Crash> {
        self.devices =
            postcard::from_bytes(state).map_err(|_| Crash::State("it is not the state of a bare guest"))?;
        Ok(())
    }

    fn unserved(&mut self) -> Vec<String> {
        Vec::new()
    }
}
