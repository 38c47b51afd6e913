//! The root complex: everything on the other side of the unit's TLP boundary.
//!
//! Host memory behind an IOMMU, BAR accesses, completions that are split, late, overtaken or wrong, interrupts, flow
//! control; and every rule of `docs/src/tlp-boundary.md` asserted on what comes back. Whatever has the
//! unit's pins ([`UnderTest`]) can be put behind it. All chance comes from one seed.
//!
//! Start with [`RootComplex::step`]; the rules are in [`rules`], packets in [`tlp`], the trace in [`trace`].

pub mod around;
pub mod backing;
mod checks;
mod completer;
mod fate;
mod host;
pub mod link;
pub mod memory;
pub mod pins;
pub mod plan;
pub mod replay;
mod requester;
pub mod rules;
pub mod stream;
pub mod tlp;
pub mod trace;
mod watch;

pub use fate::Fate;
pub use host::Failure;
pub use link::Link;
pub use memory::{Direction, HostMemory};
pub use pins::{Idle, Inputs, Outputs, Sideband, UnderTest};
pub use plan::{Answer, Malformation, Plan};
pub use requester::HostAnswer;
pub use rules::{Rule, Violation};

use crate::random::Random;
use checks::check_request;
use completer::Completer;
use requester::Requester;
use std::collections::VecDeque;
use stream::{Beat, beats};
use tlp::{Request, Tlp};
use trace::TraceWriter;
use watch::{Taken, Watch};

/// Clocks that a change of a sideband wire may take to be seen: a request that begins within them is not held against the unit.
const SIDEBAND_CLOCKS: u64 = 2;

/// An interrupt: a write into the range of addresses where interrupts go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Interrupt {
    /// Address written.
    pub address: u64,
    /// Data written.
    pub data: u32,
    /// The clock at which the write was taken.
    pub clock: u64,
}

/// Counts of what crossed the boundary since the last reset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Reads of the unit.
    pub reads: u64,
    /// Bytes that they asked for.
    pub read_bytes: u64,
    /// Writes of the unit, interrupts not counted.
    pub writes: u64,
    /// Interrupts.
    pub interrupts: u64,
    /// Completion packets sent to the unit.
    pub completions: u64,
    /// Most reads outstanding at one time.
    pub outstanding_most: u64,
}

impl std::ops::AddAssign for Traffic {
    fn add_assign(&mut self, other: Traffic) {
        self.reads += other.reads;
        self.read_bytes += other.read_bytes;
        self.writes += other.writes;
        self.interrupts += other.interrupts;
        self.completions += other.completions;
        self.outstanding_most = self.outstanding_most.max(other.outstanding_most);
    }
}

/// Sees each request of the unit before anything of it has an effect, and says what becomes of it.
type Onlooker = Box<dyn FnMut(&Tlp) -> Fate + Send>;

/// A root complex with a unit behind it.
pub struct RootComplex<U> {
    unit: U,
    link: Link,
    random: Random,
    clock: u64,
    /// What the unit can reach.
    pub memory: HostMemory,
    /// Which of its reads go wrong.
    pub plan: Plan,
    requester: Requester,
    completer: Completer,
    rx_req: Feed,
    rx_cpl: Feed,
    tx_req: Watch,
    tx_cpl: Watch,
    sideband: Sideband,
    ticks_due: u64,
    /// When `bus_master_enable`, `link_up` or an MSI-X wire changed last.
    bus_master_since: u64,
    interrupts_since: u64,
    interrupts: VecDeque<Interrupt>,
    /// When the last write into memory was first offered.
    last_write: u64,
    traffic: Traffic,
    onlooker: Option<Onlooker>,
    trace: Option<TraceWriter>,
    last: Outputs,
    /// Whether the host took requests and completions in the last clock.
    ready: (bool, bool),
    /// Clocks since anything moved on a stream or was owed.
    idle: u64,
    /// The unit has said that it will do nothing until something is sent to it.
    still: bool,
}

/// A stream to the unit.
#[derive(Debug, Default)]
struct Feed {
    beats: VecDeque<Beat>,
    /// The beat on offer is held until it is taken.
    offered: bool,
    /// The tag to tell the requester about when the packet is through.
    tag: Option<u8>,
    /// Whether the packet is a posted write, and for how long its beat has waited.
    posted: bool,
    waited: u64,
}

impl Feed {
    fn offer(&mut self, valid: bool) -> Option<Beat> {
        self.offered = self.offered || valid;
        self.beats.front().copied().filter(|_| self.offered)
    }

    /// The beat on offer was taken; true when it was the packet's last.
    fn taken(&mut self) -> bool {
        self.offered = false;
        self.waited = 0;
        self.beats.pop_front().is_some_and(|beat| beat.last)
    }
}

