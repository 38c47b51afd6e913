//! A card that was lost and is back compares again, and may be lost again.

use crate::server::Server;
use crate::support::{BUSYBOX, Events, covert, file, folder, needs};
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};

/// For how long an event is waited for at most.
const PATIENCE: Duration = Duration::from_secs(120);

/// A guest that repeats its input line by line, for as long as the test feeds it.
struct Echo {
    child: Child,
    input: Option<ChildStdin>,
    console: PathBuf,
    said: Receiver<String>,
    reader: JoinHandle<()>,
    events: Vec<Value>,
    lines: u64,
}

impl Echo {
    fn start(server: &Server, options: &[&str], machine: &str) -> Echo {
        let machine = file(&format!("again-{}.toml", fastrand::u64(..)), machine);
        let console = folder().join(format!("again-{}", fastrand::u64(..)));
        let mut child = covert()
            .args(["run", "--json", "--checkpoint-exits", "40", "--card"])
            .arg(format!("vfio-user:{}", server.socket().display()))
            .arg("--console")
            .arg(&console)
            .args(options)
            .arg(machine)
            .args(["--program", BUSYBOX, "--", "awk", "{ print; fflush() }"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("covert starts");
        let (tell, said) = channel();
        let output = BufReader::new(child.stdout.take().expect("its output"));
        let reader = std::thread::spawn(move || {
            for line in output.lines() {
                // Nobody listens to what comes after the test has failed.
                let _ = tell.send(line.expect("a line"));
            }
        });
        let input = child.stdin.take();
        Echo { child, input, console, said, reader, events: Vec::new(), lines: 0 }
    }

    fn feed(&mut self) {
        let line = format!("{}\n", self.lines);
        let input = self.input.as_mut().expect("its input");
        input.write_all(line.as_bytes()).unwrap_or_else(|error| panic!("{error}: {:#?}", self.events));
        self.lines += 1;
        sleep(Duration::from_millis(1));
    }

    /// Feeds it until such an event comes.
    fn until(&mut self, what: &str, is_it: impl Fn(&Value) -> bool) -> Value {
        let since = Instant::now();
        loop {
            self.feed();
            while let Ok(line) = self.said.try_recv() {
                let event: Value = serde_json::from_str(&line).expect("JSON");
                self.events.push(event.clone());
                if is_it(&event) {
                    return event;
                }
            }
            let last = &self.events[self.events.len().saturating_sub(5)..];
            assert!(since.elapsed() < PATIENCE, "no {what} in {PATIENCE:?}; at last {last:#?}");
        }
    }

    fn event(&mut self, name: &str) -> Value {
        self.until(name, |event| event["event"] == name)
    }

    fn checkpoints(&mut self, count: u64) {
        for _ in 0..count {
            self.event("checkpoint");
        }
    }

    /// Lets it end. Checks that it put out everything once and as it was.
    fn end(mut self) -> Events {
        drop(self.input.take());
        let status = self.child.wait().expect("its end");
        self.reader.join().expect("all is read");
        let rest = self.said.try_iter().map(|line| serde_json::from_str(&line).expect("JSON"));
        self.events.extend(rest);
        let events = Events(self.events);
        let written = std::fs::read_to_string(self.console).expect("what it wrote");
        let expected: String = (0..self.lines).map(|line| format!("{line}\n")).collect();
        let summary = events.summary();
        assert!(written == expected, "{summary}");
        assert_eq!(status.code(), Some(0), "{summary}");
        // One record a line, one that closes the output, one that is the end: none was released twice.
        assert_eq!(summary["outputs"], self.lines + 2, "{summary}");
        events
    }
}

fn seq(event: &Value) -> u64 {
    event["seq"].as_u64().unwrap_or_else(|| panic!("no record in {event}"))
}

#[test]
fn a_card_that_is_back_compares_again_and_may_be_lost_again() {
    needs!(busybox);
    needs!(verilator);
    let mut server = Server::start();
    let mut echo = Echo::start(&server, &[], "comparator = \"unit\"\ncard_retry_ms = 20\n");
    echo.checkpoints(2);
    for round in 1..=3 {
        server.kill();
        let lost = echo.event("card_lost");
        // Software does it alone for a while, and every try fails.
        echo.checkpoints(2);
        server.restart();
        let back = echo.event("card_taken_up");
        eprintln!("round {round}: lost at {}, back at {}: {back}", seq(&lost), seq(&back));
        assert!(seq(&back) > seq(&lost), "{back}");
        echo.checkpoints(3);
    }
    server.kill();
    let lost = echo.event("card_lost");
    let back = echo.events.iter().rfind(|event| event["event"] == "card_taken_up").map(seq).expect("it");
    assert!(seq(&lost) > back + 60, "the card judged only what is between {back} and {lost}");
    let events = echo.end();
    let summary = events.summary();
    assert_eq!(summary["comparator"], "unit and software in turn", "{summary}");
    for name in ["recoveries", "mismatches", "crashes", "hangs"] {
        assert_eq!(summary[name], 0, "a card that comes and goes is no fault: {summary}");
    }
    assert_eq!(events.all("rollback").count(), 0);
}

#[test]
fn a_fault_is_seen_by_a_card_that_is_back() {
    needs!(busybox);
    needs!(verilator);
    let mut server = Server::start();
    let machine = "comparator = \"unit\"\ncard_retry_ms = 20\n";
    let mut echo = Echo::start(&server, &[], machine);
    echo.checkpoints(1);
    server.restart();
    let back = echo.event("card_taken_up");
    // The present processes are those that were told last where they run.
    let pids = replicas_of(echo.child.id());
    assert_eq!(pids.len(), 2, "{pids:?}");
    let victim = rustix::process::Pid::from_raw(pids[1]).expect("a process");
    rustix::process::kill_process(victim, rustix::process::Signal::KILL).expect("kill");
    let rollback = echo.event("rollback");
    assert!(seq(&rollback) >= seq(&back), "{rollback}");
    echo.event("caught_up");
    let events = echo.end();
    assert_eq!(events.summary()["comparator"], "unit, software and unit in turn");
    assert_eq!(events.all("card_lost").count(), 1);
    assert_eq!(events.summary()["recoveries"], 1);
}

/// The processes that this one has started and that still run.
fn replicas_of(pid: u32) -> Vec<i32> {
    let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).expect("children");
    children.split_whitespace().map(|pid| pid.parse().expect("a number")).collect()
}

#[test]
fn a_card_that_is_never_to_be_tried_again_is_not() {
    needs!(busybox);
    needs!(verilator);
    let mut server = Server::start();
    let mut echo = Echo::start(&server, &[], "comparator = \"unit\"\ncard_retry_ms = 0\n");
    echo.checkpoints(1);
    server.restart();
    echo.event("card_lost");
    echo.checkpoints(20);
    let events = echo.end();
    assert_eq!(events.all("card_taken_up").count(), 0);
    assert_eq!(events.summary()["comparator"], "unit, then software");
}
