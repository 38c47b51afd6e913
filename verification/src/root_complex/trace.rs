//! The TLP trace: every input of every clock, and what the unit sent, in few bytes.
//!
//! ```text
//! file    = "CVTLP1\n\0"  seed: u64  record*
//! record  = clocks since the last record: varint  kind: u8  body
//! kind 1  rx_req beat     data: u64, flags: u8 (bits 1:0 keep, bit 2 last)
//! kind 2  rx_req idle
//! kind 3  rx_cpl beat     as kind 1
//! kind 4  rx_cpl idle
//! kind 5  controls        u8: bit 0 tx_req.ready, 1 tx_cpl.ready, 2 tick, 3 flr_request, 4 bus_master_enable,
//!                         5 msix_enable, 6 msix_function_mask, 7 link_up
//! kind 6  sizes           completer_id: u16, u8: bits 2:0 max_payload, 5:3 max_read_request, 6 rcb
//! kind 16 tx_req packet   number of words: varint, words: u32*; noted when its last beat is taken
//! kind 17 tx_cpl packet   as kind 16
//! kind 32 note            bytes: varint, UTF-8
//! kind 48 reset           before the clock's inputs
//! kind 63 end             no clock has this number any more
//! varint  = seven bits a byte, lowest first, bit 7 says that more follow;  integers are little-endian
//! ```
//! Inputs hold from their clock on until another record changes them, from all zero at the start. Numbers of clocks start at 0
//! when recording starts.

use super::pins::{Inputs, Sideband};
use super::stream::Beat;

const MAGIC: &[u8; 8] = b"CVTLP1\n\0";

/// A stream from the unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stream {
    /// Its requests.
    TxReq,
    /// Its completions.
    TxCpl,
}

/// What a record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// From this clock on, the unit is driven like this.
    Inputs(Inputs),
    /// In this clock the last beat of this packet was taken.
    Packet(Stream, Vec<u32>),
    /// A remark.
    Note(String),
    /// Before this clock the unit was reset.
    Reset,
}

/// A trace read back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// The seed of the run.
    pub seed: u64,
    /// What happened, with its clock, in order.
    pub events: Vec<(u64, Event)>,
    /// Number of clocks.
    pub clocks: u64,
    bytes: Vec<u8>,
}

/// Why bytes are no trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TraceError {
    /// The first bytes are others.
    #[error("this is no TLP trace of version 1")]
    Magic,
    /// The bytes end inside a record.
    #[error("the trace ends inside a record, at byte {at}")]
    Truncated {
        /// Where.
        at: usize,
    },
    /// A record that is none.
    #[error("no record is of kind {kind} (byte {at})")]
    Kind {
        /// The kind.
        kind: u8,
        /// Where.
        at: usize,
    },
}

impl Trace {
    /// The trace as a file.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Reads a trace.
    ///
    /// # Errors
    /// Bytes that are none.
    pub fn parse(bytes: &[u8]) -> Result<Trace, TraceError> {
        if bytes.get(..8) != Some(MAGIC) {
            return Err(TraceError::Magic);
        }
        let mut at = Reader { bytes, at: 8 };
        let mut trace = Trace { seed: at.integer(8)?, bytes: bytes.to_vec(), ..Trace::default() };
        let (mut clock, mut inputs) = (0u64, Inputs::default());
        let mut changed: Option<u64> = None;
        loop {
            let step = at.varint()?;
            clock = clock.saturating_add(step);
            let place = at.at;
            let kind = at.integer(1)? as u8;
            // Several records may change the inputs of one clock: they are one event.
            if let Some(since) = changed
                && (step > 0 || kind >= 16)
            {
                trace.events.push((since, Event::Inputs(inputs)));
                changed = None;
            }
            match kind {
                1 => inputs.rx_req = Some(at.beat()?),
                2 => inputs.rx_req = None,
                3 => inputs.rx_cpl = Some(at.beat()?),
                4 => inputs.rx_cpl = None,
                5 => set_controls(&mut inputs, at.integer(1)? as u8),
                6 => {
                    inputs.sideband.completer_id = at.integer(2)? as u16;
                    set_sizes(&mut inputs.sideband, at.integer(1)? as u8);
                }
                16 | 17 => {
                    let stream = if kind == 16 { Stream::TxReq } else { Stream::TxCpl };
                    let count = at.varint()?;
                    let words = (0..count)
                        .map(|_| at.integer(4).map(|word| word as u32))
                        .collect::<Result<_, _>>()?;
                    trace.events.push((clock, Event::Packet(stream, words)));
                }
                32 => {
                    let length = at.varint()? as usize;
                    let text = String::from_utf8_lossy(at.take(length)?).into_owned();
                    trace.events.push((clock, Event::Note(text)));
                }
                48 => trace.events.push((clock, Event::Reset)),
                63 => {
                    trace.clocks = clock;
                    return Ok(trace);
                }
                kind => return Err(TraceError::Kind { kind, at: place }),
            }
            if kind < 16 {
                changed = Some(clock);
            }
        }
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], TraceError> {
        let end = self.at.checked_add(count).ok_or(TraceError::Truncated { at: self.at })?;
        let taken = self.bytes.get(self.at..end).ok_or(TraceError::Truncated { at: self.at })?;
        self.at = end;
        Ok(taken)
    }

