//! What a process may count on of its address space.

use crate::elf::{CODE, DATA, DATA_SIZE};
use crate::rig::{LIMIT, ROOM, Rig, error};
use covert_replica::guest::Demand;
use covert_replica::memory::PAGE;

const ANONYMOUS: u64 = (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS) as u64;
const READ_WRITE: u64 = 3;

fn map(rig: &mut Rig, length: u64) -> u64 {
    let start = rig.inside(libc::SYS_mmap, &[0, length, READ_WRITE, ANONYMOUS, u64::MAX, 0]);
    assert!(start > 0, "{start}");
    start as u64
}

#[test]
fn the_heap_begins_behind_the_program_and_grows() {
    let mut rig = Rig::new();
    let heap = rig.inside(libc::SYS_brk, &[0]) as u64;
    assert_eq!(heap, DATA + DATA_SIZE);
    assert_eq!(rig.inside(libc::SYS_brk, &[heap + 10_000]) as u64, heap + 10_000);
    assert!(rig.memory.write(heap + 9_999, &[1]));
    assert_eq!(rig.inside(libc::SYS_brk, &[heap + 1]) as u64, heap + 1);
    assert_eq!(rig.memory.protection(heap + 9_999), None);
    // What cannot be is not done.
    assert_eq!(rig.inside(libc::SYS_brk, &[heap + LIMIT]) as u64, heap + 1);
    assert_eq!(rig.inside(libc::SYS_brk, &[u64::MAX]) as u64, heap + 1);
}

#[test]
fn memory_is_given_up_to_the_limit_and_no_further() {
    let mut rig = Rig::new();
    let mut given = 0;
    loop {
        let start = rig.inside(libc::SYS_mmap, &[0, 1 << 20, READ_WRITE, ANONYMOUS, u64::MAX, 0]);
        if start == error(libc::ENOMEM) {
            break;
        }
        given += 1;
        // What was given can be used.
        for page in (start as u64..).step_by(PAGE as usize).take(256) {
            assert_eq!(rig.call(libc::SYS_getrandom, &[page, 1, 0]), 1);
        }
    }
    assert!(given >= LIMIT / (1 << 20) / 2, "{given}");
    assert!(rig.memory.mapped() <= LIMIT);
}

#[test]
fn what_is_not_to_be_touched_costs_no_memory() {
    let mut rig = Rig::new();
    let start = rig.inside(libc::SYS_mmap, &[0, 256 << 20, 0, ANONYMOUS, u64::MAX, 0]) as u64;
    assert_eq!(rig.inside(libc::SYS_mprotect, &[start + (1 << 20), 1 << 20, READ_WRITE]), 0);
    assert_eq!(rig.call(libc::SYS_getrandom, &[start + (1 << 20), 1, 0]), 1);
    assert_eq!(rig.inside(libc::SYS_getrandom, &[start, 1, 0]), error(libc::EFAULT));
    assert_eq!(rig.inside(libc::SYS_mprotect, &[start, 256 << 20, READ_WRITE]), error(libc::ENOMEM));
}

#[test]
fn large_memory_comes_into_being_when_it_is_touched() {
    let mut rig = Rig::new();
    let before = rig.memory.mapped();
    let start = map(&mut rig, 8 << 20);
    assert_eq!(rig.memory.mapped(), before);
    assert_eq!(rig.call(libc::SYS_getrandom, &[start + 12345, 1, 0]), 1);
    assert!(rig.memory.mapped() > before && rig.memory.mapped() <= before + (1 << 20));
    assert_eq!(rig.read(start + 12345 + 1, 8), [0; 8]);
}

#[test]
fn a_protection_that_is_taken_away_and_given_back_keeps_the_content() {
    let mut rig = Rig::new();
    let start = map(&mut rig, 3 * PAGE);
    assert!(rig.memory.write(start + PAGE, b"content"));
    assert_eq!(rig.inside(libc::SYS_mprotect, &[start + PAGE, PAGE, 0]), 0);
    assert_eq!(rig.inside(libc::SYS_getrandom, &[start + PAGE, 1, 0]), error(libc::EFAULT));
    assert_eq!(rig.inside(libc::SYS_mprotect, &[start, 3 * PAGE, 1]), 0);
    assert_eq!(rig.read(start + PAGE, 7), b"content");
    assert_eq!(rig.inside(libc::SYS_mprotect, &[start, 4 * PAGE, 1]), error(libc::ENOMEM));
}

#[test]
fn memory_that_is_moved_or_made_larger_keeps_its_content() {
    let mut rig = Rig::new();
    let wall = map(&mut rig, PAGE);
    let start = map(&mut rig, 2 * PAGE);
    assert_eq!(start + 2 * PAGE, wall, "placed downwards, side by side");
    assert!(rig.memory.write(start + PAGE, b"content"));
    assert_eq!(
        rig.inside(libc::SYS_mremap, &[start, 2 * PAGE, 4 * PAGE, 0]),
        error(libc::ENOMEM),
        "no room in place"
    );
    let moved = rig.inside(libc::SYS_mremap, &[start, 2 * PAGE, 600 * PAGE, 1]) as u64;
    assert_eq!(rig.read(moved + PAGE, 7), b"content");
    assert_eq!(rig.memory.protection(start), None);
    assert_eq!(rig.inside(libc::SYS_mremap, &[moved, 600 * PAGE, 2 * PAGE, 0]) as u64, moved);
    assert_eq!(rig.memory.protection(moved + 2 * PAGE), None);
    let grown = rig.inside(libc::SYS_mremap, &[moved, 2 * PAGE, 3 * PAGE, 0]) as u64;
    assert_eq!((grown, rig.read(moved + PAGE, 7)), (moved, b"content".to_vec()));
}

