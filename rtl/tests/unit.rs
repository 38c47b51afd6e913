//! The whole unit, Verilated, behind a small root complex: what `docs/src/unit.md` and the boundary page promise.

#![allow(clippy::needless_range_loop, reason = "a lane is a number and indexes several things")]

mod common;

use common::{ARENA, Root, Sabotage};
use covert_abi::registers::{card, group, lane};
use covert_abi::{FaultCause, Header, Identity, LaneSet, Outcome, fingerprint};

/// A unit with both lanes live in generation 1, whose first record is `start`.
fn running(start: u64) -> Option<Root> {
    let mut root = Root::new()?;
    root.configure();
    root.flush(3, start);
    let flushed = root.verdict(0);
    assert_eq!((flushed.outcome, flushed.generation, flushed.agree), (Outcome::Flushed, 0, LaneSet::EMPTY));
    Some(root)
}

#[test]
fn identification_is_what_the_driver_wants() {
    let Some(mut root) = Root::new() else { return };
    let identity = Identity::parse(|address| root.read(address)).expect("a covert card");
    assert_eq!((identity.groups, identity.lanes, identity.width), (1, 2, 64));
    assert_eq!((identity.skew, identity.tags, identity.payload_max), (16, 16, 65536));
    assert!(identity.msix && !identity.push);
    let text = covert_rtl::generated();
    let zeroed = text
        .replace(&format!("{:08x}", identity.rtl_hash as u32), "00000000")
        .replace(&format!("{:08x}", (identity.rtl_hash >> 32) as u32), "00000000");
    assert_ne!(text, zeroed, "the hash stands in the text");
    assert_ne!(identity.rtl_hash, 0);
}

#[test]
fn equal_inline_records_match() {
    let Some(mut root) = running(100) else { return };
    for index in 0..40u32 {
        let header = Root::header(1, 100 + u64::from(index));
        let payload: Vec<u8> = (0..(index % 25) as u8).collect();
        for lane in 0..2 {
            let entry = Root::inline(header, &payload);
            root.put(lane, index, &entry);
            root.ring(lane as u32, 1, index + 1);
        }
        let verdict = root.verdict(index + 1);
        assert_eq!((verdict.outcome, verdict.seq, verdict.generation), (Outcome::Match, header.seq, 1));
        assert_eq!(verdict.agree, LaneSet::first(2));
        let header = Header { length: payload.len() as u32, ..header };
        assert_eq!(verdict.fingerprint, fingerprint(&payload, &header), "payload of {} bytes", payload.len());
    }
}

#[test]
fn equal_payloads_match_at_any_length_and_address() {
    let Some(mut root) = running(0) else { return };
    root.shuffle = true;
    for (index, length) in
        [1usize, 7, 8, 9, 15, 16, 17, 31, 64, 100, 255, 256, 257, 511, 512, 513, 1500, 4096, 5000, 65536]
            .into_iter()
            .enumerate()
    {
        let index = index as u32;
        let offsets = [root.random.below(4096), root.random.below(8)];
        let payload: Vec<u8> = (0..length).map(|_| root.random.word() as u8).collect();
        let header = Root::header(1, u64::from(index));
        for lane in 0..2 {
            let address = ARENA[lane] + 0x10000 + offsets[lane];
            root.bytes(address, length).copy_from_slice(&payload);
            let entry = Root::at(header, length, address);
            root.put(lane, index, &entry);
            root.ring(lane as u32, 1, index + 1);
        }
        let verdict = root.verdict(index + 1);
        assert_eq!((verdict.outcome, verdict.seq), (Outcome::Match, header.seq), "{length} bytes");
        let header = Header { length: length as u32, ..header };
        assert_eq!(verdict.fingerprint, fingerprint(&payload, &header), "{length} bytes at {offsets:x?}");
    }
}

