//! CRC-64/NVME by carry-less multiplication, over memory that may change while it is read.
//!
//! The method is Gopal et al., "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ" (Intel, 2009), in its bit-reflected
//! form. It is written here because every crate takes a slice, and of shared memory there must be none; through a
//! raw pointer each byte is read once, straight into a register. What it gains is in decision 0001.
//!
//! The state is a polynomial of 128 bits congruent to what was read so far: bit k stands for x^(127-k). To read
//! another block is to multiply by x^128 and to add the block.

use core::arch::x86_64::*;
use covert_abi::fingerprint::POLYNOMIAL_REFLECTED;

/// Bytes of a block; everything here comes in whole blocks.
pub(super) const BLOCK: usize = 16;

/// x^n mod P, reflected.
const fn x_to(n: u32) -> u64 {
    let mut power = 1 << 63;
    let mut i = 0;
    while i < n {
        power = power >> 1 ^ if power & 1 == 1 { POLYNOMIAL_REFLECTED } else { 0 };
        i += 1;
    }
    power
}

/// The two multipliers that carry a state over `bits` bits: for its low word and for its high word. A product of reflected
/// words stands one bit too low, hence the odd exponents.
const fn carry(bits: u32) -> (u64, u64) {
    (x_to(bits + 63), x_to(bits - 1))
}

const CARRY_16: (u64, u64) = carry(128);
const CARRY_32: (u64, u64) = carry(256);
const CARRY_48: (u64, u64) = carry(384);
const CARRY_64: (u64, u64) = carry(512);
const CARRY_256: (u64, u64) = carry(2048);

/// The state before the first byte: all ones over x^64, so that reading adds all ones to the first eight bytes.
pub(super) const START: u128 = {
    let mut ones = u64::MAX;
    let mut i = 0;
    while i < 64 {
        ones = if ones >> 63 == 1 { (ones ^ POLYNOMIAL_REFLECTED) << 1 | 1 } else { ones << 1 };
        i += 1;
    }
    (ones as u128) << 64
};

/// x^128 / P without its leading term, reflected, for Barrett's reduction.
const QUOTIENT: u64 = {
    let polynomial = POLYNOMIAL_REFLECTED.reverse_bits();
    let (mut quotient, mut rest) = (0u64, polynomial);
    let mut i = 0;
    while i < 64 {
        let top = rest >> 63;
        quotient = quotient << 1 | top;
        rest = rest << 1 ^ if top == 1 { polynomial } else { 0 };
        i += 1;
    }
    quotient.reverse_bits()
};

/// Which of the two readers this processor can run, if any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Width {
    Bits128,
    Bits512,
}

/// The widest reader that there is.
#[inline]
pub(super) fn detect() -> Option<Width> {
    if !is_x86_feature_detected!("pclmulqdq") {
        None
    } else if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("vpclmulqdq") {
        Some(Width::Bits512)
    } else {
        Some(Width::Bits128)
    }
}

/// Reads `blocks` blocks from `from` on.
///
/// # Safety
/// All of the blocks are readable, and [`detect`] has given `width`. Others may write them meanwhile.
// SAFETY: for the caller to keep, as said above: no slice may cover memory that others write.
#[inline]
pub(super) unsafe fn read(width: Width, state: u128, from: *const u8, blocks: usize) -> u128 {
    if width == Width::Bits512 && blocks >= 4 {
        // SAFETY: the caller's promise.
        unsafe { read_512(state, from, blocks) }
    } else {
        // SAFETY: the caller's promise.
        unsafe { read_128(state, from, blocks) }
    }
}

/// The CRC of everything read and of these words, an even number of them.
#[target_feature(enable = "pclmulqdq")]
pub(super) fn finish(state: u128, words: &[u64]) -> u64 {
    let mut state = to_register(state);
    for pair in words.chunks_exact(2) {
        state = carry_128(state, CARRY_16, _mm_set_epi64x(pair[1] as i64, pair[0] as i64));
    }
    let state = to_u128(state);
    let (low, high) = (state as u64, (state >> 64) as u64);
    // The CRC is the remainder of what was read times x^64.
    let product = multiply(low, x_to_127()) ^ u128::from(high);
    let (low, high) = (product as u64, (product >> 64) as u64);
    let quotient = low ^ (multiply(low, QUOTIENT) as u64) << 1;
    !(high ^ (multiply(quotient, POLYNOMIAL_REFLECTED) >> 63) as u64)
}

const fn x_to_127() -> u64 {
    CARRY_16.1
}

#[target_feature(enable = "pclmulqdq")]
#[inline]
fn multiply(a: u64, b: u64) -> u128 {
    let product = _mm_clmulepi64_si128::<0>(_mm_set_epi64x(0, a as i64), _mm_set_epi64x(0, b as i64));
    to_u128(product)
}

