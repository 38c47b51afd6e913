//! The unit's driver over the socket.

use crate::server::Server;
use covert_abi::registers::{MSIX_PENDING, card, group};
use covert_abi::{FaultCause, Header, LaneSet, Outcome, fingerprint};
use covert_driver::card::{CardPort, Direction, Shared};
use covert_driver::conformance::{Parts, Rig, Shape};
use covert_driver::ring::Position;
use covert_driver::unit::{UnitConfig, UnitGroup};
use covert_driver::{LanePlace, Unit};
use covert_verification::unit_rig::{FAULTS, VERDICTS, assemble};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::os::fd::{AsFd, OwnedFd};

fn both() -> LaneSet {
    LaneSet::first(2)
}

/// A server, and the driver's unit behind it. They are dropped in this order.
struct Bench {
    rig: Rig,
    unit: Unit,
    server: Server,
}

impl Bench {
    fn new(seed: u64) -> Option<Bench> {
        let server = Server::start(seed)?;
        let (unit, rig) = assemble(Box::new(server.connect()), &Shape::lanes(2)).unwrap();
        Some(Bench { rig, unit, server })
    }

    /// Gives up the card and gives the words of the server's end.
    fn end(self) -> String {
        let Bench { rig, unit, mut server } = self;
        drop((rig, unit));
        let (status, said) = server.end();
        assert!(status.success(), "{status}: {said}");
        said
    }

    /// A register that is not the group's business.
    fn read(&self, register: u32) -> u32 {
        self.unit.with_port(|port| port.read(register)).unwrap()
    }

    /// Rings both lanes for one record and asks nothing of the card that would make it work.
    fn submit_silently(&self, index: u32, seq: u64, payload: &[u8]) {
        for (lane, port) in self.rig.ports.iter().enumerate() {
            self.rig.put(lane, index, self.rig.header(seq), payload);
            port.doorbell.ring(&port.arena, Position { generation: self.rig.generation(), count: index + 1 });
        }
    }
}

/// Whether an eventfd counts within so many milliseconds; what it counted is taken.
fn fires(fd: &OwnedFd, milliseconds: i64) -> bool {
    let wait = Timespec { tv_sec: milliseconds / 1000, tv_nsec: milliseconds % 1000 * 1_000_000 };
    let mut fds = [PollFd::new(fd, PollFlags::IN)];
    let ready = poll(&mut fds, Some(&wait)).unwrap() == 1;
    if ready {
        rustix::io::read(fd, &mut [0; 8]).unwrap();
    }
    ready
}

#[test]
fn records_are_compared_inline_and_by_dma_through_generations() {
    let Some(mut bench) = Bench::new(1) else { return };
    assert!(bench.unit.identity().lanes >= 2 && bench.unit.identity().msix, "{:?}", bench.unit.identity());
    let rig = &mut bench.rig;
    rig.start(both(), 100).unwrap();
    let long: Vec<u8> = (0..1000u32).map(|i| (i * 37) as u8).collect();
    for (index, payload) in [(0, &b"inline"[..]), (1, &long)] {
        let seq = 100 + u64::from(index);
        rig.submit(both(), index, seq, payload).unwrap();
        let print = fingerprint(payload, &Header { length: payload.len() as u32, ..rig.header(seq) });
        let verdicts = rig.verdicts().unwrap();
        assert_eq!(verdicts.len(), 1, "{verdicts:?}");
        assert_eq!((verdicts[0].outcome, verdicts[0].seq), (Outcome::Match, seq));
        assert_eq!((verdicts[0].agree, verdicts[0].fingerprint), (both(), print));
    }
    // One byte of the second lane's payload differs: two suspects, and the group halts.
    let mut other = long.clone();
    other[777] ^= 1;
    for (lane, payload) in [&long, &other].into_iter().enumerate() {
        rig.put(lane, 2, rig.header(102), payload);
        rig.ring(lane, 3).unwrap();
    }
    let verdicts = rig.verdicts().unwrap();
    assert_eq!((verdicts.len(), verdicts[0].outcome), (1, Outcome::Mismatch), "{verdicts:?}");
    // The next generation takes the record again, which counts as judged in its own.
    rig.group.flush(both(), 102).unwrap();
    let marker = rig.verdicts().unwrap();
    assert_eq!((marker[0].outcome, marker[0].seq, rig.generation()), (Outcome::Flushed, 103, 2));
    rig.submit(both(), 0, 102, &long).unwrap();
    assert_eq!(rig.verdicts().unwrap()[0].outcome, Outcome::Match);
    assert_eq!(bench.end(), "");
}

