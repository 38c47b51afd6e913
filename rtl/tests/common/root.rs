//! A small root complex around the Verilated unit: memory, register accesses, reads with latency and splits.
//!
//! It is the test's own, written from `docs/src/tlp-boundary.md`; it checks the stream rules as it goes.

use super::{Model, Random, build, tools};
use covert_abi::registers::{card, doorbell, group, lane};
use covert_abi::{Body, FaultEntry, Generation, Header, Seq, Submission, Verdict, VerdictEntry};
use std::collections::VecDeque;

pub const ARENA: [u64; 3] = [0x0010_0000, 0x1_0000_0000, 0x0040_0000];
pub const ARENA_BYTES: u64 = 0x0008_0000;
pub const VERDICTS: u64 = 0x0030_0000;
pub const FAULTS: u64 = 0x2_0000_0000;
pub const RING_LOG2: u32 = 6;
pub const VERDICT_LOG2: u32 = 8;
const ID: u64 = 0x0350;

/// What to do to the completions of a read.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Sabotage {
    None,
    Refuse,
    Abort,
    Poison,
    Drop,
    WrongCount,
    WrongLower,
    Short,
    Long,
}

struct Read {
    due: u64,
    tlp: Vec<u32>,
    tag: u32,
}

pub struct Root {
    pub model: Model,
    lanes: usize,
    pub clock: u64,
    pub random: Random,
    pub latency: u64,
    /// Largest completion in bytes.
    pub split: u64,
    pub shuffle: bool,
    /// One tick every so many clocks.
    pub tick_every: u64,
    pub tx_ready_in: u64,
    pub sabotage: Box<dyn FnMut(u64, u64) -> Sabotage>,
    memory: Vec<(u64, Vec<u8>)>,
    reads: Vec<Read>,
    rx_req: VecDeque<(u64, u64, bool)>,
    rx_cpl: VecDeque<(u64, u64, bool)>,
    tx_req: Vec<u32>,
    tx_cpl: Vec<u32>,
    pub answers: VecDeque<Vec<u32>>,
    /// Every port at every clock, from the reset on.
    pub trace: Option<Vec<Vec<u64>>>,
    pub interrupts: Vec<(u64, u32)>,
    pub writes: u64,
    pub reads_seen: u64,
    pub late_held: Vec<Vec<u32>>,
    /// Clock of the last beat on rx_cpl, of the first beat of each 32-byte write.
    pub last_cpl: u64,
    pub verdict_clocks: Vec<(u64, u64)>,
    pub cpl_beats: u64,
    pub read_requests: Vec<(u64, u64)>,
    offered_write: bool,
    answers_started: bool,
    write_was_first: bool,
    write_first_clock: u64,
    held: Option<(u64, u64, u64)>,
    p: Ports,
}

macro_rules! port_table {
    ($($field:ident)+) => {
        struct Ports { $( $field: u32, )+ }
        impl Ports {
            fn new(model: &Model) -> Ports {
                Ports { $( $field: model.port(stringify!($field)), )+ }
            }
        }
    };
}
port_table!(rx_req_valid rx_req_ready rx_req_data rx_req_keep rx_req_last
    rx_cpl_valid rx_cpl_ready rx_cpl_data rx_cpl_keep rx_cpl_last
    tx_req_valid tx_req_ready tx_req_data tx_req_keep tx_req_last
    tx_cpl_valid tx_cpl_ready tx_cpl_data tx_cpl_keep tx_cpl_last tick);

fn beats(tlp: &[u32]) -> impl Iterator<Item = (u64, u64, bool)> + '_ {
    let count = tlp.len().div_ceil(2);
    tlp.chunks(2).enumerate().map(move |(i, pair)| {
        let high = pair.get(1).copied().unwrap_or(0);
        let keep = if pair.len() == 2 { 3 } else { 1 };
        (u64::from(pair[0]) | u64::from(high) << 32, keep, i + 1 == count)
    })
}

impl Root {
    /// Around the unit with two lanes.
    pub fn new() -> Option<Root> {
        Root::with_lanes(2)
    }

