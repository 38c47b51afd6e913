//! The command: what it passes on, what it tells.

use crate::support::{BUSYBOX, covert, file, folder, needs, observed, run, text};
use std::io::Write;
use std::process::Stdio;

#[test]
fn the_guests_output_and_status_are_the_commands_own() {
    needs!(busybox);
    let output = run(&["run", "--program", BUSYBOX, "--", "echo", "hello"]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "hello\n");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));

    let output = run(&["run", "--program", BUSYBOX, "--", "cat", "/not/there"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("/not/there"));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
}

#[test]
fn standard_input_reaches_the_guest_once_and_whole() {
    needs!(busybox);
    let input = text(300_000);
    let mut child = covert()
        .args(["run", "--program", BUSYBOX, "--", "md5sum"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("covert starts");
    let mut pipe = child.stdin.take().expect("its input");
    let writer = std::thread::spawn({
        let input = input.clone();
        move || pipe.write_all(input.as_bytes())
    });
    let output = child.wait_with_output().expect("its end");
    writer.join().expect("the writer").expect("all is read");
    let path = file("stdin.txt", &input);
    let native = std::process::Command::new(BUSYBOX).arg("md5sum").arg(path).output().expect("busybox");
    assert_eq!(output.stdout[..32], native.stdout[..32]);
}

#[test]
fn files_written_by_the_guest_are_those_of_a_native_run() {
    needs!(busybox);
    let work = folder().join("work");
    std::fs::create_dir_all(&work).expect("a folder");
    std::fs::write(work.join("in.txt"), text(200_000)).expect("a file");
    let mount = format!("{}:/w:rw", work.display());
    let output =
        run(&["run", "--mount", &mount, "--program", BUSYBOX, "--", "cp", "/w/in.txt", "/w/out.txt"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let read = |name: &str| std::fs::read(work.join(name)).expect("a file");
    assert!(read("in.txt") == read("out.txt"));
    // Without `rw` nothing can be changed.
    let mount = format!("{}:/w", work.display());
    let output = run(&["run", "--mount", &mount, "--program", BUSYBOX, "--", "rm", "/w/out.txt"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(work.join("out.txt").exists());
}

#[test]
fn a_summary_has_what_an_evaluator_needs() {
    needs!(busybox);
    let (events, written, _) = observed(&["--seed", "5", "--program", BUSYBOX, "--", "seq", "100"]);
    assert_eq!(written.lines().count(), 100);
    let summary = events.summary();
    for member in [
        "outputs",
        "verdicts",
        "mismatches",
        "recoveries",
        "checkpoints",
        "released_sha256",
        "comparator",
        "wall_ms",
        "host_cpu_ms",
        "longest_exit_free_ms",
        "worst_detection_ms",
    ] {
        assert!(!summary[member].is_null(), "no {member}");
    }
    assert_eq!(summary["mismatches"], 0);
    assert_eq!(summary["comparator"], "software");
    let placed = &events.all("started").next().expect("where it runs")["replicas"];
    assert_eq!(placed.as_array().expect("replicas").len(), 2);
}

#[test]
fn a_pair_releases_what_one_machine_does() {
    needs!(kvm);
    let sum = |replicas: &str| {
        let arguments = ["--replicas", replicas, "--program", "builtin:compute", "--", "20"];
        observed(&arguments).0.summary()["released_sha256"].clone()
    };
    assert_eq!(sum("simplex"), sum("dmr"));
}

#[test]
fn a_guest_of_inputs_differs_on_every_run_and_never_between_its_replicas() {
    needs!(kvm);
    let once = || observed(&["--checkpoint-exits", "50", "--program", "builtin:inputs", "--", "60"]);
    let ((first, a, _), (second, b, _)) = (once(), once());
    for events in [&first, &second] {
        assert_eq!(events.summary()["mismatches"], 0);
        assert_ne!(events.summary()["checkpoints"], 0);
    }
    assert_ne!(a, b, "nothing of it depends on the world: it proves nothing");
}

#[test]
fn a_recorded_run_replays_to_the_same_output_without_its_world() {
    needs!(kvm);
    let log = folder().join("inputs.covert");
    let log = log.to_str().expect("a path");
    let recorded = run(&["record", log, "--program", "builtin:inputs", "--", "30"]);
    assert!(recorded.status.success(), "{}", String::from_utf8_lossy(&recorded.stderr));
    let replayed = run(&["replay", log]);
    assert!(replayed.status.success(), "{}", String::from_utf8_lossy(&replayed.stderr));
    assert_eq!(String::from_utf8_lossy(&replayed.stdout), String::from_utf8_lossy(&recorded.stdout));
}

#[test]
fn the_doctor_finds_kvm_where_there_is_one() {
    needs!(kvm);
    let output = run(&["doctor", "--json"]);
    let findings: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let kvm = findings.as_array().expect("a list").iter().find(|finding| finding["what"] == "/dev/kvm");
    assert_eq!(kvm.expect("KVM is looked at")["state"], "good");
}
