//! Two machines with the same inputs stay the same, and one that goes back does again what it did.

use crate::busybox::{busybox, text};
use crate::small_world::{SmallWorld, program};
use crate::support::{Pages, demand, kvm};
use covert_replica::guest::Demand;
use covert_replica::machine::{Machine, Options};
use covert_replica::process::{Process, Program};
use kvm_ioctls::Kvm;

const OPTIONS: Options = Options { memory: 64 << 20, checkpoints: true };

fn machine(kvm: &Kvm, program: &Program) -> Machine {
    Machine::new(kvm, Box::new(Process::new(program.clone())), &OPTIONS).expect("a machine")
}

/// Has this thread run on the first CPU or on another one, if there is one. What a program sees must not show which.
pub(crate) fn move_to(first: bool) {
    let Ok(all) = rustix::thread::sched_getaffinity(rustix::thread::Pid::from_raw(std::process::id() as i32))
    else {
        return;
    };
    let mut cpus = (0..rustix::thread::CpuSet::MAX_CPU).filter(|cpu| all.is_set(*cpu));
    let chosen = if first { cpus.next() } else { cpus.nth(1) };
    let mut set = rustix::thread::CpuSet::new();
    if let Some(cpu) = chosen {
        set.set(cpu);
        // Where that is not allowed, the test shows a little less.
        let _ = rustix::thread::sched_setaffinity(None, &set);
    }
}

/// Programs that use their memory, time and chance.
fn programs() -> Vec<Program> {
    let Some(busybox) = busybox() else { return Vec::new() };
    let commands: [&[&str]; 5] = [
        &["sort", "-n"],
        &["gzip", "-c"],
        &[
            "awk",
            "BEGIN { srand(); print rand(), systime() } { n[$1 % 7]++ } END { for (i in n) print i, n[i] }",
        ],
        &["mktemp", "-u"],
        &["sha512sum"],
    ];
    commands.iter().map(|arguments| program(busybox, &[&["busybox"], *arguments].concat())).collect()
}

#[test]
fn replicas_with_the_same_inputs_are_the_same_to_the_last_bit() {
    let Some(kvm) = kvm() else { return };
    for program in programs() {
        let mut world = SmallWorld::new("/nowhere".into(), &text());
        move_to(true);
        let mut one = machine(&kvm, &program);
        move_to(false);
        let mut other = machine(&kvm, &program);
        let mut log = Log::new();
        while log.last().is_none_or(|(demanded, _)| *demanded != Demand::End) {
            // Some exits at a time: going from one CPU to another takes longer than an exit.
            let from = log.len();
            move_to(true);
            run_on(&mut one, &mut world, &mut log, from, from + 32);
            move_to(false);
            let to = log.len();
            run_on(&mut other, &mut world, &mut log, from, to);
            let (one, other) = (one.save().expect("saved"), other.save().expect("saved"));
            assert!(one == other, "the machines differ at exit {to}");
        }
        assert!(!world.ended.stdout.is_empty());
    }
}

/// What a machine demanded and was answered from some exit on.
type Log = Vec<(Demand, Option<Vec<u8>>)>;

/// Runs to the end or to an exit, answered by the log; the world answers what is not in it yet.
fn run_on(machine: &mut Machine, world: &mut SmallWorld, log: &mut Log, from: usize, to: usize) {
    for at in from..to {
        let demanded = demand(machine);
        if at == log.len() {
            let answer = world.serve(&demanded);
            log.push((demanded, answer));
        } else {
            assert_eq!(demanded, log[at].0, "exit {at} is another one than before");
        }
        if let Some(answer) = &log[at].1 {
            machine.deliver(answer).expect("an answer");
        }
        if log[at].0 == Demand::End {
            return;
        }
    }
}

#[test]
fn a_process_that_goes_back_does_again_what_it_did() {
    let Some(kvm) = kvm() else { return };
    for program in programs() {
        let mut world = SmallWorld::new("/nowhere".into(), &text());
        let mut machine = machine(&kvm, &program);
        let mut log = Log::new();
        run_on(&mut machine, &mut world, &mut log, 0, usize::MAX);
        let end = machine.save().expect("saved").fingerprint;
        for line in [0, 1, log.len() / 3, log.len() / 2, log.len() - 2] {
            machine.reload().expect("the same program");
            for (demanded, answer) in &log[..line] {
                assert_eq!(demand(&mut machine), *demanded);
                if let Some(answer) = answer {
                    machine.deliver(answer).expect("an answer");
                }
            }
            let saved = machine.save().expect("saved");
            let mut pages = Pages::default();
            pages.take(&saved, machine.memory());
            run_on(&mut machine, &mut world, &mut log, line, usize::MAX);
            assert_eq!(machine.save().expect("saved").fingerprint, end, "from the beginning");
            machine.restore(&saved.state, &pages).expect("restored");
            run_on(&mut machine, &mut world, &mut log, line, usize::MAX);
            assert_eq!(machine.save().expect("saved").fingerprint, end, "from exit {line}");
        }
    }
}