    /// Around the unit with two lanes, or three.
    pub fn with_lanes(lanes: usize) -> Option<Root> {
        let tools = tools()?;
        let (name, verilog) = match lanes {
            2 => (covert_rtl::unit::NAME, covert_rtl::generated()),
            _ => (covert_rtl::unit::NAME_WITH_THREE_LANES, covert_rtl::generated_with_three_lanes()),
        };
        let mut model = build(&tools, name, &verilog);
        model.set("reset", 1);
        model.set("link_up", 1);
        model.set("completer_id", ID);
        model.set("max_payload", 1);
        model.set("max_read_request", 2);
        model.set("bus_master_enable", 1);
        model.edge();
        model.edge();
        model.set("reset", 0);
        model.eval();
        let p = Ports::new(&model);
        let memory = vec![
            (ARENA[0], vec![0; ARENA_BYTES as usize]),
            (ARENA[1], vec![0; ARENA_BYTES as usize]),
            (ARENA[2], vec![0; ARENA_BYTES as usize]),
            (VERDICTS, vec![0; 32 << VERDICT_LOG2]),
            (FAULTS, vec![0; 32 << 4]),
        ];
        Some(Root {
            model,
            lanes,
            clock: 0,
            random: Random::new(Random::seed()),
            latency: 20,
            split: 256,
            shuffle: false,
            tick_every: 0,
            tx_ready_in: 1,
            sabotage: Box::new(|_, _| Sabotage::None),
            memory,
            reads: Vec::new(),
            rx_req: VecDeque::new(),
            rx_cpl: VecDeque::new(),
            tx_req: Vec::new(),
            tx_cpl: Vec::new(),
            answers: VecDeque::new(),
            trace: None,
            interrupts: Vec::new(),
            writes: 0,
            reads_seen: 0,
            late_held: Vec::new(),
            last_cpl: 0,
            verdict_clocks: Vec::new(),
            cpl_beats: 0,
            read_requests: Vec::new(),
            offered_write: false,
            answers_started: false,
            write_was_first: false,
            write_first_clock: 0,
            held: None,
            p,
        })
    }

    pub fn bytes(&mut self, address: u64, length: usize) -> &mut [u8] {
        let (base, bytes) = self
            .memory
            .iter_mut()
            .find(|(base, bytes)| address >= *base && address + length as u64 <= *base + bytes.len() as u64)
            .unwrap_or_else(|| panic!("no memory at {address:#x}+{length}"));
        let at = (address - *base) as usize;
        &mut bytes[at..at + length]
    }

