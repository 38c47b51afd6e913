//! The software comparator as the coordinator's [`Group`].

use super::port::{LaneState, lanes};
use super::{Flush, SoftwareGroup};
use crate::group::{Counters, Group, GroupError, LanePlace, Limits, State, Status};
use crate::release::{CopyError, RecordCopy};
use crate::ring::Position;
use covert_abi::{Fault, FaultCause, LaneSet, Seq, SubmissionEntry, Verdict};

impl Group for SoftwareGroup {
    fn limits(&self) -> Limits {
        Limits {
            lanes: self.ports.len(),
            skew: 1 << self.config.skew_log2,
            verdicts: 1 << self.config.verdict_log2,
            faults: if self.config.fault_log2 == 0 { 0 } else { 1 << self.config.fault_log2 },
            payload_max: self.config.payload_max,
        }
    }

    fn status(&self) -> Status {
        let live = lanes(&self.ports, |port| port.state == LaneState::Live);
        Status { state: self.state, generation: self.terms.generation, live }
    }

    fn counters(&self) -> Counters {
        self.counters
    }

    fn place(&mut self, lane: usize, place: &LanePlace) -> Result<(), GroupError> {
        let port = self.port(lane)?;
        if port.state == LaneState::Live {
            return Err(GroupError::Live { lane });
        }
        if !place.ring_base.is_multiple_of(64) {
            let must = "it must be a multiple of 64";
            return Err(GroupError::Config { what: "the ring's address", value: place.ring_base, must });
        }
        if place.ring_log2 > 16 {
            let must = "it must be at most 16";
            return Err(GroupError::Config { what: "log2 of the ring", value: place.ring_log2.into(), must });
        }
        port.place = *place;
        port.kept = *place;
        Ok(())
    }

    fn set_payload_max(&mut self, bytes: u32) -> Result<(), GroupError> {
        if bytes > self.config.payload_max {
            let must = "it must be at most what the comparator was made for";
            return Err(GroupError::Config { what: "the longest payload", value: bytes.into(), must });
        }
        self.terms.payload_max = bytes;
        Ok(())
    }

    fn set_watchdog(&mut self, ticks: u32) {
        self.watchdog.limit(ticks);
    }

    fn flush(&mut self, members: LaneSet, start: Seq) -> Result<(), GroupError> {
        if let Some(lane) = members.without(LaneSet::first(self.ports.len())).iter().next() {
            return Err(GroupError::NoLane { lane, lanes: self.ports.len() });
        }
        if self.flush.is_some() {
            return Err(GroupError::Flushing);
        }
        self.work();
        let ended = lanes(&self.ports, |port| port.state == LaneState::Live);
        self.flush = Some(Flush { members, start, ended });
        self.state = State::Flushing;
        self.finish_flush();
        Ok(())
    }

    fn reset_lane(&mut self, lane: usize) -> Result<(), GroupError> {
        self.port(lane)?;
        self.work();
        if self.ports[lane].state == LaneState::Live {
            self.lock(lane, (FaultCause::Reset, 0));
        }
        self.ports[lane].reset();
        Ok(())
    }

    fn advance(&mut self, ticks: u32) -> Result<(), GroupError> {
        self.work();
        let mut left = ticks;
        loop {
            let lacking = self.lacking();
            if lacking.is_empty() {
                self.watchdog.restart();
                return Ok(());
            }
            if !self.watchdog.pass(&mut left) {
                return Ok(());
            }
            for lane in lacking.iter() {
                self.lock(lane, (FaultCause::Timeout, 0));
            }
            self.work();
        }
    }

    #[inline]
    fn poll(&mut self) -> Result<Option<Verdict>, GroupError> {
        if self.verdicts.is_empty() {
            self.work();
        }
        Ok(self.verdicts.pop_front())
    }

    fn poll_fault(&mut self) -> Result<Option<Fault>, GroupError> {
        if self.faults.is_empty() {
            self.work();
        }
        Ok(self.faults.pop_front())
    }

    #[inline]
    fn copy_record(&self, lane: usize, seq: Seq, copy: &mut RecordCopy) -> Result<(), CopyError> {
        let port = self.ports.get(lane).ok_or(CopyError::NoLane(lane))?;
        let index = seq.wrapping_sub(self.start);
        if !port.member || index < self.released || index >= self.judged() {
            return Err(CopyError::NotThere { seq });
        }
        let slot = index & ((1 << port.kept.ring_log2) - 1);
        let iova = port.kept.ring_base.wrapping_add(slot * SubmissionEntry::BYTES as u64);
        copy.fill(&port.arena, iova)
    }

    #[inline]
    fn release(&mut self, next: Seq) -> Result<(), GroupError> {
        let count = next.wrapping_sub(self.start);
        if count < self.released || count > self.judged() {
            let released = self.start.wrapping_add(self.released);
            return Err(GroupError::Release { asked: next, released, judged: self.next });
        }
        self.released = count;
        self.progress.publish(Position { generation: self.terms.generation, count: count as u32 });
        Ok(())
    }
}
