//! The two CRCs of the contract, computed by SIMD instead of by table.
//!
//! `covert-abi` defines the values; a test holds these against them for every length and alignment that matters.

use covert_abi::submission::CHECK_OFFSET;
use covert_abi::{Submission, SubmissionEntry};
use crc_fast::{CrcAlgorithm, Digest};

/// CRC-64/NVME of private bytes.
#[inline]
pub(crate) fn crc64(bytes: &[u8]) -> u64 {
    crc_fast::crc64_nvme(bytes)
}

/// CRC-64/NVME piece by piece.
#[derive(Clone, Copy)]
pub(crate) struct Crc64(Digest);

impl Crc64 {
    #[inline]
    pub(crate) fn new() -> Self {
        Crc64(Digest::new(CrcAlgorithm::Crc64Nvme))
    }

    #[inline]
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    #[inline]
    pub(crate) fn finish(&self) -> u64 {
        self.0.finalize()
    }
}

/// The check code of a submission entry, as [`covert_abi::check_code`] gives it.
#[inline]
pub(crate) fn submission_check(entry: &[u8; SubmissionEntry::BYTES]) -> u32 {
    let mut covered = *entry;
    covered[CHECK_OFFSET..].fill(0);
    crc_fast::crc32_iscsi(&covered)
}

/// The entry to write into the ring, as [`Submission::seal`] gives it.
#[inline]
pub(crate) fn seal(submission: &Submission) -> [u8; SubmissionEntry::BYTES] {
    submission.seal()
}
