//! `cargo xtask board`: checks the boards' descriptions, and writes what is built from them.

use crate::fpga::tools::Tools;
use crate::report::{self, Table};
use crate::workspace::Workspace;
use anyhow::{Context, Result, bail};
use covert_boards::manifest::device_name;
use covert_boards::package::Package;
use covert_boards::ports::ports;
use covert_boards::{Board, Design, check, constraints, flow, pcie, top};
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
            for design in board.designs() {
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
    let verilog =
        |path: &&str| fs::read_to_string(root.join(path)).with_context(|| format!("cannot read `{path}`"));
    let verilog = design.verilog().iter().map(verilog).collect::<Result<Vec<_>>>()?;
    let (top, pins) = match design {
        Design::Alive => (top::top(board, None)?, constraints::constraints(board, design)),
        Design::Unit => {
            let [unit, bridge] = verilog.as_slice() else { bail!("the design is unit and bridge") };
            let parts =
                top::Parts { unit: ports(unit, "redundancy_unit")?, bridge: ports(bridge, "serial_bridge")? };
            (top::top(board, Some(&parts))?, constraints::constraints(board, design))
        }
        Design::Pcie => (pcie::top(board)?, pcie::constraints(board)?),
    };
    let mut files: Vec<(&str, String)> = flow::sources(design).into_iter().zip(verilog).collect();
    files.push((flow::TOP_FILE, top));
    files.push((flow::pins_file(board.device.family), pins));
    files.push(("build.sh", flow::script(board, design, 1)));
    fs::create_dir_all(folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
    for (name, text) in files {
        fs::write(folder.join(name), text)
            .with_context(|| format!("cannot write `{name}` to `{}`", folder.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use covert_boards::board::Family;
    use std::process::Command;

    /// The card's top level with a black box in it, too. A cell or port that does not exist, or has another width, ends yosys.
    #[test]
    fn yosys_elaborates_every_top_level_of_every_board() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let Ok(yosys) = Tools::at(&root).find("yosys") else {
            let skip = "SKIPPED top levels of boards: missing yosys; install with `cargo xtask setup`";
            assert!(!std::env::var("CI").is_ok_and(|value| value == "true"), "{skip}");
            eprintln!("{skip}");
            return;
        };
        let scratch = std::env::temp_dir().join(format!("covert-tops-{}", std::process::id()));
        for name in Board::names(&root).expect("boards") {
            let board = Board::load(&root, &name).expect("a board");
            let cells = match board.device.family {
                Family::Ecp5 => "+/ecp5/cells_sim.v +/ecp5/cells_bb.v",
                Family::Artix7 => "+/xilinx/cells_sim.v +/xilinx/cells_xtra.v",
            };
            for design in board.designs() {
                write(&root, &board, design, &scratch).expect("its files");
                let script = format!(
                    "read_verilog -lib {cells}; read_verilog {}; hierarchy -check -top {}; proc; check -assert",
                    flow::sources(design).join(" "),
                    top::TOP
                );
                let mut command = Command::new(&yosys);
                let output =
                    command.args(["-q", "-p", &script]).current_dir(&scratch).output().expect("yosys runs");
                let said = String::from_utf8_lossy(&output.stderr);
                assert!(output.status.success(), "{name}, {design}: {said}");
            }
        }
        fs::remove_dir_all(&scratch).expect("it was made");
    }
}
