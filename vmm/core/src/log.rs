//! What enters the replicas: read once, logged, delivered to all of them at the same point.
//!
//! The replica that asks first makes the coordinator read; the others get the same entry when they make the
//! *identical* request at the same point. An entry that every live replica has asked for is *confirmed*: it
//! is replayed after a rollback and never read again. One that only some have asked for is *provisional*: the request
//! itself may be the fault, so a rollback drops it and gives consumed bytes back to their source.
//!
//! ```text
//!  asked ── value read ──> provisional ── asked by all ──> confirmed ── behind the recovery line ──> forgotten
//!    │                          │                              │
//!    └──────── rollback ────────┴──> dropped, bytes given back └── rollback: stays, is replayed
//! ```

use crate::limits::REPLICAS_MAX;
use crate::{LaneSet, Point, Replica};
use covert_abi::{Fingerprint, Header, Seq, fingerprint};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::sync::Arc;

/// Position of an input in the machine's input stream.
pub type InputIndex = u64;

/// What reading an input does to the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Class {
    /// Reading changes nothing (a clock, random numbers, a positional read): it may be dropped and read again.
    Pure,
    /// Reading uses something up (bytes of a pipe): what was read in vain must be given back.
    Consuming,
    /// What the sink answered to the replica's own waiting record at this position. Anything with an effect on the
    /// world is such a record, never a read.
    Result(Seq),
}

/// A replica's demand for an input. Two requests are identical when all of this is equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Request {
    /// Where in its streams the replica asks.
    pub point: Point,
    /// What reading does to the world.
    pub class: Class,
    /// Which device, file or stream of the guest.
    pub source: u32,
    /// What is asked of it, in the source's own terms.
    pub argument: u64,
    /// Most bytes that the answer may have.
    pub length: u32,
}

/// One input as all replicas get it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its position.
    pub index: InputIndex,
    /// The request that it answers.
    pub request: Request,
    /// The answer.
    pub value: Vec<u8>,
    /// Of position, request and answer; see [`Entry::is_intact`].
    pub fingerprint: Fingerprint,
}

impl Entry {
    /// An entry with its fingerprint.
    pub fn new(index: InputIndex, request: Request, value: Vec<u8>) -> Entry {
        let fingerprint = Entry::fingerprint_of(index, &request, &value);
        Entry { index, request, value, fingerprint }
    }

    /// Whether the entry is still what was logged. The log checks it at each delivery, the replica at each receipt.
    pub fn is_intact(&self) -> bool {
        self.fingerprint == Entry::fingerprint_of(self.index, &self.request, &self.value)
    }

    /// The fingerprint of records, with the request's fields in the places of the header's.
    fn fingerprint_of(index: InputIndex, request: &Request, value: &[u8]) -> Fingerprint {
        let (kind, result_of) = match request.class {
            Class::Pure => (1, 0),
            Class::Consuming => (2, 0),
            Class::Result(seq) => (3, seq),
        };
        let mut covered = Vec::with_capacity(value.len() + 24);
        covered.extend_from_slice(value);
        covered.extend_from_slice(&request.point.seq.to_le_bytes());
        covered.extend_from_slice(&request.point.inputs.to_le_bytes());
        covered.extend_from_slice(&result_of.to_le_bytes());
        let header = Header {
            seq: index,
            generation: request.length,
            length: value.len() as u32,
            target: request.argument,
            group: 0,
            kind,
            channel: request.source,
        };
        fingerprint(&covered, &header)
    }
}

