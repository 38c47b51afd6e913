//! Where the configuration bits of each tile of a part are.

use super::FRAME_WORDS;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The tiles of a part by name.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub struct Grid {
    /// Them.
    pub tiles: BTreeMap<String, Tile>,
}

/// A tile.
#[derive(Debug, Deserialize)]
pub struct Tile {
    /// Its type: `CLBLM_R`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Where its bits are, by block type: `CLB_IO_CLK`, `BLOCK_RAM`.
    #[serde(default)]
    pub bits: BTreeMap<String, Place>,
    /// Its sites, with the type of each.
    #[serde(default)]
    pub sites: BTreeMap<String, String>,
}

/// A rectangle of configuration memory.
#[derive(Debug, Deserialize)]
pub struct Place {
    /// The address of its first frame.
    #[serde(rename = "baseaddr", deserialize_with = "hexadecimal")]
    pub base: u32,
    /// How many frames it has.
    pub frames: u32,
    /// The first word in each.
    pub offset: usize,
    /// How many words it has.
    pub words: usize,
    /// That its bits are named as those of another type of tile are.
    pub alias: Option<Alias>,
}

/// How a tile borrows another type's bits.
#[derive(Debug, Deserialize)]
pub struct Alias {
    /// That type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The word of that type's bits at which this tile begins.
    pub start_offset: usize,
    /// This tile's sites by that type's.
    #[serde(default)]
    pub sites: BTreeMap<String, String>,
}

fn hexadecimal<'a, D: serde::Deserializer<'a>>(from: D) -> Result<u32, D::Error> {
    let text = String::deserialize(from)?;
    let digits = text.strip_prefix("0x").unwrap_or(&text);
    u32::from_str_radix(digits, 16).map_err(serde::de::Error::custom)
}

impl Grid {
    /// Reads a `tilegrid.json`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Grid, String> {
        let grid: Grid = serde_json::from_str(text).map_err(|error| error.to_string())?;
        for (name, tile) in &grid.tiles {
            for Place { base, frames, offset, words, .. } in tile.bits.values() {
                let inside = *frames <= FRAMES && base.checked_add(*frames).is_some();
                if !inside || *offset >= FRAME_WORDS || *words > FRAME_WORDS - offset {
                    return Err(format!("{name} is not within frames of {FRAME_WORDS} words"));
                }
            }
        }
        Ok(grid)
    }
}

/// More frames than any tile has; a block RAM's content has 128.
const FRAMES: u32 = 1024;
