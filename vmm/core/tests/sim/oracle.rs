//! The outside world, and what must be true of it in the end.

use super::guest::{Guest, Op};
use super::{Choices, Outcome, Sim};
use covert_core::{Class, End, Request};
use std::collections::VecDeque;

/// What the inputs come from: a clock that never stands still and a pipe of numbered bytes.
#[derive(Default)]
pub struct Source {
    clock: u64,
    taken: u64,
    given_back: VecDeque<u8>,
}

fn pipe_byte(position: u64) -> u8 {
    (position.wrapping_mul(0x9E37_79B9) >> 8) as u8
}

impl Source {
    pub fn read(&mut self, request: &Request) -> Vec<u8> {
        match request.class {
            Class::Consuming => (0..request.length).map(|_| self.next_byte()).collect(),
            _ => {
                self.clock += 1;
                self.clock.to_le_bytes().to_vec()
            }
        }
    }

    pub fn give_back(&mut self, bytes: &[u8]) {
        for byte in bytes.iter().rev() {
            self.given_back.push_front(*byte);
        }
    }

    fn next_byte(&mut self) -> u8 {
        self.given_back.pop_front().unwrap_or_else(|| {
            self.taken += 1;
            pipe_byte(self.taken - 1)
        })
    }
}

/// What a sink answers to a record.
pub fn answer(payload: &[u8]) -> Vec<u8> {
    vec![payload.len() as u8, payload.first().copied().unwrap_or(0) ^ 0xA5]
}

impl<C: Choices> Sim<'_, C> {
    /// Holds what was released and consumed against a single fault-free guest with the same inputs.
    pub(super) fn check(self) -> Outcome {
        let (expected, used) = self.golden();
        assert!(
            self.released.len() <= expected.len() && self.released[..] == expected[..self.released.len()],
            "released {:x?}\nexpected {:x?}\nafter {:?}",
            self.released,
            expected,
            self.struck
        );
        let end = self.end.expect("the machine has ended");
        if end == End::Finished {
            assert_eq!(self.released.len(), expected.len(), "something was never released");
            let consumed: Vec<u8> = self
                .inputs
                .iter()
                .filter(|(index, (class, _))| **index < used && *class == Class::Consuming)
                .flat_map(|(_, (_, value))| value.clone())
                .collect();
            let wanted: Vec<u8> = (0..consumed.len() as u64).map(pipe_byte).collect();
            assert_eq!(consumed, wanted, "bytes of the pipe were lost, doubled or reordered");
            let left = self.source.taken - self.source.given_back.len() as u64;
            assert_eq!(
                left,
                consumed.len() as u64,
                "the pipe lost bytes that no guest got, after {:?}",
                self.struck
            );
        }
        Outcome { end, struck: self.struck, counters: self.machine.counters() }
    }

    /// The records that one guest releases with the inputs that were logged, as far as they reach, and the
    /// inputs that it used.
    fn golden(&self) -> (Vec<(u64, Vec<u8>)>, u64) {
        let mut guest = Guest::loaded();
        let epoch = self.setup.limits.epoch_exits as usize;
        let (mut seq, mut inputs, mut released) = (0, 0, Vec::new());
        for (exit, op) in self.setup.program.0.iter().enumerate() {
            if exit > 0 && exit.is_multiple_of(epoch) {
                seq += 1;
            }
            let takes = match *op {
                Op::Compute => {
                    guest.compute();
                    false
                }
                Op::Heartbeat => {
                    seq += 1;
                    false
                }
                Op::Post(length) | Op::Wait(length) => {
                    released.push((seq, guest.payload(length)));
                    seq += 1;
                    matches!(op, Op::Wait(_))
                }
                Op::Clock | Op::Pipe(_) => true,
            };
            if takes {
                let Some((_, value)) = self.inputs.get(&inputs) else { break };
                if let Op::Pipe(length) = *op {
                    assert_eq!(value.len(), length as usize, "a guest got another's bytes");
                }
                guest.absorb(value);
                inputs += 1;
            }
            guest.pc += 1;
        }
        (released, inputs)
    }
}
