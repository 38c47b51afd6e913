//! A generator of numbers that look random and are the same in every replica.

use serde::{Deserialize, Serialize};

/// SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): not for secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Generator {
    state: u64,
}

impl Generator {
    /// One that begins at a seed.
    pub(crate) fn new(seed: u64) -> Generator {
        Generator { state: seed }
    }

    /// The next number.
    pub(crate) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
