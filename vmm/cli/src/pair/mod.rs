//! The coordinator of one protected machine: owns the world, the comparator and the replicas' processes, feeds the protocol and
//! does what it says.
//!
//! One thread. It sleeps in `poll` until a replica speaks, input comes or a time is due; comparing is done when it wakes. Read
//! [`process`] for a replica's process, [`checkpoint`] for how the recovery line moves, [`divergence`] for what is kept of a mismatch.

pub mod checkpoint;
pub mod divergence;
pub mod process;

use crate::events::{Event, Placed, Replay, Summary};
use crate::input_log::Recorder;
use crate::tally::Tally;
use crate::world::World;
use anyhow::{Context, Result, bail};
use covert_abi::{Kind, Outcome, Verdict};
use covert_core::Point;
use covert_core::watchdog::Sample;
use covert_core::{Action, End, Event as Input, LaneSet, Limits, Machine, Reason, Record, Seq};
use covert_driver::software::SoftwareConfig;
use covert_driver::{ArenaReader, Group, LanePlace, ProgressWriter, RecordCopy, SoftwareGroup, arena};
use covert_replica::inject::Plan;
use covert_replica::staging;
use covert_replica::start::Setup;
use covert_replica::store::StoreWriter;
use covert_replica::wire::{Order, Report};
use divergence::Divergence;
use process::{Place, Process, Shared};
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use std::collections::VecDeque;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// What compares.
const COMPARATOR: &str = "software";

/// How often the replicas' progress is looked at.
const SAMPLE_EVERY: Duration = Duration::from_millis(20);

/// How long a record that nobody mentioned may wait to be compared: the bound on the delay of an output.
const COMPARE_EVERY: Duration = Duration::from_millis(2);

/// What a pair is made of.
pub struct Plans {
    /// The protocol's bounds.
    pub limits: Limits,
    /// Each replica's set-up, in the order of their positions.
    pub setups: Vec<Setup>,
    /// The guest's program.
    pub image: OwnedFd,
    /// Faults to make, each with its replica.
    pub faults: Vec<(usize, Plan)>,
    /// Where a divergence is described; nowhere if there is no path.
    pub divergence: Option<PathBuf>,
    /// What keeps the inputs.
    pub recorder: Option<Recorder>,
}

/// How a pair ended.
pub struct Ended {
    /// The protocol's end.
    pub end: End,
    /// What happened, counted.
    pub summary: Summary,
    /// The world, with what was kept of the output.
    pub world: World,
}

struct Pair<'a> {
    machine: Machine,
    group: SoftwareGroup,
    copy: RecordCopy,
    places: Vec<Place>,
    shared: Shared,
    /// The coordinator's own view of the arenas, for checkpoints and diagnosis.
    arenas: Vec<ArenaReader>,
    store: StoreWriter,
    processes: Vec<Process>,
    world: World,
    divergence: Option<Divergence>,
    recorder: Option<Recorder>,
    /// First record of the generation.
    start: Seq,
    /// First record that is not released.
    released: Seq,
    begin: Instant,
    ticked: Instant,
    /// CPU milliseconds of processes that are no more.
    past_cpu_ms: f64,
    tally: Tally,
    tell: &'a mut dyn FnMut(Event),
}

