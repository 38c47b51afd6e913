//! A whole world around one machine: guests, comparator, sinks, sources and a checkpoint store, each of which
//! acts when a schedule says so, and faults that strike when it says so.
//!
//! Nothing here shares code with what it tests, beyond the words of the protocol and the replica's `Stream`.

mod comparator;
mod guest;
mod oracle;

use comparator::Comparator;
use covert_core::epoch::Line;
use covert_core::watchdog::{HangLimits, Sample};
use covert_core::{
    Action, Class, End, Entry, Event, LaneSet, Limits, Machine, Record, Replica, Seq, Verified,
};
use guest::{Blocked, Guest, Program, Runner};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Where the decisions of a schedule come from.
pub trait Choices {
    /// A number below `n`, which is not 0.
    fn pick(&mut self, n: usize) -> usize;
}

impl Choices for fastrand::Rng {
    fn pick(&mut self, n: usize) -> usize {
        self.usize(..n)
    }
}

/// Decisions from a string of bytes, so that a failing schedule can be shrunk; zeros when it is used up.
pub struct Bytes<'a>(pub std::slice::Iter<'a, u8>);

impl Choices for Bytes<'_> {
    fn pick(&mut self, n: usize) -> usize {
        let byte = |it: &mut std::slice::Iter<'_, u8>| usize::from(it.next().copied().unwrap_or(0));
        let number = if n > 256 { byte(&mut self.0) << 8 | byte(&mut self.0) } else { byte(&mut self.0) };
        number % n
    }
}

/// What strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A bit of a replica's state flips.
    FlipState,
    /// A replica jumps to another place in its program.
    Jump,
    /// A replica dies.
    Crash,
    /// A replica stops for ever without dying.
    Hang,
    /// A byte of an arena flips between verdict and copy.
    FlipCopy,
    /// A byte of an input flips on its way to a replica.
    FlipInput,
    /// A staged checkpoint changes before it is stored.
    FlipStaging,
    /// A replica asks for what it must not ask for.
    WildRequest,
    /// A restore ends in the death of the replica.
    FailRestore,
    /// The comparator repeats a verdict.
    RepeatVerdict,
    /// The comparator leaves out a verdict.
    SkipVerdict,
    /// The comparator lets a record pass on the word of a single lane.
    LoneVerdict,
    /// The comparator's driver gives up on it.
    LoseComparator,
}

/// The faults that a single replica cannot survive unnoticed even without a peer.
pub const FAULTS_OF_SIMPLEX: &[Fault] =
    &[Fault::Crash, Fault::FlipInput, Fault::FailRestore, Fault::LoseComparator];

/// Every fault.
pub const FAULTS: &[Fault] = &[
    Fault::FlipState,
    Fault::Jump,
    Fault::Crash,
    Fault::Hang,
    Fault::FlipCopy,
    Fault::FlipInput,
    Fault::FlipStaging,
    Fault::WildRequest,
    Fault::FailRestore,
    Fault::RepeatVerdict,
    Fault::SkipVerdict,
    Fault::LoneVerdict,
    Fault::LoseComparator,
];

/// What a run is made of.
pub struct Setup {
    pub limits: Limits,
    pub program: Program,
    /// Faults that may strike, and how many of them at most.
    pub faults: &'static [Fault],
    pub budget: usize,
    /// How often somebody says that another comparator stands ready.
    pub successors: usize,
    /// A replica whose core computes wrongly at one place of the program, for so many attempts.
    pub broken: Option<(Replica, u32, u32)>,
    /// Whether the guest depends on something that nobody coordinates.
    pub rogue: bool,
}

pub fn limits(replicas: usize, window: u32, epoch_exits: u32) -> Limits {
    Limits {
        replicas,
        group: 5,
        ring: 8,
        window,
        epoch_exits,
        input_max: 16,
        payload_max: 64,
        attempts: 12,
        hang: HangLimits { cpu_ms: 100, clock_ms: 1_000 },
    }
}

