//! Time and chance: both come from outside, once for all replicas.

use super::Process;
use super::errno::Errno;
use super::state::Purpose;
use super::syscalls::{Arguments, Outcome, Served};
use crate::cpu::Cpu;
use crate::guest::{Demand, Input};
use crate::world::{TRANSFER_MAX, source};
use covert_core::Class;
use serde::{Deserialize, Serialize};

/// Clock ticks a second, as `times` counts them; `USER_HZ`.
pub(super) const TICKS: u64 = 100;

const SECOND: u64 = 1_000_000_000;

const WALL: u64 = libc::CLOCK_REALTIME as u64;
const STEADY: u64 = libc::CLOCK_MONOTONIC as u64;

/// How a time is laid out for the guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Form {
    /// Seconds and nanoseconds at an address.
    Timespec(u64),
    /// Seconds and microseconds at an address, if it is not 0.
    Timeval(u64),
    /// Seconds, returned, and at an address if it is not 0.
    Seconds(u64),
    /// Clock ticks, returned, and `struct tms` at an address if it is not 0.
    Ticks(u64),
}

/// A time to set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Moment {
    /// As it is.
    Kept,
    /// The wall clock's.
    Now,
    /// In nanoseconds since 1970.
    At(i64),
}

impl Moment {
    /// The moment, now that the time is known.
    pub(super) fn at(self, now: u64) -> Moment {
        if self == Moment::Now { Moment::At(i64::try_from(now).unwrap_or(i64::MAX)) } else { self }
    }

    /// As the world wants it.
    pub(super) fn time(self) -> Option<i64> {
        if let Moment::At(time) = self { Some(time) } else { None }
    }
}

/// The clock of the world that stands for one of Linux's. Processor time passes like time: how much of it a replica has used
/// is nothing that another could know.
fn world_clock(clock: u64) -> Result<u64, Errno> {
    match clock as i32 {
        libc::CLOCK_REALTIME | libc::CLOCK_REALTIME_COARSE | libc::CLOCK_TAI => Ok(WALL),
        libc::CLOCK_MONOTONIC
        | libc::CLOCK_PROCESS_CPUTIME_ID
        | libc::CLOCK_THREAD_CPUTIME_ID
        | libc::CLOCK_MONOTONIC_RAW
        | libc::CLOCK_MONOTONIC_COARSE
        | libc::CLOCK_BOOTTIME => Ok(STEADY),
        _ => Err(Errno::EINVAL),
    }
}

fn clock_input(clock: u64) -> Demand {
    Demand::Input(Input { class: Class::Pure, source: source::CLOCK, argument: clock, length: 8 })
}

fn ask_clock(clock: u64, form: Form) -> Outcome {
    Ok(Served::Ask(clock_input(clock), Purpose::Clock(form)))
}

/// Asks for the wall clock's time.
pub(super) fn ask_wall(purpose: Purpose) -> Outcome {
    Ok(Served::Ask(clock_input(WALL), purpose))
}

/// What the next step of a sleep asks for.
pub(super) fn sleep_demand(purpose: &Purpose) -> Option<Demand> {
    match purpose {
        Purpose::SleepUntilWall { .. } => Some(clock_input(WALL)),
        Purpose::SleepFor { .. } => Some(clock_input(STEADY)),
        Purpose::SleepUntil { deadline, .. } => Some(Demand::Input(Input {
            class: Class::Pure,
            source: source::TIMER,
            argument: *deadline,
            length: 8,
        })),
        _ => None,
    }
}

/// Goes on with a sleep, now that a clock's time is known.
pub(super) fn slept(purpose: &Purpose, now: u64) -> Served {
    match *purpose {
        Purpose::SleepUntilWall { deadline, value } => {
            Served::Next(Purpose::SleepFor { duration: deadline.saturating_sub(now), value })
        }
        Purpose::SleepFor { duration, value } => {
            Served::Next(Purpose::SleepUntil { deadline: now.saturating_add(duration), value })
        }
        Purpose::SleepUntil { value, .. } => Served::Value(value),
        _ => Served::Value(0),
    }
}

impl Process {
    pub(super) fn clock_gettime(&mut self, cpu: &mut Cpu<'_>, [clock, address, ..]: Arguments) -> Outcome {
        let clock = world_clock(clock)?;
        self.writable(cpu, address, 16)?;
        ask_clock(clock, Form::Timespec(address))
    }

