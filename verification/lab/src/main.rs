//! Does the lab's steps, each in a process of its own: one that hangs or crashes does not take the others along.
//!
//! `lab-guest all` does all, `lab-guest in-turn STEP...` some, `lab-guest STEP` one in this process. What matters is what it says through the kernel's log, see [`say`].

mod edu;
mod machine;
mod memory;
mod pair;
mod pci;
mod program;
mod say;
mod suite;

use anyhow::{Context, Result, anyhow, bail};
use say::{Outcome, Report};
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

/// A step: gives what it found, in a few words.
struct Step {
    name: &'static str,
    /// Seconds after which it is ended: for one that hangs, not for one that is slow, which the machine's own limit ends.
    limit: u64,
    run: fn() -> Result<Outcome>,
}

const STEPS: &[Step] = &[
    Step { name: "boot", limit: 60, run: machine::boot },
    Step { name: "iommu", limit: 60, run: machine::iommu },
    Step { name: "card", limit: 60, run: machine::card },
    Step { name: "edu", limit: 120, run: edu::baseline },
    Step { name: "edu-refused", limit: 120, run: edu::refusals },
    Step { name: "suite", limit: 400, run: suite::suite },
    Step { name: "kvm", limit: 120, run: pair::kvm },
    Step { name: "pair", limit: 200, run: pair::in_software },
    Step { name: "pair-card", limit: 300, run: pair::on_the_card },
];

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let done = match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["all"] => STEPS.iter().try_for_each(in_turn).and_then(|()| say::end()),
        ["in-turn", ref names @ ..] => {
            names.iter().try_for_each(|name| in_turn(find(name)?)).and_then(|()| say::end())
        }
        [name] => find(name).and_then(here),
        _ => Err(anyhow!("say `all`, `in-turn STEP...` or a step: {}", names())),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lab-guest: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn names() -> String {
    STEPS.iter().map(|step| step.name).collect::<Vec<_>>().join(", ")
}

fn find(name: &str) -> Result<&'static Step> {
    let step = STEPS.iter().find(|step| step.name == name);
    step.with_context(|| format!("no step `{name}`; there are {}", names()))
}

/// Does one step here, and says how it ended.
fn here(step: &Step) -> Result<()> {
    let began = Instant::now();
    let outcome = (step.run)().unwrap_or_else(|error| Outcome::Failed(format!("{error:#}")));
    Report { step: step.name, outcome, took: began.elapsed() }.say()
}

/// Does one step in a process of its own. One that ended without a word about itself failed.
fn in_turn(step: &Step) -> Result<()> {
    let began = Instant::now();
    let Err(error) = alone(step) else { return Ok(()) };
    let outcome = Outcome::Failed(format!("{error:#}"));
    Report { step: step.name, outcome, took: began.elapsed() }.say()
}

fn alone(step: &Step) -> Result<()> {
    let own = std::env::current_exe().context("cannot find this program")?;
    let mut child = Command::new(own)
        .arg(step.name)
        .stdin(Stdio::null())
        .process_group(0)
        .spawn()
        .context("cannot start this program again")?;
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(step.limit) {
        if let Some(status) = child.try_wait()? {
            if !status.success() {
                bail!("the step's process ended with {status}");
            }
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    // With every program that it runs: one left behind would hold the card.
    let group = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process_group(group, rustix::process::Signal::KILL)?;
    child.wait()?;
    bail!("not done after {} s", step.limit)
}
