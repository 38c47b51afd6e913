//! What stands beside a built bitstream: from what it was made, by which tools, and what came out.

use crate::board::{Board, Family};
use crate::ports::{instances, ports};
use crate::{BITSTREAMS, Design, Error, UNIT_HERTZ, read};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A bitstream's manifest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The board's folder.
    pub board: String,
    /// What was built.
    pub design: Design,
    /// What this is and is not.
    pub note: String,
    /// The part, package and speed grade.
    pub device: String,
    /// The unit's configuration; none where the design has no unit.
    pub unit: Option<UnitSize>,
    /// The commit that was checked out, and whether it had changes.
    pub git: String,
    /// SHA-256 of every file that the tools read, by name.
    pub inputs: BTreeMap<String, String>,
    /// What each tool says of itself.
    pub tools: BTreeMap<String, String>,
    /// The Debian packages that the tools and their databases came in; none if they came otherwise.
    pub packages: BTreeMap<String, String>,
    /// The seed of the placement in the bitstream; none where nothing is placed.
    pub seed: Option<u32>,
    /// The unit's clock that was asked for, in MHz.
    pub constraint_mhz: f64,
    /// What kind of timing model the tool has; empty where nothing is placed.
    pub timing_model: String,
    /// Every placement that was tried, the one in the bitstream among them.
    pub placements: Vec<Placement>,
    /// Cells by kind.
    pub size: Size,
    /// Flip-flops of the two copies of the comparator that synthesis kept apart, of those that there must be; none where the design has none.
    pub redundancy: Option<Redundancy>,
    /// The files that came out.
    pub outputs: Vec<Output>,
}

/// The configuration of the redundancy unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnitSize {
    /// Ports for replicas.
    pub lanes: u32,
    /// Machines.
    pub groups: u32,
    /// Bits of the TLP streams.
    pub width: u32,
    /// What its registers say of its Verilog, in hexadecimal: `covert card info` shows the same of a card with this bitstream.
    pub rtl_hash: String,
}

impl UnitSize {
    /// Reads it off the emitted unit.
    ///
    /// # Errors
    /// The text is no emitted unit.
    pub fn of(verilog: &str) -> Result<UnitSize, Error> {
        const UNIT: &str = "redundancy_unit";
        let ports = ports(verilog, UNIT)?;
        let stream = ports.iter().find(|port| port.name == "rx_req_data");
        let width = stream.ok_or_else(|| Error::Ports("the unit has no rx_req_data".into()))?.width;
        let count = |of| instances(verilog, UNIT, of) as u32;
        let half = |name: &str| {
            let (_, rest) = verilog.split_once(&format!("rtl_hash${name} = 32'h"))?;
            u32::from_str_radix(rest.split_once(';')?.0, 16).ok()
        };
        let (Some(low), Some(high)) = (half("lo"), half("hi")) else {
            return Err(Error::Ports("the unit does not say the hash of its Verilog".into()));
        };
        Ok(UnitSize {
            lanes: count("lane"),
            groups: count("vote"),
            width,
            rtl_hash: format!("{high:08x}{low:08x}"),
        })
    }
}

/// What one seed gave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Placement {
    /// The seed.
    pub seed: u32,
    /// The fastest clock that the model allows, in MHz.
    pub fmax_mhz: f64,
    /// The longest path from clock to clock, in ns.
    pub worst_ns: f64,
    /// The part of it that is on the way between cells, in ns.
    pub routing_ns: f64,
    /// The cells that it goes through.
    pub levels: usize,
    /// That path, by names of the RTL.
    pub worst_path: String,
}

/// Cells by kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Size {
    /// Look-up tables, of any width, but those that are memories.
    pub luts: usize,
    /// Flip-flops.
    pub flip_flops: usize,
    /// Block memories.
    pub block_rams: usize,
    /// Memories made of look-up tables.
    pub distributed_rams: usize,
}

/// Flip-flops of the copies of the comparator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redundancy {
    /// Those of each copy in the RTL.
    pub expected: usize,
    /// Those of the plain copy in the netlist.
    pub plain: usize,
    /// Those of the complemented copy in the netlist.
    pub complemented: usize,
}

/// A file that came out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Output {
    /// Its name beside the manifest, or in the build folder if it is not kept.
    pub file: String,
    /// Whether it stands beside the manifest.
    pub kept: bool,
    /// Its size in bytes.
    pub bytes: u64,
    /// Its SHA-256.
    pub sha256: String,
}

