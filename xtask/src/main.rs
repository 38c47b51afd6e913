//! `cargo xtask`: what a person runs while working on the kit. One command a file.

mod bench;
mod bitstream;
mod board;
mod demo;
mod docs;
mod fpga;
mod fuzz;
mod lab;
mod mutants;
mod report;
mod setup;
mod synth;
mod test;
mod wave;
mod workspace;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Set up, test, document and measure the COVERT kit")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Demo(demo::Args),
    Setup(setup::Args),
    Test(test::Args),
    Docs(docs::Args),
    Mutants(mutants::Args),
    Bench(bench::Args),
    Fuzz(fuzz::Args),
    Lab(lab::Args),
    Wave(wave::Args),
    Synth(synth::Args),
    Board(board::Args),
    Bitstream(bitstream::Args),
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<()> {
    let workspace = workspace::Workspace::load()?;
    match command {
        Command::Demo(args) => demo::run(&workspace, &args),
        Command::Setup(args) => setup::run(&workspace, &args),
        Command::Test(args) => test::run(&workspace, &args),
        Command::Docs(args) => docs::run(&workspace, &args),
        Command::Mutants(args) => mutants::run(&workspace, &args),
        Command::Bench(args) => bench::run(&workspace, &args),
        Command::Fuzz(args) => fuzz::run(&workspace, &args),
        Command::Lab(args) => lab::run(&workspace, &args),
        Command::Wave(args) => wave::run(&workspace, &args),
        Command::Synth(args) => synth::run(&workspace, &args),
        Command::Board(args) => board::run(&workspace, &args),
        Command::Bitstream(args) => bitstream::run(&workspace, &args),
    }
}
