//! `covert campaign`: many runs, one fault each, and what became of them.
//!
//! One file describes it all; the same file and seed give the same faults. A run without a fault comes first for each guest: it
//! says what the output has to be and how long faults can strike.

use crate::config::VmFile;
use crate::events::Event;
use crate::injection;
use crate::run::{self, Ended, Extras};
use crate::world::Input;
use crate::world::sinks::Console;
use anyhow::{Context, Result, bail};
use covert_replica::inject::{Plan, When};
use indicatif::{ProgressBar, ProgressStyle};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Make many faults, one a run, and count what becomes of them
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Exit status: 0 if nothing wrong was released and every machine recovered, else 1.")]
pub struct Args {
    /// The campaign's file
    #[arg(value_name = "CAMPAIGN.toml")]
    file: PathBuf,
    /// Faults to make, in place of the file's number
    #[arg(long, value_name = "N")]
    faults: Option<u64>,
    /// What they are drawn from, in place of the file's number
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// The report as JSON
    #[arg(long)]
    json: bool,
}

/// A campaign.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Campaign {
    /// Faults, one a run.
    pub faults: u64,
    /// What they are drawn from.
    #[serde(default)]
    pub seed: u64,
    /// Machines' files, relative to this one; the faults go round them.
    pub machines: Vec<PathBuf>,
}

/// What became of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// The guest had ended before.
    NotMade,
    /// It changed nothing that was compared.
    Masked,
    /// An output, an input or the end differed; recovered.
    SeenAtOutput,
    /// The state at the end of an epoch differed; recovered.
    SeenAtEpoch,
    /// A scrub found it; recovered.
    SeenByScrub,
    /// The replica died of it; recovered.
    Crashed,
    /// The replica hung; recovered.
    Hung,
    /// The machine was stopped: detected, not recovered (DUE).
    Stopped,
    /// Something wrong was released (SDC).
    WrongOutput,
}

/// One fault and what became of it.
#[derive(Clone, Debug, Serialize)]
pub struct Case {
    /// Number of the fault: with the seed it says which one it was.
    pub number: u64,
    /// The machine's file.
    pub machine: String,
    /// In which replica.
    pub replica: char,
    /// What was flipped.
    pub flip: String,
    /// Whether it struck wherever the guest was, not at a counted exit.
    pub asynchronous: bool,
    /// What became of it.
    pub fate: Fate,
    /// Milliseconds from the fault to its detection.
    pub detected_after_ms: Option<f64>,
    /// Records that were produced again and swallowed: what had been released before the fault was seen.
    pub swallowed: u64,
}

/// A campaign's result.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// What the faults were drawn from.
    pub seed: u64,
    /// Faults planned.
    pub faults: u64,
    /// How many met which fate.
    pub fates: BTreeMap<Fate, u64>,
    /// How many struck wherever the guest was.
    pub asynchronous: u64,
    /// How many changed something that was compared.
    pub activated: u64,
    /// How many were recovered from after something had been released since the checkpoint.
    pub after_output: u64,
    /// Milliseconds to detection: median and worst.
    pub detection_ms: Option<(f64, f64)>,
    /// Every case that is no good end.
    pub failures: Vec<Case>,
}

struct Guest {
    name: String,
    vm: VmFile,
    sum: String,
    status: Option<u8>,
    exits: u64,
    micros: u64,
}

/// The command.
///
/// # Errors
/// A file cannot be used, or a machine fails without any fault.
pub fn run(args: &Args) -> Result<u8> {
    crate::host::require_kvm()?;
    let text = std::fs::read_to_string(&args.file)
        .with_context(|| format!("cannot read the campaign's file {}", args.file.display()))?;
    let mut campaign: Campaign =
        toml::from_str(&text).with_context(|| format!("in the campaign's file {}", args.file.display()))?;
    campaign.faults = args.faults.unwrap_or(campaign.faults);
    campaign.seed = args.seed.unwrap_or(campaign.seed);
    let report = execute(&campaign, args.file.parent().unwrap_or(Path::new(".")))?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print(&report);
    }
    Ok(u8::from(!report.failures.is_empty()))
}

