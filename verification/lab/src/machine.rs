//! The machine before anything is done with it: kernel, IOMMU, card.

use crate::pci::{Device, Id};
use crate::say::Outcome;
use anyhow::{Context, Result};
use std::fs;
use std::path::Path;

/// The redundancy unit.
pub(crate) const CARD: Id = Id(0x1234, 0xC09E);

/// The kernel runs, and has every module that it was given.
pub(crate) fn boot() -> Result<Outcome> {
    let release =
        fs::read_to_string("/proc/sys/kernel/osrelease").context("cannot read the kernel's name")?;
    let order = fs::read_to_string("/modules/order").context("no list of modules")?;
    let loaded = |module: &&str| Path::new("/sys/module").join(module.replace('-', "_")).exists();
    let (there, missing): (Vec<_>, Vec<_>) = order.lines().partition(loaded);
    Ok(if missing.is_empty() {
        Outcome::Passed(format!("Linux {}, modules {}", release.trim(), there.join(" ")))
    } else {
        Outcome::Failed(format!("not loaded: {}", missing.join(" ")))
    })
}

/// There is an IOMMU, and it remaps interrupts too.
pub(crate) fn iommu() -> Result<Outcome> {
    let units: Vec<_> = fs::read_dir("/sys/class/iommu")
        .context("no IOMMU is known to the kernel")?
        .filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()))
        .collect();
    let groups = fs::read_dir("/sys/kernel/iommu_groups")?.count();
    if units.is_empty() || groups == 0 {
        return Ok(Outcome::Failed(format!("{} IOMMUs, {groups} groups", units.len())));
    }
    // Without it VFIO lets no device be used: type1 asks for it, and says so by EPERM.
    let remapped = fs::read_to_string("/proc/interrupts").is_ok_and(|it| it.contains("IR-"));
    if !remapped {
        return Ok(Outcome::Failed("interrupts are not remapped".into()));
    }
    Ok(Outcome::Passed(format!("{}, {groups} groups, interrupts remapped", units.join(" "))))
}

/// The card is on the bus, and `vfio-pci` takes it.
pub(crate) fn card() -> Result<Outcome> {
    let bound = Device::find(CARD)?.bind()?;
    Ok(Outcome::Passed(format!("{CARD} at {bound}")))
}
