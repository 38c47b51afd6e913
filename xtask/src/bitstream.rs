//! `cargo xtask bitstream`: builds a board's bring-up bitstream and says from what, how fast and how large; or builds it again, to see that
//! it is the same.

mod build;
mod compare;
mod store;
mod table;

use crate::fpga::netlist;
use crate::fpga::timing;
use crate::fpga::tools::{Tools, processors};
use crate::report::{self, Skip, Table};
use crate::setup::{self, Set};
use crate::workspace::{self, Workspace};
use anyhow::{Context, Result, bail};
use build::{Build, Built};
use covert_boards::board::Family;
use covert_boards::manifest::{Output, UnitSize, device_name, sha256, timing_model};
use covert_boards::package::Package;
use covert_boards::{Board, Design, Manifest, UNIT_HERTZ, check, pcie};
use std::fs;
use std::process::Command;

/// Build a board's bring-up bitstream: synthesise, place from several seeds, pack, and judge
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The board: a folder of `boards/`
    #[arg(required_unless_present = "table")]
    board: Option<String>,
    /// What is built: `unit`; `alive`, which is clock, reset, a light and an echo; or `pcie`, which is synthesised and no more
    #[arg(long, default_value = "unit")]
    design: Design,
    /// How many placements to try; the fastest is packed
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=1000))]
    seeds: u32,
    /// The first seed
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(..=1_000_000))]
    from: u32,
    /// How many placements at a time; as many as there are processors if not said
    #[arg(long)]
    jobs: Option<usize>,
    /// Leave what was synthesised or placed before, and do it anew
    #[arg(long)]
    fresh: bool,
    /// Write manifest and bitstream to `fpga-bitstreams/`
    #[arg(long, conflicts_with = "check")]
    write: bool,
    /// Build with the seed of the committed manifest, and fail unless the same bytes come out; other bytes from other tools are told
    #[arg(long)]
    check: bool,
    /// Build with the slow tools from PyPI, as is done where Debian's native ones cannot be had: for ECP5
    #[arg(long)]
    slow: bool,
    /// Write the table in `docs/src/bitstreams.md` from the committed manifests; builds nothing
    #[arg(long, conflicts_with_all = ["write", "check", "fresh", "slow"])]
    table: bool,
    /// Print the manifest as JSON
    #[arg(long)]
    json: bool,
}

/// The largest file that is committed, in bytes.
const LARGEST: u64 = 1_000_000;

const GOAL: f64 = UNIT_HERTZ as f64 / 1e6;

const NOTE: &str =
    "Bring-up: speaks over a serial line, has no PCIe. Built by open tools; was not run on hardware.";

pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    if args.table {
        return table::write(workspace);
    }
    let name = args.board.as_deref().context("no board is named")?;
    let board = Board::load(&workspace.root, name)?;
    let faults = check::check(&board, &Package::load(&workspace.root, &board.device)?);
    if !faults.is_empty() {
        bail!("`boards/{name}/board.toml` is not in order: {}", faults.join("; "));
    }
    let path = workspace.root.join(Manifest::path(name, args.design));
    let committed = if args.check { Some(Manifest::load(&path)?) } else { None };
    let seeds: Vec<u32> = committed.as_ref().map_or_else(
        || (args.from..args.from + args.seeds).collect(),
        |manifest| manifest.seed.into_iter().collect(),
    );

    let Some(tools) = tools(workspace, board.device.family, args)? else { return Ok(()) };
    let build = Build::new(workspace, &board, args.design, tools, args.fresh)?;
    if let Some(committed) = &committed {
        same_sources(committed, &build)?;
    }
    let built = build.run(&seeds, args.jobs.unwrap_or_else(processors))?;
    let manifest = manifest(workspace, &board, &build, &built)?;
    let text = manifest.text();
    fs::write(build.folder.join("manifest.json"), &text)
        .with_context(|| format!("cannot write to `{}`", build.folder.display()))?;
    report::emit(args.json, &overview(&manifest), &manifest)?;
    eprintln!("\n{}", manifest.note);
    if !manifest.timing_model.is_empty() {
        eprintln!("{}", manifest.timing_model);
    }
    eprintln!("the build is in `{}`", workspace.short(&build.folder));
    judge(&manifest, &built)?;
    if let Some(committed) = &committed {
        same_bytes(committed, &manifest)?;
    }
    if args.write {
        keep(workspace, &build, &manifest)?;
    }
    Ok(())
}

/// The tools that build for a family, installed if they have to be: the native ones, or the slow ones where those cannot be had. None if
/// a committed bitstream cannot be built again here, which is told.
fn tools(workspace: &Workspace, family: Family, args: &Args) -> Result<Option<Tools>> {
    let slow = |why: &str| {
        if family != Family::Ecp5 {
            bail!("{why}, and the slow ones build for ECP5 alone");
        }
        eprintln!("{why}: the slow ones instead");
        setup::ensure_fpga_anywhere(workspace).map(|_| Some(Tools::locate(workspace)))
    };
    if args.slow {
        return Ok(slow("the native tools are not wanted")?.map(Tools::slow));
    }
    let Err(why) = setup::ensure(workspace, Set::Fpga) else { return Ok(Some(Tools::locate(workspace))) };
    if args.check {
        not_in_ci(&why)?;
        if family != Family::Ecp5 {
            eprintln!("{NOT_AGAIN}: {why:#}");
            return Ok(None);
        }
    }
    slow(&format!("the native tools cannot be had here ({why:#})"))
}

const NOT_AGAIN: Skip = Skip {
    what: "building a committed bitstream again",
    missing: "the native tools that built it",
    install: "cargo xtask setup --fpga",
};