impl<U: UnderTest> RootComplex<U> {
    /// A root complex that has just reset the unit. Bus mastering and MSI-X are off, the link is up.
    pub fn new(mut unit: U, link: Link, seed: u64) -> RootComplex<U> {
        unit.reset();
        let mut random = Random::new(seed);
        let completer = Completer::new(random.fork());
        let sideband = Sideband {
            completer_id: link.completer_id,
            max_payload: Link::size_code(link.max_payload),
            max_read_request: Link::size_code(link.max_read_request),
            rcb: link.read_completion_boundary == 128,
            link_up: true,
            ..Sideband::default()
        };
        RootComplex {
            unit,
            link,
            random,
            clock: 0,
            memory: HostMemory::new(),
            plan: Plan::default(),
            requester: Requester::default(),
            completer,
            rx_req: Feed::default(),
            rx_cpl: Feed::default(),
            tx_req: Watch::default(),
            tx_cpl: Watch::default(),
            sideband,
            ticks_due: 0,
            bus_master_since: 0,
            interrupts_since: 0,
            interrupts: VecDeque::new(),
            last_write: 0,
            traffic: Traffic::default(),
            onlooker: None,
            trace: None,
            last: Outputs::default(),
            ready: (false, false),
            idle: 0,
            still: false,
        }
    }

    /// One clock.
    ///
    /// # Errors
    /// A rule that was broken in it.
    pub fn step(&mut self) -> Result<(), Violation> {
        self.still = false;
        let inputs = self.inputs();
        let outputs = self.unit.settle(&inputs);
        if let Some(trace) = &mut self.trace {
            trace.inputs(self.clock, &inputs);
        }
        let judged = self.judge(&inputs, &outputs);
        self.idle = if judged.is_ok() && self.is_quiet(&inputs, &outputs) { self.idle + 1 } else { 0 };
        self.last = outputs;
        self.unit.clock();
        self.clock += 1;
        judged.map_err(|(rule, found)| Violation { rule, clock: self.clock - 1, found })
    }

    /// Lets up to `most` clocks pass at once, if nothing crosses the boundary in them; gives their number. `ready` stays
    /// as it was: nothing is there to be taken.
    fn skip(&mut self, most: u64) -> u64 {
        let nothing = self.rx_req.beats.is_empty()
            && self.rx_cpl.beats.is_empty()
            && self.requester.queue.is_empty()
            && self.requester.open.is_empty()
            && self.last.tx_req.is_none()
            && self.last.tx_cpl.is_none()
            && self.ticks_due == 0
            && self.link.tick_period == 0
            && !self.sideband.flr_request;
        let due = self.completer.due();
        let most = due.map_or(most, |due| most.min(due.saturating_sub(self.clock)));
        if !nothing || most == 0 {
            return 0;
        }
        self.sideband.tick = false;
        let (tx_req_ready, tx_cpl_ready) = self.ready;
        let inputs = Inputs { tx_req_ready, tx_cpl_ready, sideband: self.sideband, ..Inputs::default() };
        if let Some(trace) = &mut self.trace {
            trace.inputs(self.clock, &inputs);
        }
        let mut passed = 0;
        loop {
            let Idle { clocks, repeats } = self.unit.idle(&inputs, most - passed);
            passed += clocks;
            if due.is_none() {
                self.idle += clocks;
                self.still = repeats;
            }
            // A unit that will do nothing more by itself still sees what is due.
            if due.is_none() || !repeats || passed == most {
                break;
            }
        }
        self.clock += passed;
        passed
    }

    /// Something will happen to the unit.
    fn disturb(&mut self) {
        self.idle = 0;
        self.still = false;
    }

    fn inputs(&mut self) -> Inputs {
        if self.rx_req.beats.is_empty()
            && let Some(packet) = self.requester.queue.pop_front()
        {
            self.rx_req.posted = packet.words.first().is_some_and(|word| word >> 24 & 0xDF == 0x40);
            self.rx_req.tag = packet.tag;
            self.rx_req.beats.extend(beats(&packet.words));
        }
        if self.rx_cpl.beats.is_empty()
            && let Some(words) = self.completer.next(self.clock, &self.link, &self.memory)
        {
            self.traffic.completions += 1;
            self.rx_cpl.beats.extend(beats(&words));
        }
        let (link, random) = (&self.link, &mut self.random);
        let periodic = link.tick_period != 0 && self.clock.is_multiple_of(link.tick_period);
        self.sideband.tick = periodic || self.ticks_due > 0;
        self.ticks_due = self.ticks_due.saturating_sub(1);
        let rx_req = self.rx_req.offer(random.percent(link.valid_percent));
        let rx_cpl = self.rx_cpl.offer(random.percent(link.valid_percent));
        self.ready = (random.percent(link.ready_percent), random.percent(link.ready_percent));
        Inputs {
            rx_req,
            rx_cpl,
            tx_req_ready: self.ready.0,
            tx_cpl_ready: self.ready.1,
            sideband: self.sideband,
        }
    }

