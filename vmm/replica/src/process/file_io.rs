//! Reading and writing through descriptors.
//!
//! Reading a file is an input at an explicit offset: the offset is the replica's, the bytes come from outside. Every write
//! is a record. Short counts are legal, and programs know it.

use super::Process;
use super::errno::Errno;
use super::files::{Description, Object};
use super::state::Purpose;
use super::syscalls::{Arguments, Outcome, Served};
use crate::cpu::Cpu;
use crate::guest::{Crash, Demand, Input, Output};
use crate::world::{Answer, Handle, Operation, TRANSFER_MAX, channel, source};
use covert_core::Class;

/// Most bytes of a file in one transfer. Less than [`TRANSFER_MAX`], as what they are packed in takes room too; whole
/// pages, so that reads stay aligned.
pub(super) const FILE_MAX: u64 = 60 * 1024;

/// More than what a [`crate::world::Reply`] has around its data.
const PACKING: u32 = 16;

/// The input that a positional read of a file is.
pub(super) fn file_input(handle: Handle, offset: u64, length: u64) -> Input {
    let length = length.min(FILE_MAX) as u32 + PACKING;
    Input { class: Class::Pure, source: source::FILE | handle.0, argument: offset, length }
}

/// Where in a file a transfer is.
#[derive(Clone, Copy)]
enum Position {
    /// At the open file's offset, which moves.
    Current,
    /// There.
    At(u64),
}

impl Process {
    pub(super) fn read(
        &mut self,
        cpu: &mut Cpu<'_>,
        [descriptor, address, length, ..]: Arguments,
    ) -> Outcome {
        let buffers = vec![(address, length.min(u64::from(TRANSFER_MAX)))];
        self.read_into(cpu, descriptor, buffers, Position::Current)
    }

    pub(super) fn pread(&mut self, cpu: &mut Cpu<'_>, arguments: Arguments) -> Outcome {
        let [descriptor, address, length, offset, ..] = arguments;
        let buffers = vec![(address, length.min(u64::from(TRANSFER_MAX)))];
        self.read_into(cpu, descriptor, buffers, position(offset)?)
    }

    pub(super) fn readv(
        &mut self,
        cpu: &mut Cpu<'_>,
        [descriptor, address, count, ..]: Arguments,
    ) -> Outcome {
        let buffers = self.buffers(cpu, address, count, u64::from(TRANSFER_MAX))?;
        self.read_into(cpu, descriptor, buffers, Position::Current)
    }

    pub(super) fn preadv(&mut self, cpu: &mut Cpu<'_>, arguments: Arguments) -> Outcome {
        let [descriptor, address, count, offset, ..] = arguments;
        let buffers = self.buffers(cpu, address, count, u64::from(TRANSFER_MAX))?;
        self.read_into(cpu, descriptor, buffers, position(offset)?)
    }

    fn read_into(
        &mut self,
        cpu: &mut Cpu<'_>,
        descriptor: u64,
        buffers: Vec<(u64, u64)>,
        position: Position,
    ) -> Outcome {
        let (number, description) = self.state.descriptors.get(descriptor)?;
        if !description.reads() {
            return Err(Errno::EBADF);
        }
        let description = description.clone();
        let length: u64 = buffers.iter().map(|(_, length)| length).sum();
        for &(address, length) in &buffers {
            self.writable(cpu, address, length)?;
        }
        match (&description.object, position) {
            (Object::Directory(_), _) => Err(Errno::EISDIR),
            (Object::Output(_), _) => Err(Errno::EBADF),
            (Object::Input, Position::At(_)) => Err(Errno::ESPIPE),
            (Object::Null, _) => Ok(Served::Value(0)),
            _ if length == 0 => Ok(Served::Value(0)),
            (Object::Zero, _) => Ok(Served::Value(self.scatter(cpu, &buffers, &vec![0; length as usize])?)),
            (Object::Random, _) => Ok(ask_stream(Class::Pure, source::RANDOM, buffers)),
            (Object::Input, _) => Ok(ask_stream(Class::Consuming, source::STDIN, buffers)),
            (Object::File(handle), position) => {
                let (offset, moves) = match position {
                    Position::Current => (description.offset, Some(number)),
                    Position::At(offset) => (offset, None),
                };
                let input = file_input(*handle, offset, length);
                Ok(Served::Ask(Demand::Input(input), Purpose::File { buffers, moves }))
            }
        }
    }

    /// Takes bytes that a stream brought.
    pub(super) fn stream_read(
        &mut self,
        cpu: &mut Cpu<'_>,
        buffers: &[(u64, u64)],
        bytes: &[u8],
    ) -> Result<Outcome, Crash> {
        if bytes.len() as u64 > buffers.iter().map(|(_, length)| length).sum() {
            return Err(Crash::Answer("more bytes than were asked for"));
        }
        Ok(self.scatter(cpu, buffers, bytes).map(Served::Value))
    }

    /// Takes bytes of a file.
    pub(super) fn file_read(
        &mut self,
        cpu: &mut Cpu<'_>,
        buffers: &[(u64, u64)],
        moves: Option<u32>,
        answer: Result<Answer, Errno>,
    ) -> Result<Outcome, Crash> {
        let data = match answer {
            Ok(Answer::Data(data)) => data,
            Ok(_) => return Err(Crash::Answer("bytes of a file were asked for")),
            Err(error) => return Ok(Err(error)),
        };
        // Bytes beyond what was asked for are left for the next read.
        let read = self.scatter(cpu, buffers, &data);
        if let (Ok(count), Some(description)) =
            (read, moves.and_then(|number| self.state.descriptors.description(number)))
        {
            description.offset = description.offset.saturating_add(count);
        }
        Ok(read.map(Served::Value))
    }

