//! What is left of a group when its card is given up.

use crate::arena::ArenaReader;
use crate::ledger::Ledger;
use crate::progress::ProgressWriter;
use covert_abi::{Fault, Generation, Seq};
use std::collections::VecDeque;

/// Everything with which another comparator can go on in place: same generation, same records, no rollback.
///
/// It comes from [`UnitGroup::abandon`](crate::UnitGroup::abandon), after which no card can reach the memory any
/// more, and goes to [`SoftwareGroup::take_over`](crate::SoftwareGroup::take_over). Verdicts that the card had written and nobody had polled
/// are not in it: a dying card's last words are not believed, their records are judged anew.
#[derive(Debug)]
pub struct Remains {
    pub(crate) group: u16,
    pub(crate) arenas: Vec<ArenaReader>,
    pub(crate) progress: ProgressWriter,
    pub(crate) ledger: Ledger,
    /// Log2 of the records that a lane could be ahead of the comparison.
    pub(crate) skew_log2: u32,
    /// Entries of the verdict ring.
    pub(crate) verdicts: u32,
    /// Longest payload that the group was made for.
    pub(crate) payload_max: u32,
    /// Fault reports that were read from the ring and not asked for yet.
    pub(crate) faults: VecDeque<Fault>,
}

impl Remains {
    /// Number of the group.
    pub fn group(&self) -> u16 {
        self.group
    }

    /// The generation of the next verdict, and its record.
    pub fn next(&self) -> (Generation, Seq) {
        (self.ledger.generation, self.ledger.next)
    }
}
