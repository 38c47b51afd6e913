//! Whatever happens to a replica, what leaves is what leaves a healthy machine.

use crate::support::{BUSYBOX, Events, covert, file, folder, needs, observed, run, text};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

/// Faults of the campaign in the tests, unless `COVERT_FAULTS` says otherwise.
const FAULTS: &str = "60";

const LINES: [&str; 5] =
    ["--program", BUSYBOX, "--", "awk", "BEGIN { for (i = 0; i < 400; i++) { print i; fflush() } }"];

fn expected() -> String {
    (0..400).map(|line| format!("{line}\n")).collect()
}

#[test]
fn a_flipped_bit_is_seen_rolled_back_and_leaves_no_trace() {
    needs!(busybox);
    let fault = ["--checkpoint-exits", "40", "--inject", "replica=B,output=200,reg=rip,bit=45"];
    let (events, written, _) = observed(&[&fault[..], &LINES].concat());
    assert_eq!(written, expected());
    let summary = events.summary();
    assert_eq!(events.all("fault_injected").count(), 1);
    assert!(summary["recoveries"].as_u64() >= Some(1), "{summary}");
    assert!(events.all("rollback").count() >= 1);
    assert_eq!(summary["status"], 0);
}

#[test]
fn a_fault_in_either_replica_is_recovered_from() {
    needs!(busybox);
    for replica in ["A", "B"] {
        let fault = format!("replica={replica},output=100,reg=rsp,bit=40");
        let (events, written, _) =
            observed(&[&["--checkpoint-exits", "40", "--inject", &fault], &LINES[..]].concat());
        assert_eq!(written, expected(), "replica {replica}");
        assert!(events.summary()["recoveries"].as_u64() >= Some(1));
    }
}

#[test]
fn a_fault_is_made_again_by_what_was_told_of_it() {
    needs!(busybox);
    let random = ["--checkpoint-exits", "40", "--seed", "3", "--inject", "replica=B,exit=150,reg=rbx,bit=33"];
    let (events, ..) = observed(&[&random[..], &LINES].concat());
    let first = events.all("fault_injected").next().expect("a fault").clone();
    assert_eq!(first["replay"]["place"], "exact");
    let again = first["replay"]["inject"].as_str().expect("a text");
    let (events, ..) =
        observed(&[&["--checkpoint-exits", "40", "--seed", "3", "--inject", again], &LINES[..]].concat());
    let second = events.all("fault_injected").next().expect("a fault");
    for member in ["rip", "registers", "exits", "seq", "flip"] {
        assert_eq!(first[member], second[member], "{member}");
    }
}

#[test]
fn a_mismatch_is_described_where_it_was() {
    needs!(kvm);
    let divergence = folder().join("described.json");
    let path = divergence.to_str().expect("a path");
    // A byte of the text that is put out, in a page that the guest does not write: only the output can show it.
    let arguments = ["--divergence", path, "--inject", "replica=B,output=3,reg=rip,bit=44"];
    let (events, ..) = observed(&[&arguments[..], &["--program", "builtin:chatty", "--", "40"]].concat());
    assert!(events.summary()["mismatches"].as_u64() >= Some(1), "{}", events.summary());
    let described: Value =
        serde_json::from_slice(&std::fs::read(&divergence).expect("a description")).expect("JSON");
    assert_eq!(described["outcome"], "Mismatch");
    assert_eq!(described["records"].as_array().map(Vec::len), Some(2));
    for side in 0..2 {
        assert!(described["exits"][side].as_array().is_some_and(|exits| !exits.is_empty()), "replica {side}");
    }
    let same = run(&["diff", path, path]);
    assert_eq!(same.status.code(), Some(0));
}