/// Makes the faults of a campaign.
///
/// # Errors
/// As [`run()`].
pub fn execute(campaign: &Campaign, folder: &Path) -> Result<Report> {
    if campaign.machines.is_empty() {
        bail!("the campaign names no machine: write machines = [\"VM.toml\"]");
    }
    let mut guests = Vec::new();
    for path in &campaign.machines {
        let vm = VmFile::read(&folder.join(path))?;
        vm.check()?;
        guests.push(reference(path, vm, campaign.seed)?);
    }
    let style = ProgressStyle::with_template("{elapsed:>4} {bar:40} {pos}/{len} faults, {eta} to go")?;
    let bar = ProgressBar::new(campaign.faults).with_style(style);
    bar.enable_steady_tick(Duration::from_millis(200));
    let mut cases = Vec::new();
    for number in 0..campaign.faults {
        let guest = &guests[(number % guests.len() as u64) as usize];
        cases.push(strike(guest, campaign.seed, number)?);
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(count(campaign, cases))
}

/// What a machine does without a fault.
fn reference(path: &Path, vm: VmFile, seed: u64) -> Result<Guest> {
    let name = path.display().to_string();
    let prepared = run::prepare(vm.clone(), Console::Nowhere, Input::Empty, Some(seed))?;
    let mut started_ms = 0.0;
    let mut note = |event: Event| {
        if let Event::Running { ms } = event {
            started_ms = ms;
        }
    };
    let Ended { summary, finished, .. } = run::execute(prepared, Extras::default(), &mut note)?;
    if !finished || summary.mismatches > 0 {
        bail!("{name} does not run as a pair without any fault: {}", summary.end);
    }
    let micros = ((summary.wall_ms - started_ms).max(1.0) * 1e3) as u64;
    Ok(Guest { name, vm, sum: summary.released_sha256, status: summary.status, exits: summary.exits, micros })
}

/// Makes one fault.
fn strike(guest: &Guest, seed: u64, number: u64) -> Result<Case> {
    let mut random = fastrand::Rng::with_seed(seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let asynchronous = (number / 2).is_multiple_of(2);
    let when = match asynchronous {
        true => When::Micros(random.u64(..guest.micros)),
        false => When::Exit(random.u64(..guest.exits.max(1))),
    };
    let replica = random.usize(..guest.vm.replica_count());
    let target = injection::any(&mut random);
    let extras = Extras { faults: vec![(replica, Plan { when, target })], ..Extras::default() };
    let prepared = run::prepare(guest.vm.clone(), Console::Nowhere, Input::Empty, Some(seed))?;
    let mut seen = Seen::default();
    let Ended { summary, finished, .. } = run::execute(prepared, extras, &mut |event| seen.note(&event))?;
    let right = summary.released_sha256 == guest.sum && summary.status == guest.status;
    let fate = match (finished, right, seen.made) {
        (false, ..) => Fate::Stopped,
        (true, false, _) => Fate::WrongOutput,
        (true, true, None) => Fate::NotMade,
        (true, true, Some(_)) => seen.fate.unwrap_or(Fate::Masked),
    };
    Ok(Case {
        number,
        machine: guest.name.clone(),
        replica: crate::narrate::name(replica),
        flip: seen.flip,
        asynchronous,
        fate,
        detected_after_ms: seen.detected.zip(seen.made).map(|(detected, made)| detected - made),
        swallowed: summary.swallowed,
    })
}

/// What the events of a run say about its fault.
#[derive(Default)]
struct Seen {
    made: Option<f64>,
    detected: Option<f64>,
    flip: String,
    fate: Option<Fate>,
}

impl Seen {
    fn note(&mut self, event: &Event) {
        let (ms, fate) = match event {
            Event::FaultInjected { ms, fault, .. } => {
                self.made = Some(*ms).filter(|_| fault.made);
                self.flip = fault.flip.to_string();
                return;
            }
            Event::Scrub { ms, .. } => (*ms, Fate::SeenByScrub),
            Event::Verdict { ms, at_epoch: true, .. } => (*ms, Fate::SeenAtEpoch),
            Event::Verdict { ms, .. } => (*ms, Fate::SeenAtOutput),
            Event::ReplicaLost { ms, .. } => (*ms, Fate::Crashed),
            Event::Rollback { ms, reason, .. } if reason == "Hung" => (*ms, Fate::Hung),
            Event::Rollback { ms, .. } => (*ms, Fate::SeenAtOutput),
            _ => return,
        };
        self.fate.get_or_insert(fate);
        self.detected.get_or_insert(ms);
    }
}

fn count(campaign: &Campaign, cases: Vec<Case>) -> Report {
    let mut fates = BTreeMap::new();
    for case in &cases {
        *fates.entry(case.fate).or_insert(0) += 1;
    }
    let idle = |case: &&Case| matches!(case.fate, Fate::NotMade | Fate::Masked);
    let bad = |case: &Case| matches!(case.fate, Fate::Stopped | Fate::WrongOutput);
    let mut times: Vec<f64> = cases.iter().filter_map(|case| case.detected_after_ms).collect();
    times.sort_by(f64::total_cmp);
    Report {
        seed: campaign.seed,
        faults: campaign.faults,
        asynchronous: cases.iter().filter(|case| case.asynchronous).count() as u64,
        activated: cases.iter().filter(|case| !idle(case)).count() as u64,
        after_output: cases.iter().filter(|case| !idle(case) && case.swallowed > 0).count() as u64,
        detection_ms: times.last().map(|worst| (times[times.len() / 2], *worst)),
        failures: cases.into_iter().filter(bad).collect(),
        fates,
    }
}

fn print(report: &Report) {
    let row = |what: &str, value: String| println!("{what:<44} {value:>10}");
    row("faults", report.faults.to_string());
    row("  of them anywhere, not at a counted exit", report.asynchronous.to_string());
    for (fate, name) in [
        (Fate::NotMade, "the guest had ended before"),
        (Fate::Masked, "masked: changed nothing that is compared"),
        (Fate::SeenAtOutput, "seen at an output"),
        (Fate::SeenAtEpoch, "seen at the end of an epoch"),
        (Fate::SeenByScrub, "seen by a scrub"),
        (Fate::Crashed, "the replica crashed"),
        (Fate::Hung, "the replica hung"),
        (Fate::Stopped, "NOT RECOVERED: the machine was stopped"),
        (Fate::WrongOutput, "WRONG OUTPUT RELEASED"),
    ] {
        row(name, report.fates.get(&fate).copied().unwrap_or(0).to_string());
    }
    row("changed something that is compared", report.activated.to_string());
    row("recovered after something was released", report.after_output.to_string());
    if let Some((median, worst)) = report.detection_ms {
        row("ms to detection, median and worst", format!("{median:.1} {worst:.1}"));
    }
    for case in &report.failures {
        println!(
            "fault {} (--seed {}): {:?}, {} in replica {} of {}",
            case.number, report.seed, case.fate, case.flip, case.replica, case.machine
        );
    }
}
