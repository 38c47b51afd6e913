//! What compares, found before anything is known of the machine that it will serve.

use super::card::{self, OpenCard, Patience};
use super::search::Terms;
use crate::config::{Comparator as Choice, VmFile};
use anyhow::{Result, bail};
use covert_driver::software::SoftwareConfig;
use std::path::PathBuf;
use std::time::Duration;

/// What compares, found and ready.
pub enum Ready {
    /// A core.
    Software,
    /// A unit on a card.
    Unit {
        /// The card.
        card: Box<OpenCard>,
        /// How it is looked for again when it is lost; not at all if there is nothing.
        search: Option<Terms>,
    },
}

impl Ready {
    /// Finds what a machine's file asks for.
    ///
    /// # Errors
    /// The card is not there or cannot be used. Nothing else is taken in its place: who asks for a card wants to know.
    pub fn of(vm: &VmFile, trace: Option<PathBuf>) -> Result<Ready> {
        match vm.comparator {
            Choice::Software => {
                if trace.is_some() {
                    bail!("there is nothing to trace: the comparator is software, not a Verilated unit");
                }
                Ok(Ready::Software)
            }
            Choice::Unit => {
                let patience = Patience {
                    answer: Duration::from_millis(vm.card_timeout_ms()),
                    verdict: Duration::from_millis(vm.card_verdict_ms()),
                    completion: vm.completion,
                };
                let card = vm.card.clone().unwrap_or_default();
                let open = card::open(&card, patience, trace)?;
                let every = Duration::from_millis(vm.card_retry_ms());
                let search = (!every.is_zero()).then_some(Terms { card, patience, every });
                Ok(Ready::Unit { card: Box::new(open), search })
            }
        }
    }

    /// Records that a replica can be ahead of the comparison.
    pub fn skew(&self) -> u32 {
        match self {
            Ready::Software => 1 << SoftwareConfig::default().skew_log2,
            Ready::Unit { card, .. } => card.unit.identity().skew,
        }
    }
}