/// Runs a guest as a group of replicas until it ends, and tells what happens as it happens.
///
/// # Errors
/// The machine could not be set up, or the coordinator's own world failed.
pub fn run(plans: Plans, world: World, tell: &mut dyn FnMut(Event)) -> Result<Ended> {
    let begin = Instant::now();
    let (machine, actions) = Machine::start(plans.limits)?;
    let limits = plans.limits;
    let (progress, progress_page) = ProgressWriter::create()?;
    let (store, store_page) = StoreWriter::create()?;
    let mut places = Vec::new();
    for setup in plans.setups {
        let geometry = setup.geometry();
        places.push(Place { arena: arena::create(&geometry)?, geometry, setup });
    }
    let map = || places.iter().map(|place| ArenaReader::map(&place.arena, place.geometry));
    let config =
        SoftwareConfig { group: limits.group, payload_max: limits.payload_max, ..SoftwareConfig::default() };
    let mut group = SoftwareGroup::new(config, map().collect::<Result<_, _>>()?, progress)?;
    let arenas = map().collect::<Result<_, _>>()?;
    for (replica, place) in places.iter().enumerate() {
        group.place(replica, &LanePlace::of(&place.geometry)?)?;
    }
    let shared = Shared { progress: progress_page, store: store_page, image: plans.image };
    let mut processes =
        places.iter().map(|place| Process::spawn(place, &shared)).collect::<Result<Vec<_>>>()?;
    for (replica, plan) in plans.faults {
        let Some(process) = processes.get_mut(replica) else { bail!("there is no replica {replica}") };
        // One that is dead already is seen when its socket is read.
        let _ = process.order(&Order::Inject(plan));
    }
    let placed = |(replica, process): (usize, &Process)| Placed {
        replica,
        pid: process.id(),
        cpu: places[replica].setup.cpu,
    };
    let replicas = processes.iter().enumerate().map(placed).collect();
    tell(Event::Started { ms: begin.elapsed().as_secs_f64() * 1e3, replicas, comparator: COMPARATOR });
    let pair = Pair {
        machine,

        group,
        copy: RecordCopy::new(limits.payload_max),
        tally: Tally::new(places.len(), begin),
        places,
        shared,
        arenas,
        store,
        processes,
        world,
        divergence: plans.divergence.map(Divergence::new),
        recorder: plans.recorder,
        start: 0,
        released: 0,
        begin,
        ticked: begin,
        past_cpu_ms: 0.0,
        tell,
    };
    pair.go(actions)
}

