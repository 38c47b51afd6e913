//! `cargo xtask synth`: what synthesis for an ECP5 makes of the redundancy unit: size, speed, and whether both copies
//! of the comparator are still there.
//!
//! Out of context: no I/O, no PCIe block, no board. `cargo xtask test` does not run it: it takes minutes.

mod page;

use crate::fpga::netlist::{self, Module, Pair, Twice};
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
    /// Write the page of these lanes: `docs/src/synthesis.md`, `docs/src/synthesis-3.md`
    #[arg(long)]
    write: bool,
    /// Lanes of the unit: 2, or 3
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(2..=3))]
    lanes: u8,
}

/// One configuration of the unit.
struct Configuration {
    /// In words.
    lanes: &'static str,
    /// Its top module.
    top: &'static str,
    /// Its Verilog.
    verilog: &'static str,
    /// What is in it twice.
    twice: &'static [Twice],
    /// Where its figures stand.
    page: &'static str,
    /// What writes them.
    command: &'static str,
}

const TWO_LANES: Configuration = Configuration {
    lanes: "two",
    top: "redundancy_unit",
    verilog: covert_boards::UNIT_VERILOG,
    twice: netlist::TWO_LANES,
    page: "docs/src/synthesis.md",
    command: "cargo xtask synth --write",
};

const THREE_LANES: Configuration = Configuration {
    lanes: "three",
    top: "redundancy_unit_3",
    verilog: "rtl/generated/redundancy_unit_3.v",
    twice: netlist::THREE_LANES,
    page: "docs/src/synthesis-3.md",
    command: "cargo xtask synth --lanes 3 --write",
};

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
    let unit = if args.lanes == 3 { THREE_LANES } else { TWO_LANES };
    let Configuration { top, verilog: source, twice, page, .. } = unit;
    let tools = Tools::locate(workspace);
    let versions = tools.versions(&["yosys", "nextpnr-ecp5"])?;
    let verilog = workspace.root.join(source);
    let text = fs::read_to_string(&verilog).with_context(|| format!("cannot read `{source}`"))?;
    let folder = workspace.target.join("synth").join(top);
    fs::create_dir_all(&folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
    // Yosys gives cells names after the file, and by their names they are placed.
    let file = format!("{top}.v");
    fs::write(folder.join(&file), &text)
        .with_context(|| format!("cannot write to `{}`", folder.display()))?;

    let script = synthesis_script(Family::Ecp5, &[&file], top, "", "netlist.json");
    let arguments = ["-q", "-l", "yosys.log", "-p", &script].map(str::to_owned).to_vec();
    let synthesise = Step { program: "yosys", arguments };
    tools::step("yosys synth_ecp5", &mut tools.command(&synthesise, &folder)?)?;
    let netlist = folder.join("netlist.json");
    let module =
        Module::parse(&read(&netlist)?, top).with_context(|| format!("in `{}`", netlist.display()))?;
    let copies = module.copies(twice, Family::Ecp5, "");
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
        fs::write(workspace.root.join(page), page::page(&unit, &synthesis))
            .with_context(|| format!("cannot write `{page}`"))?;
        eprintln!("wrote {page}");
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
        let Configuration { top, twice, .. } = TWO_LANES;
        let synthesis = |merged, fmax_mhz| {
            let module = netlist::tests::netlist(twice, top, "", Family::Ecp5, merged);
            Synthesis {
                tools: Vec::new(),
                verilog_crc64: String::new(),
                goal_mhz: GOAL,
                size: module.size(Family::Ecp5),
                copies: module.copies(twice, Family::Ecp5, ""),
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
