//! A replica's life: from one order of the coordinator to the next, the guest in between.
//!
//! ```text
//!  Restore ──> at the line ── Continue ──> running ── counted exit ──> record, input or nothing ──┐
//!     ^                                    │  ^                                                   │
//!     └───────────── Halt ─────────────────┘  └──────── end of an epoch: stage, State record ─────┘
//! ```
//! One thread. It blocks in `KVM_RUN`, out of which a signal brings it, or on the socket.

use crate::guest::{Crash, Demand, Input, Output};
use crate::history::{self, Exit, History};
use crate::inject::{Injected, Plan, When};
use crate::machine::{InjectError, Machine, MachineError, Stop};
use crate::staging::{self, StagingError};
use crate::store::StoreReader;
use crate::wire::{self, Order, Report, Wire, WireError};
use crate::{signal, world};
use covert_abi::Kind;
use covert_core::stream::{InputError, OutputError, Turn};
use covert_core::{Class, Line, Request, Stream};
use covert_driver::lane::SubmitError;
use covert_driver::{ArenaLane, Doorbell, Lane, Output as LaneOutput, ProgressReader};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// A record that comes after so long is told of at once: the coordinator may be asleep.
const PAUSE: Duration = Duration::from_millis(1);

/// Everything that a replica has.
#[derive(Debug)]
pub struct Replica<D> {
    machine: Machine,
    lane: ArenaLane<D>,
    progress: ProgressReader,
    store: StoreReader,
    stream: Stream,
    wire: Wire,
    /// First record of the generation.
    start: u64,
    /// Records that the coordinator was not yet told of.
    untold: u32,
    /// When it was told of some last.
    told: Instant,
    nudge: u32,
    /// Clean pages to look at in each epoch.
    scrub_pages: usize,
    /// One moment by this process's clock and by the one that all processes read, which the sandbox keeps from it.
    clock: (Instant, u64),
    plans: VecDeque<Plan>,
    history: History,
    began: Option<Instant>,
    ended: bool,
}

/// How a replica is set up beside its parts.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Records after which the coordinator is told that there is something to compare.
    pub nudge: u32,
    /// Clean pages that a scrub looks at in each epoch.
    pub scrub_pages: usize,
}

