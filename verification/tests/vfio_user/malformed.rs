//! Each malformed form of each message: refused with its error number, and the next message is answered; or, where it is
//! not known where the next one begins, the connection is closed, and the server takes the next client.

use crate::need::have;
use crate::raw::{
    Body, DEVICE_INFO, DMA_MAP, DMA_READ, DMA_UNMAP, DMA_WRITE, IRQ_INFO, REGION_INFO, REGION_IO_FDS,
    REGION_READ, REGION_WRITE, RESET, Raw, Reply, SET_IRQS, VERSION, access, header, irqs, many, map, memory,
    unmap, version,
};
use crate::server::Server;
use covert_abi::registers::BAR_BYTES;
use covert_verification::root_complex::Link;
use covert_verification::simulated_card::SimulatedCard;
use covert_verification::verilated::Verilated;
use covert_verification::vfio_user::{Listener, ServeError};
use std::fs::File;
use std::io::Read;
use std::net::Shutdown;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::Path;

const ACCES: i32 = 13;
const EXIST: i32 = 17;
const INVAL: i32 = 22;
const MSGSIZE: u32 = 90;
const NOTSUP: i32 = 95;

/// What is wrong, the command, its body, its descriptors, and the error number.
type Case<'a> = (&'a str, u16, Vec<u8>, Vec<BorrowedFd<'a>>, i32);

/// A server and its client, and how many descriptors the server has before anything is sent.
struct Victim {
    server: Server,
    client: Raw,
    before: usize,
}

impl Victim {
    fn new(seed: u64) -> Option<Victim> {
        let server = Server::start(seed)?;
        let mut client = Raw::to(&server);
        client.is_served("at first");
        let before = server.descriptors();
        Some(Victim { server, client, before })
    }

    /// Each is refused as it is to be, and what follows it is answered.
    fn refuses(&mut self, cases: &[Case<'_>]) {
        for (what, command, body, fds, errno) in cases {
            assert_eq!(self.client.refused(what, *command, body, fds), *errno, "{what}");
            self.client.is_served(what);
            assert_eq!(self.server.descriptors(), self.before, "{what}: a descriptor is left behind");
        }
    }

    /// The client goes; the server ends in order, and has said each of these.
    fn ends(mut self, words: &[&str]) {
        drop(self.client);
        let (status, said) = self.server.end();
        assert!(status.success(), "{status}: {said}");
        for words in words {
            assert!(said.contains(words), "{words}: {said}");
        }
    }
}

fn cut(body: &Body) -> Vec<u8> {
    body.0[..body.0.len() - 1].to_vec()
}

fn longer(body: &Body) -> Vec<u8> {
    body.clone().bytes(&[0]).0
}

/// The three forms that every message with a body has: shorter, longer, with a descriptor that belongs to nothing.
fn forms<'a>(command: u16, good: &Body, fd: &'a OwnedFd) -> Vec<Case<'a>> {
    vec![
        ("without a body", command, vec![], vec![], INVAL),
        ("cut short", command, cut(good), vec![], INVAL),
        ("too long", command, longer(good), vec![], INVAL),
        ("with a descriptor", command, good.0.clone(), many(fd, 1), INVAL),
        ("with more descriptors than any message has", command, good.0.clone(), many(fd, 17), INVAL),
    ]
}