/// The answer to a request.
#[derive(Debug, PartialEq, Eq)]
pub enum Asked {
    /// Nobody asked before: read it.
    Read,
    /// It is on its way: the replica waits.
    Wait,
    /// Here it is.
    Deliver(Arc<Entry>),
    /// The replicas ask for different things and it is not known who is right. These may be wrong.
    Diverged(LaneSet),
    /// The replica does what no replica may do.
    Violation(&'static str),
    /// The entry has changed in the coordinator's memory.
    Corrupt,
}

#[derive(Debug)]
struct Slot {
    request: Request,
    asked: LaneSet,
    waiting: LaneSet,
    entry: Option<Arc<Entry>>,
    confirmed: bool,
    /// Whether the world is being read for it. A record's result comes by itself.
    reading: bool,
    /// A replica that asks for something else, parked until a third one decides.
    dispute: Option<(Replica, Request)>,
}

/// The inputs from the recovery line on.
#[derive(Debug)]
pub struct InputLog {
    first: InputIndex,
    slots: VecDeque<Slot>,
    /// The next input of each replica.
    next: [InputIndex; REPLICAS_MAX],
    capacity: usize,
}

impl InputLog {
    /// An empty log that never holds more than `capacity` entries.
    pub fn new(capacity: usize) -> InputLog {
        InputLog { first: 0, slots: VecDeque::new(), next: [0; REPLICAS_MAX], capacity }
    }

    /// How many entries are held.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether no entry is held.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Takes a replica's request while `live` replicas run.
    ///
    /// The second value names a replica that is known to be the odd one out, if this request showed it.
    pub fn request(&mut self, replica: Replica, request: Request, live: LaneSet) -> (Asked, Option<Replica>) {
        let index = request.point.inputs;
        if self.next.get(replica) != Some(&index) {
            return (Asked::Violation("asked for an input that is not its next one"), None);
        }
        let Some(place) = index.checked_sub(self.first).and_then(|place| usize::try_from(place).ok()) else {
            return (Asked::Violation("asked for an input behind the recovery line"), None);
        };
        if place >= self.slots.len() {
            if self.slots.len() >= self.capacity {
                return (Asked::Violation("asked for more inputs than two epochs can have"), None);
            }
            let asked = LaneSet::only(replica);
            let confirmed = live.without(asked).is_empty();
            let reading = !matches!(request.class, Class::Result(_));
            let slot =
                Slot { request, asked, waiting: asked, entry: None, confirmed, reading, dispute: None };
            self.slots.push_back(slot);
            return (Asked::Read, None);
        }
        let slot = &mut self.slots[place];
        if slot.waiting.contains(replica) || matches!(slot.dispute, Some((who, _)) if who == replica) {
            return (Asked::Violation("asked again while it has to wait"), None);
        }
        if request != slot.request {
            return slot.differs(replica, request, live);
        }
        slot.asked = slot.asked.or(LaneSet::only(replica));
        slot.confirmed |= live.without(slot.asked).is_empty();
        let odd = slot.dispute.take().map(|(odd, _)| odd);
        let Some(entry) = slot.entry.clone() else {
            slot.waiting = slot.waiting.or(LaneSet::only(replica));
            return (Asked::Wait, odd);
        };
        if !entry.is_intact() {
            return (Asked::Corrupt, odd);
        }
        self.next[replica] += 1;
        (Asked::Deliver(entry), odd)
    }

    /// Logs what was read and gives the entry with the replicas that wait for it. `None` if nobody asked.
    pub fn answer(&mut self, index: InputIndex, value: Vec<u8>) -> Option<(Arc<Entry>, LaneSet)> {
        let place = usize::try_from(index.checked_sub(self.first)?).ok()?;
        let slot = self.slots.get_mut(place)?;
        if slot.entry.is_some() {
            return None;
        }
        let entry = Arc::new(Entry::new(index, slot.request, value));
        slot.entry = Some(Arc::clone(&entry));
        slot.reading = false;
        let waiting = std::mem::take(&mut slot.waiting);
        for replica in waiting.iter().filter(|replica| *replica < REPLICAS_MAX) {
            self.next[replica] += 1;
        }
        Some((entry, waiting))
    }

    /// Notes that a read has ended without taking anything. Gives the replicas that wait for it.
    pub fn cancelled(&mut self, index: InputIndex) -> LaneSet {
        let place = index.checked_sub(self.first).and_then(|place| usize::try_from(place).ok());
        let Some(slot) = place.and_then(|place| self.slots.get_mut(place)) else { return LaneSet::EMPTY };
        slot.reading = false;
        slot.waiting
    }

