//! The server's process dies, at every point of a record's life: before each request of the card has an effect, and at each
//! access of the driver. What the coordinator sees and releases is what software alone gives it, once.

use crate::history::{Seen, of_software, rig, run};
use crate::server::{DEAD, Server};
use covert_abi::Outcome;
use covert_abi::registers::{card, doorbell, group, lane};
use covert_driver::LanePlace;
use covert_driver::card::{CardError, CardPort, Direction, Shared};
use covert_driver::conformance::Shape;
use covert_driver::vfio_user::VfioUserCard;
use covert_verification::mortal_card::{Death, Life};
use covert_verification::unit_rig::{FAULTS, VERDICTS};
use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How the link behaves; the points of death follow from it.
const SEED: u64 = 40;

/// How long a card may take for an answer where it is stopped. One that a busy machine delays for longer is given up too early,
/// which has to leave no trace either.
const PATIENCE: Duration = Duration::from_secs(2);

/// A history that is cut nowhere has at least so many requests of the card: else it misses parts of a record's life.
const REQUESTS_LEAST: u64 = 60;

fn differs(alone: &Seen, seen: &Seen, death: &str) {
    assert_eq!(alone.verdicts, seen.verdicts, "death {death}");
    assert_eq!(alone.released, seen.released, "death {death}");
    assert_eq!(alone.faults, seen.faults, "death {death}");
}

/// What a request of the card is for, by where it goes.
fn part(said: &str) -> &'static str {
    let address = said.split("0x").skip(1).map(|rest| {
        let digits: String = rest.chars().take_while(char::is_ascii_hexdigit).collect();
        u64::from_str_radix(&digits, 16).unwrap_or(0)
    });
    let shape = Shape::lanes(2);
    let within = |first: u64, bytes: u64| {
        let mut address = address.clone();
        address.any(|it| (first..first + bytes).contains(&it))
    };
    let lane = |lane: usize| {
        let geometry = shape.geometry(lane);
        let ring = LanePlace::of(&geometry).unwrap().ring_base;
        (within(ring, 64 << geometry.ring_log2), within(geometry.base, geometry.bytes().unwrap() as u64))
    };
    match (lane(0), lane(1)) {
        ((true, _), _) => "entry of lane 0",
        ((_, true), _) => "payload of lane 0",
        (_, (true, _)) => "entry of lane 1",
        (_, (_, true)) => "payload of lane 1",
        _ if within(VERDICTS, 1 << 12) => "verdict",
        _ if within(FAULTS, 1 << 12) => "fault",
        _ if within(0xFEE0_0000, 1 << 20) => "interrupt",
        _ => "something else",
    }
}

#[test]
fn a_card_that_dies_before_any_one_of_its_requests_leaves_no_trace() {
    let (mut parts, mut alone) = (BTreeMap::<&str, u32>::new(), None);
    for request in 0.. {
        let Some(mut server) = Server::start_with(SEED, &["--die-at", &request.to_string()]) else { return };
        let (mut rig, skew_log2) = rig(Box::new(server.connect()), Life::of(u64::MAX, Death::Fails)).unwrap();
        let alone = alone.get_or_insert_with(|| of_software(skew_log2));
        let seen = run(&mut rig).unwrap_or_else(|error| panic!("seed {SEED}, request {request}: {error:?}"));
        drop(rig);
        let (status, said) = server.end();
        differs(alone, &seen, &format!("at request {request}, seed {SEED}: {said}"));
        if status.code() != Some(DEAD) {
            assert!(status.success() && said.is_empty(), "{status}: {said}");
            println!("died at each of {request} requests, seed {SEED}: {parts:?}");
            assert!(request >= REQUESTS_LEAST, "a history of {request} requests");
            break;
        }
        *parts.entry(part(&said)).or_default() += 1;
    }
    for part in [
        "entry of lane 0",
        "entry of lane 1",
        "payload of lane 0",
        "payload of lane 1",
        "verdict",
        "interrupt",
        "fault",
    ] {
        assert!(parts.contains_key(part), "no death at the {part}: {parts:?}");
    }
    assert!(!parts.contains_key("something else"), "{parts:?}");
    let outcomes: Vec<Outcome> = alone.unwrap().verdicts.iter().map(|verdict| verdict.outcome).collect();
    for outcome in [Outcome::Match, Outcome::Mismatch, Outcome::Flushed, Outcome::BadEntry] {
        assert!(outcomes.contains(&outcome), "no {outcome:?}: {outcomes:?}");
    }
}

/// A process to which something is done before one access of its card.
struct Doom {
    server: Server,
    /// What is done.
    blow: fn(&mut Server),
    /// Accesses until then; `None` before the group is made, when there is nothing yet that could be taken over.
    left: Option<u64>,
    /// What was attempted then.
    at: Option<String>,
}

/// The card of a doomed process.
struct Killed {
    port: VfioUserCard,
    doom: Arc<Mutex<Doom>>,
}

