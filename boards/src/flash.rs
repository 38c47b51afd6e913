//! The command that puts a bitstream onto a board.

use crate::board::Board;
use crate::manifest::{Manifest, Misfit};
use std::ffi::OsString;
use std::path::Path;

/// Where a bitstream goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Into the FPGA, until power is lost.
    Volatile,
    /// Into the flash that the FPGA starts from; what is there is replaced, and read back.
    Flash,
}

/// The loader's name.
pub const LOADER: &str = "openFPGALoader";

/// The arguments of [`LOADER`] that put `file`, which has that content, onto the board.
///
/// # Errors
/// The bitstream is not one for this board.
pub fn arguments(
    board: &Board,
    manifest: &Manifest,
    file: &Path,
    content: &[u8],
    target: Target,
) -> Result<Vec<OsString>, Misfit> {
    manifest.fits(board, content)?;
    let mut arguments: Vec<OsString> = board.flash.arguments.iter().map(OsString::from).collect();
    match target {
        Target::Volatile => arguments.push("--write-sram".into()),
        Target::Flash => arguments.extend(["--write-flash".into(), "--verify".into()]),
    }
    arguments.extend(["--file-type".into(), "bit".into(), file.as_os_str().to_owned()]);
    Ok(arguments)
}
