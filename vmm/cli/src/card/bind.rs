//! `covert card bind` and `unbind`: a PCI function given to `vfio-pci`, and back to the kernel.
//!
//! By `driver_override` in sysfs, which concerns this one function and no other with the same ID. Everything that would hurt is looked
//! for before anything is written.

mod in_use;
#[cfg(test)]
pub(super) mod tests;

use anyhow::{Context, Result, bail};
use covert_driver::pci::{Address, Bus, CARD, Function, Id, list};
use std::fs;
use std::path::PathBuf;

const VFIO: &str = "vfio-pci";

/// Which function, and how sure.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Bind {
    /// Its PCI address: 01:00.0
    card: Address,
    /// Whatever device it is
    #[arg(long)]
    any: bool,
}

/// Which function.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Unbind {
    /// Its PCI address: 01:00.0
    card: Address,
}

/// Why a function is not given away.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum Refusal {
    #[error(
        "{address} is {id}, no COVERT card ({CARD}): `covert doctor` lists those; --any gives away whatever it is"
    )]
    NotACard { address: Address, id: Id },
    #[error("{0} is a bridge: what is behind it would be lost with it")]
    Bridge(Address),
    #[error(
        "{0} is in no IOMMU group: switch VT-d or AMD-Vi on in the firmware, and boot with intel_iommu=on on Intel"
    )]
    NoIommu(Address),
    #[error(
        "IOMMU group {group} of {address} also has {others}: a program would reach those through the card. Give them to vfio-pci \
         first, or put the card into a slot with a group of its own"
    )]
    Shared { address: Address, group: u32, others: String },
    #[error("{address} is in use: {what}. Giving it away would take that from the system")]
    InUse { address: Address, what: String },
    #[error("the driver vfio-pci is not there: `modprobe vfio-pci`")]
    NoDriver,
    #[error("{address} has {driver}, not vfio-pci: there is nothing to take back")]
    NotBound { address: Address, driver: String },
    #[error("{address} is in use by {holders}: end that first")]
    Held { address: Address, holders: String },
}

/// What is to be written where, in this order.
type Writes = Vec<(PathBuf, String)>;

/// Gives the function to `vfio-pci`.
pub(super) fn bind(bus: &Bus, args: &Bind) -> Result<u8> {
    let it = bus.function(args.card)?;
    if it.driver.as_deref() == Some(VFIO) {
        println!("{} has vfio-pci already", it.address);
        return Ok(0);
    }
    carry_out(&plan_bind(bus, &it, args.any)?)?;
    let now = bus.function(args.card)?;
    if now.driver.as_deref() != Some(VFIO) {
        let driver = now.driver.as_deref().unwrap_or("no driver");
        bail!("{} has {driver} and not vfio-pci afterwards: `dmesg` says why", it.address);
    }
    let group = now.group.map(|group| format!("/dev/vfio/{group}")).unwrap_or_default();
    println!("{} has vfio-pci; who may use {group} may use the card", it.address);
    Ok(0)
}

/// Gives the function back to whichever driver the kernel has for it.
pub(super) fn unbind(bus: &Bus, args: &Unbind) -> Result<u8> {
    let it = bus.function(args.card)?;
    carry_out(&plan_unbind(bus, &it)?)?;
    let driver = bus.function(args.card)?.driver;
    println!("{} has {} now", it.address, driver.as_deref().unwrap_or("no driver"));
    Ok(0)
}

fn plan_bind(bus: &Bus, it: &Function, any: bool) -> Result<Writes, Refusal> {
    let address = it.address;
    if it.id != CARD && !any {
        return Err(Refusal::NotACard { address, id: it.id });
    }
    if it.is_bridge() {
        return Err(Refusal::Bridge(address));
    }
    let Some(group) = it.group else { return Err(Refusal::NoIommu(address)) };
    let others = bus.in_the_way(it);
    if !others.is_empty() {
        return Err(Refusal::Shared { address, group, others: list(others) });
    }
    let uses = in_use::uses(bus, address);
    if !uses.is_empty() {
        return Err(Refusal::InUse { address, what: list(uses) });
    }
    if !bus.path("sys/bus/pci/drivers").join(VFIO).exists() {
        return Err(Refusal::NoDriver);
    }
    let mut writes = vec![(bus.folder(address).join("driver_override"), VFIO.into())];
    if it.driver.is_some() {
        writes.push((bus.folder(address).join("driver/unbind"), address.to_string()));
    }
    writes.push((bus.path("sys/bus/pci/drivers_probe"), address.to_string()));
    Ok(writes)
}

fn plan_unbind(bus: &Bus, it: &Function) -> Result<Writes, Refusal> {
    let address = it.address;
    if it.driver.as_deref() != Some(VFIO) {
        let driver = it.driver.clone().unwrap_or("no driver".into());
        return Err(Refusal::NotBound { address, driver });
    }
    // The kernel would wait for them without end.
    let holders = it.group.map(|group| bus.holders(&bus.path(&format!("dev/vfio/{group}"))));
    if let Some(holders) = holders.filter(|holders| !holders.is_empty()) {
        return Err(Refusal::Held { address, holders: list(holders) });
    }
    Ok(vec![
        (bus.folder(address).join("driver/unbind"), address.to_string()),
        (bus.folder(address).join("driver_override"), "\n".into()),
        (bus.path("sys/bus/pci/drivers_probe"), address.to_string()),
    ])
}

fn carry_out(writes: &Writes) -> Result<()> {
    for (path, text) in writes {
        let written = fs::OpenOptions::new()
            .write(true)
            .open(path)
            .and_then(|mut file| std::io::Write::write_all(&mut file, text.as_bytes()));
        written.with_context(|| {
            format!("cannot write `{}` to {}: are you root?", text.trim(), path.display())
        })?;
    }
    Ok(())
}
