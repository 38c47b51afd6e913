//! Check code and fingerprint, bit by bit from their definitions.
//!
//! One shift register that takes a bit at a time: nothing here is shared with the table-driven code of
//! `covert-abi`, so an error there would show as a difference.

/// CRC-32C (RFC 3720): reflected polynomial, all ones in, complemented out.
const CASTAGNOLI: u32 = 0x82F6_3B78;
/// CRC-64/NVME (NVM Express command set specification): reflected polynomial, all ones in, complemented out.
const NVME: u64 = 0x9A6C_9329_AC4B_C9B5;

/// CRC-32C of `bytes`.
pub fn crc32c(bytes: impl IntoIterator<Item = u8>) -> u32 {
    let mut register = u32::MAX;
    for byte in bytes {
        register ^= u32::from(byte);
        for _ in 0..8 {
            register = register >> 1 ^ if register & 1 == 1 { CASTAGNOLI } else { 0 };
        }
    }
    !register
}

/// CRC-64/NVME of `bytes`.
pub fn crc64(bytes: impl IntoIterator<Item = u8>) -> u64 {
    let mut register = u64::MAX;
    for byte in bytes {
        register ^= u64::from(byte);
        for _ in 0..8 {
            register = register >> 1 ^ if register & 1 == 1 { NVME } else { 0 };
        }
    }
    !register
}

/// The check code of an entry: its CRC-32C with the four bytes from `at` on taken as zero.
pub fn check_code(entry: &[u8], at: usize) -> u32 {
    crc32c(entry.iter().enumerate().map(|(i, byte)| if (at..at + 4).contains(&i) { 0 } else { *byte }))
}

/// The fingerprint of a record: payload, zeros up to a multiple of 16 bytes, header.
pub fn fingerprint(payload: &[u8], header: &[u8; 32]) -> u64 {
    let zeros = payload.len().next_multiple_of(16) - payload.len();
    crc64(payload.iter().copied().chain(std::iter::repeat_n(0, zeros)).chain(header.iter().copied()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use covert_abi::Header;
    use proptest::prelude::*;

    #[test]
    fn check_values_are_the_published_ones() {
        assert_eq!(crc32c(*b"123456789"), 0xE306_9283);
        assert_eq!(crc64(*b"123456789"), 0xAE8B_1486_0A79_9888);
    }

    proptest! {
        #[test]
        fn an_independent_crate_computes_the_same(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            use crc_fast::{CrcAlgorithm, checksum};
            let bytes_64 = checksum(CrcAlgorithm::Crc64Nvme, &bytes);
            prop_assert_eq!(crc64(bytes.iter().copied()), bytes_64);
            let bytes_32 = checksum(CrcAlgorithm::Crc32Iscsi, &bytes);
            prop_assert_eq!(u64::from(crc32c(bytes.iter().copied())), bytes_32);
        }

        #[test]
        fn the_contract_computes_the_same(payload in prop::collection::vec(any::<u8>(), 0..100),
                                          seq: u64, target: u64, length: u32, entry: [u8; 64]) {
            let header = Header { seq, target, length, ..Header::default() };
            let expected = covert_abi::fingerprint::fingerprint(&payload, &header).0;
            prop_assert_eq!(fingerprint(&payload, &header.to_bytes()), expected);
            prop_assert_eq!(check_code(&entry, 60), covert_abi::check_code::<64, 60>(&entry));
        }
    }
}
