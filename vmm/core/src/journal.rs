//! What has been released since the recovery line, so that nothing is released twice.
//!
//! After a rollback the replicas produce the same records again. Those that went out already are compared with
//! what went out and swallowed. A difference means that something wrong was released or that the guest does
//! not repeat itself: nobody can tell which, so the machine stops.

use crate::release::Verified;
use covert_abi::{Fingerprint, Generation, Seq};
use std::collections::VecDeque;

/// One released record.
#[derive(Clone, Debug)]
struct Released {
    generation: Generation,
    fingerprint: Fingerprint,
    /// What the sink answered; `None` while it has not.
    result: Option<Vec<u8>>,
}

/// The released records from the recovery line on.
#[derive(Debug)]
pub struct Journal {
    first: Seq,
    released: VecDeque<Released>,
}

/// What to do with a verified record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is the next one: release it.
    Release,
    /// The same went out before: swallow it.
    Swallow,
    /// Something else went out under this name.
    Differs,
    /// It is not the next one.
    OutOfOrder,
}

impl Journal {
    /// A journal of nothing; the first record is `first`.
    pub fn new(first: Seq) -> Journal {
        Journal { first, released: VecDeque::new() }
    }

    /// The next record to go out.
    pub fn next(&self) -> Seq {
        self.first + self.released.len() as Seq
    }

    /// How many releases are remembered.
    pub fn len(&self) -> usize {
        self.released.len()
    }

    /// Whether nothing was released since the recovery line.
    pub fn is_empty(&self) -> bool {
        self.released.is_empty()
    }

    /// What to do with a verified record.
    pub fn fate(&self, record: &Verified) -> Fate {
        if record.seq() == self.next() {
            return Fate::Release;
        }
        match self.entry(record.seq()) {
            None => Fate::OutOfOrder,
            Some(before) if record.fingerprint_in(before.generation) == before.fingerprint => Fate::Swallow,
            Some(_) => Fate::Differs,
        }
    }

    /// Notes that a record goes out now. From here on it is never released again.
    pub fn release(&mut self, record: &Verified) {
        debug_assert_eq!(record.seq(), self.next());
        self.released.push_back(Released {
            generation: record.header().generation,
            fingerprint: record.fingerprint(),
            result: None,
        });
    }

    /// Notes what the sink answered to the newest release.
    pub fn complete(&mut self, seq: Seq, result: Vec<u8>) {
        if let Some(index) = seq.checked_sub(self.first)
            && let Some(entry) = self.released.get_mut(index as usize)
        {
            entry.result = Some(result);
        }
    }

    /// What the sink answered to a record, if it has.
    pub fn result(&self, seq: Seq) -> Option<&[u8]> {
        self.entry(seq)?.result.as_deref()
    }

    /// Forgets everything before `first`, the first record behind the new recovery line.
    pub fn advance(&mut self, first: Seq) {
        while self.first < first && self.released.pop_front().is_some() {
            self.first += 1;
        }
        // The State record of the line itself never went out, so it is not among the released ones.
        self.first = self.first.max(first);
    }

    fn entry(&self, seq: Seq) -> Option<&Released> {
        self.released.get(usize::try_from(seq.checked_sub(self.first)?).ok()?)
    }
}
