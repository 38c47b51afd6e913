//! What a run tells while it goes on, and the summary at its end.
//!
//! With `--json` each is one object a line; the member `event` says which.

use crate::input_log::Trailer;
use covert_replica::inject::Injected;
use serde::Serialize;
use std::path::PathBuf;

/// Something worth telling.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The machine runs.
    Started {
        /// Milliseconds since the command began.
        ms: f64,
        /// Where each replica runs.
        replicas: Vec<Placed>,
        /// What compares: `software` or `unit`.
        comparator: String,
        /// The unit's card, if a unit compares.
        card: Option<String>,
    },
    /// All replicas are loaded and the guest begins.
    Running {
        /// See [`Event::Started`].
        ms: f64,
    },
    /// The comparator saw something else than a match.
    Verdict {
        /// See [`Event::Started`].
        ms: f64,
        /// The record.
        seq: u64,
        /// Its generation.
        generation: u32,
        /// What was seen.
        outcome: String,
        /// Whether the record was one of the state at the end of an epoch.
        at_epoch: bool,
        /// With a Verilated unit: its clocks from the doorbells that brought the record to the verdict's write.
        unit_clocks: Option<u64>,
        /// Where everything that crossed the unit's pins up to then was kept, if that was asked for.
        trace: Option<PathBuf>,
    },
    /// A fault was made on purpose.
    FaultInjected {
        /// See [`Event::Started`].
        ms: f64,
        /// In which replica.
        replica: usize,
        /// What, and where the guest was.
        #[serde(flatten)]
        fault: Box<Injected>,
        /// What `--inject` makes it again with: `exact` if the guest stood at a counted exit, else at the `nearest` one before.
        replay: Replay,
    },
    /// A scrub found a page that changed by itself.
    Scrub {
        /// See [`Event::Started`].
        ms: f64,
        /// In which replica.
        replica: usize,
        /// Address of the page.
        address: u64,
    },
    /// A replica died or was ended.
    ReplicaLost {
        /// See [`Event::Started`].
        ms: f64,
        /// Which.
        replica: usize,
        /// Why.
        why: String,
    },
    /// What a replica staged is not the state that was compared: the line stays where it is.
    CheckpointRefused {
        /// See [`Event::Started`].
        ms: f64,
        /// Which replica staged it.
        replica: usize,
        /// Number of the checkpoint that it would have been.
        epoch: u64,
        /// What is wrong with it.
        why: String,
    },
    /// The machine goes back.
    Rollback {
        /// See [`Event::Started`].
        ms: f64,
        /// Why.
        reason: String,
        /// The checkpoint that it goes back to.
        epoch: u64,
        /// The first record that is produced again.
        seq: u64,
        /// The generation that ends.
        generation: u32,
    },
    /// All replicas are at the line and run on.
    Recovered {
        /// See [`Event::Started`].
        ms: f64,
        /// The generation that begins.
        generation: u32,
        /// Milliseconds since the rollback began.
        after_ms: f64,
        /// Pages that the slowest replica put back.
        pages: u32,
        /// Pages among them that nothing had written: faults that no comparison had seen yet.
        scrubbed: u32,
    },
    /// After a rollback, everything has been produced and compared again that was before it.
    CaughtUp {
        /// See [`Event::Started`].
        ms: f64,
        /// The newest record that had been judged when the machine went back.
        seq: u64,
        /// Milliseconds since it went back.
        after_ms: f64,
    },
    /// The card died. Software compares from here on.
    CardLost {
        /// See [`Event::Started`].
        ms: f64,
        /// The first record that software judges.
        seq: u64,
        /// How it was noticed.
        why: String,
    },
    /// A card compares again what software did since one was lost. The machine has restarted from its last checkpoint for it, with new
    /// processes.
    CardTakenUp {
        /// See [`Event::Started`].
        ms: f64,
        /// Which card.
        card: String,
        /// The generation that it begins with.
        generation: u32,
        /// The first record that it judges.
        seq: u64,
        /// Milliseconds that the replicas stood still for it; with a rollback that was on its way, since the rollback began.
        stopped_ms: f64,
    },
    /// The recording of the unit's pins became too long to be kept, before there was anything to keep it for.
    TraceDropped {
        /// See [`Event::Started`].
        ms: f64,
    },
    /// A checkpoint became the recovery line.
    Checkpoint {
        /// See [`Event::Started`].
        ms: f64,
        /// Its number.
        epoch: u64,
        /// The first record behind it.
        seq: u64,
        /// Pages in it.
        pages: usize,
        /// Milliseconds that the guest stood still for it.
        stopped_ms: f64,
    },
    /// The guest asked for something that is not served.
    Unserved {
        /// See [`Event::Started`].
        ms: f64,
        /// What.
        what: String,
    },
    /// It is over.
    Summary(Box<Summary>),
}