#[test]
fn a_differing_byte_is_a_mismatch_and_halts() {
    let Some(mut root) = running(0) else { return };
    for lane in 0..2 {
        let entry = Root::inline(Root::header(1, 0), &[1, 2, 3, lane as u8]);
        root.put(lane, 0, &entry);
        root.ring(lane as u32, 1, 1);
    }
    let verdict = root.verdict(1);
    assert_eq!((verdict.outcome, verdict.dissent), (Outcome::Mismatch, LaneSet::first(2)));
    assert_eq!(verdict.agree, LaneSet::EMPTY);
    assert_eq!(group::STATUS_STATE.of(root.read(group::address(0, group::STATUS))), 2);
    root.flush(3, 0);
    let flushed = root.verdict(2);
    assert_eq!((flushed.outcome, flushed.generation, flushed.seq), (Outcome::Flushed, 1, 1));
    assert_eq!(flushed.agree, LaneSet::first(2));
    assert_eq!(root.read(group::address(0, group::GENERATION)), 2);
}

#[test]
fn a_single_lane_is_simplex() {
    for lane in 0..2 {
        let Some(mut root) = Root::new() else { return };
        root.configure();
        root.flush(1 << lane, 5);
        let entry = Root::inline(Root::header(1, 5), b"alone");
        root.put(lane, 0, &entry);
        root.ring(lane as u32, 1, 1);
        let verdict = root.verdict(1);
        assert_eq!((verdict.outcome, verdict.agree), (Outcome::Match, LaneSet::only(lane)));
    }
}

#[test]
fn a_completion_pushes_the_posted_writes_before_it() {
    let Some(mut root) = running(0) else { return };
    root.tx_ready_in = 12;
    for index in 0..60u32 {
        for lane in 0..2 {
            let entry = Root::inline(Root::header(1, u64::from(index)), b"p");
            root.put(lane, index, &entry);
        }
    }
    root.ring(0, 1, 60);
    root.ring(1, 1, 60);
    let mut tail = 0;
    while tail < 61 {
        // The root complex asserts that no completion is offered while a write that was offered before waits.
        tail = root.read(group::address(0, group::VERDICT_TAIL));
        assert!(root.try_verdict(tail - 1, 1).is_some(), "verdict {tail} is counted before it is in memory");
    }
}

#[test]
fn every_wrong_entry_locks_its_lane_with_its_cause() {
    let good = Root::header(1, 0);
    let sealed = |header: Header| Root::inline(header, b"x");
    let reseal = |mut entry: [u8; 64]| {
        let code = covert_abi::check_code::<64, { covert_abi::submission::CHECK_OFFSET }>(&entry);
        entry[60..].copy_from_slice(&code.to_le_bytes());
        entry
    };
    let with = |at: usize, value: u8| {
        let mut entry = sealed(good);
        entry[at] ^= value;
        entry
    };
    let long = {
        let mut entry = Root::inline(good, &[0; 24]);
        entry[12] = 25;
        reseal(entry)
    };
    let beyond = ARENA[0] + common::ARENA_BYTES;
    let cases: Vec<([u8; 64], FaultCause, Outcome, u64)> = vec![
        (with(40, 1), FaultCause::Check, Outcome::BadEntry, 0),
        (reseal(with(57, 1)), FaultCause::Reserved, Outcome::BadEntry, 0),
        (reseal(with(33, 1)), FaultCause::Reserved, Outcome::BadEntry, 0),
        (reseal(with(55, 1)), FaultCause::Reserved, Outcome::BadEntry, 0),
        (long, FaultCause::Length, Outcome::BadEntry, 0),
        (sealed(Header { group: 1, ..good }), FaultCause::Group, Outcome::BadEntry, 0),
        (sealed(Header { generation: 2, ..good }), FaultCause::Generation, Outcome::BadEntry, 0),
        (sealed(Header { seq: 1, ..good }), FaultCause::Sequence, Outcome::BadEntry, 0),
        (Root::at(good, 65537, ARENA[0]), FaultCause::Length, Outcome::BadEntry, 0),
        (Root::at(good, 16, beyond - 15), FaultCause::Isolation, Outcome::Isolation, beyond - 15),
        (Root::at(good, 16, ARENA[0] - 1), FaultCause::Isolation, Outcome::Isolation, ARENA[0] - 1),
        (Root::at(good, 16, u64::MAX - 7), FaultCause::Isolation, Outcome::Isolation, u64::MAX - 7),
    ];
    for (entry, cause, outcome, address) in cases {
        let Some(mut root) = running(0) else { return };
        root.put(0, 0, &entry);
        root.put(1, 0, &sealed(good));
        root.ring(0, 1, 1);
        root.ring(1, 1, 1);
        let fault = root.fault(0);
        assert_eq!((fault.cause, fault.lane, fault.seq, fault.generation), (cause, 0, 0, 1));
        assert_eq!(fault.address, address, "{cause:?}");
        let verdict = root.verdict(1);
        assert_eq!((verdict.outcome, verdict.dissent), (outcome, LaneSet::only(0)), "{cause:?}");
        let status = root.read(lane::address(0, lane::STATUS));
        assert_eq!(
            (lane::STATUS_STATE.of(status), lane::STATUS_CAUSE.of(status)),
            (2, u32::from(cause.code()))
        );
        // Only a reset unlocks it.
        root.write(lane::address(0, lane::COMMAND), 1);
        root.run(20);
        assert_eq!(root.read(lane::address(0, lane::STATUS)), 0);
        assert_eq!(root.read(lane::address(0, lane::WINDOW_LIMIT_LO)), 0, "its window is closed");
    }
}