    /// The entries for which the world is being read.
    pub fn reading(&self) -> impl Iterator<Item = InputIndex> {
        (self.first..).zip(&self.slots).filter(|(_, slot)| slot.reading).map(|(index, _)| index)
    }

    /// The reads that no live replica waits for.
    pub fn orphaned(&self, live: LaneSet) -> impl Iterator<Item = InputIndex> {
        let orphan = move |slot: &Slot| slot.reading && slot.asked.and(live).is_empty();
        (self.first..).zip(&self.slots).filter(move |(_, slot)| orphan(slot)).map(|(index, _)| index)
    }

    /// The entry that waits for the result of record `seq`, if a replica has asked for it.
    pub fn awaiting_result(&self, seq: Seq) -> Option<InputIndex> {
        let wanted = |slot: &Slot| slot.entry.is_none() && slot.request.class == Class::Result(seq);
        (self.first..).zip(&self.slots).find(|(_, slot)| wanted(slot)).map(|(index, _)| index)
    }

    /// The replicas that wait for what a peer has to do first: the vote on their record, or a dispute's decision.
    pub fn waiting_for_peers(&self) -> LaneSet {
        self.slots.iter().fold(LaneSet::EMPTY, |set, slot| {
            let for_result = if slot.reading { LaneSet::EMPTY } else { slot.waiting };
            let parked = slot.dispute.map_or(LaneSet::EMPTY, |(who, _)| LaneSet::only(who));
            set.or(for_result).or(parked)
        })
    }

    /// Goes on with only `live` replicas: what those have all asked for is confirmed now.
    ///
    /// Gives the replicas that are left in a dispute which nobody can decide any more.
    pub fn retire(&mut self, live: LaneSet) -> LaneSet {
        let mut undecided = LaneSet::EMPTY;
        for slot in &mut self.slots {
            slot.waiting = slot.waiting.and(live);
            slot.dispute = slot.dispute.filter(|(who, _)| live.contains(*who));
            let asked = slot.asked.and(live);
            match slot.dispute {
                None => slot.confirmed |= !asked.is_empty() && live.without(asked).is_empty(),
                Some((who, _)) if live.len() < 3 => undecided = undecided.or(asked).or(LaneSet::only(who)),
                Some(_) => {}
            }
        }
        undecided
    }

    /// Drops the inputs that no live replica has asked for: those that a retired one was given ahead of the others.
    ///
    /// Gives what was consumed in vain, newest first, to be given back. What is still being read stays until
    /// the read has ended.
    pub fn prune(&mut self, live: LaneSet) -> Vec<Arc<Entry>> {
        let orphan = |slot: &Slot| !slot.confirmed && !slot.reading && slot.asked.and(live).is_empty();
        let kept = self.slots.len() - self.slots.iter().rev().take_while(|slot| orphan(slot)).count();
        consumed(self.slots.split_off(kept))
    }

    /// Goes back to the recovery line, whose first input is `first`.
    ///
    /// Confirmed entries stay for the replay. Gives what was consumed in vain, newest first, to be given back.
    pub fn rollback(&mut self, first: InputIndex) -> Vec<Arc<Entry>> {
        let kept = self.slots.iter().take_while(|slot| slot.confirmed && slot.entry.is_some()).count();
        let dropped = self.slots.split_off(kept);
        for slot in &mut self.slots {
            slot.asked = LaneSet::EMPTY;
            slot.waiting = LaneSet::EMPTY;
            slot.dispute = None;
        }
        self.next = [first; REPLICAS_MAX];
        consumed(dropped)
    }

