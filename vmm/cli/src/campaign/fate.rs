//! What became of a fault, as the events of its run tell it.

use crate::events::Event;
use covert_replica::inject::Injected;
use serde::Serialize;
use std::collections::BTreeMap;

/// What became of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// The guest had ended before, each time that it was drawn.
    NotMade,
    /// It changed nothing that was compared.
    Masked,
    /// An output, an input or the end differed; recovered.
    SeenAtOutput,
    /// The state at the end of an epoch differed; recovered.
    SeenAtEpoch,
    /// A scrub found it; recovered.
    SeenByScrub,
    /// The replica died of it; recovered.
    Crashed,
    /// The replica hung; recovered.
    Hung,
    /// The machine was stopped: detected, not recovered (DUE).
    Stopped,
    /// Something wrong was released (SDC).
    WrongOutput,
}

impl Fate {
    /// Every fate, in the order of a report, with what it is called there.
    pub const ALL: [(Fate, &str); 9] = [
        (Fate::NotMade, "not made: the guest had ended before"),
        (Fate::Masked, "masked: changed nothing that is compared"),
        (Fate::SeenAtOutput, "seen at an output"),
        (Fate::SeenAtEpoch, "seen at the end of an epoch"),
        (Fate::SeenByScrub, "seen by a scrub"),
        (Fate::Crashed, "the replica crashed"),
        (Fate::Hung, "the replica hung"),
        (Fate::Stopped, "NOT RECOVERED: the machine was stopped"),
        (Fate::WrongOutput, "WRONG OUTPUT RELEASED"),
    ];

    /// Whether something that is compared had changed.
    pub fn is_active(self) -> bool {
        !matches!(self, Fate::NotMade | Fate::Masked)
    }

    /// Whether it is no good end.
    pub fn is_failure(self) -> bool {
        matches!(self, Fate::Stopped | Fate::WrongOutput)
    }
}

/// One fault and what became of it.
#[derive(Clone, Debug, Serialize)]
pub struct Case {
    /// Number of the fault: with the seed it says which one it was.
    pub number: u64,
    /// The machine's file.
    pub machine: String,
    /// What compared.
    pub comparator: &'static str,
    /// The replica that it struck.
    pub replica: char,
    /// The bit.
    pub flip: String,
    /// Whether it struck wherever the guest was, and not at a counted exit.
    pub asynchronous: bool,
    /// What became of it.
    pub fate: Fate,
    /// Milliseconds from the fault to its detection.
    pub detected_after_ms: Option<f64>,
    /// Records that were produced again after the rollback and had been released before the fault was seen.
    pub swallowed: u64,
    /// How the card died, if it did: it is not meant to.
    pub card_lost: Option<String>,
}

/// What the events of a run say about its fault.
#[derive(Debug, Default)]
pub struct Seen {
    /// When the guest began.
    pub running: f64,
    /// When the fault was made, if it was.
    pub made: Option<f64>,
    /// When something was seen of it first.
    pub detected: Option<f64>,
    /// What was flipped, and where the guest stood.
    pub fault: Option<Injected>,
    /// What was seen of it first.
    pub fate: Option<Fate>,
    /// Why generations ended, those that no verdict ended.
    pub cuts: BTreeMap<u32, String>,
    /// How the card died, if it did.
    pub card_lost: Option<String>,
}

impl Seen {
    /// Takes an event into account.
    pub fn note(&mut self, event: &Event) {
        match event {
            Event::Running { ms } => self.running = *ms,
            Event::FaultInjected { ms, fault, .. } => {
                self.made = Some(*ms).filter(|_| fault.made);
                self.fault = Some(**fault);
            }
            Event::CardLost { why, .. } => self.card_lost = Some(why.clone()),
            Event::Rollback { reason, generation, .. } if !reason.starts_with("Verdict") => {
                self.cuts.insert(*generation, reason.clone());
            }
            _ => {}
        }
        if let Some((ms, fate)) = sign(event) {
            self.fate.get_or_insert(fate);
            self.detected.get_or_insert(ms);
        }
    }
}

/// What an event says of a fault, and when, if it shows one.
fn sign(event: &Event) -> Option<(f64, Fate)> {
    Some(match event {
        Event::Scrub { ms, .. } => (*ms, Fate::SeenByScrub),
        Event::Verdict { ms, at_epoch: true, .. } => (*ms, Fate::SeenAtEpoch),
        Event::Verdict { ms, .. } => (*ms, Fate::SeenAtOutput),
        Event::ReplicaLost { ms, .. } => (*ms, Fate::Crashed),
        Event::Rollback { ms, reason, .. } if reason == "Hung" => (*ms, Fate::Hung),
        Event::Rollback { ms, .. } => (*ms, Fate::SeenAtOutput),
        _ => return None,
    })
}