#[test]
fn every_bad_completion_has_its_cause() {
    let cases = [
        (Sabotage::Refuse, FaultCause::DmaRefused),
        (Sabotage::Abort, FaultCause::DmaRefused),
        (Sabotage::Poison, FaultCause::DmaPoisoned),
        (Sabotage::WrongCount, FaultCause::DmaMalformed),
        (Sabotage::WrongLower, FaultCause::DmaMalformed),
        (Sabotage::Short, FaultCause::DmaMalformed),
        (Sabotage::Long, FaultCause::DmaMalformed),
        (Sabotage::Drop, FaultCause::DmaTimeout),
    ];
    for (sabotage, cause) in cases {
        for payload in [false, true] {
            let Some(mut root) = running(0) else { return };
            root.tick_every = 1;
            let header = Root::header(1, 0);
            let data = [ARENA[0] + 0x10003, ARENA[1] + 0x10000];
            for lane in 0..2 {
                let entry = Root::at(header, 700, data[lane]);
                root.put(lane, 0, &entry);
            }
            let target = if payload { data[0] } else { ARENA[0] };
            root.sabotage =
                Box::new(move |address, _| if address == target { sabotage } else { Sabotage::None });
            root.ring(0, 1, 1);
            root.ring(1, 1, 1);
            if sabotage == Sabotage::Drop {
                root.run(60_000);
            }
            let fault = root.fault(0);
            assert_eq!((fault.cause, fault.lane), (cause, 0), "{sabotage:?}, payload {payload}");
            assert_eq!(fault.address, target);
            assert_eq!(root.verdict(1).outcome, Outcome::Dma);
            if sabotage == Sabotage::Drop {
                assert_eq!(root.read(card::address(0, card::TAGS_QUARANTINED)), 1);
                let late = root.late_held.len() as u32;
                root.send_late();
                root.run(300);
                assert_eq!(root.read(card::address(0, card::LATE_COMPLETIONS)), late);
            }
            // The unit is as good as before.
            root.sabotage = Box::new(|_, _| Sabotage::None);
            root.write(lane::address(0, lane::COMMAND), 1);
            root.run(20);
            for (register, value) in [
                (lane::RING_BASE_LO, ARENA[0]),
                (lane::WINDOW_BASE_LO, ARENA[0]),
                (lane::WINDOW_LIMIT_LO, ARENA[0] + common::ARENA_BYTES),
            ] {
                root.write64(lane::address(0, register), value);
            }
            root.write(lane::address(0, lane::RING_LOG2), common::RING_LOG2);
            root.flush(3, 0);
            assert_eq!(root.verdict(2).outcome, Outcome::Flushed);
            for lane in 0..2 {
                let entry = Root::at(Root::header(2, 0), 700, data[lane]);
                root.put(lane, 0, &entry);
                root.ring(lane as u32, 2, 1);
            }
            assert_eq!(root.verdict(3).outcome, Outcome::Match, "after {sabotage:?}");
        }
    }
}

