//! What every call keeps to.

use crate::rig::{ROOM, Rig, error};
use covert_core::Class;
use covert_replica::cpu::Exit;
use covert_replica::guest::{Crash, Demand, Input, Output, Personality};
use covert_replica::memory::PAGE;
use covert_replica::world::{Answer, TRANSFER_MAX, channel, source};

/// An address that no program can have.
const WILD: u64 = 0x2000;

#[test]
fn a_wild_pointer_is_told_before_anything_is_asked() {
    let mut rig = Rig::new();
    let file = rig.open("/folder/file", libc::O_RDWR);
    let folder = rig.open("/folder", libc::O_RDONLY);
    let path = rig.path("/small");
    let calls: &[(i64, &[u64])] = &[
        (libc::SYS_read, &[0, WILD, 10]),
        (libc::SYS_read, &[file, WILD, 10]),
        (libc::SYS_read, &[file, u64::MAX - 4, 10]),
        (libc::SYS_pread64, &[file, WILD, 10, 0]),
        (libc::SYS_readv, &[0, WILD, 1]),
        (libc::SYS_write, &[1, WILD, 10]),
        (libc::SYS_write, &[file, WILD, 10]),
        (libc::SYS_pwrite64, &[file, WILD, 10, 0]),
        (libc::SYS_writev, &[1, WILD, 1]),
        (libc::SYS_open, &[WILD, 0, 0]),
        (libc::SYS_stat, &[WILD, ROOM]),
        (libc::SYS_stat, &[path, WILD]),
        (libc::SYS_fstat, &[file, WILD]),
        (libc::SYS_statx, &[0, path, 0, 0, WILD]),
        (libc::SYS_getdents64, &[folder, WILD, 1000]),
        (libc::SYS_readlink, &[path, WILD, 100]),
        (libc::SYS_rename, &[path, WILD]),
        (libc::SYS_symlink, &[WILD, path]),
        (libc::SYS_clock_gettime, &[0, WILD]),
        (libc::SYS_gettimeofday, &[WILD, 0]),
        (libc::SYS_time, &[WILD]),
        (libc::SYS_nanosleep, &[WILD, 0]),
        (libc::SYS_getrandom, &[WILD, 8, 0]),
        (libc::SYS_uname, &[WILD]),
        (libc::SYS_getcwd, &[WILD, 100]),
        (libc::SYS_utimensat, &[0, path, WILD, 0]),
        (libc::SYS_poll, &[WILD, 1, 0]),
        (libc::SYS_select, &[1, WILD, 0, 0, 0]),
        (libc::SYS_rt_sigaction, &[2, WILD, 0, 8]),
        (libc::SYS_rt_sigprocmask, &[0, WILD, 0, 8]),
        (libc::SYS_prlimit64, &[0, 3, 0, WILD]),
        (libc::SYS_sysinfo, &[WILD]),
    ];
    for (number, arguments) in calls {
        assert_eq!(rig.inside(*number, arguments), error(libc::EFAULT), "call {number}");
    }
}

#[test]
fn a_pointer_into_code_is_not_written_through() {
    let mut rig = Rig::new();
    assert_eq!(rig.inside(libc::SYS_read, &[0, crate::elf::CODE, 10]), error(libc::EFAULT));
    assert_eq!(rig.inside(libc::SYS_uname, &[crate::elf::CODE]), error(libc::EFAULT));
}

#[test]
fn standard_input_is_consumed_and_files_are_not() {
    let mut rig = Rig::new();
    assert_eq!(rig.call(libc::SYS_read, &[0, ROOM, 100]), 12);
    let Demand::Input(input) = rig.demands[0] else { panic!("{:?}", rig.demands) };
    assert_eq!((input.class, input.source, input.length), (Class::Consuming, source::STDIN, 100));
    assert_eq!(rig.read(ROOM, 12), b"from outside");
    assert_eq!(rig.call(libc::SYS_read, &[0, ROOM, 100]), 0);

    let file = rig.open("/small", libc::O_RDONLY);
    assert_eq!(rig.call(libc::SYS_pread64, &[file, ROOM, 3, 4]), 3);
    let Demand::Input(input) = rig.demands[0] else { panic!("{:?}", rig.demands) };
    assert_eq!((input.class, input.argument), (Class::Pure, 4));
    assert_eq!(input.source & source::FILE, source::FILE);
    assert_eq!(rig.read(ROOM, 3), b"456");
}

