//! The host's side of `docs/src/serial-bridge.md`: frames, numbers, acknowledgements, and memory that it serves.

use crate::common::{ARENA, ARENA_BYTES, FAULTS, Model, RING_LOG2, Random, VERDICTS, build, tools};
use crate::line::Line;
use covert_abi::Verdict;
use covert_abi::registers::{card, doorbell, group, lane};
use std::collections::VecDeque;

pub(crate) const ID: u64 = 0x0350;
/// Frames that may be on their way.
const WINDOW: usize = 32;
/// Clocks in which everything awaited comes, ten times over: on the noisiest line of these tests a verdict takes 0.9 million.
const LIMIT: u64 = 8_000_000;

/// What the bridge says of itself.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Status {
    pub(crate) sideband: u32,
    pub(crate) flr_done: bool,
    pub(crate) bad: u8,
    pub(crate) refused: u8,
    pub(crate) version: u8,
}

pub(crate) struct Host {
    pub(crate) model: Model,
    pub(crate) line: Line,
    pub(crate) clock: u64,
    pub(crate) status: Status,
    /// Statuses seen.
    pub(crate) statuses: u64,
    /// Frames of the bridge that were none, and beats that came again or too early.
    pub(crate) bad: u64,
    pub(crate) unexpected: u64,
    pub(crate) sideband: u32,
    /// Whether beats of the bridge are taken.
    pub(crate) taking: bool,
    next: u8,
    expected: u8,
    waiting: VecDeque<(u8, u64)>,
    unacknowledged: VecDeque<(u8, u64)>,
    progress: u64,
    patience: u64,
    frame: Vec<u8>,
    streams: [Vec<u32>; 2],
    pub(crate) answers: VecDeque<Vec<u32>>,
    pub(crate) reads: u64,
    memory: Vec<(u64, Vec<u8>)>,
}

/// The unit and the bridge, wired by name; with `by_link` as the top levels for Artix-7 have it: the unit is reset by its link alone, a
/// clock late.
pub(crate) fn card_verilog() -> String {
    let unit = covert_rtl::generated();
    let start = unit.find("module redundancy_unit (").expect("the unit");
    let ports: Vec<(String, String)> = unit[start..]
        .lines()
        .skip(1)
        .take_while(|line| !line.starts_with(");"))
        .map(|line| {
            let line = line.trim().trim_end_matches(',');
            let (rest, name) = line.rsplit_once(' ').expect("a name");
            (rest.split_once('[').map_or(String::new(), |(_, range)| format!("[{range} ")), name.to_owned())
        })
        .filter(|(_, name)| name != "clock" && name != "reset")
        .collect();
    let wires: String = ports.iter().map(|(range, name)| format!("wire {range}{name};\n")).collect();
    let linked = |up: &str| -> String {
        let to = |name: &'_ str| if name == "link_up" { up.to_owned() } else { name.to_owned() };
        ports.iter().map(|(_, name)| format!(", .{name}({})", to(name))).collect()
    };
    let (links, of_unit) = (linked("link_up"), linked("by_link ? unit_up : link_up"));
    format!(
        "{unit}\n{}\nmodule serial_card (\ninput wire clock,\ninput wire reset,\ninput wire [7:0] bit_clocks,\n\
         input wire by_link,\ninput wire serial_in,\noutput wire serial_out\n);\n{wires}\
         reg unit_up = 1'b0;\nalways @(posedge clock) unit_up <= link_up & ~reset;\n\
         redundancy_unit unit (.clock(clock), .reset(reset & ~by_link){of_unit});\n\
         serial_bridge bridge (.clock(clock), .reset(reset), .bit_clocks(bit_clocks), .serial_in(serial_in), \
         .serial_out(serial_out){links});\nendmodule\n",
        covert_rtl::serial_bridge()
    )
}

impl Host {
    /// A host that sends bits of `period` clocks to a bridge set to `bit_clocks`, in front of the unit.
    pub(crate) fn of_card(bit_clocks: u64, period: f64) -> Option<Host> {
        Host::of_card_reset(bit_clocks, period, false)
    }

    /// The same; `by_link` is whether the unit is reset by its link alone.
    pub(crate) fn of_card_reset(bit_clocks: u64, period: f64, by_link: bool) -> Option<Host> {
        let mut model = build(&tools()?, "serial_card", &card_verilog());
        model.set("by_link", u64::from(by_link));
        Some(Host::new(model, bit_clocks, period))
    }

