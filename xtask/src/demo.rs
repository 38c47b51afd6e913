//! `cargo xtask demo`: a fault is caught and recovered from, before your eyes.
//!
//! Two processes run the same program over a real text. What they print is compared by the software comparator through shared
//! memory and released by the protocol of `covert-core`. Then a bit flips in one of them.

mod coordinator;
mod guest;
pub(crate) mod replica;
mod wire;

use crate::report::{self, Table};
use crate::workspace::Workspace;
use anyhow::{Context, Result, bail};
use coordinator::{Moment, Run};
use covert_core::watchdog::HangLimits;
use covert_core::{End, Limits};
use covert_driver::arena::Geometry;
use guest::Guest;
use serde::Serialize;
use std::str::FromStr;

/// Watch a flipped bit being caught and recovered from
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Where and when the bit flips follows from this number
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// Masked flips before the demo gives up: about one in ten is masked.
const FLIPS_MAX: u32 = 20;

/// The pair's limits. A time-out is generous, because the machine of a first visitor may be busy.
fn limits() -> Limits {
    Limits {
        replicas: 2,
        group: 0,
        ring: 64,
        window: 32,
        epoch_exits: 12,
        input_max: 4096,
        payload_max: 4096,
        attempts: 4,
        hang: HangLimits { cpu_ms: 10_000, clock_ms: 10_000 },
    }
}

fn geometry(replica: usize) -> Geometry {
    Geometry { base: (replica as u64 + 1) << 32, ring_log2: 6, slot_bytes: 4096, staging_bytes: 0 }
}

/// One bit to flip: before which exit, at which place of the state, which bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Flip {
    exit: u64,
    place: usize,
    bit: u32,
}

impl std::fmt::Display for Flip {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{},{},{}", self.exit, self.place, self.bit)
    }
}

impl FromStr for Flip {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Flip> {
        let mut parts = text.split(',').map(str::parse::<u64>);
        let mut next = || parts.next().context("three numbers: exit,place,bit")?.context("not a number");
        Ok(Flip { exit: next()?, place: next()? as usize, bit: next()? as u32 })
    }
}

#[derive(Serialize)]
struct Summary<'a> {
    seed: u64,
    comparator: &'static str,
    masked: u32,
    flip: Flip,
    outputs: u64,
    verdicts: u64,
    rollbacks: u64,
    swallowed: u64,
    checkpoints: u64,
    detected_after_records: u64,
    detected_after_ms: f64,
    caught_up_after_ms: Option<f64>,
    wall_ms: f64,
    output_is_native: bool,
    timeline: &'a [Moment],
}

pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    let path = workspace.root.join("README.md");
    let text = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let native = Guest::native(&text);
    let seed = args.seed.unwrap_or_else(|| fastrand::u64(..1_000_000));
    let mut random = fastrand::Rng::with_seed(seed);
    eprintln!("a pair of processes counts the words of README.md, compared in software (--seed {seed})\n");
    let exits = 2 * text.len().div_ceil(guest::CHUNK as usize) as u64;
    for masked in 0..FLIPS_MAX {
        let flip = Flip { exit: random.u64(1..exits), place: random.usize(..100), bit: random.u32(..64) };
        let run = coordinator::run(&text, Some(flip), &mut |m| eprintln!("{:8.1} ms  {}", m.ms, m.what))?;
        let is_native = run.output == native;
        if run.end != End::Finished || !is_native {
            bail!(
                "the pair ended with {:?}, its output {} the native one (--seed {seed})",
                run.end,
                if is_native { "is" } else { "is NOT" }
            );
        }
        let (Some(flipped), Some(detected)) = (run.flipped, run.detected) else {
            eprintln!("            it was masked: what it changed was never used. Another one:\n");
            continue;
        };
        return finish(args, &Found { seed, masked, flip, run: &run, flipped, detected });
    }
    bail!("{FLIPS_MAX} flips were all masked; try another --seed")
}

struct Found<'a> {
    seed: u64,
    masked: u32,
    flip: Flip,
    run: &'a Run,
    flipped: (u64, f64),
    detected: (u64, f64),
}

fn finish(args: &Args, found: &Found<'_>) -> Result<()> {
    let Found { seed, masked, flip, run, flipped, detected } = *found;
    let summary = Summary {
        seed,
        comparator: "software",
        masked,
        flip,
        outputs: run.counters.released,
        verdicts: run.counters.verdicts,
        rollbacks: run.counters.rollbacks,
        swallowed: run.counters.swallowed,
        checkpoints: run.counters.checkpoints,
        detected_after_records: detected.0.saturating_sub(flipped.0),
        detected_after_ms: detected.1 - flipped.1,
        caught_up_after_ms: run.caught_up.map(|ms| ms - detected.1),
        wall_ms: run.wall_ms,
        output_is_native: true,
        timeline: &run.timeline,
    };
    let mut table = Table::new(["what", "value"]);
    let mut row = |what: &str, value: String| table.row([what.into(), value]);
    row("outputs released", summary.outputs.to_string());
    row("verdicts", summary.verdicts.to_string());
    row("flips that were masked", summary.masked.to_string());
    row("rollbacks", summary.rollbacks.to_string());
    row("outputs replayed and swallowed", summary.swallowed.to_string());
    row("checkpoints", summary.checkpoints.to_string());
    row(
        "detected after",
        format!("{} records, {:.1} ms", summary.detected_after_records, summary.detected_after_ms),
    );
    row("caught up after", summary.caught_up_after_ms.map_or("-".into(), |ms| format!("{ms:.1} ms")));
    row("output equal to the native one", "yes".into());
    report::emit(args.json, &table, &summary)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flip_of_any_place_is_survived_or_masked() {
        let mut guest = Guest::new();
        guest.read(b"some words");
        for place in 0..100 {
            for bit in 0..64 {
                let mut flipped = guest.clone();
                flipped.flip(place, bit);
                assert_ne!(flipped.fingerprint(), guest.fingerprint(), "{place}, {bit} changes nothing");
            }
        }
    }

    #[test]
    fn a_flip_reads_back_from_its_argument() {
        let flip = Flip { exit: 7, place: 30, bit: 63 };
        assert_eq!(flip.to_string().parse::<Flip>().unwrap(), flip);
        assert!("7,30".parse::<Flip>().is_err());
    }
}
