//! `covert doctor`: what this host can do, found by trying, and what to do where it cannot.

use crate::card;
use crate::host;
use anyhow::Result;
use covert_driver::pci::Bus;
use covert_replica::bare::Bare;
use covert_replica::guest::Demand;
use covert_replica::machine::{Machine, Options, Stop};
use covert_replica::probe::{self, Pace};
use covert_replica::world::channel;
use kvm_ioctls::{Cap, Kvm};
use serde::Serialize;
use std::io::IsTerminal;
use std::time::Instant;

/// Find out what this host can do
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// As JSON
    #[arg(long)]
    json: bool,
}

/// How it stands with one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// As it should be.
    Good,
    /// Not there, and not needed to run a pair in software.
    Absent,
    /// Needed, and not there.
    Bad,
}

/// One thing that was tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What.
    pub what: &'static str,
    /// How it stands.
    pub state: State,
    /// What was seen.
    pub found: String,
    /// What to do; empty if nothing.
    pub remedy: String,
}

impl Finding {
    pub(crate) fn good(what: &'static str, found: impl Into<String>) -> Finding {
        Finding { what, state: State::Good, found: found.into(), remedy: String::new() }
    }

    pub(crate) fn absent(what: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Finding {
        Finding { what, state: State::Absent, found: found.into(), remedy: remedy.into() }
    }

    pub(crate) fn bad(what: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Finding {
        Finding { what, state: State::Bad, found: found.into(), remedy: remedy.into() }
    }
}

/// The command. Exit status 0 if a pair can run here, 1 if not.
///
/// # Errors
/// The report cannot be written.
pub fn run(args: &Args) -> Result<u8> {
    let findings = examine();
    if args.json {
        println!("{}", serde_json::to_string_pretty(&findings)?);
    } else {
        let colour = std::io::stdout().is_terminal();
        for finding in &findings {
            let (mark, code) = match finding.state {
                State::Good => ("good", "32"),
                State::Absent => ("none", "33"),
                State::Bad => ("BAD ", "31"),
            };
            let mark = if colour { format!("\x1b[{code}m{mark}\x1b[0m") } else { mark.into() };
            println!("{mark}  {:<34} {}", finding.what, finding.found);
            if !finding.remedy.is_empty() {
                println!("      {:<34} -> {}", "", finding.remedy);
            }
        }
    }
    Ok(u8::from(findings.iter().any(|finding| finding.state == State::Bad)))
}

/// Everything that was found.
pub fn examine() -> Vec<Finding> {
    let mut findings = Vec::new();
    match Kvm::new() {
        Ok(kvm) => findings.extend(examine_kvm(&kvm)),
        Err(error) => {
            let kind = std::io::Error::from(error).kind();
            findings.push(Finding::bad("/dev/kvm", error.to_string(), host::kvm_remedy(kind)));
        }
    }
    findings.push(processors());
    findings.push(match probe::counters() {
        Ok(()) => Finding::good("performance counters", "can be used"),
        Err(error) => Finding::absent(
            "performance counters",
            error.to_string(),
            "no remedy inside a virtual machine without them; a guest that makes no exit gets no timer tick",
        ),
    });
    findings.extend(card::find::examine(&Bus::host()));
    findings.extend(card::tools::examine(covert_verilator::tool));
    findings
}

fn examine_kvm(kvm: &Kvm) -> Vec<Finding> {
    let mut findings = vec![match kvm.get_api_version() {
        12 => Finding::good("/dev/kvm", "API 12"),
        other => Finding::bad("/dev/kvm", format!("API {other}"), "a Linux of this century has API 12"),
    }];
    let needed = [
        (Cap::UserMemory, "memory slots"),
        (Cap::SyncRegs, "registers in the run page"),
        (Cap::ImmediateExit, "leaving before the first instruction"),
        (Cap::Xsave, "saving the vector registers"),
        (Cap::VcpuEvents, "saving pending events"),
    ];
    let lacks: Vec<&str> =
        needed.into_iter().filter(|(cap, _)| !kvm.check_extension(*cap)).map(|(_, name)| name).collect();
    findings.push(match lacks[..] {
        [] => Finding::good("KVM's extensions", "all that are needed"),
        _ => Finding::bad("KVM's extensions", format!("no {}", lacks.join(", ")), "a newer kernel"),
    });
    let (code, ports) = ("guest code at user level", "ports for bare guests");
    match user_code(kvm) {
        Ok((found, None)) => findings.extend([Finding::good(code, found), Finding::good(ports, "served")]),
        Ok((found, Some(refused))) => findings.extend([
            Finding::good(code, found),
            Finding::absent(
                ports,
                refused,
                "programs run here and bare guests do not; seen on processors that QEMU emulates, which want a TSS for \
                 the ports of user code that is not busy",
            ),
        ]),
        Err(error) => findings.push(Finding::bad(code, error, "no guest of this kit can run here")),
    }
    findings.push(match probe::privileged_code(kvm) {
        Ok(pace) if pace.native() => {
            Finding::good("guest code at kernel level", "native, as fast as the host's")
        }
        Ok(Pace { guest, host }) => Finding::absent(
            "guest code at kernel level",
            format!("emulated: a loop takes {guest:?} a round, on the host {host:?}"),
            "stock kernels need a host with VMX or SVM; programs and bare guests run at full speed here",
        ),
        Err(error) => Finding::absent("guest code at kernel level", error.to_string(), "as above"),
    });
    findings
}

/// Runs one of the kit's bare guests for a while, with everything that a replica needs switched on. Gives what was seen, and what the
/// guest was ended with if it came no further than that.
fn user_code(kvm: &Kvm) -> Result<(String, Option<String>), String> {
    let guest = covert_guests::COMPUTE;
    let begin = Instant::now();
    let options = Options { memory: 16 << 20, checkpoints: true };
    let personality = Box::new(Bare::new(guest.image.to_vec(), 1));
    let mut machine = Machine::new(kvm, personality, &options).map_err(|error| error.to_string())?;
    let made = begin.elapsed();
    let begin = Instant::now();
    let (mut exits, mut ended) = (0u32, None);
    while exits < 100 {
        match machine.run().map_err(|error| error.to_string())? {
            Stop::Demand(Demand::End) => break,
            Stop::Demand(Demand::Effect(_) | Demand::Input(_)) => {
                return Err(format!("the guest {} asks for what it never does", guest.name));
            }
            // What it says of itself goes elsewhere.
            Stop::Demand(Demand::Post(output)) if output.channel == channel::STDERR => {
                ended = Some(String::from_utf8_lossy(&output.payload).trim_end().to_owned());
            }
            Stop::Demand(_) | Stop::Kicked => exits += 1,
        }
    }
    machine.save().map_err(|error| error.to_string())?;
    let each = begin.elapsed().as_micros() / u128::from(exits.max(1));
    Ok((format!("runs; machine made in {:.1} ms, {each} us to an exit", made.as_secs_f64() * 1e3), ended))
}

fn processors() -> Finding {
    let count = std::thread::available_parallelism().map_or(1, usize::from);
    match count {
        1 => Finding::bad(
            "CPUs",
            "1",
            "two replicas on one core cannot tell that the core is broken: use two or more",
        ),
        2 => Finding::good("CPUs", "2: one for each of two replicas, the coordinator shares them"),
        _ => Finding::good("CPUs", count.to_string()),
    }
}