    pub(super) fn clock_getres(&mut self, cpu: &mut Cpu<'_>, [clock, address, ..]: Arguments) -> Outcome {
        world_clock(clock)?;
        self.put_if(cpu, address, &pair(0, 1))?;
        Ok(Served::Value(0))
    }

    pub(super) fn gettimeofday(&mut self, cpu: &mut Cpu<'_>, [address, zone, ..]: Arguments) -> Outcome {
        self.put_if(cpu, zone, &[0; 8])?;
        if address == 0 {
            return Ok(Served::Value(0));
        }
        self.writable(cpu, address, 16)?;
        ask_clock(WALL, Form::Timeval(address))
    }

    pub(super) fn time(&mut self, cpu: &mut Cpu<'_>, [address, ..]: Arguments) -> Outcome {
        if address != 0 {
            self.writable(cpu, address, 8)?;
        }
        ask_clock(WALL, Form::Seconds(address))
    }

    pub(super) fn times(&mut self, cpu: &mut Cpu<'_>, [address, ..]: Arguments) -> Outcome {
        if address != 0 {
            self.writable(cpu, address, 32)?;
        }
        ask_clock(STEADY, Form::Ticks(address))
    }

    /// Lays out a time that was asked for.
    pub(super) fn clock_read(&mut self, cpu: &mut Cpu<'_>, form: Form, now: u64) -> Outcome {
        let (seconds, rest) = (now / SECOND, now % SECOND);
        let value = match form {
            Form::Timespec(address) => {
                self.put(cpu, address, &pair(seconds, rest))?;
                0
            }
            Form::Timeval(address) => {
                self.put(cpu, address, &pair(seconds, rest / 1000))?;
                0
            }
            Form::Seconds(address) => {
                self.put_if(cpu, address, &seconds.to_le_bytes())?;
                seconds
            }
            Form::Ticks(address) => {
                let ticks = now / (SECOND / TICKS);
                let mut times = [0; 32];
                times[..8].copy_from_slice(&ticks.to_le_bytes());
                self.put_if(cpu, address, &times)?;
                ticks
            }
        };
        Ok(Served::Value(value))
    }

    /// Nanoseconds from a `struct timespec` of the guest.
    pub(super) fn timespec(&mut self, cpu: &mut Cpu<'_>, address: u64) -> Result<u64, Errno> {
        let seconds = self.word(cpu, address)?;
        let rest = self.word(cpu, address.checked_add(8).ok_or(Errno::EFAULT)?)?;
        if seconds > i64::MAX as u64 || rest >= SECOND {
            return Err(Errno::EINVAL);
        }
        Ok(seconds.saturating_mul(SECOND).saturating_add(rest))
    }

    pub(super) fn nanosleep(&mut self, cpu: &mut Cpu<'_>, [request, ..]: Arguments) -> Outcome {
        let duration = self.timespec(cpu, request)?;
        Ok(Served::Next(Purpose::SleepFor { duration, value: 0 }))
    }

    pub(super) fn clock_nanosleep(&mut self, cpu: &mut Cpu<'_>, arguments: Arguments) -> Outcome {
        let [clock, flags, request, ..] = arguments;
        let clock = world_clock(clock)?;
        let time = self.timespec(cpu, request)?;
        Ok(Served::Next(if flags & libc::TIMER_ABSTIME as u64 == 0 {
            Purpose::SleepFor { duration: time, value: 0 }
        } else if clock == WALL {
            Purpose::SleepUntilWall { deadline: time, value: 0 }
        } else {
            Purpose::SleepUntil { deadline: time, value: 0 }
        }))
    }

    pub(super) fn getrandom(
        &mut self,
        cpu: &mut Cpu<'_>,
        [address, length, flags, ..]: Arguments,
    ) -> Outcome {
        if flags > 7 {
            return Err(Errno::EINVAL);
        }
        let length = length.min(u64::from(TRANSFER_MAX));
        self.writable(cpu, address, length)?;
        if length == 0 {
            return Ok(Served::Value(0));
        }
        let input = Input { class: Class::Pure, source: source::RANDOM, argument: 0, length: length as u32 };
        Ok(Served::Ask(Demand::Input(input), Purpose::Stream { buffers: vec![(address, length)] }))
    }
}

/// Two words, as `struct timespec` and `struct timeval` have them.
fn pair(first: u64, second: u64) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&first.to_le_bytes());
    bytes[8..].copy_from_slice(&second.to_le_bytes());
    bytes
}
