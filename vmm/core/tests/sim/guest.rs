//! A deterministic guest, and the replica that runs it.

use super::Choices;
use covert_abi::Kind;
use covert_core::epoch::{Epoch, Line};
use covert_core::stream::{InputError, Turn};
use covert_core::{Class, Entry, Event, Generation, Limits, Record, Replica, Stream};

/// One counted exit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// An exit that nothing crosses.
    Compute,
    /// Output without a result.
    Post(usize),
    /// Output with a result.
    Wait(usize),
    /// A clock.
    Clock,
    /// So many bytes of a pipe.
    Pipe(u32),
    /// A sign of life.
    Heartbeat,
}

/// A guest's program: the exits that it makes, in order. The last one is always a `Wait`.
#[derive(Clone, Debug)]
pub struct Program(pub Vec<Op>);

impl Program {
    pub fn choose(exits: usize, choices: &mut impl Choices) -> Program {
        let mut ops: Vec<Op> = (1..exits)
            .map(|_| match choices.pick(8) {
                0 => Op::Compute,
                1 | 2 => Op::Post(choices.pick(40)),
                3 | 4 => Op::Wait(choices.pick(40)),
                5 => Op::Clock,
                6 => Op::Pipe(1 + choices.pick(8) as u32),
                _ => Op::Heartbeat,
            })
            .collect();
        ops.push(Op::Wait(8));
        Program(ops)
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }
}

/// What a checkpoint holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guest {
    pub state: u64,
    pub pc: usize,
    /// Something that nobody coordinates; zero in an honest guest.
    pub rogue: u64,
}

pub fn mix(state: u64, with: u64) -> u64 {
    (state ^ with).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(23) ^ with
}

impl Guest {
    pub fn loaded() -> Guest {
        Guest { state: 0x1234_5678, pc: 0, rogue: 0 }
    }

    /// Of the state that a replica compares; what nobody coordinates is not in it.
    pub fn fingerprint(&self) -> u64 {
        mix(self.state, self.pc as u64)
    }

    pub fn payload(&self, length: usize) -> Vec<u8> {
        let mut word = mix(self.state ^ self.rogue, self.pc as u64);
        let next = |_| {
            word = mix(word, 1);
            word as u8
        };
        (0..length).map(next).collect()
    }

    pub fn compute(&mut self) {
        self.state = mix(self.state, self.pc as u64);
    }

    pub fn absorb(&mut self, value: &[u8]) {
        self.state = value.iter().fold(self.state, |state, byte| mix(state, u64::from(*byte)));
    }
}

/// What a replica waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocked {
    No,
    Window,
    /// `true` once the request is sent.
    Input {
        sent: bool,
    },
    Boundary,
    Ended,
    Halted,
}

/// One replica.
pub struct Runner {
    pub alive: bool,
    pub hung: bool,
    /// The generation that it was last told to run in.
    pub told: Generation,
    /// Number of the comparator that it can submit to.
    pub way: usize,
    pub stream: Stream,
    pub guest: Guest,
    pub blocked: Blocked,
    pub exits: u64,
    pub staged: Option<(Epoch, Guest)>,
    end_of_epoch: bool,
    may_stage: bool,
    input: Option<(Class, u32)>,
    outbox: Option<Tell>,
}

enum Tell {
    Request,
    Boundary(Epoch),
    Ended,
}

impl Runner {
    pub fn new(limits: &Limits) -> Runner {
        Runner {
            alive: true,
            hung: false,
            told: 0,
            way: 0,
            stream: Stream::new(limits),
            guest: Guest::loaded(),
            blocked: Blocked::Halted,
            exits: 0,
            staged: None,
            end_of_epoch: false,
            may_stage: false,
            input: None,
            outbox: None,
        }
    }

    pub fn restore(&mut self, generation: Generation, line: Line, guest: Guest) {
        self.stream.restore(generation, line);
        self.guest = guest;
        self.blocked = Blocked::Halted;
        self.end_of_epoch = false;
        self.may_stage = false;
        self.input = None;
        self.outbox = None;
    }

