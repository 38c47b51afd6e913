//! Whatever a program asks for and whatever is answered: an error, a clear end or a result, and never more than that.

use crate::rig::{LIMIT, ROOM, Rig};
use covert_replica::cpu::{Exit, Registers};
use covert_replica::guest::{Crash, Demand, Personality};
use covert_replica::memory::{PAGE, SPACE};
use covert_replica::world::{Answer, DirectoryEntry, Handle, Reply, Status};
use proptest::prelude::*;
use std::time::{Duration, Instant};

/// A generator of the test's own, so that a seed tells all.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// A value of the kinds that calls are given, and of those that they should not be.
    fn argument(&mut self) -> u64 {
        match self.below(16) {
            0 => self.next(),
            1 => self.below(4),
            2 => self.below(16),
            3 => ROOM + self.below(0x1_0000),
            4 | 5 => ROOM + 0x8000 + 0x100 * self.below(8),
            6 => self.below(SPACE),
            7 => self.below(SPACE) / PAGE * PAGE,
            8 => PAGE * self.below(600),
            9 => u64::MAX - self.below(0x2000),
            10 => i64::MAX as u64 + self.below(3) - 1,
            11 => 1 << self.below(64),
            12 => (1 << self.below(63)) - 1,
            13 => libc::AT_FDCWD as u64,
            14 => self.below(0x1_0000),
            _ => SPACE - self.below(3 * PAGE),
        }
    }

    fn bytes(&mut self, most: u64) -> Vec<u8> {
        (0..self.below(most)).map(|_| self.next() as u8).collect()
    }

    /// A reply, but not to what was asked.
    fn reply(&mut self) -> Reply {
        let status = Status {
            mode: self.next() as u32,
            size: self.next(),
            modified: self.next() as i64,
            ..Status::default()
        };
        match self.below(9) {
            0 => Err(self.next() as u16),
            1 => Err(self.below(140) as u16),
            2 => Ok(Answer::Done),
            3 => Ok(Answer::Opened { handle: Handle(self.next() as u32 >> self.below(32)), status }),
            4 => Ok(Answer::Count(self.argument() as u32)),
            5 => Ok(Answer::Appended { count: self.below(100) as u32, end: self.next() }),
            6 => Ok(Answer::Data(self.bytes(200))),
            7 => Ok(Answer::Status(status)),
            _ => {
                let name = self.bytes(20);
                Ok(Answer::Entries(vec![DirectoryEntry { inode: self.next(), kind: 8, name }; 3]))
            }
        }
    }

    fn wrong_answer(&mut self) -> Vec<u8> {
        match self.below(4) {
            0 => self.bytes(20),
            1 => self.next().to_le_bytes().to_vec(),
            _ => crate::world::pack(&self.reply()),
        }
    }
}

/// What calls find where they are led: paths, times, vectors.
fn furnish(rig: &mut Rig, chance: &mut Chance) {
    let paths = ["/folder/file", "/folder", "small", "/dev/null", "/new", "..", "/dev/stdin", ""];
    for (at, path) in (0x8000..).step_by(0x100).zip(paths) {
        // A program may have unmapped it.
        let _ = rig.memory.put(ROOM + at, &[path.as_bytes(), &[0]].concat());
    }
    for at in (0..0x800).step_by(8) {
        let word = chance.argument();
        let _ = rig.memory.put(ROOM + at, &word.to_le_bytes());
    }
}

