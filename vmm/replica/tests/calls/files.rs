//! What a process may count on of its files.

use crate::rig::{ROOM, Rig, error};
use crate::world::Node;
use covert_replica::guest::Demand;
use covert_replica::world::{Operation, TRANSFER_MAX};

/// The operations that the last call demanded.
fn operations(rig: &Rig) -> Vec<Operation> {
    rig.demands
        .iter()
        .filter_map(|demand| match demand {
            Demand::Effect(output) => Some(postcard::from_bytes(&output.payload).expect("an operation")),
            _ => None,
        })
        .collect()
}

#[test]
fn the_offset_is_the_open_files_and_not_the_descriptors() {
    let mut rig = Rig::new();
    let file = rig.open("/small", libc::O_RDONLY);
    let again = rig.inside(libc::SYS_dup, &[file]) as u64;
    let other = rig.open("/small", libc::O_RDONLY);
    assert_eq!(rig.call(libc::SYS_read, &[file, ROOM, 4]), 4);
    assert_eq!(rig.call(libc::SYS_read, &[again, ROOM, 2]), 2);
    assert_eq!(rig.read(ROOM, 2), b"45");
    assert_eq!(rig.call(libc::SYS_read, &[other, ROOM, 2]), 2);
    assert_eq!(rig.read(ROOM, 2), b"01");
    assert_eq!(rig.call(libc::SYS_pread64, &[file, ROOM, 1, 0]), 1);
    assert_eq!(rig.inside(libc::SYS_lseek, &[file, 0, 1]), 6);
    assert_eq!(rig.call(libc::SYS_lseek, &[file, (-3_i64) as u64, 2]), 7);
    assert_eq!(rig.call(libc::SYS_read, &[file, ROOM, 100]), 3);
    assert_eq!(rig.call(libc::SYS_read, &[file, ROOM, 100]), 0);
    assert_eq!(rig.inside(libc::SYS_lseek, &[file, (-1_i64) as u64, 0]), error(libc::EINVAL));
    assert_eq!(rig.inside(libc::SYS_lseek, &[file, i64::MAX as u64, 1]), error(libc::EINVAL));
}

#[test]
fn a_file_is_closed_with_its_last_descriptor() {
    let mut rig = Rig::new();
    let file = rig.open("/small", libc::O_RDONLY);
    let again = rig.inside(libc::SYS_fcntl, &[file, libc::F_DUPFD as u64, 100]) as u64;
    assert_eq!(again, 100);
    assert_eq!(rig.inside(libc::SYS_close, &[file]), 0);
    assert_eq!(rig.world.open.len(), 1);
    // Standard input takes its place.
    assert_eq!(rig.call(libc::SYS_dup2, &[0, again]), 100);
    assert!(matches!(operations(&rig)[..], [Operation::Close(_)]));
    assert_eq!(rig.world.open.len(), 0);
    assert_eq!(rig.inside(libc::SYS_close, &[file]), error(libc::EBADF));
}

#[test]
fn descriptors_are_the_lowest_that_are_free_and_not_without_end() {
    let mut rig = Rig::new();
    assert_eq!(rig.inside(libc::SYS_close, &[0]), 0);
    assert_eq!(rig.open("/small", libc::O_RDONLY), 0);
    for expected in 3..1024 {
        assert_eq!(rig.inside(libc::SYS_dup, &[1]), expected);
    }
    assert_eq!(rig.inside(libc::SYS_dup, &[1]), error(libc::EMFILE));
    let path = rig.path("/small");
    assert_eq!(rig.inside(libc::SYS_open, &[path, 0, 0]), error(libc::EMFILE));
    assert_eq!(rig.inside(libc::SYS_dup2, &[1, 1024]), error(libc::EBADF));
}

#[test]
fn writes_are_records_at_explicit_offsets() {
    let mut rig = Rig::new();
    let file = rig.open("/new", libc::O_RDWR | libc::O_CREAT);
    rig.place(0, b"written");
    assert_eq!(rig.call(libc::SYS_write, &[file, ROOM, 7]), 7);
    assert_eq!(rig.call(libc::SYS_write, &[file, ROOM, 7]), 7);
    assert!(matches!(operations(&rig)[..], [Operation::Write { offset: 7, .. }]));
    assert_eq!(rig.call(libc::SYS_pwrite64, &[file, ROOM, 2, 1]), 2);
    assert_eq!(rig.inside(libc::SYS_lseek, &[file, 0, 1]), 14);
    assert_eq!(rig.world.nodes["/new"], Node::File(b"wwrttenwritten".to_vec()));
    // A file written by two descriptors at its end.
    let end = rig.open("/new", libc::O_WRONLY | libc::O_APPEND);
    assert_eq!(rig.call(libc::SYS_write, &[end, ROOM, 1]), 1);
    assert!(matches!(operations(&rig)[..], [Operation::Append { .. }]));
    assert_eq!(rig.inside(libc::SYS_lseek, &[end, 0, 1]), 15);
    // Long ones are cut where the record is full.
    let big = rig.inside(libc::SYS_mmap, &[0, 200_000, 3, 0x22, u64::MAX, 0]) as u64;
    let count = rig.call(libc::SYS_write, &[file, big, 200_000]);
    assert!(count > i64::from(TRANSFER_MAX) / 2 && count < i64::from(TRANSFER_MAX));
    assert_eq!(rig.inside(libc::SYS_lseek, &[file, 0, 1]), 14 + count);
    assert_eq!(rig.inside(libc::SYS_pwrite64, &[file, ROOM, 2, i64::MAX as u64]), error(libc::EFBIG));
}