    pub fn go_on(&mut self) {
        self.may_stage = self.blocked == Blocked::Boundary;
        if matches!(self.blocked, Blocked::Halted | Blocked::Boundary) {
            self.blocked = Blocked::No;
        }
    }

    pub fn can_run(&self) -> bool {
        let able = match self.blocked {
            Blocked::No => true,
            Blocked::Window => self.stream.clone().output(Kind::Heartbeat, 0, 0, 0).is_ok(),
            _ => false,
        };
        self.alive && !self.hung && able
    }

    /// Runs to the next thing that crosses the border. May submit a record; see also [`Runner::tell`].
    pub fn run(&mut self, program: &Program) -> Option<Record> {
        self.blocked = Blocked::No;
        if self.end_of_epoch {
            return self.finish_epoch();
        }
        let Some(op) = program.0.get(self.guest.pc) else {
            self.blocked = Blocked::Ended;
            self.outbox = Some(Tell::Ended);
            return None;
        };
        let record = match *op {
            Op::Compute => {
                self.guest.compute();
                self.exit();
                return None;
            }
            Op::Clock => return self.ask(Class::Pure, 8),
            Op::Pipe(length) => return self.ask(Class::Consuming, length),
            Op::Post(length) => self.submit(Kind::Posted, length),
            Op::Wait(length) => self.submit(Kind::Waiting, length),
            Op::Heartbeat => self.submit(Kind::Heartbeat, 0),
        };
        match (&record, op) {
            (None, _) => self.blocked = Blocked::Window,
            (Some(_), Op::Wait(_)) => {
                let seq = self.stream.at().seq - 1;
                self.ask(Class::Result(seq), 16);
            }
            (Some(_), _) => self.exit(),
        }
        record
    }

    /// What the replica has to tell the coordinator since it ran.
    pub fn tell(&mut self, replica: Replica) -> Option<Event> {
        let generation = self.told;
        Some(match self.outbox.take()? {
            Tell::Request => {
                let (class, length) = self.input?;
                Event::Request { replica, generation, request: self.stream.ask(class, 3, 7, length) }
            }
            Tell::Boundary(epoch) => Event::Boundary { replica, generation, epoch },
            Tell::Ended => Event::Ended { replica, generation, at: self.stream.at() },
        })
    }

    pub fn take(&mut self, entry: &Entry) -> Result<(), InputError> {
        self.stream.take(entry)?;
        self.guest.absorb(&entry.value);
        if matches!(self.blocked, Blocked::Input { .. }) {
            self.blocked = Blocked::No;
            self.exit();
        }
        Ok(())
    }

    fn ask(&mut self, class: Class, length: u32) -> Option<Record> {
        self.input = Some((class, length));
        self.blocked = Blocked::Input { sent: true };
        self.outbox = Some(Tell::Request);
        None
    }

    fn submit(&mut self, kind: Kind, length: usize) -> Option<Record> {
        let payload = self.guest.payload(length);
        let header = self.stream.output(kind, 9, 0x3f8, length).ok()?;
        Some(Record { header, payload })
    }

    fn exit(&mut self) {
        self.guest.pc += 1;
        self.exits += 1;
        self.end_of_epoch = self.stream.exit() == Turn::EndOfEpoch;
    }

    fn finish_epoch(&mut self) -> Option<Record> {
        let epoch = self.stream.epoch();
        if !self.may_stage {
            self.blocked = Blocked::Boundary;
            self.outbox = Some(Tell::Boundary(epoch));
            return None;
        }
        let Ok((header, payload)) = self.stream.state(self.guest.fingerprint()) else {
            self.blocked = Blocked::Window;
            return None;
        };
        self.staged = Some((epoch, self.guest));
        self.end_of_epoch = false;
        self.may_stage = false;
        Some(Record { header, payload: payload.to_vec() })
    }
}
