//! Does the lab's steps, each in a process of its own: one that hangs or crashes does not take the others along.
//!
//! `lab-guest` does all, `lab-guest STEP` one. What matters is what it says through the kernel's log, see [`say`].

mod edu;
mod machine;
mod memory;
mod pair;
mod pci;
mod program;
mod say;
mod suite;

use anyhow::{Context, Result, bail};
use say::{Outcome, Report};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

/// A step: gives what it found, in a few words.
struct Step {
    name: &'static str,
    /// Seconds after which it is ended. Everything is emulated: they are for a machine busy with other things too.
    limit: u64,
    run: fn() -> Result<Outcome>,
}

const STEPS: &[Step] = &[
    Step { name: "boot", limit: 30, run: machine::boot },
    Step { name: "iommu", limit: 30, run: machine::iommu },
    Step { name: "card", limit: 30, run: machine::card },
    Step { name: "edu", limit: 60, run: edu::baseline },
    Step { name: "edu-refused", limit: 60, run: edu::refusals },
    Step { name: "suite", limit: 120, run: suite::suite },
    Step { name: "kvm", limit: 60, run: pair::kvm },
    Step { name: "pair", limit: 60, run: pair::in_software },
    Step { name: "pair-card", limit: 120, run: pair::on_the_card },
];

fn main() -> ExitCode {
    let done = match std::env::args().nth(1) {
        Some(name) => one(&name),
        None => all(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lab-guest: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Does one step here, and says how it ended.
fn one(name: &str) -> Result<()> {
    let step = STEPS.iter().find(|step| step.name == name);
    let names = || STEPS.iter().map(|step| step.name).collect::<Vec<_>>().join(", ");
    let step = step.with_context(|| format!("no step `{name}`; there are {}", names()))?;
    let began = Instant::now();
    let outcome = (step.run)().unwrap_or_else(|error| Outcome::Failed(format!("{error:#}")));
    Report { step: step.name, outcome, took: began.elapsed() }.say()
}

/// Does all steps. One that ended without a word about itself failed.
fn all() -> Result<()> {
    for step in STEPS {
        let began = Instant::now();
        if let Err(error) = alone(step) {
            let outcome = Outcome::Failed(format!("{error:#}"));
            Report { step: step.name, outcome, took: began.elapsed() }.say()?;
        }
    }
    say::end()
}

fn alone(step: &Step) -> Result<()> {
    let own = std::env::current_exe().context("cannot find this program")?;
    let mut child = Command::new(own)
        .arg(step.name)
        .stdin(Stdio::null())
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
    child.kill()?;
    child.wait()?;
    bail!("not done after {} s", step.limit)
}
