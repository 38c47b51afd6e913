//! The calls on descriptors that move no bytes.

use super::Process;
use super::errno::Errno;
use super::file_io::ask;
use super::files::{DESCRIPTORS_MAX, Object};
use super::state::Purpose;
use super::syscalls::{Arguments, Outcome, Served};
use crate::cpu::Cpu;
use crate::guest::Crash;
use crate::world::{Answer, Handle, Operation};

impl Process {
    pub(super) fn close(&mut self, [descriptor, ..]: Arguments) -> Outcome {
        let closed = self.state.descriptors.close(descriptor)?;
        closing(closed, 0)
    }

    pub(super) fn dup(&mut self, [descriptor, ..]: Arguments) -> Outcome {
        Ok(Served::Value(self.state.descriptors.duplicate(descriptor, 0, false)?))
    }

    pub(super) fn dup2(&mut self, [descriptor, new, ..]: Arguments) -> Outcome {
        let new = u64::from(new as u32);
        if descriptor as u32 == new as u32 {
            self.state.descriptors.get(descriptor)?;
            return Ok(Served::Value(new));
        }
        closing(self.state.descriptors.replace(descriptor, new, false)?, new)
    }

    pub(super) fn dup3(&mut self, [descriptor, new, flags, ..]: Arguments) -> Outcome {
        let new = u64::from(new as u32);
        if flags & !(libc::O_CLOEXEC as u64) != 0 || descriptor as u32 == new as u32 {
            return Err(Errno::EINVAL);
        }
        closing(self.state.descriptors.replace(descriptor, new, flags != 0)?, new)
    }

    pub(super) fn fcntl(
        &mut self,
        cpu: &mut Cpu<'_>,
        [descriptor, command, value, ..]: Arguments,
    ) -> Outcome {
        const SETTABLE: u32 = (libc::O_APPEND | libc::O_NONBLOCK) as u32;
        let (number, description) = self.state.descriptors.get(descriptor)?;
        let flags = description.flags;
        match command as i32 {
            libc::F_DUPFD | libc::F_DUPFD_CLOEXEC => {
                if value >= DESCRIPTORS_MAX {
                    return Err(Errno::EINVAL);
                }
                let close_on_exec = command as i32 == libc::F_DUPFD_CLOEXEC;
                let new = self.state.descriptors.duplicate(descriptor, value, close_on_exec)?;
                Ok(Served::Value(new))
            }
            libc::F_GETFD => Ok(Served::Value(u64::from(self.state.descriptors.closes_on_exec(descriptor)?))),
            libc::F_SETFD => {
                self.state.descriptors.set_close_on_exec(descriptor, value & libc::FD_CLOEXEC as u64 != 0)?;
                Ok(Served::Value(0))
            }
            libc::F_GETFL => Ok(Served::Value(u64::from(flags))),
            libc::F_SETFL => {
                if let Some(description) = self.state.descriptors.description(number) {
                    description.flags = flags & !SETTABLE | value as u32 & SETTABLE;
                }
                Ok(Served::Value(0))
            }
            // Nobody else is there to hold a lock.
            libc::F_SETLK | libc::F_SETLKW | libc::F_OFD_SETLK | libc::F_OFD_SETLKW => Ok(Served::Value(0)),
            libc::F_GETLK | libc::F_OFD_GETLK => {
                // The type is the first field of `struct flock`.
                self.put(cpu, value, &(libc::F_UNLCK as u16).to_le_bytes())?;
                Ok(Served::Value(0))
            }
            _ => Err(Errno::EINVAL),
        }
    }

    pub(super) fn lseek(&mut self, [descriptor, offset, whence, ..]: Arguments) -> Outcome {
        let (number, description) = self.state.descriptors.get(descriptor)?;
        let offset = offset as i64;
        let from = match (&description.object, whence as i32) {
            (Object::Input | Object::Output(_), _) => return Err(Errno::ESPIPE),
            (Object::Null | Object::Zero | Object::Random, _) => return Ok(Served::Value(0)),
            (_, libc::SEEK_SET) => 0,
            (_, libc::SEEK_CUR) => description.offset,
            (Object::File(handle), libc::SEEK_END) => {
                let purpose = Purpose::SeekEnd { description: number, offset };
                return ask(&Operation::StatusOf(*handle), purpose);
            }
            _ => return Err(Errno::EINVAL),
        };
        self.seek(number, from, offset)
    }

    fn seek(&mut self, number: u32, from: u64, offset: i64) -> Outcome {
        let to = from.checked_add_signed(offset).filter(|to| *to <= i64::MAX as u64).ok_or(Errno::EINVAL)?;
        if let Some(description) = self.state.descriptors.description(number) {
            description.offset = to;
        }
        Ok(Served::Value(to))
    }

    /// Sets an offset by a file's size, now that it is known.
    pub(super) fn seek_end(
        &mut self,
        description: u32,
        offset: i64,
        answer: Result<Answer, Errno>,
    ) -> Result<Outcome, Crash> {
        match answer {
            Ok(Answer::Status(status)) => Ok(self.seek(description, status.size, offset)),
            Ok(_) => Err(Crash::Answer("a status was asked for")),
            Err(error) => Ok(Err(error)),
        }
    }

    /// No descriptor is a terminal or another device that has controls.
    pub(super) fn ioctl(&mut self, [descriptor, request, value, ..]: Arguments) -> Outcome {
        let _ = value;
        self.state.descriptors.get(descriptor)?;
        match request {
            libc::FIOCLEX | libc::FIONCLEX => {
                self.state.descriptors.set_close_on_exec(descriptor, request == libc::FIOCLEX)?;
                Ok(Served::Value(0))
            }
            _ => Err(Errno::ENOTTY),
        }
    }

    /// The file behind a descriptor that may be written.
    fn file_to_change(&self, descriptor: u64) -> Result<Handle, Errno> {
        let (_, description) = self.state.descriptors.get(descriptor)?;
        match description.object {
            Object::File(handle) if description.writes() => Ok(handle),
            _ => Err(Errno::EINVAL),
        }
    }

    pub(super) fn fsync(&mut self, [descriptor, ..]: Arguments) -> Outcome {
        let (_, description) = self.state.descriptors.get(descriptor)?;
        match description.object {
            Object::File(handle) | Object::Directory(handle) => ask(&Operation::Sync(handle), Purpose::Done),
            _ => Err(Errno::EINVAL),
        }
    }

    /// Room is made by writing: programs know how to do without.
    pub(super) fn fallocate(&mut self, [descriptor, ..]: Arguments) -> Outcome {
        self.file_to_change(descriptor)?;
        Err(Errno::EOPNOTSUPP)
    }

    pub(super) fn ftruncate(&mut self, [descriptor, length, ..]: Arguments) -> Outcome {
        if length > i64::MAX as u64 {
            return Err(Errno::EINVAL);
        }
        let handle = self.file_to_change(descriptor)?;
        ask(&Operation::Truncate { handle, length }, Purpose::Done)
    }
}

/// Has the coordinator told that nobody uses a file any more.
pub(super) fn closing(closed: Option<Handle>, value: u64) -> Outcome {
    match closed {
        // Whatever is answered, the descriptor is gone.
        Some(handle) => ask(&Operation::Close(handle), Purpose::Whatever(value)),
        None => Ok(Served::Value(value)),
    }
}
