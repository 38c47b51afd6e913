//! Waves of a part of a trace.

use crate::need::have;
use crate::unit::recorded;
use covert_verification::root_complex::around::{AFTER, BEFORE, verdicts};
use covert_verification::verilated::Verilated;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// First and last time in an FST, as its first block has them: a kind, a length, and these two, in big-endian order.
fn times(fst: &[u8]) -> (u64, u64) {
    let number = |at: usize| u64::from_be_bytes(fst[at..at + 8].try_into().unwrap());
    assert_eq!(fst[0], 0, "the first block is the header");
    (number(9), number(17))
}

fn replay(trace: &Path, waves: &Path, more: &[&str]) -> Output {
    let mut replay = Command::new(env!("CARGO_BIN_EXE_replay"));
    replay.arg(trace).arg("--waves").arg(waves).args(more).output().unwrap()
}

fn file(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_file(&path);
    path
}

#[test]
fn waves_around_a_record_have_its_verdict_and_are_much_smaller_than_the_whole() {
    if have(Verilated::unit()).is_none() {
        return;
    }
    let trace = recorded(7);
    let all: Vec<_> = verdicts(&trace).collect();
    // One in the middle, of a record with one verdict.
    let once = |seq: u64| all.iter().filter(|written| written.verdict.seq == seq).count() == 1;
    let middle = all[all.len() / 2..].iter().find(|written| once(written.verdict.seq)).unwrap();
    let seq = middle.verdict.seq.to_string();
    let (path, whole, part) = (file("around.tlp"), file("whole.fst"), file("around.fst"));
    fs::write(&path, trace.bytes()).unwrap();

    assert!(replay(&path, &whole, &[]).status.success());
    let around = replay(&path, &part, &["--around", &seq]);
    let said = String::from_utf8(around.stdout).unwrap();
    assert!(around.status.success(), "{said}");
    let (whole, part) = (fs::read(whole).unwrap(), fs::read(part).unwrap());
    println!("{} clocks: {} bytes of waves, {} around record {seq}", trace.clocks, whole.len(), part.len());
    assert!(part.len() * 5 < whole.len(), "{} of {} bytes", part.len(), whole.len());

    let at = said.split(": at ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap();
    let at: u64 = at.parse().unwrap();
    let (first, last) = times(&part);
    assert!((first..=last).contains(&at), "{said}: the waves go from {first} to {last}");
    // Two picoseconds a clock.
    assert!(last - first <= 2 * (BEFORE + AFTER + 2), "the waves go from {first} to {last}");
    assert!(at - first >= 2 * BEFORE.min(middle.clock) - 2 && last >= at + 2, "{said}, {first} to {last}");
    assert!(said.contains(&format!("in clock {}", middle.clock)), "{said}");
}

#[test]
fn who_asks_for_waves_of_a_record_that_the_trace_has_not_is_told_what_it_has() {
    if have(Verilated::unit()).is_none() {
        return;
    }
    let (path, waves) = (file("missed.tlp"), file("missed.fst"));
    fs::write(&path, recorded(8).bytes()).unwrap();
    let missed = replay(&path, &waves, &["--around", "123456789"]);
    let why = String::from_utf8(missed.stderr).unwrap();
    assert!(
        !missed.status.success() && why.contains("no verdict on record 123456789: it has those on"),
        "{why}"
    );
    assert!(!waves.exists());
}
