//! The unit at its boundary: what `docs/src/tlp-boundary.md` promises beyond the rules that every run asserts.

use crate::need::have;
use crate::running::{running, running_on, running_with_three_lanes};
use covert_abi::registers::{card, group, lane};
use covert_abi::{FaultCause, Header, Identity, LaneSet, Outcome, Submission};
use covert_driver::LanePlace;
use covert_driver::card::CardPort;
use covert_driver::ring::Position;
use covert_verification::random::Random;
use covert_verification::root_complex::tlp::{Common, Completion, Request, Status, Tlp};
use covert_verification::root_complex::{Answer, Link, Rule};
use covert_verification::scenario::Setup;
use covert_verification::simulated_card::SimulatedCard;
use covert_verification::verilated::Verilated;
use std::path::Path;

#[test]
fn the_host_reads_one_or_two_words_with_any_byte_enables_and_no_more() {
    let Some(it) = running(Link::default()) else { return };
    let mut rc = it.rc.lock().unwrap();
    let identity = Identity::parse(|address| rc.read_word(address.into()).unwrap()).unwrap();
    assert_eq!(rc.read_pair(card::RTL_HASH_LO.into()).unwrap(), identity.rtl_hash);
    for (offset, bytes) in [(0, 1), (1, 1), (3, 1), (2, 2), (1, 6), (0, 8)] {
        let tag = rc.start_read(offset, bytes);
        rc.settle(100, 10_000).unwrap();
        assert_eq!(rc.answer(tag).unwrap().status, Status::Success, "{bytes} bytes at {offset}");
    }
    for bytes in [12, 64, 256] {
        let tag = rc.start_read(0, bytes);
        rc.settle(100, 10_000).unwrap();
        assert_eq!(rc.answer(tag).unwrap().status, Status::Abort, "{bytes} bytes");
    }
}

#[test]
fn requests_that_the_unit_does_not_know_are_unsupported_and_what_wants_no_answer_is_ignored() {
    let Some(it) = running(Link::default()) else { return };
    let mut rc = it.rc.lock().unwrap();
    // I/O read, I/O write, configuration read and write, locked read, fetch-and-add.
    let refused: [&[u32]; 6] = [
        &[0x0200_0001, 0x0000_A00F, 0],
        &[0x4200_0001, 0x0000_A10F, 0, 5],
        &[0x0400_0001, 0x0000_A20F, 0],
        &[0x4400_0001, 0x0000_A30F, 0, 5],
        &[0x0100_0001, 0x0000_A40F, 0xF000_0000],
        &[0x4C00_0001, 0x0000_A50F, 0xF000_0000, 5],
    ];
    for words in refused {
        let request = Request { tag: (words[1] >> 8) as u8, words: 1, first_be: 0xF, ..Request::default() };
        let tag = rc.send_raw(words.to_vec(), Some(request));
        rc.settle(100, 10_000).unwrap();
        assert_eq!(rc.answer(tag).unwrap().status, Status::Unsupported, "{words:08x?}");
    }
    let base = rc.link().bar_base;
    let watchdog = base + u64::from(group::address(0, group::WATCHDOG));
    let write = Request { requester: 0, ..Request::over(watchdog, 4) };
    let poisoned = Request { common: Common { poisoned: true, ..Common::default() }, ..write };
    let long = Request { requester: 0, ..Request::over(watchdog, 12) };
    let partial = Request { requester: 0, ..Request::over(watchdog, 3) };
    let stray =
        Tlp::Completion(Completion { byte_count: 4, requester: 0x0100, ..Completion::default() }, vec![9]);
    for words in [
        Tlp::Write(poisoned, vec![9]).encode(),
        Tlp::Write(long, vec![9; 3]).encode(),
        Tlp::Write(partial, vec![9]).encode(),
        stray.encode(),
        vec![0x3000_0000, 0x0000_0020, 0, 0],
        vec![0x7400_0001, 0x0000_007E, 0, 0, 9],
    ] {
        rc.send_raw(words, None);
    }
    rc.settle(100, 10_000).unwrap();
    assert_eq!(rc.read_word(group::address(0, group::WATCHDOG).into()).unwrap(), 0);
    rc.post(u64::from(group::address(0, group::WATCHDOG)), &[9]);
    assert_eq!(rc.read_word(group::address(0, group::WATCHDOG).into()).unwrap(), 9);
}