#[test]
fn a_completion_at_the_moment_of_the_timeout_has_one_outcome() {
    let mut outcomes = Vec::new();
    // A tag is looked at every 16 clocks: the completion comes in each of more clocks than that around the limit.
    for clocks in 50_000..50_030 {
        let Some(mut root) = running(0) else { return };
        root.tick_every = 1;
        for lane in 0..2 {
            root.put(lane, 0, &Root::inline(Root::header(1, 0), b"late"));
        }
        root.sabotage =
            Box::new(|address, _| if address == ARENA[0] { Sabotage::Drop } else { Sabotage::None });
        root.ring(0, 1, 1);
        root.ring(1, 1, 1);
        root.run(clocks);
        root.send_late();
        let outcome = root.verdict(1).outcome;
        let lost = root.read(card::address(0, card::TAGS_QUARANTINED));
        let late = root.read(card::address(0, card::LATE_COMPLETIONS));
        let reported = root.read(card::address(0, card::FAULT_TAIL));
        match outcome {
            Outcome::Match => assert_eq!((lost, late, reported), (0, 0, 0), "{clocks} clocks"),
            _ => {
                assert_eq!((outcome, root.fault(0).cause), (Outcome::Dma, FaultCause::DmaTimeout));
                assert!((lost, reported) == (1, 1) && late <= 1, "{clocks} clocks");
            }
        }
        outcomes.push((outcome == Outcome::Dma, late));
    }
    // In time, then judged while the read was given up, then for a quarantined tag.
    assert!(outcomes.is_sorted(), "{outcomes:?}");
    outcomes.dedup();
    assert_eq!(outcomes, [(false, 0), (true, 0), (true, 1)]);
}

#[test]
fn the_watchdog_locks_the_lane_without_an_entry() {
    let Some(mut root) = running(0) else { return };
    root.tick_every = 10;
    root.write(group::address(0, group::WATCHDOG), 50);
    root.run(5000);
    assert_eq!(root.read(card::address(0, card::FAULT_TAIL)), 0, "not armed without a record");
    let entry = Root::inline(Root::header(1, 0), b"early");
    root.put(1, 0, &entry);
    root.ring(1, 1, 1);
    let before = root.clock;
    let fault = root.fault(0);
    let took = root.clock - before;
    assert!((450..650).contains(&took), "50 ticks of 10 clocks took {took}");
    assert_eq!((fault.cause, fault.lane, fault.seq), (FaultCause::Timeout, 0, 0));
    let verdict = root.verdict(1);
    assert_eq!((verdict.outcome, verdict.dissent), (Outcome::Timeout, LaneSet::only(0)));
}

#[test]
fn doorbells_of_another_generation_are_counted_and_too_far_tails_are_faults() {
    let Some(mut root) = running(0) else { return };
    root.ring(0, 0, 1);
    root.ring(0, 2, 1);
    assert_eq!(root.read(card::address(0, card::STALE_DOORBELLS)), 2);
    assert_eq!(root.read(lane::address(0, lane::TAIL)), 0);
    root.ring(0, 1, 65);
    let fault = root.fault(0);
    assert_eq!((fault.cause, fault.address), (FaultCause::Doorbell, 65));
    root.ring(0, 1, 1);
    assert_eq!(root.read(card::address(0, card::STALE_DOORBELLS)), 3);
}

#[test]
fn reset_of_a_live_lane_is_a_fault_first() {
    let Some(mut root) = running(7) else { return };
    root.write(lane::address(1, lane::COMMAND), 1);
    let fault = root.fault(0);
    assert_eq!((fault.cause, fault.lane, fault.seq), (FaultCause::Reset, 1, 7));
    let entry = Root::inline(Root::header(1, 7), b"left");
    root.put(0, 0, &entry);
    root.ring(0, 1, 1);
    assert_eq!(root.verdict(1).outcome, Outcome::BadEntry);
    assert_eq!(root.read(lane::address(1, lane::STATUS)), 0);
}

