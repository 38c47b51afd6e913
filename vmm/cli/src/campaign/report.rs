//! What a campaign reports: every count, and by name every case that is no good end.

use super::compare::{DEFINITION, Held};
use super::fate::{Case, Fate};
use super::strike::Struck;
use serde::Serialize;
use std::collections::BTreeMap;

/// A campaign's result.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// What the faults were drawn from.
    pub seed: u64,
    /// Faults that were to be made.
    pub faults: u64,
    /// How often a fault was drawn again because the guest had ended before it.
    pub drawn_again: u64,
    /// What became of them, by comparator.
    pub comparators: BTreeMap<&'static str, Counts>,
    /// The comparators' verdicts, held against each other.
    pub comparison: Option<Comparison>,
    /// Every case that is no good end.
    pub failures: Vec<Case>,
}

/// What became of faults.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Counts {
    /// How many met which fate.
    pub fates: BTreeMap<Fate, u64>,
    /// How many struck wherever the guest was.
    pub asynchronous: u64,
    /// How many changed something that was compared.
    pub activated: u64,
    /// How many were recovered from after something had been released since the checkpoint.
    pub after_output: u64,
    /// Milliseconds to detection: median and worst.
    pub detection_ms: Option<(f64, f64)>,
    #[serde(skip)]
    times: Vec<f64>,
    /// Runs in which the card died.
    pub cards_lost: u64,
}

/// The verdicts of two comparators on the same faults.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// What is counted as what.
    pub definition: &'static str,
    /// Faults with identical verdicts.
    pub identical: u64,
    /// Faults of which a generation was cut short, with the same verdicts as far as both runs went.
    pub cut_short: u64,
    /// What cut the first such generation short.
    pub cut_by: BTreeMap<String, u64>,
    /// Faults with different verdicts.
    pub different: u64,
    /// Verdicts that both comparators gave alike.
    pub verdicts: u64,
    /// Each difference.
    pub differences: Vec<Difference>,
}

/// Two comparators contradict each other.
#[derive(Clone, Debug, Serialize)]
pub struct Difference {
    /// Number of the fault.
    pub number: u64,
    /// The machine's file.
    pub machine: String,
    /// The bit.
    pub flip: String,
    /// Where.
    pub what: String,
}

impl Report {
    /// Takes a fault into account.
    pub fn add(&mut self, struck: Struck) {
        self.drawn_again += struck.drawn_again;
        if let (Some(held), Some(case)) = (struck.held, struck.cases.first()) {
            self.comparison.get_or_insert_default().add(held, case);
        }
        for case in struck.cases {
            self.comparators.entry(case.comparator).or_default().add(&case);
            if case.fate.is_failure() || case.card_lost.is_some() {
                self.failures.push(case);
            }
        }
    }

    /// Whether everything went as it has to.
    pub fn is_good(&self) -> bool {
        self.failures.is_empty() && self.comparison.as_ref().is_none_or(|it| it.different == 0)
    }

    /// For people, on standard output.
    pub fn print(&self) {
        row("faults", self.faults.to_string());
        row("drawn again, as the guest had ended before", self.drawn_again.to_string());
        for (comparator, counts) in &self.comparators {
            println!("\ncompared by {comparator}");
            counts.print();
        }
        if let Some(comparison) = &self.comparison {
            comparison.print(self.seed);
        }
        for case in &self.failures {
            let Case { number, fate, flip, replica, machine, comparator, card_lost, .. } = case;
            let lost =
                card_lost.as_ref().map(|why| format!("; THE CARD WAS LOST: {why}")).unwrap_or_default();
            println!(
                "fault {number} (--seed {} --only {number}): {fate:?}, {flip} in replica {replica} of {machine}, \
                 compared by {comparator}{lost}",
                self.seed
            );
        }
    }
}

impl Counts {
    fn add(&mut self, case: &Case) {
        *self.fates.entry(case.fate).or_insert(0) += 1;
        self.asynchronous += u64::from(case.asynchronous);
        self.activated += u64::from(case.fate.is_active());
        self.after_output += u64::from(case.fate.is_active() && case.swallowed > 0);
        self.cards_lost += u64::from(case.card_lost.is_some());
        self.times.extend(case.detected_after_ms);
        self.times.sort_by(f64::total_cmp);
        self.detection_ms = self.times.last().map(|worst| (self.times[self.times.len() / 2], *worst));
    }

    fn print(&self) {
        for (fate, name) in Fate::ALL {
            row(name, self.fates.get(&fate).copied().unwrap_or(0).to_string());
        }
        row("changed something that is compared", self.activated.to_string());
        row("recovered after something was released", self.after_output.to_string());
        row("struck anywhere, not at a counted exit", self.asynchronous.to_string());
        if let Some((median, worst)) = self.detection_ms {
            row("ms to detection, median and worst", format!("{median:.1} {worst:.1}"));
        }
    }
}

impl Default for Comparison {
    fn default() -> Comparison {
        Comparison {
            definition: DEFINITION,
            identical: 0,
            cut_short: 0,
            cut_by: BTreeMap::new(),
            different: 0,
            verdicts: 0,
            differences: Vec::new(),
        }
    }
}

impl Comparison {
    fn add(&mut self, held: Held, case: &Case) {
        match held {
            Held::Identical { verdicts } => {
                self.identical += 1;
                self.verdicts += verdicts;
            }
            Held::CutShort { verdicts, by } => {
                self.cut_short += 1;
                self.verdicts += verdicts;
                *self.cut_by.entry(by).or_insert(0) += 1;
            }
            Held::Different(what) => {
                self.different += 1;
                let Case { number, machine, flip, .. } = case.clone();
                self.differences.push(Difference { number, machine, flip, what });
            }
        }
    }

    fn print(&self, seed: u64) {
        println!("\nthe verdicts of both, held against each other");
        row("identical", self.identical.to_string());
        row("cut short, and the same up to there", self.cut_short.to_string());
        for (by, count) in &self.cut_by {
            row(&format!("  by {by}"), count.to_string());
        }
        row("DIFFERENT", self.different.to_string());
        row("verdicts that both gave alike", self.verdicts.to_string());
        println!("\n{}", self.definition);
        for Difference { number, machine, flip, what } in &self.differences {
            println!("fault {number} (--seed {seed} --only {number}): {flip} in {machine}: {what}");
        }
    }
}

fn row(what: &str, value: String) {
    println!("{what:<44} {value:>10}");
}
