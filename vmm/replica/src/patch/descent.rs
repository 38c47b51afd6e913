//! The ways through a program: which instructions some way leads to, from its functions on and from whatever looks like the
//! address of code.

use super::map::{long, word};
use super::{Map, Region};
use iced_x86::{Code, Decoder, DecoderOptions, FlowControl, Instruction, OpKind};

/// Most entries of a jump table.
const TABLE_MAX: usize = 4096;

/// How sure it is that there is a way to an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    /// None is known.
    None,
    /// From something that looks like the address of code.
    Perhaps,
    /// From where the file says that a function begins.
    Certain,
}

/// What is known of each byte of code.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Byte {
    Unknown,
    /// The first of an instruction.
    First(Way),
    /// Another one of an instruction.
    Inner,
}

/// The instructions that some way leads to; none, by default.
#[derive(Default)]
pub(super) struct Reached {
    bytes: Vec<Vec<Byte>>,
}

impl Reached {
    /// Follows all ways.
    pub(super) fn from<'a>(map: &'a Map<'a>) -> Reached {
        let decoder =
            |region: &Region<'a>| Decoder::with_ip(64, region.bytes, region.start, DecoderOptions::NONE);
        let mut search = Search {
            map,
            decoders: map.code.iter().map(decoder).collect(),
            reached: Reached {
                bytes: map.code.iter().map(|region| vec![Byte::Unknown; region.bytes.len()]).collect(),
            },
            to_follow: Vec::new(),
            perhaps: Vec::new(),
        };
        search.to_follow.extend(&map.functions);
        search.follow(Way::Certain);
        search.perhaps.extend(pointers(map));
        while !search.perhaps.is_empty() {
            search.to_follow.append(&mut search.perhaps);
            search.follow(Way::Perhaps);
        }
        search.reached
    }

    /// How sure it is that an instruction begins at an offset into a region of code.
    pub(super) fn way(&self, region: usize, offset: usize) -> Way {
        match self.bytes.get(region).and_then(|bytes| bytes.get(offset)) {
            Some(Byte::First(way)) => *way,
            _ => Way::None,
        }
    }
}

/// The words of the data that are addresses of code, as they are or as the program's own relocation makes them.
fn pointers(map: &Map<'_>) -> Vec<u64> {
    let mut found = Vec::new();
    for region in &map.data {
        let aligned = (region.start.wrapping_neg() % 8) as usize;
        for bytes in region.bytes.get(aligned..).unwrap_or_default().chunks_exact(8) {
            let value = long(bytes, 0).unwrap_or(0);
            if value != 0 {
                let candidates = [value, value.wrapping_add(map.bias)];
                found.extend(candidates.iter().filter(|address| map.find(**address).is_some()));
            }
        }
    }
    found
}

struct Search<'a> {
    map: &'a Map<'a>,
    /// One for each region of code.
    decoders: Vec<Decoder<'a>>,
    reached: Reached,
    to_follow: Vec<u64>,
    /// Addresses that look like those of code.
    perhaps: Vec<u64>,
}

impl Search<'_> {
    fn follow(&mut self, way: Way) {
        while let Some(address) = self.to_follow.pop() {
            self.follow_one(address, way);
        }
    }

    /// Follows one way until it ends or meets one that was followed already.
    fn follow_one(&mut self, address: u64, way: Way) {
        let Some((region, mut offset)) = self.map.find(address) else { return };
        let decoder = &mut self.decoders[region];
        decoder.set_ip(address);
        if decoder.set_position(offset).is_err() {
            return;
        }
        let mut instruction = Instruction::default();
        while self.reached.bytes[region].get(offset) == Some(&Byte::Unknown) {
            self.decoders[region].decode_out(&mut instruction);
            let known = &mut self.reached.bytes[region];
            let inner = offset + 1..offset + instruction.len();
            // Two ways that cut each other's instructions cannot both be right: the surer one was followed first.
            let cuts =
                known.get(inner.clone()).is_none_or(|rest| rest.iter().any(|byte| *byte != Byte::Unknown));
            if instruction.code() == Code::INVALID || cuts {
                return;
            }
            known[offset] = Byte::First(way);
            known[inner].fill(Byte::Inner);
            offset += instruction.len();
            self.note_addresses(&instruction);
            match instruction.flow_control() {
                FlowControl::Next | FlowControl::IndirectCall | FlowControl::Interrupt => {}
                FlowControl::ConditionalBranch | FlowControl::Call | FlowControl::XbeginXabortXend => {
                    self.to_follow.extend(target(&instruction));
                }
                FlowControl::UnconditionalBranch => {
                    self.to_follow.extend(target(&instruction));
                    return;
                }
                FlowControl::IndirectBranch | FlowControl::Return | FlowControl::Exception => return,
            }
        }
    }

    /// Notes what in an instruction looks like an address of code, or of a table of such.
    fn note_addresses(&mut self, instruction: &Instruction) {
        if instruction.is_ip_rel_memory_operand() {
            let address = instruction.ip_rel_memory_address();
            if self.map.find(address).is_some() {
                self.perhaps.push(address);
            } else {
                self.note_table(address);
            }
        }
        if self.map.bias == 0 {
            for operand in 0..instruction.op_count() {
                let wide = matches!(
                    instruction.op_kind(operand),
                    OpKind::Immediate32 | OpKind::Immediate32to64 | OpKind::Immediate64
                );
                if wide && self.map.find(instruction.immediate(operand)).is_some() {
                    self.perhaps.push(instruction.immediate(operand));
                }
            }
        }
    }

    /// A table of 32-bit distances from itself, as compilers make them for `switch`.
    fn note_table(&mut self, table: u64) {
        let Some(bytes) = self.map.bytes(table) else { return };
        for entry in bytes.chunks_exact(4).take(TABLE_MAX) {
            let distance = word(entry, 0).unwrap_or(0) as i32;
            let address = table.wrapping_add_signed(distance.into());
            match self.map.find(address) {
                Some((region, offset)) => {
                    if self.reached.bytes[region][offset] == Byte::Unknown {
                        self.perhaps.push(address);
                    }
                }
                None => return,
            }
        }
    }
}

fn target(instruction: &Instruction) -> Option<u64> {
    match instruction.op0_kind() {
        OpKind::NearBranch64 => Some(instruction.near_branch64()),
        _ => None,
    }
}