    /// Forgets everything before `first`, the recovery line's first input.
    pub fn truncate(&mut self, first: InputIndex) {
        while self.first < first && self.slots.pop_front().is_some() {
            self.first += 1;
        }
    }
}

/// What has to be given back of dropped slots, newest first.
fn consumed(dropped: VecDeque<Slot>) -> Vec<Arc<Entry>> {
    let consuming = |entry: &Arc<Entry>| entry.request.class == Class::Consuming;
    dropped.into_iter().rev().filter_map(|slot| slot.entry).filter(consuming).collect()
}

impl Slot {
    /// `replica` asks for something else than those before it.
    fn differs(&mut self, replica: Replica, request: Request, live: LaneSet) -> (Asked, Option<Replica>) {
        if self.confirmed || (live.len() >= 3 && self.asked.len() >= 2) {
            return (Asked::Wait, Some(replica));
        }
        match self.dispute {
            None if live.len() >= 3 => {
                self.dispute = Some((replica, request));
                (Asked::Wait, None)
            }
            Some((_, other)) if other == request => (Asked::Diverged(self.asked), None),
            _ => (Asked::Diverged(live), None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(inputs: u64, argument: u64) -> Request {
        Request { point: Point { seq: 0, inputs }, class: Class::Consuming, source: 0, argument, length: 8 }
    }

    const PAIR: LaneSet = LaneSet::first(2);
    const TRIPLE: LaneSet = LaneSet::first(3);

    #[test]
    fn an_entry_that_changed_in_memory_is_not_delivered() {
        let mut log = InputLog::new(4);
        assert_eq!(log.request(0, request(0, 7), PAIR).0, Asked::Read);
        log.answer(0, b"clean".to_vec()).unwrap();
        let entry = log.slots[0].entry.as_mut().unwrap();
        Arc::get_mut(entry).unwrap().value[0] ^= 1;
        assert_eq!(log.request(1, request(0, 7), PAIR).0, Asked::Corrupt);
    }

    #[test]
    fn every_part_of_an_entry_is_under_its_fingerprint() {
        let entry = Entry::new(3, request(3, 7), b"value".to_vec());
        let mut others = vec![entry.clone(); 8];
        others[0].index += 1;
        others[1].value[4] ^= 0x80;
        others[2].request.point.seq += 1;
        others[3].request.point.inputs += 1;
        others[4].request.class = Class::Result(0);
        others[5].request.source += 1;
        others[6].request.argument += 1;
        others[7].request.length += 1;
        assert!(entry.is_intact());
        for other in others {
            assert!(!other.is_intact(), "{other:?}");
        }
    }

    #[test]
    fn the_third_replica_decides_who_asked_wrongly() {
        let mut log = InputLog::new(4);
        assert_eq!(log.request(0, request(0, 7), TRIPLE), (Asked::Read, None));
        assert_eq!(log.request(1, request(0, 8), TRIPLE), (Asked::Wait, None));
        assert_eq!(log.request(2, request(0, 7), TRIPLE), (Asked::Wait, Some(1)));

        let mut log = InputLog::new(4);
        assert_eq!(log.request(0, request(0, 7), TRIPLE), (Asked::Read, None));
        assert_eq!(log.request(1, request(0, 8), TRIPLE), (Asked::Wait, None));
        assert_eq!(log.request(2, request(0, 8), TRIPLE), (Asked::Diverged(LaneSet::only(0)), None));
    }

    #[test]
    fn of_two_replicas_that_ask_differently_neither_is_believed() {
        let mut log = InputLog::new(4);
        log.request(0, request(0, 7), PAIR);
        assert_eq!(log.request(1, request(0, 8), PAIR), (Asked::Diverged(PAIR), None));
    }

    #[test]
    fn a_rollback_gives_back_what_was_consumed_in_vain_and_keeps_what_is_confirmed() {
        let mut log = InputLog::new(4);
        for index in 0..3 {
            log.request(0, request(index, 7), PAIR);
            log.answer(index, vec![index as u8]);
        }
        log.request(1, request(0, 7), PAIR);
        let back: Vec<_> = log.rollback(0).iter().map(|entry| entry.index).collect();
        assert_eq!(back, [2, 1], "newest first, and not what both have asked for");
        assert!(matches!(log.request(1, request(0, 7), PAIR).0, Asked::Deliver(_)));
    }

    #[test]
    fn no_replica_can_make_the_log_grow_beyond_two_epochs() {
        let mut log = InputLog::new(2);
        for index in 0..2 {
            log.request(0, request(index, 7), PAIR);
            log.answer(index, vec![]);
        }
        assert!(matches!(log.request(0, request(2, 7), PAIR).0, Asked::Violation(_)));
        assert_eq!(log.len(), 2);
    }
}
