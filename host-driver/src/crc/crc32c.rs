//! CRC-32C of a submission entry by the processor's own instruction.

use core::arch::x86_64::_mm_crc32_u64;

/// Whether the instruction is there.
#[inline]
pub(super) fn detect() -> bool {
    is_x86_feature_detected!("sse4.2")
}

/// CRC-32C of 64 bytes, given as little-endian words: as they come out of the ring.
#[target_feature(enable = "sse4.2")]
#[inline]
pub(super) fn of_words(words: [u64; 8]) -> u32 {
    let mut crc = u64::from(u32::MAX);
    for word in words {
        crc = _mm_crc32_u64(crc, word);
    }
    !(crc as u32)
}
