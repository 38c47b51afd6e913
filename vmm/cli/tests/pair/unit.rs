//! A pair that is compared by the redundancy unit: what it does is what it does in software, and a card that dies takes nothing
//! with it.

use crate::server::Server;
use crate::support::{BUSYBOX, Events, covert, file, folder, needs, observed, run, text};
use covert::run::STATUS_ERROR;
use rustix::process::Signal;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Faults that are made with both comparators, unless `COVERT_UNIT_FAULTS` says otherwise.
const FAULTS: &str = "12";

const LINES: [&str; 5] =
    ["--program", BUSYBOX, "--", "awk", "BEGIN { for (i = 0; i < 1500; i++) { print i; fflush() } }"];

fn expected() -> String {
    (0..1500).map(|line| format!("{line}\n")).collect()
}

#[test]
fn a_program_puts_out_what_it_does_natively() {
    needs!(busybox);
    needs!(verilator);
    let input = file("unit.txt", text(100_000));
    let native = Command::new(BUSYBOX).arg("sort").arg(&input).output().expect("busybox");
    let mount = format!("{}:/w", folder().display());
    let arguments =
        ["--comparator", "unit", "--mount", &mount, "--program", BUSYBOX, "--", "sort", "/w/unit.txt"];
    let (events, written, output) = observed(&arguments);
    assert!(written.as_bytes() == native.stdout, "{}", String::from_utf8_lossy(&output.stderr));
    let summary = events.summary();
    assert_eq!((&summary["comparator"], &summary["mismatches"]), (&"unit".into(), &0.into()));
    let started = events.all("started").next().expect("a start");
    assert!(started["card"].as_str().is_some_and(|card| card.starts_with("verilated")), "{started}");
}

#[test]
fn a_flipped_bit_is_seen_by_the_unit_and_recovered_from() {
    needs!(busybox);
    needs!(verilator);
    for replica in ["A", "B"] {
        let fault = format!("replica={replica},output=200,reg=rsp,bit=40");
        let options = ["--comparator", "unit", "--checkpoint-exits", "40", "--inject", &fault];
        let (events, written, _) = observed(&[&options[..], &LINES].concat());
        assert_eq!(written, expected(), "replica {replica}");
        let summary = events.summary();
        assert!(summary["recoveries"].as_u64() >= Some(1), "{summary}");
        assert_eq!(summary["comparator"], "unit");
    }
    // Here only the comparison can see it.
    let arguments = ["--comparator", "unit", "--inject", "replica=B,output=3,reg=rip,bit=44"];
    let (events, ..) = observed(&[&arguments[..], &["--program", "builtin:chatty", "--", "40"]].concat());
    let verdict = events.all("verdict").next().expect("a verdict that is no match");
    assert_eq!(verdict["outcome"], "Mismatch");
    assert!(verdict["unit_clocks"].as_u64() > Some(0), "{verdict}");
    assert_eq!(events.summary()["end"], "finished");
}

#[test]
fn verdicts_are_identical_with_both_comparators() {
    needs!(busybox);
    needs!(verilator);
    let faults = std::env::var("COVERT_UNIT_FAULTS").unwrap_or_else(|_| FAULTS.into());
    let seed = std::env::var("COVERT_SEED").unwrap_or_else(|_| "1".into());
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/campaign.toml");
    let options = ["--json", "--comparator", "both", "--faults", &faults, "--seed", &seed];
    let output = run(&[&["campaign", examples], &options[..]].concat());
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    eprintln!("{report:#}");
    assert!(output.status.success(), "seed {seed}: {report:#}");
    let count = |name: &str| report["comparison"][name].as_u64().expect("a count");
    assert_eq!(count("different"), 0);
    assert_eq!((count("identical") + count("cut_short")).to_string(), faults);
    assert!(count("identical") > count("cut_short"), "hardly anything was compared: {report:#}");
    assert!(report["comparators"]["unit"]["activated"].as_u64() >= Some(1), "no fault did anything");
}

#[test]
fn a_guest_with_other_verdicts_each_time_is_refused_for_a_comparison() {
    needs!(kvm);
    needs!(verilator);
    file(
        "clock.toml",
        "program = \"builtin:inputs\"\nkind = \"bare\"\narguments = [\"20\"]\nmemory_mib = 16\n",
    );
    let campaign =
        file("clock-campaign.toml", "faults = 1\nmachines = [\"clock.toml\"]\ncomparator = \"both\"\n");
    let said = refused(&["campaign", campaign.to_str().expect("a path")]);
    assert!(said.contains("clock.toml") && said.contains("each time"), "{said}");
}

// ---- A card that dies ---------------------------------------------------------------------------------

/// What a test waits for before it does something to a server.
type Moment<'a> = &'a dyn Fn(&Value) -> bool;