#[test]
fn output_is_posted_in_parts_that_fit() {
    let mut rig = Rig::new();
    let big = rig.call(libc::SYS_mmap, &[0, 200_000, 3, 0x22, u64::MAX, 0]) as u64;
    assert_eq!(rig.call(libc::SYS_write, &[1, big, 200_000]), i64::from(TRANSFER_MAX));
    let Demand::Post(output) = &rig.demands[0] else { panic!("{:?}", rig.demands) };
    assert_eq!((output.channel, output.payload.len()), (channel::STDOUT, TRANSFER_MAX as usize));
    rig.place(0, b"to stderr");
    assert_eq!(rig.call(libc::SYS_write, &[2, ROOM, 9]), 9);
    let expected = Output { channel: channel::STDERR, target: 0, payload: b"to stderr".to_vec() };
    assert_eq!(rig.demands, [Demand::Post(expected)]);
}

#[test]
fn buffers_are_gathered_and_scattered_in_order() {
    let mut rig = Rig::new();
    rig.place(0, b"abcdef");
    let vector: Vec<u8> =
        [ROOM + 3, 3, ROOM, 0, ROOM, 3].iter().flat_map(|word: &u64| word.to_le_bytes()).collect();
    let vector = rig.place(0x100, &vector);
    assert_eq!(rig.call(libc::SYS_writev, &[1, vector, 3]), 6);
    let Demand::Post(output) = &rig.demands[0] else { panic!("{:?}", rig.demands) };
    assert_eq!(output.payload, b"defabc");
    assert_eq!(rig.call(libc::SYS_readv, &[0, vector, 3]), 6);
    assert_eq!(rig.read(ROOM, 6), b"m ofro");
}

#[test]
fn time_comes_from_the_world() {
    let mut rig = Rig::new();
    assert_eq!(rig.call(libc::SYS_clock_gettime, &[6, ROOM]), 0);
    let clock = Input { class: Class::Pure, source: source::CLOCK, argument: 1, length: 8 };
    assert_eq!(rig.demands, [Demand::Input(clock)]);
    assert_eq!(rig.read(ROOM, 16), [1_u64.to_le_bytes(), 8_u64.to_le_bytes()].concat());
    assert_eq!(rig.inside(libc::SYS_clock_gettime, &[99, ROOM]), error(libc::EINVAL));
}

#[test]
fn a_sleep_is_until_a_time_on_the_steady_clock() {
    let mut rig = Rig::new();
    let half = [0_u64.to_le_bytes(), 500_000_000_u64.to_le_bytes()].concat();
    let request = rig.place(0, &half);
    assert_eq!(rig.call(libc::SYS_nanosleep, &[request, 0]), 0);
    let timer = Input { class: Class::Pure, source: source::TIMER, argument: 1_500_000_008, length: 8 };
    assert_eq!(rig.demands.last(), Some(&Demand::Input(timer)));
    assert_eq!(rig.world.now, 1_500_000_008);
}

#[test]
fn the_end_is_a_record_and_then_an_end() {
    for (number, arguments, status) in [
        (libc::SYS_exit_group, vec![7], 7),
        (libc::SYS_exit, vec![256 + 3], 3),
        (libc::SYS_kill, vec![2, 15], 143),
        (libc::SYS_tgkill, vec![2, 2, 6], 134),
    ] {
        let mut rig = Rig::new();
        rig.call(number, &arguments);
        let record = Output { channel: channel::EXIT, target: status, payload: Vec::new() };
        assert_eq!(rig.demands, [Demand::Post(record), Demand::End]);
        assert_eq!(rig.exit(Exit::SystemCall), Demand::End);
    }
}

#[test]
fn a_fault_ends_the_process_as_a_shell_shows_it() {
    for (vector, status) in [(0, 136), (3, 133), (6, 132), (13, 139), (14, 139), (17, 135)] {
        let mut rig = Rig::new();
        let demand = rig.exit(Exit::Exception { vector, error: 0, address: WILD });
        let record = Output { channel: channel::EXIT, target: status, payload: Vec::new() };
        assert_eq!(demand, Demand::Post(record));
        assert_eq!(rig.resume(), Some(Demand::End));
        assert!(rig.process.unserved()[0].contains("killed by SIG"));
    }
}