    /// One clock.
    pub fn step(&mut self) {
        let p = &self.p;
        self.clock += 1;
        // Finished reads turn into completions.
        let ready: Vec<usize> = (0..self.reads.len()).filter(|i| self.reads[*i].due <= self.clock).collect();
        if self.rx_cpl.is_empty() && !ready.is_empty() {
            let mut pick = ready[0];
            if self.shuffle {
                // Any tag, but within a tag the first.
                pick = ready[self.random.below(ready.len() as u64) as usize];
                let tag = self.reads[pick].tag;
                pick = *ready.iter().find(|i| self.reads[**i].tag == tag).expect("itself");
            }
            let read = self.reads.remove(pick);
            self.rx_cpl.extend(beats(&read.tlp));
        }
        let m = &mut self.model;
        match self.rx_cpl.front() {
            Some((data, keep, last)) => {
                m.set_port(p.rx_cpl_valid, 1);
                m.set_port(p.rx_cpl_data, *data);
                m.set_port(p.rx_cpl_keep, *keep);
                m.set_port(p.rx_cpl_last, u64::from(*last));
            }
            None => m.set_port(p.rx_cpl_valid, 0),
        }
        match self.rx_req.front() {
            Some((data, keep, last)) => {
                m.set_port(p.rx_req_valid, 1);
                m.set_port(p.rx_req_data, *data);
                m.set_port(p.rx_req_keep, *keep);
                m.set_port(p.rx_req_last, u64::from(*last));
            }
            None => m.set_port(p.rx_req_valid, 0),
        }
        let tick = self.tick_every != 0 && self.clock.is_multiple_of(self.tick_every);
        m.set_port(p.tick, u64::from(tick));
        let tx_ready = self.tx_ready_in != 0 && self.random.below(self.tx_ready_in) == 0;
        m.set_port(p.tx_req_ready, u64::from(tx_ready));
        m.set_port(p.tx_cpl_ready, u64::from(tx_ready));
        m.eval();
        if let Some(trace) = &mut self.trace {
            trace.push((0..m.ports().len() as u32).map(|port| m.get_port(port)).collect());
        }
        assert_eq!(m.get_port(p.rx_cpl_ready), 1, "rx_cpl_ready must never be low");
        let rx_req_taken = m.get_port(p.rx_req_valid) == 1 && m.get_port(p.rx_req_ready) == 1;
        let tx_valid = m.get_port(p.tx_req_valid) == 1;
        let beat = (m.get_port(p.tx_req_data), m.get_port(p.tx_req_keep), m.get_port(p.tx_req_last));
        if let Some(held) = self.held {
            assert!(tx_valid && held == beat, "a beat that was offered must stay");
        }
        self.held = (tx_valid && !tx_ready).then_some(beat);
        if tx_valid && self.tx_req.is_empty() {
            self.offered_write = beat.0 >> 30 & 1 == 1;
        }
        let cpl_valid = m.get_port(p.tx_cpl_valid) == 1;
        if cpl_valid && self.tx_cpl.is_empty() && !self.answers_started {
            assert!(
                !(tx_valid && self.offered_write && self.write_was_first),
                "a completion overtook a posted write"
            );
        }
        self.answers_started = cpl_valid && !(tx_ready && m.get_port(p.tx_cpl_last) == 1);
        self.write_was_first = tx_valid && self.offered_write && !(tx_ready && beat.2 == 1);
        let cpl_beat = (m.get_port(p.tx_cpl_data), m.get_port(p.tx_cpl_keep), m.get_port(p.tx_cpl_last));
        m.edge();
        if self.rx_cpl.pop_front().is_some() {
            self.last_cpl = self.clock;
            self.cpl_beats += 1;
        }
        if rx_req_taken {
            self.rx_req.pop_front();
        }
        if tx_valid && self.tx_req.is_empty() && self.write_first_clock == 0 {
            self.write_first_clock = self.clock;
        }
        if tx_valid && tx_ready {
            self.tx_req.push(beat.0 as u32);
            if beat.1 == 3 {
                self.tx_req.push((beat.0 >> 32) as u32);
            }
            assert!(beat.1 == 3 || beat.2 == 1, "only the last beat may be half full");
            if beat.2 == 1 {
                let tlp = std::mem::take(&mut self.tx_req);
                self.request(&tlp);
                self.write_first_clock = 0;
            }
        }
        if cpl_valid && tx_ready {
            self.tx_cpl.push(cpl_beat.0 as u32);
            if cpl_beat.1 == 3 {
                self.tx_cpl.push((cpl_beat.0 >> 32) as u32);
            }
            if cpl_beat.2 == 1 {
                self.answers.push_back(std::mem::take(&mut self.tx_cpl));
            }
        }
    }

