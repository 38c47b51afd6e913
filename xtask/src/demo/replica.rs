//! One replica: a process of its own with an arena, which it alone writes, and no other way out.

use super::guest::{CHUNK, Guest, Next};
use super::wire::{self, Order, Report};
use super::{Flip, geometry, limits};
use anyhow::{Context, Result, bail};
use covert_abi::Kind;
use covert_core::epoch::Line;
use covert_core::stream::{OutputError, Turn};
use covert_core::{Class, Request, Stream};
use covert_driver::{ArenaDoorbell, ArenaLane, ArenaWriter, Lane, Output, ProgressReader};
use std::io::{BufRead, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, TryRecvError, channel};

/// Run as a replica of the demo (started by the demo itself)
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Position in the group
    #[arg(long)]
    replica: usize,
    /// The arena's memory
    #[arg(long)]
    arena: PathBuf,
    /// The page with the coordinator's progress
    #[arg(long)]
    progress: PathBuf,
    /// Flip a bit: before which exit, where, which bit
    #[arg(long)]
    flip: Option<Flip>,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let page = open(&args.progress, false)?;
    let arena = ArenaWriter::map(&open(&args.arena, true)?, geometry(args.replica))?;
    let lane = ArenaLane::new(arena, ProgressReader::map(&page)?, ArenaDoorbell, limits().group);
    let (orders, inbox) = channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            let Ok(order) = serde_json::from_str(&line) else { break };
            if orders.send(order).is_err() {
                break;
            }
        }
    });
    let mut replica = Replica {
        lane,
        progress: ProgressReader::map(&page)?,
        stream: Stream::new(&limits()),
        start: 0,
        guest: Guest::new(),
        exits: 0,
        flip: args.flip,
        inbox,
    };
    replica.run()
}

fn open(path: &Path, write: bool) -> Result<OwnedFd> {
    let file = std::fs::File::options().read(true).write(write).open(path);
    Ok(file.with_context(|| format!("cannot open {}", path.display()))?.into())
}

fn tell(report: &Report) -> Result<()> {
    let mut line = serde_json::to_vec(report)?;
    line.push(b'\n');
    let mut out = std::io::stdout().lock();
    out.write_all(&line)?;
    Ok(out.flush()?)
}

struct Replica {
    lane: ArenaLane<ArenaDoorbell>,
    progress: ProgressReader,
    stream: Stream,
    /// First record of the generation.
    start: u64,
    guest: Guest,
    exits: u64,
    flip: Option<Flip>,
    inbox: Receiver<Order>,
}

/// Why the replica left what it was doing.
enum Left {
    Halted,
    Coordinator,
}

type Step<T> = std::result::Result<T, Left>;

impl Replica {
    /// From one halt to the next, until the coordinator goes away.
    fn run(&mut self) -> Result<()> {
        loop {
            match self.inbox.recv() {
                Err(_) => return Ok(()),
                Ok(Order::Restore { generation, epoch, seq, inputs, state, guest }) => {
                    self.stream.restore(generation, Line { epoch, seq, inputs, state });
                    self.lane.begin(generation, seq);
                    self.start = seq;
                    self.guest = *guest;
                    tell(&Report::Restored)?;
                }
                Ok(Order::Halt) => tell(&Report::Halted)?,
                Ok(Order::Deliver { .. }) => bail!("an input was delivered to a replica that stands still"),
                Ok(Order::Continue) => match self.live()? {
                    Left::Halted => tell(&Report::Halted)?,
                    Left::Coordinator => return Ok(()),
                },
            }
        }
    }

    fn live(&mut self) -> Result<Left> {
        loop {
            if let Some(flip) = self.flip.take_if(|flip| flip.exit <= self.exits) {
                self.guest.flip(flip.place, flip.bit);
                tell(&Report::Flipped { seq: self.stream.at().seq })?;
            }
            let step = match self.guest.next() {
                Next::Read => self.read()?,
                Next::Report => self.print(Kind::Posted)?,
                Next::Summary => self.print(Kind::Waiting)?,
                Next::End => {
                    let at = self.stream.at();
                    tell(&Report::Ended { seq: at.seq, inputs: at.inputs })?;
                    self.wait(|_| false)?.map(|_| ())
                }
            };
            let step = match step {
                Ok(()) => self.count_exit()?,
                left => left,
            };
            if let Err(left) = step {
                return Ok(left);
            }
        }
    }

