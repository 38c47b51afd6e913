use crate::bench::*;
use covert_abi::registers::{card, group, lane};
use covert_abi::submission::SubmissionEntry;
use covert_abi::*;
use covert_verification::model::{Memory, ReadError};

/// Seals whatever fields are given, valid or not.
fn seal(entry: SubmissionEntry) -> [u8; 64] {
    let mut bytes = entry.to_bytes();
    let check = covert_verification::model::crc::check_code(&bytes, 60);
    bytes[60..].copy_from_slice(&check.to_le_bytes());
    bytes
}

/// The fields of a good inline entry of lane 0.
fn good(bench: &Bench) -> SubmissionEntry {
    SubmissionEntry::from_bytes(&Submission::inline(bench.header(0), b"abc").unwrap().seal())
}

/// What a change of the good entry leads to.
fn cause_after(change: impl FnOnce(&mut SubmissionEntry)) -> FaultCause {
    let mut bench = Bench::running(0b1);
    let mut entry = good(&bench);
    change(&mut entry);
    bench.submit_raw(0, seal(entry));
    let faults = bench.faults();
    assert_eq!(faults.len(), 1);
    assert_eq!((faults[0].lane, faults[0].seq, faults[0].generation, faults[0].address), (0, 0, 1, 0));
    assert_eq!(bench.outcomes(), [Outcome::BadEntry]);
    faults[0].cause
}

#[test]
fn the_entrys_own_bytes_lie_inside_the_window() {
    let mut bench = Bench::running(0b1);
    bench.set_lane(0, lane::WINDOW_LIMIT_LO, arena(0) as u32 + 64);
    bench.submit(0, 1);
    bench.submit(0, 1);
    assert_eq!(bench.causes(), [(0, FaultCause::Isolation, arena(0) + 64)]);
    assert_eq!(bench.outcomes(), [Outcome::Match, Outcome::Isolation]);
}

#[test]
fn a_window_that_cuts_an_entry_does_not_hold_it() {
    for (base, limit) in [(0, 63), (1, 4096)] {
        let mut bench = Bench::running(0b1);
        bench.set_lane(0, lane::WINDOW_BASE_LO, arena(0) as u32 + base);
        bench.set_lane(0, lane::WINDOW_LIMIT_LO, arena(0) as u32 + limit);
        bench.submit(0, 1);
        assert_eq!(bench.causes(), [(0, FaultCause::Isolation, arena(0))]);
    }
}

#[test]
fn an_entry_that_cannot_be_read_is_a_dma_fault_with_its_address() {
    for (error, cause) in [
        (ReadError::Refused, FaultCause::DmaRefused),
        (ReadError::Poisoned, FaultCause::DmaPoisoned),
        (ReadError::Timeout, FaultCause::DmaTimeout),
        (ReadError::Malformed, FaultCause::DmaMalformed),
    ] {
        let mut bench = Bench::running(0b1);
        bench.break_range(arena(0) + 8, 1, error);
        bench.submit(0, 1);
        assert_eq!(bench.causes(), [(0, cause, arena(0))]);
        assert_eq!(bench.outcomes(), [Outcome::Dma]);
    }
}

#[test]
fn every_single_flipped_bit_fails_the_check_code() {
    for bit in 0..512 {
        let mut bench = Bench::running(0b1);
        let mut bytes = good(&bench).to_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        bench.submit_raw(0, bytes);
        assert_eq!(bench.causes(), [(0, FaultCause::Check, 0)], "bit {bit}");
    }
}

#[test]
fn reserved_flags_are_zero() {
    for bit in 1..32 {
        assert_eq!(cause_after(|entry| entry.flags |= 1 << bit), FaultCause::Reserved);
    }
}

#[test]
fn an_inline_payload_is_at_most_24_bytes() {
    assert_eq!(cause_after(|entry| entry.header.length = 25), FaultCause::Length);
}