/// Why a replica cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The guest's machine.
    #[error(transparent)]
    Crash(#[from] Crash),
    /// The machine could not be set up.
    #[error(transparent)]
    Machine(#[from] MachineError),
    /// An input is not what was logged.
    #[error(transparent)]
    Input(#[from] InputError),
    /// A record cannot be submitted.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// A record cannot be submitted.
    #[error(transparent)]
    Submit(#[from] SubmitError),
    /// A checkpoint cannot be staged.
    #[error(transparent)]
    Staging(#[from] StagingError),
    /// The coordinator said something out of turn.
    #[error("the coordinator said {0} out of turn")]
    OutOfTurn(String),
    /// Memory changed by itself; a new replica takes its place.
    #[error("page {0} changed without being written")]
    Scrub(u32),
    /// The checkpoint store holds no state.
    #[error("the checkpoint store holds no state")]
    Store,
    /// The conversation is over.
    #[error(transparent)]
    Wire(#[from] WireError),
}

/// Why the replica left what it was doing, if not because it is done.
enum Left {
    /// It was told to stand still.
    Halted,
}

type Step<T> = Result<Result<T, Left>, Failure>;

/// Goes on with the value, or leaves as well.
macro_rules! unless_halted {
    ($step:expr) => {
        match $step? {
            Ok(value) => value,
            Err(left) => return Ok(Err(left)),
        }
    };
}

impl<D: Doorbell> Replica<D> {
    /// Joins the parts.
    pub fn new(
        machine: Machine,
        lane: ArenaLane<D>,
        progress: ProgressReader,
        store: StoreReader,
        stream: Stream,
        wire: Wire,
        settings: Settings,
    ) -> Replica<D> {
        Replica {
            machine,
            lane,
            progress,
            store,
            stream,
            wire,
            start: 0,
            untold: 0,
            told: Instant::now(),
            nudge: settings.nudge.max(1),
            scrub_pages: settings.scrub_pages,
            clock: (Instant::now(), wire::monotonic_ns()),
            plans: VecDeque::new(),
            history: History::default(),
            began: None,
            ended: false,
        }
    }

    /// Obeys until the coordinator goes away or the replica cannot go on, of which it tells the coordinator.
    ///
    /// # Errors
    /// Why it could not go on.
    pub fn run(mut self) -> Result<(), Failure> {
        match self.obey() {
            Err(Failure::Wire(WireError::Closed)) => Ok(()),
            Err(failure) => {
                // If nobody hears it, the coordinator sees the socket close.
                let _ = self.wire.send(&Report::Crashed(failure.to_string()));
                Err(failure)
            }
            Ok(never) => match never {},
        }
    }

    fn obey(&mut self) -> Result<std::convert::Infallible, Failure> {
        loop {
            match self.wire.receive()? {
                Order::Restore { generation, line } => self.restore(generation, line)?,
                Order::Halt => self.wire.send(&Report::Halted)?,
                Order::Inject(plan) => self.plan(plan),
                // What a generation that was halted still had coming.
                Order::Deliver { .. } | Order::Released(_) => {}
                Order::Continue => {
                    let Err(Left::Halted) = self.live()?;
                    self.tell_history()?;
                    self.wire.send(&Report::Halted)?;
                }
            }
        }
    }

    fn restore(&mut self, generation: u32, line: Line) -> Result<(), Failure> {
        let begin = Instant::now();
        let (mut pages, mut scrubbed) = (0, 0);
        if line.epoch == 0 {
            self.machine.reload()?;
        } else {
            let state = self.store.state().ok_or(Failure::Store)?;
            let restored = self.machine.restore(&state, &self.store)?;
            (pages, scrubbed) = (restored.pages_copied, restored.scrubbed);
        }
        self.stream.restore(generation, line);
        self.lane.begin(generation, line.seq);
        self.start = line.seq;
        self.untold = 0;
        self.ended = false;
        self.arm();
        let took_us = begin.elapsed().as_micros() as u64;
        Ok(self.wire.send(&Report::Restored { pages, scrubbed, took_us })?)
    }

    // ---- Running --------------------------------------------------------------------------------------

    /// Runs the guest until the replica is told to stand still.
    fn live(&mut self) -> Result<Result<std::convert::Infallible, Left>, Failure> {
        if self.began.is_none() {
            self.began = Some(Instant::now());
            self.arm();
        }
        loop {
            unless_halted!(self.interrupted());
            if self.ended {
                unless_halted!(self.wait(|_| false));
                continue;
            }
            self.inject_at_exit()?;
            match self.machine.run()? {
                Stop::Kicked => self.inject_at_moment()?,
                Stop::Demand(demand) => unless_halted!(self.serve(demand)),
            }
        }
    }

    fn serve(&mut self, demand: Demand) -> Step<()> {
        let (number, seq, registers) =
            (self.machine.counted(), self.stream.at().seq, self.machine.registers());
        self.history.note(Exit { number, seq, registers });
        for what in self.machine.unserved() {
            self.wire.send(&Report::Unserved(what))?;
        }
        match demand {
            Demand::Nothing => {}
            Demand::Post(output) => unless_halted!(self.submit(Kind::Posted, &output)),
            Demand::Effect(output) => {
                unless_halted!(self.submit(Kind::Waiting, &output));
                let request = self.stream.ask_result(world::TRANSFER_MAX);
                unless_halted!(self.ask(request));
            }
            Demand::Input(Input { class, source, argument, length }) => {
                debug_assert!(!matches!(class, Class::Result(_)));
                let request = self.stream.ask(class, source, argument, length);
                unless_halted!(self.ask(request));
            }
            Demand::End => {
                let at = self.stream.at();
                self.rouse(&Report::Rung)?;
                self.wire.send(&Report::Ended { seq: at.seq, inputs: at.inputs })?;
                self.ended = true;
                return Ok(Ok(()));
            }
        }
        staging::note_exits(self.lane.arena(), self.machine.counted());
        match self.stream.exit() {
            Turn::Run => Ok(Ok(())),
            Turn::EndOfEpoch => self.end_epoch(),
        }
    }

    fn ask(&mut self, request: Request) -> Step<()> {
        self.rouse(&Report::Request(request))?;
        let order = unless_halted!(self.wait(|order| matches!(order, Order::Deliver { .. })));
        let Order::Deliver { index, request, value, fingerprint } = order else {
            return Err(Failure::OutOfTurn("something else than an input".into()));
        };
        let entry = wire::entry(index, request, value, fingerprint);
        self.stream.take(&entry)?;
        self.machine.deliver(&entry.value)?;
        Ok(Ok(()))
    }

    /// Stages a checkpoint, as soon as the one before it is committed.
    fn end_epoch(&mut self) -> Step<()> {
        let epoch = self.stream.epoch();
        self.rouse(&Report::Boundary(epoch))?;
        unless_halted!(self.wait(|order| matches!(order, Order::Continue)));
        let begin = Instant::now();
        if let Some(page) = self.machine.scrub(self.scrub_pages)? {
            self.wire.send(&Report::Scrubbed { page })?;
            return Err(Failure::Scrub(page));
        }
        let saved = self.machine.save()?;
        staging::write(self.lane.arena(), epoch, &saved.state, self.machine.memory(), &saved.dirty)?;
        let stopped_us = begin.elapsed().as_micros() as u64;
        self.wire.send(&Report::Staged { epoch, pages: saved.dirty.len() as u32, stopped_us })?;
        loop {
            self.learn_progress();
            match self.stream.state(saved.fingerprint) {
                Ok((header, payload)) => {
                    let output = LaneOutput { kind: header.kind, ..LaneOutput::default() };
                    self.lane.submit(&output, &payload)?;
                    self.lane.ring();
                    self.rouse(&Report::Rung)?;
                    return Ok(Ok(()));
                }
                Err(OutputError::WindowFull { .. }) => unless_halted!(self.wait_for_room()),
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn submit(&mut self, kind: Kind, output: &Output) -> Step<()> {
        loop {
            self.learn_progress();
            match self.stream.output(kind, output.channel, output.target, output.payload.len()) {
                Ok(header) => {
                    let head =
                        LaneOutput { kind: header.kind, channel: header.channel, target: header.target };
                    self.lane.submit(&head, &output.payload)?;
                    self.lane.ring();
                    self.untold += 1;
                    if self.untold >= self.nudge || self.told.elapsed() > PAUSE {
                        self.rouse(&Report::Rung)?;
                    }
                    return Ok(Ok(()));
                }
                Err(OutputError::WindowFull { .. }) => unless_halted!(self.wait_for_room()),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Says something; the coordinator wakes for it and compares whatever there is by then.
    fn rouse(&mut self, report: &Report) -> Result<(), Failure> {
        self.untold = 0;
        self.told = Instant::now();
        Ok(self.wire.send(report)?)
    }

    fn tell_history(&mut self) -> Result<(), Failure> {
        let rip = self.machine.registers().rip;
        // As much of it as can be read: it may stand at the end of a page.
        let code = (1..=history::CODE).rev().find_map(|length| self.machine.memory().read(rip, length));
        let code = code.unwrap_or_default().to_vec();
        let history = std::mem::take(&mut self.history);
        Ok(self.wire.send(&Report::History(History { rip, code, ..history }))?)
    }

    fn learn_progress(&mut self) {
        let told = self.progress.observe();
        if told.generation == self.stream.generation() {
            self.stream.released(self.start + u64::from(told.count));
        }
    }

    fn wait_for_room(&mut self) -> Step<()> {
        self.rouse(&Report::WindowFull { known: self.stream.first_unreleased() })?;
        let order = unless_halted!(self.wait(|order| matches!(order, Order::Released(_))));
        if let Order::Released(next) = order {
            self.stream.released(next);
        }
        Ok(Ok(()))
    }

    // ---- Orders ---------------------------------------------------------------------------------------

    /// Waits for an order that is due; being told to stand still is always.
    fn wait(&mut self, due: impl Fn(&Order) -> bool) -> Step<Order> {
        loop {
            match self.wire.receive()? {
                Order::Halt => return Ok(Err(Left::Halted)),
                Order::Inject(plan) => self.plan(plan),
                // The answer to a window that was full, after the progress page had told it already.
                Order::Released(next) if !due(&Order::Released(next)) => self.stream.released(next),
                order if due(&order) => return Ok(Ok(order)),
                order => return Err(Failure::OutOfTurn(format!("{order:?}"))),
            }
        }
    }

    /// Looks at the socket if a signal came.
    fn interrupted(&mut self) -> Step<()> {
        while signal::take() {
            while let Some(order) = self.wire.try_receive()? {
                match order {
                    Order::Halt => return Ok(Err(Left::Halted)),
                    Order::Inject(plan) => self.plan(plan),
                    Order::Released(next) => self.stream.released(next),
                    order => return Err(Failure::OutOfTurn(format!("{order:?}"))),
                }
            }
        }
        Ok(Ok(()))
    }

    // ---- Faults on purpose ----------------------------------------------------------------------------

    fn plan(&mut self, plan: Plan) {
        self.plans.push_back(plan);
        self.arm();
    }

    /// Sets the timer to the earliest moment that is planned.
    fn arm(&self) {
        let Some(began) = self.began else { return };
        let due = |plan: &Plan| match plan.when {
            When::Micros(at) => Some(Duration::from_micros(at).saturating_sub(began.elapsed())),
            When::Generation { generation, micros } => {
                (generation == self.stream.generation()).then_some(Duration::from_micros(micros))
            }
            When::Output(_) | When::Exit(_) => None,
        };
        if let Some(wait) = self.plans.iter().filter_map(due).min() {
            signal::after(wait);
        }
    }

    fn inject_at_exit(&mut self) -> Result<(), Failure> {
        if self.plans.is_empty() {
            return Ok(());
        }
        let (seq, exits) = (self.stream.at().seq, self.machine.counted());
        self.inject(true, |when| match when {
            When::Output(at) => seq >= at,
            When::Exit(at) => exits >= at,
            When::Micros(_) | When::Generation { .. } => false,
        })
    }

    fn inject_at_moment(&mut self) -> Result<(), Failure> {
        let Some(began) = self.began else { return Ok(()) };
        let generation = self.stream.generation();
        self.inject(false, |when| match when {
            When::Micros(at) => began.elapsed() >= Duration::from_micros(at),
            When::Generation { generation: at, .. } => at == generation,
            When::Output(_) | When::Exit(_) => false,
        })?;
        self.arm();
        Ok(())
    }

    fn inject(&mut self, exact: bool, due: impl Fn(When) -> bool) -> Result<(), Failure> {
        while let Some(place) = self.plans.iter().position(|plan| due(plan.when)) {
            let Some(plan) = self.plans.remove(place) else { break };
            let flip = plan.target.resolve(self.machine.memory());
            let registers = self.machine.registers();
            let at_ns = self.clock.1 + self.clock.0.elapsed().as_nanos() as u64;
            let made = match self.machine.inject(&flip) {
                Ok(_) => true,
                Err(InjectError::NotMapped(_)) => false,
                Err(InjectError::Crash(crash)) => return Err(crash.into()),
            };
            let (exits, seq) = (self.machine.counted(), self.stream.at().seq);
            let rip = registers.rip;
            let fault = Injected { flip, made, rip, registers, exits, seq, exact };
            self.wire.send(&Report::Injected { fault, at_ns })?;
        }
        Ok(())
    }
}