#[test]
fn posted_writes_are_taken_while_the_host_takes_nothing() {
    let Some(mut it) = running(Link::default()) else { return };
    it.rc.lock().unwrap().change_behaviour(|link| link.ready_percent = 0);
    it.submit(0, b"x");
    {
        let mut rc = it.rc.lock().unwrap();
        for value in 0..300 {
            rc.post(group::address(0, group::WATCHDOG).into(), &[value]);
        }
        rc.run(4000).unwrap();
        rc.change_behaviour(|link| link.ready_percent = 100);
        assert_eq!(rc.read_word(group::address(0, group::WATCHDOG).into()).unwrap(), 299);
    }
    it.submit(1, b"x");
    assert_eq!(it.outcomes(), [Outcome::Match]);
}

#[test]
fn without_bus_mastering_nothing_is_sent_and_nothing_is_lost() {
    let Some(mut it) = running(Link::default()) else { return };
    it.rc.lock().unwrap().set_bus_master(false);
    it.rc.lock().unwrap().run(10).unwrap();
    let before = it.rc.lock().unwrap().traffic();
    it.submit(0, b"x");
    it.submit(1, b"x");
    it.rc.lock().unwrap().run(1000).unwrap();
    assert_eq!(it.rc.lock().unwrap().traffic(), before);
    it.rc.lock().unwrap().set_bus_master(true);
    assert_eq!(it.outcomes(), [Outcome::Match]);
}

#[test]
fn interrupts_come_one_a_vector_and_wait_behind_a_mask() {
    let Some(unit) = have(Verilated::unit()) else { return };
    let mut card = SimulatedCard::new(unit, Link::default(), 7, Path::new(env!("CARGO_TARGET_TMPDIR")));
    card.set_bus_master(true).unwrap();
    let events = card.enable_interrupts(2).unwrap();
    let count = |vector: usize| {
        let mut bytes = [0; 8];
        match rustix::io::read(&events[vector], &mut bytes) {
            Ok(_) => u64::from_ne_bytes(bytes),
            Err(_) => 0,
        }
    };
    let mut it = running_on(card, 2).unwrap();
    assert!(count(0) >= 1, "the first Flushed");
    assert_eq!(count(1), 0);
    it.submit(0, b"x");
    it.submit(1, b"x");
    assert_eq!(it.outcomes(), [Outcome::Match]);
    assert!(count(0) >= 1);
    it.rc.lock().unwrap().set_interrupts(true, true);
    it.rc.lock().unwrap().run(10).unwrap();
    let iova = Setup::geometry(0).ring_iova() + 64 * u64::from(it.written[0]);
    it.bench.arenas[0].write(iova, &[0; 64]);
    it.written[0] += 1;
    it.bench.doorbells[0].ring(&it.bench.arenas[0], Position { generation: 1, count: it.written[0] });
    assert_eq!(it.causes(), [FaultCause::Check]);
    assert_eq!(count(1), 0, "masked");
    it.rc.lock().unwrap().set_interrupts(true, false);
    it.bench.group.advance(0).unwrap();
    it.rc.lock().unwrap().run(200).unwrap();
    it.bench.group.advance(1).unwrap();
    assert_eq!(count(1), 1, "the pending one");
}

#[test]
fn a_completion_that_does_not_come_times_out_and_one_that_comes_late_is_dropped_and_counted() {
    let Some(mut it) = running(Link { tick_period: 1, ..Link::default() }) else { return };
    let slot = Setup::geometry(0).slot_iova(0);
    it.rc.lock().unwrap().plan.answer(slot..slot + 100, Answer::Late(60_000));
    it.submit(0, &[5; 100]);
    it.submit(1, &[5; 100]);
    it.rc.lock().unwrap().run(45_000).unwrap();
    assert_eq!(it.word(card::TAGS_QUARANTINED), 0);
    it.rc.lock().unwrap().run(10_000).unwrap();
    assert_eq!(it.word(card::TAGS_QUARANTINED), 1);
    assert_eq!(it.word(card::LATE_COMPLETIONS), 0);
    assert_eq!(it.causes(), [FaultCause::DmaTimeout]);
    assert_eq!(it.outcomes(), [Outcome::Dma]);
    it.rc.lock().unwrap().run(10_000).unwrap();
    assert!(it.word(card::LATE_COMPLETIONS) >= 1);
}

