//! The calls that take a path: opening, and what changes the tree of files. Each is a record, done once.

use super::Process;
use super::errno::Errno;
use super::file_io::ask;
use super::files::Object;
use super::paths::{Special, normalise, special};
use super::state::Purpose;
use super::syscalls::{Arguments, Outcome, Served};
use super::time::Moment;
use crate::cpu::Cpu;
use crate::guest::Crash;
use crate::world::{Answer, Operation, source};

const CURRENT: u64 = libc::AT_FDCWD as u64;

/// Bytes of the longest content of a symbolic link.
const LINK_MAX: usize = 4095;

impl Process {
    pub(super) fn open(&mut self, cpu: &mut Cpu<'_>, [path, flags, mode, ..]: Arguments) -> Outcome {
        self.openat(cpu, [CURRENT, path, flags, mode, 0, 0])
    }

    pub(super) fn creat(&mut self, cpu: &mut Cpu<'_>, [path, mode, ..]: Arguments) -> Outcome {
        let flags = (libc::O_CREAT | libc::O_WRONLY | libc::O_TRUNC) as u64;
        self.openat(cpu, [CURRENT, path, flags, mode, 0, 0])
    }

    pub(super) fn openat(&mut self, cpu: &mut Cpu<'_>, [from, path, flags, mode, ..]: Arguments) -> Outcome {
        let path = self.path_at(cpu, from, path)?;
        let flags = flags as u32;
        self.state.descriptors.room(&path)?;
        match special(&path) {
            Some(Special::Device(object)) => {
                return Ok(Served::Value(self.state.descriptors.open(object, flags, path)?));
            }
            Some(Special::Descriptor(descriptor)) => {
                let close_on_exec = flags & libc::O_CLOEXEC as u32 != 0;
                let new = self.state.descriptors.duplicate(descriptor, 0, close_on_exec);
                return Ok(Served::Value(new.map_err(|_| Errno::ENOENT)?));
            }
            None => {}
        }
        let mode = mode as u32 & 0o7777 & !self.state.umask;
        ask(&Operation::Open { path: path.clone(), flags, mode }, Purpose::Opened { flags, path })
    }

    /// Takes a file or directory that is now open.
    pub(super) fn opened(
        &mut self,
        flags: u32,
        path: String,
        answer: Result<Answer, Errno>,
    ) -> Result<Outcome, Crash> {
        let (handle, status) = match answer {
            Ok(Answer::Opened { handle, status }) => (handle, status),
            Ok(_) => return Err(Crash::Answer("a file was to be opened")),
            Err(error) => return Ok(Err(error)),
        };
        if handle.0 & source::FILE != 0 {
            return Err(Crash::Answer("a handle beyond the largest"));
        }
        let directory = status.mode & libc::S_IFMT == libc::S_IFDIR;
        let object = if directory { Object::Directory(handle) } else { Object::File(handle) };
        Ok(self.state.descriptors.open(object, flags, path).map(Served::Value))
    }

    pub(super) fn access(&mut self, cpu: &mut Cpu<'_>, [path, mode, ..]: Arguments) -> Outcome {
        self.faccessat(cpu, [CURRENT, path, mode, 0, 0, 0])
    }

    pub(super) fn faccessat(&mut self, cpu: &mut Cpu<'_>, [from, path, mode, ..]: Arguments) -> Outcome {
        if mode > 7 {
            return Err(Errno::EINVAL);
        }
        let path = self.path_at(cpu, from, path)?;
        match special(&path) {
            Some(Special::Device(_)) if mode & libc::X_OK as u64 != 0 => Err(Errno::EACCES),
            Some(_) => Ok(Served::Value(0)),
            None => ask(&Operation::Access { path, mode: mode as u32 }, Purpose::Done),
        }
    }

    pub(super) fn mkdir(&mut self, cpu: &mut Cpu<'_>, [path, mode, ..]: Arguments) -> Outcome {
        self.mkdirat(cpu, [CURRENT, path, mode, 0, 0, 0])
    }

    pub(super) fn mkdirat(&mut self, cpu: &mut Cpu<'_>, [from, path, mode, ..]: Arguments) -> Outcome {
        let path = self.path_at(cpu, from, path)?;
        let mode = mode as u32 & 0o7777 & !self.state.umask;
        ask(&Operation::MakeDirectory { path, mode }, Purpose::Done)
    }

    pub(super) fn rmdir(&mut self, cpu: &mut Cpu<'_>, [path, ..]: Arguments) -> Outcome {
        self.unlinkat(cpu, [CURRENT, path, libc::AT_REMOVEDIR as u64, 0, 0, 0])
    }

