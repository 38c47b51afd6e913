//! The two CRCs of the contract, computed by the processor's own means instead of by table.
//!
//! `covert-abi` defines the values; the tests here hold these against them for every length and alignment that matters.

#[cfg(target_arch = "x86_64")]
mod clmul;
#[cfg(target_arch = "x86_64")]
mod crc32c;

use crate::ring::ENTRY_WORDS;
use covert_abi::SubmissionEntry;
use covert_abi::submission::CHECK_OFFSET;
use crc_fast::{CrcAlgorithm, Digest};

/// Bytes come in whole blocks of this many.
pub(crate) const BLOCK: usize = 16;

/// CRC-64/NVME, block by block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Crc64(Engine);

#[derive(Clone, Copy, Debug)]
enum Engine {
    #[cfg(target_arch = "x86_64")]
    Clmul(clmul::Width, u128),
    /// The CRC register of a reader by slices.
    Portable(u64),
}

impl Crc64 {
    /// Nothing read yet.
    #[inline]
    pub(crate) fn new() -> Crc64 {
        #[cfg(target_arch = "x86_64")]
        if let Some(width) = clmul::detect() {
            return Crc64(Engine::Clmul(width, clmul::START));
        }
        Crc64::portable()
    }

    fn portable() -> Crc64 {
        Crc64(Engine::Portable(u64::MAX))
    }

    /// Reads private bytes; those behind the last whole block are not read.
    #[inline]
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        // SAFETY: a slice is readable.
        unsafe { self.update_shared(bytes.as_ptr(), bytes.len() / BLOCK) };
    }

    /// Reads blocks that others may write meanwhile, each byte once.
    ///
    /// # Safety
    /// `blocks` blocks from `from` on are readable.
    // SAFETY: for the caller to keep, as said above: no slice may cover memory that others write.
    #[inline]
    pub(crate) unsafe fn update_shared(&mut self, from: *const u8, blocks: usize) {
        match &mut self.0 {
            #[cfg(target_arch = "x86_64")]
            Engine::Clmul(width, state) => {
                // SAFETY: the caller's promise, and the width comes from `detect`.
                *state = unsafe { clmul::read(*width, *state, from, blocks) };
            }
            Engine::Portable(register) => {
                let mut digest = Digest::new_with_init_state(CrcAlgorithm::Crc64Nvme, *register);
                let mut copy = [0; 64 * BLOCK];
                let bytes = blocks * BLOCK;
                for at in (0..bytes).step_by(copy.len()) {
                    let part = copy.len().min(bytes - at);
                    // SAFETY: the part lies inside what the caller promises; the copy is private and not shorter.
                    unsafe { copy_once(from.wrapping_add(at), copy.as_mut_ptr(), part) };
                    digest.update(&copy[..part]);
                }
                *register = digest.get_state();
            }
        }
    }

    /// The CRC of everything read.
    #[inline]
    pub(crate) fn finish(&self) -> u64 {
        self.finish_with(&[])
    }

    /// The CRC of everything read and of these words, an even number of them.
    #[inline]
    pub(crate) fn finish_with(&self, words: &[u64]) -> u64 {
        match &self.0 {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the engine is chosen only where the processor has the instruction.
            Engine::Clmul(_, state) => unsafe { clmul::finish(*state, words) },
            Engine::Portable(register) => {
                let mut digest = Digest::new_with_init_state(CrcAlgorithm::Crc64Nvme, *register);
                for word in words {
                    digest.update(&word.to_le_bytes());
                }
                !digest.get_state()
            }
        }
    }
}

/// `memcpy` behind a barrier: what is read later is the copy, never the source again.
///
/// # Safety
/// As [`core::ptr::copy_nonoverlapping`], except that other processes may write the shared side meanwhile.
// SAFETY: for the caller to keep, as said above: no slice may cover memory that others write.
#[inline(never)]
pub(crate) unsafe fn copy_once(from: *const u8, to: *mut u8, bytes: usize) {
    // SAFETY: the caller's promise.
    unsafe { core::ptr::copy_nonoverlapping(from, to, bytes) };
    // The compiler has to believe that anything it knew about the copy's content is void from here on, so it
    // cannot replace a later read of the copy by a second read of the source.
    core::hint::black_box(to);
}

