//! Telling what happens: one JSON object a line on standard output, or a timeline on standard error.

use crate::events::{Event, Summary};
use std::io::{IsTerminal, Write};

/// Tells events in the form that was asked for.
pub struct Narrator {
    json: bool,
    verbose: bool,
    colour: bool,
}

impl Narrator {
    /// With `json` everything as JSON; else, with `verbose`, a timeline for people; else nothing.
    pub fn new(json: bool, verbose: bool) -> Narrator {
        Narrator { json, verbose, colour: std::io::stderr().is_terminal() }
    }

    /// Tells one.
    pub fn tell(&mut self, event: &Event) {
        if self.json {
            let mut out = std::io::stdout().lock();
            // Whoever listened may have gone; the machine runs on.
            let _ = serde_json::to_writer(&mut out, event)
                .map_err(std::io::Error::from)
                .and_then(|()| writeln!(out));
        } else if self.verbose {
            self.line(event);
        }
    }

    fn line(&self, event: &Event) {
        let (ms, colour, text) = match event {
            Event::Started { ms, replicas, comparator, card } => {
                let place = |placed: &crate::events::Placed| {
                    let cpu = placed.cpu.map_or("any CPU".into(), |cpu| format!("CPU {cpu}"));
                    format!("replica {} is process {} on {cpu}", name(placed.replica), placed.pid)
                };
                let places: Vec<String> = replicas.iter().map(place).collect();
                let card = card.as_ref().map(|card| format!(" ({card})")).unwrap_or_default();
                (ms, "", format!("{}; compared by {comparator}{card}", places.join(", ")))
            }
            Event::Verdict { ms, seq, outcome, at_epoch, unit_clocks, .. } => {
                let what = if *at_epoch { "the state at the end of an epoch" } else { "an output" };
                let clocks = unit_clocks.map(|clocks| format!(", {clocks} clocks after its doorbell"));
                (ms, "31", format!("{outcome} on record {seq}, {what}{}", clocks.unwrap_or_default()))
            }
            Event::FaultInjected { ms, replica, fault, .. } => {
                let place = if fault.exact { "at" } else { "after" };
                let what = if fault.made { "" } else { " (nothing is there)" };
                let text = format!(
                    "fault in replica {}: {}{what}, at rip {:#x}, {place} exit {}",
                    name(*replica),
                    fault.flip,
                    fault.rip,
                    fault.exits
                );
                (ms, "33", text)
            }
            Event::Scrub { ms, replica, address } => {
                let text =
                    format!("a scrub of replica {} found the page at {address:#x} changed", name(*replica));
                (ms, "31", text)
            }
            Event::CheckpointRefused { ms, replica, epoch, why } => {
                let name = name(*replica);
                (ms, "31", format!("checkpoint {epoch} of replica {name} is not what was compared: {why}"))
            }
            Event::ReplicaLost { ms, replica, why } => {
                (ms, "31", format!("replica {} is lost: {why}", name(*replica)))
            }
            Event::Rollback { ms, reason, epoch, seq, .. } => {
                (ms, "33", format!("back to checkpoint {epoch} (record {seq}): {reason}"))
            }
            Event::Recovered { ms, after_ms, pages, .. } => {
                (ms, "32", format!("running on after {after_ms:.1} ms, {pages} pages put back"))
            }
            Event::CaughtUp { ms, seq, after_ms } => {
                (ms, "32", format!("past record {seq} again, {after_ms:.1} ms after going back"))
            }
            Event::CardLost { ms, seq, why } => {
                (ms, "31", format!("the card is lost, software compares from record {seq} on: {why}"))
            }
            Event::CardTakenUp { ms, card, seq, stopped_ms, .. } => {
                let text = format!("{card} compares again from record {seq} on, after {stopped_ms:.1} ms");
                (ms, "32", text)
            }
            Event::TraceDropped { ms } => {
                (ms, "33", "the recording of the unit's pins became too long and was given up".into())
            }
            Event::Running { .. } | Event::Checkpoint { .. } => return,
            Event::Unserved { ms, what } => (ms, "33", format!("not served: {what}")),
            Event::Summary(summary) => return self.summary(summary),
        };
        let (on, off) = if self.colour && !colour.is_empty() {
            (format!("\x1b[{colour}m"), "\x1b[0m")
        } else {
            (String::new(), "")
        };
        eprintln!("{ms:9.1} ms  {on}{text}{off}");
    }

    fn summary(&self, summary: &Summary) {
        let row = |what: &str, value: String| eprintln!("{what:>32}  {value}");
        row("end", summary.end.clone());
        row("outputs released", summary.outputs.to_string());
        row("verdicts", format!("{}, of which {} no match", summary.verdicts, summary.mismatches));
        row("recoveries", format!("{} (longest {:.1} ms)", summary.recoveries, summary.longest_recovery_ms));
        row(
            "checkpoints",
            format!("{} (longest stop {:.2} ms)", summary.checkpoints, summary.longest_stop_ms),
        );
        row("longest exit-free stretch", format!("{:.0} ms", summary.longest_exit_free_ms));
        row("worst bound on detection", format!("{:.0} ms", summary.worst_detection_ms));
        row("wall, CPU", format!("{:.1} ms, {:.1} ms", summary.wall_ms, summary.host_cpu_ms));
        row("SHA-256 of all released", summary.released_sha256.clone());
        for what in &summary.unserved {
            row("not served", what.clone());
        }
    }
}

/// Replicas have letters for people.
pub fn name(replica: usize) -> char {
    char::from(b'A' + (replica as u8).min(25))
}