#[test]
fn questions_about_the_device() {
    let Some(mut victim) = Victim::new(30) else { return };
    let fd = memory(0x1000);
    let device = |argsz| Body::default().u32(argsz).u32(0).u64(0);
    let region = |argsz, index| Body::default().u32(argsz).u32(0).u32(index).u32(0).u64(0).u64(0);
    let kind = |argsz, index| Body::default().u32(argsz).u32(0).u32(index).u32(0);
    victim.refuses(&forms(DEVICE_INFO, &device(16), &fd));
    victim.refuses(&forms(REGION_INFO, &region(32, 0), &fd));
    victim.refuses(&forms(IRQ_INFO, &kind(16, 0), &fd));
    let case = |what, command, body: Body| (what, command, body.0, vec![], INVAL);
    victim.refuses(&[
        case("no room for the answer", DEVICE_INFO, device(15)),
        case("no room at all", DEVICE_INFO, device(0)),
        case("no room for the answer", REGION_INFO, region(31, 0)),
        case("one region further", REGION_INFO, region(32, 10)),
        case("a region far away", REGION_INFO, region(32, u32::MAX)),
        case("no room for the answer", IRQ_INFO, kind(15, 0)),
        case("one kind further", IRQ_INFO, kind(16, 5)),
        case("a kind far away", IRQ_INFO, kind(16, u32::MAX)),
    ]);
    victim.ends(&["argsz is 15, and less than 16", "there is no region 10"]);
}

#[test]
fn mappings() {
    let Some(mut victim) = Victim::new(31) else { return };
    let fd = memory(0x4000);
    let reading: OwnedFd = File::open("/proc/self/exe").unwrap().into();
    let (nothing, ends) = std::io::pipe().unwrap();
    let (nothing, ends): (OwnedFd, OwnedFd) = (nothing.into(), ends.into());
    let good = map(3, 0, 0x10_0000, 0x1000);
    // One descriptor is what a mapping comes with.
    let forms = forms(DMA_MAP, &good, &fd);
    victim.refuses(&[forms[0].clone(), forms[1].clone(), forms[2].clone(), forms[4].clone()]);
    let case = |what, body: Body, errno| (what, DMA_MAP, body.0, many(&fd, 1), errno);
    let mut small = good.clone();
    small.0[..4].copy_from_slice(&31u32.to_ne_bytes());
    victim.refuses(&[
        case("argsz too small", small, INVAL),
        case("neither to read nor to write", map(0, 0, 0x10_0000, 0x1000), INVAL),
        case("a flag that there is not", map(7, 0, 0x10_0000, 0x1000), INVAL),
        case("nothing", map(3, 0, 0x10_0000, 0), INVAL),
        case("half a page", map(3, 0, 0x10_0000, 0x800), INVAL),
        case("from the middle of a page of the file", map(3, 0x800, 0x10_0000, 0x1000), INVAL),
        case("to the middle of a page", map(3, 0, 0x10_0800, 0x1000), INVAL),
        case("past the end of the addresses", map(3, 0, u64::MAX - 0xFFF, 0x2000), INVAL),
        case("up to the end of the addresses", map(3, 0, u64::MAX - 0xFFF, 0x1000), INVAL),
        case("past the end of offsets", map(3, u64::MAX - 0xFFF, 0x10_0000, 0x2000), INVAL),
        case("past the end of the file", map(3, 0x1000, 0x10_0000, 0x4000), INVAL),
        case("behind the end of the file", map(3, 0x4000, 0x10_0000, 0x1000), INVAL),
        case("where interrupts go", map(3, 0, 0xFEE0_0000, 0x1000), INVAL),
        case("over where interrupts go", map(3, 0, 0xFEDF_F000, 0x2000), INVAL),
        ("of two files", DMA_MAP, good.0.clone(), many(&fd, 2), INVAL),
        ("of what has no length", DMA_MAP, good.0.clone(), many(&nothing, 1), INVAL),
        ("of what has no length, to write", DMA_MAP, good.0.clone(), many(&ends, 1), INVAL),
        ("to write what may be read", DMA_MAP, map(2, 0, 0x10_0000, 0x1000).0, many(&reading, 1), ACCES),
        ("both, of what may be read", DMA_MAP, good.0.clone(), many(&reading, 1), ACCES),
    ]);
    // With a file and without: a window over another is refused from every side.
    for fds in [1, 0] {
        victim.client.do_it(DMA_MAP, &map(3, 0, 0x10_0000, 0x2000), &many(&fd, fds));
        victim.before = victim.server.descriptors();
        let over = |what, iova, bytes| case(what, map(3, 0, iova, bytes), EXIST);
        victim.refuses(&[
            over("the same", 0x10_0000, 0x2000),
            over("inside", 0x10_1000, 0x1000),
            over("over the beginning", 0xF_F000, 0x2000),
            over("over the end", 0x10_1000, 0x2000),
            over("around", 0xF_F000, 0x4000),
        ]);
        victim.client.do_it(DMA_UNMAP, &unmap(4, 0, 0), &[]);
        victim.before = victim.server.descriptors();
    }
    victim.ends(&[
        "overlaps the window at 0x100000",
        "the file has only 0x4000 bytes",
        "interrupts go there",
    ]);
}

