//! A process can be saved between any two steps and goes on elsewhere as if nothing had been.

use crate::rig::{ROOM, Rig, program};
use covert_replica::guest::{Crash, Personality};
use covert_replica::process::Process;

/// Makes a call, with the process saved and put into a new one before and after each step.
fn call_with_moves(rig: &mut Rig, number: i64, arguments: &[u64]) -> i64 {
    let move_on = |rig: &mut Rig| {
        let state = rig.process.save();
        assert_eq!(rig.process.save(), state, "saved twice");
        let mut process = Process::new(program());
        process.restore(&state).expect("its own state");
        assert_eq!(process.save(), state, "restored");
        rig.process = process;
    };
    move_on(rig);
    let mut demand = rig.begin(number, arguments);
    loop {
        move_on(rig);
        if let Some(answer) = rig.world.answer(&demand) {
            rig.deliver(&answer).expect("an answer");
            move_on(rig);
        }
        match rig.resume() {
            Some(next) => demand = next,
            None => return rig.registers.rax as i64,
        }
    }
}

#[test]
fn a_call_goes_on_in_another_process_after_any_step() {
    let mut moved = Rig::new();
    let mut stayed = Rig::new();
    let file = moved.open("/folder/file", libc::O_RDWR);
    assert_eq!(stayed.open("/folder/file", libc::O_RDWR), file);
    for rig in [&mut moved, &mut stayed] {
        rig.path("/small");
        rig.place(0, &[0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
    }
    let path = ROOM + 0x8000;
    let calls: &[(i64, &[u64])] = &[
        (libc::SYS_mmap, &[0, 300_000, 5, 2, file, 0]),
        (libc::SYS_read, &[file, ROOM + 0x100, 1000]),
        (libc::SYS_read, &[0, ROOM + 0x100, 1000]),
        (libc::SYS_write, &[file, ROOM + 0x100, 1000]),
        (libc::SYS_lseek, &[file, 0, 2]),
        (libc::SYS_nanosleep, &[ROOM, 0]),
        (libc::SYS_clock_nanosleep, &[0, 1, ROOM, 0]),
        (libc::SYS_gettimeofday, &[ROOM + 0x100, 0]),
        (libc::SYS_getrandom, &[ROOM + 0x100, 10, 0]),
        (libc::SYS_utimensat, &[libc::AT_FDCWD as u64, path, 0, 0]),
        (libc::SYS_truncate, &[path, 4]),
        (libc::SYS_stat, &[path, ROOM + 0x100]),
        (libc::SYS_open, &[path, 0, 0]),
        (libc::SYS_dup2, &[0, file]),
        (libc::SYS_write, &[1, ROOM, 10]),
        (libc::SYS_exit_group, &[4]),
    ];
    for (number, arguments) in calls {
        let result = call_with_moves(&mut moved, *number, arguments);
        assert_eq!(result, stayed.call(*number, arguments), "call {number}");
        assert_eq!(moved.demands, stayed.demands, "call {number}");
        assert_eq!(moved.process.save(), stayed.process.save(), "call {number}");
        assert_eq!(moved.read(ROOM, 0x1000), stayed.read(ROOM, 0x1000), "call {number}");
    }
}

#[test]
fn what_is_no_state_is_refused() {
    let rig = Rig::new();
    let state = rig.process.save();
    for cut in 0..state.len() {
        let mut process = Process::new(program());
        assert!(matches!(process.restore(&state[..cut]), Err(Crash::State(_))), "{cut} bytes");
    }
    let mut process = Process::new(program());
    assert!(matches!(process.restore(&[state, vec![0]].concat()), Err(Crash::State(_))));
}

#[test]
fn no_program_makes_its_state_too_large_for_a_checkpoint() {
    const PAGE: u64 = 4096;
    let mut rig = Rig::new();
    // Code that is nothing but time stamps.
    let code = rig.call(libc::SYS_mmap, &[0, 1 << 20, 3, 0x22, u64::MAX, 0]) as u64;
    for at in (code..code + (1 << 20)).step_by(1 << 16) {
        rig.call(libc::SYS_getrandom, &[at, 1 << 16, 0]);
        assert!(rig.memory.write(at, &[0x0f, 0x31].repeat(1 << 15)));
    }
    assert_eq!(rig.call(libc::SYS_mprotect, &[code, 1 << 20, 5]), 0);
    assert!(rig.process.unserved().iter().any(|line| line.starts_with("more than")));
    // Every other page of a large area on its own.
    let start = rig.call(libc::SYS_mmap, &[0, 512 << 20, 0, 0x22, u64::MAX, 0]) as u64;
    let mut areas = 0;
    while rig.call(libc::SYS_mprotect, &[start + 2 * areas * PAGE, PAGE, 1]) == 0 {
        areas += 1;
    }
    assert!((1000..65_536).contains(&areas), "{areas}");
    // As many open files as there may be, with the longest paths.
    let long = format!("/{}small", "x/".repeat(2000));
    rig.world.nodes.insert(long.clone(), crate::world::Node::File(Vec::new()));
    let path = rig.path(&long);
    let mut files = 0;
    while rig.call(libc::SYS_open, &[path, 0, 0]) >= 0 {
        files += 1;
    }
    assert!((32..1024).contains(&files), "{files}");
    assert_eq!(rig.world.open.len(), files);
    let bytes = rig.process.save().len();
    assert!(bytes < 700 * 1024, "{bytes} bytes");
}
