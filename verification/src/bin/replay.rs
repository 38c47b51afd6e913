//! Plays a TLP trace to the Verilated unit again, clock by clock, and dumps waves if asked to.
//!
//! `replay TRACE [--waves FILE.fst] [--verilog FILE.v] [--list]`

use covert_verification::root_complex::replay::replay;
use covert_verification::root_complex::tlp::Tlp;
use covert_verification::root_complex::trace::{Event, Trace};
use covert_verification::verilated::{Verilated, build};
use std::path::PathBuf;
use std::process::ExitCode;

const USAGE: &str = "usage: replay TRACE [--waves FILE.fst] [--verilog FILE.v] [--list]";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
    let (mut trace, mut waves, mut verilog, mut list) = (None, None, build::verilog(), false);
    let mut arguments = std::env::args_os().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.to_str() {
            Some("--waves") => waves = Some(PathBuf::from(arguments.next().ok_or(USAGE)?)),
            Some("--verilog") => verilog = PathBuf::from(arguments.next().ok_or(USAGE)?),
            Some("--list") => list = true,
            _ if trace.is_none() => trace = Some(PathBuf::from(argument)),
            _ => return Err(USAGE.into()),
        }
    }
    let trace = Trace::parse(&std::fs::read(trace.ok_or(USAGE)?)?)?;
    if list {
        for (clock, event) in &trace.events {
            match event {
                Event::Packet(stream, words) => match Tlp::decode(words) {
                    Ok(tlp) => println!("{clock:>9} {stream:?} {tlp}"),
                    Err(error) => println!("{clock:>9} {stream:?} {words:08x?} ({error})"),
                },
                Event::Note(text) => println!("{clock:>9} note {text}"),
                Event::Reset => println!("{clock:>9} reset"),
                Event::Inputs(_) => {}
            }
        }
        return Ok(());
    }
    let mut unit = match &waves {
        Some(fst) => Verilated::with_waves(&verilog, fst)?,
        None => Verilated::of(&verilog)?,
    };
    let result = replay(&trace, &mut unit, |_, _| ());
    println!("{} clocks of seed {} replayed", trace.clocks, trace.seed);
    Ok(result?)
}
