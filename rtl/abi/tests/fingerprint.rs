//! The fingerprint is the standard's CRC, checked against an implementation from elsewhere.

use covert_abi::fingerprint::{FingerprintStream, POLYNOMIAL_REFLECTED, padding};
use covert_abi::{Fingerprint, Header, check_code, fingerprint};
use crc_fast::{CrcAlgorithm, checksum};
use proptest::prelude::*;

/// Bit by bit, from the polynomial alone.
fn crc64_by_definition(bytes: &[u8]) -> u64 {
    let mut crc = u64::MAX;
    for byte in bytes {
        crc ^= u64::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (POLYNOMIAL_REFLECTED * (crc & 1));
        }
    }
    !crc
}

#[test]
fn the_check_values_are_those_of_the_catalogues() {
    assert_eq!(crc64_by_definition(b"123456789"), 0xAE8B_1486_0A79_9888);
    assert_eq!(checksum(CrcAlgorithm::Crc64Nvme, b"123456789"), 0xAE8B_1486_0A79_9888);
    // The four zeros of the check field are part of what is covered.
    assert_eq!(
        check_code::<13, 9>(b"123456789\0\0\0\0"),
        checksum(CrcAlgorithm::Crc32Iscsi, b"123456789\0\0\0\0") as u32
    );
    assert_eq!(checksum(CrcAlgorithm::Crc32Iscsi, b"123456789"), 0xE306_9283);
}

fn header() -> Header {
    Header { seq: 1, generation: 2, length: 0, target: 3, group: 4, kind: 5, channel: 6 }
}

#[test]
fn every_header_field_is_covered() {
    let base = fingerprint(b"payload", &header());
    let others = [
        Header { seq: 9, ..header() },
        Header { generation: 9, ..header() },
        Header { length: 9, ..header() },
        Header { target: 9, ..header() },
        Header { group: 9, ..header() },
        Header { kind: 9, ..header() },
        Header { channel: 9, ..header() },
    ];
    for other in others {
        assert_ne!(fingerprint(b"payload", &other), base, "{other:?}");
    }
}

#[test]
fn padding_is_not_mistaken_for_payload() {
    let of = |payload: &[u8]| fingerprint(payload, &Header { length: payload.len() as u32, ..header() });
    assert_ne!(of(b""), of(b"\0"));
    assert_ne!(of(b"a"), of(b"a\0"));
    assert_ne!(of(&[0; 16]), of(&[0; 32]));
    for length in 0..100 {
        assert_eq!((length + padding(length)) % 16, 0);
        assert!(padding(length) < 16);
    }
}

proptest! {
    #[test]
    fn three_implementations_agree(payload in proptest::collection::vec(any::<u8>(), 0..300), seq: u64, cut in 0usize..300) {
        let header = Header { seq, length: payload.len() as u32, ..header() };
        let mut padded = payload.clone();
        padded.resize(payload.len().next_multiple_of(16), 0);
        padded.extend(header.to_bytes());
        let expected = Fingerprint(crc64_by_definition(&padded));
        prop_assert_eq!(fingerprint(&payload, &header), expected);
        prop_assert_eq!(Fingerprint(checksum(CrcAlgorithm::Crc64Nvme, &padded)), expected);
        let mut stream = FingerprintStream::new();
        let (head, tail) = payload.split_at(cut.min(payload.len()));
        stream.payload(head);
        stream.payload(tail);
        prop_assert_eq!(stream.finish(&header), expected);
    }
}