/// CRC-64/NVME of private bytes, whose number is a multiple of [`BLOCK`].
#[inline]
pub(crate) fn crc64(bytes: &[u8]) -> u64 {
    let mut crc = Crc64::new();
    if bytes.len() <= 64 {
        // Bytes that were only just written as words are best read as words.
        let mut words = [0; 8];
        let all = words.iter_mut().zip(bytes.chunks_exact(8));
        let count = all.map(|(word, bytes)| *word = word_of(bytes)).count();
        return crc.finish_with(&words[..count]);
    }
    crc.update(bytes);
    crc.finish()
}

/// The little-endian word of eight bytes.
#[inline]
pub(crate) fn word_of(bytes: &[u8]) -> u64 {
    let mut value = [0; 8];
    value.copy_from_slice(bytes);
    u64::from_le_bytes(value)
}

/// The check code that the words of a submission entry call for, as [`covert_abi::check_code`] gives it.
#[inline]
pub(crate) fn check_of(words: &[u64; ENTRY_WORDS]) -> u32 {
    // The check field is the upper half of the last word.
    const { assert!(CHECK_OFFSET == 60) };
    let mut covered = *words;
    covered[ENTRY_WORDS - 1] &= u64::from(u32::MAX);
    #[cfg(target_arch = "x86_64")]
    if crc32c::detect() {
        // SAFETY: the processor has the instruction.
        return unsafe { crc32c::of_words(covered) };
    }
    let mut bytes = [0; SubmissionEntry::BYTES];
    for (word, bytes) in covered.iter().zip(bytes.chunks_exact_mut(8)) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    crc_fast::crc32_iscsi(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(n: usize) -> Vec<u8> {
        (0..n as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
    }

    fn engines() -> Vec<Crc64> {
        #[cfg(target_arch = "x86_64")]
        let narrow = clmul::detect().map(|_| Crc64(Engine::Clmul(clmul::Width::Bits128, clmul::START)));
        #[cfg(not(target_arch = "x86_64"))]
        let narrow = None;
        narrow.into_iter().chain([Crc64::new(), Crc64::portable()]).collect()
    }

    #[test]
    fn every_engine_gives_crc_64_nvme_at_every_length_and_alignment() {
        let all = bytes(3 * 4096);
        for engine in engines() {
            for from in [0, 1, 7, 8, 33] {
                for blocks in (0..=140).chain([255, 256, 257, 511]) {
                    let part = &all[from..from + blocks * BLOCK];
                    let mut crc = engine;
                    crc.update(part);
                    assert_eq!(crc.finish(), crc_fast::crc64_nvme(part), "{engine:?} {from} {blocks}");
                }
            }
        }
    }

    #[test]
    fn every_engine_can_read_piece_by_piece() {
        let all = bytes(64 * BLOCK);
        for engine in engines() {
            for cut in 0..=64 {
                let mut crc = engine;
                crc.update(&all[..cut * BLOCK]);
                crc.update(&all[cut * BLOCK..]);
                assert_eq!(crc.finish(), crc_fast::crc64_nvme(&all), "{engine:?} {cut}");
            }
        }
    }

    #[test]
    fn the_check_code_is_the_contracts() {
        for seed in 0..64 {
            let mut entry = [0; SubmissionEntry::BYTES];
            entry.copy_from_slice(&bytes(64 + seed)[seed..]);
            let words = core::array::from_fn(|word| word_of(&entry[word * 8..word * 8 + 8]));
            assert_eq!(check_of(&words), covert_abi::check_code::<64, CHECK_OFFSET>(&entry));
        }
    }
}
