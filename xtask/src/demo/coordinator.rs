//! The coordinator of the demo: owns the world and the comparator, feeds the machine and does what it says.

use super::guest::Guest;
use super::wire::{Order, Report};
use super::{Flip, geometry, limits};
use anyhow::{Context, Result, bail};
use covert_abi::Outcome;
use covert_core::watchdog::Sample;
use covert_core::{Action, Counters, End, Event, LaneSet, Line, Machine, Point, Record, Seq};
use covert_driver::software::SoftwareConfig;
use covert_driver::{ArenaReader, Group, LanePlace, ProgressWriter, RecordCopy, SoftwareGroup, arena};
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

/// How often the machine is told that time has passed.
const SAMPLE_EVERY: Duration = Duration::from_millis(20);

/// A run that makes no progress for so long is given up.
const PATIENCE: Duration = Duration::from_secs(60);

/// Something worth a line of the timeline.
#[derive(Clone, Debug, serde::Serialize)]
pub(crate) struct Moment {
    pub(crate) ms: f64,
    pub(crate) what: String,
}

/// How a run went.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) output: String,
    pub(crate) end: End,
    pub(crate) counters: Counters,
    pub(crate) timeline: Vec<Moment>,
    /// Record and milliseconds at the flip, at its detection, and at the first new release after it.
    pub(crate) flipped: Option<(Seq, f64)>,
    pub(crate) detected: Option<(Seq, f64)>,
    pub(crate) caught_up: Option<f64>,
    pub(crate) wall_ms: f64,
}

/// A replica's process, as the coordinator holds it.
struct Replica {
    child: Child,
    orders: ChildStdin,
    /// Reports of earlier processes at this position are not its own.
    life: u64,
    generation: u32,
    exits: u64,
    staged: VecDeque<(u64, Guest)>,
    /// Nothing more will be heard of it.
    gone: bool,
}

struct Coordinator<'a> {
    machine: Machine,
    group: SoftwareGroup,
    copy: RecordCopy,
    memory: Vec<OwnedFd>,
    page: OwnedFd,
    replicas: Vec<Replica>,
    inbox: Receiver<(usize, u64, Option<Report>)>,
    mail: Sender<(usize, u64, Option<Report>)>,
    flip: Option<Flip>,
    text: &'a [u8],
    read: usize,
    checkpoint: Guest,
    /// A checkpoint to keep whose pages have not arrived: its State record can be faster than they are.
    storing: Option<(Line, usize)>,
    begin: Instant,
    run: Run,
    live: &'a mut dyn FnMut(&Moment),
}

/// Runs the program on `text` as a pair, with one bit flipped in replica 1, and tells what happens as it happens.
pub(crate) fn run(text: &[u8], flip: Option<Flip>, live: &mut dyn FnMut(&Moment)) -> Result<Run> {
    let (machine, actions) = Machine::start(limits())?;
    let replicas = limits().replicas;
    let memory = (0..replicas).map(|i| arena::create(&geometry(i))).collect::<Result<Vec<_>, _>>()?;
    let readers = (0..replicas).map(|i| ArenaReader::map(&memory[i], geometry(i)));
    let (progress, page) = ProgressWriter::create()?;
    let config = SoftwareConfig {
        group: limits().group,
        payload_max: limits().payload_max,
        ..SoftwareConfig::default()
    };
    let group = SoftwareGroup::new(config, readers.collect::<Result<_, _>>()?, progress)?;
    let (mail, inbox) = channel();
    let mut coordinator = Coordinator {
        machine,
        group,
        copy: RecordCopy::new(limits().payload_max),
        memory,
        page,
        replicas: Vec::new(),
        inbox,
        mail,
        flip,
        text,
        read: 0,
        checkpoint: Guest::new(),
        storing: None,
        begin: Instant::now(),
        run: Run {
            output: String::new(),
            end: End::Finished,
            counters: Counters::default(),
            timeline: Vec::new(),
            flipped: None,
            detected: None,
            caught_up: None,
            wall_ms: 0.0,
        },
        live,
    };
    for replica in 0..replicas {
        let started = coordinator.spawn(replica, 0)?;
        coordinator.replicas.push(started);
        coordinator.group.place(replica, &LanePlace::of(&geometry(replica))?)?;
    }
    coordinator.go(actions)
}

