//! The world outside of the sphere of replication, as the coordinator holds it for one guest.
//!
//! Inputs come out of it ([`World::read`]), released records go into it ([`World::release`]). It never waits:
//! a read that has no answer yet is kept until [`World::ready`] finds one.

pub mod files;
pub mod mounts;
pub mod sinks;

use covert_core::{Class, Entry, InputIndex, Request};
use covert_replica::world::{Handle, Operation, Reply, TRANSFER_MAX, channel, source};
use files::Files;
use mounts::Mounts;
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use rustix::time::ClockId;
use sinks::Sinks;
use std::collections::VecDeque;
use std::io::{Stdin, stdin};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

/// A read that waits for the world.
#[derive(Clone, Copy, Debug)]
struct Pending {
    index: InputIndex,
    request: Request,
}

/// Where standard input comes from.
pub enum Input {
    /// This process's own.
    Inherited(Stdin),
    /// Nothing: it is at its end.
    Empty,
}

/// The world of one guest.
pub struct World {
    files: Files,
    /// Where output goes.
    pub sinks: Sinks,
    input: Input,
    /// What was read and given back, to be read again.
    returned: VecDeque<u8>,
    at_end: bool,
    pending: Vec<Pending>,
    /// What the guest's random numbers follow from.
    seed: u64,
    /// The status with which the guest ended.
    pub exit_status: Option<u8>,
}

impl World {
    /// A world of these mounts; `seed` is where the guest's random numbers come from, the system's when there is none.
    pub fn new(mounts: Mounts, sinks: Sinks, input: Input, seed: Option<u64>) -> World {
        World {
            files: Files::new(mounts),
            sinks,
            input,
            returned: VecDeque::new(),
            at_end: false,
            pending: Vec::new(),
            seed: seed.unwrap_or_else(|| fastrand::u64(..)),
            exit_status: None,
        }
    }

    /// Standard input of the process that runs this.
    pub fn inherited_input() -> Input {
        Input::Inherited(stdin())
    }

    // ---- Inputs ---------------------------------------------------------------------------------------

    /// Reads an input: the answer, or nothing if it has to wait; [`ready`](Self::ready) brings it then.
    pub fn read(&mut self, index: InputIndex, request: Request) -> Option<Vec<u8>> {
        let pending = Pending { index, request };
        let answer = self.answer(pending, false);
        if answer.is_none() {
            self.pending.push(pending);
        }
        answer
    }

    /// Gives up a read that still waits. True if it did.
    pub fn cancel(&mut self, index: InputIndex) -> bool {
        let before = self.pending.len();
        self.pending.retain(|pending| pending.index != index);
        self.pending.len() < before
    }

    /// Puts consumed bytes back in front.
    pub fn give_back(&mut self, entry: &Entry) {
        if entry.request.source == source::STDIN {
            entry.value.iter().rev().for_each(|byte| self.returned.push_front(*byte));
        }
    }