#[test]
fn unmappings() {
    let Some(mut victim) = Victim::new(32) else { return };
    let fd = memory(0x4000);
    victim.refuses(&forms(DMA_UNMAP, &unmap(0, 0x10_0000, 0x1000), &fd));
    victim.client.do_it(DMA_MAP, &map(3, 0, 0x10_0000, 0x4000), &many(&fd, 1));
    victim.before = victim.server.descriptors();
    let case = |what, body: Body, errno| (what, DMA_UNMAP, body.0, vec![], errno);
    let mut small = unmap(0, 0x10_0000, 0x4000);
    small.0[..4].copy_from_slice(&23u32.to_ne_bytes());
    victim.refuses(&[
        case("argsz too small", small, INVAL),
        case("nothing", unmap(0, 0x10_0000, 0), INVAL),
        case("no whole pages", unmap(0, 0x10_0000, 0x3FFF), INVAL),
        case("from the middle of a page", unmap(0, 0x10_0001, 0x4000), INVAL),
        case("past the end of the addresses", unmap(0, u64::MAX - 0xFFF, 0x2000), INVAL),
        case("the first half", unmap(0, 0x10_0000, 0x2000), INVAL),
        case("the second half", unmap(0, 0x10_2000, 0x8000), INVAL),
        case("the middle", unmap(0, 0x10_1000, 0x1000), INVAL),
        case("everything, and a range", unmap(4, 0x10_0000, 0x4000), INVAL),
        case("with the dirty pages", unmap(2, 0x10_0000, 0x4000), NOTSUP),
        case("a flag that there is not", unmap(8, 0x10_0000, 0x4000), NOTSUP),
    ]);
    // What was refused has changed nothing.
    let gone = victim.client.do_it(DMA_UNMAP, &unmap(0, 0x10_0000, 0x4000), &[]);
    assert_eq!(gone[16..], 0x4000u64.to_ne_bytes());
    victim.ends(&["it would cut the window at 0x100000 in two"]);
}