impl Coordinator<'_> {
    fn go(mut self, actions: Vec<Action>) -> Result<Run> {
        let mut ended = self.act(actions)?;
        let (mut sampled, mut ticked) = (Instant::now(), Instant::now());
        while ended.is_none() {
            if self.begin.elapsed() > PATIENCE {
                bail!("the pair made no end in {} s", PATIENCE.as_secs());
            }
            let mut events = Vec::new();
            if let Ok((replica, life, report)) = self.inbox.recv_timeout(Duration::from_micros(100)) {
                events.extend(self.hear(replica, life, report));
            }
            let ticks = ticked.elapsed().as_micros() as u32;
            ticked = Instant::now();
            self.group.advance(ticks)?;
            while let Some(verdict) = self.group.poll()? {
                events.push(self.judge(verdict)?);
            }
            if sampled.elapsed() > SAMPLE_EVERY {
                sampled = Instant::now();
                events.push(self.sample());
            }
            for event in events {
                let mut actions = Vec::new();
                self.machine.handle(event, &mut actions);
                ended = ended.or(self.act(actions)?);
            }
        }
        self.run.wall_ms = self.now_ms();
        self.run.counters = self.machine.counters();
        self.run.end = ended.unwrap_or(End::Finished);
        Ok(self.run)
    }

    fn now_ms(&self) -> f64 {
        self.begin.elapsed().as_secs_f64() * 1e3
    }

    fn tell(&mut self, what: String) {
        let moment = Moment { ms: self.now_ms(), what };
        (self.live)(&moment);
        self.run.timeline.push(moment);
    }

    // ---- What is heard ----------------------------------------------------------------------------

    /// What follows from a replica's report; `None` as a report is its end.
    fn hear(&mut self, replica: usize, life: u64, report: Option<Report>) -> Vec<Event> {
        if life != self.replicas[replica].life {
            return Vec::new();
        }
        let Some(report) = report else {
            self.replicas[replica].gone = true;
            let generation = self.replicas[replica].generation;
            let stored = self.storing.filter(|(_, from)| *from == replica).and_then(|_| self.store());
            return [Event::Failed { replica, generation }].into_iter().chain(stored).collect();
        };
        self.report(replica, report).into_iter().collect()
    }

    fn report(&mut self, replica: usize, report: Report) -> Option<Event> {
        let now_ms = self.now_ms();
        let of = &mut self.replicas[replica];
        of.exits += 1;
        let generation = of.generation;
        Some(match report {
            Report::Request(ask) => Event::Request { replica, generation, request: ask.into() },
            Report::Boundary { epoch } => Event::Boundary { replica, generation, epoch },
            Report::Ended { seq, inputs } => Event::Ended { replica, generation, at: Point { seq, inputs } },
            Report::Halted => Event::Halted { replica, generation },
            Report::Restored => Event::Restored { replica, generation },
            Report::Staged { epoch, guest } => {
                of.staged.push_back((epoch, *guest));
                // The one before it and its own: nothing older can still be asked for.
                while of.staged.len() > 2 {
                    of.staged.pop_front();
                }
                return self.store();
            }
            Report::Flipped { seq } => {
                self.flip = None;
                self.run.flipped = Some((seq, now_ms));
                self.tell(format!("a bit flips in replica {replica}, before its record {seq}"));
                return None;
            }
        })
    }

    /// A verdict with the copy that a release would need.
    fn judge(&mut self, verdict: covert_abi::Verdict) -> Result<Event> {
        let now_ms = self.now_ms();
        let mut copy = None;
        if let Some(lane) = verdict.agree.iter().next().filter(|_| verdict.outcome.is_releasable()) {
            // What cannot be copied or confirmed goes to the machine as a record without a copy.
            if self.group.copy_record(lane, verdict.seq, &mut self.copy).is_ok()
                && let Ok(released) = self.copy.confirm(&verdict)
            {
                copy = Some(Record { header: released.header, payload: released.payload.to_vec() });
            }
        } else if verdict.outcome != Outcome::Flushed {
            self.run.detected.get_or_insert((verdict.seq, now_ms));
            self.tell(format!("the comparator reports {:?} on record {}", verdict.outcome, verdict.seq));
        }
        Ok(Event::Verdict { verdict, copy })
    }

    fn sample(&mut self) -> Event {
        let sample = |replica: &Replica| Sample { exits: replica.exits, cpu_ms: 0, window_full: false };
        let samples = self.replicas.iter().map(sample).enumerate().collect();
        Event::Samples { now_ms: self.now_ms() as u64, samples }
    }

    // ---- What is done -----------------------------------------------------------------------------

    /// Does what the machine says, and what follows at once; gives the end if it came.
    fn act(&mut self, actions: Vec<Action>) -> Result<Option<End>> {
        let mut queue: VecDeque<Action> = actions.into();
        while let Some(action) = queue.pop_front() {
            let follows = match action {
                Action::End(end) => return Ok(Some(end)),
                Action::Read { index, request } => {
                    let most = self.read.saturating_add(request.length as usize).min(self.text.len());
                    let chunk = self.text[self.read..most].to_vec();
                    self.read = most;
                    Some(Event::Answered { index, value: Some(chunk) })
                }
                // Every read above is answered at once: there is none to cancel.
                Action::CancelRead { .. } => None,
                Action::GiveBack(entry) => {
                    self.read = self.read.saturating_sub(entry.value.len());
                    None
                }
                Action::Deliver { replica, entry } => self.order(replica, &Order::deliver(&entry)),
                Action::Release(record) => {
                    if self.run.detected.is_some() && self.run.caught_up.is_none() {
                        self.run.caught_up = Some(self.now_ms());
                        self.tell(format!(
                            "caught up: record {} is released, the first new one",
                            record.seq()
                        ));
                    }
                    self.run.output += &String::from_utf8_lossy(record.payload());
                    Some(Event::Released { seq: record.seq(), result: Vec::new() })
                }
                Action::Reclaim { next } => {
                    self.group.release(next)?;
                    None
                }
                Action::Continue { replica } => self.order(replica, &Order::Continue),
                Action::Store { line, from } => {
                    self.storing = Some((line, from));
                    self.store()
                }
                Action::Halt { replica } => self.order(replica, &Order::Halt),
                Action::Kill { replica } => {
                    self.replicas[replica].child.kill().context("cannot end a replica")?;
                    None
                }
                Action::Retire { replica } => {
                    self.replicas[replica].child.kill().context("cannot end a replica")?;
                    self.group.reset_lane(replica)?;
                    None
                }
                Action::Flush { members, start, .. } => self.flush(members, start)?,
                Action::Restore { replica, generation, line, fresh, .. } => {
                    if fresh && generation > 1 {
                        self.replicas[replica] = self.spawn(replica, self.replicas[replica].life + 1)?;
                    }
                    let restored = &mut self.replicas[replica];
                    restored.generation = generation;
                    // A checkpoint of the generation that was given up must not be taken for one of the next.
                    restored.staged.clear();
                    self.order(replica, &Order::restore(generation, line, self.checkpoint.clone()))
                }
                Action::Rollback { reason, .. } => {
                    let line = self.machine.line();
                    self.tell(format!(
                        "rolled back to checkpoint {} (record {}), because of {reason:?}",
                        line.epoch, line.seq
                    ));
                    None
                }
            };
            if let Some(event) = follows {
                let mut more = Vec::new();
                self.machine.handle(event, &mut more);
                queue.extend(more);
            }
        }
        Ok(None)
    }

    /// Sends an order. A replica that cannot take it is dead.
    fn order(&mut self, replica: usize, order: &Order) -> Option<Event> {
        let to = &mut self.replicas[replica];
        let mut line = serde_json::to_vec(order).ok()?;
        line.push(b'\n');
        let sent = to.orders.write_all(&line).and_then(|()| to.orders.flush());
        sent.is_err().then_some(Event::Failed { replica, generation: to.generation })
    }

    fn flush(&mut self, members: LaneSet, start: Seq) -> Result<Option<Event>> {
        let status = self.group.status();
        for lane in members.without(status.live).iter().filter(|_| status.generation > 0) {
            self.group.reset_lane(lane)?;
            self.group.place(lane, &LanePlace::of(&geometry(lane))?)?;
        }
        self.group.flush(members, start)?;
        Ok(None)
    }

    /// Keeps the checkpoint that is to be stored, once it is here, if it is what was compared.
    fn store(&mut self) -> Option<Event> {
        let (line, from) = self.storing?;
        let replica = &self.replicas[from];
        let staged = replica.staged.iter().find(|(epoch, _)| *epoch == line.epoch);
        if staged.is_none() && !replica.gone {
            return None;
        }
        let held = staged.filter(|(_, guest)| guest.fingerprint() == line.state);
        if let Some((_, guest)) = held {
            self.checkpoint = guest.clone();
        }
        self.storing = None;
        Some(Event::Stored { epoch: line.epoch, held: held.is_some() })
    }

    fn spawn(&self, replica: usize, life: u64) -> Result<Replica> {
        let path = |fd: &OwnedFd| format!("/proc/{}/fd/{}", std::process::id(), fd.as_raw_fd());
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["demo-replica", "--replica", &replica.to_string()]);
        command.args(["--arena", &path(&self.memory[replica]), "--progress", &path(&self.page)]);
        if let Some(flip) = self.flip.filter(|_| replica == 1) {
            command.args(["--flip", &flip.to_string()]);
        }
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let orders = child.stdin.take().context("a replica has no standard input")?;
        let reports = child.stdout.take().context("a replica has no standard output")?;
        let mail = self.mail.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(reports).lines().map_while(Result::ok) {
                // A replica that talks nonsense is treated like one that is dead.
                let Ok(report) = serde_json::from_str(&line) else { break };
                if mail.send((replica, life, Some(report))).is_err() {
                    return;
                }
            }
            let _ = mail.send((replica, life, None));
        });
        Ok(Replica { child, orders, life, generation: 0, exits: 0, staged: VecDeque::new(), gone: false })
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        // It may be gone already; either way it must not outlive the demo.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
