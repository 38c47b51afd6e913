//! From files that are programs, and files that are not.

use crate::elf;
use crate::rig::{LIMIT, Rig, program};
use covert_replica::guest::{LoadError, Personality};
use covert_replica::memory::{Memory, PAGE};
use covert_replica::process::Program;
use proptest::prelude::*;

fn load(image: Vec<u8>) -> Result<Rig, LoadError> {
    Rig::of(Program { image: image.into(), ..program() })
}

/// Everything about the memory that a guest can see.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    mapping: Vec<(u32, u32, u8)>,
    pages: Vec<Vec<u8>>,
}

fn seen(memory: &Memory) -> Seen {
    let pages = memory.mapped_pages().map(|page| memory.page(page).to_vec());
    Seen { mapping: memory.mapping(), pages: pages.collect() }
}

#[test]
fn a_program_is_loaded_the_same_each_time() {
    let mut rig = Rig::new();
    let first = (seen(&rig.memory), rig.registers, rig.process.save());
    rig.open("/small", libc::O_RDONLY);
    rig.inside(libc::SYS_brk, &[0x60_0000]);
    rig.memory.clear();
    rig.with(|process, cpu| process.load(cpu)).expect("a program");
    assert_eq!((seen(&rig.memory), rig.registers, rig.process.save()), first);
    assert_eq!((seen(&Rig::new().memory), Rig::new().registers), (first.0, first.1));
}

#[test]
fn chance_at_the_start_is_the_seeds() {
    let random = |seed| {
        let rig = Rig::of(Program { seed, ..program() }).expect("a program");
        let mut at = rig.registers.rsp;
        let words = std::iter::from_fn(move || {
            let word = rig.memory.read_u64(at);
            at += 8;
            word
        });
        // AT_RANDOM is 25, and its value leads to 16 bytes.
        let words: Vec<u64> = words.take(64).collect();
        let at = words.windows(2).find(|pair| pair[0] == 25 && pair[1] > 1 << 20).expect("AT_RANDOM")[1];
        Rig::of(Program { seed, ..program() }).expect("a program").read(at, 16)
    };
    assert_eq!(random(1), random(1));
    assert_ne!(random(1), random(2));
}

#[test]
fn arguments_are_where_a_program_looks_for_them() {
    let rig = Rig::new();
    let stack = rig.registers.rsp;
    assert!(stack.is_multiple_of(16));
    let word = |index: u64| rig.memory.read_u64(stack + 8 * index).expect("a word");
    let text = |index: u64| String::from_utf8(rig.memory.read_string(word(index), 100).expect("text"));
    assert_eq!((word(0), word(3), word(5)), (2, 0, 0));
    assert_eq!(text(1).as_deref(), Ok("program"));
    assert_eq!(text(2).as_deref(), Ok("an argument"));
    assert_eq!(text(4).as_deref(), Ok("HOME=/"));
    assert_eq!(rig.registers.rip, elf::CODE);
    assert_eq!(rig.read(elf::DATA, 19), b"data of the program");
    assert_eq!(rig.read(elf::DATA + 19, 100), [0; 100]);
}

/// The program with some bytes replaced.
fn with(changes: &[(usize, &[u8])]) -> Vec<u8> {
    let mut image = elf::image();
    for (at, bytes) in changes {
        image[*at..*at + bytes.len()].copy_from_slice(bytes);
    }
    image
}

#[test]
fn what_cannot_run_is_refused_with_a_reason() {
    let cases: [(Vec<u8>, &str); 14] = [
        (vec![], "not an ELF program"),
        (b"#!/bin/sh\n".to_vec(), "not an ELF program"),
        (elf::image()[..40].to_vec(), "not an ELF program"),
        (with(&[(18, &[183, 0])]), "AARCH64"),
        (with(&[(4, &[1])]), "32-bit"),
        (with(&[(16, &[1, 0])]), "object file"),
        (with(&[(54, &[32, 0])]), "program headers"),
        (with(&[(56, &[0xff, 0xff])]), "program headers"),
        (with(&[(32, &[0xff; 8])]), "program headers"),
        (with(&[(56, &[0, 0])]), "nothing to load"),
        (with(&[(64, &[3])]), "link it statically"),
        (with(&[(64 + 32, &[0xff; 8])]), "cut off"),
        (with(&[(64 + 16, &0x1000_u64.to_le_bytes())]), "-static-pie"),
        (with(&[(64 + 16, &elf::DATA.to_le_bytes())]), "overlap"),
    ];
    for (image, reason) in cases {
        let error = load(image).err().expect("no program").to_string();
        assert!(error.contains(reason), "{error:?} does not say {reason:?}");
    }
    let large = with(&[(64 + 56 + 40, &(LIMIT * 2).to_le_bytes())]);
    let error = load(large).err().expect("too large");
    assert!(matches!(error, LoadError::Memory { limit, .. } if limit == LIMIT / 1024), "{error}");
    let long = Program { arguments: vec![vec![b'a'; 3 << 20]], ..program() };
    assert!(Rig::of(long).err().expect("too long").to_string().contains("arguments"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn no_file_upsets_the_loader(
        changes in prop::collection::vec((0..elf::image().len(), any::<u8>()), 0..12),
        words in prop::collection::vec((0..22_usize, prop::sample::select(vec![
            0, 1, 0xfff, PAGE, 1 << 20, 1 << 30, (1 << 30) - 1, u64::MAX, u64::MAX - 0xfff, i64::MAX as u64, elf::CODE,
        ])), 0..4),
        cut in 0..elf::image().len() + 1,
    ) {
        let mut image = elf::image();
        for (index, word) in words {
            image[index * 8..index * 8 + 8].copy_from_slice(&word.to_le_bytes());
        }
        for (at, byte) in changes {
            image[at] = byte;
        }
        // The header itself stays what it is in most cases.
        if cut % 4 > 0 {
            image[..20].copy_from_slice(&elf::image()[..20]);
        }
        if cut % 3 == 0 {
            image.truncate(cut);
        }
        if let Ok(rig) = load(image) {
            prop_assert!(rig.memory.mapped() <= LIMIT);
        }
    }

    #[test]
    fn no_bytes_upset_the_loader(image: Vec<u8>) {
        prop_assert!(load(image).is_err());
    }
}