impl Setup {
    /// A setup chosen by the schedule itself.
    pub fn choose(choices: &mut impl Choices) -> Setup {
        let replicas = [1, 2, 2, 3][choices.pick(4)];
        let window = 1 + choices.pick(4) as u32;
        let epoch_exits = 2 + choices.pick(6) as u32;
        let exits = 3 + choices.pick(14);
        Setup {
            limits: limits(replicas, window, epoch_exits),
            program: Program::choose(exits, choices),
            faults: if replicas == 1 { FAULTS_OF_SIMPLEX } else { FAULTS },
            budget: choices.pick(4),
            successors: choices.pick(4),
            broken: None,
            rogue: false,
        }
    }
}

/// How a run went.
#[derive(Debug)]
pub struct Outcome {
    pub end: End,
    pub struck: Vec<Fault>,
    pub counters: covert_core::Counters,
}

/// How a run ends, nothing else of it looked at.
pub fn end_of(setup: &Setup, choices: &mut impl Choices) -> End {
    Sim::play(setup, choices).end.expect("the machine has ended")
}

pub struct Sim<'a, C> {
    setup: &'a Setup,
    choices: &'a mut C,
    machine: Machine,
    runners: Vec<Runner>,
    comparator: Comparator,
    /// Events on their way, each channel in order.
    from_replicas: Vec<VecDeque<Event>>,
    to_replicas: Vec<VecDeque<Arc<Entry>>>,
    reads: Vec<(u64, covert_core::Request, bool)>,
    sinking: Option<Verified>,
    storing: Option<(Line, Replica)>,
    line: Guest,
    source: oracle::Source,
    released: Vec<(Seq, Vec<u8>)>,
    inputs: BTreeMap<u64, (Class, Vec<u8>)>,
    budget: usize,
    successors: usize,
    struck: Vec<Fault>,
    /// The replica that computes wrongly, once one does.
    wrong: Option<Replica>,
    now_ms: u64,
    attempt: u32,
    end: Option<End>,
}

impl<'a, C: Choices> Sim<'a, C> {
    /// Runs a machine to its end and holds every promise against what happened.
    pub fn run(setup: &'a Setup, choices: &'a mut C) -> Outcome {
        Sim::play(setup, choices).check()
    }

    fn play(setup: &'a Setup, choices: &'a mut C) -> Self {
        let (machine, actions) = Machine::start(setup.limits).expect("the limits work");
        let replicas = setup.limits.replicas;
        let mut sim = Sim {
            setup,
            choices,
            machine,
            runners: (0..replicas).map(|_| Runner::new(&setup.limits)).collect(),
            comparator: Comparator::new(&setup.limits),
            from_replicas: vec![VecDeque::new(); replicas],
            to_replicas: vec![VecDeque::new(); replicas],
            reads: Vec::new(),
            sinking: None,
            storing: None,
            line: Guest::loaded(),
            source: oracle::Source::default(),
            released: Vec::new(),
            inputs: BTreeMap::new(),
            budget: setup.budget,
            successors: setup.successors,
            struck: Vec::new(),
            wrong: None,
            now_ms: 0,
            attempt: 0,
            end: None,
        };
        sim.act(actions);
        for step in 0.. {
            assert!(step < 100_000, "stuck in {:?}, struck by {:?}", sim.machine.phase(), sim.struck);
            if sim.end.is_some() {
                break;
            }
            sim.step();
        }
        sim
    }