#[test]
fn what_a_descriptor_was_not_opened_for_is_refused() {
    let mut rig = Rig::new();
    let file = rig.open("/small", libc::O_RDONLY);
    assert_eq!(rig.inside(libc::SYS_write, &[file, ROOM, 1]), error(libc::EBADF));
    assert_eq!(rig.inside(libc::SYS_write, &[0, ROOM, 1]), error(libc::EBADF));
    assert_eq!(rig.inside(libc::SYS_read, &[1, ROOM, 1]), error(libc::EBADF));
    assert_eq!(rig.inside(libc::SYS_lseek, &[1, 0, 1]), error(libc::ESPIPE));
    assert_eq!(rig.inside(libc::SYS_ftruncate, &[file, 0]), error(libc::EINVAL));
    assert_eq!(rig.inside(libc::SYS_ioctl, &[1, libc::TCGETS, ROOM]), error(libc::ENOTTY));
    let folder = rig.open("/folder", libc::O_RDONLY);
    assert_eq!(rig.inside(libc::SYS_read, &[folder, ROOM, 1]), error(libc::EISDIR));
}

#[test]
fn devices_that_every_program_uses_are_there() {
    let mut rig = Rig::new();
    let path = rig.path("/dev/null");
    let null = rig.inside(libc::SYS_open, &[path, libc::O_RDWR as u64, 0]) as u64;
    assert_eq!(rig.inside(libc::SYS_write, &[null, ROOM, 100]), 100);
    assert_eq!(rig.inside(libc::SYS_read, &[null, ROOM, 100]), 0);
    let path = rig.path("/dev/urandom");
    let random = rig.inside(libc::SYS_open, &[path, 0, 0]) as u64;
    assert_eq!(rig.call(libc::SYS_read, &[random, ROOM, 4]), 4);
    assert_eq!(rig.read(ROOM, 4), [0, 1, 2, 3]);
    let path = rig.path("/dev/zero");
    let zero = rig.inside(libc::SYS_open, &[path, 0, 0]) as u64;
    assert_eq!(rig.inside(libc::SYS_read, &[zero, ROOM, 4]), 4);
    assert_eq!(rig.read(ROOM, 4), [0; 4]);
    assert_eq!(rig.inside(libc::SYS_fstat, &[null, ROOM]), 0);
    let path = rig.path("/dev/stdout");
    let stdout = rig.inside(libc::SYS_open, &[path, 1, 0]) as u64;
    assert_eq!(rig.call(libc::SYS_write, &[stdout, ROOM, 4]), 4);
    assert!(matches!(rig.demands[..], [Demand::Post(_)]));
}

#[test]
fn paths_are_seen_from_where_they_are_given() {
    let mut rig = Rig::new();
    let folder = rig.open("/folder", libc::O_RDONLY | libc::O_DIRECTORY);
    let path = rig.path("../folder/./file");
    assert_eq!(rig.call(libc::SYS_newfstatat, &[folder, path, ROOM, 0]), 0);
    let expected = Operation::Status { path: "/folder/file".into(), follow: true };
    assert_eq!(operations(&rig), [expected]);
    let path = rig.path("folder");
    assert_eq!(rig.call(libc::SYS_chdir, &[path]), 0);
    assert_eq!(rig.inside(libc::SYS_getcwd, &[ROOM, 100]), 8);
    assert_eq!(rig.read(ROOM, 8), b"/folder\0");
    let path = rig.path("file");
    assert_eq!(rig.call(libc::SYS_chdir, &[path]), error(libc::ENOTDIR));
    assert_eq!(rig.call(libc::SYS_access, &[path, 4]), 0);
    let path = rig.path("../../../../small");
    assert_eq!(rig.call(libc::SYS_access, &[path, 4]), 0);
    assert_eq!(rig.inside(libc::SYS_getcwd, &[ROOM, 7]), error(libc::ERANGE));
    let invalid = rig.place(0x8000, &[0xff, 0xfe, 0]);
    assert_eq!(rig.inside(libc::SYS_access, &[invalid, 4]), error(libc::EILSEQ));
    let long = rig.place(0x8000, &[b'/'; 5000]);
    assert_eq!(rig.inside(libc::SYS_access, &[long, 4]), error(libc::ENAMETOOLONG));
}

