//! Traces: what replicas and a coordinator do to a group, step by step, and what must hold whatever they do.
//!
//! Property tests make traces that are mostly sane, the fuzzer makes them of arbitrary bytes. Neither
//! knows what the right verdicts are (the reference model does); both know what verdicts can never be.

use super::expect::{Failure, Kept, same};
use super::rig::{Factory, Rig, Shape};
use crate::entry::Entry;
use crate::group::{LanePlace, State};
use crate::release::RecordCopy;
use covert_abi::{Generation, Header, LaneSet, Outcome, Seq, Verdict};

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A lane writes its next record, `content` deciding what it is, and rings.
    Submit {
        /// Which lane.
        lane: usize,
        /// Kind, length and bytes of the record follow from it.
        content: u8,
    },
    /// A lane writes these bytes as the entry of its next record, and rings.
    Entry {
        /// Which lane.
        lane: usize,
        /// The entry, as it stands.
        entry: [u8; 64],
    },
    /// A lane writes its next record with this header changed and this address, sealed as it should be, and rings.
    Forge {
        /// Which lane.
        lane: usize,
        /// Combined with the right header by exclusive or.
        change: Header,
        /// The payload's address.
        iova: u64,
    },
    /// A lane rings its doorbell, as it likes.
    Ring {
        /// Which lane.
        lane: usize,
        /// Added to the group's generation.
        generation: u32,
        /// The tail.
        tail: u32,
    },
    /// A lane writes into its arena.
    Write {
        /// Which lane.
        lane: usize,
        /// Offset from the arena's base.
        offset: u64,
        /// What.
        bytes: [u8; 8],
    },
    /// The coordinator takes some verdicts.
    Poll {
        /// At most how many.
        count: u8,
    },
    /// Time passes.
    Ticks {
        /// How much.
        ticks: u16,
    },
    /// A generation ends.
    Flush {
        /// The next one's members.
        members: u8,
        /// Its first record.
        start: Seq,
    },
    /// A lane is reset.
    Reset {
        /// Which lane.
        lane: usize,
        /// Whether it is placed again.
        place: bool,
    },
    /// The coordinator releases what it has seen judged.
    Release,
}

/// A group, a trace's way so far, and what the coordinator has seen.
pub struct Run {
    rig: Rig,
    written: Vec<u32>,
    written_in: Generation,
    /// Starts of the generations flushed so far that have not ended.
    starts: std::collections::VecDeque<Seq>,
    seen: Generation,
    next: Seq,
    halted: bool,
    copy: RecordCopy,
    /// Verdicts on records.
    pub judged: u64,
}

impl Run {
    /// A group of some lanes, in its first generation.
    ///
    /// # Errors
    /// The factory fails.
    pub fn new(factory: &dyn Factory, shape: &Shape) -> Result<Run, Failure> {
        let mut rig = factory.rig(shape)?;
        rig.group.set_watchdog(20);
        rig.start(LaneSet::first(shape.lanes), 0)?;
        Ok(Run {
            written: vec![0; shape.lanes],
            written_in: 1,
            starts: [0].into(),
            seen: 1,
            next: 0,
            halted: false,
            copy: RecordCopy::new(shape.payload_max),
            judged: 0,
            rig,
        })
    }

    /// Does one step.
    ///
    /// # Errors
    /// The group has answered something that it never may.
    pub fn step(&mut self, step: &Step) -> Kept {
        if self.written_in != self.rig.generation() {
            self.written_in = self.rig.generation();
            self.written.fill(0);
        }
        let lanes = self.written.len();
        match step {
            Step::Submit { lane, content } => {
                let (lane, length) = (lane % lanes, usize::from(*content) * 3 % 90);
                let payload = super::expect::bytes(length, *content);
                let (index, header) = self.due(lane);
                self.rig.put(lane, index, Header { channel: u32::from(*content), ..header }, &payload);
                self.ring(lane)
            }
            Step::Entry { lane, entry } => {
                let index = self.due(lane % lanes).0;
                self.rig.store(lane % lanes, index, entry);
                self.ring(lane % lanes)
            }
            Step::Forge { lane, change, iova } => {
                let (index, due) = self.due(lane % lanes);
                let header = Header {
                    seq: due.seq ^ change.seq,
                    generation: due.generation ^ change.generation,
                    length: change.length,
                    target: due.target ^ change.target,
                    group: due.group ^ change.group,
                    kind: change.kind,
                    channel: change.channel,
                };
                let entry = Entry::seal(&header, [*iova, 0, 0], false);
                self.rig.ports[lane % lanes].arena.store_entry(index, &entry);
                self.ring(lane % lanes)
            }
            Step::Ring { lane, generation, tail } => {
                self.rig.ring_as(lane % lanes, self.rig.generation().wrapping_add(*generation), *tail)
            }
            Step::Write { lane, offset, bytes } => {
                let base = self.rig.shape.geometry(lane % lanes).base;
                self.rig.ports[lane % lanes].arena.write(base.wrapping_add(*offset), bytes);
                Ok(())
            }
            Step::Poll { count } => self.poll(usize::from(*count)),
            Step::Ticks { ticks } => self.rig.group.advance(u32::from(*ticks)).map_err(Failure::because),
            Step::Flush { members, start } => self.flush(*members, *start),
            Step::Reset { lane, place } => {
                self.rig.group.reset_lane(lane % lanes).map_err(Failure::because)?;
                if *place {
                    let place: LanePlace = self.rig.place(lane % lanes)?;
                    self.rig.group.place(lane % lanes, &place).map_err(Failure::because)?;
                }
                Ok(())
            }
            Step::Release => {
                if self.seen == self.rig.generation() && self.rig.group.status().state != State::Flushing {
                    self.rig.group.release(self.next).map_err(Failure::because)?;
                }
                Ok(())
            }
        }
    }

