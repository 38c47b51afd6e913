//! The replica's half: one stream of counted exits, and what each of them becomes.
//!
//! A guest is deterministic between exits, so a place in its life is named by what has crossed the border of the sphere:
//! records out, inputs in. Nothing here depends on how fast the replica runs; two replicas that
//! behave alike produce the same calls and so the same records and requests.
//!
//! ```text
//!            ┌─ output, window open ── submit ─────────────────────────────┐
//!  running ──┼─ output, window full ── wait for a release ── submit ───────┼──> running
//!            ├─ input ── ask ── entry delivered, intact and the next one ──┤
//!            └─ end of epoch ── leave ── stage ── submit State ────────────┘
//! ```

use crate::epoch::{Epoch, Line, state_payload};
use crate::log::{Class, Entry, InputIndex, Request};
use crate::{Generation, Limits, Seq};
use covert_abi::{Header, Kind};
use serde::{Deserialize, Serialize};

/// A place in a replica's life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Point {
    /// Records produced before it.
    pub seq: Seq,
    /// Inputs taken before it.
    pub inputs: InputIndex,
}

/// Why a record cannot be produced now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutputError {
    /// As many records as the window allows are not released: wait for a release.
    #[error("{unreleased} records wait for their release, the window is full")]
    WindowFull {
        /// How many.
        unreleased: u64,
    },
    /// The payload is longer than any record may be.
    #[error("a payload of {length} bytes, at most {most} are allowed")]
    TooLong {
        /// Its length.
        length: usize,
        /// The limit.
        most: u32,
    },
}

/// Why a delivered entry was not taken. The replica has to stop: its input is not what was logged for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
    /// It is not the next one.
    #[error("input {found} was delivered, input {expected} is due")]
    NotDue {
        /// Position of what was delivered.
        found: InputIndex,
        /// Position of what is due.
        expected: InputIndex,
    },
    /// It changed on its way.
    #[error("input {0} is not what was logged")]
    Corrupt(InputIndex),
}

/// What follows from a counted exit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Go on.
    Run,
    /// The epoch ends here: ask for leave, stage a checkpoint and submit the [`Stream::state`] record.
    EndOfEpoch,
}

/// The stream of one replica.
#[derive(Clone, Debug)]
pub struct Stream {
    group: u16,
    window: u32,
    payload_max: u32,
    epoch_exits: u32,
    generation: Generation,
    at: Point,
    epoch: Epoch,
    exits: u32,
    released: Seq,
}

impl Stream {
    /// A stream at the beginning, in no generation yet.
    pub fn new(limits: &Limits) -> Stream {
        Stream {
            group: limits.group,
            window: limits.window,
            payload_max: limits.payload_max,
            epoch_exits: limits.epoch_exits,
            generation: 0,
            at: Point::default(),
            epoch: 1,
            exits: 0,
            released: 0,
        }
    }

    /// Goes to a recovery line, in a new generation.
    pub fn restore(&mut self, generation: Generation, line: Line) {
        self.generation = generation;
        self.at = Point { seq: line.seq, inputs: line.inputs };
        self.epoch = line.epoch + 1;
        self.exits = 0;
        self.released = line.seq;
    }

    /// Where the replica is.
    pub fn at(&self) -> Point {
        self.at
    }

    /// The generation it runs in.
    pub fn generation(&self) -> Generation {
        self.generation
    }

    /// The epoch it is in; the first is 1.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Learns that every record before `next` has been released.
    pub fn released(&mut self, next: Seq) {
        self.released = self.released.max(next);
    }

    /// The first record that it has not learnt to be released.
    pub fn first_unreleased(&self) -> Seq {
        self.released
    }

    /// Names the next record.
    ///
    /// # Errors
    /// [`OutputError::WindowFull`] until the oldest record is released; nothing has changed then.
    pub fn output(
        &mut self,
        kind: Kind,
        channel: u32,
        target: u64,
        length: usize,
    ) -> Result<Header, OutputError> {
        let unreleased = self.at.seq.saturating_sub(self.released);
        if unreleased >= u64::from(self.window) {
            return Err(OutputError::WindowFull { unreleased });
        }
        let most = self.payload_max;
        let length = u32::try_from(length)
            .ok()
            .filter(|length| *length <= most)
            .ok_or(OutputError::TooLong { length, most })?;
        let header = Header {
            seq: self.at.seq,
            generation: self.generation,
            length,
            target,
            group: self.group,
            kind: kind as u16,
            channel,
        };
        self.at.seq += 1;
        Ok(header)
    }

    /// Asks for an input here.
    pub fn ask(&self, class: Class, source: u32, argument: u64, length: u32) -> Request {
        Request { point: self.at, class, source, argument, length }
    }

    /// Asks for the result of the record produced last.
    pub fn ask_result(&self, length: u32) -> Request {
        self.ask(Class::Result(self.at.seq.saturating_sub(1)), 0, 0, length)
    }

    /// Takes a delivered entry.
    ///
    /// # Errors
    /// See [`InputError`].
    pub fn take(&mut self, entry: &Entry) -> Result<(), InputError> {
        if entry.index != self.at.inputs {
            return Err(InputError::NotDue { found: entry.index, expected: self.at.inputs });
        }
        if !entry.is_intact() {
            return Err(InputError::Corrupt(entry.index));
        }
        self.at.inputs += 1;
        Ok(())
    }

    /// Counts an exit, after its record or input is dealt with.
    pub fn exit(&mut self) -> Turn {
        self.exits += 1;
        if self.exits < self.epoch_exits { Turn::Run } else { Turn::EndOfEpoch }
    }

    /// Names the record of the state at the end of an epoch, and begins the next epoch.
    ///
    /// # Errors
    /// As [`output`](Self::output).
    pub fn state(&mut self, state: u64) -> Result<(Header, [u8; crate::epoch::STATE_BYTES]), OutputError> {
        let payload = state_payload(self.epoch, self.at.inputs, state);
        let header = self.output(Kind::State, 0, 0, payload.len())?;
        self.epoch += 1;
        self.exits = 0;
        Ok((header, payload))
    }
}
