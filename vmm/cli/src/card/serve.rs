//! `covert card serve`: the Verilated unit as a card for other processes, over vfio-user.

use anyhow::{Context, Result, bail};
use covert_verification::random::Random;
use covert_verification::root_complex::Link;
use covert_verification::simulated_card::SimulatedCard;
use covert_verification::verilated::Verilated;
use covert_verification::vfio_user::{Listener, ServeError};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;
use std::time::Duration;

/// After a client that failed.
const PAUSE: Duration = Duration::from_millis(50);

/// Serve the Verilated unit to other processes, over vfio-user
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Says `listening on PATH` when a client may connect, and serves one client after another, a fresh card to each, until it is ended.\n\n\
Example:\n  covert card serve --socket /tmp/card.sock &\n  \
covert run --comparator unit --card vfio-user:/tmp/card.sock vmm/examples/default.toml")]
pub(super) struct Serve {
    /// Where it listens; at most 107 bytes
    #[arg(long, value_name = "PATH")]
    socket: PathBuf,
    /// Makes the card's link as slow and irregular as follows from this number
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Loses every interrupt on the way, to see what a driver does without
    #[arg(long)]
    lose_interrupts: bool,
}

/// The command.
///
/// # Errors
/// The unit cannot be simulated here, or the socket cannot be made.
pub(super) fn run(serve: &Serve) -> Result<u8> {
    // The simulation may have to be built first: whoever waits for a listening socket is not to wait for that twice.
    let next = || {
        let mut card = fresh(serve.seed)?;
        if serve.lose_interrupts {
            card.lose_interrupts();
        }
        Ok::<_, anyhow::Error>(card)
    };
    let mut card = Some(next()?);
    clear(&serve.socket)?;
    let listener = Listener::bind(&serve.socket)?;
    let mut out = std::io::stdout();
    writeln!(out, "listening on {}", serve.socket.display())?;
    out.flush()?;
    loop {
        let card = card.take().map_or_else(next, Ok)?;
        match listener.serve(card) {
            Ok(()) => {}
            Err(error @ ServeError::Listen { .. }) => return Err(error.into()),
            // One bad client is no reason to send the next one away.
            Err(error) => {
                eprintln!("covert: {error}");
                // Should nobody be let in at all, this does not take a core.
                std::thread::sleep(PAUSE);
            }
        }
    }
}

pub(super) fn fresh(seed: Option<u64>) -> Result<SimulatedCard<Verilated>> {
    let unit = Verilated::unit().context("the unit cannot be simulated here")?;
    let link = seed.map_or_else(Link::default, |seed| Link::rough(&mut Random::new(seed)));
    let card = SimulatedCard::new(unit, link, seed.unwrap_or(0), Path::new("."));
    // A server may run for days; a recording of that would take all memory.
    card.handle().lock().unwrap_or_else(PoisonError::into_inner).take_trace();
    Ok(card)
}

/// Removes a socket that a server left behind which was ended by a signal.
fn clear(socket: &Path) -> Result<()> {
    let is_socket = std::fs::symlink_metadata(socket).is_ok_and(|found| found.file_type().is_socket());
    if !is_socket {
        return Ok(());
    }
    match UnixStream::connect(socket) {
        Ok(_) => {
            bail!(
                "{} is the socket of a server that runs: end that one, or name another path",
                socket.display()
            )
        }
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => std::fs::remove_file(socket)
            .with_context(|| format!("cannot remove the socket that a server left at {}", socket.display())),
        // Listening will say what is wrong with it.
        Err(_) => Ok(()),
    }
}