    fn is_quiet(&self, inputs: &Inputs, outputs: &Outputs) -> bool {
        self.rx_req.beats.is_empty()
            && self.rx_cpl.beats.is_empty()
            && inputs.rx_req.is_none()
            && inputs.rx_cpl.is_none()
            && outputs.tx_req.is_none()
            && outputs.tx_cpl.is_none()
            && self.requester.queue.is_empty()
            && self.requester.open.is_empty()
            && self.completer.coming() == 0
            && self.ticks_due == 0
    }

    // ---- the rules --------------------------------------------------------------------------

    fn judge(&mut self, inputs: &Inputs, outputs: &Outputs) -> Result<(), (Rule, String)> {
        self.judge_rx(inputs, outputs)?;
        let write_before = self.tx_req.began().filter(|_| is_write(&self.tx_req.partial()));
        let sent = self.tx_req.see(outputs.tx_req, inputs.tx_req_ready, self.clock)?;
        self.judge_start()?;
        if self.tx_cpl.began().is_none()
            && outputs.tx_cpl.is_some()
            && let Some(since) = write_before
        {
            let write = hex(&self.tx_req.partial());
            return Err((
                Rule::CompletionOrder,
                format!("the write [{write}] has waited since clock {since}"),
            ));
        }
        let answered = self.tx_cpl.see(outputs.tx_cpl, inputs.tx_cpl_ready, self.clock)?;
        if let Some(taken) = sent {
            self.trace_packet(trace::Stream::TxReq, &taken.words);
            self.take_request(&taken).map_err(|(rule, found)| (rule, self.name(&taken, &found)))?;
        }
        if let Some(taken) = answered {
            self.trace_packet(trace::Stream::TxCpl, &taken.words);
            self.take_completion(&taken).map_err(|(rule, found)| (rule, self.name(&taken, &found)))?;
        }
        Ok(())
    }

    fn judge_rx(&mut self, inputs: &Inputs, outputs: &Outputs) -> Result<(), (Rule, String)> {
        if let Some(beat) = inputs.rx_cpl {
            if !outputs.rx_cpl_ready {
                return Err((Rule::CompletionSpace, format!("rx_cpl.ready is low for {beat:x?}")));
            }
            self.rx_cpl.taken();
        }
        if inputs.rx_req.is_some() {
            if outputs.rx_req_ready {
                if self.rx_req.taken()
                    && let Some(tag) = self.rx_req.tag.take()
                {
                    self.requester.delivered(tag);
                }
            } else {
                self.rx_req.waited += 1;
                if self.rx_req.posted && self.rx_req.waited > self.link.posted_patience {
                    let found = format!("a posted write has waited for {} clocks", self.rx_req.waited);
                    return Err((Rule::PostedProgress, found));
                }
            }
        }
        // What the host does not take it cannot wait for.
        let could_answer = inputs.tx_cpl_ready && inputs.tx_req_ready;
        for read in &mut self.requester.open {
            let Some(waited) = &mut read.waited else { continue };
            *waited += u64::from(could_answer);
            if *waited > self.link.completion_patience {
                let found = format!("{} has waited for {waited} clocks", Tlp::Read(read.request));
                return Err((Rule::CompletionTime, found));
            }
        }
        Ok(())
    }

    /// A packet of the unit that has just been offered for the first time.
    fn judge_start(&self) -> Result<(), (Rule, String)> {
        let off = !(self.sideband.bus_master_enable && self.sideband.link_up);
        if self.tx_req.began() == Some(self.clock)
            && off
            && self.clock > self.bus_master_since + SIDEBAND_CLOCKS
        {
            let found = format!("a request begins, bus master off since clock {}", self.bus_master_since);
            return Err((Rule::BusMaster, found));
        }
        Ok(())
    }

    fn take_request(&mut self, taken: &Taken) -> Result<(), (Rule, String)> {
        let packet = decode(taken)?;
        let fate = self.onlooker.as_mut().map(|onlooker| onlooker(&packet)).unwrap_or_default();
        match packet {
            Tlp::Read(request) => {
                check_request(&request, None, &self.link)?;
                self.take_read(request)
            }
            Tlp::Write(request, data) => {
                check_request(&request, Some(data.len()), &self.link)?;
                match fate {
                    Fate::Arrives => self.take_write(request, &data, taken.offered),
                    Fate::Lost => Ok(()),
                    Fate::Spoiled(data) => self.take_write(request, &data, taken.offered),
                }
            }
            Tlp::Completion(..) => Err((Rule::PacketKind, "a completion among requests".into())),
        }
    }