#[test]
fn interrupts() {
    let Some(mut victim) = Victim::new(33) else { return };
    let fd = rustix::event::eventfd(0, rustix::event::EventfdFlags::CLOEXEC).unwrap();
    let (eventfd, none, truth) = (0x24, 0x21, 0x22);
    let good = irqs(eventfd, 2, 0, 1);
    let forms = forms(SET_IRQS, &good, &fd);
    victim.refuses(&[forms[0].clone(), forms[1].clone(), forms[2].clone(), forms[4].clone()]);
    let mut small = good.clone();
    small.0[..4].copy_from_slice(&19u32.to_ne_bytes());
    let case = |what, body: Body, fds, errno| (what, SET_IRQS, body.0, many(&fd, fds), errno);
    victim.refuses(&[
        case("argsz too small", small, 1, INVAL),
        case("no kind of data", irqs(0x20, 2, 0, 1), 0, INVAL),
        case("two kinds of data", irqs(0x25, 2, 0, 1), 1, INVAL),
        case("no action", irqs(0x04, 2, 0, 1), 1, INVAL),
        case("two actions", irqs(0x34, 2, 0, 1), 1, INVAL),
        case("a flag that there is not", irqs(0x64, 2, 0, 1), 1, INVAL),
        case("a kind that there is not", irqs(eventfd, 5, 0, 1), 1, INVAL),
        case("a kind far away", irqs(none, u32::MAX, 0, 0), 0, INVAL),
        case("a kind without vectors", irqs(eventfd, 1, 0, 1), 1, INVAL),
        case("one vector further", irqs(eventfd, 2, 2, 1), 1, INVAL),
        case("one vector more", irqs(eventfd, 2, 0, 3), 3, INVAL),
        case("vectors past the end of numbers", irqs(eventfd, 2, u32::MAX, 2), 2, INVAL),
        case("more vectors than messages have descriptors", irqs(eventfd, 2, 0, u32::MAX), 0, INVAL),
        case("an eventfd for one of two", irqs(eventfd, 2, 0, 2), 1, INVAL),
        case("two eventfds for one", irqs(eventfd, 2, 0, 1), 2, INVAL),
        case("eventfds for no vector", irqs(eventfd, 2, 0, 0), 0, INVAL),
        case("a descriptor that belongs to nothing", irqs(none, 2, 0, 0), 1, INVAL),
        case("an interrupt for trying", irqs(none, 2, 0, 1), 0, NOTSUP),
        case("a truth value", irqs(truth, 2, 0, 1), 0, NOTSUP),
        case("masking", irqs(0x0C, 2, 0, 1), 1, NOTSUP),
        case("unmasking", irqs(0x11, 2, 0, 1), 0, NOTSUP),
    ]);
    assert_eq!(victim.client.word(7, 0x40) >> 31, 0, "MSI-X is off: nothing of it was done");
    victim.ends(&["1 eventfds came for 2 vectors", "there are only 2 vectors"]);
}

#[test]
fn reads_and_writes() {
    let Some(mut victim) = Victim::new(34) else { return };
    let fd = memory(0x1000);
    let word = |region, offset| access(region, offset, 4).u32(0);
    victim.refuses(&forms(REGION_READ, &access(7, 0, 4), &fd));
    victim.refuses(&forms(REGION_WRITE, &word(7, 4), &fd));
    let off = |what| (what, REGION_READ, access(0, 0, 4).0, vec![], INVAL);
    victim.refuses(&[off("BAR 0 while the Command register has it off")]);
    victim.client.write(7, 4, &2u16.to_ne_bytes());
    let bar = u64::from(BAR_BYTES);
    let mut cases = Vec::new();
    for (region, size) in [(0, bar), (7, 4096), (9, 12)] {
        for (what, offset) in [
            ("past the end", size - 2),
            ("behind the end", size),
            ("far behind", 1 << 40),
            ("past the end of offsets", u64::MAX - 1),
        ] {
            cases.push((what, REGION_READ, access(region, offset, 4).0, vec![], INVAL));
            cases.push((what, REGION_WRITE, word(region, offset).0, vec![], INVAL));
        }
        cases.push(("nothing read", REGION_READ, access(region, 0, 0).0, vec![], INVAL));
        cases.push(("nothing written", REGION_WRITE, access(region, 0, 0).0, vec![], INVAL));
        cases.push(("4 GiB", REGION_READ, access(region, 0, u32::MAX).0, vec![], INVAL));
        cases.push((
            "more than a message has",
            REGION_READ,
            access(region, 0, (1 << 20) + 1).0,
            vec![],
            INVAL,
        ));
        cases.push(("less than announced", REGION_WRITE, access(region, 0, 8).u32(0).0, vec![], INVAL));
        cases.push(("4 GiB announced", REGION_WRITE, access(region, 0, u32::MAX).u32(0).0, vec![], INVAL));
        cases.push(("more than announced", REGION_WRITE, access(region, 0, 4).u64(0).0, vec![], INVAL));
    }
    for region in [1, 6, 8, 10, u32::MAX] {
        cases.push(("a region that there is not", REGION_READ, access(region, 0, 4).0, vec![], INVAL));
        cases.push(("a region that there is not", REGION_WRITE, word(region, 0).0, vec![], INVAL));
    }
    for (offset, count) in [(0u64, 1u32), (0, 2), (0, 3), (2, 4), (4, 8), (0, 16)] {
        let data = vec![0; count as usize];
        cases.push(("no access of a register", REGION_READ, access(0, offset, count).0, vec![], INVAL));
        let body = access(0, offset, count).bytes(&data);
        cases.push(("no access of a register", REGION_WRITE, body.0, vec![], INVAL));
    }
    cases.push(("time read where it is written", REGION_READ, access(9, 4, 4).0, vec![], INVAL));
    cases.push(("time written where it is read", REGION_WRITE, word(9, 0).0, vec![], INVAL));
    victim.refuses(&cases);
    victim.ends(&["4 bytes of data came, and 8 are announced", "BAR 0 takes 4 or 8 aligned bytes"]);
}

