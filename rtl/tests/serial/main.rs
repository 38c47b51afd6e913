//! The unit behind the serial bridge, both Verilated, and a host at the other end of the line: what
//! `docs/src/serial-bridge.md` promises.

#![allow(clippy::needless_range_loop, reason = "a lane is a number and indexes several things")]

#[path = "../common/mod.rs"]
mod common;
mod host;
mod line;
mod rate;

use common::{ARENA, Root};
use covert_abi::registers::{card, group};
use covert_abi::{Header, Identity, Outcome, fingerprint};
use host::Host;

/// Submits a record of this payload to both lanes by reference, and gives its verdict.
fn compare(host: &mut Host, index: u32, payload: &[u8]) -> covert_abi::Verdict {
    let header = Root::header(1, index.into());
    for lane in 0..2 {
        let address = ARENA[lane] + 0x10000 + 5 * lane as u64;
        host.bytes(address, payload.len()).copy_from_slice(payload);
        let entry = Root::at(header, payload.len(), address);
        host.bytes(ARENA[lane] + 64 * u64::from(index % 64), 64).copy_from_slice(&entry);
        host.ring(lane as u32, index + 1);
    }
    host.verdict(index + 1)
}

fn check(host: &mut Host, index: u32, payload: &[u8]) {
    let verdict = compare(host, index, payload);
    assert_eq!((verdict.outcome, verdict.seq), (Outcome::Match, index.into()));
    let header = Header { length: payload.len() as u32, ..Root::header(1, index.into()) };
    assert_eq!(verdict.fingerprint, fingerprint(payload, &header));
}

#[test]
fn identification_and_verdicts_come_over_the_line() {
    let Some(mut host) = Host::of_card(8, 8.0) else { return };
    host.bring_up();
    assert_eq!(host.status.version, 1);
    let identity = Identity::parse(|address| host.read(address)).expect("a covert card");
    assert_eq!((identity.groups, identity.lanes, identity.width), (1, 2, 64));
    host.configure();
    for (index, length) in [1usize, 40, 300].into_iter().enumerate() {
        let payload: Vec<u8> = (0..length).map(|i| (i * 7) as u8).collect();
        check(&mut host, index as u32, &payload);
    }
    assert!(host.reads >= 12, "entries and payloads were read");
    assert_eq!((host.bad, host.unexpected, host.status.bad, host.status.refused), (0, 0, 0, 0));
}

/// In both directions, from a host whose clock is exact, and from one that is up to 3 % off.
#[test]
fn both_rates_of_an_ft2232h_at_125_mhz_are_understood() {
    let mut random = common::Random::new(common::Random::seed());
    let within = random.below(601) as f64 / 10_000.0 - 0.03;
    for (bit_clocks, baud) in [(42, 3e6), (125, 1e6)] {
        for off in [0.0, -0.03, within, 0.03] {
            let Some(mut host) = Host::of_card(bit_clocks, 125e6 / baud * (1.0 + off)) else { return };
            host.bring_up();
            assert_eq!(host.read(card::address(0, card::MAGIC)), covert_abi::identity::MAGIC);
            let errors = (host.bad, host.unexpected, host.status.bad, host.status.refused);
            assert_eq!(errors, (0, 0, 0, 0), "{baud} baud, bits longer by {off}");
        }
    }
}

#[test]
fn line_errors_cost_time_and_nothing_else() {
    let Some(mut host) = Host::of_card(8, 8.0) else { return };
    host.line.noise = 60;
    host.bring_up();
    host.configure();
    for index in 0..6 {
        let payload: Vec<u8> = (0..100 + index).map(|i| (i * 3) as u8).collect();
        check(&mut host, index, &payload);
    }
    assert!(host.bad > 10 && host.status.bad > 10 && host.status.refused > 10, "{:?}", host.status);
    assert!(host.unexpected > 10);
}

#[test]
fn after_garbage_or_a_break_the_next_frames_are_understood() {
    let Some(mut host) = Host::of_card(8, 8.0) else { return };
    let mut random = common::Random::new(common::Random::seed());
    host.line.queue.extend((0..300).map(|_| random.word() as u8));
    host.bring_up();
    for round in 0..20 {
        match round % 4 {
            0 => host.line.queue.extend((0..40).map(|_| random.word() as u8)),
            // Half a frame, an escape at its end, a break.
            1 => host.line.queue.extend([0x7E, 9, 0, 0, 1, 2]),
            2 => host.line.queue.extend([0x7E, 9, 0, 0, 1, 2, 0x7D]),
            _ => {
                host.line.held = true;
                host.run(2000);
                host.line.held = false;
                host.run(100);
            }
        }
        assert_eq!(host.read(card::address(0, card::MAGIC)), covert_abi::identity::MAGIC, "round {round}");
    }
    assert!(host.status.bad >= 10, "{:?}", host.status);
}

