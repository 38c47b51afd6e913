//! What a process may count on of its address space.

use crate::elf::{CODE, DATA, DATA_SIZE};
use crate::rig::{LIMIT, ROOM, Rig, error};
use covert_replica::guest::Demand;
use covert_replica::memory::PAGE;
use proptest::prelude::*;

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
    let stamp = |rig: &mut Rig, start: u64| {
        rig.registers.rip = start + 0x105;
        let demand = rig.exit(covert_replica::cpu::Exit::Exception { vector: 6, error: 0, address: 0 });
        assert_eq!((demand, rig.registers.rip), (Demand::Nothing, start + 0x107));
        rig.registers.rax | rig.registers.rdx << 32
    };
    let (first, second) = (stamp(&mut rig, start), stamp(&mut rig, start));
    assert_eq!(second - first, 20_000);
    // Also where it is moved to.
    let moved = rig.inside(libc::SYS_mremap, &[start, PAGE, 200 * PAGE, 1]) as u64;
    assert_ne!(moved, start);
    assert_eq!(stamp(&mut rig, moved) - second, 20_000);
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

/// What a process should have in a few pages: nothing, or a protection and the byte that the page is full of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Page {
    protection: u64,
    content: u8,
}

/// Pages of the model; the process may have more.
const PAGES: u64 = 96;
const BASE: u64 = 0x1000_0000;

#[derive(Clone, Debug)]
enum Change {
    Map(u64, u64, u64),
    Unmap(u64, u64),
    Protect(u64, u64, u64),
    Drop(u64, u64),
    Fill(u64, u64, u8),
    Move(u64, u64, u64, u64),
}

fn change() -> impl Strategy<Value = Change> {
    let start = 0..PAGES;
    let length = prop_oneof![1..5_u64, 1..PAGES];
    let protection = prop::sample::select(vec![0_u64, 1, 3, 3, 5]);
    prop_oneof![
        (start.clone(), length.clone(), protection.clone()).prop_map(|(s, l, p)| Change::Map(s, l, p)),
        (start.clone(), length.clone()).prop_map(|(s, l)| Change::Unmap(s, l)),
        (start.clone(), length.clone(), protection).prop_map(|(s, l, p)| Change::Protect(s, l, p)),
        (start.clone(), length.clone()).prop_map(|(s, l)| Change::Drop(s, l)),
        (start.clone(), length.clone(), 1..=255_u8).prop_map(|(s, l, c)| Change::Fill(s, l, c)),
        (start.clone(), length.clone(), start, length).prop_map(|(s, l, t, n)| Change::Move(s, l, t, n)),
    ]
}

/// Makes a change in the process and in the model, and compares whether it can be made.
fn make(rig: &mut Rig, model: &mut [Option<Page>], change: &Change) {
    let pages = |start: u64, length: u64| start as usize..(start + length).min(PAGES) as usize;
    let bytes = |start: u64, length: u64| (BASE + start * PAGE, ((start + length).min(PAGES) - start) * PAGE);
    let fixed = ANONYMOUS | libc::MAP_FIXED as u64;
    match *change {
        Change::Map(start, length, protection) => {
            let (at, size) = bytes(start, length);
            assert_eq!(rig.inside(libc::SYS_mmap, &[at, size, protection, fixed, u64::MAX, 0]) as u64, at);
            model[pages(start, length)].fill(Some(Page { protection, content: 0 }));
        }
        Change::Unmap(start, length) => {
            let (at, size) = bytes(start, length);
            assert_eq!(rig.inside(libc::SYS_munmap, &[at, size]), 0);
            model[pages(start, length)].fill(None);
        }
        Change::Protect(start, length, protection) => {
            let (at, size) = bytes(start, length);
            let result = rig.inside(libc::SYS_mprotect, &[at, size, protection]);
            let pages = &mut model[pages(start, length)];
            let all = pages.iter().all(Option::is_some);
            assert_eq!(result, if all { 0 } else { error(libc::ENOMEM) });
            if all {
                pages.iter_mut().flatten().for_each(|page| page.protection = protection);
            }
        }
        Change::Drop(start, length) => {
            let (at, size) = bytes(start, length);
            let result = rig.inside(libc::SYS_madvise, &[at, size, libc::MADV_DONTNEED as u64]);
            let pages = &mut model[pages(start, length)];
            let all = pages.iter().all(Option::is_some);
            assert_eq!(result, if all { 0 } else { error(libc::ENOMEM) });
            if all {
                pages.iter_mut().flatten().for_each(|page| page.content = 0);
            }
        }
        Change::Fill(start, length, content) => {
            for index in pages(start, length) {
                let at = BASE + index as u64 * PAGE;
                // As a guest would: what is not there yet comes into being at the first touch.
                let may = model[index].is_some_and(|page| page.protection & 2 != 0);
                assert_eq!(rig.call(libc::SYS_getrandom, &[at, 1, 0]) == 1, may, "page {index}");
                if may {
                    assert!(rig.memory.write(at, &[content; PAGE as usize]));
                    model[index] = model[index].map(|page| Page { content, ..page });
                }
            }
        }
        Change::Move(start, length, target, new_length) => {
            let (from, to) = (pages(start, length), pages(target, new_length));
            let ((at, size), (target, new_size)) = (bytes(start, length), bytes(target, new_length));
            let result = rig.inside(libc::SYS_mremap, &[at, size, new_size, 3, target]);
            let overlap = from.start < to.end && to.start < from.end;
            let first = model[from.start];
            let one_area = model[from.clone()]
                .iter()
                .all(|page| page.map(|page| page.protection) == first.map(|page| page.protection));
            if first.is_none() || overlap || !one_area {
                assert!(result < 0, "{change:?}: {result:#x}");
                return;
            }
            // The model does not know whether neighbours of one protection are one area.
            if result < 0 {
                return;
            }
            let moved: Vec<_> = model[from.clone()].to_vec();
            model[from].fill(None);
            for (index, page) in to.enumerate() {
                let zero = first.map(|page| Page { content: 0, ..page });
                model[page] = moved.get(index).copied().unwrap_or(zero);
            }
        }
    }
}

fn compare(rig: &mut Rig, model: &[Option<Page>]) {
    for (index, page) in model.iter().enumerate() {
        let at = BASE + index as u64 * PAGE;
        let readable = page.is_some_and(|page| page.protection != 0);
        // `write` to a stream sees what a guest would see.
        assert_eq!(
            rig.call(libc::SYS_write, &[1, at, PAGE]) == PAGE as i64,
            readable,
            "page {index}: {page:?}"
        );
        if let (Some(page), true) = (page, readable) {
            assert_eq!(rig.read(at, PAGE), vec![page.content; PAGE as usize], "page {index}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn an_address_space_has_what_was_put_there(changes in prop::collection::vec(change(), 1..40)) {
        let mut rig = Rig::new();
        let mut model = vec![None; PAGES as usize];
        for change in &changes {
            make(&mut rig, &mut model, change);
        }
        compare(&mut rig, &model);
    }
}
