//! Epochs and the recovery line.
//!
//! At the end of an epoch a replica stages a checkpoint, submits a [`State`](covert_abi::Kind::State) record with its fingerprint and
//! runs on; the comparison happens behind it. Only when that record and every record before it
//! have compared equal and gone out does the checkpoint replace the recovery line, which so lags one epoch.
//! There is room for one staged checkpoint: a replica that comes to the next end before the last one is
//! committed waits there.
//!
//! ```text
//!  open ── end reached, staging free: staged ── its State record verified ──> committing ── stored ──> recovery line
//!   ^                                   │                                        │
//!   └────────────── rollback ───────────┴────────────────────────────────────────┘ (waits for the store first)
//! ```

use covert_abi::Seq;
use serde::{Deserialize, Serialize};

/// Number of an epoch, and of the checkpoint at its end. 0 is the machine as it was loaded.
pub type Epoch = u64;

/// A place that the machine can go back to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The checkpoint.
    pub epoch: Epoch,
    /// The first record behind it.
    pub seq: Seq,
    /// The first input behind it.
    pub inputs: u64,
    /// Fingerprint of the state in it; 0 for the machine as loaded, which was never compared.
    pub state: u64,
}

impl Line {
    /// The machine as it was loaded.
    pub const LOADED: Line = Line { epoch: 0, seq: 0, inputs: 0, state: 0 };
}

/// Bytes in the payload of a `State` record.
pub const STATE_BYTES: usize = 24;

/// What a `State` record says, as its payload: epoch, inputs taken, fingerprint of the state.
pub fn state_payload(epoch: Epoch, inputs: u64, state: u64) -> [u8; STATE_BYTES] {
    let mut payload = [0; STATE_BYTES];
    payload[..8].copy_from_slice(&epoch.to_le_bytes());
    payload[8..16].copy_from_slice(&inputs.to_le_bytes());
    payload[16..].copy_from_slice(&state.to_le_bytes());
    payload
}

/// The line that a `State` record at `seq` would establish; `None` if the payload has another length.
pub fn line_of(seq: Seq, payload: &[u8]) -> Option<Line> {
    let payload: &[u8; STATE_BYTES] = payload.try_into().ok()?;
    let word = |at: usize| {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&payload[at..at + 8]);
        u64::from_le_bytes(bytes)
    };
    Some(Line { epoch: word(0), seq: seq + 1, inputs: word(8), state: word(16) })
}

/// The recovery line and what is about to replace it.
#[derive(Debug)]
pub struct Epochs {
    line: Line,
    committing: Option<Line>,
}

impl Epochs {
    /// Starts from the machine as loaded.
    pub fn new() -> Epochs {
        Epochs { line: Line::LOADED, committing: None }
    }

    /// Where a rollback goes.
    pub fn line(&self) -> Line {
        self.line
    }

    /// Whether the store is writing a checkpoint.
    pub fn is_committing(&self) -> bool {
        self.committing.is_some()
    }

    /// Whether a replica at the end of `epoch` may stage its checkpoint: the one before must be committed, because
    /// there is room for one.
    pub fn may_stage(&self, epoch: Epoch) -> bool {
        epoch <= self.line.epoch + 1
    }

    /// A `State` record was verified, and all before it have gone out. `false` if it is not the line's successor.
    pub fn verified(&mut self, next: Line) -> bool {
        let follows = next.epoch == self.line.epoch + 1
            && next.seq > self.line.seq
            && next.inputs >= self.line.inputs
            && self.committing.is_none();
        if follows {
            self.committing = Some(next);
        }
        follows
    }

    /// The store has answered. Gives the new line if it holds the checkpoint now.
    pub fn stored(&mut self, epoch: Epoch, held: bool) -> Option<Line> {
        let next = self.committing.take_if(|next| next.epoch == epoch)?;
        if !held {
            return None;
        }
        self.line = next;
        Some(next)
    }
}

impl Default for Epochs {
    fn default() -> Self {
        Self::new()
    }
}
