//! `covert campaign`: many runs, one fault each, and what became of them.
//!
//! One file describes it all; the same file and seed give the same faults. A run without a fault comes first for each
//! [`machine`]: it says what the output has to be and how long faults can strike. [`strike`] makes the faults, [`fate`] says what
//! became of one, [`compare`] holds the verdicts of two comparators against each other, [`report`] counts.

pub mod compare;
pub mod fate;
pub mod machine;
pub mod report;
pub mod strike;

use crate::config::Card;
use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressStyle};
use machine::Guest;
use report::Report;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Make many faults, one a run, and count what becomes of them
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Exit status: 0 if nothing wrong was released, every machine recovered, no card was lost and, with `both`, no verdicts differed; else 1.")]
pub struct Args {
    /// The campaign's file
    #[arg(value_name = "CAMPAIGN.toml")]
    file: PathBuf,
    /// Faults to make, in place of the file's number
    #[arg(long, value_name = "N")]
    faults: Option<u64>,
    /// What they are drawn from, in place of the file's number
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Make one of them alone, by its number: to see again what became of it
    #[arg(long, value_name = "NUMBER", conflicts_with = "faults")]
    only: Option<u64>,
    /// What compares, in place of what the machines' files say
    #[arg(long, value_enum)]
    comparator: Option<Comparators>,
    /// Which card, if a unit compares: verilated, or vfio-user:PATH
    #[arg(long, value_name = "CARD")]
    card: Option<Card>,
    /// The report as JSON
    #[arg(long)]
    json: bool,
}

/// What compares in a campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Comparators {
    /// A core
    Software,
    /// The redundancy unit of a card
    Unit,
    /// Each fault is made once with each, and the verdicts are held against each other
    Both,
}

/// A campaign.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Campaign {
    /// Faults, one a run.
    pub faults: u64,
    /// What they are drawn from.
    #[serde(default)]
    pub seed: u64,
    /// Machines' files, relative to this one; the faults go round them.
    pub machines: Vec<PathBuf>,
    /// What compares; what each machine's file says if nothing is said.
    #[serde(default)]
    pub comparator: Option<Comparators>,
    /// Which card, if a unit compares.
    #[serde(default)]
    pub card: Option<Card>,
}

impl Campaign {
    /// Reads a campaign's file; paths in it are relative to where it is.
    ///
    /// # Errors
    /// It cannot be read, is no TOML, or has a key or value that nobody knows.
    pub fn read(path: &Path) -> Result<Campaign> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the campaign's file {}", path.display()))?;
        let mut campaign: Campaign =
            toml::from_str(&text).with_context(|| format!("in the campaign's file {}", path.display()))?;
        if let Some(Card::VfioUser(socket)) = &mut campaign.card {
            *socket = path.parent().unwrap_or(Path::new(".")).join(&*socket);
        }
        Ok(campaign)
    }
}

/// The command.
///
/// # Errors
/// A file cannot be used, or a machine fails without any fault.
pub fn run(args: &Args) -> Result<u8> {
    crate::host::require_kvm()?;
    let mut campaign = Campaign::read(&args.file)?;
    campaign.faults = args.faults.unwrap_or(campaign.faults);
    campaign.seed = args.seed.unwrap_or(campaign.seed);
    campaign.comparator = args.comparator.or(campaign.comparator);
    campaign.card = args.card.clone().or(campaign.card);
    let report = execute(&campaign, args.only, args.file.parent().unwrap_or(Path::new(".")))?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        report.print();
    }
    Ok(u8::from(!report.is_good()))
}

/// Makes the faults of a campaign, or one of them alone; its machines' files are relative to `folder`.
///
/// # Errors
/// As [`run()`].
pub fn execute(campaign: &Campaign, only: Option<u64>, folder: &Path) -> Result<Report> {
    if campaign.machines.is_empty() {
        bail!("the campaign names no machine: write machines = [\"VM.toml\"]");
    }
    let numbers = only.map_or(0..campaign.faults, |number| number..number.saturating_add(1));
    let faults = numbers.end - numbers.start;
    let style = ProgressStyle::with_template("{elapsed:>4} {bar:40} {pos}/{len} faults, {eta} to go")?;
    let bar = ProgressBar::new(faults).with_style(style);
    bar.enable_steady_tick(Duration::from_millis(200));
    let mut guests = Vec::new();
    for path in &campaign.machines {
        guests.push(Guest::of(path, folder, campaign)?);
    }
    let mut report = Report { seed: campaign.seed, faults, ..Report::default() };
    for number in numbers {
        let guest = &guests[(number % guests.len() as u64) as usize];
        report.add(strike::strike(guest, campaign, number)?);
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(report)
}
