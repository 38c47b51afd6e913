//! The checks of an entry, in the order of `docs/src/unit.md`.

use super::expect::{Kept, same, set};
use super::rig::{Factory, Rig, Shape};
use covert_abi::{Body, FaultCause, Header, Outcome, Submission, SubmissionEntry, check_code, submission::CHECK_OFFSET};

/// The image of an entry after a change, with its check code made right again.
fn changed(submission: &Submission, change: impl FnOnce(&mut [u8; 64])) -> [u8; SubmissionEntry::BYTES] {
    let mut entry = submission.seal();
    change(&mut entry);
    let code = check_code::<{ SubmissionEntry::BYTES }, CHECK_OFFSET>(&entry);
    entry[CHECK_OFFSET..].copy_from_slice(&code.to_le_bytes());
    entry
}

/// A record with an inline payload.
fn inline(header: Header, length: usize) -> Submission {
    let mut body = [0; 24];
    body[..length].fill(0x5A);
    Submission { header: Header { length: length as u32, ..header }, body: Body::Inline(body) }
}

/// A lone lane whose first record is good and whose second is `entry`: it must be a fault of this cause.
fn refused(factory: &dyn Factory, what: &str, cause: FaultCause, entry: impl Fn(&Rig, Header) -> [u8; 64]) -> Kept {
    let mut rig = factory.rig(&Shape { group: 0, payload_max: 512, ..Shape::lanes(1) })?;
    rig.start(set([0]), 300)?;
    rig.submit(set([0]), 0, 300, b"good")?;
    same("the good record", rig.verdicts()?.len(), 1)?;
    let bad = entry(&rig, rig.header(301));
    rig.store(0, 1, &bad);
    rig.ring(0, 2)?;
    let verdict = rig.bad(301, cause.outcome(), set([0]));
    rig.expect(what, &[verdict])?;
    rig.expect_fault(0, 301, cause, 0)?;
    same("live lanes", rig.group.status().live, set([]))
}

pub(super) fn an_entry_with_any_bit_flipped_is_a_check_fault(factory: &dyn Factory) -> Kept {
    // Three lanes, so that one wrong entry does not end the run; the wrong lane is reset and taken in again.
    let mut rig = factory.rig(&Shape::lanes(3))?;
    let all = set([0, 1, 2]);
    rig.start(all, 0)?;
    for bit in 0..512usize {
        let good = inline(rig.header(0), 9).seal();
        let mut bad = good;
        bad[bit / 8] ^= 1 << (bit % 8);
        for (lane, entry) in [(0, &good), (1, &bad), (2, &good)] {
            rig.store(lane, 0, entry);
            rig.ring(lane, 1)?;
        }
        let outcomes: Vec<_> = rig.verdicts()?.iter().map(|v| (v.outcome, v.agree, v.dissent)).collect();
        same(format_args!("bit {bit}"), outcomes, vec![(Outcome::Majority, set([0, 2]), set([1]))])?;
        rig.expect_fault(1, 0, FaultCause::Check, 0)?;
        rig.group.reset_lane(1).map_err(super::Failure::because)?;
        let place = rig.place(1)?;
        rig.group.place(1, &place).map_err(super::Failure::because)?;
        rig.flush(all, 0, 1, set([0, 2]))?;
    }
    Ok(())
}

pub(super) fn a_reserved_flag_or_padding_is_a_fault(factory: &dyn Factory) -> Kept {
    for bit in 1..32usize {
        refused(factory, "a reserved flag", FaultCause::Reserved, |_, header| {
            changed(&inline(header, 4), |entry| entry[56 + bit / 8] |= 1 << (bit % 8))
        })?;
    }
    for at in 4..24 {
        refused(factory, "a byte behind the inline payload", FaultCause::Reserved, |_, header| {
            changed(&inline(header, 4), |entry| entry[32 + at] = 1)
        })?;
    }
    for at in 8..24 {
        refused(factory, "a byte behind the address", FaultCause::Reserved, |rig, header| {
            let iova = rig.shape.geometry(0).slot_iova(1);
            let record = Submission { header: Header { length: 40, ..header }, body: Body::At(iova) };
            changed(&record, |entry| entry[32 + at] = 1)
        })?;
    }
    Ok(())
}