#[test]
fn a_doorbell_is_answered_by_an_interrupt_and_nobody_has_to_ask() {
    let Some(mut bench) = Bench::new(2) else { return };
    let fds = bench.unit.with_port(|port| port.enable_interrupts(2)).unwrap();
    bench.rig.start(both(), 0).unwrap();
    assert!(fires(&fds[0], 10_000), "the first Flushed");
    bench.submit_silently(0, 0, &[7; 500]);
    assert!(fires(&fds[0], 10_000), "the verdict");
    assert!(!fires(&fds[1], 0), "there was no fault");
    assert_eq!(bench.rig.verdicts().unwrap()[0].outcome, Outcome::Match);
    // Reserved bits of an entry: a fault, and a verdict for it.
    bench.rig.store(0, 1, &[0xFF; 64]);
    bench.rig.ring(0, 2).unwrap();
    assert!(fires(&fds[1], 10_000), "the fault");
    assert_eq!(bench.end(), "");
}

#[test]
fn a_vector_without_eventfd_is_masked_in_the_unit_and_its_interrupt_waits_there() {
    let Some(mut bench) = Bench::new(3) else { return };
    bench.unit.with_port(|port| port.enable_interrupts(2)).unwrap();
    let first = bench.unit.with_port(|port| port.enable_interrupts(1)).unwrap();
    bench.rig.start(both(), 0).unwrap();
    assert!(fires(&first[0], 10_000));
    bench.rig.store(0, 0, &[0xFF; 64]);
    bench.rig.ring(0, 1).unwrap();
    assert_eq!(bench.rig.faults().unwrap().len(), 1);
    assert_eq!(bench.read(MSIX_PENDING) & 2, 2, "the fault's interrupt is pending");
    let fds = bench.unit.with_port(|port| port.enable_interrupts(2)).unwrap();
    assert!(fires(&fds[1], 10_000), "and comes when it may");
    assert_eq!(bench.read(MSIX_PENDING), 0);
    // The table is the server's: what a client writes there is dropped.
    let entry = covert_abi::registers::MSIX_TABLE;
    bench.unit.with_port(|port| port.write_pair(entry, 0x1234_5678_0000)).unwrap();
    assert_eq!(bench.read(entry), u32::MAX);
    bench.unit.with_port(|port| port.enable_interrupts(0)).unwrap();
    let _ = (fires(&fds[0], 0), fires(&fds[1], 0));
    bench.rig.group.flush(both(), 0).unwrap();
    assert!(!bench.rig.verdicts().unwrap().is_empty());
    assert!(!fires(&fds[0], 100) && !fires(&fds[1], 0), "interrupts are off");
    assert!(bench.unit.with_port(|port| port.enable_interrupts(3)).is_err(), "the card has only two");
    assert_eq!(bench.end(), "");
}

#[test]
fn memory_that_the_card_may_only_write_cannot_be_read() {
    let Some(mut bench) = Bench::new(4) else { return };
    // The lane's window lets everything through: only the mapping's direction is in the way.
    let place = bench.rig.place(0).unwrap();
    let wide = LanePlace { window_base: 0, window_limit: u64::MAX, ..place };
    bench.rig.group.place(0, &wide).unwrap();
    bench.rig.group.flush(LaneSet::first(1), 0).unwrap();
    assert_eq!(bench.rig.verdicts().unwrap().len(), 1);
    bench.rig.put_at(0, 0, Header { length: 64, ..bench.rig.header(0) }, VERDICTS);
    bench.rig.ring(0, 1).unwrap();
    let faults = bench.rig.faults().unwrap();
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert_eq!((faults[0].cause, faults[0].address), (FaultCause::DmaRefused, VERDICTS));
    assert_eq!(bench.end(), "");
}

#[test]
fn memory_that_is_not_mapped_or_not_any_more_cannot_be_read() {
    let Some(mut bench) = Bench::new(7) else { return };
    let nowhere = 0x7000_0000_0000;
    let memory = covert_driver::arena::create(&bench.rig.shape.geometry(0)).unwrap();
    let bytes = bench.rig.shape.geometry(0).bytes().unwrap() as u64;
    let window = Shared { fd: memory.as_fd(), offset: 0, bytes };
    let map =
        |bench: &Bench| bench.unit.with_port(|port| port.map(nowhere, window, Direction::Read)).unwrap();
    let unmap = |bench: &Bench| bench.unit.with_port(|port| port.unmap(nowhere)).unwrap();
    // The lanes' windows let everything through: only the mapping is in the way, or not.
    for lane in 0..2 {
        let place = bench.rig.place(lane).unwrap();
        let wide = LanePlace { window_base: 0, window_limit: u64::MAX, ..place };
        bench.rig.group.place(lane, &wide).unwrap();
    }
    bench.rig.group.flush(both(), 0).unwrap();
    assert_eq!(bench.rig.verdicts().unwrap().len(), 1);
    let submit = |bench: &mut Bench, index: u32| {
        for lane in 0..2 {
            bench.rig.put_at(lane, index, Header { length: 64, ..bench.rig.header(index.into()) }, nowhere);
            bench.rig.ring(lane, index + 1).unwrap();
        }
    };
    map(&bench);
    submit(&mut bench, 0);
    assert_eq!(bench.rig.verdicts().unwrap()[0].outcome, Outcome::Match, "while it is mapped");
    unmap(&bench);
    submit(&mut bench, 1);
    let faults = bench.rig.faults().unwrap();
    let seen: Vec<_> = faults.iter().map(|fault| (fault.cause, fault.address)).collect();
    assert_eq!(seen, [(FaultCause::DmaRefused, nowhere); 2], "one for each lane");
    assert_eq!(bench.end(), "");
}