/// Runs the lines on a served card, with these options, and sends its server a signal when an event comes. Checks that the machine
/// noticed, went on in software, and put out everything once.
fn disturbed(name: &str, signal: Signal, options: &[&str], moment: Moment<'_>) -> Events {
    let server = Server::start();
    let console = folder().join(format!("card-{}", fastrand::u64(..)));
    let mut child = covert()
        .args(["run", "--json", "--comparator", "unit", "--checkpoint-exits", "40", "--console"])
        .arg(&console)
        .arg("--card")
        .arg(format!("vfio-user:{}", server.socket().display()))
        .args(options)
        .args(LINES)
        .stdout(Stdio::piped())
        .spawn()
        .expect("covert starts");
    let (mut said, mut struck, mut noticed) = (Vec::new(), None, None);
    for line in BufReader::new(child.stdout.take().expect("its output")).lines() {
        let line = line.expect("a line");
        let event: Value = serde_json::from_str(&line).expect("JSON");
        if struck.is_none() && moment(&event) {
            struck = Some(server.signal(signal));
        }
        if event["event"] == "card_lost" {
            noticed = struck.map(|struck: Instant| struck.elapsed());
        }
        said.extend_from_slice(line.as_bytes());
        said.push(b'\n');
    }
    let status = child.wait().expect("its end");
    let (events, written) = (Events::read(&said), std::fs::read_to_string(console).expect("what it wrote"));
    let summary = events.summary();
    assert_eq!((written, status.code()), (expected(), Some(0)), "{name}: {summary}");
    assert_eq!(events.all("card_lost").count(), 1, "{name}: {summary}");
    assert_eq!(summary["comparator"], "unit, then software", "{name}");
    // One record a line, one that closes the output, one that is the end: none was released twice.
    assert_eq!(summary["outputs"], 1502, "{name}");
    let noticed = noticed.unwrap_or_else(|| panic!("{name}: the card was lost before it was struck"));
    eprintln!("{name}: noticed after {:.1} ms", noticed.as_secs_f64() * 1e3);
    // The bound is the card's 100 ms; this is for a host that has much else to do.
    assert!(noticed < Duration::from_secs(5), "{name}: noticed after {noticed:?}");
    events
}

fn at_checkpoint(epoch: u64) -> impl Fn(&Value) -> bool {
    move |event| event["event"] == "checkpoint" && event["epoch"] == epoch
}

#[test]
fn a_card_that_is_killed_before_the_first_record_is_replaced_by_software() {
    needs!(busybox);
    needs!(verilator);
    disturbed("killed before the first record", Signal::KILL, &[], &|event| event["event"] == "started");
}

#[test]
fn a_card_that_is_killed_in_mid_run_is_replaced_by_software() {
    needs!(busybox);
    needs!(verilator);
    for epoch in [1, 2, 5, 11, 20] {
        let name = format!("killed after checkpoint {epoch}");
        let events = disturbed(&name, Signal::KILL, &[], &at_checkpoint(epoch));
        assert_eq!(events.summary()["recoveries"], 0, "nothing goes back for a dead card");
    }
}

#[test]
fn a_card_that_is_killed_during_a_rollback_is_replaced_by_software() {
    needs!(busybox);
    needs!(verilator);
    let fault = ["--inject", "replica=B,output=700,reg=rsp,bit=40"];
    for event in ["fault_injected", "rollback", "recovered"] {
        let name = format!("killed at the event {event}");
        let events = disturbed(&name, Signal::KILL, &fault, &|seen| seen["event"] == event);
        assert!(events.summary()["recoveries"].as_u64() >= Some(1), "{name}");
    }
}

#[test]
fn a_card_that_stands_still_is_replaced_by_software() {
    needs!(busybox);
    needs!(verilator);
    disturbed("stopped before the first record", Signal::STOP, &[], &|event| event["event"] == "started");
    disturbed("stopped in mid-run", Signal::STOP, &[], &at_checkpoint(5));
}

// ---- What is refused ----------------------------------------------------------------------------------

/// What the command says when it refuses.
fn refused(arguments: &[&str]) -> String {
    let output = run(arguments);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(i32::from(STATUS_ERROR)), "{arguments:?}: {said}");
    said
}

#[test]
fn a_card_that_cannot_be_had_is_refused_with_what_to_do() {
    needs!(busybox);
    let on = |card: &str| {
        refused(
            &[&["run", "--comparator", "unit", "--card", card], &["--program", BUSYBOX, "--", "true"][..]]
                .concat(),
        )
    };
    let said = on("xdma");
    assert!(said.contains("`xdma`") && said.contains("vfio-user:PATH"), "{said}");
    let nowhere = folder().join("nowhere.sock");
    let said = on(&format!("vfio-user:{}", nowhere.display()));
    assert!(said.contains("nowhere.sock") && said.contains("covert card serve"), "{said}");
    let said = refused(&["run", "--card", "verilated", "--program", BUSYBOX, "--", "true"]);
    assert!(said.contains("comparator = \"unit\""), "{said}");
}

#[test]
fn a_window_that_the_unit_does_not_take_is_refused() {
    needs!(busybox);
    needs!(verilator);
    let machine = file("window.toml", "comparator = \"unit\"\nwindow = 17\n");
    let machine = machine.to_str().expect("a path");
    let said = refused(&["run", machine, "--program", BUSYBOX, "--", "true"]);
    assert!(said.contains("window = 17") && said.contains("1 to 16"), "{said}");
}

#[test]
fn a_socket_where_a_server_listens_already_is_not_taken_away() {
    needs!(verilator);
    let server = Server::start();
    let said = refused(&["card", "serve", "--socket", server.socket().to_str().expect("a path")]);
    assert!(said.contains("another path"), "{said}");
}