    /// Takes every verdict, ends the generation, and requires the books to balance.
    ///
    /// # Errors
    /// The group has answered something that it never may.
    pub fn finish(mut self) -> Result<u64, Failure> {
        self.poll(usize::MAX)?;
        self.flush(0, 0)?;
        self.poll(usize::MAX)?;
        same("generations still open", self.starts.len(), 1)?;
        same("the state", self.rig.group.status().state, State::Idle)?;
        Ok(self.judged)
    }

    fn due(&self, lane: usize) -> (u32, Header) {
        let start = self.starts.back().copied().unwrap_or_default();
        let index = self.written[lane];
        (index, self.rig.header(start.wrapping_add(u64::from(index))))
    }

    fn ring(&mut self, lane: usize) -> Kept {
        self.written[lane] = self.written[lane].wrapping_add(1);
        self.rig.ring(lane, self.written[lane])
    }

    fn flush(&mut self, members: u8, start: Seq) -> Kept {
        if self.rig.group.status().state == State::Flushing {
            return same("a second flush is taken", self.rig.group.flush(LaneSet::EMPTY, 0).is_ok(), false);
        }
        let members =
            LaneSet::first(self.written.len()).and(LaneSet::from_bits(members & 0xF).unwrap_or_default());
        self.starts.push_back(start);
        self.rig.group.flush(members, start).map_err(Failure::because)
    }

    fn poll(&mut self, count: usize) -> Kept {
        for _ in 0..count {
            let Some(verdict) = self.rig.group.poll().map_err(Failure::because)? else { break };
            self.look_at(&verdict)?;
        }
        Ok(())
    }

    /// What holds of every verdict, whatever the lanes do.
    fn look_at(&mut self, verdict: &Verdict) -> Kept {
        let said = |what: &str| format!("{what} of {verdict:?}");
        same(said("group"), verdict.group, self.rig.shape.group)?;
        same(said("generation"), verdict.generation, self.seen)?;
        same(said("seq"), verdict.seq, self.next)?;
        let (agree, dissent) = (verdict.agree, verdict.dissent);
        same(said("lanes both agreeing and dissenting"), agree.and(dissent), LaneSet::EMPTY)?;
        if verdict.outcome == Outcome::Flushed {
            same(said("dissent"), dissent, LaneSet::EMPTY)?;
            self.starts.pop_front();
            self.seen = self.seen.wrapping_add(1);
            self.next = self.starts.front().copied().unwrap_or_default();
            self.halted = false;
            return Ok(());
        }
        same(said("a verdict after the halt"), self.halted, false)?;
        same(said("agreement"), agree.is_empty(), !verdict.outcome.is_releasable())?;
        same(said("dissent"), dissent.is_empty(), verdict.outcome == Outcome::Match)?;
        if !verdict.outcome.is_releasable() {
            same(said("fingerprint"), verdict.fingerprint.0, 0)?;
        }
        for lane in agree.iter() {
            // The lanes may have written over the record since; then it must not come out as something else.
            if self.rig.group.copy_record(lane, verdict.seq, &mut self.copy).is_ok()
                && let Ok(released) = self.copy.confirm(verdict)
            {
                let print = covert_abi::fingerprint(released.payload, &released.header);
                same(said("what is released"), print, verdict.fingerprint)?;
            }
        }
        self.halted = !verdict.outcome.is_releasable();
        self.next = self.next.wrapping_add(1);
        self.judged = self.judged.wrapping_add(1);
        Ok(())
    }
}
