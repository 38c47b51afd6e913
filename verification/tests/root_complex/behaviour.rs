//! What the root complex does with a unit that keeps the rules.

use crate::puppet::*;
use covert_verification::random::Random;
use covert_verification::root_complex::memory::MapError;
use covert_verification::root_complex::tlp::{Completion, Request, Status, Tlp};
use covert_verification::root_complex::*;

fn patterned(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|index| (index * 7 + index / 256) as u8).collect()
}

/// Puts the completions of one read together again.
fn assemble(request: &Request, answers: &[Tlp]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for answer in answers {
        let Tlp::Completion(it, data) = answer else { panic!("{answer}") };
        if it.tag != request.tag {
            continue;
        }
        let first = request.first_byte() + bytes.len() as u64;
        let left = request.byte_count() as usize - bytes.len();
        assert_eq!(usize::from(it.byte_count), left, "{answer}");
        assert_eq!(u64::from(it.lower_address), first & 0x7F, "{answer}");
        assert!(bytes.is_empty() || first.is_multiple_of(64), "cut off a boundary: {answer}");
        let image: Vec<u8> = data.iter().flat_map(|word| word.to_le_bytes()).collect();
        let offset = (first & 3) as usize;
        let here = left.min(image.len() - offset);
        bytes.extend(&image[offset..offset + here]);
    }
    bytes
}

#[test]
fn completions_hold_what_is_in_memory_however_they_are_cut() {
    let mut cuts = 0;
    for seed in 0..60 {
        let mut random = Random::new(seed);
        let link = Link { completer_id: 0x0100, max_read_request: 512, ..Link::rough(&mut random) };
        let boundary = u64::from(link.read_completion_boundary);
        let max_payload = link.max_payload as usize;
        let mut rc = stage(link, seed);
        let bytes = patterned(4096);
        rc.memory.map(0x4_0000_0000, Direction::Read, Box::new(bytes.clone())).unwrap();
        let requests: Vec<Request> = (0..8)
            .map(|tag| {
                let length = random.within(1..=509) as u32;
                let offset = random.below(4096 - u64::from(length));
                read(0x4_0000_0000 + offset, length, tag)
            })
            .collect();
        for request in &requests {
            rc.unit().send(&Tlp::Read(*request));
        }
        rc.settle(10, 100_000).unwrap();
        let answers = rc.unit().answers.clone();
        cuts += answers.len() - requests.len();
        for request in &requests {
            let first = (request.first_byte() - 0x4_0000_0000) as usize;
            assert_eq!(assemble(request, &answers), bytes[first..][..request.byte_count() as usize]);
        }
        for answer in &answers {
            let Tlp::Completion(it, data) = answer else { panic!("{answer}") };
            assert!(data.len() * 4 <= max_payload);
            let end = u64::from(it.lower_address & !3) + 4 * data.len() as u64;
            assert!(usize::from(it.byte_count) <= data.len() * 4 || end.is_multiple_of(boundary), "{answer}");
        }
    }
    assert!(cuts > 100, "hardly a completion was cut");
}

