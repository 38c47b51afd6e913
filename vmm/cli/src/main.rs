//! The `covert` command.

use clap::{Parser, Subcommand};
use covert::run::{self, STATUS_ERROR};
use covert::{campaign, card, diff, doctor, replay};
use std::process::ExitCode;

/// Runs virtual machines as replicas on different cores: what goes in is coordinated, what comes out is compared.
#[derive(Parser)]
#[command(name = "covert", version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Run(run::Args),
    Record(replay::RecordArgs),
    Replay(replay::ReplayArgs),
    Campaign(campaign::Args),
    Card(card::Args),
    Diff(diff::Args),
    Doctor(doctor::Args),
    /// A replica's process (started by `covert run` itself)
    #[command(hide = true)]
    Replica,
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let status = if error.use_stderr() { STATUS_ERROR } else { 0 };
            // Nobody is left to tell if this fails.
            let _ = error.print();
            return ExitCode::from(status);
        }
    };
    let result = match cli.command {
        Command::Run(args) => run::run(&args, None),
        Command::Record(args) => replay::record(&args),
        Command::Replay(args) => replay::replay(&args),
        Command::Campaign(args) => campaign::run(&args),
        Command::Card(args) => card::run(&args),
        Command::Diff(args) => diff::run(&args),
        Command::Doctor(args) => doctor::run(&args),
        Command::Replica => match covert_replica::start::run() {
            Ok(()) => Ok(0),
            // The coordinator was told why.
            Err(_) => Ok(1),
        },
    };
    match result {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            eprintln!("covert: {error:#}");
            ExitCode::from(STATUS_ERROR)
        }
    }
}
