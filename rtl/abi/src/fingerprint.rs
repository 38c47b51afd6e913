//! The fingerprint: what two replicas' records are compared by.
//!
//! CRC-64/NVME (NVM Express command set specification, 64b CRC protection information) over the payload, padded with
//! zeros to a multiple of 16 bytes, followed by the canonical 32-byte [`Header`]. The header comes last
//! so that payload can stream through before its record's place is settled, and it holds the length,
//! so that padding cannot be mistaken for payload.
//!
//! This module defines the value; code in a hurry computes the same with SIMD.

use crate::record::Header;
use crc::{CRC_64_NVME, Crc, Digest, Table};

/// Payloads are padded with zeros to a multiple of this many bytes.
pub const PADDING: usize = 16;

/// The CRC's polynomial in the reflected form that a shift register uses.
pub const POLYNOMIAL_REFLECTED: u64 = 0x9A6C_9329_AC4B_C9B5;

/// CRC-64/NVME of one record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint(pub u64);

impl core::fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

static ENGINE: Crc<u64, Table<16>> = Crc::<u64, Table<16>>::new(&CRC_64_NVME);

/// The fingerprint of a payload under its header.
///
/// The header's `length` is covered as it stands: it is the caller's duty that it be the payload's length.
pub fn fingerprint(payload: &[u8], header: &Header) -> Fingerprint {
    let mut stream = FingerprintStream::new();
    stream.payload(payload);
    stream.finish(header)
}

/// How many zeros pad a payload of `length` bytes.
pub const fn padding(length: usize) -> usize {
    (PADDING - length % PADDING) % PADDING
}

/// A fingerprint computed piece by piece, as the unit does it.
pub struct FingerprintStream {
    digest: Digest<'static, u64, Table<16>>,
    length: usize,
}

impl FingerprintStream {
    /// Starts a record.
    pub fn new() -> Self {
        FingerprintStream { digest: ENGINE.digest(), length: 0 }
    }

    /// Takes the next bytes of the payload.
    pub fn payload(&mut self, bytes: &[u8]) {
        self.digest.update(bytes);
        self.length = self.length.wrapping_add(bytes.len());
    }

    /// Pads the payload, appends the header and gives the result.
    pub fn finish(mut self, header: &Header) -> Fingerprint {
        self.digest.update(&[0; PADDING][..padding(self.length)]);
        self.digest.update(&header.to_bytes());
        Fingerprint(self.digest.finalize())
    }
}

impl Default for FingerprintStream {
    fn default() -> Self {
        Self::new()
    }
}