    /// The same without the unit: the test has the other pins.
    pub(crate) fn of_bridge(bit_clocks: u64, period: f64) -> Option<Host> {
        let verilog = covert_rtl::serial_bridge();
        let top = covert_rtl::bridge::serial_bridge::NAME;
        Some(Host::new(build(&tools()?, top, &verilog), bit_clocks, period))
    }

    fn new(mut model: Model, bit_clocks: u64, period: f64) -> Host {
        let seed = Random::seed();
        println!("seed {seed}");
        model.set("bit_clocks", bit_clocks);
        model.set("serial_in", 1);
        model.set("reset", 1);
        model.edge();
        model.edge();
        model.set("reset", 0);
        model.eval();
        Host {
            model,
            line: Line::new(period, seed),
            clock: 0,
            status: Status::default(),
            statuses: 0,
            bad: 0,
            unexpected: 0,
            sideband: 0,
            taking: true,
            next: 0,
            expected: 0,
            waiting: VecDeque::new(),
            unacknowledged: VecDeque::new(),
            progress: 0,
            patience: (20.0 * 150.0 * period) as u64,
            frame: Vec::new(),
            streams: Default::default(),
            answers: VecDeque::new(),
            reads: 0,
            memory: vec![
                (ARENA[0], vec![0; ARENA_BYTES as usize]),
                (ARENA[1], vec![0; ARENA_BYTES as usize]),
                (VERDICTS, vec![0; 32 << 8]),
                (FAULTS, vec![0; 32 << 4]),
            ],
        }
    }

    fn emit(&mut self, control: u8, number: u8, data: Option<u64>) {
        let mut bytes = vec![control, number, self.expected];
        bytes.extend(data.iter().flat_map(|data| data.to_le_bytes()));
        let fcs = crc::Crc::<u16>::new(&crc::CRC_16_IBM_SDLC).checksum(&bytes);
        self.line.queue.push_back(0x7E);
        for byte in bytes.into_iter().chain(fcs.to_le_bytes()) {
            match byte {
                0x7D | 0x7E => self.line.queue.extend([0x7D, byte ^ 0x20]),
                _ => self.line.queue.push_back(byte),
            }
        }
        self.line.queue.push_back(0x7E);
    }

    pub(crate) fn poll(&mut self) {
        self.emit(0, self.next, None);
    }

    /// One clock.
    pub(crate) fn step(&mut self) {
        self.clock += 1;
        let level = self.line.level();
        self.model.set("serial_in", u64::from(level));
        self.model.edge();
        let level = self.model.get("serial_out") == 1;
        match self.line.hear(level) {
            Some(Some(0x7E)) => {
                let frame = std::mem::take(&mut self.frame);
                if !frame.is_empty() {
                    self.take_frame(&frame);
                }
            }
            Some(Some(byte)) => self.frame.push(byte),
            // Not to be mended by what follows.
            Some(None) => self.frame.extend([0x7D; 40]),
            None => {}
        }
        let up = self.sideband >> 31 == 1;
        while up && self.line.queue.len() < 8 && self.unacknowledged.len() < WINDOW {
            let Some((control, data)) = self.waiting.pop_front() else { break };
            self.unacknowledged.push_back((control, data));
            let number = self.next;
            self.next = self.next.wrapping_add(1);
            self.progress = self.clock;
            self.emit(control, number, Some(data));
        }
        if self.clock - self.progress > self.patience && self.line.queue.is_empty() {
            self.progress = self.clock;
            self.emit(16, self.next, None);
            let first = self.next.wrapping_sub(self.unacknowledged.len() as u8);
            for (index, (control, data)) in self.unacknowledged.clone().into_iter().enumerate() {
                self.emit(control, first.wrapping_add(index as u8), Some(data));
            }
        }
    }

