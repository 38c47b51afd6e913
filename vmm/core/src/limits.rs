//! The sizes that bound memory and delay, and the combinations that cannot work.

/// How many replicas a machine may have.
pub const REPLICAS_MAX: usize = 3;

/// The bounds of one machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Replicas: 1 (simplex), 2 (DMR) or 3 (TMR).
    pub replicas: usize,
    /// Group number in the comparator.
    pub group: u16,
    /// Entries in a submission ring: a slot is free again only after its record's release.
    pub ring: u32,
    /// Records that a replica may have produced and not seen released.
    pub window: u32,
    /// Counted exits in an epoch. An exit produces at most one record and takes at most one input.
    pub epoch_exits: u32,
    /// Bytes in the longest input.
    pub input_max: u32,
    /// Bytes in the longest payload of a record.
    pub payload_max: u32,
    /// Rollbacks to the same recovery line before the machine is given up.
    pub attempts: u32,
    /// When a replica counts as hung.
    pub hang: crate::watchdog::HangLimits,
}

/// A combination of limits under which a machine would stop or grow for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LimitsError {
    /// Not 1, 2 or 3.
    #[error("{0} replicas: a machine has 1, 2 or 3")]
    Replicas(usize),
    /// No record could ever be produced.
    #[error("a window of 0 records lets no replica make progress: set it to 1 or more")]
    NoWindow,
    /// A replica would wait for a ring slot that only its own progress can free.
    #[error(
        "a window of {window} records does not fit a ring of {ring} entries: make the window at most {ring}"
    )]
    WindowBeyondRing {
        /// As configured.
        window: u32,
        /// As configured.
        ring: u32,
    },
    /// No checkpoint would ever be taken.
    #[error("an epoch of 0 exits never ends: set it to 1 or more")]
    NoEpoch,
}

impl Limits {
    /// Refuses what cannot work.
    ///
    /// # Errors
    /// See [`LimitsError`]; each says what to change.
    pub fn check(&self) -> Result<(), LimitsError> {
        if !(1..=REPLICAS_MAX).contains(&self.replicas) {
            return Err(LimitsError::Replicas(self.replicas));
        }
        if self.window == 0 {
            return Err(LimitsError::NoWindow);
        }
        if self.window > self.ring {
            return Err(LimitsError::WindowBeyondRing { window: self.window, ring: self.ring });
        }
        if self.epoch_exits == 0 {
            return Err(LimitsError::NoEpoch);
        }
        Ok(())
    }

    /// How many lanes must agree on a record.
    pub fn quorum(&self) -> usize {
        if self.replicas == 1 { 1 } else { 2 }
    }

    /// Most inputs between the recovery line and the furthest replica.
    ///
    /// A replica waits at the end of an epoch until the one before is committed, so it is never more than
    /// two epochs ahead of the line.
    pub fn inputs_max(&self) -> usize {
        2 * self.epoch_exits as usize
    }

    /// Most records between the recovery line and the furthest replica: as for inputs, and one
    /// [`State`](covert_abi::Kind::State) record at the end of each epoch.
    pub fn records_max(&self) -> usize {
        2 * (self.epoch_exits as usize + 1)
    }
}