impl Pair<'_> {
    fn go(mut self, actions: Vec<Action>) -> Result<Ended> {
        let mut ended = self.act(actions)?;
        let mut sampled = Instant::now();
        while ended.is_none() {
            let readable = self.sleep()?;
            let mut events = self.hear()?;
            events.extend(
                self.world
                    .ready(readable)
                    .into_iter()
                    .map(|(index, value)| Input::Answered { index, value: Some(value) }),
            );
            let ticks = u32::try_from(self.ticked.elapsed().as_micros()).unwrap_or(u32::MAX);
            self.ticked = Instant::now();
            self.group.advance(ticks)?;
            if sampled.elapsed() >= SAMPLE_EVERY {
                sampled = Instant::now();
                events.push(self.sample());
            }
            for event in events {
                ended = ended.or(self.feed(event)?);
            }
            // One at a time: what follows from a verdict can make room for the next.
            while ended.is_none() {
                let Some(verdict) = self.group.poll()? else { break };
                let event = self.judge(verdict)?;
                ended = self.feed(event)?;
            }
            self.world.sinks.flush()?;
        }
        let end = ended.context("the machine went on without an end")?;
        let counters = self.machine.counters();
        let exits = self.arenas.iter().map(staging::exits).max().unwrap_or(0);
        let cpu_ms = self.processes.iter().map(Process::cpu_ms).sum::<f64>() + self.past_cpu_ms;
        let mut summary = self.tally.summary(end, &counters, exits, cpu_ms, &self.world);
        summary.comparator = COMPARATOR.into();
        if let Some(recorder) = self.recorder {
            recorder.finish(&summary.trailer())?;
        }
        Ok(Ended { end, summary, world: self.world })
    }

    fn feed(&mut self, event: Input) -> Result<Option<End>> {
        let mut actions = Vec::new();
        self.machine.handle(event, &mut actions);
        self.act(actions)
    }

    fn now_ms(&self) -> f64 {
        self.begin.elapsed().as_secs_f64() * 1e3
    }

    // ---- What is heard --------------------------------------------------------------------------------

    /// Sleeps until something can have happened. True if standard input has something.
    fn sleep(&mut self) -> Result<bool> {
        let timer = self.world.next_timer().unwrap_or(COMPARE_EVERY);
        let wait = timer.min(COMPARE_EVERY);
        let wait = Timespec { tv_sec: 0, tv_nsec: i64::from(wait.subsec_nanos()) };
        let live = self.processes.iter().filter(|process| !process.gone);
        let mut polled: Vec<PollFd<'_>> =
            live.map(|process| PollFd::new(process.socket(), PollFlags::IN)).collect();
        let input = self.world.waits_for_input();
        if let Some(input) = input {
            polled.push(PollFd::from_borrowed_fd(input, PollFlags::IN));
        }
        match rustix::event::poll(&mut polled, Some(&wait)) {
            Ok(_) => {}
            Err(Errno::INTR) => return Ok(false),
            Err(error) => return Err(error).context("cannot wait for the replicas"),
        }
        Ok(input.is_some() && polled.last().is_some_and(|last| !last.revents().is_empty()))
    }

    /// Everything that the replicas have said.
    fn hear(&mut self) -> Result<Vec<Input>> {
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
                let address = u64::from(page) * covert_replica::memory::PAGE;
                (self.tell)(Event::Scrub { ms, replica, address });
            }
            Report::Injected(fault) => {
                self.tally.injected += 1;
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
    fn judge(&mut self, verdict: Verdict) -> Result<Input> {
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
        (self.tell)(Event::Verdict {
            ms,
            seq: verdict.seq,
            generation: verdict.generation,
            outcome: format!("{:?}", verdict.outcome),
            at_epoch,
        });
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
        let iova = geometry.ring_iova() + slot * covert_abi::SubmissionEntry::BYTES as u64;
        self.copy.fill(&self.arenas[replica], iova).ok()?;
        let (header, payload) = self.copy.unconfirmed()?;
        (header.seq == seq).then(|| Record { header, payload: payload.to_vec() })
    }

    fn sample(&mut self) -> Input {
        let mut samples = Vec::new();
        for (replica, process) in self.processes.iter().enumerate() {
            let exits = staging::exits(&self.arenas[replica]);
            self.tally.sampled(replica, exits);
            let cpu_ms = process.cpu_ms() as u64;
            samples.push((replica, Sample { exits, cpu_ms, window_full: process.window_full }));
        }
        Input::Samples { now_ms: self.now_ms() as u64, samples }
    }

    // ---- What is done ---------------------------------------------------------------------------------

    /// Does what the machine says, and what follows at once; gives the end if it came.
    fn act(&mut self, actions: Vec<Action>) -> Result<Option<End>> {
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
                        let why = format!("its checkpoint cannot be kept: {error}");
                        (self.tell)(Event::ReplicaLost { ms, replica: from, why });
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
            Action::Flush { members, start, .. } => self.flush(members, start).map(|()| None),
            Action::Restore { replica, generation, line, fresh, .. } => {
                if fresh && generation > 1 {
                    self.past_cpu_ms += self.processes[replica].cpu_ms();
                    self.processes[replica] = Process::spawn(&self.places[replica], &self.shared)?;
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
        for process in self.processes.iter_mut().filter(|process| process.window_full) {
            process.window_full = false;
            // One that is dead is seen when its socket is read.
            let _ = process.order(&Order::Released(next));
        }
        Ok(())
    }

    fn rolled_back(&mut self, reason: Reason) {
        let (line, generation, ms) = (self.machine.line(), self.machine.generation(), self.now_ms());
        self.tally.rollback();
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
        let process = &mut self.processes[replica];
        let generation = process.generation;
        let gone = process.gone;
        (!process.order(order) && gone).then_some(Input::Failed { replica, generation })
    }

    fn flush(&mut self, members: LaneSet, start: Seq) -> Result<()> {
        let status = self.group.status();
        for lane in members.without(status.live).iter().filter(|_| status.generation > 0) {
            self.group.reset_lane(lane)?;
            self.group.place(lane, &LanePlace::of(&self.places[lane].geometry)?)?;
        }
        Ok(self.group.flush(members, start)?)
    }
}
