//! Frames from features.

use super::{Bit, Database, FRAME_WORDS, Feature, Grid, SegmentBits, WORD_BITS, parse};
use crate::Error;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write;

/// Configuration frames by address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frames(pub BTreeMap<u32, [u32; FRAME_WORDS]>);

impl Frames {
    /// As `xc7frames2bit` reads them: a frame a line.
    pub fn text(&self) -> String {
        let mut text = String::with_capacity(self.0.len() * 1200);
        for (address, words) in &self.0 {
            let _ = write!(text, "0x{address:08X} ");
            for (index, word) in words.iter().enumerate() {
                let comma = if index == 0 { "" } else { "," };
                let _ = write!(text, "{comma}0x{word:08X}");
            }
            text.push('\n');
        }
        text
    }
}

/// Assembles the frames of a packaged part (`xc7a200t`, `xc7a200tfbg484-3`) from a FASM text. All frames of the part are there.
///
/// # Errors
/// A line is no FASM; a feature is not known; two want one bit both set and clear; or the database is not what it was.
pub fn assemble(database: &Database, part: &str, packaged: &str, fasm: &str) -> Result<Frames, Error> {
    let grid = database.grid(part)?;
    let mut bits = Bits { database, grid: &grid, known: HashMap::new(), set: HashMap::new() };
    let fault = |why| Error::Malformed { path: "the placed design".into(), what: "a FASM of this part", why };
    let features = parse(fasm).map_err(fault)?;
    for feature in &features {
        bits.enable(feature)?;
    }
    for (tile, name) in unused_step_down(&features, &grid, &database.banks(packaged)?) {
        bits.enable(&Feature { tile: &tile, name: &name, address: 0 })?;
    }
    let places = grid.tiles.values().flat_map(|tile| tile.bits.values());
    let addresses = places.flat_map(|place| (0..place.frames).map(|frame| place.base + frame));
    let mut frames: BTreeMap<u32, [u32; FRAME_WORDS]> =
        addresses.map(|address| (address, [0; FRAME_WORDS])).collect();
    for ((address, bit), set) in bits.set {
        if let (Some(frame), true) = (frames.get_mut(&address), set) {
            frame[bit / WORD_BITS] |= 1 << (bit % WORD_BITS);
        }
    }
    Ok(Frames(frames))
}

/// The bits that are wanted, set or clear.
struct Bits<'a> {
    database: &'a Database,
    grid: &'a Grid,
    known: HashMap<String, SegmentBits>,
    set: HashMap<(u32, usize), bool>,
}

impl Bits<'_> {
    fn enable(&mut self, feature: &Feature<'_>) -> Result<(), Error> {
        let Feature { tile: tile_name, name, address } = feature;
        let fault = |why: &str| Error::Malformed {
            path: "the placed design".into(),
            what: "a FASM of this part",
            why: format!("{tile_name}.{name}[{address}]: {why}"),
        };
        let tile = self.grid.tiles.get(*tile_name).ok_or_else(|| fault("there is no such tile"))?;
        let own = format!("{}.{name}", tile.kind);
        if self.of(&tile.kind)?.is_pseudo(&own) {
            return Ok(());
        }
        // All blocks of a tile that borrows borrow from one type.
        let alias = tile.bits.values().find_map(|place| place.alias.as_ref());
        let kind = alias.map_or(&tile.kind, |alias| &alias.kind);
        let (first, rest) = name.split_once('.').map_or((*name, ""), |(first, rest)| (first, rest));
        let site = alias.and_then(|alias| alias.sites.get(first)).map_or(first, String::as_str);
        let dot = if rest.is_empty() { "" } else { "." };
        let borrowed = format!("{kind}.{site}{dot}{rest}");
        let segment = self.of(kind)?;
        if segment.is_pseudo(&borrowed) {
            return Ok(());
        }
        let (block, bits) =
            segment.find(&borrowed, *address).ok_or_else(|| fault("no such feature is known"))?;
        let bits: Vec<Bit> = bits.to_vec();
        let place = tile.bits.get(block).ok_or_else(|| fault("the tile has no bits of this kind"))?;
        for Bit { frame, bit, set } in bits {
            let word =
                (bit / WORD_BITS).checked_sub(place.alias.as_ref().map_or(0, |alias| alias.start_offset));
            let word = word.filter(|word| *word < place.words);
            let inside = frame < place.frames;
            let word = word.filter(|_| inside).ok_or_else(|| fault("a bit of it is outside of the tile"))?;
            let key = (place.base + frame, (place.offset + word) * WORD_BITS + bit % WORD_BITS);
            if *self.set.entry(key).or_insert(set) != set {
                return Err(fault("another feature wants one of its bits otherwise"));
            }
        }
        Ok(())
    }

    fn of(&mut self, kind: &str) -> Result<&SegmentBits, Error> {
        if !self.known.contains_key(kind) {
            self.known.insert(kind.to_owned(), self.database.segment_bits(kind)?);
        }
        Ok(&self.known[kind])
    }
}

/// A bank whose supply is below 2.5 V has STEPDOWN in all its I/Os, the unused ones too; nextpnr gives it to those that it uses.
fn unused_step_down(features: &[Feature<'_>], grid: &Grid, banks: &[(String, u32)]) -> Vec<(String, String)> {
    let mut used = BTreeSet::new();
    let (mut tags, mut stepped) = (BTreeSet::new(), BTreeSet::new());
    for Feature { tile, name, .. } in features {
        let Some((site, tag)) = name.split_once('.') else { continue };
        if tile.contains("IOB33") {
            used.insert((*tile, site));
            if tag.contains("STEPDOWN") {
                tags.insert(tag);
                stepped.extend(banks.iter().filter(|(of, _)| of == tile).map(|(_, bank)| *bank));
            }
        }
    }
    let tiles: BTreeSet<&String> =
        banks.iter().filter(|(_, bank)| stepped.contains(bank)).map(|(tile, _)| tile).collect();
    let mut more = Vec::new();
    for tile in tiles {
        let sites = grid.tiles.get(tile).into_iter().flat_map(|tile| tile.sites.keys());
        // IOB_X0Y175 is IOB_Y1 of its tile.
        let rows = sites.filter_map(|site| site.rsplit_once('Y')?.1.parse::<u32>().ok());
        for site in rows.map(|row| format!("IOB_Y{}", row % 2)) {
            if !used.contains(&(tile.as_str(), site.as_str())) {
                more.extend(tags.iter().map(|tag| (tile.clone(), format!("{site}.{tag}"))));
            }
        }
    }
    more
}