/// How a fault is made again.
#[derive(Clone, Debug, Serialize)]
pub struct Replay {
    /// For `--inject`.
    pub inject: String,
    /// `exact` or `nearest`.
    pub place: &'static str,
}

impl Replay {
    /// Of a fault that was made in a replica.
    pub fn of(replica: usize, fault: &Injected) -> Replay {
        let name = crate::narrate::name(replica);
        let place = if fault.exact { "exact" } else { "nearest" };
        Replay { inject: format!("replica={name},exit={},{}", fault.exits, fault.flip), place }
    }
}

/// A replica and where it runs.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Placed {
    /// Position in the group.
    pub replica: usize,
    /// Its process.
    pub pid: u32,
    /// The CPU that it is bound to, if it is.
    pub cpu: Option<usize>,
}

/// How a run went.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Summary {
    /// `finished`, or why not.
    pub end: String,
    /// The guest's exit status, as a shell shows it.
    pub status: Option<u8>,
    /// Replicas that ran side by side.
    pub replicas: usize,
    /// What compared.
    pub comparator: String,
    /// Records released.
    pub outputs: u64,
    /// Verdicts.
    pub verdicts: u64,
    /// Verdicts and reports of a generation that had ended.
    pub stale: u64,
    /// Verdicts that were not a match.
    pub mismatches: u64,
    /// Of these, on the state at the end of an epoch.
    pub mismatches_at_epoch: u64,
    /// Pages that a scrub or a rollback found changed by themselves.
    pub scrubbed: u64,
    /// Rollbacks because of a fault.
    pub recoveries: u64,
    /// Records that were produced again after a rollback and swallowed.
    pub swallowed: u64,
    /// Replicas that died.
    pub crashes: u64,
    /// Replicas that hung.
    pub hangs: u64,
    /// Recovery lines.
    pub checkpoints: u64,
    /// Inputs read.
    pub inputs: u64,
    /// Faults made on purpose.
    pub injected: u64,
    /// SHA-256 over everything that was released.
    pub released_sha256: String,
    /// Counted exits of the replica that made most.
    pub exits: u64,
    /// Milliseconds of the longest stretch without a counted exit that was seen, to the sampling period.
    pub longest_exit_free_ms: f64,
    /// Milliseconds of the longest epoch.
    pub longest_epoch_ms: f64,
    /// Milliseconds within which a fault that stays in the state would have been seen at the latest: the two longest epochs in a row
    /// that there could have been.
    pub worst_detection_ms: f64,
    /// Milliseconds that a guest stood still for a checkpoint, at most.
    pub longest_stop_ms: f64,
    /// Milliseconds from a rollback to running on, at most.
    pub longest_recovery_ms: f64,
    /// Milliseconds from the start to the end.
    pub wall_ms: f64,
    /// CPU milliseconds of all processes.
    pub host_cpu_ms: f64,
    /// CPU milliseconds of the coordinator alone.
    pub coordinator_cpu_ms: f64,
    /// What the guest asked for in vain.
    pub unserved: Vec<String>,
}

impl Summary {
    /// What a recording of the run ends with.
    pub fn trailer(&self) -> Trailer {
        Trailer { outputs: self.outputs, released_sha256: self.released_sha256.clone(), status: self.status }
    }
}
