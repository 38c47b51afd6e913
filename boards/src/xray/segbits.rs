//! Which bits a feature of a type of tile sets and clears.

use std::collections::{BTreeMap, HashMap, HashSet};

/// One bit, from the first frame and the first word of a tile's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bit {
    /// The frame.
    pub frame: u32,
    /// The bit in the frame, over all words.
    pub bit: usize,
    /// Whether it is set, or must stay clear.
    pub set: bool,
}

/// The bits of a type of tile by block type and feature, address and all: `CLBLM_R.SLICEM_X0.ALUT.INIT[07]`.
#[derive(Debug, Default)]
pub struct SegmentBits {
    blocks: BTreeMap<&'static str, HashMap<String, Vec<Bit>>>,
    /// Features with addresses: what they are called with the address as the database writes it.
    addressed: HashMap<(String, u32), (&'static str, String)>,
    /// Connections that are there without a bit.
    pseudo: HashSet<String>,
}

impl SegmentBits {
    pub(super) fn add(&mut self, block: &'static str, text: &str) -> Result<(), String> {
        let features = self.blocks.entry(block).or_default();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let mut words = line.split_whitespace();
            let name = words.next().unwrap_or_default();
            let bits = words.map(bit).collect::<Option<Vec<_>>>().filter(|bits| !bits.is_empty());
            let bits = bits.ok_or_else(|| format!("`{line}` is not a feature with its bits"))?;
            if let Some((base, address)) = name.strip_suffix(']').and_then(|name| name.rsplit_once('[')) {
                let address = address.parse().map_err(|_| format!("`{name}` has no address"))?;
                self.addressed.insert((base.to_owned(), address), (block, name.to_owned()));
            }
            features.insert(name.to_owned(), bits);
        }
        Ok(())
    }

    pub(super) fn add_pseudo(&mut self, text: &str) -> Result<(), String> {
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let &[name, "always" | "default" | "hint"] = &words[..] else {
                return Err(format!("`{line}` is not a connection without a bit"));
            };
            self.pseudo.insert(name.to_owned());
        }
        Ok(())
    }

    /// Whether it is a connection that is there without a bit.
    pub fn is_pseudo(&self, feature: &str) -> bool {
        self.pseudo.contains(feature)
    }

    /// The block type and bits of a feature; none if the tile has no such feature.
    pub fn find(&self, feature: &str, address: u32) -> Option<(&'static str, &[Bit])> {
        if address == 0 {
            let whole = |(block, features): (&&'static str, &'_ HashMap<String, Vec<Bit>>)| {
                features.contains_key(feature).then_some(*block)
            };
            if let Some(block) = self.blocks.iter().find_map(whole) {
                return Some((block, &self.blocks[block][feature]));
            }
        }
        let (block, name) = self.addressed.get(&(feature.to_owned(), address))?;
        Some((block, self.blocks.get(block)?.get(name)?))
    }
}

/// `28_519` is set, `!28_519` must stay clear.
fn bit(word: &str) -> Option<Bit> {
    let (set, place) = match word.strip_prefix('!') {
        Some(place) => (false, place),
        None => (true, word),
    };
    let (frame, bit) = place.split_once('_')?;
    Some(Bit { frame: frame.parse().ok()?, bit: bit.parse().ok()?, set })
}
