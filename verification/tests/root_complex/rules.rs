//! Each rule, broken on purpose: the model must say so, by the rule's name. And kept: it must say nothing.

use crate::puppet::*;
use covert_verification::root_complex::stream::Beat;
use covert_verification::root_complex::tlp::{Common, Completion, Request, Tlp};
use covert_verification::root_complex::*;

const ARENA: u64 = 0x1_0000_0000;
const RING: u64 = 0x1_0010_0000;

fn mapped() -> RootComplex<Puppet> {
    let mut rc = stage(Link::default(), 11);
    rc.memory.map(ARENA, Direction::Read, Box::new(vec![0xA5; 0x4000])).unwrap();
    rc.memory.map(RING, Direction::Write, Box::new(vec![0; 0x4000])).unwrap();
    rc
}

/// Sends packets and gives the rule that was broken, if any.
fn broken_by(tlps: &[Tlp]) -> Option<Rule> {
    let mut rc = mapped();
    for tlp in tlps {
        rc.unit().send(tlp);
    }
    rc.run(100).err().map(|violation| {
        let text = violation.to_string();
        assert!(text.contains(&format!("{:?}", violation.rule)) && text.contains("clock"), "{text}");
        violation.rule
    })
}

fn read_with(change: impl FnOnce(&mut Request)) -> Option<Rule> {
    let mut request = read(ARENA, 64, 1);
    change(&mut request);
    broken_by(&[Tlp::Read(request)])
}

fn write(address: u64, words: usize) -> Tlp {
    Tlp::Write(Request { requester: 0x0100, ..Request::over(address, 4 * words as u32) }, vec![7; words])
}

#[test]
fn a_unit_that_keeps_the_rules_breaks_none() {
    let tlps: Vec<Tlp> = (0..16)
        .map(|tag| Tlp::Read(read(ARENA + 512 * u64::from(tag), 512, tag)))
        .chain((0..16).map(|index| write(RING + 32 * index, 8)))
        .chain([write(0xFEE0_0000, 1), Tlp::Read(read(ARENA + 3, 1, 31)), Tlp::Read(read(ARENA + 1, 7, 30))])
        .collect();
    let mut rc = mapped();
    rc.change_behaviour(|link| link.tags = 32);
    for tlp in &tlps {
        rc.unit().send(tlp);
    }
    rc.settle(20, 10_000).unwrap();
    assert_eq!(rc.traffic().reads, 18);
    assert_eq!(rc.traffic().writes, 16);
}

#[test]
fn stream_stable() {
    for vice in [Vice::Fickle, Vice::Forger] {
        let mut rc = mapped();
        rc.change_behaviour(|link| link.ready_percent = 0);
        rc.unit().vice = vice;
        rc.unit().send(&write(RING, 8));
        assert_eq!(rc.run(100).unwrap_err().rule, Rule::StreamStable, "{vice:?}");
    }
}

#[test]
fn stream_framing() {
    for (beats, what) in [
        (vec![Beat { data: 1, keep: 0b01, last: false }], "a hole"),
        (vec![Beat { data: 1, keep: 0b10, last: true }], "the upper half alone"),
        (vec![Beat { data: 1, keep: 0b00, last: true }], "nothing"),
        (
            vec![
                Beat { data: 0x0100_000F_4000_0001, keep: 0b11, last: false },
                Beat { data: 0x1000, keep: 1, last: true },
            ],
            "a write without its data",
        ),
    ] {
        let mut rc = mapped();
        rc.unit().requests.extend(beats);
        assert_eq!(rc.run(100).unwrap_err().rule, Rule::StreamFraming, "{what}");
    }
}

#[test]
fn packet_kind() {
    let request = read(ARENA, 4, 1);
    assert_eq!(broken_by(&[completion(&request, 0x0100, 0)]), Some(Rule::PacketKind));
    let mut rc = mapped();
    rc.unit().complete(&Tlp::Read(request));
    assert_eq!(rc.run(100).unwrap_err().rule, Rule::PacketKind);
    let mut rc = mapped();
    rc.unit().requests.extend(stream::beats(&[0x0400_0001, 0x0100_000F, 0]));
    assert_eq!(rc.run(100).unwrap_err().rule, Rule::PacketKind);
}

#[test]
fn packet_attributes() {
    for common in [
        Common { traffic_class: 1, ..Common::default() },
        Common { attributes: 2, ..Common::default() },
        Common { poisoned: true, ..Common::default() },
        Common { digest: true, ..Common::default() },
        Common { address_type: 1, ..Common::default() },
    ] {
        assert_eq!(read_with(|it| it.common = common), Some(Rule::PacketAttributes));
    }
}