/// Why a bitstream is not put onto a board.
#[derive(Debug, thiserror::Error)]
pub enum Misfit {
    /// It is for another board.
    #[error("the bitstream is for {theirs}, not for {ours}")]
    Board {
        /// The manifest's board.
        theirs: String,
        /// The board asked for.
        ours: String,
    },
    /// It is for another part.
    #[error("the bitstream is for {theirs}; {board} has {ours}")]
    Device {
        /// The board's name.
        board: String,
        /// The manifest's part.
        theirs: String,
        /// The board's part.
        ours: String,
    },
    /// The manifest names no bitstream.
    #[error("the manifest names no .bit: the flow for this board ended before one")]
    NoBitstream,
    /// The file is not the one that the manifest is about.
    #[error("`{file}` has SHA-256 {found}, its manifest says {expected}: it is another one, or damaged")]
    Content {
        /// The file.
        file: String,
        /// What it has.
        found: String,
        /// What it should have.
        expected: String,
    },
    /// It does not fit into the flash.
    #[error("the bitstream has {bytes} bytes, the flash {flash}")]
    TooLarge {
        /// The bitstream.
        bytes: u64,
        /// The flash.
        flash: u64,
    },
    /// Timing was not met.
    #[error("the bitstream reaches {fmax:.2} of {goal} MHz: it must not be run")]
    TooSlow {
        /// The fastest clock.
        fmax: f64,
        /// The clock that it would get.
        goal: f64,
    },
}

impl Manifest {
    /// The manifest of a board's design, from the root of the repository.
    pub fn path(board: &str, design: Design) -> PathBuf {
        Path::new(BITSTREAMS).join(board).join(format!("{design}.json"))
    }

    /// Reads a manifest.
    ///
    /// # Errors
    /// There is none, the file cannot be read, or it is no manifest.
    pub fn load(path: &Path) -> Result<Manifest, Error> {
        if !path.is_file() {
            return Err(Error::NoManifest { path: path.display().to_string() });
        }
        Manifest::parse(&path.display().to_string(), &read(path)?)
    }

    /// Reads a manifest's text, which came from `path`.
    ///
    /// # Errors
    /// It is no manifest.
    pub fn parse(path: &str, text: &str) -> Result<Manifest, Error> {
        serde_json::from_str(text).map_err(|error| Error::Malformed {
            path: path.to_owned(),
            what: "a bitstream's manifest",
            why: error.to_string(),
        })
    }

    /// The manifest's text.
    pub fn text(&self) -> String {
        // Nothing in a manifest can fail to become JSON: its keys are text, and its numbers are finite.
        serde_json::to_string_pretty(self).map(|text| text + "\n").unwrap_or_default()
    }

    /// The bitstream among the outputs.
    pub fn bitstream(&self) -> Option<&Output> {
        self.outputs.iter().find(|output| output.file.ends_with(".bit"))
    }

    /// What the placement in the bitstream reaches.
    pub fn placement(&self) -> Option<&Placement> {
        self.placements.iter().find(|placement| Some(placement.seed) == self.seed)
    }

    /// Whether this bitstream, whose file has that content, may be put onto that board.
    ///
    /// # Errors
    /// The first reason why not.
    pub fn fits(&self, board: &Board, content: &[u8]) -> Result<(), Misfit> {
        if self.board != board.name {
            return Err(Misfit::Board { theirs: self.board.clone(), ours: board.name.clone() });
        }
        let ours = device_name(board);
        if self.device != ours {
            return Err(Misfit::Device { board: board.name.clone(), theirs: self.device.clone(), ours });
        }
        let output = self.bitstream().ok_or(Misfit::NoBitstream)?;
        let found = sha256(content);
        if found != output.sha256 {
            return Err(Misfit::Content {
                file: output.file.clone(),
                found,
                expected: output.sha256.clone(),
            });
        }
        let bytes = content.len() as u64;
        if bytes > board.flash.bytes {
            return Err(Misfit::TooLarge { bytes, flash: board.flash.bytes });
        }
        let fmax = self.placement().map_or(0.0, |placement| placement.fmax_mhz);
        // It is clocked with the unit's clock, whatever was asked for when it was placed.
        let goal = self.constraint_mhz.max(UNIT_HERTZ as f64 / 1e6);
        if fmax < goal {
            return Err(Misfit::TooSlow { fmax, goal });
        }
        Ok(())
    }
}

/// Part, package and speed grade as a manifest has them.
pub fn device_name(board: &Board) -> String {
    let device = &board.device;
    format!("{}-{}-{}", device.part, device.package, device.speed)
}

/// What is said of the timing model of a family's tool, wherever a figure of it stands.
pub fn timing_model(family: Family) -> &'static str {
    match family {
        Family::Ecp5 => {
            "nextpnr-ecp5 with Project Trellis' delays for the speed grade; computed, not measured"
        }
        Family::Artix7 => {
            "approximate open timing model of nextpnr-himbaechel-xilinx; computed, never to be quoted as the silicon's"
        }
    }
}

/// SHA-256 in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
