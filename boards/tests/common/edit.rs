//! Texts that are nearly what they should be.

use proptest::prelude::*;
use proptest::sample::{Index, select};

/// What an edit puts in: what such files are made of, and numbers at the ends of their types.
pub(crate) const PIECES: &[&str] = &[
    "",
    "\n",
    "\"",
    "'",
    "[",
    "]",
    "{",
    "}",
    ":",
    ",",
    ".",
    "=",
    "_",
    "!",
    "#",
    " ",
    "0",
    "1",
    "-1",
    "0x",
    "255",
    "4294967295",
    "4294967296",
    "9223372036854775807",
    "18446744073709551616",
    "1e999",
    "true",
    "null",
    "é",
    "\u{0}",
    "LVCMOS33",
    "IO_L12P_T1_MRCC_15",
];

/// A text with some of its pieces replaced: each edit is a place, how much goes, and what comes.
pub(crate) fn edited(text: String) -> impl Strategy<Value = String> {
    let edit = (any::<Index>(), 0..12usize, select(PIECES));
    proptest::collection::vec(edit, 1..6).prop_map(move |edits| {
        let mut letters: Vec<char> = text.chars().collect();
        for (place, gone, comes) in edits {
            let start = place.index(letters.len() + 1);
            let end = (start + gone).min(letters.len());
            letters.splice(start..end, comes.chars());
        }
        letters.into_iter().collect()
    })
}