#[test]
fn requester_id() {
    assert_eq!(read_with(|it| it.requester = 0x0101), Some(Rule::RequesterId));
}

#[test]
fn bus_master() {
    let mut rc = mapped();
    rc.set_bus_master(false);
    rc.run(10).unwrap();
    rc.unit().send(&Tlp::Read(read(ARENA, 64, 1)));
    assert_eq!(rc.run(100).unwrap_err().rule, Rule::BusMaster);
}

#[test]
fn a_packet_that_was_on_offer_when_bus_mastering_went_off_may_end() {
    let mut rc = mapped();
    rc.change_behaviour(|link| link.ready_percent = 0);
    rc.unit().send(&write(RING, 8));
    rc.run(3).unwrap();
    rc.set_bus_master(false);
    rc.run(10).unwrap();
    rc.change_behaviour(|link| link.ready_percent = 100);
    rc.run(20).unwrap();
    assert_eq!(rc.traffic().writes, 1);
}

#[test]
fn read_request_size() {
    assert_eq!(read_with(|it| *it = read(ARENA, 512, 1)), None);
    assert_eq!(read_with(|it| *it = read(ARENA, 516, 1)), Some(Rule::ReadRequestSize));
    assert_eq!(read_with(|it| *it = read(ARENA + 1, 512, 1)), Some(Rule::ReadRequestSize), "129 words");
}

#[test]
fn payload_size() {
    assert_eq!(broken_by(&[write(RING, 64)]), None);
    assert_eq!(broken_by(&[write(RING, 65)]), Some(Rule::PayloadSize));
}

#[test]
fn page_crossing() {
    assert_eq!(read_with(|it| *it = read(ARENA + 4096 - 64, 64, 1)), None);
    assert_eq!(read_with(|it| *it = read(ARENA + 4096 - 60, 64, 1)), Some(Rule::PageCrossing));
    assert_eq!(broken_by(&[write(RING + 4096 - 4, 2)]), Some(Rule::PageCrossing));
}

#[test]
fn header_form() {
    assert_eq!(
        read_with(|it| (it.wide, it.address) = (false, 0x1000)),
        Some(Rule::ReadWindow),
        "the form is right"
    );
    assert_eq!(read_with(|it| (it.wide, it.address) = (true, 0x1000)), Some(Rule::HeaderForm));
}

#[test]
fn byte_enables() {
    for (words, first_be, last_be, good) in [
        (1, 0b0110, 0, true),
        (1, 0b0101, 0, false),
        (1, 0b0000, 0, false),
        (1, 0b1111, 0b1111, false),
        (2, 0b1000, 0b0001, true),
        (2, 0b0111, 0b1111, false),
        (2, 0b1111, 0b1110, false),
        (2, 0b1111, 0b0000, false),
        (16, 0b0000, 0b1111, false),
    ] {
        let found = read_with(|it| (it.words, it.first_be, it.last_be) = (words, first_be, last_be));
        assert_eq!(found, (!good).then_some(Rule::ByteEnables), "{words} {first_be:04b} {last_be:04b}");
    }
}

#[test]
fn tag_unique() {
    let first = Tlp::Read(read(ARENA, 64, 1));
    assert_eq!(broken_by(&[first.clone(), Tlp::Read(read(ARENA, 64, 2))]), None);
    assert_eq!(broken_by(&[first.clone(), first]), Some(Rule::TagUnique));
}

#[test]
fn a_tag_may_be_used_again_after_its_last_completion_and_never_when_that_is_missing() {
    for (answer, expected) in [(Answer::Good, None), (Answer::Missing, Some(Rule::TagUnique))] {
        let mut rc = mapped();
        rc.plan.answer(ARENA..ARENA + 64, answer);
        rc.unit().send(&Tlp::Read(read(ARENA, 64, 1)));
        rc.run(500).unwrap();
        rc.unit().send(&Tlp::Read(read(ARENA + 64, 64, 1)));
        assert_eq!(rc.run(500).err().map(|it| it.rule), expected);
    }
}

#[test]
fn tag_count() {
    let mut rc = mapped();
    rc.change_behaviour(|link| link.latency = 1000..=1000);
    for tag in 0..17 {
        rc.unit().send(&Tlp::Read(read(ARENA, 4, tag)));
    }
    assert_eq!(rc.run(100).unwrap_err().rule, Rule::TagCount);
}

