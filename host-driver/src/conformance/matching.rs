//! What is equal, and what is not.

use super::expect::{Kept, NONE, bytes, print_of, same, set};
use super::rig::{Factory, Rig, Shape};
use covert_abi::{Header, LaneSet, Outcome};

/// Lengths around every edge of the padding, the inline limit and the reads of a card.
const LENGTHS: [usize; 14] = [100, 127, 128, 129, 240, 255, 256, 257, 272, 511, 512, 513, 1023, 1024];

fn lengths() -> impl Iterator<Item = usize> {
    (0..=66).chain(LENGTHS)
}

/// Requires the next record to match in all of these lanes.
fn matches(rig: &mut Rig, lanes: LaneSet, header: Header, payload: &[u8]) -> Kept {
    let print = print_of(header, payload);
    let verdict = rig.verdict(header.seq, Outcome::Match, lanes, NONE, print);
    rig.expect(format_args!("record {} of {} bytes", header.seq, payload.len()), &[verdict])
}

pub(super) fn equal_records_match_with_the_contracts_fingerprint(factory: &dyn Factory) -> Kept {
    let mut rig = factory.rig(&Shape::lanes(2))?;
    let both = set([0, 1]);
    rig.start(both, 0)?;
    for (index, length) in lengths().enumerate() {
        let payload = bytes(length, 3);
        rig.submit(both, index as u32, index as u64, &payload)?;
        let header = rig.header(index as u64);
        matches(&mut rig, both, header, &payload)?;
    }
    same("faults", rig.faults()?, vec![])
}

pub(super) fn a_payload_matches_at_every_alignment(factory: &dyn Factory) -> Kept {
    let mut rig = factory.rig(&Shape::lanes(2))?;
    rig.start(set([0, 1]), 0)?;
    let mut index = 0;
    for shift in 0..64 {
        for length in [1, 3, 16, 61, 130] {
            let payload = bytes(length, shift as u8);
            for (lane, shift) in [(0, shift), (1, 0)] {
                let iova = rig.shape.geometry(lane).slot_iova(index) + shift;
                rig.ports[lane].arena.write(iova, &payload);
                let header = Header { length: length as u32, ..rig.header(index.into()) };
                rig.put_at(lane, index, header, iova);
                rig.ring(lane, index + 1)?;
            }
            let header = rig.header(index.into());
            matches(&mut rig, set([0, 1]), header, &payload)?;
            index += 1;
        }
    }
    Ok(())
}

pub(super) fn the_same_content_matches_inline_and_by_address(factory: &dyn Factory) -> Kept {
    let mut rig = factory.rig(&Shape::lanes(2))?;
    rig.start(set([0, 1]), 0)?;
    for index in 0..=24u32 {
        let payload = bytes(index as usize, 5);
        let inline = (index % 2) as usize;
        let header = rig.header(index.into());
        rig.put(inline, index, header, &payload);
        rig.put_by_address(1 - inline, index, header, &payload);
        rig.ring(0, index + 1)?;
        rig.ring(1, index + 1)?;
        matches(&mut rig, set([0, 1]), header, &payload)?;
    }
    Ok(())
}

pub(super) fn a_payload_of_no_bytes_is_not_looked_for(factory: &dyn Factory) -> Kept {
    let mut rig = factory.rig(&Shape::lanes(2))?;
    rig.start(set([0, 1]), 0)?;
    let header = rig.header(0);
    rig.put_at(0, 0, header, u64::MAX);
    rig.put_at(1, 0, header, 0);
    rig.ring(0, 1)?;
    rig.ring(1, 1)?;
    matches(&mut rig, set([0, 1]), header, &[])
}

/// Submits a record in three lanes, one of which differs, and requires the other two to win: so the group goes on.
fn differs(rig: &mut Rig, index: u32, headers: [Header; 2], payloads: [&[u8]; 2], what: &str) -> Kept {
    let wrong = index as usize % 3;
    let seq = headers[0].seq;
    for lane in 0..3 {
        let which = usize::from(lane == wrong);
        rig.put(lane, index, headers[which], payloads[which]);
        rig.ring(lane, index + 1)?;
    }
    let agree = set([0, 1, 2]).without(set([wrong]));
    let print = print_of(headers[0], payloads[0]);
    let verdict = rig.verdict(seq, Outcome::Majority, agree, set([wrong]), print);
    rig.expect(format_args!("{what}, lane {wrong} wrong"), &[verdict])
}

pub(super) fn a_difference_in_any_payload_byte_is_found(factory: &dyn Factory) -> Kept {
    let mut rig = factory.rig(&Shape::lanes(3))?;
    rig.start(set([0, 1, 2]), 0)?;
    let mut index = 0;
    for length in [1, 8, 15, 16, 17, 23, 24, 25, 31, 32, 33, 63, 64, 65, 129, 300, 1024] {
        let right = bytes(length, 7);
        let step = (length / 64).max(1);
        for at in (0..length).step_by(step).chain([length - 1]) {
            let mut wrong = right.clone();
            wrong[at] ^= 1 << (at % 8);
            let header = rig.header(index.into());
            let what = format!("byte {at} of {length}");
            differs(&mut rig, index, [header; 2], [&right, &wrong], &what)?;
            index += 1;
        }
    }
    Ok(())
}

pub(super) fn a_difference_in_any_byte_of_the_header_is_found(factory: &dyn Factory) -> Kept {
    let mut rig = factory.rig(&Shape::lanes(3))?;
    rig.start(set([0, 1, 2]), 0)?;
    let changes: [fn(&mut Header, u32); 3] = [
        |header, bit| header.target ^= 1 << (bit % 64),
        |header, bit| header.channel ^= 1 << (bit % 32),
        |header, bit| header.kind ^= 1 << (bit % 16),
    ];
    let mut index = 0;
    for (field, change) in changes.iter().enumerate() {
        for bit in 0..64 {
            let header = rig.header(index.into());
            let mut other = header;
            change(&mut other, bit);
            let payload = bytes(if bit % 2 == 0 { 5 } else { 40 }, 1);
            differs(&mut rig, index, [header, other], [&payload, &payload], &format!("field {field} bit {bit}"))?;
            index += 1;
        }
    }
    Ok(())
}

pub(super) fn padding_is_not_taken_for_payload(factory: &dyn Factory) -> Kept {
    let mut rig = factory.rig(&Shape::lanes(3))?;
    rig.start(set([0, 1, 2]), 0)?;
    for (index, length) in (0..48u32).zip(0usize..) {
        let short = vec![0; length];
        let long = vec![0; length + 1];
        let header = rig.header(index.into());
        differs(&mut rig, index, [header; 2], [&short, &long], &format!("{length} zeros and one more"))?;
    }
    Ok(())
}

pub(super) fn records_match_through_many_laps_of_the_ring(factory: &dyn Factory) -> Kept {
    let mut rig = factory.rig(&Shape { ring_log2: 2, ..Shape::lanes(2) })?;
    let both = set([0, 1]);
    rig.start(both, 1000)?;
    for index in 0..300u32 {
        let payload = bytes(index as usize % 90, index as u8);
        let seq = 1000 + u64::from(index);
        rig.submit(both, index, seq, &payload)?;
        let header = rig.header(seq);
        matches(&mut rig, both, header, &payload)?;
    }
    Ok(())
}