#[test]
fn commands_that_are_not_served() {
    let Some(mut victim) = Victim::new(35) else { return };
    let fd = memory(0x1000);
    let mut cases: Vec<Case<'_>> = vec![
        ("a second version", VERSION, version(b"{}\0"), vec![], INVAL),
        ("descriptors of regions", REGION_IO_FDS, vec![0; 16], vec![], NOTSUP),
        ("DMA that the client reads", DMA_READ, vec![0; 16], vec![], NOTSUP),
        ("DMA that the client writes", DMA_WRITE, vec![0; 32], vec![], NOTSUP),
        ("a reset with a body", RESET, vec![0], vec![], INVAL),
        ("a reset with a descriptor", RESET, vec![], many(&fd, 1), INVAL),
    ];
    for command in [0, 14, 15, 16, 17, 999, u16::MAX] {
        cases.push(("a command that there is not", command, vec![0xFF; 64], many(&fd, 1), NOTSUP));
    }
    victim.refuses(&cases);
    victim.ends(&["it is the server that asks for DMA", "command 999 is not served"]);
}

// ---- what ends a connection -----------------------------------------------------------------

/// What a connection that goes wrong is told before it is closed, and what the server's owner is.
struct End {
    what: &'static str,
    message: Vec<u8>,
    /// Whether a version is agreed on before.
    agreed: bool,
    error: Option<u32>,
    said: &'static str,
}

fn ends() -> Vec<End> {
    let end = |what, agreed, message, error, said| End { what, message, agreed, error, said };
    let message = |command, body: &[u8]| [&header(5, command, 16 + body.len() as u32, 0), body].concat();
    let no_version =
        |what, body: &[u8], said| end(what, false, message(VERSION, body), Some(INVAL as u32), said);
    let flags = |flags: u32| header(5, DEVICE_INFO, 16, flags);
    let size = |bytes: u32| header(5, REGION_READ, bytes, 0);
    let sizes = "which are to be 16 to";
    let deep = [b"{\"capabilities\":".repeat(10_000), b"\0".to_vec()].concat();
    vec![
        no_version("a version that is no JSON", &version(b"{\0"), "is no JSON"),
        no_version("a version without its end", &version(b"{}"), "does not end with NUL"),
        no_version("a version that is no text", &version(b"\xFF\xFE\0"), "is no JSON"),
        no_version("a version with NUL in it", &version(b"{\0}\0"), "is no JSON"),
        no_version("a version that is a number", &version(b"1\0"), "is no object"),
        no_version("capabilities that are none", &version(b"{\"capabilities\":3}\0"), "is no object"),
        no_version("a version without end", &version(&deep), "is no JSON"),
        no_version("a version shorter than its numbers", &[0; 3], "cut short"),
        no_version("a version that is empty", &[], "cut short"),
        end(
            "another major version",
            false,
            message(VERSION, &[1, 0, 0, 0]),
            Some(NOTSUP as u32),
            "major version 1",
        ),
        end(
            "no version at first",
            false,
            message(DEVICE_INFO, &[0; 16]),
            Some(INVAL as u32),
            "the version comes first",
        ),
        end("a size of 0", true, size(0), Some(MSGSIZE), sizes),
        end("a size below the header's", true, size(15), Some(MSGSIZE), sizes),
        end("a size above the longest", true, size((1 << 20) + 65), Some(MSGSIZE), sizes),
        end("a size of 4 GiB", true, size(u32::MAX), Some(MSGSIZE), sizes),
        end("a size of 4 GiB at first", false, size(u32::MAX), Some(MSGSIZE), sizes),
        end("a reply to nothing", true, flags(1), None, "a message of type 1"),
        end("a reply that is an error", true, flags(0x21), None, "a message of type 1"),
        end("a reply to DMA that was not asked for", true, header(5, DMA_READ, 16, 1), None, "type 1"),
        end("a type that there is not", true, flags(2), None, "a message of type 2"),
        end("a request that failed", true, flags(0x20), Some(INVAL as u32), "that it failed"),
        end("half a header", true, size(32)[..7].to_vec(), None, "after 7 bytes of a header"),
        end("a header without its body", true, size(32), None, "after 0 of 16 bytes"),
        end("half a body", true, [size(32), vec![0; 9]].concat(), None, "after 9 of 16 bytes"),
        end("half a version", false, header(5, VERSION, 64, 0), None, "after 0 of 48 bytes"),
        end("nothing of the most", true, size((1 << 20) + 64), None, "after 0 of 1048624 bytes"),
    ]
}

