//! Packets to words and back.

use covert_verification::root_complex::stream::{Collector, beats};
use covert_verification::root_complex::tlp::{Common, Completion, Request, Status, Tlp, TlpError};
use proptest::prelude::*;

fn common() -> impl Strategy<Value = Common> {
    (0..8u8, 0..8u8, any::<bool>(), any::<bool>(), 0..4u8).prop_map(
        |(traffic_class, attributes, digest, poisoned, address_type)| Common {
            traffic_class,
            attributes,
            digest,
            poisoned,
            address_type,
        },
    )
}

fn request(words: std::ops::RangeInclusive<u16>) -> impl Strategy<Value = Request> {
    (common(), any::<u16>(), any::<u8>(), any::<u64>(), any::<bool>(), words, 0..16u8, 0..16u8).prop_map(
        |(common, requester, tag, address, wide, words, first_be, last_be)| Request {
            common,
            requester,
            tag,
            address: if wide { address & !3 } else { address & 0xFFFF_FFFC },
            wide,
            words,
            first_be,
            last_be,
        },
    )
}

fn tlp() -> impl Strategy<Value = Tlp> {
    let status =
        prop::sample::select(vec![Status::Success, Status::Unsupported, Status::Retry, Status::Abort]);
    let completion = (common(), any::<u16>(), status, 1..=4096u16, any::<u16>(), any::<u8>(), 0..128u8)
        .prop_map(|(common, completer, status, byte_count, requester, tag, lower_address)| Completion {
            common,
            completer,
            status,
            byte_count,
            requester,
            tag,
            lower_address,
        });
    let write = (request(1..=1024), prop::collection::vec(any::<u32>(), 1..=64))
        .prop_map(|(request, data)| Tlp::Write(Request { words: data.len() as u16, ..request }, data));
    prop_oneof![
        request(1..=1024).prop_map(Tlp::Read),
        write,
        (completion, prop::collection::vec(any::<u32>(), 0..=64))
            .prop_map(|(completion, data)| Tlp::Completion(completion, data)),
    ]
}

proptest! {
    #[test]
    fn every_packet_comes_back_from_its_words(tlp in tlp()) {
        prop_assert_eq!(Tlp::decode(&tlp.encode()), Ok(tlp));
    }

    #[test]
    fn whatever_is_decoded_encodes_to_the_same_words(words in prop::collection::vec(any::<u32>(), 0..20)) {
        if let Ok(tlp) = Tlp::decode(&words) {
            prop_assert_eq!(tlp.encode(), words);
        }
    }

    #[test]
    fn words_that_almost_are_a_packet_never_panic(
        tlp in tlp(), word in any::<prop::sample::Index>(), bit in 0..32u32, cut in 0..8usize,
    ) {
        let mut words = tlp.encode();
        let at = word.index(words.len());
        words[at] ^= 1 << bit;
        words.truncate(words.len().saturating_sub(cut));
        if let Ok(tlp) = Tlp::decode(&words) {
            prop_assert_eq!(tlp.encode(), words);
            let _ = tlp.to_string();
        }
    }

    #[test]
    fn random_words_never_panic(words in prop::collection::vec(any::<u32>(), 0..1100)) {
        let _ = Tlp::decode(&words);
    }

    #[test]
    fn every_packet_comes_back_from_its_beats(words in prop::collection::vec(any::<u32>(), 1..100)) {
        let mut collector = Collector::default();
        let mut found = None;
        for beat in beats(&words) {
            prop_assert_eq!(&found, &None);
            found = collector.take(beat).unwrap();
        }
        prop_assert_eq!(found, Some(words));
    }

    #[test]
    fn a_request_over_a_range_names_exactly_its_bytes(address in any::<u64>(), bytes in 1..=4093u32) {
        prop_assume!(address.checked_add(8192).is_some());
        let request = Request::over(address, bytes);
        prop_assert_eq!(request.first_byte(), address);
        prop_assert_eq!(request.byte_count(), bytes);
        let named: u32 = (0..request.words.into()).map(|index| request.enables(index).count_ones()).sum();
        prop_assert_eq!(named, bytes);
    }
}

#[test]
fn headers_are_as_the_specification_draws_them() {
    let read = Request { requester: 0x0100, tag: 7, ..Request::over(0x1234_5678, 64) };
    assert_eq!(Tlp::Read(read).encode(), [0x0000_0010, 0x0100_07FF, 0x1234_5678]);
    let far = Request { requester: 0x0100, tag: 7, ..Request::over(0xA_0000_0003, 2) };
    assert_eq!(Tlp::Read(far).encode(), [0x2000_0002, 0x0100_0718, 0x0000_000A, 0x0000_0000]);
    let write = Request { requester: 0x0100, ..Request::over(0x1000, 4) };
    assert_eq!(
        Tlp::Write(write, vec![0x0403_0201]).encode(),
        [0x4000_0001, 0x0100_000F, 0x1000, 0x0403_0201]
    );
    let completion = Completion {
        completer: 0x0001,
        byte_count: 4096,
        requester: 0x0100,
        tag: 9,
        lower_address: 0x40,
        ..Completion::default()
    };
    assert_eq!(Tlp::Completion(completion, vec![5]).encode(), [0x4A00_0001, 0x0001_0000, 0x0100_0940, 5]);
    let refused = Completion { status: Status::Unsupported, byte_count: 4, ..completion };
    assert_eq!(Tlp::Completion(refused, vec![]).encode()[..2], [0x0A00_0000, 0x0001_2004]);
}

#[test]
fn a_length_of_1024_words_is_written_as_zero() {
    let request = Request { words: 1024, ..Request::over(0, 4096) };
    assert_eq!(Tlp::Read(request).encode()[0] & 0x3FF, 0);
    assert_eq!(Tlp::decode(&Tlp::Read(request).encode()), Ok(Tlp::Read(request)));
}

#[test]
fn other_packets_are_refused_by_name() {
    // Configuration read, I/O write, message, atomic.
    for first in [0x0400_0001u32, 0x4200_0001, 0x3000_0000, 0x4C00_0001] {
        assert!(matches!(Tlp::decode(&[first, 0, 0, 0]), Err(TlpError::Kind { .. })), "{first:#x}");
    }
}
