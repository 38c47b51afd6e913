//! The comparator of the simulated world: votes as `docs/src/unit.md` says, without rings and registers.

use covert_abi::{Fingerprint, Outcome, Verdict, fingerprint};
use covert_core::{LaneSet, Limits, Record, Replica, Seq};
use std::collections::VecDeque;

pub struct Comparator {
    /// How many there were before it.
    pub number: usize,
    group: u16,
    generation: u32,
    members: LaneSet,
    locked: LaneSet,
    running: bool,
    next: Seq,
    lanes: Vec<VecDeque<Record>>,
    /// What the coordinator will read, each with the copy that it will make.
    pub verdicts: VecDeque<(Verdict, Option<Record>)>,
}

impl Comparator {
    pub fn new(limits: &Limits) -> Comparator {
        Comparator {
            number: 0,
            group: limits.group,
            generation: 0,
            members: LaneSet::EMPTY,
            locked: LaneSet::EMPTY,
            running: false,
            next: 0,
            lanes: vec![VecDeque::new(); limits.replicas],
            verdicts: VecDeque::new(),
        }
    }

    pub fn submit(&mut self, lane: Replica, record: Record) {
        if record.header.generation == self.generation && !self.locked.contains(lane) {
            self.lanes[lane].push_back(record);
        }
    }

    /// Everything in it is gone; the next flush finds a successor.
    pub fn lose(&mut self) {
        self.verdicts.clear();
        self.running = false;
    }

    pub fn flush(&mut self, generation: u32, members: LaneSet, start: Seq) {
        self.generation = generation - 1;
        self.emit(Outcome::Flushed, LaneSet::EMPTY, LaneSet::EMPTY, Fingerprint(0), None);
        self.generation = generation;
        self.members = members;
        self.locked = LaneSet::EMPTY;
        self.running = true;
        self.next = start;
        self.lanes.iter_mut().for_each(VecDeque::clear);
    }

    pub fn reset(&mut self, lane: Replica) {
        self.locked = self.locked.or(LaneSet::only(lane));
        self.lanes[lane].clear();
    }

    /// The watchdog: lanes without the record that another has are locked, and the rest vote.
    pub fn expire(&mut self) {
        let (have, lack): (Vec<_>, Vec<_>) =
            self.live().iter().partition(|lane| !self.lanes[*lane].is_empty());
        if self.running && !have.is_empty() && !lack.is_empty() {
            let lack: LaneSet = lack.into_iter().collect();
            self.locked = self.locked.or(lack);
            self.decide(lack);
        }
    }

    /// Votes on the next record if every live lane has it.
    pub fn vote(&mut self) -> bool {
        let ready = self.running && self.live().iter().all(|lane| !self.lanes[lane].is_empty());
        if ready && !self.live().is_empty() {
            self.decide(LaneSet::EMPTY);
        }
        ready && !self.live().is_empty()
    }

    fn live(&self) -> LaneSet {
        self.members.without(self.locked)
    }

    fn decide(&mut self, failed: LaneSet) {
        let quorum = if self.members.len() == 1 { 1 } else { 2 };
        let delivered: Vec<(Replica, Record, Fingerprint)> = self
            .live()
            .iter()
            .filter_map(|lane| self.lanes[lane].pop_front().map(|record| (lane, record)))
            .map(|(lane, record)| {
                let print = fingerprint(&record.payload, &record.header);
                (lane, record, print)
            })
            .collect();
        let all: LaneSet = delivered.iter().map(|(lane, ..)| *lane).collect();
        let class = |print: Fingerprint| -> LaneSet {
            delivered.iter().filter(|(.., p)| *p == print).map(|(lane, ..)| *lane).collect()
        };
        let winner = delivered.iter().find(|(.., print)| class(*print).len() >= quorum);
        match winner {
            Some((_, record, print)) => {
                let agree = class(*print);
                let dissent = all.without(agree).or(failed);
                let outcome = if dissent.is_empty() { Outcome::Match } else { Outcome::Majority };
                self.emit(outcome, agree, dissent, *print, Some(record.clone()));
                self.next += 1;
                self.running = self.live().len() >= quorum;
            }
            None => {
                let dissent = if failed.is_empty() { all } else { failed };
                let outcome = if failed.is_empty() { Outcome::Mismatch } else { Outcome::Timeout };
                self.emit(outcome, LaneSet::EMPTY, dissent, Fingerprint(0), None);
                self.running = false;
            }
        }
    }

    fn emit(
        &mut self,
        outcome: Outcome,
        agree: LaneSet,
        dissent: LaneSet,
        print: Fingerprint,
        copy: Option<Record>,
    ) {
        let verdict = Verdict {
            group: self.group,
            generation: self.generation,
            seq: self.next,
            outcome,
            agree,
            dissent,
            fingerprint: print,
        };
        self.verdicts.push_back((verdict, copy));
    }
}
