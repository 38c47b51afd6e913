//! From nextpnr's FASM to the configuration frames of a 7-series part, by Project X-Ray's database.
//!
//! What upstream's `fasm2frames.py` does, which no package of Debian has. `xc7frames2bit` makes a bitstream of the frames; it adds their
//! check bits. The format of FASM: <https://fasm.readthedocs.io>; of the database: <https://f4pga.readthedocs.io/projects/prjxray>.

mod assemble;
mod bitfile;
mod fasm;
mod grid;
mod segbits;

pub use assemble::{Frames, assemble};
pub use bitfile::undate;
pub use fasm::{Feature, parse};
pub use grid::Grid;
pub use segbits::{Bit, SegmentBits};

use crate::{Error, read};
use std::path::{Path, PathBuf};

/// Words of 32 bits in a frame (AMD UG470, "Configuration Memory Frames").
pub const FRAME_WORDS: usize = 101;

/// Bits in a word.
pub const WORD_BITS: usize = 32;

/// The database of one family.
#[derive(Clone, Debug)]
pub struct Database {
    folder: PathBuf,
}

impl Database {
    /// That of Artix-7 of the tools unpacked under `tools`.
    pub fn artix7(tools: &Path) -> Database {
        Database { folder: tools.join("usr/share/prjxray/database/artix7") }
    }

    /// A database in a folder of its own.
    pub fn at(folder: &Path) -> Database {
        Database { folder: folder.to_owned() }
    }

    /// The tiles of a part: `xc7a200t`.
    ///
    /// # Errors
    /// The database has no such part, or is not what it was.
    pub fn grid(&self, part: &str) -> Result<Grid, Error> {
        let path = self.folder.join(part).join("tilegrid.json");
        Grid::parse(&read(&path)?).map_err(|why| malformed(&path, why))
    }

    /// The banks of the I/O tiles of a packaged part: `xc7a200tfbg484-3`.
    ///
    /// # Errors
    /// As of [`Database::grid`].
    pub fn banks(&self, part: &str) -> Result<Vec<(String, u32)>, Error> {
        let path = self.folder.join(part).join("package_pins.csv");
        let text = read(&path)?;
        let bank = |line: &str| {
            let cells: Vec<&str> = line.split(',').collect();
            Some(((*cells.get(3)?).to_owned(), cells.get(1)?.parse().ok()?))
        };
        let banks = text.lines().skip(1).map(bank).collect::<Option<Vec<_>>>();
        banks.ok_or_else(|| malformed(&path, "a line has no tile and bank".into()))
    }

    /// What `xc7frames2bit` has to know of a packaged part.
    pub fn part_file(&self, part: &str) -> PathBuf {
        self.folder.join(part).join("part.yaml")
    }

    /// The bits of a type of tile.
    ///
    /// # Errors
    /// As of [`Database::grid`].
    pub fn segment_bits(&self, tile_type: &str) -> Result<SegmentBits, Error> {
        let tile_type = tile_type.to_lowercase();
        let mut bits = SegmentBits::default();
        for (name, block) in [("segbits", ""), ("segbits", ".block_ram"), ("ppips", "")] {
            let path = self.folder.join(format!("{name}_{tile_type}{block}.db"));
            if !path.is_file() {
                continue;
            }
            let text = read(&path)?;
            let added = if name == "ppips" {
                bits.add_pseudo(&text)
            } else {
                bits.add(if block.is_empty() { "CLB_IO_CLK" } else { "BLOCK_RAM" }, &text)
            };
            added.map_err(|why| malformed(&path, why))?;
        }
        Ok(bits)
    }
}

fn malformed(path: &Path, why: String) -> Error {
    Error::Malformed { path: path.display().to_string(), what: "a part of Project X-Ray's database", why }
}