    fn integer(&mut self, bytes: usize) -> Result<u64, TraceError> {
        Ok(self.take(bytes)?.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte)))
    }

    fn varint(&mut self) -> Result<u64, TraceError> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.integer(1)?;
            value |= (byte & 0x7F) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(TraceError::Truncated { at: self.at })
    }

    fn beat(&mut self) -> Result<Beat, TraceError> {
        let data = self.integer(8)?;
        let flags = self.integer(1)? as u8;
        Ok(Beat { data, keep: flags & 3, last: flags & 4 != 0 })
    }
}

fn controls(inputs: &Inputs) -> u8 {
    let side = &inputs.sideband;
    [
        inputs.tx_req_ready,
        inputs.tx_cpl_ready,
        side.tick,
        side.flr_request,
        side.bus_master_enable,
        side.msix_enable,
        side.msix_function_mask,
        side.link_up,
    ]
    .iter()
    .rev()
    .fold(0, |bits, bit| bits << 1 | u8::from(*bit))
}

fn set_controls(inputs: &mut Inputs, bits: u8) {
    let bit = |index: u8| bits >> index & 1 == 1;
    inputs.tx_req_ready = bit(0);
    inputs.tx_cpl_ready = bit(1);
    let side = &mut inputs.sideband;
    side.tick = bit(2);
    side.flr_request = bit(3);
    side.bus_master_enable = bit(4);
    side.msix_enable = bit(5);
    side.msix_function_mask = bit(6);
    side.link_up = bit(7);
}

fn sizes(side: &Sideband) -> u8 {
    side.max_payload & 7 | (side.max_read_request & 7) << 3 | u8::from(side.rcb) << 6
}

fn set_sizes(side: &mut Sideband, bits: u8) {
    side.max_payload = bits & 7;
    side.max_read_request = bits >> 3 & 7;
    side.rcb = bits >> 6 & 1 == 1;
}

/// Writes a trace while it happens.
#[derive(Debug)]
pub struct TraceWriter {
    bytes: Vec<u8>,
    start: u64,
    clock: u64,
    last: Inputs,
}

impl TraceWriter {
    /// Begins a trace; `clock` is the number of its first clock.
    pub fn new(seed: u64, clock: u64) -> TraceWriter {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(seed.to_le_bytes());
        TraceWriter { bytes, start: clock, clock: 0, last: Inputs::default() }
    }

    fn begin(&mut self, clock: u64, kind: u8) {
        let clock = clock.saturating_sub(self.start);
        self.varint(clock.saturating_sub(self.clock));
        self.clock = clock;
        self.bytes.push(kind);
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }

    fn beat(&mut self, clock: u64, kind: u8, beat: Option<Beat>) {
        let Some(beat) = beat else { return self.begin(clock, kind + 1) };
        self.begin(clock, kind);
        self.bytes.extend(beat.data.to_le_bytes());
        self.bytes.push(beat.keep & 3 | u8::from(beat.last) << 2);
    }

    /// Notes how the unit is driven in a clock, as far as it differs from the clock before.
    pub fn inputs(&mut self, clock: u64, inputs: &Inputs) {
        let last = std::mem::replace(&mut self.last, *inputs);
        if inputs.rx_req != last.rx_req {
            self.beat(clock, 1, inputs.rx_req);
        }
        if inputs.rx_cpl != last.rx_cpl {
            self.beat(clock, 3, inputs.rx_cpl);
        }
        if controls(inputs) != controls(&last) {
            self.begin(clock, 5);
            self.bytes.push(controls(inputs));
        }
        let side = |it: &Inputs| (it.sideband.completer_id, sizes(&it.sideband));
        if side(inputs) != side(&last) {
            self.begin(clock, 6);
            self.bytes.extend(inputs.sideband.completer_id.to_le_bytes());
            self.bytes.push(sizes(&inputs.sideband));
        }
    }

    /// Notes a packet of the unit.
    pub fn packet(&mut self, clock: u64, stream: Stream, words: &[u32]) {
        self.begin(clock, if stream == Stream::TxReq { 16 } else { 17 });
        self.varint(words.len() as u64);
        self.bytes.extend(words.iter().flat_map(|word| word.to_le_bytes()));
    }

    /// Notes a remark.
    pub fn note(&mut self, clock: u64, text: &str) {
        self.begin(clock, 32);
        self.varint(text.len() as u64);
        self.bytes.extend(text.as_bytes());
    }

    /// Notes a reset of the unit.
    pub fn reset(&mut self, clock: u64) {
        self.begin(clock, 48);
    }

    /// Bytes so far.
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Ends the trace before this clock.
    pub fn finish(mut self, clock: u64) -> Trace {
        self.begin(clock, 63);
        // What was just written is well-formed; were it not, the bytes are still worth keeping.
        Trace::parse(&self.bytes).unwrap_or(Trace { bytes: self.bytes, ..Trace::default() })
    }
}
