//! The four guests of the kit, alone and as replicas.

use crate::support::{Ask, MEMORY, Pages, Ran, kvm, run_simplex};
use covert_guests::{CHATTY, COMPUTE, DIRTY, GUESTS, Guest, INPUTS};
use covert_replica::bare::Bare;
use covert_replica::machine::{Machine, Options, Saved};
use covert_replica::world::{channel, source};
use kvm_ioctls::Kvm;
use std::time::{Duration, Instant};

fn machine(kvm: &Kvm, guest: Guest, argument: u32) -> Machine {
    machine_of(kvm, guest, argument, MEMORY.memory)
}

fn machine_of(kvm: &Kvm, guest: Guest, argument: u32, memory: u64) -> Machine {
    let personality = Bare::new(guest.image.to_vec(), argument);
    Machine::new(kvm, Box::new(personality), &Options { memory, ..MEMORY }).expect("a machine")
}

/// A world with a clock that runs, random numbers and some input.
fn world(input: &'static str) -> impl FnMut(Ask<'_>) -> Vec<u8> {
    let (begun, mut input) = (Instant::now(), input.bytes());
    move |ask| {
        let Ask::Input(ask) = ask else { panic!("nothing has an effect") };
        let now = || begun.elapsed().as_nanos() as u64 + 1_000_000_000;
        match ask.source {
            source::STDIN => input.next().into_iter().collect(),
            source::CLOCK => now().to_le_bytes().to_vec(),
            source::TIMER => {
                std::thread::sleep(Duration::from_nanos(ask.argument.saturating_sub(now())));
                now().to_le_bytes().to_vec()
            }
            _ => (begun.elapsed().as_nanos() as u32).wrapping_mul(0x9e37_79b1).to_le_bytes().to_vec(),
        }
    }
}

fn run(kvm: &Kvm, guest: Guest, argument: u32, input: &'static str) -> Ran {
    let ran = run_simplex(&mut machine(kvm, guest, argument), world(input), |_| {});
    assert_eq!(ran.status, Some(0), "{}: {}", guest.name, ran.text(channel::STDERR));
    ran
}

#[test]
fn compute_computes() {
    let Some(kvm) = kvm() else { return };
    let text = run(&kvm, COMPUTE, 3, "").text(channel::STDOUT);
    // The number it approaches, from outside.
    let pi = text.lines().last().and_then(|line| line.split(' ').rev().nth(1)).expect("a number");
    assert!((3_130_000..3_150_000).contains(&pi.parse().expect("a number")), "{text}");
    assert_eq!(text.lines().count(), 3);
}

#[test]
fn chatty_puts_out_lines_and_its_input_in_capitals() {
    let Some(kvm) = kvm() else { return };
    let ran = run(&kvm, CHATTY, 2, "abc Ä\n");
    let expected = "line 1 of many\n...\nline 2 of many\n...\nABC Ä\n";
    assert_eq!(ran.text(channel::STDOUT), expected);
}

#[test]
fn dirty_writes_all_over_its_memory() {
    let Some(kvm) = kvm() else { return };
    let mut machine = machine(&kvm, DIRTY, 4);
    machine.save().expect("saved");
    let mut written = 0;
    run_simplex(&mut machine, world(""), |machine| {
        written += machine.save().expect("saved").dirty.len();
    });
    // 256 pages a pass, few of them twice, and a few of its data and stack.
    assert!((900..1100).contains(&written), "{written} pages");
}

#[test]
fn inputs_gets_interrupts() {
    let Some(kvm) = kvm() else { return };
    let text = run(&kvm, INPUTS, 5, "xyz").text(channel::STDOUT);
    let last = text.lines().last().expect("a line");
    let interrupts: u32 = last.split(' ').next().and_then(|word| word.parse().ok()).expect("a number");
    assert!((2..1000).contains(&interrupts), "{text}");
}

#[test]
fn two_runs_that_are_not_coordinated_differ() {
    let Some(kvm) = kvm() else { return };
    assert_ne!(run(&kvm, INPUTS, 3, "x").outputs, run(&kvm, INPUTS, 3, "x").outputs);
    // Which is the inputs' doing.
    assert_eq!(run(&kvm, COMPUTE, 2, "").outputs, run(&kvm, COMPUTE, 2, "").outputs);
}

/// Runs a guest and keeps its answers and what it was at the end of each epoch.
fn recorded(kvm: &Kvm, guest: Guest, memory: u64, exits: u64) -> (Ran, Vec<Vec<u8>>, Vec<Saved>) {
    let mut machine = machine_of(kvm, guest, 4, memory);
    let (mut answers, mut epochs) = (Vec::new(), Vec::new());
    let mut world = world("some input");
    let answer = |ask: Ask<'_>| {
        let answer = world(ask);
        answers.push(answer.clone());
        answer
    };
    let ran = run_simplex(&mut machine, answer, |machine| {
        if machine.counted().is_multiple_of(exits) {
            epochs.push(machine.save().expect("saved"));
        }
    });
    (ran, answers, epochs)
}

#[test]
fn coordinated_replicas_are_identical_at_the_end_of_each_epoch() {
    let Some(kvm) = kvm() else { return };
    for guest in GUESTS {
        let (ran, answers, epochs) = recorded(&kvm, *guest, MEMORY.memory, 5);
        let (mut answers, mut epochs) = (answers.into_iter(), epochs.into_iter());
        let mut machine = machine(&kvm, *guest, 4);
        let again = run_simplex(
            &mut machine,
            |_| answers.next().expect("it asks for the same"),
            |machine| {
                if machine.counted().is_multiple_of(5) {
                    let saved = machine.save().expect("saved");
                    assert!(
                        Some(&saved) == epochs.next().as_ref(),
                        "{} at {}",
                        guest.name,
                        machine.counted()
                    );
                }
            },
        );
        assert_eq!(again, ran, "{}", guest.name);
    }
}

#[test]
fn a_replica_can_be_taken_in_at_any_exit() {
    let Some(kvm) = kvm() else { return };
    let (ran, answers, _) = recorded(&kvm, INPUTS, 2 << 20, u64::MAX);
    // From an exit on, everything is done by a machine that was somewhere else before: in handlers, while it waits, at its end.
    for exit in (1..ran.counted).step_by(7) {
        let (mut first, mut second) =
            (machine_of(&kvm, INPUTS, 4, 2 << 20), machine_of(&kvm, INPUTS, 4, 2 << 20));
        let mut other = answers.iter();
        for _ in 0..ran.counted - exit {
            step(&mut second, &mut other, &mut Vec::new());
        }
        let mut answers = answers.iter();
        let mut outputs = Vec::new();
        let mut pages = Pages::default();
        while first.counted() < exit {
            step(&mut first, &mut answers, &mut outputs);
        }
        let saved = first.save().expect("saved");
        pages.take(&saved, first.memory());
        second.restore(&saved.state, &pages).expect("restored");
        drop(first);
        while second.counted() < ran.counted - 1 {
            step(&mut second, &mut answers, &mut outputs);
        }
        assert!(outputs == ran.outputs, "from exit {exit} on");
    }
}

fn step<'a>(
    machine: &mut Machine,
    answers: &mut impl Iterator<Item = &'a Vec<u8>>,
    outputs: &mut Vec<covert_replica::guest::Output>,
) {
    use covert_replica::guest::Demand;
    match crate::support::demand(machine) {
        Demand::Post(output) => outputs.push(output),
        Demand::Input(_) => machine.deliver(answers.next().expect("the same")).expect("an answer"),
        _ => {}
    }
}
