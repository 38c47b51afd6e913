//! The driver's conformance suite on the card, through the kernel's VFIO.

use crate::machine::CARD;
use crate::pci::Device;
use crate::program::run;
use crate::say::Outcome;
use anyhow::Result;

/// Every case that the card is fit for passes.
pub(crate) fn suite() -> Result<Outcome> {
    let card = Device::find(CARD)?;
    card.bind()?;
    let ran = run("card-suite", &[&format!("vfio:{}", card.address)])?;
    let failed: Vec<_> = ran.output.lines().filter(|line| line.starts_with("FAILED")).collect();
    let count = ran.output.lines().last().unwrap_or("nothing was said").to_owned();
    Ok(match failed.first() {
        None if ran.status.success() => Outcome::Passed(count),
        None => Outcome::Failed(format!("{}: {}", ran.status, ran.words())),
        Some(first) => Outcome::Failed(format!("{count}; first: {first}")),
    })
}
