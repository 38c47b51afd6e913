//! What `covert run --json` says while it goes on: one object a line. Members that the demo has no use for are left out.

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Something that happened, `ms` milliseconds after the run began.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum Event {
    /// The replicas' processes exist.
    Started { ms: f64, comparator: String, card: Option<String> },
    /// The guest begins.
    Running { ms: f64 },
    /// A bit was flipped.
    FaultInjected(Fault),
    /// The comparator saw something else than a match.
    Verdict(Verdict),
    /// A page was found changed that nobody had written.
    Scrub { ms: f64, replica: usize, address: u64 },
    /// A replica died or was ended.
    ReplicaLost { ms: f64, replica: usize, why: String },
    /// The machine goes back to this checkpoint.
    Rollback { ms: f64, reason: String, epoch: u64, seq: u64 },
    /// It runs on.
    Recovered { ms: f64, after_ms: f64, pages: u32 },
    /// It is where it was before it went back.
    CaughtUp { ms: f64, seq: u64, after_ms: f64 },
    /// The card died; software compares.
    CardLost { ms: f64, why: String },
    /// The trace became too long to be kept.
    TraceDropped { ms: f64 },
    /// A checkpoint compared equal.
    Checkpoint { ms: f64, epoch: u64, seq: u64, pages: usize },
    /// The last one.
    Summary(Summary),
    /// One that the demo does not know.
    #[serde(other)]
    Other,
}

/// A fault that was made.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub(super) struct Fault {
    pub(super) ms: f64,
    pub(super) replica: usize,
    /// Which bit.
    pub(super) flip: String,
    /// Whether there was something to flip.
    pub(super) made: bool,
    pub(super) rip: u64,
    /// The record that the replica was to produce next.
    pub(super) seq: u64,
    pub(super) replay: Replay,
}

/// How a fault is made again.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub(super) struct Replay {
    pub(super) inject: String,
    /// `exact` or `nearest`.
    pub(super) place: String,
}

/// A verdict that is no match.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub(super) struct Verdict {
    pub(super) ms: f64,
    pub(super) seq: u64,
    pub(super) outcome: String,
    /// Whether the record was one of the guest's state, not of its output.
    pub(super) at_epoch: bool,
    pub(super) unit_clocks: Option<u64>,
    pub(super) trace: Option<PathBuf>,
}

/// How a run went.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub(super) struct Summary {
    pub(super) end: String,
    pub(super) comparator: String,
    pub(super) outputs: u64,
    pub(super) verdicts: u64,
    pub(super) mismatches: u64,
    pub(super) recoveries: u64,
    pub(super) swallowed: u64,
    pub(super) checkpoints: u64,
    pub(super) wall_ms: f64,
}

impl Event {
    /// Reads a line.
    pub(super) fn read(line: &str) -> Result<Event> {
        serde_json::from_str(line).with_context(|| format!("`covert run` said what is no event: {line}"))
    }

    /// When the machine first showed that something is wrong: of what kind, and when.
    pub(super) fn alarm(&self) -> Option<(f64, String)> {
        match self {
            Event::Verdict(verdict) => Some((verdict.ms, format!("a verdict, {}", verdict.outcome))),
            Event::Scrub { ms, .. } => Some((*ms, "the scrub of pages that nobody wrote".into())),
            Event::ReplicaLost { ms, why, .. } => Some((*ms, format!("the end of a replica: {why}"))),
            Event::Rollback { ms, reason, .. } => Some((*ms, format!("the protocol: {reason}"))),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_a_recorded_run_is_read() {
        let lines = include_str!("recorded/caught.jsonl");
        let events: Vec<Event> = lines.lines().map(|line| Event::read(line).expect(line)).collect();
        assert!(!events.contains(&Event::Other));
        assert!(matches!(events.first(), Some(Event::Started { .. })));
        assert!(matches!(events.last(), Some(Event::Summary(summary)) if summary.end == "finished"));
        assert!(events.iter().any(|event| matches!(event, Event::FaultInjected(fault) if fault.seq == 1)));
    }

    #[test]
    fn an_event_that_is_new_is_passed_over_and_a_torn_line_is_refused() {
        assert_eq!(Event::read(r#"{"event":"moon_rose","ms":1.0}"#).unwrap(), Event::Other);
        let torn = Event::read(r#"{"event":"verdict","ms":1.0"#).unwrap_err();
        assert!(format!("{torn:#}").contains("no event"), "{torn:#}");
    }
}