#[test]
fn a_full_verdict_ring_waits_for_its_reader() {
    let Some(mut root) = running(0) else { return };
    root.write(group::address(0, group::VERDICT_HEAD), 1u32.wrapping_sub(256 - 3));
    for index in 0..8u32 {
        for lane in 0..2 {
            let entry = Root::inline(Root::header(1, u64::from(index)), b"v");
            root.put(lane, index, &entry);
            root.ring(lane as u32, 1, index + 1);
        }
    }
    root.run(2000);
    assert_eq!(root.read(group::address(0, group::VERDICT_TAIL)), 4);
    root.write(group::address(0, group::VERDICT_HEAD), 4);
    root.verdict(8);
    assert_eq!(root.read(group::address(0, group::VERDICT_TAIL)), 9);
}

#[test]
fn a_flush_forgets_what_had_no_room_for_its_verdict() {
    let Some(mut root) = running(0) else { return };
    root.write(group::address(0, group::VERDICT_HEAD), 1u32.wrapping_sub(256 - 2));
    for index in 0..5u32 {
        for lane in 0..2 {
            let entry = Root::inline(Root::header(1, u64::from(index)), b"v");
            root.put(lane, index, &entry);
            root.ring(lane as u32, 1, index + 1);
        }
    }
    root.run(1000);
    assert_eq!(root.read(group::address(0, group::VERDICT_TAIL)), 3);
    root.write(group::address(0, group::COMMAND), 1);
    root.run(500);
    assert_eq!(group::STATUS_STATE.of(root.read(group::address(0, group::STATUS))), 3, "it waits for room");
    root.write(group::address(0, group::VERDICT_HEAD), 3);
    let flushed = root.verdict(3);
    assert_eq!((flushed.outcome, flushed.seq), (Outcome::Flushed, 2));
}

#[test]
fn verdicts_and_faults_interrupt_unless_masked() {
    let Some(mut root) = running(0) else { return };
    root.write64(0x1000, 0xFEE0_0000);
    root.write64(0x1008, 0x41);
    root.model.set("msix_enable", 1);
    root.write64(0x1010, 0x1_FEE0_0000);
    root.write64(0x1018, 0x1_0000_0042);
    for lane in 0..2 {
        let entry = Root::inline(Root::header(1, 0), &[lane as u8]);
        root.put(lane, 0, &entry);
        root.ring(lane as u32, 1, 1);
    }
    root.verdict(1);
    root.run(100);
    assert_eq!(root.interrupts, [(0xFEE0_0000, 0x41); 2], "of what ended generation 0, and of the record");
    root.ring(0, 1, 1000);
    root.fault(0);
    root.run(100);
    assert_eq!((root.interrupts.len(), root.read(0x1800)), (2, 2), "the second vector is masked");
    root.write(0x101C, 0);
    root.run(100);
    assert_eq!(root.interrupts[2], (0x1_FEE0_0000, 0x42));
    assert_eq!(root.read(0x1800), 0);
}

#[test]
fn events_are_kept_while_interrupts_are_disabled_or_masked_by_the_function() {
    let Some(mut root) = running(0) else { return };
    root.write64(0x1000, 0xFEE0_0000);
    root.write64(0x1008, 0x41);
    root.run(100);
    assert_eq!((root.interrupts.len(), root.read(0x1800)), (0, 1), "disabled");
    root.model.set("msix_function_mask", 1);
    root.model.set("msix_enable", 1);
    root.run(100);
    assert_eq!((root.interrupts.len(), root.read(0x1800)), (0, 1), "masked");
    root.model.set("msix_function_mask", 0);
    root.run(100);
    assert_eq!(root.interrupts, [(0xFEE0_0000, 0x41)]);
    assert_eq!(root.read(0x1800), 0);
}