    fn request(&mut self, tlp: &[u32]) {
        let four = tlp[0] >> 29 & 1 == 1;
        let write = tlp[0] >> 30 & 1 == 1;
        assert_eq!(tlp[0] >> 24 & 0x1F, 0, "a memory request");
        assert_eq!(u64::from(tlp[1] >> 16), ID, "our requester ID");
        let dws = (tlp[0] & 0x3FF) as usize;
        let address = if four { u64::from(tlp[2]) << 32 | u64::from(tlp[3]) } else { u64::from(tlp[2]) };
        assert_eq!(four, address >> 32 != 0, "4 DW above 4 GiB and only there");
        let head = if four { 4 } else { 3 };
        if write {
            let payload = &tlp[head..];
            assert_eq!(payload.len(), dws);
            if dws == 1 {
                self.interrupts.push((address, payload[0]));
                return;
            }
            assert_eq!((dws, address % 32, tlp[1] & 0xFF), (8, 0, 0xFF), "one aligned 32-byte write");
            self.writes += 1;
            if address < FAULTS {
                self.verdict_clocks.push((self.last_cpl, self.write_first_clock));
            }
            let bytes: Vec<u8> = payload.iter().flat_map(|dw| dw.to_le_bytes()).collect();
            self.bytes(address, 32).copy_from_slice(&bytes);
            return;
        }
        assert_eq!(tlp.len(), head);
        self.reads_seen += 1;
        let (first, last) = (tlp[1] & 0xF, tlp[1] >> 4 & 0xF);
        let tag = tlp[1] >> 8 & 0xFF;
        assert!(tag < 16);
        assert!((1..=128).contains(&dws) && address / 4096 == (address + 4 * dws as u64 - 1) / 4096);
        let skip = first.trailing_zeros();
        let cut = if dws == 1 { first.leading_zeros() - 28 } else { last.leading_zeros() - 28 };
        assert_eq!(dws == 1, last == 0);
        let (skip, bytes) = (u64::from(skip), 4 * dws as u64 - u64::from(skip) - u64::from(cut));
        let start = address + skip;
        self.read_requests.push((start, bytes));
        let action = (self.sabotage)(start, bytes);
        let due = self.clock + self.latency + if self.shuffle { self.random.below(100) } else { 0 };
        let completion = |status: u32, lower: u64, count: u64, data: &[u32], poison: bool| {
            let with = if data.is_empty() { 0x0A00_0000 } else { 0x4A00_0000 };
            let mut tlp = vec![
                with | u32::from(poison) << 14 | data.len() as u32,
                status << 13 | (count & 0xFFF) as u32,
                (ID as u32) << 16 | tag << 8 | (lower & 0x7F) as u32,
            ];
            tlp.extend(data);
            tlp
        };
        match action {
            Sabotage::Refuse | Sabotage::Abort => {
                let status = if action == Sabotage::Refuse { 1 } else { 4 };
                self.reads.push(Read { due, tlp: completion(status, start, bytes, &[], false), tag });
                return;
            }
            _ => {}
        }
        let mut at = start;
        let end = start + bytes;
        while at < end {
            // Completions end at multiples of 64 bytes.
            let mut until = (at / 64 + self.split / 64) * 64;
            if self.shuffle {
                until = (at / 64 + 1 + self.random.below(self.split / 64)) * 64;
            }
            let until = until.max(at / 64 * 64 + 64).min(end);
            let from = at & !3;
            let count = (until - from).div_ceil(4);
            // The bytes beside the wanted ones are not to be relied on.
            let mut data = Vec::new();
            for dw in 0..count {
                let mut word = [0xEE; 4];
                for (byte, slot) in word.iter_mut().enumerate() {
                    let address = from + 4 * dw + byte as u64;
                    if address >= at && address < until {
                        *slot = self.bytes(address, 1)[0];
                    }
                }
                data.push(u32::from_le_bytes(word));
            }
            let (mut count, mut lower, mut poison) = (end - at, at, false);
            match action {
                Sabotage::Poison => poison = true,
                Sabotage::WrongCount => count += 4,
                Sabotage::WrongLower => lower ^= 0x20,
                _ => {}
            }
            let mut tlp = completion(0, lower, count, &data, poison);
            match action {
                Sabotage::Short => drop(tlp.pop()),
                Sabotage::Long => tlp.push(0),
                _ => {}
            }
            if action == Sabotage::Drop {
                self.late_held.push(tlp);
            } else {
                self.reads.push(Read { due, tlp, tag });
            }
            if matches!(
                action,
                Sabotage::WrongCount | Sabotage::WrongLower | Sabotage::Short | Sabotage::Long
            ) {
                return;
            }
            at = until;
        }
    }

    pub fn send_late(&mut self) {
        for tlp in std::mem::take(&mut self.late_held) {
            self.rx_cpl.extend(beats(&tlp).collect::<Vec<_>>());
        }
    }

    pub fn run(&mut self, clocks: u64) {
        for _ in 0..clocks {
            self.step();
        }
    }

    pub fn send(&mut self, tlp: &[u32]) {
        self.rx_req.extend(beats(tlp).collect::<Vec<_>>());
    }

    pub fn write(&mut self, address: u32, value: u32) {
        self.send(&[0x4000_0001, 0x0000_000F, 0xF000_0000 | address, value]);
        while !self.rx_req.is_empty() {
            self.step();
        }
        self.run(2);
    }

    pub fn write64(&mut self, address: u32, value: u64) {
        self.send(&[
            0x6000_0002,
            0x0000_00FF,
            0x1,
            0xF000_0000 | address,
            value as u32,
            (value >> 32) as u32,
        ]);
        while !self.rx_req.is_empty() {
            self.step();
        }
        self.run(3);
    }

    pub fn answer(&mut self) -> Vec<u32> {
        for _ in 0..10_000 {
            if let Some(answer) = self.answers.pop_front() {
                return answer;
            }
            self.step();
        }
        panic!("no completion");
    }