    pub(super) fn unlink(&mut self, cpu: &mut Cpu<'_>, [path, ..]: Arguments) -> Outcome {
        self.unlinkat(cpu, [CURRENT, path, 0, 0, 0, 0])
    }

    pub(super) fn unlinkat(&mut self, cpu: &mut Cpu<'_>, [from, path, flags, ..]: Arguments) -> Outcome {
        let path = self.path_at(cpu, from, path)?;
        match flags as i32 {
            0 => ask(&Operation::Unlink(path), Purpose::Done),
            libc::AT_REMOVEDIR => ask(&Operation::RemoveDirectory(path), Purpose::Done),
            _ => Err(Errno::EINVAL),
        }
    }

    pub(super) fn rename(&mut self, cpu: &mut Cpu<'_>, [from, to, ..]: Arguments) -> Outcome {
        self.renameat(cpu, [CURRENT, from, CURRENT, to, 0, 0], false)
    }

    pub(super) fn renameat(&mut self, cpu: &mut Cpu<'_>, arguments: Arguments, has_flags: bool) -> Outcome {
        let [from_directory, from, to_directory, to, flags, _] = arguments;
        if has_flags && flags != 0 {
            return Err(Errno::EINVAL);
        }
        let from = self.path_at(cpu, from_directory, from)?;
        let to = self.path_at(cpu, to_directory, to)?;
        ask(&Operation::Rename { from, to }, Purpose::Done)
    }

    pub(super) fn symlink(&mut self, cpu: &mut Cpu<'_>, [content, path, ..]: Arguments) -> Outcome {
        self.symlinkat(cpu, [content, CURRENT, path, 0, 0, 0])
    }

    pub(super) fn symlinkat(&mut self, cpu: &mut Cpu<'_>, [content, from, path, ..]: Arguments) -> Outcome {
        let content = self.string(cpu, content)?;
        let path = self.path_at(cpu, from, path)?;
        if content.is_empty() {
            return Err(Errno::ENOENT);
        }
        ask(&Operation::Link { content, path }, Purpose::Done)
    }

    pub(super) fn readlink(&mut self, cpu: &mut Cpu<'_>, [path, address, length, ..]: Arguments) -> Outcome {
        self.readlinkat(cpu, [CURRENT, path, address, length, 0, 0])
    }

    pub(super) fn readlinkat(&mut self, cpu: &mut Cpu<'_>, arguments: Arguments) -> Outcome {
        let [from, path, address, length, ..] = arguments;
        let path = self.path_at(cpu, from, path)?;
        let length = (length as i32).max(0) as u64;
        if length == 0 {
            return Err(Errno::EINVAL);
        }
        let length = length.min(LINK_MAX as u64);
        if path == "/proc/self/exe" {
            let content = normalise("/", &self.program.path)?;
            return self.put_link(cpu, address, length, content.as_bytes());
        }
        self.writable(cpu, address, length)?;
        ask(&Operation::ReadLink(path), Purpose::Link { address, length })
    }

    fn put_link(&mut self, cpu: &mut Cpu<'_>, address: u64, length: u64, content: &[u8]) -> Outcome {
        let content = &content[..content.len().min(length as usize)];
        self.put(cpu, address, content)?;
        Ok(Served::Value(content.len() as u64))
    }

    /// Takes the content of a link.
    pub(super) fn link_read(
        &mut self,
        cpu: &mut Cpu<'_>,
        address: u64,
        length: u64,
        answer: Result<Answer, Errno>,
    ) -> Result<Outcome, Crash> {
        match answer {
            Ok(Answer::Data(content)) => Ok(self.put_link(cpu, address, length, &content)),
            Ok(_) => Err(Crash::Answer("a link's content was asked for")),
            Err(error) => Ok(Err(error)),
        }
    }

    pub(super) fn chmod(&mut self, cpu: &mut Cpu<'_>, [path, mode, ..]: Arguments) -> Outcome {
        self.fchmodat(cpu, [CURRENT, path, mode, 0, 0, 0])
    }

    pub(super) fn fchmodat(&mut self, cpu: &mut Cpu<'_>, [from, path, mode, ..]: Arguments) -> Outcome {
        let path = self.path_at(cpu, from, path)?;
        ask(&Operation::Permit { path, mode: mode as u32 & 0o7777 }, Purpose::Done)
    }