    fn step(&mut self) {
        if self.budget > 0 && self.choices.pick(24) == 0 {
            let fault = self.setup.faults[self.choices.pick(self.setup.faults.len())];
            if self.strike(fault) {
                self.budget -= 1;
                self.struck.push(fault);
            }
        }
        if self.successors > 0 && self.choices.pick(24) == 0 {
            self.successors -= 1;
            // One that stood ready may be gone again.
            let ready = self.choices.pick(4) != 0;
            self.handle(Event::Successor { ready });
        }
        let replicas = self.runners.len();
        let actors = 3 * replicas + 5;
        let first = self.choices.pick(actors);
        for i in 0..actors {
            let actor = (first + i) % actors;
            let acted = match actor {
                a if a < replicas => self.run_replica(a),
                a if a < 2 * replicas => self.hear_replica(a - replicas),
                a if a < 3 * replicas => self.feed_replica(a - 2 * replicas),
                a => match a - 3 * replicas {
                    0 => self.comparator.vote(),
                    1 => self.hear_comparator(),
                    2 => self.finish_read(),
                    3 => self.finish_release(),
                    _ => self.finish_store(),
                },
            };
            if acted {
                return;
            }
        }
        self.pass_time();
    }

    // ---- The actors -------------------------------------------------------------------------------

    fn run_replica(&mut self, replica: Replica) -> bool {
        let wrong_core =
            self.setup.broken.filter(|(who, _, until)| *who == replica && self.attempt <= *until);
        let runner = &mut self.runners[replica];
        if !runner.can_run() {
            return false;
        }
        if let Some((_, pc, _)) = wrong_core
            && runner.guest.pc == pc as usize
        {
            runner.guest.state ^= 1;
        }
        if self.setup.rogue {
            runner.guest.rogue = u64::from(runner.stream.generation());
        }
        // To one that took another's place a replica has a way only if it was started after that.
        if let Some(record) = runner.run(&self.setup.program)
            && runner.way == self.comparator.number
        {
            self.comparator.submit(replica, record);
        }
        if let Some(event) = runner.tell(replica) {
            self.from_replicas[replica].push_back(event);
        }
        true
    }

    fn hear_replica(&mut self, replica: Replica) -> bool {
        let Some(event) = self.from_replicas[replica].pop_front() else { return false };
        self.handle(event);
        true
    }

    fn feed_replica(&mut self, replica: Replica) -> bool {
        let Some(entry) = self.to_replicas[replica].pop_front() else { return false };
        let runner = &mut self.runners[replica];
        if runner.alive && !runner.hung && runner.take(&entry).is_err() {
            self.kill(replica);
        }
        true
    }

    fn hear_comparator(&mut self) -> bool {
        let Some((verdict, copy)) = self.comparator.verdicts.pop_front() else { return false };
        self.handle(Event::Verdict { verdict, copy });
        true
    }

    fn finish_read(&mut self) -> bool {
        if self.reads.is_empty() {
            return false;
        }
        let (index, request, cancelled) = self.reads.swap_remove(self.choices.pick(self.reads.len()));
        let value = (!cancelled || self.choices.pick(2) == 0).then(|| self.source.read(&request));
        self.handle(Event::Answered { index, value });
        true
    }

    fn finish_release(&mut self) -> bool {
        let Some(record) = self.sinking.take() else { return false };
        let result = oracle::answer(record.payload());
        self.released.push((record.seq(), record.payload().to_vec()));
        self.handle(Event::Released { seq: record.seq(), result });
        true
    }

    fn finish_store(&mut self) -> bool {
        let Some((line, from)) = self.storing.take() else { return false };
        let staged = self.runners[from].staged.filter(|(epoch, _)| *epoch == line.epoch);
        let held = staged.is_some_and(|(_, guest)| guest.fingerprint() == line.state);
        if let (true, Some((_, guest))) = (held, staged) {
            self.line = guest;
        }
        self.handle(Event::Stored { epoch: line.epoch, held });
        true
    }

    fn pass_time(&mut self) {
        self.now_ms += 400;
        let samples = (0..self.runners.len())
            .filter(|replica| self.machine.live().contains(*replica))
            .map(|replica| {
                let runner = &self.runners[replica];
                let window_full = runner.blocked == Blocked::Window && !runner.can_run();
                (replica, Sample { exits: runner.exits, cpu_ms: 0, window_full })
            })
            .collect();
        // The unit's own watchdog, for a lane that lacks what another has.
        if self.now_ms.is_multiple_of(1_600) {
            self.comparator.expire();
        }
        self.handle(Event::Samples { now_ms: self.now_ms, samples });
    }

