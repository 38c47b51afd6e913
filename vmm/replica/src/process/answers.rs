//! From an answer of the world to the call that waits for it.

use super::Process;
use super::errno::Errno;
use super::file_io::ask;
use super::state::Purpose;
use super::syscalls::{Outcome, Served};
use super::time;
use crate::cpu::Cpu;
use crate::guest::{Crash, Demand};
use crate::world::{Answer, Operation, Reply};

impl Process {
    /// What the next step of a call asks for.
    pub(super) fn demand_for(&self, purpose: &Purpose) -> Option<Demand> {
        let asked = match purpose {
            Purpose::Map(mapping) => Ok(self.fetch(mapping.clone())),
            Purpose::Truncated { handle, length } => {
                ask(&Operation::Truncate { handle: *handle, length: *length }, Purpose::Done)
            }
            Purpose::Closed { handle, .. } => ask(&Operation::Close(*handle), Purpose::Done),
            Purpose::Touch { path, accessed, modified } => {
                let (accessed, modified) = (accessed.time(), modified.time());
                ask(&Operation::Touch { path: path.clone(), accessed, modified }, Purpose::Done)
            }
            sleep => return time::sleep_demand(sleep),
        };
        match asked {
            Ok(Served::Ask(demand, _)) => Some(demand),
            _ => None,
        }
    }

    /// Goes on with a call, now that its answer is there.
    pub(super) fn answered(
        &mut self,
        purpose: Purpose,
        value: &[u8],
        cpu: &mut Cpu<'_>,
    ) -> Result<Outcome, Crash> {
        match purpose {
            Purpose::Stream { buffers } => self.stream_read(cpu, &buffers, value),
            Purpose::Clock(form) => Ok(self.clock_read(cpu, form, time_of(value)?)),
            Purpose::SleepFor { .. } | Purpose::SleepUntil { .. } | Purpose::SleepUntilWall { .. } => {
                Ok(Ok(time::slept(&purpose, time_of(value)?)))
            }
            Purpose::Touch { path, accessed, modified }
                if accessed == time::Moment::Now || modified == time::Moment::Now =>
            {
                let now = time_of(value)?;
                let (accessed, modified) = (accessed.at(now), modified.at(now));
                Ok(Ok(Served::Next(Purpose::Touch { path, accessed, modified })))
            }
            _ => self.replied(purpose, reply_of(value)?, cpu),
        }
    }

    fn replied(
        &mut self,
        purpose: Purpose,
        answer: Result<Answer, Errno>,
        cpu: &mut Cpu<'_>,
    ) -> Result<Outcome, Crash> {
        match purpose {
            Purpose::Done | Purpose::Touch { .. } => done(answer),
            Purpose::Whatever(value) | Purpose::Closed { value, .. } => Ok(Ok(Served::Value(value))),
            Purpose::File { buffers, moves } => self.file_read(cpu, &buffers, moves, answer),
            Purpose::Map(mapping) => self.fetched(cpu, mapping, answer),
            Purpose::Written { moves, length } => self.written(moves, length, answer),
            Purpose::Opened { flags, path } => self.opened(flags, path, answer),
            Purpose::Status { address, extended } => self.status_read(cpu, address, extended, answer),
            Purpose::SeekEnd { description, offset } => self.seek_end(description, offset, answer),
            Purpose::ChangeDirectory(path) => self.change_directory(path, answer),
            Purpose::Entries { address, length, description } => {
                self.entries_read(cpu, (address, length), description, answer)
            }
            Purpose::Link { address, length } => self.link_read(cpu, address, length, answer),
            Purpose::OpenedToTruncate(length) => match answer {
                Ok(Answer::Opened { handle, .. }) => {
                    Ok(Ok(Served::Next(Purpose::Truncated { handle, length })))
                }
                Ok(_) => Err(Crash::Answer("a file was to be opened")),
                Err(error) => Ok(Err(error)),
            },
            Purpose::Truncated { handle, .. } => {
                let value = done(answer)?.map_or_else(Errno::result, |_| 0);
                Ok(Ok(Served::Next(Purpose::Closed { handle, value })))
            }
            Purpose::Stream { .. }
            | Purpose::Clock(_)
            | Purpose::SleepFor { .. }
            | Purpose::SleepUntil { .. }
            | Purpose::SleepUntilWall { .. } => Err(Crash::Answer("no reply was asked for")),
        }
    }
}

fn done(answer: Result<Answer, Errno>) -> Result<Outcome, Crash> {
    match answer {
        Ok(Answer::Done) => Ok(Ok(Served::Value(0))),
        Ok(_) => Err(Crash::Answer("only whether it worked was asked for")),
        Err(error) => Ok(Err(error)),
    }
}

fn time_of(value: &[u8]) -> Result<u64, Crash> {
    let bytes = value.try_into().map_err(|_| Crash::Answer("a time has eight bytes"))?;
    Ok(u64::from_le_bytes(bytes))
}

fn reply_of(value: &[u8]) -> Result<Result<Answer, Errno>, Crash> {
    let (reply, rest): (Reply, _) =
        postcard::take_from_bytes(value).map_err(|_| Crash::Answer("it is no reply"))?;
    if !rest.is_empty() {
        return Err(Crash::Answer("a reply with bytes behind it"));
    }
    match reply {
        Ok(answer) => Ok(Ok(answer)),
        Err(number) => match Errno::new(number) {
            Some(error) => Ok(Err(error)),
            None => Err(Crash::Answer("an error number that Linux does not have")),
        },
    }
}