    /// What to poll while a read waits for standard input.
    pub fn waits_for_input(&self) -> Option<BorrowedFd<'_>> {
        let waits = self.pending.iter().any(|pending| pending.request.source == source::STDIN);
        match &self.input {
            Input::Inherited(stdin) if waits => Some(stdin.as_fd()),
            _ => None,
        }
    }

    /// How long until a read that waits for a time has its answer.
    pub fn next_timer(&self) -> Option<Duration> {
        let timers = self.pending.iter().filter(|pending| pending.request.source == source::TIMER);
        let now = monotonic();
        timers.map(|pending| Duration::from_nanos(pending.request.argument.saturating_sub(now))).min()
    }

    /// The reads that have an answer now; `readable` tells that standard input was seen to have one.
    pub fn ready(&mut self, readable: bool) -> Vec<(InputIndex, Vec<u8>)> {
        let mut answers = Vec::new();
        let mut waiting = std::mem::take(&mut self.pending);
        waiting.retain(|pending| match self.answer(*pending, readable) {
            Some(value) => {
                answers.push((pending.index, value));
                false
            }
            None => true,
        });
        self.pending = waiting;
        answers
    }

    fn answer(&mut self, pending: Pending, readable: bool) -> Option<Vec<u8>> {
        let Request { class, source, argument, length, .. } = pending.request;
        let length = length.min(TRANSFER_MAX);
        if source & source::FILE != 0 && class == Class::Pure {
            return Some(encoded(&self.files.read(Handle(source & !source::FILE), argument, length)));
        }
        match (source, class) {
            (source::CLOCK, Class::Pure) => Some(clock(argument).to_le_bytes().to_vec()),
            (source::RANDOM, Class::Pure) => {
                let mut bytes = vec![0; length as usize];
                // They follow from the place in the guest's life: after a rollback it gets the same again, however many
                // had been drawn by then.
                let place = pending.index.wrapping_mul(0x9e37_79b9_7f4a_7c15);
                fastrand::Rng::with_seed(self.seed ^ place).fill(&mut bytes);
                Some(bytes)
            }
            (source::TIMER, Class::Pure) => {
                let now = monotonic();
                (now >= argument).then(|| now.to_le_bytes().to_vec())
            }
            (source::STDIN, Class::Consuming) => self.consume(length as usize, readable),
            // Both replicas asked for what does not exist; what they make of nothing is compared.
            _ => Some(Vec::new()),
        }
    }

    fn consume(&mut self, length: usize, readable: bool) -> Option<Vec<u8>> {
        if !self.returned.is_empty() {
            let count = self.returned.len().min(length);
            return Some(self.returned.drain(..count).collect());
        }
        let Input::Inherited(stdin) = &self.input else { return Some(Vec::new()) };
        if self.at_end || length == 0 {
            return Some(Vec::new());
        }
        if !readable && !has_input(stdin.as_fd()) {
            return None;
        }
        let mut bytes = vec![0; length];
        match rustix::io::read(stdin, &mut bytes[..]) {
            Ok(count) => {
                self.at_end = count == 0;
                bytes.truncate(count);
                Some(bytes)
            }
            Err(Errno::INTR | Errno::AGAIN) => None,
            Err(_) => {
                self.at_end = true;
                Some(Vec::new())
            }
        }
    }

    // ---- Outputs --------------------------------------------------------------------------------------

    /// Takes a record that compared equal, and gives what the guest sees of it.
    ///
    /// # Errors
    /// A sink failed: what was released cannot be put anywhere.
    pub fn release(&mut self, channel: u32, target: u64, payload: &[u8]) -> std::io::Result<Vec<u8>> {
        self.sinks.put(channel, target, payload)?;
        match channel {
            channel::EXIT => self.exit_status = Some((target & 0xFF) as u8),
            channel::WORLD => return Ok(self.operate(payload)),
            // Written, or a port that nothing is behind.
            _ => {}
        }
        Ok(Vec::new())
    }

    fn operate(&mut self, payload: &[u8]) -> Vec<u8> {
        let reply = match postcard::from_bytes::<Operation>(payload) {
            Ok(operation) => self.files.perform(operation),
            Err(_) => Err(Errno::INVAL.raw_os_error() as u16),
        };
        encoded(&reply)
    }
}

fn encoded(reply: &Reply) -> Vec<u8> {
    // An answer is bounded by what was asked for; nothing in it can fail to be encoded.
    postcard::to_stdvec(reply).unwrap_or_default()
}

fn has_input(fd: BorrowedFd<'_>) -> bool {
    let mut polled = [PollFd::from_borrowed_fd(fd, PollFlags::IN)];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    matches!(rustix::event::poll(&mut polled, Some(&now)), Ok(1..))
}

/// Nanoseconds of the monotonic clock.
pub fn monotonic() -> u64 {
    nanoseconds(ClockId::Monotonic)
}

/// A clock by its Linux number. What counts the processor's time would differ between replicas: the guest gets
/// the time since this process began instead.
fn clock(number: u64) -> u64 {
    use std::sync::OnceLock;
    static BEGAN: OnceLock<Instant> = OnceLock::new();
    match number {
        0 | 5 => nanoseconds(ClockId::Realtime),
        2 | 3 => BEGAN.get_or_init(Instant::now).elapsed().as_nanos() as u64,
        7 => nanoseconds(ClockId::Boottime),
        _ => monotonic(),
    }
}

fn nanoseconds(clock: ClockId) -> u64 {
    let now = rustix::time::clock_gettime(clock);
    (now.tv_sec as u64).saturating_mul(1_000_000_000).saturating_add(now.tv_nsec as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use covert_core::Point;
    use sinks::Console;

    #[test]
    fn random_numbers_follow_from_the_seed_and_the_place_and_not_from_how_often_they_were_drawn() {
        let world = |seed| {
            let sinks = Sinks::new(Console::Nowhere).unwrap();
            World::new(Mounts::new(&[]).unwrap(), sinks, Input::Empty, Some(seed))
        };
        let draw = |world: &mut World, index| {
            let point = Point { seq: 0, inputs: index };
            let request =
                Request { point, class: Class::Pure, source: source::RANDOM, argument: 0, length: 8 };
            world.read(index, request).unwrap()
        };
        let mut one = world(1);
        let (first, second) = (draw(&mut one, 0), draw(&mut one, 1));
        // As after a rollback.
        assert_eq!((draw(&mut one, 0), draw(&mut one, 1)), (first.clone(), second.clone()));
        assert_eq!(draw(&mut world(1), 1), second);
        assert_ne!(first, second);
        assert_ne!(draw(&mut world(2), 0), first);
    }
}
