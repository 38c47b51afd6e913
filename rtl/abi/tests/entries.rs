//! What is flipped, torn or malformed is refused, and nothing that arrives makes a reader panic.

use covert_abi::submission::{FLAG_INLINE, SubmissionError};
use covert_abi::verdict::{PHASE, phase_of};
use covert_abi::{Body, EntryError, Fault, FaultCause, Fingerprint, Header, LaneSet, Outcome};
use covert_abi::{Submission, SubmissionEntry, Verdict, VerdictEntry, check_code};
use proptest::prelude::*;

fn verdict() -> Verdict {
    Verdict {
        group: 0,
        generation: 1,
        seq: 42,
        outcome: Outcome::Mismatch,
        agree: LaneSet::EMPTY,
        dissent: LaneSet::first(2),
        fingerprint: Fingerprint(0),
    }
}

fn submission() -> Submission {
    let header = Header { seq: 9, generation: 1, length: 4096, target: 0x3f8, group: 0, kind: 1, channel: 2 };
    Submission { header, body: Body::At(0x1_0000_0040) }
}

/// Gives an entry the check code that its bytes call for, so that what lies behind the check is reached.
fn restamp<const N: usize, const AT: usize>(mut entry: [u8; N]) -> [u8; N] {
    let code = check_code::<N, AT>(&entry);
    entry[AT..AT + 4].copy_from_slice(&code.to_le_bytes());
    entry
}

#[test]
fn one_or_two_flipped_bits_anywhere_in_an_entry_are_caught() {
    fn flips<const N: usize>(entry: [u8; N], refused: impl Fn(&[u8; N]) -> bool) {
        for first in 0..N * 8 {
            for second in first..N * 8 {
                let mut flipped = entry;
                flipped[first / 8] ^= 1 << (first % 8);
                if second != first {
                    flipped[second / 8] ^= 1 << (second % 8);
                }
                assert!(refused(&flipped), "flips at {first} and {second} went unnoticed");
            }
        }
    }
    flips(submission().seal(), |entry| Submission::open(entry).is_err());
    flips(verdict().seal(true), |entry| Verdict::open(entry).is_err());
    let fault = Fault { group: 0, lane: 1, generation: 1, seq: 2, cause: FaultCause::Check, address: 0 };
    flips(fault.seal(false), |entry| Fault::open(entry).is_err());
}

#[test]
fn a_torn_entry_is_caught_at_every_word() {
    let old = submission().seal();
    let mut newer = submission();
    newer.header.seq += 8;
    newer.header.target ^= 0xffff_0000_1111;
    newer.body = Body::At(0x2_0000_0080);
    let new = newer.seal();
    for words in 1..8 {
        let mut torn = old;
        torn[..words * 8].copy_from_slice(&new[..words * 8]);
        assert!(Submission::open(&torn).is_err(), "{words} new words before old ones went unnoticed");
    }
}

#[test]
fn memory_of_zeros_or_ones_is_no_entry() {
    assert!(Submission::open(&[0; 64]).is_err());
    assert!(Submission::open(&[0xff; 64]).is_err());
    assert!(Verdict::open(&[0; 32]).is_err());
    assert!(Verdict::open(&[0xff; 32]).is_err());
}

#[test]
fn reserved_bits_are_refused_even_under_a_right_check_code() {
    for bit in 1..32 {
        let mut entry = SubmissionEntry::from_bytes(&submission().seal());
        entry.flags |= 1 << bit;
        assert_eq!(
            Submission::open(&restamp::<64, 60>(entry.to_bytes())),
            Err(SubmissionError::Entry(EntryError::Reserved))
        );
        let mut entry = VerdictEntry::from_bytes(&verdict().seal(true));
        entry.phase |= PHASE << bit;
        assert_eq!(Verdict::open(&restamp::<32, 24>(entry.to_bytes())), Err(EntryError::Reserved));
    }
    for byte in 8..24 {
        let mut entry = SubmissionEntry::from_bytes(&submission().seal());
        entry.body[byte] = 1;
        assert_eq!(
            Submission::open(&restamp::<64, 60>(entry.to_bytes())),
            Err(SubmissionError::Entry(EntryError::Reserved))
        );
    }
}

#[test]
fn inline_payload_that_cannot_fit_is_refused() {
    let mut entry = SubmissionEntry::from_bytes(&submission().seal());
    entry.flags = FLAG_INLINE;
    entry.header.length = 25;
    assert_eq!(
        Submission::open(&restamp::<64, 60>(entry.to_bytes())),
        Err(SubmissionError::InlineTooLong { length: 25 })
    );
}

#[test]
fn an_outcome_that_is_no_code_word_is_refused() {
    for code in 0..=u8::MAX {
        let mut entry = VerdictEntry::from_bytes(&verdict().seal(true));
        entry.outcome = code;
        let known = Outcome::TABLE.iter().any(|(_, word, _)| *word == code);
        assert_eq!(Verdict::open(&restamp::<32, 24>(entry.to_bytes())).is_ok(), known);
    }
}

#[test]
fn the_phase_tells_each_lap_of_the_ring_from_the_one_before() {
    for log2 in 0..=4 {
        for index in 0..200u32 {
            assert_ne!(phase_of(index, log2), phase_of(index + (1 << log2), log2));
        }
        assert!(phase_of(0, log2), "memory of zeros must not read as the first lap");
    }
    assert_ne!(phase_of(u32::MAX, 4), phase_of(0, 4), "the index wraps at a lap's end");
}

proptest! {
    #[test]
    fn no_bytes_make_a_reader_panic(entry: [u8; 32], more: [u8; 32]) {
        let mut long = [0; 64];
        long[..32].copy_from_slice(&entry);
        long[32..].copy_from_slice(&more);
        let _ = Submission::open(&long);
        let _ = Submission::open(&restamp::<64, 60>(long));
        let _ = Verdict::open(&restamp::<32, 24>(entry));
        let _ = Fault::open(&restamp::<32, 24>(entry));
    }

    #[test]
    fn what_is_accepted_reads_back_as_the_same_bytes(entry: [u8; 32]) {
        let entry = restamp::<32, 24>(entry);
        if let Ok(verdict) = Verdict::open(&entry) {
            prop_assert_eq!(verdict.seal(entry[28] & 1 == 1), entry);
        }
        if let Ok(fault) = Fault::open(&entry) {
            prop_assert_eq!(fault.seal(entry[28] & 1 == 1), entry);
        }
    }
}