    pub(super) fn fchmod(&mut self, [descriptor, mode, ..]: Arguments) -> Outcome {
        match self.path_of(descriptor)? {
            Some(path) => ask(&Operation::Permit { path, mode: mode as u32 & 0o7777 }, Purpose::Done),
            None => Err(Errno::EPERM),
        }
    }

    /// Where the file behind a descriptor was opened; none for one that is not of the world.
    pub(super) fn path_of(&self, descriptor: u64) -> Result<Option<String>, Errno> {
        let (_, description) = self.state.descriptors.get(descriptor)?;
        Ok(description.handle().map(|_| description.path.clone()))
    }

    pub(super) fn chown(&mut self, cpu: &mut Cpu<'_>, [path, user, group, ..]: Arguments) -> Outcome {
        self.fchownat(cpu, [CURRENT, path, user, group, 0, 0])
    }

    /// Everything belongs to the only user there is: giving it to somebody else is not allowed.
    pub(super) fn fchownat(
        &mut self,
        cpu: &mut Cpu<'_>,
        [from, path, user, group, ..]: Arguments,
    ) -> Outcome {
        let path = self.path_at(cpu, from, path)?;
        super::identity::may_own(user, group)?;
        ask(&Operation::Access { path, mode: libc::F_OK as u32 }, Purpose::Done)
    }

    pub(super) fn fchown(&mut self, [descriptor, user, group, ..]: Arguments) -> Outcome {
        self.state.descriptors.get(descriptor)?;
        super::identity::may_own(user, group)?;
        Ok(Served::Value(0))
    }

    pub(super) fn truncate(&mut self, cpu: &mut Cpu<'_>, [path, length, ..]: Arguments) -> Outcome {
        if length > i64::MAX as u64 {
            return Err(Errno::EINVAL);
        }
        let path = self.path(cpu, path)?;
        let open = Operation::Open { path, flags: libc::O_WRONLY as u32, mode: 0 };
        ask(&open, Purpose::OpenedToTruncate(length))
    }

    pub(super) fn utime(&mut self, cpu: &mut Cpu<'_>, [path, times, ..]: Arguments) -> Outcome {
        self.touch_path(cpu, CURRENT, path, times, Unit::Seconds)
    }

    pub(super) fn utimes(&mut self, cpu: &mut Cpu<'_>, [path, times, ..]: Arguments) -> Outcome {
        self.touch_path(cpu, CURRENT, path, times, Unit::Timeval)
    }

    pub(super) fn utimensat(&mut self, cpu: &mut Cpu<'_>, [from, path, times, ..]: Arguments) -> Outcome {
        self.touch_path(cpu, from, path, times, Unit::Timespec)
    }

    fn touch_path(&mut self, cpu: &mut Cpu<'_>, from: u64, path: u64, times: u64, unit: Unit) -> Outcome {
        let path = if path == 0 && unit == Unit::Timespec {
            match self.path_of(from)? {
                Some(path) => path,
                None => return Ok(Served::Value(0)),
            }
        } else {
            self.path_at(cpu, from, path)?
        };
        let (accessed, modified) = if times == 0 {
            (Moment::Now, Moment::Now)
        } else {
            let second = times.checked_add(unit.size()).ok_or(Errno::EFAULT)?;
            (self.moment(cpu, times, unit)?, self.moment(cpu, second, unit)?)
        };
        let purpose = Purpose::Touch { path, accessed, modified };
        if accessed == Moment::Now || modified == Moment::Now {
            return super::time::ask_wall(purpose);
        }
        Ok(Served::Next(purpose))
    }

    fn moment(&mut self, cpu: &mut Cpu<'_>, address: u64, unit: Unit) -> Result<Moment, Errno> {
        let seconds = self.word(cpu, address)? as i64;
        let rest = match unit {
            Unit::Seconds => 0,
            _ => self.word(cpu, address.checked_add(8).ok_or(Errno::EFAULT)?)? as i64,
        };
        let scale = match unit {
            Unit::Timespec if rest == libc::UTIME_NOW => return Ok(Moment::Now),
            Unit::Timespec if rest == libc::UTIME_OMIT => return Ok(Moment::Kept),
            Unit::Timespec => 1,
            _ => 1000,
        };
        if !(0..1_000_000_000 / scale).contains(&rest) {
            return Err(Errno::EINVAL);
        }
        Ok(Moment::At(seconds.saturating_mul(1_000_000_000).saturating_add(rest * scale)))
    }
}

/// How times are given.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unit {
    Seconds,
    Timeval,
    Timespec,
}

impl Unit {
    fn size(self) -> u64 {
        if self == Unit::Seconds { 8 } else { 16 }
    }
}
