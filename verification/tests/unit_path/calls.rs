//! A record on a unit costs no system call of whoever submits, polls and releases.

use crate::beside::Path;
use covert_driver::conformance::{Parts, Shape};
use covert_driver::ring::Position;
use covert_driver::{ArenaReader, ArenaWriter};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::Command;

/// Records that the child compares.
const RECORDS: usize = 2_000;
const DONE: Position = Position { generation: 7, count: 7 };

/// The test binary itself, in which any system call of this thread after the filter is the end of the process. The card's thread
/// has no filter.
#[test]
fn child_process() {
    let Ok(marker) = std::env::var("COVERT_TEST_MARKER") else { return };
    let marker: OwnedFd = std::fs::File::options().read(true).write(true).open(marker).unwrap().into();
    let marker = ArenaWriter::map(&marker, Shape::lanes(1).geometry(0)).unwrap();
    let mut path = Path::new(8);
    path.let_run();
    let card = path.card.clone();
    std::thread::spawn(move || {
        loop {
            card.step();
            std::thread::yield_now();
        }
    });
    let arch = std::env::consts::ARCH.try_into().unwrap();
    let filter =
        SeccompFilter::new(Default::default(), SeccompAction::KillProcess, SeccompAction::Allow, arch)
            .unwrap();
    let filter: BpfProgram = filter.try_into().unwrap();
    seccompiler::apply_filter(&filter).unwrap();
    let lengths = [0, 8, 24, 25, 100, 4096, 8192];
    // Minutes, and no clock is asked.
    let reap = |path: &mut Path| (0..4_000_000_000u64).find_map(|_| path.reap()).unwrap_or(false);
    if (0..RECORDS).all(|record| path.submit(lengths[record % 7]) && reap(&mut path)) {
        marker.ring(DONE);
    }
    // The way out of here is a system call, so the process dies of the filter.
}

#[test]
fn a_record_on_a_unit_makes_no_system_call() {
    let parts = Parts::make(&Shape::lanes(1)).unwrap();
    let marker: &ArenaReader = &parts.readers[0];
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "calls::child_process"])
        .env("COVERT_TEST_MARKER", format!("/proc/{}/fd/{}", std::process::id(), parts.memory[0].as_raw_fd()))
        .status()
        .unwrap();
    assert_eq!(marker.rung(), DONE, "a system call, or a record that failed, before the end");
    const SIGSYS: i32 = 31;
    assert_eq!(status.signal(), Some(SIGSYS), "the filter was not there");
}
