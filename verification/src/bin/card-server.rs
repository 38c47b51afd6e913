//! Serves the Verilated unit over vfio-user: one card, one client, until the client goes.
//!
//! `card-server --socket PATH [--seed N] [--traces FOLDER] [--die-at N]`
//!
//! Says `listening on PATH` on standard output when a client may connect. With a seed the link is as rough as that seed
//! makes it. With a folder everything is recorded, and a trace is left there when the unit breaks a rule.
//!
//! `--die-at N` is for tests of what comes after a card: the process ends, with status 9 and without a word to its client, before
//! the card's request number N, counted from 0, has any effect: a read of memory, a write, or an interrupt.

use covert_verification::random::Random;
use covert_verification::root_complex::{Fate, Link};
use covert_verification::simulated_card::SimulatedCard;
use covert_verification::verilated::Verilated;
use covert_verification::vfio_user::Listener;
use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::PoisonError;

const USAGE: &str = "usage: card-server --socket PATH [--seed N] [--traces FOLDER] [--die-at N]";

/// The exit status of a card that was to die.
const DEAD: i32 = 9;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("card-server: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
    let (mut socket, mut seed, mut traces, mut death) = (None, None, None::<PathBuf>, None);
    let mut arguments = std::env::args_os().skip(1);
    while let Some(argument) = arguments.next() {
        let value = arguments.next().ok_or(USAGE)?;
        match argument.to_str() {
            Some("--socket") => socket = Some(PathBuf::from(value)),
            Some("--seed") => seed = Some(number(&value)?),
            Some("--die-at") => death = Some(number(&value)?),
            Some("--traces") => traces = Some(value.into()),
            _ => return Err(USAGE.into()),
        }
    }
    let socket = socket.ok_or(USAGE)?;
    let link = seed.map_or_else(Link::default, |seed| Link::rough(&mut Random::new(seed)));
    let folder = traces.as_deref().unwrap_or(Path::new("."));
    let card = SimulatedCard::new(Verilated::unit()?, link, seed.unwrap_or(0), folder);
    if traces.is_none() {
        // A server may run for days; a recording of that would take all memory.
        card.handle().lock().unwrap_or_else(PoisonError::into_inner).take_trace();
    }
    if let Some(request) = death {
        die_at(&card, request);
    }
    let listener = Listener::bind(&socket)?;
    writeln!(std::io::stdout(), "listening on {}", socket.display())?;
    Ok(listener.serve(card)?)
}

fn number(value: &OsStr) -> Result<u64, &'static str> {
    value.to_str().and_then(|text| text.parse().ok()).ok_or(USAGE)
}

/// Ends the process at this request of the card.
fn die_at(card: &SimulatedCard<Verilated>, request: u64) {
    let mut left = request;
    card.handle().lock().unwrap_or_else(PoisonError::into_inner).show_requests(move |packet| {
        if left == 0 {
            eprintln!("dies at request {request}: {packet}");
            std::process::exit(DEAD);
        }
        left -= 1;
        Fate::Arrives
    });
}
