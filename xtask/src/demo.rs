//! `cargo xtask demo`: a program nobody here wrote runs as a pair of virtual machines, a bit flips in one of them, the redundancy unit
//! sees it, and the pair goes back and ends as if nothing had been.

mod cost;
mod emulated;
mod event;
mod fault;
mod judge;
mod live;
mod run;
mod show;
mod stage;

use crate::report::{self, Progress};
use crate::wave;
use crate::workspace::{self, Workspace};
use anyhow::{Context, Result, bail, ensure};
use cost::Costs;
use event::Event;
use fault::Faults;
use judge::{Caught, Outcome, judge, sound};
use live::Live;
use run::Run;
use serde::Serialize;
use stage::{Ready, Stage};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Watch a flipped bit being seen by the simulated redundancy unit, and recovered from
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Where and when bits flip follows from this number
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
    /// In the lab's emulated machine, as on a host whose /dev/kvm runs no machine
    #[arg(long, conflicts_with = "seed")]
    lab: bool,
}

/// Faults before the demo gives up. The unit sees about one in four; of the others most are masked.
const FAULTS_MAX: usize = 40;

/// A fault that showed nothing, and why.
#[derive(Debug, Serialize)]
struct Passed {
    inject: String,
    /// What was flipped, if anything was.
    flip: Option<String>,
    why: String,
}

/// Everything that is found out.
#[derive(Debug, Serialize)]
struct Report {
    seed: u64,
    program: String,
    comparator: String,
    passed: Vec<Passed>,
    caught: Caught,
    detected_after_records: u64,
    detected_after_ms: f64,
    recovered_after_ms: f64,
    caught_up_after_ms: f64,
    output_is_native: bool,
    costs: Costs,
    trace: PathBuf,
    waves: PathBuf,
    divergence: PathBuf,
}

pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    let seed = args.seed.unwrap_or_else(|| fastrand::u64(..1_000_000));
    if args.lab {
        return emulated::run(workspace, args.json);
    }
    let stage = match Stage::set(workspace)? {
        Ready::Stage(stage) => stage,
        Ready::NoMachines(why) => {
            eprintln!("\nno virtual machine can run on this host (`covert doctor`):{why}\n");
            return emulated::run(workspace, args.json);
        }
    };
    let lines = stage.native.iter().filter(|byte| **byte == b'\n').count();
    eprintln!(
        "\nDebian's busybox counts the words of the {} KiB of docs/src: {lines} lines of output natively (--seed {seed})\n",
        stage.text >> 10
    );
    let mut live = Live::new();
    eprintln!("as a pair of machines, without a fault:");
    let calm = Run::of(&stage).unit().told(&live)?;
    sound(&calm, &stage.native, "unit")?;
    let comparator = calm.events.iter().find_map(|event| match event {
        Event::Started { card, .. } => card.clone(),
        _ => None,
    });

    eprintln!();
    let progress = Progress::start("the same natively, in one machine, in two, and as a pair, in turn");
    let costs = cost::measure(&stage);
    progress.done(if costs.is_ok() { "measured" } else { "failed" });
    let costs = costs?;

    live.all = false;
    let mut faults = Faults::new(seed, costs.shortest_span_ms);
    let (passed, caught) = first_caught(&stage, &live, &mut faults)?;
    let waves = dump(&stage, caught.verdict.seq)?;
    for file in [&stage.trace(), &stage.waves(), &stage.divergence()] {
        is_there(file)?;
    }
    let report = Report {
        seed,
        program: format!("{} awk -f words.awk text.md", stage::PROGRAM),
        comparator: comparator.context("the pair did not say which unit compares it")?,
        passed,
        detected_after_records: caught.verdict.seq - caught.fault.seq,
        detected_after_ms: caught.verdict.ms - caught.fault.ms,
        recovered_after_ms: caught.running_on_ms - caught.fault.ms,
        caught_up_after_ms: caught.caught_up_ms - caught.fault.ms,
        caught,
        output_is_native: true,
        costs,
        trace: stage.trace(),
        waves: stage.waves(),
        divergence: stage.divergence(),
    };
    let tell = |text: String| if args.json { eprint!("{text}") } else { print!("{text}") };
    tell(show::timeline(&report));
    report::emit(args.json, &show::table(&report), &report)?;
    tell(show::files(&report, &waves));
    Ok(())
}

/// Makes faults until the unit sees one; gives those before it too.
fn first_caught(stage: &Stage, live: &Live, faults: &mut Faults) -> Result<(Vec<Passed>, Caught)> {
    let mut passed = Vec::new();
    for number in 1..=FAULTS_MAX {
        let fault = faults.draw();
        eprintln!("\nfault {number}: --inject {} --seed {}", fault.inject, fault.seed);
        let ended = Run::of(stage).unit().with(&fault).told(live)?;
        let judged = judge(&ended, &stage.native);
        match judged
            .with_context(|| format!("in the run with {}; see {}", fault.inject, stage.folder.display()))?
        {
            Outcome::Caught(caught) => return Ok((passed, *caught)),
            Outcome::Another(why) => {
                eprintln!("              {why}. The output is right. Another one:");
                let flip = ended.events.iter().find_map(|event| match event {
                    Event::FaultInjected(made) => Some(made.flip.clone()),
                    _ => None,
                });
                passed.push(Passed { inject: fault.inject, flip, why });
                // What was left of it is not of the fault that will be shown.
                for file in [stage.trace(), stage.divergence()] {
                    if file.exists() {
                        fs::remove_file(&file)
                            .with_context(|| format!("cannot remove {}", file.display()))?;
                    }
                }
            }
        }
    }
    bail!("the unit saw none of {FAULTS_MAX} faults, which is less than likely: try another --seed")
}

/// Dumps the waves around the mismatch; gives what was said about them.
fn dump(stage: &Stage, seq: u64) -> Result<String> {
    let progress =
        Progress::start("replaying the trace into waves (the first time, the unit is compiled with them)");
    let mut replay = Command::new(&stage.replay);
    replay.current_dir(&stage.folder);
    let said = workspace::output(wave::to_waves(&mut replay, &stage.trace(), Some(seq), &stage.waves()));
    progress.done(if said.is_ok() { "done" } else { "failed" });
    said
}

fn is_there(file: &Path) -> Result<()> {
    let bytes = fs::metadata(file).with_context(|| format!("there is no {}", file.display()))?.len();
    ensure!(bytes > 0, "{} is empty", file.display());
    Ok(())
}