#[test]
fn memory_that_is_not_needed_reads_as_zero() {
    let mut rig = Rig::new();
    let start = map(&mut rig, 2 * PAGE);
    assert!(rig.memory.write(start, b"content"));
    assert!(rig.memory.write(start + PAGE, b"content"));
    assert_eq!(rig.inside(libc::SYS_madvise, &[start, PAGE, libc::MADV_DONTNEED as u64]), 0);
    assert_eq!(rig.read(start, 7), [0; 7]);
    assert_eq!(rig.read(start + PAGE, 7), b"content");
}

#[test]
fn a_fixed_mapping_goes_where_it_is_told_and_nowhere_else() {
    let mut rig = Rig::new();
    let start = map(&mut rig, 4 * PAGE);
    assert!(rig.memory.write(start + PAGE, b"content"));
    let fixed = ANONYMOUS | libc::MAP_FIXED as u64;
    let at = start + PAGE;
    assert_eq!(rig.inside(libc::SYS_mmap, &[at, PAGE, 3, fixed, u64::MAX, 0]) as u64, at);
    assert_eq!(rig.read(at, 7), [0; 7]);
    let careful = ANONYMOUS | libc::MAP_FIXED_NOREPLACE as u64;
    assert_eq!(rig.inside(libc::SYS_mmap, &[at, PAGE, 3, careful, u64::MAX, 0]), error(libc::EEXIST));
    assert_eq!(rig.inside(libc::SYS_mmap, &[0x1000, PAGE, 3, fixed, u64::MAX, 0]), error(libc::EPERM));
    assert_eq!(rig.inside(libc::SYS_mmap, &[at + 1, PAGE, 3, fixed, u64::MAX, 0]), error(libc::EINVAL));
    assert_eq!(rig.inside(libc::SYS_mmap, &[1 << 40, PAGE, 3, fixed, u64::MAX, 0]), error(libc::ENOMEM));
}

#[test]
fn the_content_of_a_mapped_file_comes_one_input_a_step() {
    let mut rig = Rig::new();
    let file = rig.open("/folder/file", libc::O_RDONLY);
    let start = rig.call(libc::SYS_mmap, &[0, 300_000, 1, libc::MAP_PRIVATE as u64, file, PAGE]) as u64;
    let inputs = rig.demands.iter().filter(|demand| matches!(demand, Demand::Input(_))).count();
    assert_eq!(inputs, rig.demands.len());
    // 195,904 bytes in parts of 60 KiB, and the end.
    assert_eq!(inputs, 5);
    let expected: Vec<u8> = (PAGE as u32..200_000).map(|n| (n % 251) as u8).collect();
    assert_eq!(rig.read(start, 195_904), expected);
    assert_eq!(rig.read(start + 195_904, 96), [0; 96]);
    let kept = rig.world.open.len();
    assert_eq!(rig.call(libc::SYS_munmap, &[start, 300_000]), 0);
    assert_eq!(rig.world.open.len(), kept);
}

#[test]
fn a_file_is_not_written_through_memory() {
    let mut rig = Rig::new();
    let file = rig.open("/folder/file", libc::O_RDWR);
    let shared = libc::MAP_SHARED as u64;
    assert_eq!(rig.inside(libc::SYS_mmap, &[0, PAGE, 3, shared, file, 0]), error(libc::ENODEV));
    let only_written = rig.open("/folder/file", libc::O_WRONLY);
    let private = libc::MAP_PRIVATE as u64;
    assert_eq!(rig.inside(libc::SYS_mmap, &[0, PAGE, 1, private, only_written, 0]), error(libc::EACCES));
}

#[test]
fn code_that_is_made_at_run_time_has_its_time_stamps_replaced() {
    let mut rig = Rig::new();
    let start = map(&mut rig, PAGE);
    assert!(rig.memory.write(start + 0x105, &[0x0f, 0x31, 0xc3]));
    assert_eq!(rig.inside(libc::SYS_mprotect, &[start, PAGE, 5]), 0);
    assert_eq!(rig.read(start + 0x105, 3), [0x0f, 0x0b, 0xc3]);
    let stamp = |rig: &mut Rig| {
        rig.registers.rip = start + 0x105;
        let demand = rig.exit(covert_replica::cpu::Exit::Exception { vector: 6, error: 0, address: 0 });
        assert_eq!((demand, rig.registers.rip), (Demand::Nothing, start + 0x107));
        rig.registers.rax | rig.registers.rdx << 32
    };
    let (first, second) = (stamp(&mut rig), stamp(&mut rig));
    assert_eq!(second - first, 20_000);
}

#[test]
fn no_pointer_into_code_or_heap_survives_its_end() {
    let mut rig = Rig::new();
    assert_eq!(rig.inside(libc::SYS_munmap, &[CODE, PAGE]), 0);
    assert_eq!(rig.inside(libc::SYS_write, &[1, CODE, 4]), error(libc::EFAULT));
    assert_eq!(rig.inside(libc::SYS_munmap, &[ROOM, 1]), 0);
    assert_eq!(rig.inside(libc::SYS_getrandom, &[ROOM, 4, 0]), error(libc::EFAULT));
    assert_eq!(rig.inside(libc::SYS_munmap, &[ROOM + 1, PAGE]), error(libc::EINVAL));
    assert_eq!(rig.inside(libc::SYS_munmap, &[0, 0]), error(libc::EINVAL));
}