#[test]
fn the_body_behind_an_inline_payload_is_zero() {
    assert_eq!(cause_after(|entry| entry.body[3] = 1), FaultCause::Reserved);
    assert_eq!(cause_after(|entry| entry.body[23] = 1), FaultCause::Reserved);
}

#[test]
fn the_body_behind_an_address_is_zero() {
    assert_eq!(
        cause_after(|entry| {
            entry.flags = 0;
            entry.body = [0; 24];
            entry.body[8] = 1;
        }),
        FaultCause::Reserved
    );
}

#[test]
fn the_group_is_the_lanes() {
    assert_eq!(cause_after(|entry| entry.header.group = 1), FaultCause::Group);
}

#[test]
fn the_generation_is_the_groups() {
    assert_eq!(cause_after(|entry| entry.header.generation = 2), FaultCause::Generation);
}

#[test]
fn seq_is_the_one_that_is_due() {
    assert_eq!(cause_after(|entry| entry.header.seq = 1), FaultCause::Sequence);
}

#[test]
fn the_length_is_at_most_payload_max() {
    let mut bench = Bench::running(0b1);
    bench.submit_raw(0, bench.entry_at(0, arena(0) + SLOTS, PAYLOAD_MAX));
    assert_eq!(bench.outcomes(), [Outcome::Match]);
    bench.submit_raw(0, bench.entry_at(0, arena(0) + SLOTS, PAYLOAD_MAX + 1));
    assert_eq!(bench.causes(), [(0, FaultCause::Length, 0)]);
}

#[test]
fn the_length_of_an_inline_payload_is_at_most_payload_max_too() {
    let mut bench = Bench::running(0b1);
    bench.set_group(group::PAYLOAD_MAX, 2);
    bench.submit_raw(0, Submission::inline(bench.header(0), b"abc").unwrap().seal());
    assert_eq!(bench.causes(), [(0, FaultCause::Length, 0)]);
}

#[test]
fn the_first_check_that_fails_gives_the_cause() {
    // Each change adds an earlier failure to all the later ones.
    let mut entry = good(&Bench::running(0b1));
    entry.header.length = 0x1_0000;
    entry.flags = 0;
    entry.body = [0; 24];
    for (change, cause) in [
        ((|_| ()) as fn(&mut SubmissionEntry), FaultCause::Length),
        (|entry| entry.header.seq = 9, FaultCause::Sequence),
        (|entry| entry.header.generation = 9, FaultCause::Generation),
        (|entry| entry.header.group = 9, FaultCause::Group),
        (|entry| entry.body[23] = 9, FaultCause::Reserved),
        (|entry| entry.flags = 1, FaultCause::Length),
        (|entry| entry.flags = 2, FaultCause::Reserved),
    ] {
        change(&mut entry);
        let changed = entry;
        assert_eq!(cause_after(|entry| *entry = changed), cause);
    }
}

#[test]
fn the_payload_lies_inside_the_window() {
    let end = arena(0) + ARENA_BYTES;
    for (iova, length, inside) in [
        (end - 16, 16, true),
        (end - 16, 17, false),
        (end, 1, false),
        (arena(0) - 1, 1, false),
        (arena(0) - 1, 2, false),
        (arena(1), 8, false),
        (u64::MAX, 1, false),
        (u64::MAX - 7, 16, false),
    ] {
        let mut bench = Bench::running(0b1);
        bench.submit_raw(0, bench.entry_at(0, iova, length));
        if inside {
            assert_eq!(bench.outcomes(), [Outcome::Match]);
        } else {
            assert_eq!(bench.causes(), [(0, FaultCause::Isolation, iova)]);
            assert_eq!(bench.outcomes(), [Outcome::Isolation]);
        }
    }
}

#[test]
fn the_end_of_a_range_is_computed_without_wrapping() {
    // A window that holds the ring and everything above it: only the end of the payload is outside.
    let mut bench = Bench::running(0b1);
    bench.set_lane(0, lane::WINDOW_LIMIT_LO, u32::MAX);
    bench.set_lane(0, lane::WINDOW_LIMIT_HI, u32::MAX);
    bench.submit_raw(0, bench.entry_at(0, u64::MAX - 3, 4));
    assert_eq!(bench.causes(), [(0, FaultCause::Isolation, u64::MAX - 3)]);
}

