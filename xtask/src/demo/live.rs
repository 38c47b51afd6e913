//! What happens, told while it happens: one line an event on standard error, in colour on a terminal.

use super::event::{Event, Summary};
use std::io::IsTerminal;

/// Tells events.
pub(super) struct Live {
    colour: bool,
    /// Whether what happens in every run is told too: that it starts, and its checkpoints.
    pub(super) all: bool,
}

const RED: &str = "31";
const GREEN: &str = "32";
const YELLOW: &str = "33";

impl Live {
    pub(super) fn new() -> Live {
        Live { colour: std::io::stderr().is_terminal(), all: true }
    }

    /// Tells one.
    pub(super) fn tell(&self, event: &Event) {
        let usual = matches!(event, Event::Started { .. } | Event::Running { .. } | Event::Checkpoint { .. });
        if usual && !self.all {
            return;
        }
        if let Some((ms, colour, text)) = line(event) {
            match (self.colour, colour) {
                (true, Some(colour)) => eprintln!("{ms:9.1} ms  \x1b[{colour}m{text}\x1b[0m"),
                _ => eprintln!("{ms:9.1} ms  {text}"),
            }
        }
    }
}

fn line(event: &Event) -> Option<(f64, Option<&'static str>, String)> {
    Some(match event {
        Event::Started { ms, comparator, card } => {
            let card = card.as_ref().map(|card| format!(": {card}")).unwrap_or_default();
            (
                *ms,
                None,
                format!("two replicas, a process and a KVM machine each; compared by the {comparator}{card}"),
            )
        }
        Event::Running { ms } => (*ms, None, "both are loaded; the guest begins".into()),
        Event::FaultInjected(fault) => {
            let text = format!(
                "fault: {} flipped in replica {}, which was at rip {:#x}, before record {}",
                fault.flip,
                letter(fault.replica),
                fault.rip,
                fault.seq
            );
            (fault.ms, Some(YELLOW), text)
        }
        Event::Verdict(verdict) => {
            let what = if verdict.at_epoch { "the guest's state" } else { "an output" };
            let text =
                format!("the unit: {} on record {}, {what}", verdict.outcome.to_uppercase(), verdict.seq);
            (verdict.ms, Some(RED), text)
        }
        Event::Scrub { ms, replica, address } => {
            let text =
                format!("a scrub found the page at {address:#x} of replica {} changed", letter(*replica));
            (*ms, Some(RED), text)
        }
        Event::ReplicaLost { ms, replica, why } => {
            (*ms, Some(RED), format!("replica {} is lost: {why}", letter(*replica)))
        }
        Event::Rollback { ms, reason, epoch, seq } => {
            (*ms, Some(YELLOW), format!("back to checkpoint {epoch}, before record {seq} ({reason})"))
        }
        Event::Recovered { ms, pages, .. } => {
            (*ms, Some(GREEN), format!("running on, {pages} pages put back"))
        }
        Event::CaughtUp { ms, seq, .. } => {
            (*ms, Some(GREEN), format!("past record {seq} again, compared equal"))
        }
        Event::CardLost { ms, why } => (*ms, Some(RED), format!("the card is lost: {why}")),
        Event::TraceDropped { ms } => (*ms, Some(YELLOW), "the trace became too long to be kept".into()),
        Event::Checkpoint { ms, epoch, seq, pages } => {
            (*ms, None, format!("checkpoint {epoch} compared equal: {pages} pages, records before {seq}"))
        }
        Event::Summary(summary) => {
            let Summary { outputs, verdicts, mismatches, .. } = summary;
            let text = format!(
                "{}: {outputs} outputs, {verdicts} verdicts, {mismatches} of them no match",
                summary.end
            );
            (summary.wall_ms, None, text)
        }
        Event::Other => return None,
    })
}

/// Replicas have letters for people.
pub(super) fn letter(replica: usize) -> char {
    char::from(b'A' + (replica as u8).min(25))
}