#[test]
fn requests_that_fit_no_register_are_answered_as_pci_wants_it() {
    let Some(mut root) = Root::new() else { return };
    // Two DW with a hole at either end, traffic class and attributes set.
    root.send(&[0x0010_3002, 0x1234_993E, 0x0000_0000]);
    let answer = root.answer();
    assert_eq!(answer[0], 0x4A10_3002);
    assert_eq!(answer[1] & 0xFFFF, 5);
    assert_eq!(answer[2], 0x1234_9901);
    assert_eq!(answer.len(), 5);
    // Three DW: completer abort.
    root.send(&[0x0000_0003, 0x0001_07FF, 0x0000_0010]);
    assert_eq!(root.answer(), [0x0A00_0000, 0x0350_8000 | 12, 0x0001_0710]);
    // An I/O read: unsupported.
    root.send(&[0x0200_0001, 0x0001_080F, 0x0000_0010]);
    assert_eq!(root.answer(), [0x0A00_0000, 0x0350_2004, 0x0001_0800]);
    // A message, a poisoned write, a long write, half a DW: nothing.
    root.send(&[0x3000_0000, 0x0001_0000, 0, 0]);
    root.send(&[0x4000_4001, 0x0000_000F, 0x10C, 3]);
    root.send(&[0x4000_0003, 0x0000_00FF, 0x10C, 3, 3, 3]);
    root.send(&[0x4000_0001, 0x0000_0003, 0x10C, 3]);
    assert_eq!(root.read(0x10C), 0);
    root.send(&[0x4000_0001, 0x0000_000F, 0x10C, 0xFFFF_FFFF]);
    assert_eq!(root.read(0x10C), 0xF, "reserved bits read as zero");
    assert_eq!(root.read(0x24), 0);
    assert!(root.answers.is_empty());
}

#[test]
fn writes_are_taken_while_nothing_can_be_sent() {
    let Some(mut root) = running(0) else { return };
    root.tx_ready_in = 0;
    for _ in 0..32 {
        root.send(&[0x0000_0001, 0x0000_420F, 0xF000_0000]);
    }
    for seq in 0..64 {
        root.send(&[0x4000_0001, 0x0000_000F, group::address(0, group::WATCHDOG), seq]);
    }
    root.run(1000);
    root.tx_ready_in = 3;
    for _ in 0..32 {
        assert_eq!(root.answer()[3], covert_abi::identity::MAGIC);
    }
    assert_eq!(root.read(group::address(0, group::WATCHDOG)), 63);
}

#[test]
fn disabling_resets_group_and_lanes_and_function_level_reset_everything() {
    let Some(mut root) = running(0) else { return };
    root.latency = 500;
    for lane in 0..2 {
        let entry = Root::at(Root::header(1, 0), 4096, ARENA[lane] + 0x10000);
        root.put(lane, 0, &entry);
        root.ring(lane as u32, 1, 1);
    }
    root.run(100);
    root.write(card::address(0, card::CONTROL), 0);
    root.bytes(common::VERDICTS, 32).fill(0);
    root.configure();
    root.flush(3, 9);
    assert_eq!(root.verdict(0).generation, 0);
    for lane in 0..2 {
        let entry = Root::at(Root::header(1, 9), 4096, ARENA[lane] + 0x10000);
        root.put(lane, 0, &entry);
        root.ring(lane as u32, 1, 1);
    }
    assert_eq!(root.verdict(1).outcome, Outcome::Match);
    for lane in 0..2 {
        let entry = Root::at(Root::header(1, 10), 4096, ARENA[lane] + 0x10000);
        root.put(lane, 1, &entry);
        root.ring(lane as u32, 1, 2);
    }
    root.run(100);
    root.model.set("flr_request", 1);
    let mut waited = 0;
    while root.model.get("flr_done") == 0 {
        root.step();
        waited += 1;
        assert!(waited < 5000);
    }
    root.model.set("flr_request", 0);
    root.run(5);
    assert_eq!(root.read(card::address(0, card::CONTROL)), 0);
    assert_eq!(root.read(lane::address(0, lane::RING_LOG2)), 0);
}
