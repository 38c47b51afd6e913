//! Runs the conformance suite on a card: `card-suite [--json] CARD`.
//!
//! CARD is `verilated`, `vfio-user:PATH` (the server has to serve one client after another, as `covert card serve` does) or
//! `vfio:0000:01:00.0`. One line a case and a count. Exit status 0 if every case passed that the card is fit for: one that
//! needs more lanes than the unit has is not asked, nor one that needs the watchdog's ticks to pass at the driver's word if the
//! card has a time of its own.

use covert_abi::Identity;
use covert_driver::card::CardPort;
use covert_driver::conformance::{CASES, Failure};
use covert_driver::vfio::VfioCard;
use covert_driver::vfio_user::VfioUserCard;
use covert_verification::card_name::CardName;
use covert_verification::root_complex::Link;
use covert_verification::settled_card::SettledCard;
use covert_verification::simulated_card::SimulatedCard;
use covert_verification::unit_rig::{Needs, UnitFactory};
use covert_verification::verilated::Verilated;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

const USAGE: &str = "usage: card-suite [--json] verilated|vfio-user:PATH|vfio:0000:01:00.0";

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("card-suite: {error}");
            ExitCode::from(2)
        }
    }
}

/// How a case went.
enum Went {
    Passed,
    /// The card is not one that can be asked this.
    Unfit(&'static str),
    Failed(Failure),
}

impl Went {
    fn word(&self) -> &'static str {
        match self {
            Went::Passed => "passed",
            Went::Unfit(_) => "unfit",
            Went::Failed(_) => "FAILED",
        }
    }

    fn why(&self) -> String {
        match self {
            Went::Passed => String::new(),
            Went::Unfit(why) => (*why).into(),
            Went::Failed(failure) => failure.to_string(),
        }
    }
}

fn run() -> Result<bool, Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let json = arguments.iter().any(|argument| argument == "--json");
    let names: Vec<&String> = arguments.iter().filter(|argument| *argument != "--json").collect();
    let [name] = names[..] else { return Err(USAGE.into()) };
    let name: CardName = name.parse()?;
    let wants_time = Arc::new(AtomicBool::new(false));
    let identity = {
        let mut port = open(&name, &wants_time)?;
        let mut failed = None;
        let identity = Identity::parse(|address| {
            port.read(address).unwrap_or_else(|error| {
                failed.get_or_insert(error);
                u32::MAX
            })
        });
        match failed {
            Some(error) => return Err(error.into()),
            None => identity?,
        }
    };
    let wants_lanes = AtomicBool::new(false);
    let port = |needs: &Needs| {
        if needs.lanes > identity.lanes.into() {
            wants_lanes.store(true, Ordering::Relaxed);
            return Err("the unit has fewer lanes".into());
        }
        open(&name, &wants_time).map_err(|error| error.to_string())
    };
    let mut out = std::io::stdout();
    let (mut report, mut counts, began) = (Vec::new(), [0; 3], Instant::now());
    for case in CASES {
        wants_lanes.store(false, Ordering::Relaxed);
        wants_time.store(false, Ordering::Relaxed);
        let case_began = Instant::now();
        let went = match (case.run)(&UnitFactory(port)) {
            Ok(()) => Went::Passed,
            Err(_) if wants_lanes.load(Ordering::Relaxed) => Went::Unfit("more lanes than the unit has"),
            Err(_) if wants_time.load(Ordering::Relaxed) => {
                Went::Unfit("the card's ticks pass by themselves")
            }
            Err(failure) => Went::Failed(failure),
        };
        let (milliseconds, why) = (case_began.elapsed().as_millis() as u64, went.why());
        counts[match went {
            Went::Passed => 0,
            Went::Unfit(_) => 1,
            Went::Failed(_) => 2,
        }] += 1;
        if json {
            let result = went.word().to_lowercase();
            report.push(serde_json::json!({
                "case": case.name, "result": result, "why": why, "milliseconds": milliseconds
            }));
        } else {
            let why = if why.is_empty() { why } else { format!(": {why}") };
            writeln!(out, "{:<6}  {}{why}  ({milliseconds} ms)", went.word(), case.name)?;
            out.flush()?;
        }
    }
    let [passed, unfit, failed] = counts;
    let seconds = began.elapsed().as_secs_f64();
    if json {
        let report = serde_json::json!({
            "card": name.to_string(), "unit": format!("{:016x}", identity.rtl_hash), "cases": report,
            "passed": passed, "unfit": unfit, "failed": failed, "seconds": seconds
        });
        writeln!(out, "{report:#}")?;
    } else {
        writeln!(
            out,
            "{name}, unit {:016x}: {passed} of {} cases passed, {unfit} unfit for it, {failed} failed, in {seconds:.1} s",
            identity.rtl_hash,
            CASES.len()
        )?;
    }
    Ok(failed == 0 && passed > 0)
}

fn open(
    name: &CardName,
    wants_time: &Arc<AtomicBool>,
) -> Result<Box<dyn CardPort>, Box<dyn std::error::Error>> {
    Ok(match name {
        CardName::Verilated => {
            Box::new(SimulatedCard::new(Verilated::unit()?, Link::default(), 0, Path::new(".")))
        }
        CardName::VfioUser(socket) => Box::new(VfioUserCard::connect(socket)?),
        CardName::Vfio(address) => Box::new(SettledCard::new(VfioCard::open(*address)?, wants_time.clone())?),
    })
}