    fn take_read(&mut self, request: Request) -> Result<(), (Rule, String)> {
        if self.completer.is_open(request.tag) {
            return Err((Rule::TagUnique, format!("tag {:#04x} is in use", request.tag)));
        }
        let outstanding = self.completer.outstanding() + 1;
        if outstanding > self.link.tags {
            return Err((Rule::TagCount, format!("{outstanding} reads, {} tags", self.link.tags)));
        }
        let (first, bytes) = (request.first_byte(), request.byte_count());
        let answer = match self.plan.of(first..first.saturating_add(bytes.into())) {
            Some(answer) => answer,
            None if self.memory.dma_read(first, &mut vec![0; bytes as usize]) => Answer::Good,
            None if !self.link.strict_windows => Answer::Unsupported,
            None => return Err((Rule::ReadWindow, format!("{bytes} bytes from {first:#x} on"))),
        };
        self.traffic.reads += 1;
        self.traffic.read_bytes += u64::from(bytes);
        self.traffic.outstanding_most = self.traffic.outstanding_most.max(outstanding as u64);
        self.completer.take(request, answer, self.clock, &self.link);
        Ok(())
    }

    fn take_write(&mut self, request: Request, data: &[u32], offered: u64) -> Result<(), (Rule, String)> {
        if let [data] = data
            && self.link.interrupts.contains(&request.address)
        {
            let on = self.sideband.msix_enable && !self.sideband.msix_function_mask;
            if !on && offered > self.interrupts_since + SIDEBAND_CLOCKS {
                return Err((Rule::Interrupt, "MSI-X is off or masked".into()));
            }
            let interrupt = Interrupt { address: request.address, data: *data, clock: self.clock };
            self.interrupts.push_back(interrupt);
            self.traffic.interrupts += 1;
            return Ok(());
        }
        self.traffic.writes += 1;
        self.last_write = offered;
        for (index, word) in data.iter().enumerate() {
            let bytes = word.to_le_bytes();
            let enables = request.enables(index);
            let address = request.address + 4 * index as u64;
            let whole = if enables == 0xF { self.memory.dma_write(address, &bytes) } else { true };
            let partly = enables == 0xF
                || (0..4)
                    .filter(|byte| enables >> byte & 1 == 1)
                    .all(|byte| self.memory.dma_write(address + byte, &bytes[byte as usize..][..1]));
            if !(whole && partly) {
                return Err((Rule::WriteWindow, format!("nothing writable at {address:#x}")));
            }
        }
        Ok(())
    }

    fn take_completion(&mut self, taken: &Taken) -> Result<(), (Rule, String)> {
        let Tlp::Completion(completion, data) = decode(taken)? else {
            return Err((Rule::PacketKind, "a request among completions".into()));
        };
        self.requester.complete(&completion, data, &self.link).map_err(|found| (Rule::CompletionMatch, found))
    }

    fn trace_packet(&mut self, stream: trace::Stream, words: &[u32]) {
        if let Some(trace) = &mut self.trace {
            trace.packet(self.clock, stream, words);
        }
    }

    fn name(&self, taken: &Taken, found: &str) -> String {
        match Tlp::decode(&taken.words) {
            Ok(tlp) => format!("{found}; {tlp}, offered from clock {}", taken.offered),
            Err(_) => format!("{found}; [{}], offered from clock {}", hex(&taken.words), taken.offered),
        }
    }
}

fn decode(taken: &Taken) -> Result<Tlp, (Rule, String)> {
    Tlp::decode(&taken.words).map_err(|error| {
        let rule = match error {
            tlp::TlpError::Kind { .. } | tlp::TlpError::Status(_) => Rule::PacketKind,
            tlp::TlpError::Reserved { word: 0, .. } => Rule::PacketAttributes,
            tlp::TlpError::Reserved { .. } => Rule::PacketKind,
            tlp::TlpError::Short { .. } | tlp::TlpError::Length { .. } => Rule::StreamFraming,
        };
        (rule, error.to_string())
    })
}

fn is_write(words: &[u32]) -> bool {
    words.first().is_some_and(|word| word >> 24 & 0xDF == 0x40)
}

fn hex(words: &[u32]) -> String {
    words.iter().map(|word| format!("{word:08x}")).collect::<Vec<_>>().join(" ")
}
