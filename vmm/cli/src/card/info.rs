//! `covert card info`: who a card is, and what the bus knows of it.

use super::config_space::{self, ConfigSpace};
use super::{identify, open};
use crate::config::Card;
use anyhow::Result;
use covert_abi::Identity;
use covert_driver::pci::{Address, Bus, list};
use serde::Serialize;

#[derive(Serialize)]
struct Report {
    card: String,
    bus: Option<OnBus>,
    config_space: Option<ConfigSpace>,
    unit: Option<Unit>,
    /// Why something is missing.
    trouble: Vec<String>,
}

/// What sysfs says.
#[derive(Serialize)]
struct OnBus {
    id: String,
    driver: Option<String>,
    iommu_group: Option<u32>,
    group_shared_with: Vec<String>,
}

/// What the card's first registers say.
#[derive(Serialize)]
struct Unit {
    version: String,
    groups: u8,
    lanes: u8,
    width_bits: u16,
    skew_records: u32,
    reads_outstanding: u32,
    ring_entries_max: u32,
    payload_bytes_max: u32,
    features: Vec<&'static str>,
    ticks_per_second: u32,
    rtl_hash: String,
    board: u32,
}

impl Unit {
    fn of(identity: &Identity) -> Unit {
        let features = [
            (identity.push, "push through the doorbell page"),
            (identity.checkpoint, "checkpoint engine"),
            (identity.msix, "MSI-X"),
        ];
        Unit {
            version: identity.version.to_string(),
            groups: identity.groups,
            lanes: identity.lanes,
            width_bits: identity.width,
            skew_records: identity.skew,
            reads_outstanding: identity.tags,
            ring_entries_max: identity.ring_max,
            payload_bytes_max: identity.payload_max,
            features: features.into_iter().filter(|(there, _)| *there).map(|(_, name)| name).collect(),
            ticks_per_second: identity.tick_rate,
            rtl_hash: format!("{:016x}", identity.rtl_hash),
            board: identity.board,
        }
    }
}

/// The command. Exit status 1 if the card could not be asked everything.
pub(super) fn run(card: &Card, json: bool) -> Result<u8> {
    let mut report =
        Report { card: card.to_string(), bus: None, config_space: None, unit: None, trouble: Vec::new() };
    if let Card::Vfio(address) = card {
        let bus = Bus::host();
        report.bus = Some(on_bus(&bus, *address)?);
        // One after the other: a card has one owner at a time.
        match config_space::read(&bus, *address) {
            Ok(found) => report.config_space = Some(found),
            Err(error) => report.trouble.push(format!("the configuration space: {error:#}")),
        }
    }
    match open(card).and_then(|mut port| identify(port.as_mut())) {
        Ok(identity) => report.unit = Some(Unit::of(&identity)),
        Err(error) if report.bus.is_some() => report.trouble.push(format!("the unit: {error:#}")),
        Err(error) => return Err(error),
    }
    if json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print(&report);
    }
    Ok(u8::from(!report.trouble.is_empty()))
}

fn on_bus(bus: &Bus, address: Address) -> Result<OnBus> {
    let it = bus.function(address)?;
    let group = it.group.map(|group| bus.group(group)).unwrap_or_default();
    let others = group.iter().filter(|other| other.address != address).map(ToString::to_string).collect();
    Ok(OnBus { id: it.id.to_string(), driver: it.driver, iommu_group: it.group, group_shared_with: others })
}

fn print(report: &Report) {
    let line = |what: &str, found: &dyn std::fmt::Display| println!("{what:<22} {found}");
    line("card", &report.card);
    if let Some(bus) = &report.bus {
        line("vendor:device", &bus.id);
        line("driver", &bus.driver.as_deref().unwrap_or("none"));
        match bus.iommu_group {
            Some(group) if bus.group_shared_with.is_empty() => {
                line("IOMMU group", &format!("{group}, alone in it"));
            }
            Some(group) => line("IOMMU group", &format!("{group}, with {}", list(&bus.group_shared_with))),
            None => line("IOMMU group", &"none: there is no IOMMU, or it is off"),
        }
    }
    for (what, found) in report.config_space.iter().flat_map(ConfigSpace::lines) {
        line(what, &found);
    }
    if let Some(unit) = &report.unit {
        line("contract", &unit.version);
        line("unit", &unit.rtl_hash);
        line("board", &if unit.board == 0 { "a simulation".into() } else { unit.board.to_string() });
        line("groups, lanes in each", &format!("{}, {}", unit.groups, unit.lanes));
        line("stream width", &format!("{} bits", unit.width_bits));
        line("skew", &format!("{} records", unit.skew_records));
        line("reads outstanding", &unit.reads_outstanding);
        line("longest ring", &format!("{} entries", unit.ring_entries_max));
        line("longest payload", &format!("{} bytes", unit.payload_bytes_max));
        line("features", &list(&unit.features));
        line("ticks", &format!("{} a second", unit.ticks_per_second));
    }
    for trouble in &report.trouble {
        println!("not known: {trouble}");
    }
}