    pub(super) fn write(
        &mut self,
        cpu: &mut Cpu<'_>,
        [descriptor, address, length, ..]: Arguments,
    ) -> Outcome {
        let most = self.transfer_max(descriptor)?;
        self.write_from(cpu, descriptor, &[(address, length.min(most))], Position::Current)
    }

    pub(super) fn pwrite(&mut self, cpu: &mut Cpu<'_>, arguments: Arguments) -> Outcome {
        let [descriptor, address, length, offset, ..] = arguments;
        let most = self.transfer_max(descriptor)?;
        self.write_from(cpu, descriptor, &[(address, length.min(most))], position(offset)?)
    }

    pub(super) fn writev(
        &mut self,
        cpu: &mut Cpu<'_>,
        [descriptor, address, count, ..]: Arguments,
    ) -> Outcome {
        let most = self.transfer_max(descriptor)?;
        let buffers = self.buffers(cpu, address, count, most)?;
        self.write_from(cpu, descriptor, &buffers, Position::Current)
    }

    pub(super) fn pwritev(&mut self, cpu: &mut Cpu<'_>, arguments: Arguments) -> Outcome {
        let [descriptor, address, count, offset, ..] = arguments;
        let most = self.transfer_max(descriptor)?;
        let buffers = self.buffers(cpu, address, count, most)?;
        self.write_from(cpu, descriptor, &buffers, position(offset)?)
    }

    /// Most bytes that one write through a descriptor takes.
    fn transfer_max(&self, descriptor: u64) -> Result<u64, Errno> {
        let (_, description) = self.state.descriptors.get(descriptor)?;
        Ok(match description.object {
            Object::File(_) => FILE_MAX,
            _ => u64::from(TRANSFER_MAX),
        })
    }

    fn write_from(
        &mut self,
        cpu: &mut Cpu<'_>,
        descriptor: u64,
        buffers: &[(u64, u64)],
        position: Position,
    ) -> Outcome {
        let (number, description) = self.state.descriptors.get(descriptor)?;
        if !description.writes() {
            return Err(Errno::EBADF);
        }
        let description = description.clone();
        let data = self.gather(cpu, buffers)?;
        let length = data.len() as u64;
        match (&description.object, position) {
            (Object::Directory(_) | Object::Input, _) => Err(Errno::EBADF),
            (Object::Output(_), Position::At(_)) => Err(Errno::ESPIPE),
            (Object::Null | Object::Zero | Object::Random, _) => Ok(Served::Value(length)),
            _ if length == 0 => Ok(Served::Value(0)),
            (Object::Output(channel), _) => {
                let output = Output { channel: *channel, target: 0, payload: data };
                Ok(Served::Post(output, length))
            }
            (Object::File(handle), position) => {
                Ok(write_file(*handle, number, &description, position, data)?)
            }
        }
    }

    /// Takes the answer to a write at an offset or at the end.
    pub(super) fn written(
        &mut self,
        moves: Option<u32>,
        length: u32,
        answer: Result<Answer, Errno>,
    ) -> Result<Outcome, Crash> {
        let (count, end) = match answer {
            Ok(Answer::Count(count)) => (count, None),
            Ok(Answer::Appended { count, end }) => (count, Some(end)),
            Ok(_) => return Err(Crash::Answer("how much was written was asked for")),
            Err(error) => return Ok(Err(error)),
        };
        if count > length {
            return Err(Crash::Answer("more was written than was to be"));
        }
        if let Some(description) = moves.and_then(|number| self.state.descriptors.description(number)) {
            description.offset = end.unwrap_or_else(|| description.offset.saturating_add(u64::from(count)));
        }
        Ok(Ok(Served::Value(u64::from(count))))
    }
}

fn ask_stream(class: Class, source: u32, buffers: Vec<(u64, u64)>) -> Served {
    let length: u64 = buffers.iter().map(|(_, length)| length).sum();
    let input = Input { class, source, argument: 0, length: length.min(u64::from(TRANSFER_MAX)) as u32 };
    Served::Ask(Demand::Input(input), Purpose::Stream { buffers })
}

fn write_file(
    handle: Handle,
    number: u32,
    description: &Description,
    position: Position,
    data: Vec<u8>,
) -> Result<Served, Errno> {
    let length = data.len() as u32;
    let (operation, moves) = match position {
        // Linux appends even where an offset is given.
        Position::Current if description.appends() => (Operation::Append { handle, data }, Some(number)),
        Position::At(_) if description.appends() => (Operation::Append { handle, data }, None),
        Position::Current => (Operation::Write { handle, offset: description.offset, data }, Some(number)),
        Position::At(offset) => (Operation::Write { handle, offset, data }, None),
    };
    if let Operation::Write { offset, .. } = &operation {
        offset.checked_add(u64::from(length)).filter(|end| *end <= i64::MAX as u64).ok_or(Errno::EFBIG)?;
    }
    ask(&operation, Purpose::Written { moves, length })
}

/// Has an operation done.
pub(super) fn ask(operation: &Operation, purpose: Purpose) -> Outcome {
    let payload = postcard::to_stdvec(operation).map_err(|_| Errno::ENOMEM)?;
    Ok(Served::Ask(Demand::Effect(Output { channel: channel::WORLD, target: 0, payload }), purpose))
}

fn position(offset: u64) -> Result<Position, Errno> {
    if offset > i64::MAX as u64 { Err(Errno::EINVAL) } else { Ok(Position::At(offset)) }
}