#[test]
fn completions_of_different_tags_overtake_one_another_and_those_of_one_do_not() {
    let link = Link { reorder: true, latency: 1..=100, split_percent: 100, ..Link::default() };
    let mut rc = stage(link, 3);
    rc.memory.map(0x1000, Direction::Read, Box::new(patterned(4096))).unwrap();
    for tag in 0..8 {
        rc.unit().send(&Tlp::Read(read(0x1000 + 512 * u64::from(tag), 512, tag)));
    }
    rc.settle(10, 10_000).unwrap();
    let tags: Vec<u8> = rc
        .unit()
        .answers
        .iter()
        .map(|answer| match answer {
            Tlp::Completion(it, _) => it.tag,
            other => panic!("{other}"),
        })
        .collect();
    let changes = tags.windows(2).filter(|pair| pair[0] != pair[1]).count();
    assert!(changes > 16, "{tags:?}");
    assert!(!tags.is_sorted());
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let run = |seed| {
        let mut rc = stage(Link::rough(&mut Random::new(7)), seed);
        rc.memory.map(0x1000, Direction::Read, Box::new(patterned(4096))).unwrap();
        let id = rc.link().completer_id;
        for tag in 0..8 {
            let request = Request { requester: id, ..read(0x1000 + 128 * u64::from(tag), 128, tag) };
            rc.unit().send(&Tlp::Read(request));
        }
        rc.settle(10, 10_000).unwrap();
        (rc.clock(), rc.unit().answers.clone())
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

#[test]
fn each_planned_answer_comes_as_planned() {
    let statuses = |answer| {
        let mut rc = stage(Link { split_percent: 100, ..Link::default() }, 5);
        rc.memory.map(0x1000, Direction::Read, Box::new(patterned(4096))).unwrap();
        rc.plan.answer(0x1100..0x1101, answer);
        rc.unit().send(&Tlp::Read(read(0x1080, 256, 1)));
        rc.unit().send(&Tlp::Read(read(0x1200, 64, 2)));
        rc.settle(10, 10_000).unwrap();
        let good =
            rc.unit().answers.iter().filter(|it| matches!(it, Tlp::Completion(it, _) if it.tag == 2)).count();
        assert_eq!(good, 1, "the other read is not touched");
        let mine: Vec<(Status, bool)> = rc
            .unit()
            .answers
            .iter()
            .filter_map(|it| match it {
                Tlp::Completion(it, _) if it.tag == 1 => Some((it.status, it.common.poisoned)),
                _ => None,
            })
            .collect();
        (mine, rc.unit().broken_answers)
    };
    for (answer, status) in [
        (Answer::Unsupported, Status::Unsupported),
        (Answer::Abort, Status::Abort),
        (Answer::Retry, Status::Retry),
    ] {
        assert_eq!(statuses(answer).0.last().unwrap().0, status);
    }
    assert!(statuses(Answer::Poisoned).0.iter().any(|(_, poisoned)| *poisoned));
    assert_eq!(statuses(Answer::Missing), (vec![], 0));
    assert_eq!(statuses(Answer::Good).0, [(Status::Success, false); 4]);
    assert_eq!(statuses(Answer::Malformed(Malformation::TrailingWords)).1, 1);
    assert_eq!(statuses(Answer::Malformed(Malformation::MissingWords)).1, 1);
}

#[test]
fn a_refused_read_is_refused_however_its_completions_are_cut() {
    for seed in 0..200 {
        let mut rc = stage(Link { split_percent: 50, ..Link::default() }, seed);
        rc.memory.map(0x1000, Direction::Read, Box::new(patterned(4096))).unwrap();
        rc.plan.answer(0x1000..0x2000, Answer::Unsupported);
        rc.unit().send(&Tlp::Read(read(0x1010, 300, 1)));
        rc.settle(10, 10_000).unwrap();
        let last = rc.unit().answers.last().cloned();
        assert!(
            matches!(last, Some(Tlp::Completion(it, _)) if it.status == Status::Unsupported),
            "seed {seed}"
        );
    }
}

#[test]
fn every_malformed_completion_differs_from_the_one_that_was_due() {
    for how in Malformation::ALL {
        for seed in 0..50 {
            let mut rc = stage(Link::default(), seed);
            rc.memory.map(0x1000, Direction::Read, Box::new(patterned(4096))).unwrap();
            rc.plan.answer(0..0x2000, Answer::Malformed(how));
            let request = read(0x1040, 128, 1);
            rc.unit().send(&Tlp::Read(request));
            rc.settle(10, 10_000).unwrap();
            let data = patterned(4096)[0x40..0xC0]
                .chunks(4)
                .map(|it| u32::from_le_bytes(it.try_into().unwrap()))
                .collect();
            let due = Tlp::Completion(
                Completion {
                    byte_count: 128,
                    requester: 0x0100,
                    tag: 1,
                    lower_address: 0x40,
                    ..Completion::default()
                },
                data,
            );
            assert!(!rc.unit().answers.contains(&due), "{how:?}");
            assert_eq!(rc.unit().answers.len() + rc.unit().broken_answers, 1);
        }
    }
}

#[test]
fn a_late_answer_comes_later_by_so_many_clocks() {
    let mut rc = stage(Link { latency: 10..=10, ..Link::default() }, 1);
    rc.memory.map(0x1000, Direction::Read, Box::new(patterned(4096))).unwrap();
    rc.plan.answer(0x1000..0x2000, Answer::Late(500));
    rc.unit().send(&Tlp::Read(read(0x1000, 64, 1)));
    rc.run(500).unwrap();
    assert_eq!(rc.unit().answers, []);
    rc.run(50).unwrap();
    assert_eq!(rc.unit().answers.len(), 1);
}

#[test]
fn the_host_reads_what_the_unit_answers() {
    for bar_base in [0xF000_0000, 0x20_0000_0000] {
        let mut rc = stage(Link { bar_base, ..Link::default() }, 1);
        assert_eq!(rc.read_word(0x28).unwrap(), bar_base as u32 + 0x28);
        assert_eq!(rc.read_pair(0x28).unwrap() & 0xFFFF_FFFF, (bar_base + 0x28) & 0xFFFF_FFFF);
        let Tlp::Read(request) = rc.unit().heard[0].clone() else { panic!() };
        assert_eq!(request.wide, bar_base > u64::from(u32::MAX));
    }
}

#[test]
fn a_refused_read_of_the_host_is_an_error_with_its_address() {
    let mut rc = stage(Link::default(), 1);
    rc.unit().polite = false;
    rc.start_read(0x40, 4);
    rc.run(20).unwrap();
    let Tlp::Read(request) = rc.unit().heard[0].clone() else { panic!() };
    let refused = Completion {
        completer: 0x0100,
        status: Status::Abort,
        byte_count: 4,
        tag: request.tag,
        ..Completion::default()
    };
    rc.unit().complete(&Tlp::Completion(refused, vec![]));
    rc.run(20).unwrap();
    assert_eq!(rc.answer(request.tag).unwrap().status, Status::Abort);
}

#[test]
fn posted_writes_arrive_in_order_and_before_a_later_read() {
    let mut rc = stage(Link { valid_percent: 40, ..Link::default() }, 1);
    for index in 0..10 {
        rc.post(8 * index, &[index as u32, 99]);
    }
    rc.read_word(0).unwrap();
    let words: Vec<u32> = rc
        .unit()
        .heard
        .iter()
        .take(10)
        .map(|it| match it {
            Tlp::Write(_, data) => data[0],
            other => panic!("{other}"),
        })
        .collect();
    assert_eq!(words, (0..10).collect::<Vec<u32>>());
}

#[test]
fn writes_of_the_unit_reach_memory_byte_by_byte() {
    let mut rc = stage(Link { ready_percent: 30, ..Link::default() }, 1);
    rc.memory.map(0x1_0000_1000, Direction::Write, Box::new(vec![0xEE; 4096])).unwrap();
    let request = Request { requester: 0x0100, ..Request::over(0x1_0000_1001, 6) };
    rc.unit().send(&Tlp::Write(request, vec![0x0302_0100, 0x0706_0504]));
    rc.settle(10, 1000).unwrap();
    let mut bytes = [0; 9];
    assert!(rc.memory.read(0x1_0000_1000, &mut bytes));
    assert_eq!(bytes, [0xEE, 1, 2, 3, 4, 5, 6, 0xEE, 0xEE]);
}

#[test]
fn interrupts_are_events_and_not_memory() {
    let mut rc = stage(Link::default(), 1);
    let request = Request { requester: 0x0100, ..Request::over(0xFEE0_0010, 4) };
    rc.unit().send(&Tlp::Write(request, vec![0x41]));
    rc.settle(10, 1000).unwrap();
    let interrupt = rc.next_interrupt().unwrap();
    assert_eq!((interrupt.address, interrupt.data), (0xFEE0_0010, 0x41));
    assert_eq!(rc.next_interrupt(), None);
}

#[test]
fn ticks_come_one_a_clock_when_asked_for_and_otherwise_by_period() {
    let mut rc = stage(Link::default(), 1);
    rc.tick(5);
    rc.run(20).unwrap();
    assert_eq!(rc.unit().ticks, 5);
    let mut rc = stage(Link { tick_period: 125, ..Link::default() }, 1);
    rc.run(125 * 8).unwrap();
    assert_eq!(rc.unit().ticks, 9, "one at clock 0 and one every 125");
}

#[test]
fn windows_do_not_overlap_and_close() {
    let mut memory = HostMemory::new();
    memory.map(0x1000, Direction::Read, Box::new(vec![1; 0x1000])).unwrap();
    assert_eq!(
        memory.map(0x1FFF, Direction::Write, Box::new(vec![0; 2])),
        Err(MapError::Overlap { iova: 0x1FFF, length: 2, other: 0x1000 })
    );
    memory.map(0x2000, Direction::Write, Box::new(vec![0; 0x1000])).unwrap();
    assert!(memory.dma_read(0x1FFF, &mut [0]));
    assert!(!memory.dma_read(0x1FFF, &mut [0; 2]), "a read does not run from one window into the next");
    assert!(!memory.dma_read(0x2000, &mut [0]), "write-only for the unit");
    assert!(!memory.dma_write(0x1000, &[0]), "read-only for the unit");
    memory.unmap(0x1000).unwrap();
    assert!(!memory.dma_read(0x1000, &mut [0]));
    assert_eq!(memory.unmap(0x1000), Err(MapError::Nothing { iova: 0x1000 }));
    assert_eq!(
        memory.map(u64::MAX, Direction::Read, Box::new(vec![0; 2])),
        Err(MapError::Range { iova: u64::MAX, length: 2 })
    );
}

#[test]
fn a_wait_that_never_ends_says_what_it_waited_for() {
    let mut rc = stage(Link { completion_patience: 1 << 40, ..Link::default() }, 1);
    rc.unit().polite = false;
    rc.start_read(0, 4);
    assert_eq!(rc.settle(10, 100), Err(Failure::GaveUp { what: "quiet on every stream", clocks: 100 }));
}