    fn take_frame(&mut self, escaped: &[u8]) {
        let (mut frame, mut bytes) = (Vec::new(), escaped.iter());
        while let Some(byte) = bytes.next() {
            frame.push(if *byte == 0x7D { bytes.next().map_or(0, |next| next ^ 0x20) } else { *byte });
        }
        let sound = frame.len() == 13 && {
            let fcs = crc::Crc::<u16>::new(&crc::CRC_16_IBM_SDLC).checksum(&frame[..11]);
            frame[11..] == fcs.to_le_bytes()
        };
        if !sound {
            self.bad += 1;
            return;
        }
        let (control, number, acknowledged) = (frame[0], frame[1], frame[2]);
        let data = u64::from_le_bytes(frame[3..11].try_into().expect("eight"));
        let oldest = self.next.wrapping_sub(self.unacknowledged.len() as u8);
        let done = usize::from(acknowledged.wrapping_sub(oldest));
        if done <= self.unacknowledged.len() && done > 0 {
            self.unacknowledged.drain(..done);
            self.progress = self.clock;
        }
        if control == 0 {
            self.statuses += 1;
            self.status = Status {
                sideband: data as u32,
                flr_done: data >> 32 & 1 == 1,
                bad: (data >> 40) as u8,
                refused: (data >> 48) as u8,
                version: (data >> 56) as u8,
            };
            return;
        }
        if number != self.expected || !self.taking {
            self.unexpected += 1;
            return;
        }
        self.expected = self.expected.wrapping_add(1);
        self.progress = self.clock;
        self.poll();
        let stream = match control & 3 {
            1 => 0,
            2 => 1,
            kind => panic!("kind {kind}"),
        };
        let (last, two) = (control & 4 != 0, control & 8 != 0);
        assert!((last || two) && control >> 4 == 0, "control {control:#x}");
        self.streams[stream].push(data as u32);
        if two {
            self.streams[stream].push((data >> 32) as u32);
        }
        if last {
            let tlp = std::mem::take(&mut self.streams[stream]);
            if stream == 1 { self.answers.push_back(tlp) } else { self.serve(&tlp) }
        }
    }

    fn serve(&mut self, tlp: &[u32]) {
        let (write, four) = (tlp[0] >> 30 & 1 == 1, tlp[0] >> 29 & 1 == 1);
        assert_eq!((tlp[0] >> 24 & 0x1F, u64::from(tlp[1] >> 16)), (0, ID), "a memory request of ours");
        let head = if four { 4 } else { 3 };
        let address = if four { u64::from(tlp[2]) << 32 | u64::from(tlp[3]) } else { u64::from(tlp[2]) };
        let dws = (tlp[0] & 0x3FF) as usize;
        if write {
            assert_eq!(tlp.len() - head, dws);
            let bytes: Vec<u8> = tlp[head..].iter().flat_map(|dw| dw.to_le_bytes()).collect();
            self.bytes(address, bytes.len()).copy_from_slice(&bytes);
            return;
        }
        assert_eq!(tlp.len(), head);
        self.reads += 1;
        let (first, last) = (tlp[1] & 0xF, tlp[1] >> 4 & 0xF);
        let skip = first.trailing_zeros() as usize;
        let cut = if dws == 1 { first } else { last }.leading_zeros() as usize - 28;
        let (mut at, end) = (address + skip as u64, address + (4 * dws - cut) as u64);
        while at < end {
            let until = ((at / 64 + 1) * 64).min(end);
            let from = at & !3;
            let count = (until - from).div_ceil(4) as usize;
            let words: Vec<u32> = self
                .bytes(from, 4 * count)
                .chunks(4)
                .map(|dw| u32::from_le_bytes(dw.try_into().expect("four")))
                .collect();
            let mut tlp = vec![
                0x4A00_0000 | count as u32,
                (end - at) as u32 & 0xFFF,
                (ID as u32) << 16 | tlp[1] & 0xFF00 | at as u32 & 0x7F,
            ];
            tlp.extend(words);
            self.send(2, &tlp);
            at = until;
        }
    }

    /// Queues a packet: kind 1 is a request, 2 a completion.
    pub(crate) fn send(&mut self, kind: u8, tlp: &[u32]) {
        let beats = tlp.len().div_ceil(2);
        for (index, pair) in tlp.chunks(2).enumerate() {
            let high = pair.get(1).copied().unwrap_or(0);
            let control = kind | u8::from(index + 1 == beats) << 2 | u8::from(pair.len() == 2) << 3;
            self.waiting.push_back((control, u64::from(pair[0]) | u64::from(high) << 32));
        }
    }

    /// Runs until something holds.
    pub(crate) fn until(&mut self, what: &str, mut holds: impl FnMut(&mut Host) -> bool) {
        for _ in 0..LIMIT {
            if holds(self) {
                return;
            }
            self.step();
        }
        panic!(
            "{what}: never; {:?}, {} bad and {} unexpected frames here",
            self.status, self.bad, self.unexpected
        );
    }