#[test]
fn a_beat_without_room_is_refused_counted_and_comes_again() {
    let Some(mut host) = Host::of_bridge(8, 8.0) else { return };
    host.bring_up();
    host.send(1, &[1, 2, 3, 4, 5]);
    host.until("a refusal", |host| host.status.refused >= 2);
    let mut seen = Vec::new();
    for beat in 0..3 {
        host.until("a beat", |host| host.model.get("rx_req_valid") == 1);
        host.run(100);
        seen.push((
            host.model.get("rx_req_data"),
            host.model.get("rx_req_keep"),
            host.model.get("rx_req_last"),
        ));
        host.model.set("rx_req_ready", 1);
        host.step();
        host.model.set("rx_req_ready", 0);
        host.model.eval();
        assert_eq!(host.model.get("rx_req_valid"), 0, "beat {beat} is shown once");
    }
    assert_eq!(seen, [(0x2_0000_0001, 3, 0), (0x4_0000_0003, 3, 0), (5, 1, 1)]);
}

#[test]
fn a_completion_is_shown_while_a_request_waits() {
    let Some(mut host) = Host::of_bridge(8, 8.0) else { return };
    host.bring_up();
    host.send(1, &[1, 2]);
    host.send(2, &[3, 4]);
    host.until("the completion", |host| host.model.get("rx_cpl_valid") == 1);
    assert_eq!(host.model.get("rx_cpl_data"), 0x4_0000_0003);
    assert_eq!(host.model.get("rx_req_valid"), 1);
}

#[test]
fn a_host_that_takes_nothing_holds_up_the_unit_and_loses_nothing() {
    let Some(mut host) = Host::of_card(8, 8.0) else { return };
    host.bring_up();
    host.taking = false;
    for value in 0..80u32 {
        host.write(group::address(0, group::WATCHDOG), value);
        host.send(1, &[1, 0x0000_000F | value << 8, 0xF000_0000 | group::address(0, group::WATCHDOG)]);
    }
    host.run(2_000_000);
    assert!(host.unexpected > 64 && host.status.refused > 0, "{:?}", host.status);
    host.taking = true;
    for value in 0..80u32 {
        host.until("an answer", |host| !host.answers.is_empty());
        let answer = host.answers.pop_front().expect("it is there");
        assert_eq!((answer[2] >> 8 & 0xFF, answer[3]), (value, value));
    }
}

#[test]
fn a_link_that_went_down_comes_up_with_a_fresh_unit_in_the_middle_of_everything() {
    for by_link in [false, true] {
        let Some(mut host) = Host::of_card_reset(8, 8.0, by_link) else { return };
        for round in 0..5u64 {
            host.bring_up();
            assert_eq!(host.read(group::address(0, group::GENERATION)), 0, "round {round}");
            host.configure();
            for lane in 0..2 {
                let entry = Root::at(Root::header(1, 0), 400, ARENA[lane] + 0x10000);
                host.bytes(ARENA[lane], 64).copy_from_slice(&entry);
                host.ring(lane as u32, 1);
            }
            host.run(30_000 + 12_345 * round);
        }
        host.bring_up();
        host.bytes(common::VERDICTS, 64).fill(0);
        host.configure();
        check(&mut host, 0, b"after all that");
    }
}

#[test]
fn a_function_level_reset_is_asked_for_and_reported_by_the_sideband() {
    let Some(mut host) = Host::of_card(8, 8.0) else { return };
    host.bring_up();
    host.configure();
    assert_eq!(host.read(group::address(0, group::GENERATION)), 1);
    let plain = host.sideband;
    assert!(!host.status.flr_done);
    host.set_sideband(plain | 1 << 27);
    host.until("the end of the reset", |host| {
        if host.line.queue.is_empty() && !host.status.flr_done {
            host.poll();
        }
        host.status.flr_done
    });
    host.set_sideband(plain);
    host.poll();
    host.until("the flag to go", |host| !host.status.flr_done);
    assert_eq!(host.read(group::address(0, group::GENERATION)), 0);
}

#[test]
fn a_tick_comes_every_125_clocks_whatever_the_link_does() {
    let Some(mut host) = Host::of_bridge(8, 8.0) else { return };
    let mut at = Vec::new();
    for clock in 0..1000u32 {
        if host.model.get("tick") == 1 {
            at.push(clock);
        }
        host.step();
    }
    assert_eq!(at.len(), 8);
    assert!(at.windows(2).all(|pair| pair[1] - pair[0] == 125), "{at:?}");
}
