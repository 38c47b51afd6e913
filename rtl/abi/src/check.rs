//! The check code that every entry carries.
//!
//! CRC-32C (Castagnoli, RFC 3720) over the whole entry with its check field taken as zero. Its polynomial
//! differs from the fingerprint's on purpose: a defect in one engine cannot vouch for the other.

use crate::EntryError;
use crc::{CRC_32_ISCSI, Crc, Table};

static ENGINE: Crc<u32, Table<16>> = Crc::<u32, Table<16>>::new(&CRC_32_ISCSI);

/// The check code of an entry of `N` bytes whose check field starts at byte `AT`.
pub fn check_code<const N: usize, const AT: usize>(entry: &[u8; N]) -> u32 {
    const { assert!(AT + 4 <= N, "the check field lies outside the entry") };
    let mut digest = ENGINE.digest();
    digest.update(&entry[..AT]);
    digest.update(&[0; 4]);
    digest.update(&entry[AT + 4..]);
    digest.finalize()
}

/// Writes the check code into its field.
pub(crate) fn stamp<const N: usize, const AT: usize>(entry: &mut [u8; N]) {
    let code = check_code::<N, AT>(entry);
    entry[AT..AT + 4].copy_from_slice(&code.to_le_bytes());
}

/// Compares the check code in the entry with the one its other bytes call for.
pub(crate) fn verify<const N: usize, const AT: usize>(entry: &[u8; N]) -> Result<(), EntryError> {
    let mut found = [0; 4];
    found.copy_from_slice(&entry[AT..AT + 4]);
    require(u32::from_le_bytes(found), check_code::<N, AT>(entry))
}

/// Equality of two check codes, as a result.
pub(crate) fn require(found: u32, computed: u32) -> Result<(), EntryError> {
    if found == computed { Ok(()) } else { Err(EntryError::Check { found, computed }) }
}
