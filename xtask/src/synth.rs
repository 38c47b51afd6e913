//! `cargo xtask synth`: what synthesis for an ECP5 makes of the redundancy unit: size, speed, and whether both copies
//! of the comparator are still there.
//!
//! Out of context: no I/O, no PCIe block, no board. `cargo xtask test` does not run it: it takes minutes.

mod page;

use crate::fpga::netlist::{self, Module, Pair};
use crate::fpga::timing;
use crate::fpga::tools::{self, Tools, each_seed, processors};
use crate::report;
use crate::workspace::{self, Workspace};
use anyhow::{Context, Result, bail};
use covert_boards::board::Family;
use covert_boards::flow::{Step, synthesis_script};
use covert_boards::manifest::{Placement, Size};
use serde::Serialize;
use std::fs;
use std::path::Path;

/// Synthesise, place and route the redundancy unit for an ECP5, out of context
#[derive(clap::Args)]
pub(crate) struct Args {
    /// How many placements to try, seeds from 1 on
    #[arg(long, default_value_t = 1)]
    seeds: u32,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
    /// Write `docs/src/synthesis.md`
    #[arg(long)]
    write: bool,
}

const TOP: &str = "redundancy_unit";
const VERILOG: &str = covert_boards::UNIT_VERILOG;
const PAGE: &str = "docs/src/synthesis.md";

/// The clock of a 64-bit stream at PCIe Gen2 x2 or Gen1 x4, in MHz.
const GOAL: f64 = 125.0;

#[derive(Serialize)]
struct Synthesis {
    tools: Vec<String>,
    verilog_crc64: String,
    goal_mhz: f64,
    size: Size,
    copies: Vec<Pair>,
    timing: Vec<Placement>,
}

pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    if args.seeds == 0 {
        bail!("`--seeds 0` places nothing: give 1 or more");
    }
    let tools = Tools::locate(workspace);
    let versions = tools.versions(&["yosys", "nextpnr-ecp5"])?;
    let verilog = workspace.root.join(VERILOG);
    let text = fs::read_to_string(&verilog).with_context(|| format!("cannot read `{VERILOG}`"))?;
    let folder = workspace.target.join("synth");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
    fs::write(folder.join("redundancy_unit.v"), &text)
        .with_context(|| format!("cannot write to `{}`", folder.display()))?;

    let script = synthesis_script(Family::Ecp5, &["redundancy_unit.v"], TOP, "", "netlist.json");
    let arguments = ["-q", "-l", "yosys.log", "-p", &script].map(str::to_owned).to_vec();
    let synthesise = Step { program: "yosys", arguments };
    tools::step("yosys synth_ecp5", &mut tools.command(&synthesise, &folder)?)?;
    let netlist = folder.join("netlist.json");
    let module =
        Module::parse(&read(&netlist)?, TOP).with_context(|| format!("in `{}`", netlist.display()))?;
    let copies = module.copies(Family::Ecp5, "");
    let registers = module.registers(Family::Ecp5);

    let place = |seed: u32| -> Result<Placement> {
        let (report, log) = (format!("seed{seed}.json"), format!("seed{seed}.log"));
        let (goal, number) = (GOAL.to_string(), seed.to_string());
        // Not router2, though it is faster by far: it makes detours of several ns on paths that matter.
        let arguments = [
            ["--um5g-45k", "--package", "CABGA381", "--out-of-context", "--timing-allow-fail", "-q"]
                .as_slice(),
            &["--freq", &goal, "--seed", &number, "--json", "netlist.json"],
            &["--report", &report, "--log", &log],
        ];
        let arguments = arguments.concat().into_iter().map(str::to_owned).collect();
        let step = Step { program: "nextpnr-ecp5", arguments };
        workspace::status(&mut tools.command(&step, &folder)?)?;
        timing::placed(seed, &read(&folder.join(&report))?, &registers, GOAL)
            .with_context(|| format!("in `{report}`"))
    };
    let seeds: Vec<u32> = (1..=args.seeds).collect();
    let timing = each_seed("nextpnr-ecp5", &seeds, processors(), place)?;
    let crc = page::checksum(&text);
    let size = module.size(Family::Ecp5);
    let tools = versions.into_values().collect();
    let synthesis = Synthesis { tools, verilog_crc64: crc, goal_mhz: GOAL, size, copies, timing };
    report::emit(args.json, &page::overview(&synthesis), &synthesis)?;
    eprint!("\n{}", page::speeds(&synthesis).text());
    if args.write {
        fs::write(workspace.root.join(PAGE), page::page(&synthesis))
            .with_context(|| format!("cannot write `{PAGE}`"))?;
        eprintln!("wrote {PAGE}");
    }
    judge(&synthesis)
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))
}

fn judge(synthesis: &Synthesis) -> Result<()> {
    netlist::judge(&synthesis.copies)?;
    let slowest = synthesis.timing.iter().min_by(|a, b| a.fmax_mhz.total_cmp(&b.fmax_mhz));
    slowest.map_or(Ok(()), |slow| timing::judge(slow, GOAL))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_merged_copy_and_a_missed_clock_are_each_an_error() {
        let synthesis = |merged, fmax_mhz| {
            let module = netlist::tests::netlist(TOP, "", Family::Ecp5, merged);
            Synthesis {
                tools: Vec::new(),
                verilog_crc64: String::new(),
                goal_mhz: GOAL,
                size: module.size(Family::Ecp5),
                copies: module.copies(Family::Ecp5, ""),
                timing: vec![Placement {
                    seed: 3,
                    fmax_mhz,
                    worst_ns: 9.5,
                    routing_ns: 3.0,
                    levels: 4,
                    worst_path: "a > b".into(),
                }],
            }
        };
        assert!(judge(&synthesis(None, 125.0)).is_ok());
        assert!(judge(&synthesis(Some("vote.differ$q"), 125.0)).is_err());
        assert!(judge(&synthesis(None, 124.99)).is_err());
    }
}
