//! A machine of a campaign: what it does without a fault, on each comparator that the campaign tries.

use super::compare::{Held, Sequence, hold};
use super::fate::Seen;
use super::{Campaign, Comparators};
use crate::comparator::Ready;
use crate::config::{Comparator, VmFile};
use crate::run::{self, Ended, Extras};
use crate::world::Input;
use crate::world::sinks::Console;
use anyhow::{Context, Result, bail};
use covert_abi::Outcome;
use covert_replica::inject::Plan;
use std::path::Path;

/// A machine's file as one comparator runs it.
pub struct Side {
    /// What compares.
    pub comparator: &'static str,
    vm: VmFile,
}

/// A machine, and what it does without a fault.
pub struct Guest {
    /// Its file.
    pub name: String,
    /// The comparators that it is run on, with the same faults.
    pub sides: Vec<Side>,
    /// Sum of what it puts out.
    pub sum: String,
    /// Its exit status.
    pub status: Option<u8>,
    /// Its counted exits.
    pub exits: u64,
    /// Its records.
    pub records: u64,
    /// How long it runs.
    pub micros: u64,
}

/// A run, and what its events say.
pub struct Run {
    /// How it ended.
    pub ended: Ended,
    /// What was seen on the way.
    pub seen: Seen,
}

impl Side {
    /// How many replicas the machine has.
    pub fn replicas(&self) -> usize {
        self.vm.replica_count()
    }

    /// Runs the machine with some faults.
    ///
    /// # Errors
    /// It cannot be run here.
    pub fn run(&self, seed: u64, faults: Vec<(usize, Plan)>) -> Result<Run> {
        let prepared = run::prepare(self.vm.clone(), Console::Nowhere, Input::Empty, Some(seed))?;
        let extras = Extras { faults, keep_verdicts: true, ..Extras::default() };
        let mut seen = Seen::default();
        let ended = run::execute(prepared, extras, &mut |event| seen.note(&event))?;
        Ok(Run { ended, seen })
    }
}

impl Run {
    /// Its verdicts. Nothing is left of them here.
    pub fn take_sequence(&mut self) -> Sequence {
        Sequence { verdicts: std::mem::take(&mut self.ended.verdicts), cuts: self.seen.cuts.clone() }
    }
}

impl Guest {
    /// Runs a machine without a fault.
    ///
    /// # Errors
    /// It does not run so, or, where comparators are held against each other, its verdicts are not always the same.
    pub fn of(path: &Path, folder: &Path, campaign: &Campaign) -> Result<Guest> {
        let vm = VmFile::read(&folder.join(path))?;
        let name = path.display().to_string();
        let sides = sides(&vm, campaign).with_context(|| format!("for the machine {name}"))?;
        let first = &sides[0];
        let mut it = first.run(campaign.seed, Vec::new())?;
        let sequence = it.take_sequence();
        let Run { ended: Ended { summary, finished, .. }, seen } = it;
        if !finished || summary.mismatches > 0 || summary.recoveries > 0 {
            bail!("{name} does not run as a pair without any fault: {}", summary.end);
        }
        if let Some(why) = seen.card_lost {
            bail!("the card was lost while {name} ran on it without any fault: {why}");
        }
        // The first again: what differs from itself cannot be told from what a comparator does.
        for again in sides.iter().filter(|_| sides.len() > 1) {
            let held = hold(&sequence, &again.run(campaign.seed, Vec::new())?.take_sequence());
            if let Held::Identical { .. } = held {
                continue;
            }
            match again.comparator == first.comparator {
                true => bail!(
                    "{name} has other verdicts each time that it runs ({held:?}): it depends on a clock or on when its input \
                     comes. Leave it out of a campaign that compares comparators"
                ),
                false => bail!(
                    "{name} has other verdicts by {} than by {} without any fault: {held:?}",
                    again.comparator,
                    first.comparator
                ),
            }
        }
        let micros = ((summary.wall_ms - seen.running).max(1.0) * 1e3) as u64;
        let is_record = |outcome| outcome != Outcome::Flushed;
        let records = sequence.verdicts.iter().filter(|verdict| is_record(verdict.outcome)).count() as u64;
        Ok(Guest {
            name,
            sides,
            sum: summary.released_sha256,
            status: summary.status,
            exits: summary.exits,
            records,
            micros,
        })
    }
}

/// The machine's file for each comparator that a campaign tries.
fn sides(vm: &VmFile, campaign: &Campaign) -> Result<Vec<Side>> {
    let software = || Side {
        comparator: "software",
        vm: VmFile { comparator: Comparator::Software, card: None, ..vm.clone() },
    };
    let card = campaign.card.clone().or(vm.card.clone());
    let unit = || Side {
        comparator: "unit",
        vm: VmFile { comparator: Comparator::Unit, card: card.clone(), ..vm.clone() },
    };
    let mut sides = match (campaign.comparator, vm.comparator) {
        (Some(Comparators::Both), _) => vec![software(), unit()],
        (Some(Comparators::Unit), _) | (None, Comparator::Unit) => vec![unit()],
        (Some(Comparators::Software), _) | (None, Comparator::Software) => vec![software()],
    };
    if let (Some(card), false) = (&campaign.card, sides.iter().any(|side| side.comparator == "unit")) {
        bail!("card = \"{card}\" is not used: a card compares with comparator = \"unit\" or \"both\"");
    }
    for side in &sides {
        side.vm.check()?;
    }
    if let [one, other] = &mut sides[..] {
        // With the same window for both, as far ahead as the one may be that takes fewer records.
        let least = Ready::of(&one.vm, None)?.skew().min(Ready::of(&other.vm, None)?.skew());
        let window = Some(vm.window.unwrap_or(least));
        (one.vm.window, other.vm.window) = (window, window);
    }
    Ok(sides)
}
