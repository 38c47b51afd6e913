//! `board.toml`: what a board is, each pin with the document that it came from.

use crate::{Design, Error, FOLDER, pcie, read};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

/// A board, as its folder's `board.toml` has it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Board {
    /// The folder's name.
    #[serde(skip)]
    pub name: String,
    /// What the maker calls it.
    pub title: String,
    /// The FPGA.
    pub device: Device,
    /// What clocks it without a host.
    pub oscillator: Oscillator,
    /// A button or line that resets, if there is one.
    pub reset: Option<Reset>,
    /// The line that a bring-up bitstream is spoken to over.
    pub serial: Serial,
    /// Lights, and what each shows.
    #[serde(default)]
    pub leds: Vec<Led>,
    /// The link to the host. Checked here; used by [`pcie`] alone.
    pub pcie: Option<Pcie>,
    /// How a bitstream gets onto the board.
    pub flash: Flash,
    /// The documents that pins came from, by the names that pins give.
    pub sources: BTreeMap<String, String>,
}

/// Which tools build for a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// Lattice ECP5: yosys, nextpnr-ecp5, ecppack.
    Ecp5,
    /// AMD Artix-7: yosys, nextpnr-himbaechel-xilinx, Project X-Ray.
    Artix7,
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Family::Ecp5 => "ECP5",
            Family::Artix7 => "Artix-7",
        })
    }
}

/// The FPGA, as the open tools name it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// Its family.
    pub family: Family,
    /// The part: `LFE5UM5G-45F`, `xc7a200t`.
    pub part: String,
    /// The package: `CABGA381`, `fbg484`.
    pub package: String,
    /// The speed grade: `8`, `3`, `2L`.
    pub speed: String,
    /// What is printed on it, and ordered.
    pub ordering_code: String,
    /// A key of [`Board::sources`].
    pub source: String,
}

/// A free-running clock on the board.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Oscillator {
    /// Its frequency.
    pub hertz: u64,
    /// The ball, the positive one of a pair.
    pub ball: String,
    /// The negative ball of a pair.
    pub negative: Option<String>,
    /// The I/O standard.
    pub standard: String,
    /// A key of [`Board::sources`].
    pub source: String,
}

/// The level at which something is asserted or lit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Active {
    /// At the high level.
    High,
    /// At the low level.
    Low,
}

/// A resistor inside the FPGA.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pull {
    /// To the bank's supply.
    Up,
    /// To ground.
    Down,
}

/// A line that resets.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reset {
    /// The ball.
    pub ball: String,
    /// The I/O standard.
    pub standard: String,
    /// When it resets.
    pub active: Active,
    /// A key of [`Board::sources`].
    pub source: String,
}

/// One single-ended pin.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pin {
    /// The ball.
    pub ball: String,
    /// The I/O standard.
    pub standard: String,
    /// The resistor, if one is wanted.
    pub pull: Option<Pull>,
    /// A key of [`Board::sources`].
    pub source: String,
}

/// An asynchronous serial line, 8N1.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Serial {
    /// Bits a second.
    pub baud: u64,
    /// Towards the FPGA.
    pub receive: Pin,
    /// From the FPGA.
    pub transmit: Pin,
}

/// What a light shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shows {
    /// Blinks about twice a second while the unit's clock runs.
    Alive,
    /// Lit in reset.
    Reset,
    /// The unit's `config_error`.
    ConfigError,
    /// The link's, or the bridge's, `link_up`.
    LinkUp,
}

/// A light.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Led {
    /// What it shows.
    pub shows: Shows,
    /// The ball.
    pub ball: String,
    /// The I/O standard.
    pub standard: String,
    /// When it is lit.
    pub active: Active,
    /// A key of [`Board::sources`].
    pub source: String,
}

/// Two balls of one differential signal.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pair {
    /// The positive one.
    pub positive: String,
    /// The negative one.
    pub negative: String,
}

/// The link to the host, lane 0 first.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pcie {
    /// 1, 2, 4 or 8.
    pub lanes: usize,
    /// The 100 MHz reference clock.
    pub reference_clock: Pair,
    /// Towards the FPGA.
    pub receive: Vec<Pair>,
    /// From the FPGA.
    pub transmit: Vec<Pair>,
    /// PERST#.
    pub reset: Pin,
    /// CLKREQ#, where it is wired.
    pub clock_request: Option<Pin>,
    /// A key of [`Board::sources`].
    pub source: String,
}

/// How openFPGALoader reaches the board.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flash {
    /// What tells it board or cable: `["--cable", "ft2232"]`.
    pub arguments: Vec<String>,
    /// The size of the configuration flash.
    pub bytes: u64,
    /// A key of [`Board::sources`].
    pub source: String,
}

impl Board {
    /// Reads a board's description.
    ///
    /// # Errors
    /// It is no TOML, or a field is missing, unknown or of the wrong type.
    pub fn parse(name: &str, text: &str) -> Result<Board, Error> {
        let board: Board = toml::from_str(text).map_err(|error| Error::Malformed {
            path: format!("{FOLDER}/{name}/board.toml"),
            what: "a board's description",
            why: error.to_string(),
        })?;
        Ok(Board { name: name.to_owned(), ..board })
    }

    /// Reads the board of that name.
    ///
    /// # Errors
    /// There is none, or its description is not one.
    pub fn load(root: &Path, name: &str) -> Result<Board, Error> {
        let known = Board::names(root)?;
        if !known.iter().any(|one| one == name) {
            return Err(Error::NoBoard { name: name.to_owned(), known: known.join(", ") });
        }
        Board::parse(name, &read(&root.join(FOLDER).join(name).join("board.toml"))?)
    }

    /// The names of all boards, sorted.
    ///
    /// # Errors
    /// There is no folder of boards, or it cannot be read.
    pub fn names(root: &Path) -> Result<Vec<String>, Error> {
        let folder = root.join(FOLDER);
        let path = || folder.display().to_string();
        if !folder.is_dir() {
            return Err(Error::NoFolder { path: path() });
        }
        let failed = |source| Error::Read { path: path(), source };
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            if entry.path().join("board.toml").is_file() {
                names.push(entry.file_name().to_string_lossy().into_owned());
            }
        }
        names.sort();
        Ok(names)
    }

    /// The designs that can be made of the board.
    pub fn designs(&self) -> impl Iterator<Item = Design> {
        let linked = pcie::link(self).is_some();
        Design::ALL.into_iter().filter(move |&design| design != Design::Pcie || linked)
    }

    /// The lights that a design can drive, each with its number on the board.
    pub fn leds_of(&self, design: Design) -> impl Iterator<Item = (usize, &Led)> {
        let has = move |shows| match design {
            Design::Alive => matches!(shows, Shows::Alive | Shows::Reset),
            Design::Unit => true,
            Design::Pcie => matches!(shows, Shows::ConfigError | Shows::LinkUp),
        };
        self.leds.iter().enumerate().filter(move |(_, led)| has(led.shows))
    }
}

impl Device {
    /// The part as nextpnr's Artix-7 and openFPGALoader name it, package and all: `xc7a200tfbg484`.
    pub fn packaged(&self) -> String {
        format!("{}{}", self.part, self.package)
    }
}