#[test]
fn a_directory_is_read_in_parts_that_fit_the_room() {
    let mut rig = Rig::new();
    for number in 0..5 {
        rig.world.nodes.insert(format!("/folder/{number:0>100}"), Node::Folder);
    }
    let folder = rig.open("/folder", libc::O_RDONLY);
    let mut names = Vec::new();
    loop {
        let length = rig.call(libc::SYS_getdents64, &[folder, ROOM, 300]);
        if length == 0 {
            break;
        }
        let bytes = rig.read(ROOM, length as u64);
        let mut at = 0;
        while at < bytes.len() {
            let size = usize::from(u16::from_le_bytes([bytes[at + 16], bytes[at + 17]]));
            let name = bytes[at + 19..at + size].split(|byte| *byte == 0).next().expect("a name");
            names.push(String::from_utf8(name.to_vec()).expect("text"));
            at += size;
        }
    }
    assert_eq!(names.len(), 7);
    assert!(names.is_sorted());
    assert_eq!(rig.inside(libc::SYS_lseek, &[folder, 0, 0]), 0);
    assert_eq!(rig.call(libc::SYS_getdents64, &[folder, ROOM, 10]), error(libc::EINVAL));
}

#[test]
fn a_status_is_laid_out_as_linux_does() {
    let mut rig = Rig::new();
    let path = rig.path("/folder/file");
    assert_eq!(rig.call(libc::SYS_stat, &[path, ROOM]), 0);
    let word = |rig: &Rig, at: u64| u64::from_le_bytes(rig.read(ROOM + at, 8).try_into().expect("eight"));
    // st_ino, st_nlink, st_size, st_blocks, st_mtim.tv_nsec
    let fields: Vec<u64> = [8, 16, 48, 64, 96].map(|at| word(&rig, at)).to_vec();
    assert_eq!(fields, [7, 1, 200_000, 391, 5]);
    assert_eq!(word(&rig, 24) as u32, 0o100644);
    assert_eq!(rig.call(libc::SYS_statx, &[libc::AT_FDCWD as u64, path, 0, 0x7ff, ROOM]), 0);
    assert_eq!((word(&rig, 0x20), word(&rig, 0x28), word(&rig, 0x78)), (7, 200_000, 5));
    assert_eq!(rig.read(ROOM + 0x1c, 2), 0o100644_u16.to_le_bytes());
    for stream in 0..3 {
        assert_eq!(rig.inside(libc::SYS_fstat, &[stream, ROOM]), 0);
        assert_eq!(word(&rig, 24) as u32 & libc::S_IFMT, libc::S_IFIFO);
    }
}

#[test]
fn times_that_are_now_are_read_once() {
    let mut rig = Rig::new();
    let path = rig.path("/small");
    assert_eq!(rig.call(libc::SYS_utimensat, &[libc::AT_FDCWD as u64, path, 0, 0]), 0);
    let now = Some(1_000_000_008);
    let touch = Operation::Touch { path: "/small".into(), accessed: now, modified: now };
    assert_eq!(operations(&rig), [touch]);
    let times: Vec<u8> =
        [5, 6, 0, libc::UTIME_OMIT as u64].iter().flat_map(|word: &u64| word.to_le_bytes()).collect();
    let times = rig.place(0, &times);
    assert_eq!(rig.call(libc::SYS_utimensat, &[libc::AT_FDCWD as u64, path, times, 0]), 0);
    let touch = Operation::Touch { path: "/small".into(), accessed: Some(5_000_000_006), modified: None };
    assert_eq!(operations(&rig), [touch]);
}

#[test]
fn the_length_of_a_path_is_set_by_opening_it() {
    let mut rig = Rig::new();
    let path = rig.path("/small");
    assert_eq!(rig.call(libc::SYS_truncate, &[path, 3]), 0);
    assert_eq!(rig.world.nodes["/small"], Node::File(b"012".to_vec()));
    assert_eq!(rig.world.open.len(), 0);
    let path = rig.path("/none");
    assert_eq!(rig.call(libc::SYS_truncate, &[path, 3]), error(libc::ENOENT));
}

#[test]
fn a_program_finds_itself() {
    let mut rig = Rig::new();
    let path = rig.path("/proc/self/exe");
    assert_eq!(rig.inside(libc::SYS_readlink, &[path, ROOM, 100]), 12);
    assert_eq!(rig.read(ROOM, 12), b"/bin/program");
    let path = rig.path("/folder/link");
    assert_eq!(rig.call(libc::SYS_readlink, &[path, ROOM, 2]), 2);
    assert_eq!(rig.read(ROOM, 2), b"fi");
}
