//! The demo where no virtual machine can run: in the lab, whose emulated machine has a KVM of its own, and the simulated unit as a PCIe
//! card behind the kernel's VFIO.

use super::event::Event;
use super::live::Live;
use crate::lab;
use crate::report::{self, Table};
use crate::workspace::Workspace;
use anyhow::{Context, Result};
use serde::Serialize;

/// What has to be there, and the step that shows the fault.
const STEPS: [&str; 5] = ["boot", "iommu", "card", "kvm", "pair-card"];

#[derive(Serialize)]
struct Report {
    remark: &'static str,
    events: Vec<Event>,
}

/// Boots it, and tells what the pair in it goes through.
///
/// # Errors
/// The lab cannot be had, or something went another way than it has to.
pub(super) fn run(workspace: &Workspace, json: bool) -> Result<()> {
    eprintln!(
        "The demo runs in the lab: a stock kernel in a machine that QEMU emulates, with a KVM of its own. A pair of Debian's busybox\n\
         sorts a file there, compared by the simulated unit as a PCIe card behind the kernel's VFIO; a bit flips in one replica.\n"
    );
    let live = Live::new();
    let mut events = Vec::new();
    lab::some(workspace, &STEPS, &mut |line| {
        // The kernel writes to the same console, into the middle of a line if it has to.
        let Some(event) = line.find("{\"event\":").and_then(|at| Event::read(&line[at..]).ok()) else {
            return;
        };
        live.tell(&event);
        events.push(event);
    })?;

    let summary = events.iter().find_map(|event| match event {
        Event::Summary(summary) => Some(summary.clone()),
        _ => None,
    });
    let summary = summary.context("the pair's summary did not come over the console")?;
    let mut table = Table::new(["what", "value"]);
    let mut row = |what: &str, value: String| table.row([what.into(), value]);
    row("outputs released", summary.outputs.to_string());
    row("equal to the native output", "yes".into());
    row("verdicts", summary.verdicts.to_string());
    row("mismatches", summary.mismatches.to_string());
    row("recoveries", summary.recoveries.to_string());
    eprintln!();
    report::emit(json, &table, &Report { remark: lab::REMARK, events })?;
    eprintln!("\n{}. `cargo xtask lab` does every step", lab::REMARK);
    Ok(())
}
