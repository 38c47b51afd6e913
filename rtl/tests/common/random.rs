//! A small random source: xorshift64*, seeded from `COVERT_SEED` or a constant that is the same in every run.

pub struct Random(u64);

impl Random {
    pub fn seed() -> u64 {
        std::env::var("COVERT_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(0x00C0_FFEE)
    }
    pub fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }
    pub fn word(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }
    pub fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.word()) * u128::from(n)) >> 64) as u64
    }
    /// True once in `n` times.
    pub fn once_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}