#[test]
fn read_window() {
    for (address, bytes) in [(ARENA - 4, 4), (ARENA - 4, 8), (ARENA + 0x4000, 4), (RING, 4), (0x2000, 4)] {
        let request = Tlp::Read(read(address, bytes, 1));
        let rule = broken_by(&[request]);
        assert!(rule == Some(Rule::ReadWindow) || rule == Some(Rule::PageCrossing), "{address:#x}: {rule:?}");
    }
    assert_eq!(read_with(|it| *it = read(ARENA + 0x3FFF, 1, 1)), None, "the window's last byte");
}

#[test]
fn write_window() {
    for address in [RING - 4, RING + 0x4000, ARENA, 0x2000] {
        assert_eq!(broken_by(&[write(address, 1)]), Some(Rule::WriteWindow), "{address:#x}");
    }
}

#[test]
fn interrupt() {
    for (enable, mask) in [(false, false), (true, true)] {
        let mut rc = mapped();
        rc.set_interrupts(enable, mask);
        rc.run(10).unwrap();
        rc.unit().send(&write(0xFEE0_0000, 1));
        assert_eq!(rc.run(100).unwrap_err().rule, Rule::Interrupt);
    }
}

#[test]
fn completion_space() {
    let mut rc = mapped();
    rc.unit().vice = Vice::StuffedUp;
    rc.unit().send(&Tlp::Read(read(ARENA, 64, 1)));
    assert_eq!(rc.run(200).unwrap_err().rule, Rule::CompletionSpace);
}

#[test]
fn posted_progress() {
    let mut rc = mapped();
    rc.unit().vice = Vice::Deaf;
    rc.post(0, &[1]);
    assert_eq!(rc.run(100).unwrap_err().rule, Rule::PostedProgress);
}

#[test]
fn completion_match() {
    let changes: [fn(&mut Completion, &mut Vec<u32>); 7] = [
        |it, _| it.tag ^= 1,
        |it, _| it.requester ^= 1,
        |it, _| it.completer ^= 1,
        |it, _| it.byte_count = 8,
        |it, _| it.lower_address ^= 4,
        |_, data| data.push(0),
        |it, _| it.common.traffic_class = 1,
    ];
    for (index, change) in changes.into_iter().enumerate() {
        let mut rc = mapped();
        rc.unit().polite = false;
        rc.start_read(0x40, 4);
        rc.run(20).unwrap();
        let Tlp::Read(request) = rc.unit().heard[0].clone() else { panic!() };
        let Tlp::Completion(mut it, mut data) = completion(&request, 0x0100, 5) else { panic!() };
        change(&mut it, &mut data);
        rc.unit().complete(&Tlp::Completion(it, data));
        assert_eq!(rc.run(100).unwrap_err().rule, Rule::CompletionMatch, "change {index}");
    }
}

#[test]
fn a_second_completion_answers_nothing() {
    let mut rc = mapped();
    let before = rc.read_word(0x40);
    assert!(before.is_ok());
    let Tlp::Read(request) = rc.unit().heard[0].clone() else { panic!() };
    rc.unit().complete(&completion(&request, 0x0100, 5));
    assert_eq!(rc.run(100).unwrap_err().rule, Rule::CompletionMatch);
}

#[test]
fn completion_order() {
    let mut rc = mapped();
    rc.change_behaviour(|link| link.ready_percent = 0);
    rc.unit().send(&write(RING, 8));
    rc.run(5).unwrap();
    rc.start_read(0x40, 4);
    assert_eq!(rc.run(100).unwrap_err().rule, Rule::CompletionOrder);
}

#[test]
fn completion_time() {
    let mut rc = mapped();
    rc.change_behaviour(|link| link.completion_patience = 50);
    rc.unit().polite = false;
    rc.start_read(0x40, 4);
    assert_eq!(rc.run(200).unwrap_err().rule, Rule::CompletionTime);
}

#[test]
fn clocks_in_which_the_host_takes_nothing_do_not_count() {
    let mut rc = mapped();
    rc.change_behaviour(|link| (link.completion_patience, link.ready_percent) = (50, 0));
    rc.start_read(0x40, 4);
    rc.run(200).unwrap();
}

#[test]
fn function_reset() {
    let mut rc = mapped();
    rc.function_reset().unwrap();
    rc.unit().vice = Vice::Unresettable;
    assert_eq!(rc.function_reset().unwrap_err().rule, Rule::FunctionReset);
    let mut rc = mapped();
    rc.unit().send(&Tlp::Read(read(ARENA, 64, 1)));
    rc.run(5).unwrap();
    assert_eq!(rc.function_reset().unwrap_err().rule, Rule::FunctionReset, "a read is still open");
}
