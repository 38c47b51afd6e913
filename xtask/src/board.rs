//! `cargo xtask board`: checks the boards' descriptions, and writes what is built from them.

use crate::fpga::tools::Tools;
use crate::report::{self, Table};
use crate::workspace::Workspace;
use anyhow::{Context, Result, bail};
use covert_boards::manifest::device_name;
use covert_boards::package::Package;
use covert_boards::ports::ports;
use covert_boards::{Board, Design, check, constraints, flow, top};
use serde::Serialize;
use std::fs;
use std::path::{Path, PathBuf};

/// Check the boards' descriptions, and write top level, pins and build script of each
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Which; all if none is named
    boards: Vec<String>,
    /// Take the balls of the packages from the tools' database first (`cargo xtask setup --fpga`)
    #[arg(long)]
    write_packages: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Line {
    board: String,
    device: String,
    faults: Vec<String>,
    written: Option<PathBuf>,
}

pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    let names = if args.boards.is_empty() { Board::names(&workspace.root)? } else { args.boards.clone() };
    let mut lines = Vec::new();
    for name in names {
        let board = Board::load(&workspace.root, &name)?;
        if args.write_packages {
            write_package(workspace, &board)?;
        }
        let faults = check::check(&board, &Package::load(&workspace.root, &board.device)?);
        let mut written = None;
        if faults.is_empty() {
            for design in [Design::Alive, Design::Unit] {
                if design.verilog().iter().all(|path| workspace.root.join(path).is_file()) {
                    let folder = folder(workspace, &board, design);
                    write(&workspace.root, &board, design, &folder)?;
                }
            }
            written = Some(workspace.target.join("boards").join(&name));
        }
        lines.push(Line { device: device_name(&board), board: name, faults, written });
    }
    let mut table = Table::new(["board", "device", "in order"]);
    for line in &lines {
        let state = if line.faults.is_empty() { "yes".into() } else { line.faults.join("; ") };
        table.row([line.board.clone(), line.device.clone(), state]);
    }
    report::emit(args.json, &table, &lines)?;
    if lines.iter().any(|line| !line.faults.is_empty()) {
        bail!("a board is not in order");
    }
    eprintln!(
        "\nTop levels, pins and build scripts are in `{}`",
        workspace.short(&workspace.target.join("boards"))
    );
    Ok(())
}

fn write_package(workspace: &Workspace, board: &Board) -> Result<()> {
    let native = Tools::locate(workspace).native();
    let native = native.context("the databases are not here: run `cargo xtask setup --fpga`")?;
    let package = Package::from_database(&native, &board.device)?;
    let path = workspace.root.join(Package::path(&board.device));
    fs::write(&path, package.text(Package::origin(&board.device)))
        .with_context(|| format!("cannot write `{}`", path.display()))?;
    eprintln!("wrote {}", workspace.short(&path));
    Ok(())
}

/// Where a board's design is built.
pub(crate) fn folder(workspace: &Workspace, board: &Board, design: Design) -> PathBuf {
    workspace.target.join("boards").join(&board.name).join(design.name())
}

/// Everything that a build reads, and the script that runs it.
pub(crate) fn write(root: &Path, board: &Board, design: Design, folder: &Path) -> Result<()> {
    let mut parts = None;
    let mut files = Vec::new();
    if design == Design::Unit {
        let [unit, bridge] = [covert_boards::UNIT_VERILOG, covert_boards::BRIDGE_VERILOG]
            .map(|path| fs::read_to_string(root.join(path)).with_context(|| format!("cannot read `{path}`")));
        let (unit, bridge) = (unit?, bridge?);
        parts = Some(top::Parts {
            unit: ports(&unit, "redundancy_unit")?,
            bridge: ports(&bridge, "serial_bridge")?,
        });
        files.extend([("redundancy_unit.v", unit), ("serial_bridge.v", bridge)]);
    }
    files.push((flow::TOP_FILE, top::top(board, parts.as_ref())?));
    files.push((flow::pins_file(board.device.family), constraints::constraints(board, design)));
    files.push(("build.sh", flow::script(board, design, 1)));
    if let Some(link) = constraints::pcie(board) {
        files.push(("pcie-pins.txt", link));
    }
    fs::create_dir_all(folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
    for (name, text) in files {
        fs::write(folder.join(name), text)
            .with_context(|| format!("cannot write `{name}` to `{}`", folder.display()))?;
    }
    Ok(())
}