#[test]
fn a_closed_window_holds_nothing() {
    let mut bench = Bench::running(0b1);
    bench.set_lane(0, lane::WINDOW_LIMIT_LO, arena(0) as u32);
    bench.submit(0, 1);
    assert_eq!(bench.causes(), [(0, FaultCause::Isolation, arena(0))]);
}

#[test]
fn a_payload_that_cannot_be_read_is_a_dma_fault_with_its_address() {
    let mut bench = Bench::running(0b1);
    bench.break_range(arena(0) + SLOTS + 50, 1, ReadError::Poisoned);
    bench.submit_raw(0, bench.entry_at(0, arena(0) + SLOTS, 51));
    assert_eq!(bench.causes(), [(0, FaultCause::DmaPoisoned, arena(0) + SLOTS)]);
    assert_eq!(bench.outcomes(), [Outcome::Dma]);
}

#[test]
fn a_payload_of_no_bytes_is_not_read_and_its_address_is_not_looked_at() {
    let mut bench = Bench::running(0b1);
    bench.submit_raw(0, bench.entry_at(0, u64::MAX, 0));
    assert_eq!(bench.outcomes(), [Outcome::Match]);
}

#[test]
fn the_fingerprint_covers_payload_and_header_wherever_the_payload_is() {
    let payload = b"twenty-three bytes here";
    let mut bench = Bench::running(0b11);
    bench.memory.write(arena(1) + SLOTS + 5, payload);
    let inline = Submission::inline(bench.header(0), payload).unwrap().seal();
    bench.submit_raw(0, inline);
    bench.submit_raw(1, bench.entry_at(1, arena(1) + SLOTS + 5, payload.len() as u32));
    let verdict = bench.verdict();
    let header = Header { length: payload.len() as u32, seq: 0, generation: 1, ..bench.header(0) };
    let header = Header { seq: 0, ..header };
    assert_eq!(verdict.outcome, Outcome::Match);
    assert_eq!(verdict.fingerprint, fingerprint::fingerprint(payload, &header));
}

#[test]
fn records_that_differ_in_any_header_field_alone_mismatch() {
    let changes: [fn(&mut Header); 3] = [|h| h.target ^= 1, |h| h.kind ^= 1, |h| h.channel ^= 1];
    for change in changes {
        let mut bench = Bench::running(0b11);
        let mut header = bench.header(0);
        bench.submit_raw(0, Submission::inline(header, b"x").unwrap().seal());
        change(&mut header);
        bench.submit_raw(1, Submission::inline(header, b"x").unwrap().seal());
        assert_eq!(bench.outcomes(), [Outcome::Mismatch]);
    }
}

#[test]
fn a_lane_takes_entries_only_while_fewer_than_the_skew_depth_wait_for_the_vote() {
    let mut bench = Bench::running(0b11);
    for _ in 0..8 {
        bench.submit(0, 1);
    }
    assert_eq!(bench.lane(0, lane::HEAD), SKEW);
    bench.submit(1, 1);
    assert_eq!(bench.lane(0, lane::HEAD), SKEW + 1);
    assert_eq!(bench.unit.read(card::FAULT_TAIL), 0);
}

#[test]
fn entries_wrap_around_the_ring() {
    let mut bench = Bench::running(0b1);
    for content in 0..40 {
        bench.submit(0, content);
        assert_eq!(bench.outcomes(), [Outcome::Match]);
    }
}

#[test]
fn an_entry_is_fetched_once_and_never_again() {
    let mut bench = Bench::running(0b11);
    bench.submit(0, 1);
    bench.memory.write(arena(0), &[0xFF; 64]);
    bench.submit(1, 1);
    assert_eq!(bench.outcomes(), [Outcome::Match]);
}
