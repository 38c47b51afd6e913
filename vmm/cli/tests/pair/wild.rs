//! Programs that do what programs must not do end as they do natively, and never as a fault of the machine.
//!
//! What they do is in `programs/wild.c`.

use crate::support::{Events, compiled, covert, folder, needs};
use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// What the program ends with when it was refused what it tried.
const REFUSED: i32 = 7;

/// Nothing here takes as long: whatever does has hung.
const HUNG: Duration = Duration::from_secs(300);

fn program() -> &'static Path {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    MADE.get_or_init(|| compiled("wild", include_str!("programs/wild.c")))
}

/// Runs the program as a pair, which has nothing to disagree about. Gives its status and what it wrote.
fn pair(options: &[&str], words: &[&str]) -> (i32, String) {
    let name = fastrand::u64(..);
    let path = |kind: &str| folder().join(format!("wild-{name}.{kind}"));
    let (said, told) = (path("json"), path("err"));
    let mut child = covert()
        .args(["run", "--json", "--memory", "64", "--console"])
        .arg(path("out"))
        .arg("--divergence")
        .arg(path("divergence"))
        .args(options)
        .arg("--program")
        .arg(program())
        .arg("--")
        .args(words)
        .stdout(File::create(&said).expect("a file"))
        .stderr(File::create(&told).expect("a file"))
        .spawn()
        .expect("covert starts");
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().expect("its end") {
            break status;
        }
        if start.elapsed() > HUNG {
            child.kill().expect("it runs");
            child.wait().expect("its end");
            panic!("{words:?} hung");
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    let told = String::from_utf8_lossy(&fs::read(told).expect("a file")).into_owned();
    assert!(!told.contains("panicked"), "{words:?}: {told}");
    let events = Events::read(&fs::read(said).expect("events"));
    let summary = events.summary();
    assert_eq!(summary["mismatches"], 0, "{words:?}: {summary}");
    assert_eq!(summary["recoveries"], 0, "{words:?}: {summary}");
    assert_eq!(summary["end"], "finished", "{words:?}: {summary}\n{told}");
    let written = fs::read(path("out")).expect("what the guest wrote");
    (status.code().expect("a status"), String::from_utf8_lossy(&written).into_owned())
}

/// Runs the program natively; its status as a shell shows it.
fn native(words: &[&str]) -> i32 {
    let status = Command::new(program())
        .args(words)
        .current_dir(folder())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .expect("the program starts");
    status.code().or_else(|| status.signal().map(|signal| 128 + signal)).expect("a status")
}

/// Runs it both ways: the end is the same.
fn same(cases: &[&[&str]]) {
    needs!(compiler);
    let mut wrong = Vec::new();
    for case in cases {
        let (native, (pair, _)) = (native(case), pair(&[], case));
        if native != pair {
            wrong.push(format!("{}: {native} natively, {pair} as a pair", case.join(" ")));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Runs it as a pair; it is refused what it tries.
fn refused(words: &[&str]) {
    needs!(compiler);
    let (status, written) = pair(&[], words);
    assert_eq!(status, REFUSED, "{words:?}: {written}");
}

#[test]
fn jumps_to_nowhere_end_as_they_do_natively() {
    same(&[
        &["jump", "0"],
        &["jump", "0x1000"],
        &["jump", "0x300000"],
        &["jump", "0x20000000"],
        &["jump", "0x123456789000"],
        &["jump", "0x7ffffffff000"],
        &["jump", "0xdead000000000000"],
        &["jump", "0xffff800000000000"],
        &["jump", "0xffffffffffffffff"],
        &["run-data"],
    ]);
}

#[test]
fn pointers_to_nowhere_end_as_they_do_natively() {
    same(&[
        &["read", "0"],
        &["read", "0x1000"],
        &["read", "0x300000"],
        &["read", "0x123456789000"],
        &["read", "0xdead000000000000"],
        &["read", "0xffff800000000000"],
        &["read", "0xfffffffffffff000"],
        &["write", "0"],
        &["write", "0x1000"],
        &["write", "0x300000"],
        &["write", "0x3fffffff"],
        &["write", "0x40000000"],
        &["write", "0x123456789000"],
        &["write", "0xdead000000000000"],
        &["write", "0xffff800000000000"],
        &["write-code"],
    ]);
}

#[test]
fn a_stack_that_overflows_ends_as_it_does_natively() {
    same(&[&["recurse"], &["recurse-caught"]]);
}

#[test]
fn a_stack_that_is_nowhere_ends_as_it_does_natively() {
    same(&[
        &["stack", "zero"],
        &["stack", "unmapped"],
        &["stack", "noncanonical"],
        &["stack", "kernel"],
        &["stack", "misaligned"],
        &["stack", "undefined"],
        &["stack", "exit"],
        &["stack", "sigreturn"],
    ]);
}

#[test]
fn privileged_instructions_end_as_they_do_natively() {
    let names = [
        "hlt", "cli", "in", "out", "outs", "rdmsr", "wrmsr", "cr0", "cr3", "dr7", "lgdt", "lidt", "ltr",
        "swapgs", "sysret", "wbinvd", "invlpg", "xsetbv",
    ];
    let cases = names.map(|name| ["instruction", name]);
    same(&cases.each_ref().map(|case| &case[..]));
}

#[test]
fn instructions_that_trap_end_as_they_do_natively() {
    let names = [
        "ud2",
        "int3",
        "int-gate",
        "int-unused",
        "segment",
        "iret",
        "far-return",
        "trap-flag",
        "noncanonical",
        "unaligned",
    ];
    let cases = names.map(|name| ["instruction", name]);
    same(&cases.each_ref().map(|case| &case[..]));
    same(&[&["divide"]]);
}

#[test]
fn instructions_for_other_worlds_do_no_harm() {
    needs!(compiler);
    // What they do natively depends on the processor and on who runs the machine.
    for name in ["vmcall", "vmmcall", "int80", "sysenter"] {
        let (status, _) = pair(&[], &["instruction", name]);
        assert!([0, 132, 139].contains(&status), "{name}: {status}");
    }
}

#[test]
fn what_a_processor_tells_everybody_is_the_same_for_both_replicas() {
    needs!(compiler);
    let once = || pair(&[], &["ask"]);
    let ((status, first), second) = (once(), once());
    assert_eq!(status, REFUSED, "{first}");
    assert_eq!((status, &first), (second.0, &second.1), "it depends on where a replica runs");
    assert!(first.lines().count() > 60, "{first}");
}

#[test]
fn signals_that_a_program_sends_itself_end_it_as_they_do_natively() {
    same(&[
        &["abort"],
        &["raise", "4"],
        &["raise", "9"],
        &["raise", "11"],
        &["raise", "15"],
        &["raise", "17"],
    ]);
}

#[test]
fn code_that_changes_itself_does_what_it_does_natively() {
    same(&[&["change-code"], &["make-code"]]);
}

#[test]
fn memory_ends_with_an_error_number() {
    for what in ["allocate", "map", "reserve"] {
        refused(&[what]);
    }
}

#[test]
fn system_calls_with_wild_arguments_return() {
    needs!(compiler);
    let (status, written) = pair(&[], &["system-calls"]);
    assert_eq!(status, REFUSED, "{written}");
    assert!(written.contains("\nthe end: "), "it did not come to its end");
}

#[test]
fn no_call_with_a_path_reaches_out_of_a_mount() {
    needs!(compiler);
    let top = folder().join("reaching");
    let (inside, outside) = (top.join("inside"), top.join("outside"));
    fs::create_dir_all(inside.join("deep")).expect("a folder");
    fs::create_dir_all(&outside).expect("a folder");
    let secret = outside.join("secret");
    fs::write(&secret, "secret").expect("a file");
    symlink("../outside", inside.join("link")).expect("a link");
    symlink("../outside/secret", inside.join("up")).expect("a link");
    symlink(&secret, inside.join("absolute")).expect("a link");
    let state = |path: &Path| {
        let status = fs::metadata(path).expect("it is there");
        (status.permissions(), status.modified().expect("a time"))
    };
    let before = (state(&secret), state(&outside));
    let mount = format!("{}:/w:rw", inside.display());
    let (status, written) = pair(&["--mount", &mount], &["paths"]);
    assert_eq!(status, REFUSED, "{written}");
    assert_eq!((state(&secret), state(&outside)), before);
    assert_eq!(fs::read(&secret).expect("a file"), b"secret");
    let names = |path: &Path| fs::read_dir(path).expect("a folder").count();
    assert_eq!((names(&outside), names(&top)), (1, 2), "something new is outside");
}
