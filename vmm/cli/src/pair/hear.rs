//! What the coordinator hears: the replicas' reports, the comparator's verdicts, the passing of time.

use super::{COMPARE_EVERY, Pair};
use crate::events::{Event, Replay};
use anyhow::{Context, Result, bail};
use covert_abi::{Kind, Outcome, Seq, SubmissionEntry, Verdict};
use covert_core::watchdog::Sample;
use covert_core::{Event as Input, Point, Record};
use covert_replica::memory::PAGE;
use covert_replica::staging;
use covert_replica::wire::{Order, Report, monotonic_ns};
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use std::time::Duration;

impl Pair<'_> {
    /// Sleeps until something can have happened. True if standard input has something.
    pub(super) fn sleep(&mut self) -> Result<bool> {
        let wait = COMPARE_EVERY * (1 << self.idle);
        let wait = self.world.next_timer().map_or(wait, |timer| timer.min(wait));
        // Bounded in any case: an interrupt may be lost.
        let wait = if self.group.is_awaited() { Duration::ZERO } else { wait };
        let wait = Timespec { tv_sec: 0, tv_nsec: i64::from(wait.subsec_nanos()) };
        let live = self.processes.iter().filter(|process| !process.gone);
        let mut polled: Vec<PollFd<'_>> =
            live.map(|process| PollFd::new(process.socket(), PollFlags::IN)).collect();
        if let Some(interrupt) = self.group.interrupt() {
            polled.push(PollFd::new(interrupt, PollFlags::IN));
        }
        let input = self.world.waits_for_input();
        if let Some(input) = input {
            polled.push(PollFd::from_borrowed_fd(input, PollFlags::IN));
        }
        match rustix::event::poll(&mut polled, Some(&wait)) {
            Ok(_) => {}
            Err(Errno::INTR) => return Ok(false),
            Err(error) => return Err(error).context("cannot wait for the replicas"),
        }
        self.group.hush();
        Ok(input.is_some() && polled.last().is_some_and(|last| !last.revents().is_empty()))
    }

    /// Everything that the replicas have said.
    pub(super) fn hear(&mut self) -> Result<Vec<Input>> {
        let mut events = Vec::new();
        for replica in 0..self.processes.len() {
            while !self.processes[replica].gone {
                match self.processes[replica].report() {
                    Ok(None) => break,
                    Ok(Some(Report::Crashed(why))) => events.push(self.lost(replica, why)?),
                    Ok(Some(report)) => events.extend(self.report(replica, report)),
                    Err(error) => events.push(self.lost(replica, error.to_string())?),
                }
            }
        }
        Ok(events)
    }

    fn lost(&mut self, replica: usize, why: String) -> Result<Input> {
        let process = &mut self.processes[replica];
        process.gone = true;
        if self.tally.never_ran() {
            bail!("{why}");
        }
        let generation = process.generation;
        self.tally.crashes += 1;
        let ms = self.now_ms();
        (self.tell)(Event::ReplicaLost { ms, replica, why });
        Ok(Input::Failed { replica, generation })
    }

    fn report(&mut self, replica: usize, report: Report) -> Option<Input> {
        let ms = self.now_ms();
        let process = &mut self.processes[replica];
        let generation = process.generation;
        match report {
            Report::Request(request) => return Some(Input::Request { replica, generation, request }),
            Report::Boundary(epoch) => return Some(Input::Boundary { replica, generation, epoch }),
            Report::Ended { seq, inputs } => {
                return Some(Input::Ended { replica, generation, at: Point { seq, inputs } });
            }
            Report::Halted => return Some(Input::Halted { replica, generation }),
            Report::Restored { pages, scrubbed, .. } => {
                process.ready = true;
                self.tally.restored(pages, scrubbed);
                return Some(Input::Restored { replica, generation });
            }
            // It may have been released while the replica was saying so.
            Report::WindowFull { known } if known < self.released => {
                let _ = process.order(&Order::Released(self.released));
            }
            Report::WindowFull { .. } => process.window_full = true,
            Report::Staged { stopped_us, .. } => self.tally.staged(stopped_us),
            Report::Rung => {}
            Report::Scrubbed { page } => {
                self.tally.scrubbed += 1;
                let address = u64::from(page) * PAGE;
                (self.tell)(Event::Scrub { ms, replica, address });
            }
            Report::Injected { fault, at_ns } => {
                self.tally.injected += 1;
                let ago = monotonic_ns().saturating_sub(at_ns) as f64 / 1e6;
                let ms = (ms - ago).max(0.0);
                let replay = Replay::of(replica, &fault);
                (self.tell)(Event::FaultInjected { ms, replica, fault: Box::new(fault), replay });
            }
            Report::Unserved(what) => {
                if self.tally.unserved.insert(what.clone()) {
                    (self.tell)(Event::Unserved { ms, what });
                }
            }
            Report::History(history) => {
                if let Some(divergence) = &mut self.divergence
                    && let Err(error) = divergence.history(replica, history)
                {
                    // The machine is worth more than the description.
                    self.tally.unserved.insert(format!("{error:#}"));
                }
            }
            Report::Crashed(_) => {}
        }
        None
    }

    /// A verdict with the copy that a release would need.
    pub(super) fn judge(&mut self, verdict: Verdict) -> Result<Input> {
        self.judged = verdict.seq;
        if let Some(verdicts) = &mut self.verdicts {
            verdicts.push(verdict);
        }
        let mut copy = None;
        let lane = verdict.agree.iter().next().filter(|_| verdict.outcome.is_releasable());
        if let Some(lane) = lane {
            // What cannot be copied or confirmed goes to the machine as a record without a copy.
            if self.group.copy_record(lane, verdict.seq, &mut self.copy).is_ok()
                && let Ok(released) = self.copy.confirm(&verdict)
            {
                copy = Some(Record { header: released.header, payload: released.payload.to_vec() });
            }
        } else if verdict.outcome != Outcome::Flushed && verdict.generation == self.machine.generation() {
            self.diverged(&verdict)?;
        }
        Ok(Input::Verdict { verdict, copy })
    }

    fn diverged(&mut self, verdict: &Verdict) -> Result<()> {
        let records: Vec<_> =
            (0..self.arenas.len()).map(|replica| self.record(replica, verdict.seq)).collect();
        let of_state = |record: &Option<Record>| {
            record.as_ref().is_some_and(|record| record.header.kind == Kind::State as u16)
        };
        let at_epoch = records.iter().any(of_state);
        self.tally.mismatch(at_epoch);
        let ms = self.now_ms();
        let outcome = format!("{:?}", verdict.outcome);
        let (mut unit_clocks, mut trace) = (None, None);
        if let Some(probe) = self.group.probe() {
            unit_clocks = Some(probe.clocks());
            let of = format!("{outcome} on record {} of generation {}", verdict.seq, verdict.generation);
            trace = probe.keep_trace(&of)?;
        }
        let (seq, generation) = (verdict.seq, verdict.generation);
        (self.tell)(Event::Verdict { ms, seq, generation, outcome, at_epoch, unit_clocks, trace });
        if let Some(divergence) = &mut self.divergence {
            let memory = self.places[0].setup.memory;
            divergence.describe(verdict, &records, &self.arenas, memory)?;
        }
        Ok(())
    }

    /// A record as it stands in a replica's arena, compared or not.
    fn record(&mut self, replica: usize, seq: Seq) -> Option<Record> {
        let geometry = &self.places[replica].geometry;
        let slot = seq.checked_sub(self.start)? & u64::from(geometry.entries() - 1);
        let iova = geometry.ring_iova() + slot * SubmissionEntry::BYTES as u64;
        self.copy.fill(&self.arenas[replica], iova).ok()?;
        let (header, payload) = self.copy.unconfirmed()?;
        (header.seq == seq).then(|| Record { header, payload: payload.to_vec() })
    }

    pub(super) fn sample(&mut self) -> Input {
        let mut samples = Vec::new();
        for (replica, process) in self.processes.iter().enumerate() {
            let exits = staging::exits(&self.arenas[replica]);
            self.tally.sampled(replica, exits);
            let cpu_ms = process.cpu_ms() as u64;
            samples.push((replica, Sample { exits, cpu_ms, window_full: process.window_full }));
        }
        Input::Samples { now_ms: self.now_ms() as u64, samples }
    }
}