    pub fn read(&mut self, address: u32) -> u32 {
        self.send(&[0x0000_0001, 0x0000_420F, 0xF000_0000 | address]);
        let answer = self.answer();
        assert_eq!(answer.len(), 4);
        assert_eq!((answer[0], answer[1]), (0x4A00_0001, (ID as u32) << 16 | 4));
        assert_eq!(answer[2], 0x4200 | address & 0x7F);
        answer[3]
    }

    /// Rings, windows, members; the group is left idle.
    pub fn configure(&mut self) {
        self.write64(group::address(0, group::VERDICT_BASE_LO), VERDICTS);
        self.write(group::address(0, group::VERDICT_LOG2), VERDICT_LOG2);
        self.write(group::address(0, group::PAYLOAD_MAX), 65536);
        self.write64(card::address(0, card::FAULT_BASE_LO), FAULTS);
        self.write(card::address(0, card::FAULT_LOG2), 4);
        self.write(card::address(0, card::CONTROL), 1);
        for i in 0..self.lanes as u32 {
            let arena = ARENA[i as usize];
            self.write64(lane::address(i, lane::RING_BASE_LO), arena);
            self.write(lane::address(i, lane::RING_LOG2), RING_LOG2);
            self.write64(lane::address(i, lane::WINDOW_BASE_LO), arena);
            self.write64(lane::address(i, lane::WINDOW_LIMIT_LO), arena + ARENA_BYTES);
        }
    }

    pub fn flush(&mut self, members: u32, start: Seq) {
        self.write(group::address(0, group::MEMBERS), members);
        self.write64(group::address(0, group::START_LO), start);
        self.write(group::address(0, group::COMMAND), 1);
        for _ in 0..1000 {
            if self.read(group::address(0, group::COMMAND)) == 0 {
                return;
            }
        }
        panic!("the flush does not end");
    }

    pub fn header(generation: Generation, seq: Seq) -> Header {
        Header { seq, generation, length: 0, target: 0x3F8, group: 0, kind: 1, channel: 7 }
    }

    /// Puts an entry into a lane's ring; `index` counts from the start of the generation.
    pub fn put(&mut self, lane: usize, index: u32, entry: &[u8; 64]) {
        let slot = u64::from(index % (1 << RING_LOG2));
        self.bytes(ARENA[lane] + 64 * slot, 64).copy_from_slice(entry);
    }

    pub fn ring(&mut self, lane: u32, generation: Generation, tail: u32) {
        let value = u64::from(tail) | u64::from(generation) << 32;
        self.write64(doorbell::address(lane, doorbell::TAIL), value);
    }

    pub fn inline(header: Header, payload: &[u8]) -> [u8; 64] {
        Submission::inline(header, payload).expect("short enough").seal()
    }

    pub fn at(header: Header, length: usize, address: u64) -> [u8; 64] {
        Submission { header: Header { length: length as u32, ..header }, body: Body::At(address) }.seal()
    }

    /// The verdict number `index` of the ring, waited for.
    pub fn verdict(&mut self, index: u32) -> Verdict {
        self.try_verdict(index, 20_000).unwrap_or_else(|| panic!("no verdict {index}"))
    }

    pub fn try_verdict(&mut self, index: u32, clocks: u64) -> Option<Verdict> {
        let phase = covert_abi::verdict::phase_of(index, VERDICT_LOG2);
        let at = VERDICTS + 32 * u64::from(index % (1 << VERDICT_LOG2));
        for _ in 0..clocks {
            let entry: [u8; VerdictEntry::BYTES] = self.bytes(at, 32).try_into().expect("32 bytes");
            if entry != [0; 32] && (entry[28] & 1 == 1) == phase {
                return Some(Verdict::open(&entry).expect("a sound verdict"));
            }
            self.step();
        }
        None
    }

    pub fn fault(&mut self, index: u32) -> covert_abi::Fault {
        for _ in 0..20_000 {
            let entry: [u8; FaultEntry::BYTES] =
                self.bytes(FAULTS + 32 * u64::from(index % 16), 32).try_into().expect("32 bytes");
            if entry != [0; 32] {
                return covert_abi::Fault::open(&entry).expect("a sound fault");
            }
            self.step();
        }
        panic!("no fault {index}");
    }
}
