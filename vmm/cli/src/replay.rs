//! `covert record` and `covert replay`: a run again, from its inputs alone.

use crate::input_log::{Recording, Trailer};
use crate::world::sinks::{Console, Sinks};
use crate::{host, run};
use anyhow::{Result, bail};
use covert_core::{Class, Entry};
use covert_replica::guest::{Demand, Input};
use covert_replica::machine::{Machine, Options, Stop};
use covert_replica::start::Setup;
use covert_replica::world::channel;
use std::path::PathBuf;

/// Run a guest and keep its inputs in a file, from which `covert replay` runs it again
#[derive(Clone, Debug, clap::Args)]
pub struct RecordArgs {
    /// Where to keep them
    #[arg(value_name = "FILE")]
    pub log: PathBuf,
    #[command(flatten)]
    run: run::Args,
}

/// Run a recorded guest again, without the world it was in, and see that it puts out the same
#[derive(Clone, Debug, clap::Args)]
pub struct ReplayArgs {
    /// What `covert record` kept
    #[arg(value_name = "FILE")]
    pub log: PathBuf,
    /// The guest's program, if it is not where it was
    #[arg(long, value_name = "PATH")]
    pub program: Option<String>,
    /// Do not show what the guest writes
    #[arg(short, long)]
    pub quiet: bool,
}

/// `covert record`.
///
/// # Errors
/// As `covert run`.
pub fn record(args: &RecordArgs) -> Result<u8> {
    run::run(&args.run, Some(&args.log))
}

/// `covert replay`.
///
/// # Errors
/// The recording cannot be read, the program is another one, or the run comes out differently.
pub fn replay(args: &ReplayArgs) -> Result<u8> {
    host::require_kvm()?;
    let recording = Recording::read(&args.log)?;
    let header = &recording.header;
    let program = args.program.as_ref().unwrap_or(&header.program);
    let image = host::program(program)?;
    if host::sha256(&image) != header.program_sha256 {
        bail!("{program} is not the program that was recorded: give that one with --program");
    }
    let console = if args.quiet { Console::Nowhere } else { Console::Inherited };
    let setup = Setup::alone(header.guest.clone(), header.memory);
    let options = Options { memory: header.memory, checkpoints: false };
    let mut machine = Machine::new(&host::kvm()?, setup.personality(image), &options)?;
    let found = again(&mut machine, &recording.entries, Sinks::new(console)?)?;
    match &recording.trailer {
        None => eprintln!("covert: the recording was cut off; it was replayed as far as it goes"),
        Some(recorded) if *recorded != found => bail!(
            "the replay put out {} records ({}), the recorded run {} ({})",
            found.outputs,
            found.released_sha256,
            recorded.outputs,
            recorded.released_sha256
        ),
        Some(_) => eprintln!("covert: {} records again, all equal", found.outputs),
    }
    Ok(found.status.unwrap_or(0))
}

/// Runs a machine on logged inputs, as far as they go.
fn again(machine: &mut Machine, entries: &[Entry], mut sinks: Sinks) -> Result<Trailer> {
    let mut entries = entries.iter();
    let mut status = None;
    loop {
        let Stop::Demand(demand) = machine.run()? else { continue };
        let asked = match demand {
            Demand::Nothing => continue,
            Demand::Post(output) => {
                sinks.put(output.channel, output.target, &output.payload)?;
                if output.channel == channel::EXIT {
                    status = Some((output.target & 0xFF) as u8);
                }
                continue;
            }
            Demand::Effect(output) => {
                sinks.put(output.channel, output.target, &output.payload)?;
                None
            }
            Demand::Input(input) => Some(input),
            Demand::End => break,
        };
        let Some(entry) = entries.next() else { break };
        let same = match asked {
            Some(Input { class, source, argument, length }) => {
                let request = &entry.request;
                (request.class, request.source, request.argument, request.length)
                    == (class, source, argument, length)
            }
            None => matches!(entry.request.class, Class::Result(_)),
        };
        if !same {
            bail!("the replay asks for {asked:?} where the recorded run asked for {:?}", entry.request);
        }
        machine.deliver(&entry.value)?;
    }
    sinks.flush()?;
    Ok(Trailer { outputs: sinks.released, released_sha256: sinks.sum(), status })
}
