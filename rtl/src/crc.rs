//! CRCs as matrices over GF(2): the one source of the simulation models and of the Verilog.
//!
//! A reflected CRC of at most 64 bits that takes 64 data bits a step is linear in `state ^ data`, so one row of 64
//! bits describes each bit of the next state.

/// A reflected CRC, described by its shift register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Polynomial {
    /// Width of the register in bits, at most 64.
    pub width: usize,
    /// The polynomial in reflected form.
    pub reflected: u64,
}

/// CRC-64/NVME, the fingerprint (`covert_abi::fingerprint`).
pub const FINGERPRINT: Polynomial =
    Polynomial { width: 64, reflected: covert_abi::fingerprint::POLYNOMIAL_REFLECTED };

/// CRC-32C, the check code of entries (RFC 3720, appendix B.4).
pub const CHECK_CODE: Polynomial = Polynomial { width: 32, reflected: 0x82F6_3B78 };

impl Polynomial {
    /// The next state, computed bit by bit: the definition that the matrix comes from.
    pub fn step_bitwise(self, state: u64, data: u64) -> u64 {
        let mut register = state ^ data;
        for _ in 0..64 {
            let carry = register & 1;
            register >>= 1;
            if carry == 1 {
                register ^= self.reflected;
            }
        }
        register
    }

    /// For each bit of the next state the bits of `state ^ data` whose parity it is.
    pub fn matrix(self) -> Vec<u64> {
        let mut rows = vec![0; self.width];
        for column in 0..64 {
            let image = self.step_bitwise(0, 1 << column);
            for (bit, row) in rows.iter_mut().enumerate() {
                *row |= (image >> bit & 1) << column;
            }
        }
        rows
    }
}

/// CRC-64/NVME of some bytes; the hash of the emitted Verilog.
pub fn crc64(bytes: &[u8]) -> u64 {
    let mut register = !0u64;
    for byte in bytes {
        register ^= u64::from(*byte);
        for _ in 0..8 {
            let carry = register & 1;
            register >>= 1;
            if carry == 1 {
                register ^= FINGERPRINT.reflected;
            }
        }
    }
    !register
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_polynomials_give_the_published_check_values() {
        assert_eq!(crc64(b"123456789"), 0xAE8B_1486_0A79_9888);
        // "12345678" in one step, against the independent crate.
        let word = u64::from_le_bytes(*b"12345678");
        let fingerprint = crc::Crc::<u64>::new(&crc::CRC_64_NVME).checksum(b"12345678");
        assert_eq!(!FINGERPRINT.step_bitwise(!0, word), fingerprint);
        let check = crc::Crc::<u32>::new(&crc::CRC_32_ISCSI).checksum(b"12345678");
        assert_eq!(!(CHECK_CODE.step_bitwise(0xFFFF_FFFF, word) as u32), check);
    }

    #[test]
    fn the_matrix_gives_what_the_shift_register_gives() {
        for polynomial in [FINGERPRINT, CHECK_CODE] {
            let rows = polynomial.matrix();
            let mut state = 1u64;
            for i in 0..1000u64 {
                let data = i.wrapping_mul(0x9E37_79B9_7F4A_7C15);
                let next = polynomial.step_bitwise(state, data);
                let by_rows = rows.iter().enumerate().fold(0, |word, (bit, row)| {
                    word | u64::from(((state ^ data) & row).count_ones() & 1) << bit
                });
                assert_eq!(by_rows, next);
                state = next;
            }
        }
    }
}