/// Makes one exit and serves it to its end, well or badly. False if the process is at its end.
fn step(rig: &mut Rig, chance: &mut Chance) -> bool {
    let mut number = if chance.one_in(20) { chance.next() as i64 } else { chance.below(471) as i64 };
    // Ends are found soon enough.
    if matches!(number, libc::SYS_exit | libc::SYS_exit_group | libc::SYS_kill | libc::SYS_pause)
        && !chance.one_in(20)
    {
        number = chance.below(20) as i64;
    }
    let arguments: [u64; 6] = std::array::from_fn(|_| chance.argument());
    let mut demand = if chance.one_in(300) {
        rig.demands.clear();
        let (vector, error, address) = (chance.below(32) as u8, chance.below(64), chance.argument());
        rig.exit(Exit::Exception { vector, error, address })
    } else {
        rig.begin(number, &arguments)
    };
    let bad = chance.one_in(40);
    // A world that gives a byte at a time makes a mapping long, and its fault it is.
    for _ in 0..2000 {
        let answer = match rig.world.answer(&demand) {
            Some(_) if bad => Some(chance.wrong_answer()),
            answer => answer,
        };
        if let Some(answer) = answer {
            match rig.deliver(&answer) {
                Ok(()) => {}
                Err(Crash::Answer(_)) if bad => return false,
                Err(other) => panic!("call {number} {arguments:x?}: {other}"),
            }
        }
        if demand == Demand::End {
            return false;
        }
        match rig.resume() {
            Some(next) => demand = next,
            None => return true,
        }
    }
    assert!(bad, "call {number} {arguments:x?} has no end");
    false
}

fn check(rig: &Rig) {
    assert!(rig.memory.mapped() <= LIMIT);
    let state = rig.process.save();
    assert!(state.len() < 1 << 20, "a state of {} bytes", state.len());
    let mut other = covert_replica::process::Process::new(crate::rig::program());
    other.restore(&state).expect("its own state");
    assert!(other.save() == state, "a state that is saved differently the second time");
}

/// Makes many exits; how many of them did something, and the longest time that one took.
fn fuzz(seed: u64, steps: u64) -> (u64, Duration) {
    let mut chance = Chance(seed.max(1));
    let mut rig = Rig::new();
    let (mut served, mut longest) = (0, Duration::ZERO);
    furnish(&mut rig, &mut chance);
    for at in 0..steps {
        if chance.one_in(20) {
            furnish(&mut rig, &mut chance);
        }
        if chance.one_in(8) {
            rig.registers.rip = chance.argument();
            rig.registers.rsp = chance.argument();
        }
        let begun = Instant::now();
        let goes_on = step(&mut rig, &mut chance);
        longest = longest.max(begun.elapsed());
        served += u64::from((rig.registers.rax as i64) >= 0);
        if at % 64 == 0 || !goes_on {
            check(&rig);
        }
        if !goes_on {
            rig.memory.clear();
            rig.registers = Registers::default();
            rig.with(|process, cpu| process.load(cpu)).expect("the same program");
            rig.world.open.clear();
            furnish(&mut rig, &mut chance);
        }
    }
    assert!(rig.process.unserved().len() < 1000);
    (served, longest)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_call_upsets_the_process(seed: u64) {
        fuzz(seed, 200);
    }
}

/// `FUZZ_SECONDS` makes it longer, `FUZZ_SEED` repeats one.
#[test]
fn no_sequence_of_calls_upsets_the_process() {
    let number = |name| std::env::var(name).ok().and_then(|text: String| text.parse::<u64>().ok());
    let seconds = number("FUZZ_SECONDS").unwrap_or(5);
    let begun = Instant::now();
    let mut seed = number("FUZZ_SEED").unwrap_or_else(|| {
        std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(1, |now| now.as_nanos() as u64)
    });
    let (mut steps, mut served, mut longest) = (0, 0, Duration::ZERO);
    while begun.elapsed() < Duration::from_secs(seconds) {
        println!("FUZZ_SEED={seed}");
        let (more, took) = fuzz(seed, 2000);
        steps += 2000;
        served += more;
        longest = longest.max(took);
        seed = seed.wrapping_add(1);
    }
    println!("{steps} calls, {served} of them did something, the longest took {longest:?}");
    assert!(served > steps / 50, "the fuzzer only meets errors");
    assert!(longest < Duration::from_secs(2), "one call took {longest:?}");
}
