//! FPGA boards: what each one is, checked against the package's pins, and what is built for it.
//!
//! A board is a folder with a `board.toml` ([`Board`]). [`check`] says what is wrong with one; [`top`], [`constraints`] and [`flow`] make the
//! top level, the pin constraints and the commands of a *bring-up* bitstream: the redundancy unit behind a serial line, without PCIe.
//! [`pcie`] makes those of a card behind PCI Express, which is built elsewhere. [`Manifest`] is what stands beside a built bitstream, and [`flash`] how it gets onto the board.

#![forbid(unsafe_code)]

pub mod board;
pub mod check;
pub mod constraints;
pub mod flash;
pub mod flow;
pub mod manifest;
pub mod package;
pub mod pcie;
pub mod pll;
pub mod ports;
pub mod top;
pub mod xray;

pub use board::Board;
pub use manifest::Manifest;

use std::path::Path;

/// The clock of the redundancy unit, in hertz: that of a 64-bit stream at PCIe Gen2 x2 or Gen1 x4.
pub const UNIT_HERTZ: u64 = 125_000_000;

/// What is built for a board.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Design {
    /// Clock, reset, a blinking light and an echo on the serial line: the smallest, to see that a board lives.
    Alive,
    /// The redundancy unit, spoken to over the serial line.
    Unit,
    /// The redundancy unit behind the PCI Express block of a 7-series part, which is a black box here: synthesised, for a recipe.
    Pcie,
}

impl Design {
    /// Every design.
    pub const ALL: [Design; 3] = [Design::Alive, Design::Unit, Design::Pcie];

    /// The design's name on the command line and in file names.
    pub fn name(self) -> &'static str {
        match self {
            Design::Alive => "alive",
            Design::Unit => "unit",
            Design::Pcie => "pcie",
        }
    }

    /// The Verilog that the design has besides its top level, from the root of the repository.
    pub fn verilog(self) -> &'static [&'static str] {
        match self {
            Design::Alive => &[],
            Design::Unit => &[UNIT_VERILOG, BRIDGE_VERILOG],
            Design::Pcie => &[UNIT_VERILOG, "rtl/generated/pcie7_shim.v", "rtl/generated/pcie7_top.v"],
        }
    }
}

impl std::str::FromStr for Design {
    type Err = String;

    fn from_str(text: &str) -> Result<Design, String> {
        Design::ALL
            .into_iter()
            .find(|design| design.name() == text)
            .ok_or_else(|| format!("no design is called `{text}`: write alive, unit or pcie"))
    }
}

impl std::fmt::Display for Design {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// The redundancy unit, from the root of the repository.
pub const UNIT_VERILOG: &str = "rtl/generated/redundancy_unit.v";

/// The bridge between the unit's streams and a serial line, from the root of the repository.
pub const BRIDGE_VERILOG: &str = "rtl/generated/serial_bridge.v";

/// The folder of boards, from the root of the repository.
pub const FOLDER: &str = "boards";

/// The folder of built bitstreams, from the root of the repository.
pub const BITSTREAMS: &str = "fpga-bitstreams";

/// Something that is wrong with a board, a package, a manifest or a file of Verilog.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file that cannot be read.
    #[error("cannot read `{path}`: {source}")]
    Read {
        /// Which.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// There is no such board.
    #[error("there is no board `{name}`; there are {known}")]
    NoBoard {
        /// The name that was asked for.
        name: String,
        /// Those that there are.
        known: String,
    },
    /// There are no boards here.
    #[error(
        "there is no folder of boards at `{path}`: run this in the root of the repository, or say where that is (`--root`)"
    )]
    NoFolder {
        /// Where they should be.
        path: String,
    },
    /// There is no such bitstream.
    #[error(
        "there is no bitstream's manifest `{path}`: `cargo xtask bitstream BOARD --design DESIGN --write` makes one"
    )]
    NoManifest {
        /// Where it should be.
        path: String,
    },
    /// A file that is not what it should be.
    #[error("`{path}` is not {what}: {why}")]
    Malformed {
        /// Which.
        path: String,
        /// What it should be.
        what: &'static str,
        /// What was found.
        why: String,
    },
    /// The pins of the package are not known.
    #[error(
        "the balls of {part} in {package} are not known: `cargo xtask board --write-packages` takes them from the tools' database"
    )]
    NoPackage {
        /// The part.
        part: String,
        /// Its package.
        package: String,
    },
    /// No dividers make the unit's clock of the board's.
    #[error("no dividers of {family}'s PLL make {wanted} Hz of {from} Hz")]
    NoClock {
        /// The family of the part.
        family: board::Family,
        /// The oscillator, in hertz.
        from: u64,
        /// The clock wanted, in hertz.
        wanted: u64,
    },
    /// A design that cannot be made of a board.
    #[error("{board} has no design `{design}`: {why}")]
    NoDesign {
        /// The board.
        board: String,
        /// The design.
        design: Design,
        /// Why.
        why: &'static str,
    },
    /// Two modules that do not fit together.
    #[error("{0}")]
    Ports(String),
}

pub(crate) fn read(path: &Path) -> Result<String, Error> {
    std::fs::read_to_string(path).map_err(|source| Error::Read { path: path.display().to_string(), source })
}
