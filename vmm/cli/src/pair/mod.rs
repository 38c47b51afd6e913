//! The coordinator of one protected machine: owns the world, the comparator and the replicas' processes, feeds the protocol and
//! does what it says.
//!
//! One thread. It sleeps in `poll` until a replica speaks, input comes or a time is due; comparing is done when it wakes. What it hears is
//! in `hear`, what it does in `act`. Read [`process`] for a replica's process, [`checkpoint`] for how the recovery line moves, [`divergence`] for what is kept of a mismatch.

mod act;
pub mod checkpoint;
pub mod divergence;
mod hear;
pub mod process;

use crate::comparator::card::Probe;
use crate::comparator::{Comparator, Lost, News, Ready, TakenUp};
use crate::events::{Event, Placed, Summary};
use crate::input_log::Recorder;
use crate::tally::Tally;
use crate::world::World;
use anyhow::{Context, Result, bail};
use covert_abi::Verdict;
use covert_core::{Action, End, Event as Input, Limits, Machine, Seq};
use covert_driver::{ArenaReader, LanePlace, ProgressWriter, RecordCopy, arena};
use covert_replica::inject::Plan;
use covert_replica::staging;
use covert_replica::start::Setup;
use covert_replica::store::StoreWriter;
use covert_replica::wire::Order;
use divergence::Divergence;
use process::{Place, Process, Shared};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How often the replicas' progress is looked at.
const SAMPLE_EVERY: Duration = Duration::from_millis(20);

/// How long a record that nobody mentioned may wait to be compared while the replicas put something out.
const COMPARE_EVERY: Duration = Duration::from_millis(2);

/// How often that is doubled while nothing happens: a guest that computes keeps the cores for itself. A replica mentions the
/// first record after a pause at once.
const DOUBLINGS: u32 = 3;

/// What a pair is made of.
pub struct Plans {
    /// The protocol's bounds.
    pub limits: Limits,
    /// What compares.
    pub comparator: Ready,
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
    /// Whether every verdict is kept, for [`Ended::verdicts`].
    pub keep_verdicts: bool,
}

/// How a pair ended.
pub struct Ended {
    /// The protocol's end.
    pub end: End,
    /// What happened, counted.
    pub summary: Summary,
    /// The world, with what was kept of the output.
    pub world: World,
    /// Every verdict in its order, if they were to be kept.
    pub verdicts: Vec<Verdict>,
}

struct Pair<'a> {
    machine: Machine,
    group: Comparator,
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
    verdicts: Option<Vec<Verdict>>,
    /// First record of the generation.
    start: Seq,
    /// The record of the newest verdict.
    judged: Seq,
    /// First record that is not released.
    released: Seq,
    /// While the machine catches up after a rollback: the record that it has to come to, and since when.
    behind: Option<(Seq, Instant)>,
    /// A card that has begun to compare again, until the replicas run on.
    taken_up: Option<TakenUp>,
    /// When the replicas were told last to stand still.
    stopped: Instant,
    begin: Instant,
    ticked: Instant,
    /// How often in a row nothing had happened, up to [`DOUBLINGS`].
    idle: u32,
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
    let views = map().collect::<Result<_, _>>()?;
    let memory: Vec<OwnedFd> =
        places.iter().map(|place| place.arena.try_clone()).collect::<std::io::Result<_>>()?;
    let mut group = Comparator::new(plans.comparator, &limits, views, &memory, progress)?;
    let arenas = map().collect::<Result<_, _>>()?;
    for (replica, place) in places.iter().enumerate() {
        group.place(replica, &LanePlace::of(&place.geometry)?)?;
    }
    let shared = Shared { progress: progress_page, store: store_page, image: plans.image };
    let mut processes = Vec::new();
    for (replica, place) in places.iter().enumerate() {
        processes.push(Process::spawn(place, &shared, group.doorbell(replica)?)?);
    }
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
    tell(Event::Started {
        ms: begin.elapsed().as_secs_f64() * 1e3,
        replicas,
        comparator: group.name(),
        card: group.card().map(str::to_owned),
    });
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
        verdicts: plans.keep_verdicts.then(Vec::new),
        start: 0,
        judged: 0,
        released: 0,
        behind: None,
        taken_up: None,
        stopped: begin,
        begin,
        ticked: begin,
        idle: 0,
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
            self.idle = if events.is_empty() { (self.idle + 1).min(DOUBLINGS) } else { 0 };
            if let Some(ready) = self.group.look_for_card(self.machine.generation()) {
                events.push(Input::Successor { ready });
            }
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
                self.idle = 0;
                self.hear_of_card();
                let event = self.judge(verdict)?;
                ended = self.feed(event)?;
            }
            self.world.sinks.flush()?;
            self.look_after_card();
        }
        let end = ended.context("the machine went on without an end")?;
        let counters = self.machine.counters();
        let exits = self.arenas.iter().map(staging::exits).max().unwrap_or(0);
        let cpu_ms = self.processes.iter().map(Process::cpu_ms).sum::<f64>() + self.past_cpu_ms;
        let mut summary = self.tally.summary(end, &counters, exits, cpu_ms, &self.world);
        summary.comparator = self.group.name();
        if let Some(recorder) = self.recorder {
            recorder.finish(&summary.trailer())?;
        }
        Ok(Ended { end, summary, world: self.world, verdicts: self.verdicts.unwrap_or_default() })
    }

    /// Tells of a card that died, and remembers one that is back until the replicas run on.
    fn hear_of_card(&mut self) {
        while let Some(news) = self.group.take_news() {
            self.tell_taken_up();
            match news {
                News::TakenUp(taken_up) => self.taken_up = Some(taken_up),
                News::Lost(Lost { why, seq }) => {
                    let ms = self.now_ms();
                    (self.tell)(Event::CardLost { ms, seq, why });
                }
            }
        }
    }

    /// Tells of a card that has begun to compare again.
    fn tell_taken_up(&mut self) {
        if let Some(TakenUp { card, generation, seq }) = self.taken_up.take() {
            let (ms, stopped_ms) = (self.now_ms(), self.stopped.elapsed().as_secs_f64() * 1e3);
            (self.tell)(Event::CardTakenUp { ms, card, generation, seq, stopped_ms });
        }
    }

    /// Tells what became of the card, and of a recording that became too long.
    fn look_after_card(&mut self) {
        self.hear_of_card();
        let ms = self.now_ms();
        if self.group.probe().is_some_and(Probe::bound_trace) {
            (self.tell)(Event::TraceDropped { ms });
        }
    }

    fn feed(&mut self, event: Input) -> Result<Option<End>> {
        let mut actions = Vec::new();
        self.machine.handle(event, &mut actions);
        self.act(actions)
    }

    fn now_ms(&self) -> f64 {
        self.begin.elapsed().as_secs_f64() * 1e3
    }
}