    pub(crate) fn run(&mut self, clocks: u64) {
        for _ in 0..clocks {
            self.step();
        }
    }

    /// Sends the sideband until the bridge shows it.
    pub(crate) fn set_sideband(&mut self, sideband: u32) {
        self.sideband = sideband;
        if sideband >> 31 == 0 {
            (self.next, self.expected) = (0, 0);
            self.waiting.clear();
            self.unacknowledged.clear();
            self.streams = Default::default();
        }
        let mut sent = None;
        self.until("the sideband", |host| {
            if host.status.sideband == sideband && sent.is_some() {
                return true;
            }
            if host.line.queue.is_empty() && sent.is_none_or(|at| host.clock - at > host.patience) {
                sent = Some(host.clock);
                host.emit(3, host.next, Some(sideband.into()));
            }
            false
        });
    }

    /// Link down, then up, with bus mastering.
    pub(crate) fn bring_up(&mut self) {
        self.set_sideband(0);
        self.set_sideband(0x8110_0000 | ID as u32);
    }

    pub(crate) fn bytes(&mut self, address: u64, length: usize) -> &mut [u8] {
        let (base, bytes) = self
            .memory
            .iter_mut()
            .find(|(base, bytes)| address >= *base && address + length as u64 <= *base + bytes.len() as u64)
            .unwrap_or_else(|| panic!("no memory at {address:#x}+{length}"));
        let at = (address - *base) as usize;
        &mut bytes[at..at + length]
    }

    pub(crate) fn write(&mut self, address: u32, value: u32) {
        self.send(1, &[0x4000_0001, 0x0000_000F, 0xF000_0000 | address, value]);
    }

    pub(crate) fn write64(&mut self, address: u32, value: u64) {
        self.send(1, &[0x4000_0002, 0x0000_00FF, 0xF000_0000 | address, value as u32, (value >> 32) as u32]);
    }

    pub(crate) fn read(&mut self, address: u32) -> u32 {
        self.send(1, &[1, 0x0000_420F, 0xF000_0000 | address]);
        self.until("a completion", |host| !host.answers.is_empty());
        let answer = self.answers.pop_front().expect("it is there");
        assert_eq!(answer[..3], [0x4A00_0001, (ID as u32) << 16 | 4, 0x4200 | address & 0x7F]);
        answer[3]
    }

    /// Rings, windows, and both lanes live in generation 1 from record 0 on.
    pub(crate) fn configure(&mut self) {
        self.write64(group::address(0, group::VERDICT_BASE_LO), VERDICTS);
        self.write(group::address(0, group::VERDICT_LOG2), 8);
        self.write(group::address(0, group::PAYLOAD_MAX), 65536);
        self.write64(card::address(0, card::FAULT_BASE_LO), FAULTS);
        self.write(card::address(0, card::FAULT_LOG2), 4);
        self.write(card::address(0, card::CONTROL), 1);
        for i in 0..2u32 {
            let arena = ARENA[i as usize];
            self.write64(lane::address(i, lane::RING_BASE_LO), arena);
            self.write(lane::address(i, lane::RING_LOG2), RING_LOG2);
            self.write64(lane::address(i, lane::WINDOW_BASE_LO), arena);
            self.write64(lane::address(i, lane::WINDOW_LIMIT_LO), arena + ARENA_BYTES);
        }
        self.write(group::address(0, group::MEMBERS), 3);
        self.write64(group::address(0, group::START_LO), 0);
        self.write(group::address(0, group::COMMAND), 1);
        while self.read(group::address(0, group::COMMAND)) != 0 {}
    }

    pub(crate) fn ring(&mut self, lane: u32, tail: u32) {
        self.write64(doorbell::address(lane, doorbell::TAIL), u64::from(tail) | 1 << 32);
    }

    /// The verdict number `index` of the ring, waited for.
    pub(crate) fn verdict(&mut self, index: u32) -> Verdict {
        let mut found = [0; 32];
        self.until("a verdict", |host| {
            found.copy_from_slice(host.bytes(VERDICTS + 32 * u64::from(index), 32));
            found != [0; 32]
        });
        Verdict::open(&found).expect("a sound verdict")
    }
}
