//! `covert run`: a guest as a protected machine, from its file or from the command line.

use crate::comparator::Ready;
use crate::config::{Card, Comparator, Kind, Replicas, VmFile};
use crate::events::{Event, Summary};
use crate::input_log::{Header, Recorder};
use crate::pair::{self, Plans};
use crate::world::mounts::{Mount, Mounts};
use crate::world::sinks::{Console, Sinks};
use crate::world::{Input, World};
use crate::{host, injection, narrate, simplex};
use anyhow::{Context, Result, bail};
use covert_abi::Verdict;
use covert_core::watchdog::HangLimits;
use covert_core::{End, Limits};
use covert_replica::inject::Plan;
use covert_replica::start::{GuestSetup, Setup};
use covert_replica::world::TRANSFER_MAX;
use rustix::fs::MemfdFlags;
use rustix::thread::CpuSet;
use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

/// Exit status of the command when the machine was stopped because a fault could not be recovered from.
pub const STATUS_STOPPED: u8 = 124;
/// Exit status of the command when it could not do what it was asked.
pub const STATUS_ERROR: u8 = 125;

/// Run a guest as a protected machine
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Exit status: the guest's own (128 + n after signal n); 124 if a fault could not be recovered from and the\n\
machine was stopped; 125 if the command itself could not do what was asked.\n\n\
Examples:\n  covert run vmm/examples/default.toml\n  \
covert run --mount .:/w --program /bin/busybox -- sort -n /w/numbers.txt\n  \
covert run --inject replica=B,output=17,reg=rbx,bit=13 -v vmm/examples/default.toml")]
pub struct Args {
    /// The machine's file
    #[arg(value_name = "VM.toml")]
    pub file: Option<PathBuf>,
    /// Static x86-64 Linux program to run, in place of the file's; its arguments come after `--`
    #[arg(long, value_name = "PATH")]
    pub program: Option<String>,
    /// What sort of guest the program is
    #[arg(long, value_enum)]
    pub kind: Option<Kind>,
    /// How many replicas run side by side
    #[arg(long, value_enum)]
    pub replicas: Option<Replicas>,
    /// What compares them
    #[arg(long, value_enum)]
    pub comparator: Option<Comparator>,
    /// Which card, if a unit compares: verilated, vfio-user:PATH, or vfio:0000:01:00.0
    #[arg(long, value_name = "CARD")]
    pub card: Option<Card>,
    /// Record everything that crosses the Verilated unit's pins, up to the first mismatch (see `cargo xtask wave`)
    #[arg(long, value_name = "FILE.tlp")]
    pub trace: Option<PathBuf>,
    /// Let the guest see a directory; with :rw it may change it
    #[arg(long, value_name = "HOSTDIR:/GUESTDIR[:rw]")]
    pub mount: Vec<Mount>,
    /// MiB of memory
    #[arg(long, value_name = "MIB")]
    pub memory: Option<u64>,
    /// CPU of each replica
    #[arg(long, value_name = "N,N", value_delimiter = ',')]
    pub cpus: Vec<usize>,
    /// Counted exits from one checkpoint to the next
    #[arg(long, value_name = "N")]
    pub checkpoint_exits: Option<u32>,
    /// Make a fault: replica=B,output=17,reg=rbx,bit=13 or mem=0x12345,bit=3 or at=RANDOM
    #[arg(long, value_name = "FAULT")]
    pub inject: Vec<String>,
    /// Everything random follows from this number: the guest's random numbers and random faults
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Tell what happens as JSON on standard output, one object a line; what the guest writes goes to --console or nowhere
    #[arg(long)]
    pub json: bool,
    /// A file for what the guest writes
    #[arg(long, value_name = "FILE")]
    pub console: Option<PathBuf>,
    /// Where a mismatch is described
    #[arg(long, value_name = "FILE", default_value = "divergence.json")]
    pub divergence: PathBuf,
    /// Tell what happens on standard error
    #[arg(short, long)]
    pub verbose: bool,
    /// The program's arguments
    #[arg(last = true, value_name = "ARGUMENT")]
    pub arguments: Vec<String>,
}