/// A socket that a card is served on in this process, as `covert card serve` does it.
struct Served {
    listener: Listener,
}

impl Served {
    fn card() -> SimulatedCard<Verilated> {
        let card = SimulatedCard::new(Verilated::unit().unwrap(), Link::default(), 0, Path::new("."));
        card.handle().lock().unwrap().take_trace();
        card
    }

    /// Serves one client; gives how that ended and what the client did.
    fn one<R: Send>(&self, client: impl FnOnce() -> R + Send) -> (Result<(), ServeError>, R) {
        let card = Served::card();
        std::thread::scope(|scope| {
            let client = scope.spawn(client);
            let served = self.listener.serve(card);
            (served, client.join().unwrap())
        })
    }
}

#[test]
fn what_leaves_the_next_message_in_doubt_closes_the_connection_and_the_next_client_is_served() {
    if have(Verilated::unit()).is_none() {
        return;
    }
    let socket = std::env::temp_dir().join(format!("covert-ends-{}.sock", std::process::id()));
    let _ = std::fs::remove_file(&socket);
    let served = Served { listener: Listener::bind(&socket).unwrap() };
    let probe = rustix::fs::memfd_create("ends-probe", rustix::fs::MemfdFlags::CLOEXEC).unwrap();
    for End { what, message, agreed, error, said } in ends() {
        let (ended, answer) = served.one(|| {
            let mut client = if agreed { Raw::agreed(&socket) } else { Raw::mute(&socket) };
            client.send_bytes(&message, &many(&probe, 16));
            client.stream.shutdown(Shutdown::Write).unwrap();
            let command = u16::from_ne_bytes(message[2..4].try_into().unwrap());
            let answer = client.reply(5, command);
            let mut more = Vec::new();
            let _ = client.stream.read_to_end(&mut more);
            assert!(more.is_empty(), "{what}: more than one answer");
            answer
        });
        let ended = ended.err().unwrap_or_else(|| panic!("{what}: nobody was told"));
        assert!(
            matches!(ended, ServeError::Protocol(_)) && ended.to_string().contains(said),
            "{what}: {ended}"
        );
        assert_eq!(answer, error.map(|error| Reply { error: Some(error), body: vec![] }), "{what}");
        let (ended, ()) = served.one(|| Raw::agreed(&socket).is_served(what));
        ended.unwrap();
    }
    let links = std::fs::read_dir("/proc/self/fd").unwrap().flatten();
    let kept = links.filter_map(|entry| std::fs::read_link(entry.path()).ok());
    let kept = kept.filter(|link| link.to_string_lossy().contains("ends-probe")).count();
    assert_eq!(kept, 1, "descriptors that came with those messages are left behind");
}