/// Does something to a replica of a pair that runs, and gives its events and what it wrote.
fn disturbed(arguments: &[&str], disturb: impl Fn(u64)) -> (Events, String) {
    let console = folder().join(format!("disturbed-{}", fastrand::u64(..)));
    let mut child = covert()
        .args(["run", "--json", "--console", console.to_str().expect("a path")])
        .args(arguments)
        .stdout(Stdio::piped())
        .spawn()
        .expect("covert starts");
    let mut lines = BufReader::new(child.stdout.take().expect("its output"));
    let (mut said, mut replicas) = (Vec::new(), Vec::new());
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line).expect("a line") == 0 {
            break;
        }
        let event: Value = serde_json::from_str(&line).expect("JSON");
        said.extend_from_slice(line.as_bytes());
        if event["event"] == "started" {
            replicas = event["replicas"].as_array().expect("replicas").clone();
        }
        if event["event"] == "checkpoint" && event["epoch"] == 2 {
            disturb(replicas[1]["pid"].as_u64().expect("a number"));
        }
    }
    lines.read_to_end(&mut said).expect("the rest");
    let mut output = child.wait_with_output().expect("its end");
    output.stdout = said;
    (Events::of(&output), std::fs::read_to_string(console).expect("what the guest wrote"))
}

fn signal(name: &str, pid: u64) {
    let status = Command::new("kill").args(["-s", name, &pid.to_string()]).status().expect("kill");
    assert!(status.success());
}

#[test]
fn a_killed_replica_is_replaced_while_the_guest_runs_on() {
    needs!(busybox);
    let (events, written) =
        disturbed(&[&["--checkpoint-exits", "40"], &LINES[..]].concat(), |pid| signal("KILL", pid));
    assert_eq!(written, expected());
    assert_eq!(events.summary()["crashes"], 1);
    assert_eq!(events.summary()["end"], "finished");
}

#[test]
fn a_replica_that_stands_still_is_taken_for_hung_and_replaced() {
    needs!(busybox);
    let machine = "[hang]\nclock_ms = 3000\n[checkpoint]\nexits = 40\n";
    let machine = file("hang.toml", machine);
    let path = machine.to_str().expect("a path");
    let (events, written) = disturbed(&[&[path], &LINES[..]].concat(), |pid| signal("STOP", pid));
    assert_eq!(written, expected());
    assert_eq!(events.summary()["hangs"], 1, "{}", events.summary());
}

#[test]
fn nothing_wrong_leaves_under_many_faults() {
    needs!(busybox);
    let faults = std::env::var("COVERT_FAULTS").unwrap_or_else(|_| FAULTS.into());
    let seed = std::env::var("COVERT_SEED").unwrap_or_else(|_| "1".into());
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/campaign.toml");
    let output = run(&["campaign", examples, "--json", "--faults", &faults, "--seed", &seed]);
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    eprintln!("{report:#}");
    assert!(output.status.success(), "seed {seed}: {report:#}");
    let counts = &report["comparators"]["software"];
    assert!(counts["activated"].as_u64() >= Some(1), "no fault did anything");
    let made: u64 = counts["fates"].as_object().expect("counts").values().filter_map(Value::as_u64).sum();
    assert_eq!(made.to_string(), faults);
    assert!(counts["fates"]["not_made"].is_null(), "a fault that was promised was not made");
}

#[test]
fn a_large_text_survives_a_fault_at_a_random_moment() {
    needs!(busybox);
    let input = file("large.txt", text(1 << 20));
    let native = Command::new(BUSYBOX).arg("sort").arg(&input).output().expect("busybox");
    let mount = format!("{}:/w", folder().display());
    let run = run(&[
        "run",
        "--seed",
        "9",
        "--inject",
        "replica=A,at=RANDOM,within=400",
        "--checkpoint-exits",
        "100",
        "--mount",
        &mount,
        "--program",
        BUSYBOX,
        "--",
        "sort",
        "/w/large.txt",
    ]);
    assert!(run.stdout == native.stdout, "{}", String::from_utf8_lossy(&run.stderr));
}