impl Args {
    /// The machine that is asked for: its file, and what the command line says over it.
    ///
    /// # Errors
    /// The file cannot be used, or what is asked for cannot work.
    pub fn machine(&self) -> Result<VmFile> {
        let mut file = self.file.as_deref().map(VmFile::read).transpose()?.unwrap_or_default();
        if let Some(program) = &self.program {
            file.program = Some(program.clone());
            file.arguments.clear();
        }
        if !self.arguments.is_empty() {
            file.arguments = self.arguments.clone();
        }
        if let Some(program) = &file.program
            && program.starts_with("builtin:")
        {
            file.kind = Kind::Bare;
        }
        file.kind = self.kind.unwrap_or(file.kind);
        file.replicas = self.replicas.unwrap_or(file.replicas);
        file.comparator = self.comparator.unwrap_or(file.comparator);
        file.card = self.card.clone().or(file.card);
        if self.comparator == Some(Comparator::Software) && self.card.is_none() {
            file.card = None;
        }
        file.mount.extend(self.mount.iter().cloned());
        file.memory_mib = self.memory.or(file.memory_mib);
        file.console = self.console.clone().or(file.console);
        file.checkpoint.exits = self.checkpoint_exits.unwrap_or(file.checkpoint.exits);
        if !self.cpus.is_empty() {
            file.cpus = self.cpus.clone();
        }
        file.check()?;
        Ok(file)
    }
}

/// What a run needs beside the machine's description.
pub struct Prepared {
    /// The machine.
    pub vm: VmFile,
    /// The guest's program.
    pub image: Vec<u8>,
    /// The guest beside it.
    pub guest: GuestSetup,
    /// The world it runs in.
    pub world: World,
}

/// Opens everything that a run needs.
///
/// # Errors
/// Something is missing; the message says what to do.
pub fn prepare(vm: VmFile, console: Console, input: Input, seed: Option<u64>) -> Result<Prepared> {
    let program = vm.program.clone().context("no program")?;
    let image = host::program(&program)?;
    let guest = match vm.kind {
        Kind::Bare => GuestSetup::Bare { argument: bare_argument(&vm.arguments)? },
        Kind::Process => {
            let name = program.rsplit('/').next().unwrap_or(&program).to_owned();
            GuestSetup::Process {
                path: format!("/{name}"),
                arguments: std::iter::once(&name)
                    .chain(&vm.arguments)
                    .map(|word| word.clone().into())
                    .collect(),
                environment: vm.environment.iter().map(|word| word.clone().into()).collect(),
                directory: vm.directory.clone().unwrap_or_else(|| "/".into()),
                seed: seed.unwrap_or_else(|| fastrand::u64(..)),
            }
        }
    };
    let world = World::new(Mounts::new(&vm.mount)?, Sinks::new(console)?, input, seed);
    Ok(Prepared { vm, image, guest, world })
}

/// The one number that a bare guest is given.
fn bare_argument(arguments: &[String]) -> Result<u32> {
    match arguments {
        [] => Ok(0),
        [number] => number.parse().with_context(|| format!("a bare guest is given a number, not `{number}`")),
        _ => bail!("a bare guest is given one number, not {} arguments", arguments.len()),
    }
}

/// The limits that a machine's file gives the protocol, with a comparator that lets replicas be so many records ahead.
///
/// # Errors
/// The file wants them further ahead.
pub fn limits(vm: &VmFile, skew: u32) -> Result<Limits> {
    let window = vm.window.unwrap_or(WINDOW.min(skew));
    if window > skew {
        bail!("window = {window}: this comparator takes 1 to {skew} records ahead");
    }
    Ok(Limits {
        replicas: vm.replica_count(),
        group: 0,
        ring: RING,
        window,
        epoch_exits: vm.checkpoint.exits,
        input_max: TRANSFER_MAX,
        payload_max: SLOT,
        attempts: vm.attempts.unwrap_or(ATTEMPTS),
        hang: HangLimits { cpu_ms: vm.hang.cpu_ms, clock_ms: vm.hang.clock_ms },
    })
}

/// Entries in a submission ring.
const RING: u32 = 64;
/// Records ahead of the release, unless the machine's file says otherwise or the comparator takes fewer.
const WINDOW: u32 = 48;
/// Rollbacks to one line, unless the machine's file says otherwise.
const ATTEMPTS: u32 = 5;
/// Bytes of a payload slot, and of the longest payload: that of a unit too.
const SLOT: u32 = TRANSFER_MAX;

/// The set-up of each replica.
pub fn setups(vm: &VmFile, guest: &GuestSetup, limits: &Limits) -> Vec<Setup> {
    let setup = |replica| Setup {
        replica,
        group: limits.group,
        window: limits.window,
        epoch_exits: limits.epoch_exits,
        ring_log2: RING.ilog2(),
        slot_bytes: SLOT,
        memory: vm.memory(),
        cpu: vm.cpus.get(replica).copied(),
        scrub_pages: vm.checkpoint.scrub_pages,
        doorbell: None,
        guest: guest.clone(),
    };
    (0..limits.replicas).map(setup).collect()
}