    fn kill(&mut self, replica: Replica) {
        let runner = &mut self.runners[replica];
        runner.hung = false;
        if std::mem::replace(&mut runner.alive, false) {
            let generation = runner.told;
            self.from_replicas[replica].push_back(Event::Failed { replica, generation });
        }
    }

    // ---- What the machine demands -----------------------------------------------------------------

    fn handle(&mut self, event: Event) {
        let mut actions = Vec::new();
        self.machine.handle(event, &mut actions);
        let (inputs, releases, queue) = self.machine.footprint();
        let limits = &self.setup.limits;
        assert!(inputs <= limits.inputs_max(), "{inputs} inputs are remembered");
        assert!(releases <= limits.records_max(), "{releases} releases are remembered");
        assert!(queue <= limits.ring as usize, "{queue} records wait");
        self.act(actions);
    }

    fn act(&mut self, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Read { index, request } => self.reads.push((index, request, false)),
                Action::CancelRead { index } => {
                    for read in self.reads.iter_mut().filter(|read| read.0 == index) {
                        read.2 = true;
                    }
                }
                Action::GiveBack(entry) => self.source.give_back(&entry.value),
                Action::Deliver { replica, entry } => {
                    self.inputs.insert(entry.index, (entry.request.class, entry.value.clone()));
                    self.to_replicas[replica].push_back(entry);
                }
                Action::Release(record) => {
                    assert!(self.sinking.is_none(), "a second record is released before the first has left");
                    self.sinking = Some(record);
                }
                Action::Reclaim { next } => {
                    for runner in &mut self.runners {
                        runner.stream.released(next);
                    }
                }
                Action::Continue { replica } => self.runners[replica].go_on(),
                Action::Store { line, from } => self.storing = Some((line, from)),
                Action::Halt { replica } => {
                    let runner = &mut self.runners[replica];
                    if runner.alive && !runner.hung {
                        runner.blocked = Blocked::Halted;
                        let generation = runner.told;
                        self.from_replicas[replica].push_back(Event::Halted { replica, generation });
                    }
                }
                Action::Kill { replica } => self.kill(replica),
                Action::Retire { replica } => {
                    self.kill(replica);
                    self.comparator.reset(replica);
                }
                Action::Flush { generation, members, start, renewed } => {
                    if renewed {
                        let number = self.comparator.number + 1;
                        self.comparator = Comparator::new(&self.setup.limits);
                        self.comparator.number = number;
                    }
                    self.comparator.flush(generation, members, start)
                }
                Action::Restore { replica, generation, line, fresh, attempt } => {
                    self.attempt = attempt;
                    let runner = &mut self.runners[replica];
                    self.to_replicas[replica].clear();
                    if fresh {
                        *runner = Runner::new(&self.setup.limits);
                        runner.way = self.comparator.number;
                    }
                    runner.told = generation;
                    if runner.hung {
                        continue;
                    }
                    let event = if runner.alive {
                        runner.restore(generation, line, self.line);
                        Event::Restored { replica, generation }
                    } else {
                        Event::Failed { replica, generation }
                    };
                    self.from_replicas[replica].push_back(event);
                }
                Action::Rollback { .. } => {}
                Action::End(end) => self.end = Some(end),
            }
        }
    }

    // ---- Faults -----------------------------------------------------------------------------------

    fn strike(&mut self, fault: Fault) -> bool {
        let mut replica = self.choices.pick(self.runners.len());
        // Wrong computing strikes one replica of a schedule only: two that are made wrong in the same way, before
        // anything of them was compared, agree, and no comparison can tell. Death may strike any of them.
        if matches!(fault, Fault::FlipState | Fault::Jump | Fault::FlipStaging | Fault::WildRequest) {
            replica = *self.wrong.get_or_insert(replica);
        }
        let running = self.runners[replica].alive && !self.runners[replica].hung;
        match fault {
            Fault::FlipState if running => self.runners[replica].guest.state ^= 1 << self.choices.pick(64),
            Fault::Jump if running && self.runners[replica].blocked == Blocked::No => {
                self.runners[replica].guest.pc = self.choices.pick(self.setup.program.len());
            }
            Fault::Crash if running && (self.healthy() > 1 || self.none_hangs()) => {
                self.kill(replica);
            }
            // When all that are left hang, nobody waits: a guest that computes for hours looks the same.
            Fault::Hang if running && self.healthy() > 1 && self.none_hangs() => {
                self.runners[replica].hung = true
            }
            Fault::FlipCopy => return self.flip_copy(),
            Fault::FlipInput => {
                let Some(entry) = self.to_replicas[replica].front_mut() else { return false };
                let mut flipped = Entry::clone(entry);
                match flipped.value.first_mut() {
                    Some(byte) => *byte ^= 4,
                    None => flipped.index ^= 4,
                }
                *entry = Arc::new(flipped);
            }
            Fault::FlipStaging => match &mut self.runners[replica].staged {
                Some((_, guest)) => guest.state ^= 2,
                None => return false,
            },
            Fault::WildRequest if running && self.runners[replica].blocked == Blocked::No => {
                let runner = &self.runners[replica];
                let mut request = runner.stream.ask(Class::Pure, 0, 0, 8);
                match self.choices.pick(4) {
                    0 => request.point.inputs += 1 + self.choices.pick(9) as u64,
                    1 => request.length = u32::MAX,
                    2 => request.class = Class::Result(request.point.seq + 7),
                    _ => request.point.inputs = request.point.inputs.wrapping_sub(1),
                }
                let generation = runner.told;
                self.from_replicas[replica].push_back(Event::Request { replica, generation, request });
            }
            Fault::FailRestore => {
                let Some(event) = self.from_replicas[replica].front_mut() else { return false };
                let Event::Restored { replica, generation } = *event else { return false };
                *event = Event::Failed { replica, generation };
                self.runners[replica].alive = false;
            }
            Fault::RepeatVerdict => match self.comparator.verdicts.front().cloned() {
                Some(verdict) => self.comparator.verdicts.push_front(verdict),
                None => return false,
            },
            Fault::SkipVerdict => return self.comparator.verdicts.pop_front().is_some(),
            Fault::LoneVerdict => match self.comparator.verdicts.front_mut() {
                Some((verdict, _)) if verdict.outcome.is_releasable() => {
                    verdict.agree = LaneSet::only(replica)
                }
                _ => return false,
            },
            Fault::LoseComparator => {
                self.comparator.lose();
                self.handle(Event::ComparatorFault("lost"));
            }
            _ => return false,
        }
        true
    }

    fn none_hangs(&self) -> bool {
        self.runners.iter().all(|runner| !runner.hung)
    }

    fn healthy(&self) -> usize {
        let healthy = |replica: &Replica| self.runners[*replica].alive && !self.runners[*replica].hung;
        (0..self.runners.len()).filter(|r| self.machine.live().contains(*r)).filter(healthy).count()
    }

    fn flip_copy(&mut self) -> bool {
        let waiting = self.comparator.verdicts.iter_mut().filter_map(|(_, copy)| copy.as_mut());
        let copies: Vec<&mut Record> = waiting.collect();
        if copies.is_empty() {
            return false;
        }
        let which = self.choices.pick(copies.len());
        let Some(copy) = copies.into_iter().nth(which) else { return false };
        match (self.choices.pick(8), copy.payload.first_mut()) {
            (0, _) => copy.header.seq ^= 1,
            (1, _) => copy.header.target ^= 1,
            (2, _) => copy.header.kind ^= 1,
            (3, _) => copy.header.length ^= 1,
            (4, _) => copy.header.channel ^= 1,
            (_, Some(byte)) => *byte ^= 0x40,
            (_, None) => copy.header.generation ^= 1,
        }
        true
    }
}
