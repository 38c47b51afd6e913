//! `covert card flash`: a built bitstream onto a board, by openFPGALoader, if its manifest says that it is one for that board.

use anyhow::{Context, Result, bail};
use covert_boards::flash::{LOADER, Target, arguments};
use covert_boards::flow::{Step, shell};
use covert_boards::manifest::timing_model;
use covert_boards::{Board, Design, Manifest};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Put a built bitstream onto a board
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
The bitstream is the one beside the manifest, `fpga-bitstreams/BOARD/DESIGN.json` unless another is named. One that is for another board, \
that is not what its manifest says or that missed its clock is refused. No board of these was run: read `docs/src/bitstreams.md` first.\n\n\
Example:\n  covert card flash versa-ecp5 --dry-run")]
pub(super) struct Flash {
    /// The board: a folder of `boards/`
    board: String,
    /// Which bitstream of it: `unit` or `alive`
    #[arg(long, default_value = "unit")]
    design: Design,
    /// The manifest of another bitstream, which stands beside it
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
    /// Into the FPGA alone, until power is lost; the flash stays as it is
    #[arg(long)]
    volatile: bool,
    /// Print the command, and run nothing
    #[arg(long)]
    dry_run: bool,
    /// The repository
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    root: PathBuf,
}

/// Checks, then runs the loader or says how it would be run.
pub(super) fn run(args: &Flash) -> Result<u8> {
    let board = Board::load(&args.root, &args.board)?;
    let path =
        args.manifest.clone().unwrap_or_else(|| args.root.join(Manifest::path(&board.name, args.design)));
    let manifest = Manifest::load(&path)?;
    let output = manifest
        .bitstream()
        .with_context(|| format!("{} names no .bit. {}", path.display(), manifest.note))?;
    let file = path.with_file_name(Path::new(&output.file).file_name().unwrap_or_default());
    let content = std::fs::read(&file).with_context(|| {
        let (board, design) = (&board.name, manifest.design);
        format!(
            "cannot read the bitstream `{}`; `cargo xtask bitstream {board} --design {design} --check` builds it, and \
             `--manifest target/boards/{board}/{design}/manifest.json` takes it from there",
            file.display()
        )
    })?;
    let target = if args.volatile { Target::Volatile } else { Target::Flash };
    let arguments = arguments(&board, &manifest, &file, &content, target)?;
    let loader = covert_verilator::tool(LOADER);
    let words = arguments.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    eprintln!("{}: {}", board.title, manifest.note);
    if let Some(placement) = manifest.placement() {
        eprintln!(
            "{:.2} of {} MHz ({})",
            placement.fmax_mhz,
            manifest.constraint_mhz,
            timing_model(board.device.family)
        );
    }
    if args.dry_run {
        println!("{}", shell(&Step { program: LOADER, arguments: words }));
        if loader.is_none() {
            eprintln!("`{LOADER}` is not here: `cargo xtask setup --fpga` fetches it");
        }
        return Ok(0);
    }
    let loader = loader.with_context(|| {
        format!("`{LOADER}` is neither in the cache nor on PATH: `cargo xtask setup --fpga` fetches it")
    })?;
    let status = Command::new(&loader).args(&arguments).status();
    let status = status.with_context(|| format!("cannot run `{}`", loader.display()))?;
    if !status.success() {
        bail!("{LOADER} failed ({status}): is the board powered, its cable plugged in, and may you use it?");
    }
    Ok(0)
}