impl Killed {
    fn count(&mut self, what: impl FnOnce() -> String) -> &mut VfioUserCard {
        let doom = &mut *self.doom.lock().unwrap();
        match &mut doom.left {
            Some(0) => {
                (doom.blow)(&mut doom.server);
                doom.at = Some(what());
                doom.left = None;
            }
            Some(left) => *left -= 1,
            None => {}
        }
        &mut self.port
    }
}

impl CardPort for Killed {
    fn read(&mut self, offset: u32) -> Result<u32, CardError> {
        self.count(|| format!("read {offset:#x}")).read(offset)
    }

    fn write(&mut self, offset: u32, value: u32) -> Result<(), CardError> {
        self.count(|| format!("write {offset:#x}")).write(offset, value)
    }

    fn write_pair(&mut self, offset: u32, value: u64) -> Result<(), CardError> {
        self.count(|| format!("write {offset:#x}")).write_pair(offset, value)
    }

    fn map(&mut self, iova: u64, memory: Shared<'_>, direction: Direction) -> Result<(), CardError> {
        self.port.map(iova, memory, direction)
    }

    fn unmap(&mut self, iova: u64) -> Result<(), CardError> {
        self.port.unmap(iova)
    }

    fn set_bus_master(&mut self, on: bool) -> Result<(), CardError> {
        self.port.set_bus_master(on)
    }

    fn enable_interrupts(&mut self, vectors: u16) -> Result<Vec<OwnedFd>, CardError> {
        self.port.enable_interrupts(vectors)
    }

    fn reset(&mut self) -> Result<(), CardError> {
        self.port.reset()
    }

    fn catch_up(&mut self) -> Result<(), CardError> {
        self.count(|| "catch up".into()).catch_up()
    }

    fn pass_ticks(&mut self, ticks: u32) -> Result<(), CardError> {
        self.count(|| "ticks".into()).pass_ticks(ticks)
    }
}

#[test]
fn a_card_that_is_killed_at_any_one_access_of_its_driver_leaves_no_trace() {
    let (mut places, mut alone) = (BTreeMap::<String, u32>::new(), None);
    for access in 0.. {
        let Some(server) = Server::start(SEED) else { return };
        let port = server.connect();
        let doom = Arc::new(Mutex::new(Doom { server, blow: Server::kill, left: None, at: None }));
        let (mut rig, skew_log2) =
            rig(Box::new(Killed { port, doom: doom.clone() }), Life::of(u64::MAX, Death::Fails)).unwrap();
        doom.lock().unwrap().left = Some(access);
        let alone = alone.get_or_insert_with(|| of_software(skew_log2));
        let seen = run(&mut rig).unwrap_or_else(|error| panic!("seed {SEED}, access {access}: {error:?}"));
        let at = doom.lock().unwrap().at.take();
        differs(alone, &seen, &format!("at access {access}, {at:?}, seed {SEED}"));
        let Some(at) = at else {
            println!("killed at each of {access} accesses, seed {SEED}: {places:?}");
            break;
        };
        *places.entry(at).or_default() += 1;
    }
    // Doorbells of both lanes, the acknowledged verdict and fault, the flush, the reset of a lane.
    for (what, register) in [
        ("write", doorbell::address(0, doorbell::TAIL)),
        ("write", doorbell::address(1, doorbell::TAIL)),
        ("write", group::address(0, group::VERDICT_HEAD)),
        ("write", card::FAULT_HEAD),
        ("write", group::address(0, group::COMMAND)),
        ("write", lane::address(1, lane::COMMAND)),
        ("read", lane::address(1, lane::COMMAND)),
        ("write", lane::address(1, lane::RING_BASE_LO)),
    ] {
        let place = format!("{what} {register:#x}");
        assert!(places.contains_key(&place), "not killed at the {place}: {places:?}");
    }
}

#[test]
fn a_card_that_stands_still_is_given_up_when_its_time_is_over_and_leaves_no_trace() {
    // Each waits for as long as the card may take; a few of the points of death are enough to see that every kind of access does.
    let accesses = [0, 9, 17, 40, 71, 120, 160, 200];
    for access in accesses {
        let Some(server) = Server::start(SEED) else { return };
        let port = VfioUserCard::connect_with(server.socket(), PATIENCE).unwrap();
        let doom = Arc::new(Mutex::new(Doom { server, blow: |server| server.stop(), left: None, at: None }));
        let (mut rig, skew_log2) =
            rig(Box::new(Killed { port, doom: doom.clone() }), Life::of(u64::MAX, Death::Fails)).unwrap();
        doom.lock().unwrap().left = Some(access);
        let seen = run(&mut rig).unwrap_or_else(|error| panic!("seed {SEED}, access {access}: {error:?}"));
        let at = doom.lock().unwrap().at.take();
        differs(&of_software(skew_log2), &seen, &format!("at access {access}, {at:?}, seed {SEED}"));
        assert!(at.is_some(), "the history has fewer accesses than {access}");
    }
}