    fn read(&mut self) -> Result<Step<()>> {
        let request = self.stream.ask(Class::Consuming, 0, 0, CHUNK);
        Ok(self.input(request)?.map(|chunk| self.guest.read(&chunk)))
    }

    fn print(&mut self, kind: Kind) -> Result<Step<()>> {
        let text = self.guest.print();
        if let Err(left) = self.submit(kind, text.as_bytes())? {
            return Ok(Err(left));
        }
        if kind == Kind::Waiting {
            let request = self.stream.ask_result(CHUNK);
            return Ok(self.input(request)?.map(|_| ()));
        }
        Ok(Ok(()))
    }

    /// Counts the exit just made; at the end of an epoch stages a checkpoint.
    fn count_exit(&mut self) -> Result<Step<()>> {
        self.exits += 1;
        if self.stream.exit() == Turn::Run {
            return Ok(Ok(()));
        }
        let epoch = self.stream.epoch();
        tell(&Report::Boundary { epoch })?;
        if let Err(left) = self.wait(|order| matches!(order, Order::Continue))? {
            return Ok(Err(left));
        }
        tell(&Report::Staged { epoch, guest: Box::new(self.guest.clone()) })?;
        loop {
            self.learn_progress();
            match self.stream.state(self.guest.fingerprint()) {
                Ok((header, payload)) => {
                    self.send(&Output { kind: header.kind, ..Output::default() }, &payload)?;
                    return Ok(Ok(()));
                }
                Err(OutputError::WindowFull { .. }) => {
                    if let Err(left) = self.breathe()? {
                        return Ok(Err(left));
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn submit(&mut self, kind: Kind, payload: &[u8]) -> Result<Step<()>> {
        loop {
            self.learn_progress();
            match self.stream.output(kind, 1, 0, payload.len()) {
                Ok(header) => {
                    let output = Output { kind: header.kind, channel: header.channel, target: header.target };
                    self.send(&output, payload)?;
                    return Ok(Ok(()));
                }
                Err(OutputError::WindowFull { .. }) => {
                    if let Err(left) = self.breathe()? {
                        return Ok(Err(left));
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn send(&mut self, output: &Output, payload: &[u8]) -> Result<()> {
        self.lane.submit(output, payload)?;
        self.lane.ring();
        Ok(())
    }

    fn learn_progress(&mut self) {
        let told = self.progress.observe();
        if told.generation == self.stream.generation() {
            self.stream.released(self.start + u64::from(told.count));
        }
    }

    /// Lets a moment pass, unless there is an order to stop.
    fn breathe(&mut self) -> Result<Step<()>> {
        std::thread::sleep(std::time::Duration::from_micros(50));
        match self.inbox.try_recv() {
            Err(TryRecvError::Empty) => Ok(Ok(())),
            Err(TryRecvError::Disconnected) => Ok(Err(Left::Coordinator)),
            Ok(Order::Halt) => Ok(Err(Left::Halted)),
            Ok(order) => bail!("{order:?} came while the replica waited for a release"),
        }
    }

    fn input(&mut self, request: Request) -> Result<Step<Vec<u8>>> {
        tell(&Report::Request(request.into()))?;
        let order = match self.wait(|order| matches!(order, Order::Deliver { .. }))? {
            Ok(order) => order,
            Err(left) => return Ok(Err(left)),
        };
        let Order::Deliver { index, request, value, fingerprint } = order else { bail!("no input") };
        let entry = wire::entry(index, request, value, fingerprint);
        self.stream.take(&entry)?;
        Ok(Ok(entry.value))
    }

    fn wait(&mut self, wanted: impl Fn(&Order) -> bool) -> Result<Step<Order>> {
        match self.inbox.recv() {
            Err(_) => Ok(Err(Left::Coordinator)),
            Ok(Order::Halt) => Ok(Err(Left::Halted)),
            Ok(order) if wanted(&order) => Ok(Ok(order)),
            Ok(order) => bail!("{order:?} came out of turn"),
        }
    }
}