#[test]
fn the_stack_grows_to_where_it_is_touched() {
    let mut rig = Rig::new();
    let below = rig.registers.rsp - 300_000;
    assert_eq!(rig.memory.protection(below), None);
    assert_eq!(rig.exit(Exit::Exception { vector: 14, error: 6, address: below }), Demand::Nothing);
    assert!(rig.memory.protection(below).is_some_and(|protection| protection.write));
    // A call that is given such an address needs no fault first.
    let further = below / PAGE * PAGE - 500_000;
    assert_eq!(rig.call(libc::SYS_read, &[0, further, 12]), 12);
}

#[test]
fn what_is_not_served_is_named_once() {
    let mut rig = Rig::new();
    for _ in 0..3 {
        assert_eq!(rig.inside(libc::SYS_unshare, &[0]), error(libc::ENOSYS));
        assert_eq!(rig.inside(libc::SYS_fork, &[]), error(libc::ENOSYS));
        assert_eq!(rig.inside(4711, &[]), error(libc::ENOSYS));
    }
    let expected = ["system call 272 (unshare)", "system call 57 (fork)", "system call 4711 (no name)"];
    assert_eq!(rig.process.unserved(), expected);
    assert_eq!(rig.inside(libc::SYS_unshare, &[0]), error(libc::ENOSYS));
    assert_eq!(rig.process.unserved(), Vec::<String>::new());
}

#[test]
fn what_a_file_system_may_lack_is_refused_in_silence() {
    let mut rig = Rig::new();
    let path = rig.path("/small");
    assert_eq!(rig.inside(libc::SYS_link, &[path, path]), error(libc::EPERM));
    assert_eq!(rig.inside(libc::SYS_getxattr, &[path, path, ROOM, 100]), error(libc::EOPNOTSUPP));
    assert_eq!(rig.inside(libc::SYS_sendfile, &[1, 0, 0, 100]), error(libc::EINVAL));
    assert_eq!(rig.inside(libc::SYS_copy_file_range, &[1, 0, 0, 0, 100, 0]), error(libc::EINVAL));
    assert_eq!(rig.inside(libc::SYS_rseq, &[ROOM, 32, 0, 0]), error(libc::ENOSYS));
    assert_eq!(rig.process.unserved(), Vec::<String>::new());
}

#[test]
fn an_answer_to_something_else_is_a_crash() {
    let wrong = [
        vec![],
        vec![1, 2, 3],
        crate::world::pack(&Ok(Answer::Count(7))),
        crate::world::pack(&Err(0)),
        crate::world::pack(&Err(5000)),
        [crate::world::pack(&Ok(Answer::Data(vec![]))), vec![0]].concat(),
    ];
    for answer in wrong {
        let mut rig = Rig::new();
        let file = rig.open("/small", libc::O_RDONLY);
        rig.begin(libc::SYS_read, &[file, ROOM, 10]);
        assert!(matches!(rig.deliver(&answer), Err(Crash::Answer(_))), "{answer:?}");
    }
    let mut rig = Rig::new();
    assert!(matches!(rig.deliver(&[]), Err(Crash::Answer(_))), "nothing was asked for");
    rig.begin(libc::SYS_read, &[0, ROOM, 10]);
    assert!(matches!(rig.deliver(&[0; 11]), Err(Crash::Answer(_))), "more than was asked for");
    let mut rig = Rig::new();
    rig.begin(libc::SYS_clock_gettime, &[0, ROOM]);
    assert!(matches!(rig.deliver(&[0; 7]), Err(Crash::Answer(_))), "half a time");
}

#[test]
fn a_wait_that_cannot_end_ends_the_process() {
    for (number, arguments) in [
        (libc::SYS_pause, vec![]),
        (libc::SYS_poll, vec![0, 0, u64::MAX]),
        (libc::SYS_select, vec![0, 0, 0, 0, 0]),
        (libc::SYS_futex, vec![ROOM, 0, 0, 0]),
    ] {
        let mut rig = Rig::new();
        rig.call(number, &arguments);
        assert_eq!(rig.demands.last(), Some(&Demand::End), "call {number}");
        assert!(rig.process.unserved()[0].contains("what cannot come"));
    }
}