#[inline]
fn to_u128(register: __m128i) -> u128 {
    // SAFETY: both are 128 bits of plain integers.
    unsafe { core::mem::transmute(register) }
}

#[inline]
fn to_register(state: u128) -> __m128i {
    // SAFETY: both are 128 bits of plain integers.
    unsafe { core::mem::transmute(state) }
}

#[target_feature(enable = "pclmulqdq")]
#[inline]
fn carry_128(state: __m128i, (low, high): (u64, u64), next: __m128i) -> __m128i {
    let by = _mm_set_epi64x(high as i64, low as i64);
    let low = _mm_clmulepi64_si128::<0x00>(state, by);
    let high = _mm_clmulepi64_si128::<0x11>(state, by);
    _mm_xor_si128(_mm_xor_si128(low, high), next)
}

#[target_feature(enable = "avx512f,vpclmulqdq")]
#[inline]
fn carry_512(state: __m512i, (low, high): (u64, u64), next: __m512i) -> __m512i {
    let by = _mm512_broadcast_i32x4(_mm_set_epi64x(high as i64, low as i64));
    let low = _mm512_clmulepi64_epi128::<0x00>(state, by);
    let high = _mm512_clmulepi64_epi128::<0x11>(state, by);
    // 0x96 is the truth table of the exclusive or of three.
    _mm512_ternarylogic_epi64::<0x96>(low, high, next)
}

/// Four accumulators, so that the multiplier's latency is hidden.
///
/// # Safety
/// As [`read`], with the width that this needs.
// SAFETY: for the caller to keep, as said above: `read` does, by the width.
#[target_feature(enable = "pclmulqdq")]
unsafe fn read_128(state: u128, from: *const u8, blocks: usize) -> u128 {
    // SAFETY: called for blocks below `blocks` alone, which the caller promises to be readable.
    let load = |at: usize| unsafe { _mm_loadu_si128(from.wrapping_add(at * BLOCK).cast()) };
    let mut state = to_register(state);
    let mut at = 0;
    if blocks >= 8 {
        let mut four = [carry_128(state, CARRY_16, load(0)), load(1), load(2), load(3)];
        at = 4;
        while blocks - at >= 4 {
            for (i, one) in four.iter_mut().enumerate() {
                *one = carry_128(*one, CARRY_64, load(at + i));
            }
            at += 4;
        }
        state = four[0];
        for one in &four[1..] {
            state = carry_128(state, CARRY_16, *one);
        }
    }
    while at < blocks {
        state = carry_128(state, CARRY_16, load(at));
        at += 1;
    }
    to_u128(state)
}

/// The same on registers of four blocks; `blocks` is at least 4.
///
/// # Safety
/// As [`read`], with the width that this needs.
// SAFETY: for the caller to keep, as said above: `read` does, by the width.
#[target_feature(enable = "pclmulqdq,avx512f,vpclmulqdq")]
unsafe fn read_512(state: u128, from: *const u8, blocks: usize) -> u128 {
    // SAFETY: called for blocks below `blocks` alone, which the caller promises to be readable.
    let load = |at: usize| unsafe { _mm512_loadu_si512(from.wrapping_add(at * BLOCK).cast()) };
    // SAFETY: as above.
    let load_128 = |at: usize| unsafe { _mm_loadu_si128(from.wrapping_add(at * BLOCK).cast()) };
    let nothing = _mm_setzero_si128();
    let carried = _mm512_zextsi128_si512(carry_128(to_register(state), CARRY_16, nothing));
    let mut wide = _mm512_xor_si512(carried, load(0));
    let mut at = 4;
    if blocks >= 32 {
        let mut four = [wide, load(4), load(8), load(12)];
        at = 16;
        while blocks - at >= 16 {
            for (i, one) in four.iter_mut().enumerate() {
                *one = carry_512(*one, CARRY_256, load(at + 4 * i));
            }
            at += 16;
        }
        wide = four[0];
        for one in &four[1..] {
            wide = carry_512(wide, CARRY_64, *one);
        }
    }
    while blocks - at >= 4 {
        wide = carry_512(wide, CARRY_64, load(at));
        at += 4;
    }
    let mut state = carry_128(_mm512_extracti32x4_epi32::<0>(wide), CARRY_48, nothing);
    state = carry_128(_mm512_extracti32x4_epi32::<1>(wide), CARRY_32, state);
    state = carry_128(_mm512_extracti32x4_epi32::<2>(wide), CARRY_16, state);
    state = _mm_xor_si128(state, _mm512_extracti32x4_epi32::<3>(wide));
    while at < blocks {
        state = carry_128(state, CARRY_16, load_128(at));
        at += 1;
    }
    to_u128(state)
}
