//! What the coordinator does: the protocol's actions, one by one.

use super::process::Process;
use super::{Pair, checkpoint};
use crate::events::Event;
use anyhow::{Context, Result};
use covert_core::{Action, End, Event as Input, LaneSet, Reason, Seq};
use covert_driver::LanePlace;
use covert_replica::wire::Order;
use std::collections::VecDeque;
use std::time::Instant;

impl Pair<'_> {
    /// Does what the machine says, and what follows at once; gives the end if it came.
    pub(super) fn act(&mut self, actions: Vec<Action>) -> Result<Option<End>> {
        let mut queue: VecDeque<Action> = actions.into();
        while let Some(action) = queue.pop_front() {
            if let Action::End(end) = action {
                return Ok(Some(end));
            }
            if let Some(event) = self.perform(action)? {
                let mut more = Vec::new();
                self.machine.handle(event, &mut more);
                queue.extend(more);
            }
        }
        Ok(None)
    }

    fn perform(&mut self, action: Action) -> Result<Option<Input>> {
        match action {
            Action::Read { index, request } => {
                Ok(self.world.read(index, request).map(|value| Input::Answered { index, value: Some(value) }))
            }
            Action::CancelRead { index } => {
                Ok(self.world.cancel(index).then_some(Input::Answered { index, value: None }))
            }
            Action::GiveBack(entry) => {
                self.world.give_back(&entry);
                Ok(None)
            }
            Action::Deliver { replica, entry } => {
                if let Some(recorder) = &mut self.recorder {
                    recorder.delivered(&entry);
                }
                Ok(self.order(replica, &Order::deliver(&entry)))
            }
            Action::Release(record) => {
                let (header, payload) = (record.header(), record.payload());
                let result = self.world.release(header.channel, header.target, payload);
                let result = result.context("cannot put out what was released")?;
                Ok(Some(Input::Released { seq: record.seq(), result }))
            }
            Action::Reclaim { next } => self.reclaim(next).map(|()| None),
            Action::Continue { replica } => Ok(self.order(replica, &Order::Continue)),
            Action::Store { line, from } => {
                let memory = self.places[from].setup.memory;
                let stored = checkpoint::store(&mut self.store, &self.arenas[from], memory, &line);
                let ms = self.now_ms();
                match &stored {
                    Ok(stored) => {
                        let stopped_ms = self.tally.checkpoint();
                        if let Some(recorder) = &mut self.recorder {
                            recorder.settled(line.inputs)?;
                        }
                        (self.tell)(Event::Checkpoint {
                            ms,
                            epoch: line.epoch,
                            seq: line.seq,
                            pages: stored.pages,
                            stopped_ms,
                        });
                    }
                    Err(error) => {
                        let (replica, epoch, why) = (from, line.epoch, error.to_string());
                        (self.tell)(Event::CheckpointRefused { ms, replica, epoch, why });
                    }
                }
                Ok(Some(Input::Stored { epoch: line.epoch, held: stored.is_ok() }))
            }
            Action::Halt { replica } => Ok(self.order(replica, &Order::Halt)),
            Action::Kill { replica } => {
                self.processes[replica].kill();
                Ok(None)
            }
            Action::Retire { replica } => {
                self.processes[replica].kill();
                self.group.reset_lane(replica)?;
                Ok(None)
            }
            Action::Flush { members, start, renewed, .. } => {
                if renewed {
                    self.group.renew();
                }
                self.flush(members, start).map(|()| None)
            }
            Action::Restore { replica, generation, line, fresh, .. } => {
                if fresh && generation > 1 {
                    self.past_cpu_ms += self.processes[replica].cpu_ms();
                    let doorbell = self.group.doorbell(replica)?;
                    self.processes[replica] = Process::spawn(&self.places[replica], &self.shared, doorbell)?;
                }
                (self.start, self.released) = (line.seq, line.seq);
                let process = &mut self.processes[replica];
                process.generation = generation;
                process.window_full = false;
                Ok(self.order(replica, &Order::Restore { generation, line }))
            }
            Action::Rollback { reason, .. } => {
                self.rolled_back(reason);
                Ok(None)
            }
            Action::End(_) => Ok(None),
        }
    }

    fn reclaim(&mut self, next: Seq) -> Result<()> {
        self.group.release(next)?;
        self.released = next;
        if let Some((goal, since)) = self.behind
            && next > goal
        {
            self.behind = None;
            let (ms, after_ms) = (self.now_ms(), since.elapsed().as_secs_f64() * 1e3);
            (self.tell)(Event::CaughtUp { ms, seq: goal, after_ms });
        }
        for process in self.processes.iter_mut().filter(|process| process.window_full) {
            process.window_full = false;
            // One that is dead is seen when its socket is read.
            let _ = process.order(&Order::Released(next));
        }
        Ok(())
    }

    fn rolled_back(&mut self, reason: Reason) {
        self.stopped = Instant::now();
        if reason == Reason::Renew {
            // Told when the card has begun.
            return;
        }
        let (line, generation, ms) = (self.machine.line(), self.machine.generation(), self.now_ms());
        self.tally.rollback();
        // A second fault on the way makes the way no shorter.
        let (goal, since) = self.behind.unwrap_or((0, Instant::now()));
        self.behind = Some((goal.max(self.judged), since));
        let reason = format!("{reason:?}");
        (self.tell)(Event::Rollback { ms, reason, epoch: line.epoch, seq: line.seq, generation });
    }

    /// Sends an order. A replica that cannot take it is dead; that it runs on after a rollback is told.
    fn order(&mut self, replica: usize, order: &Order) -> Option<Input> {
        if matches!(order, Order::Continue) && self.tally.begins() {
            let ms = self.now_ms();
            (self.tell)(Event::Running { ms });
        }
        if matches!(order, Order::Continue)
            && let Some((after_ms, pages, scrubbed)) = self.tally.recovered()
        {
            let (ms, generation) = (self.now_ms(), self.machine.generation());
            (self.tell)(Event::Recovered { ms, generation, after_ms, pages, scrubbed });
        }
        if matches!(order, Order::Continue) {
            self.tell_taken_up();
        }
        let process = &mut self.processes[replica];
        let generation = process.generation;
        let gone = process.gone;
        (!process.order(order) && gone).then_some(Input::Failed { replica, generation })
    }

    fn flush(&mut self, members: LaneSet, start: Seq) -> Result<()> {
        let status = self.group.status()?;
        for lane in members.without(status.live).iter().filter(|_| status.generation > 0) {
            self.group.reset_lane(lane)?;
            self.group.place(lane, &LanePlace::of(&self.places[lane].geometry)?)?;
        }
        Ok(self.group.flush(members, start)?)
    }
}