/// In CI it is an error that a committed bitstream is not built again by the tools that built it, where they can be had.
fn not_in_ci(why: &anyhow::Error) -> Result<()> {
    let possible = workspace::on_path("apt-get") && cfg!(target_arch = "x86_64");
    if possible && std::env::var("CI").is_ok_and(|value| value == "true") {
        bail!("{NOT_AGAIN}: {why:#}");
    }
    Ok(())
}

/// Fails if the sources are no longer those of the committed bitstream.
fn same_sources(committed: &Manifest, build: &Build<'_>) -> Result<()> {
    if committed.inputs != build.inputs {
        bail!(
            "the committed bitstream is of other sources ({}): build it anew with `cargo xtask bitstream {} --design {} --write`",
            compare::differing(&committed.inputs, &build.inputs).join(", "),
            committed.board,
            committed.design
        );
    }
    Ok(())
}

/// Fails if other bytes came out of the same tools. Other tools may give other bytes: that is told, and is no failure.
fn same_bytes(committed: &Manifest, manifest: &Manifest) -> Result<()> {
    for line in compare::outputs(committed, manifest)? {
        eprintln!("{line}");
    }
    Ok(())
}

/// Fails if a copy of the comparator is lost, or the placement that is packed misses the clock.
fn judge(manifest: &Manifest, built: &Built) -> Result<()> {
    netlist::judge(&built.copies)?;
    if built.seed.is_none() {
        return Ok(());
    }
    let packed = manifest.placement().context("the packed placement is not among the placements")?;
    timing::judge(packed, GOAL)
}

fn manifest(workspace: &Workspace, board: &Board, build: &Build<'_>, built: &Built) -> Result<Manifest> {
    let unit = build.design != Design::Alive;
    let recipe = build.design == Design::Pcie;
    let outputs = built.outputs.iter().map(|file| -> Result<Output> {
        let path = build.folder.join(file);
        let bytes = fs::read(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
        Ok(Output { file: file.clone(), kept: false, bytes: bytes.len() as u64, sha256: sha256(&bytes) })
    });
    Ok(Manifest {
        board: board.name.clone(),
        design: build.design,
        note: if recipe { pcie::NOTE } else { NOTE }.into(),
        device: device_name(board),
        unit: unit.then(|| unit_size(build)).transpose()?,
        git: git(workspace),
        inputs: build.inputs.clone(),
        tools: build.tools.clone(),
        packages: build.packages.clone(),
        seed: built.seed,
        constraint_mhz: GOAL,
        timing_model: if recipe { "" } else { timing_model(board.device.family) }.into(),
        placements: built.placements.clone(),
        size: built.size.clone(),
        redundancy: unit.then(|| netlist::redundancy(&built.copies)),
        outputs: outputs.collect::<Result<_>>()?,
    })
}

/// The configuration of the unit that was built.
fn unit_size(build: &Build<'_>) -> Result<UnitSize> {
    let path = build.folder.join("redundancy_unit.v");
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
    Ok(UnitSize::of(&text)?)
}

/// The commit, and whether something that a bitstream is made of is not as committed.
fn git(workspace: &Workspace) -> String {
    let ask = |arguments: &[&str]| {
        let mut git = Command::new("git");
        workspace::output(git.args(arguments).current_dir(&workspace.root)).map(|text| text.trim().to_owned())
    };
    let Ok(commit) = ask(&["rev-parse", "HEAD"]) else { return "not a git repository".into() };
    match ask(&["status", "--porcelain", "--", "rtl/generated", "boards"]) {
        Ok(changes) if changes.is_empty() => commit,
        _ => format!("{commit}, with changes"),
    }
}

/// Puts manifest, and bitstream if it is small enough, to the committed ones.
fn keep(workspace: &Workspace, build: &Build<'_>, manifest: &Manifest) -> Result<()> {
    let mut manifest = manifest.clone();
    let path = workspace.root.join(Manifest::path(&manifest.board, manifest.design));
    let folder = path.parent().context("a manifest has a folder")?;
    fs::create_dir_all(folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
    for output in manifest.outputs.iter_mut().filter(|output| output.file.ends_with(".bit")) {
        let name = format!("{}.bit", manifest.design);
        if output.bytes <= LARGEST {
            let from = build.folder.join(&output.file);
            fs::copy(&from, folder.join(&name))
                .with_context(|| format!("cannot copy `{}`", from.display()))?;
            (output.file, output.kept) = (name, true);
        }
    }
    fs::write(&path, manifest.text()).with_context(|| format!("cannot write `{}`", path.display()))?;
    eprintln!("wrote {}", workspace.short(&path));
    Ok(())
}

/// The placements; where nothing is placed, what was synthesised.
fn overview(manifest: &Manifest) -> Table {
    if manifest.placements.is_empty() {
        let mut table = Table::new(["LUT", "flip-flops", "block RAM", "LUT RAM"]);
        let size = &manifest.size;
        table
            .row([size.luts, size.flip_flops, size.block_rams, size.distributed_rams].map(|n| n.to_string()));
        return table;
    }
    let mut table = Table::new(["seed", "MHz", "of 125 MHz", "longest path, ns", "through"]);
    for placement in &manifest.placements {
        let verdict = if placement.fmax_mhz >= manifest.constraint_mhz { "met" } else { "missed" };
        let packed = if Some(placement.seed) == manifest.seed { ", packed" } else { "" };
        table.row([
            placement.seed.to_string(),
            format!("{:.2}", placement.fmax_mhz),
            format!("{verdict}{packed}"),
            format!("{:.2}", placement.worst_ns),
            placement.worst_path.clone(),
        ]);
    }
    table
}
