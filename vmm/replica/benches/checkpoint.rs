//! What a machine costs: one exit of each kind, a checkpoint's stop, and going back.
//!
//! `exit`: out of the guest and in again.
//! `save/<pages>`: the stop for a checkpoint in which the guest has written so many pages; copying them is not in it.
//! `restore/<pages>`: going back in a guest of 64 MiB, every page verified, after so many pages were written.
#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]

#[path = "../tests/support/mod.rs"]
mod support;

use covert_replica::cpu::Exit;
use covert_replica::guest::Demand;
use covert_replica::machine::Machine;
use covert_replica::memory::Protection;
use criterion::{Criterion, criterion_group, criterion_main};
use std::time::{Duration, Instant};
use support::{Assembled, CODE, Pages, demand, kvm};

/// Where the guest's pages are.
const HEAP: u64 = 0x1000_0000;
/// Bytes of them: with what else it has, the guest comes to 64 MiB.
const HEAP_BYTES: u64 = 63 << 20;

fn exits(criterion: &mut Criterion) {
    let Some(kvm) = kvm() else { return };
    let mut group = criterion.benchmark_group("exit");
    for (name, instruction) in [
        ("system call", [0x0f, 0x05]),
        ("exception", [0x0f, 0x0b]),
        ("port write", [0x66, 0xef]),
        ("port read", [0x66, 0xed]),
    ] {
        // mov edx, 0x410; again: the instruction; jmp again
        let code = [&[0xba, 0x10, 0x04, 0, 0][..], &instruction, &[0xeb, 0xfc]].concat();
        let mut guest = Assembled::new(&code).act(|exit, cpu| {
            if matches!(exit, Exit::Exception { .. }) {
                cpu.registers.rip += 2;
            }
            Demand::Nothing
        });
        guest.keep = false;
        let mut machine = guest.machine(&kvm);
        group.bench_function(name, |bencher| bencher.iter(|| demand(&mut machine)));
    }
}

/// A guest that writes to so many pages between two exits.
fn writing(pages: u32) -> Option<Machine> {
    // mov ecx, pages; mov edi, HEAP; again: inc [rdi]; add edi, PAGE; dec ecx; jnz again; syscall; jmp to the beginning
    let mut code = vec![0xb9];
    code.extend(pages.to_le_bytes());
    code.push(0xbf);
    code.extend((HEAP as u32).to_le_bytes());
    code.extend([0xff, 0x07, 0x81, 0xc7, 0, 0x10, 0, 0, 0xff, 0xc9, 0x75, 0xf4, 0x0f, 0x05, 0xeb, 0xe6]);
    let mut guest = Assembled::new(&code).act(|_, cpu| {
        if cpu.memory.protection(HEAP).is_none() {
            let heap = HEAP..HEAP + HEAP_BYTES;
            cpu.memory.map(heap, Protection::READ_WRITE).expect("room");
            let content: Vec<u8> =
                (0..HEAP_BYTES as u32).map(|at| (at.wrapping_mul(40503) >> 11) as u8).collect();
            assert!(cpu.memory.put(HEAP, &content));
            cpu.registers.rip = CODE;
        }
        Demand::Nothing
    });
    guest.keep = false;
    let mut machine = guest.machine(&kvm()?);
    // The first round finds no heap and makes it.
    demand(&mut machine);
    demand(&mut machine);
    Some(machine)
}

/// Times only the second of two things that alternate.
fn second_of(
    rounds: u64,
    machine: &mut Machine,
    mut first: impl FnMut(&mut Machine),
    mut second: impl FnMut(&mut Machine),
) -> Duration {
    (0..rounds)
        .map(|_| {
            first(machine);
            let begin = Instant::now();
            second(machine);
            begin.elapsed()
        })
        .sum()
}

fn save(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("save");
    for pages in [1, 100, 1000] {
        let Some(mut machine) = writing(pages) else { return };
        group.bench_function(pages.to_string(), |bencher| {
            bencher.iter_custom(|rounds| {
                second_of(
                    rounds,
                    &mut machine,
                    |machine| drop(demand(machine)),
                    |machine| drop(machine.save().expect("saved")),
                )
            });
        });
    }
}

fn restore(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("restore");
    for pages in [1, 100, 1000] {
        let Some(mut machine) = writing(pages) else { return };
        let saved = machine.save().expect("saved");
        let mut image = Pages::default();
        image.take(&saved, machine.memory());
        group.bench_function(pages.to_string(), |bencher| {
            bencher.iter_custom(|rounds| {
                second_of(
                    rounds,
                    &mut machine,
                    |machine| drop(demand(machine)),
                    |machine| _ = machine.restore(&saved.state, &image).expect("restored"),
                )
            });
        });
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(30).measurement_time(Duration::from_secs(2));
    targets = exits, save, restore
}
criterion_main!(benches);