#[test]
fn a_missing_completion_costs_its_tag_until_reset_and_never_the_unit() {
    let Some(mut it) = running(Link { tick_period: 1, ..Link::default() }) else { return };
    let slot = Setup::geometry(0).slot_iova(0);
    it.rc.lock().unwrap().plan.answer(slot..slot + 4096, Answer::Missing);
    for round in 1..=3 {
        it.submit(0, &[5; 200]);
        it.rc.lock().unwrap().run(52_000).unwrap();
        assert_eq!(it.causes(), [FaultCause::DmaTimeout]);
        assert_eq!(it.word(card::TAGS_QUARANTINED), round);
        it.bench.group.reset_lane(0).unwrap();
        it.bench.group.place(0, &LanePlace::of(&Setup::geometry(0)).unwrap()).unwrap();
        it.bench.group.flush(LaneSet::first(2), 0).unwrap();
        it.outcomes();
        it.written.fill(0);
        it.generation += 1;
    }
    it.rc.lock().unwrap().plan.clear();
    it.submit(0, &[5; 200]);
    it.submit(1, &[5; 200]);
    assert_eq!(it.outcomes(), [Outcome::Match]);
}

#[test]
fn a_function_level_reset_in_the_middle_of_everything_leaves_a_fresh_unit() {
    for seed in 0..20 {
        for running in [running, running_with_three_lanes] {
            let mut random = Random::new(seed);
            let link = Link { reset_patience: 100_000, ..Link::rough(&mut random) };
            let Some(mut it) = running(link) else { return };
            let lanes = it.written.len();
            for _ in 0..4 {
                (0..lanes).for_each(|lane| it.submit(lane, &[1; 200]));
            }
            let mut rc = it.rc.lock().unwrap();
            rc.run(random.within(1..=400)).unwrap();
            rc.function_reset().unwrap();
            assert_eq!(rc.read_word(group::address(0, group::GENERATION).into()).unwrap(), 0);
            for lane in 0..lanes as u32 {
                assert_eq!(rc.read_word(lane::address(lane, lane::RING_BASE_LO).into()).unwrap(), 0);
            }
            assert_eq!(rc.read_word(card::CONTROL.into()).unwrap(), 0);
        }
    }
}

#[test]
fn what_a_register_counts_is_in_memory_when_it_is_read() {
    for seed in 0..10 {
        let Some(mut it) = running(Link::rough(&mut Random::new(seed))) else { return };
        for _ in 0..8 {
            it.submit(0, b"x");
            it.submit(1, b"x");
        }
        loop {
            let tail = it.word(group::address(0, group::VERDICT_TAIL));
            let mut entry = [0; 32];
            if tail > 1 {
                let iova = covert_verification::unit_rig::VERDICTS + 32 * u64::from(tail - 1);
                assert!(it.rc.lock().unwrap().memory.read(iova, &mut entry));
                assert_eq!(entry[28], 1, "verdict {} is there", tail - 1);
            }
            if tail == 9 {
                break;
            }
        }
    }
}

#[test]
fn a_unit_that_would_read_outside_its_windows_would_be_caught() {
    // The lane's window is wider than its memory, and the root complex strict: this is what a breach looks like.
    let Some(mut it) = running(Link::default()) else { return };
    it.rc.lock().unwrap().change_behaviour(|link| link.strict_windows = true);
    let wide = LanePlace { window_limit: u64::MAX, ..LanePlace::of(&Setup::geometry(0)).unwrap() };
    it.bench.group.flush(LaneSet::EMPTY, 0).unwrap();
    it.outcomes();
    it.bench.group.place(0, &wide).unwrap();
    it.bench.group.flush(LaneSet::first(2), 0).unwrap();
    it.outcomes();
    let header = Header { generation: 3, length: 64, ..Header::default() };
    let entry = Submission { header, body: covert_abi::Body::At(0x7_0000_0000) }.seal();
    it.bench.arenas[0].write(Setup::geometry(0).ring_iova(), &entry);
    it.bench.doorbells[0].ring(&it.bench.arenas[0], Position { generation: 3, count: 1 });
    let violation = it.rc.lock().unwrap().run(2000).unwrap_err();
    assert_eq!(violation.rule, Rule::ReadWindow, "{violation}");
}