/// A guest's program as every replica reads it: in memory, and nobody can change it.
///
/// # Errors
/// The system has no memory.
pub fn sealed(image: &[u8]) -> Result<OwnedFd> {
    use rustix::fs::SealFlags;
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let mut file = File::from(rustix::fs::memfd_create("covert-image", flags)?);
    file.write_all(image)?;
    let seals = SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE | SealFlags::SEAL;
    rustix::fs::fcntl_add_seals(&file, seals)?;
    Ok(file.into())
}

/// What may come with a run.
#[derive(Debug, Default)]
pub struct Extras {
    /// Faults to make, each with its replica.
    pub faults: Vec<(usize, Plan)>,
    /// Where a mismatch is described.
    pub divergence: Option<PathBuf>,
    /// What keeps the inputs.
    pub recorder: Option<Recorder>,
    /// Where what crosses a Verilated unit's pins is kept at the first mismatch.
    pub trace: Option<PathBuf>,
    /// Whether every verdict is kept.
    pub keep_verdicts: bool,
}

/// How a run ended.
pub struct Ended {
    /// What happened, counted.
    pub summary: Summary,
    /// The world, with what was kept of the output.
    pub world: World,
    /// Whether the guest came to its end; if not, a fault could not be recovered from.
    pub finished: bool,
    /// Every verdict in its order, if they were to be kept.
    pub verdicts: Vec<Verdict>,
}

fn header(prepared: &Prepared) -> Header {
    Header {
        program: prepared.vm.program.clone().unwrap_or_default(),
        program_sha256: host::sha256(&prepared.image),
        guest: prepared.guest.clone(),
        memory: prepared.vm.memory(),
    }
}

/// Runs what is prepared, as simplex or as a group, and tells what happens.
///
/// # Errors
/// It could not be set up or its world failed. A fault that could not be recovered from is no error but an end.
pub fn execute(prepared: Prepared, extras: Extras, tell: &mut dyn FnMut(Event)) -> Result<Ended> {
    let Prepared { vm, image, guest, world } = prepared;
    let Extras { faults, divergence, recorder, trace, keep_verdicts } = extras;
    if let Some(cpu) = vm.coordinator_cpu {
        let mut cpus = CpuSet::new();
        cpus.set(cpu);
        rustix::thread::sched_setaffinity(None, &cpus).context("cannot bind the coordinator to its CPU")?;
    }
    let comparator = Ready::of(&vm, trace)?;
    let limits = limits(&vm, comparator.skew())?;
    let mut setups = setups(&vm, &guest, &limits);
    if vm.replicas == Replicas::Simplex {
        let setup = setups.remove(0);
        let (summary, world) = simplex::run(setup.personality(image), vm.memory(), world, recorder)?;
        return Ok(Ended { summary, world, finished: true, verdicts: Vec::new() });
    }
    let image = sealed(&image)?;
    let plans = Plans { limits, comparator, setups, image, faults, divergence, recorder, keep_verdicts };
    let pair::Ended { end, summary, world, verdicts } = pair::run(plans, world, tell)?;
    Ok(Ended { summary, world, finished: end == End::Finished, verdicts })
}

/// The command; with `log` the guest's inputs are kept there.
///
/// # Errors
/// See [`prepare`] and [`execute`].
pub fn run(args: &Args, log: Option<&Path>) -> Result<u8> {
    host::require_kvm()?;
    let vm = args.machine()?;
    let faults = injection::plans(&args.inject, vm.replica_count(), args.seed)?;
    let console = match &vm.console {
        Some(path) => {
            let file = File::create(path).with_context(|| format!("cannot write to {}", path.display()))?;
            Console::File(file)
        }
        None if args.json => Console::Nowhere,
        None => Console::Inherited,
    };
    let prepared = prepare(vm, console, World::inherited_input(), args.seed)?;
    let recorder = log.map(|log| Recorder::create(log, &header(&prepared))).transpose()?;
    let divergence = Some(args.divergence.clone());
    let mut narrator = narrate::Narrator::new(args.json, args.verbose);
    let extras = Extras { faults, divergence, recorder, trace: args.trace.clone(), keep_verdicts: false };
    let Ended { summary, finished, .. } = execute(prepared, extras, &mut |event| narrator.tell(&event))?;
    let status = summary.status;
    let end = summary.end.clone();
    narrator.tell(&Event::Summary(Box::new(summary)));
    if !finished {
        eprintln!("covert: {end}");
        return Ok(STATUS_STOPPED);
    }
    Ok(status.unwrap_or(0))
}
