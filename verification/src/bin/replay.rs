//! Plays a TLP trace to the Verilated unit again, clock by clock, and dumps waves if asked to: of the whole, or of what is around the
//! verdict on one record.
//!
//! `replay TRACE [--waves FILE.fst [--around SEQ]] [--verilog FILE.v] [--list]`

use covert_verification::root_complex::Inputs;
use covert_verification::root_complex::around::verdict_on;
use covert_verification::root_complex::replay::replay;
use covert_verification::root_complex::stream::Collector;
use covert_verification::root_complex::tlp::Tlp;
use covert_verification::root_complex::trace::{Event, Trace};
use covert_verification::verilated::{Configuration, Verilated};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "usage: replay TRACE [--waves FILE.fst [--around SEQ]] [--verilog FILE.v] [--list]";

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
    let (mut trace, mut waves, mut around, mut file, mut list) =
        (None, None, None, Configuration::TwoLanes.verilog(), false);
    let mut arguments = std::env::args_os().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.to_str() {
            Some("--waves") => waves = Some(PathBuf::from(arguments.next().ok_or(USAGE)?)),
            Some("--around") => {
                let number = arguments.next().ok_or(USAGE)?.into_string().map_err(|_| USAGE)?;
                around =
                    Some(number.parse::<u64>().map_err(|_| format!("`{number}` is no number of a record"))?);
            }
            Some("--verilog") => file = PathBuf::from(arguments.next().ok_or(USAGE)?),
            Some("--list") => list = true,
            _ if trace.is_none() => trace = Some(PathBuf::from(argument)),
            _ => return Err(USAGE.into()),
        }
    }
    let path = trace.ok_or(USAGE)?;
    let bytes = std::fs::read(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let trace = Trace::parse(&bytes)?;
    if list {
        show(&trace);
        return Ok(());
    }
    match (&waves, around) {
        (Some(fst), Some(seq)) => return dump_around(trace, seq, &file, fst),
        (None, Some(_)) => return Err(USAGE.into()),
        _ => {}
    }
    let mut unit = match &waves {
        Some(fst) => Verilated::with_waves(&file, fst)?,
        None => Verilated::of(&file)?,
    };
    let result = replay(&trace, &mut unit, |_, _| ());
    println!("{} clocks of seed {} replayed", trace.clocks, trace.seed);
    Ok(result?)
}

/// Replays up to a little after the verdict on a record, and dumps from a little before it.
fn dump_around(
    mut trace: Trace,
    seq: u64,
    verilog: &Path,
    fst: &Path,
) -> Result<(), Box<dyn std::error::Error>> {
    let written = verdict_on(&trace, seq)?;
    let clocks = written.around(&trace);
    trace.clocks = clocks.end() + 1;
    let mut unit = Verilated::able_to_dump(verilog)?;
    let (mut dumps, mut time) = (Ok(()), 0);
    // A clock is seen after it has settled, so dumping starts in the one before.
    let first = clocks.start().saturating_sub(1);
    let result = replay(&trace, &mut unit, |clock, unit| {
        if clock == first {
            dumps = unit.dump(fst);
        }
        if clock == written.clock {
            time = unit.wave_time();
        }
    });
    dumps?;
    println!(
        "the verdict on record {seq}, {:?}, was written in clock {}: at {time} ps in the waves, which show clocks {} to {}",
        written.verdict.outcome,
        written.clock,
        clocks.start(),
        clocks.end()
    );
    Ok(result?)
}

/// Every packet and remark with its clock. Requests of the host are left out: when they were taken is not in the trace.
fn show(trace: &Trace) {
    let line = |clock: u64, stream: &str, words: &[u32]| match Tlp::decode(words) {
        Ok(tlp) => println!("{clock:>9} {stream} {tlp}"),
        Err(error) => println!("{clock:>9} {stream} {words:08x?} ({error})"),
    };
    let mut events = trace.events.iter().peekable();
    let (mut inputs, mut completion) = (Inputs::default(), Collector::default());
    for clock in 0..trace.clocks {
        while let Some((_, event)) = events.next_if(|(at, _)| *at <= clock) {
            match event {
                Event::Packet(stream, words) => line(clock, &format!("{stream:?}"), words),
                Event::Note(text) => println!("{clock:>9} note {text}"),
                Event::Reset => println!("{clock:>9} reset"),
                Event::Inputs(changed) => inputs = *changed,
            }
        }
        // Completions are always taken at once.
        if let Some(Ok(Some(words))) = inputs.rx_cpl.map(|beat| completion.take(beat)) {
            line(clock, "RxCpl", &words);
        }
    }
}