#[test]
fn memory_that_the_card_may_only_read_is_not_written_and_the_card_is_broken() {
    let Some(mut bench) = Bench::new(5) else { return };
    let arena = bench.rig.shape.geometry(0).base;
    let register = group::address(0, group::VERDICT_BASE_LO);
    bench.unit.with_port(|port| port.write_pair(register, arena)).unwrap();
    let before = bench.rig.copy_of_start();
    // The flush's marker is the verdict that goes astray.
    let flushed = bench.rig.group.flush(both(), 0);
    assert!(flushed.is_err() || bench.rig.verdicts().is_err());
    assert!(bench.unit.with_port(|port| port.read(card::MAGIC)).is_err(), "a broken card answers nothing");
    assert_eq!(bench.rig.copy_of_start(), before);
    let said = bench.end();
    assert!(said.contains(&format!("nothing writable at {arena:#x}")), "{said}");
}

trait Start {
    fn copy_of_start(&self) -> Vec<u8>;
}

impl Start for Rig {
    /// The first bytes of the first lane's arena.
    fn copy_of_start(&self) -> Vec<u8> {
        let mut bytes = vec![0; 64];
        self.ports[0].arena.read(self.shape.geometry(0).base, &mut bytes);
        bytes
    }
}

#[test]
fn a_reset_card_sends_nothing_and_keeps_its_windows() {
    let Some(mut server) = Server::start(6) else { return };
    let mut port = server.connect();
    let memory = rustix::fs::memfd_create("window", rustix::fs::MemfdFlags::CLOEXEC).unwrap();
    rustix::fs::ftruncate(&memory, 8192).unwrap();
    let window = Shared { fd: memory.as_fd(), offset: 4096, bytes: 4096 };
    port.map(0x5000, window, Direction::Write).unwrap();
    assert!(port.map(0x5000, window, Direction::Read).is_err(), "a window over another");
    assert!(port.map(0x6000, Shared { bytes: 8192, ..window }, Direction::Read).is_err(), "behind the file");
    assert!(port.map(0xFEE0_0000, window, Direction::Write).is_err(), "where interrupts go");
    let fds = port.enable_interrupts(2).unwrap();
    port.set_bus_master(true).unwrap();
    port.write(card::CONTROL, 1).unwrap();
    assert_eq!(port.read(card::CONTROL).unwrap(), 1);
    port.reset().unwrap();
    assert_eq!(port.read(card::CONTROL).unwrap(), 0);
    assert!(!fires(&fds[0], 0) && !fires(&fds[1], 0));
    port.unmap(0x5000).unwrap();
    assert!(port.unmap(0x5000).is_err(), "it is gone");
    drop(port);
    let (status, said) = server.end();
    assert!(status.success(), "{said}");
}

#[test]
fn a_group_that_could_not_be_made_leaves_the_card_in_order() {
    let Some(server) = Server::start(3) else { return };
    let unit = Unit::open(Box::new(server.connect()), FAULTS, 4).unwrap();
    // Where the second arena should go there is something already.
    let shape = Shape::lanes(2);
    let taken = Parts::make(&shape).unwrap();
    let geometry = shape.geometry(1);
    let bytes = geometry.bytes().unwrap() as u64;
    let memory = Shared { fd: taken.memory[1].as_fd(), offset: 0, bytes };
    unit.with_port(|port| port.map(geometry.base, memory, Direction::Read)).unwrap();
    let make = || {
        let Parts { readers, memory, progress, .. } = Parts::make(&shape).unwrap();
        let config = UnitConfig { group: 0, verdict_log2: 5, verdict_iova: VERDICTS, payload_max: 1024 };
        UnitGroup::new(&unit, config, readers, &memory, progress)
    };
    assert!(make().is_err());
    unit.with_port(|port| port.unmap(geometry.base)).unwrap();
    assert_eq!(unit.with_port(|port| port.read(card::MAGIC)).unwrap(), covert_abi::identity::MAGIC);
    make().unwrap();
}