pub(super) fn an_inline_payload_over_24_bytes_is_a_length_fault(factory: &dyn Factory) -> Kept {
    for length in [25u32, 32, 512, u32::MAX] {
        refused(factory, "a long inline payload", FaultCause::Length, |_, header| {
            changed(&inline(header, 24), |entry| entry[12..16].copy_from_slice(&length.to_le_bytes()))
        })?;
    }
    Ok(())
}

pub(super) fn an_entry_of_another_group_generation_or_place_is_a_fault(factory: &dyn Factory) -> Kept {
    for bit in 0..16 {
        refused(factory, "another group", FaultCause::Group, |_, header| {
            inline(Header { group: header.group ^ 1 << bit, ..header }, 4).seal()
        })?;
    }
    for other in [0, 2, 3, u32::MAX] {
        refused(factory, "another generation", FaultCause::Generation, |_, header| {
            inline(Header { generation: other, ..header }, 4).seal()
        })?;
    }
    for other in [0, 299, 300, 302, 301 | 1 << 32, u64::MAX] {
        refused(factory, "another place", FaultCause::Sequence, |_, header| {
            inline(Header { seq: other, ..header }, 4).seal()
        })?;
    }
    Ok(())
}

pub(super) fn a_payload_over_the_limit_is_a_length_fault(factory: &dyn Factory) -> Kept {
    for length in [513, 514, 1 << 20, u32::MAX] {
        refused(factory, "over the limit", FaultCause::Length, |rig, header| {
            let iova = rig.shape.geometry(0).slot_iova(1);
            Submission { header: Header { length, ..header }, body: Body::At(iova) }.seal()
        })?;
    }
    let mut rig = factory.rig(&Shape::lanes(1))?;
    rig.group.set_payload_max(3).map_err(super::Failure::because)?;
    rig.start(set([0]), 0)?;
    rig.submit(set([0]), 0, 0, b"abc")?;
    same("at a limit of 3", rig.verdicts()?.len(), 1)?;
    rig.submit(set([0]), 1, 1, b"abcd")?;
    rig.expect_fault(0, 1, FaultCause::Length, 0)?;
    let more = rig.group.limits().payload_max.checked_add(1);
    let refused = more.is_none_or(|more| rig.group.set_payload_max(more).is_err());
    same("a limit above the comparator's is refused", refused, true)
}

/// A way to spoil an entry.
type Spoil = fn(&mut Header, &mut [u8; 64]);

pub(super) fn the_first_check_that_fails_names_the_fault(factory: &dyn Factory) -> Kept {
    // In the order of the page. Each entry has the fault that is due and all that come after it.
    let spoils: [(FaultCause, Spoil); 7] = [
        (FaultCause::Reserved, |_, entry| entry[59] = 0x80),
        (FaultCause::Reserved, |_, entry| entry[55] = 1),
        (FaultCause::Group, |header, _| header.group ^= 1),
        (FaultCause::Generation, |header, _| header.generation ^= 1),
        (FaultCause::Sequence, |header, _| header.seq ^= 1),
        (FaultCause::Length, |header, _| header.length = 513),
        (FaultCause::Isolation, |_, entry| entry[32..40].fill(0xFF)),
    ];
    for (first, (cause, _)) in spoils.iter().enumerate() {
        if *cause == FaultCause::Isolation {
            continue; // With its address, in `windows`.
        }
        refused(factory, "several faults", *cause, |_, header| {
            let mut header = Header { length: 100, ..header };
            let mut nothing = [0; 64];
            for (_, spoil) in &spoils[first..] {
                spoil(&mut header, &mut nothing);
            }
            let record = Submission { header, body: Body::At(0) };
            changed(&record, |entry| {
                for (_, spoil) in &spoils[first..] {
                    spoil(&mut header, entry);
                }
            })
        })?;
    }
    // The check code comes before everything, the inline length between flags and padding.
    refused(factory, "check code and all else", FaultCause::Check, |_, _| [0xFF; 64])?;
    refused(factory, "nothing written", FaultCause::Check, |_, _| [0; 64])?;
    refused(factory, "flag and inline length", FaultCause::Reserved, |_, header| {
        changed(&inline(header, 24), |entry| {
            entry[12..16].fill(0xFF);
            entry[57] = 1;
        })
    })?;
    refused(factory, "inline length and group", FaultCause::Length, |_, header| {
        changed(&inline(Header { group: 9, ..header }, 24), |entry| entry[12..16].fill(0xFF))
    })
}
