//! Descriptors, and the open files behind them.
//!
//! As Linux has it: several descriptors may share one open file, and with it its offset.

use super::errno::Errno;
use crate::world::Handle;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Most descriptors; what `RLIMIT_NOFILE` says.
pub(super) const DESCRIPTORS_MAX: u64 = 1024;

/// Most bytes of the paths of all open files together: they are part of each checkpoint, which has a bound.
const PATHS_MAX: usize = 256 * 1024;

/// What is open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Object {
    /// Standard input.
    Input,
    /// Standard output or standard error: its channel.
    Output(u32),
    /// A file of the world.
    File(Handle),
    /// A directory of the world.
    Directory(Handle),
    /// `/dev/null`.
    Null,
    /// `/dev/zero`.
    Zero,
    /// `/dev/random` and `/dev/urandom`.
    Random,
}

/// An open file description.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Description {
    pub(super) object: Object,
    /// Where it was opened, for paths relative to it; empty for a stream.
    pub(super) path: String,
    /// Where the next read or write is; for a directory, how many entries were read.
    pub(super) offset: u64,
    /// `O_*`, without those that only matter when opening.
    pub(super) flags: u32,
    /// How many descriptors there are for it.
    descriptors: u32,
}

impl Description {
    pub(super) fn reads(&self) -> bool {
        self.flags & libc::O_ACCMODE as u32 != libc::O_WRONLY as u32 && self.flags & libc::O_PATH as u32 == 0
    }

    pub(super) fn writes(&self) -> bool {
        self.flags & libc::O_ACCMODE as u32 != libc::O_RDONLY as u32 && self.flags & libc::O_PATH as u32 == 0
    }

    pub(super) fn appends(&self) -> bool {
        self.flags & libc::O_APPEND as u32 != 0
    }

    /// What the coordinator has to be told when nobody uses it any more.
    pub(super) fn handle(&self) -> Option<Handle> {
        match self.object {
            Object::File(handle) | Object::Directory(handle) => Some(handle),
            _ => None,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Descriptor {
    description: u32,
    close_on_exec: bool,
}

/// The table of descriptors.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Descriptors {
    descriptors: BTreeMap<u32, Descriptor>,
    descriptions: BTreeMap<u32, Description>,
}

impl Descriptors {
    /// Standard input, output and error.
    pub(super) fn standard() -> Descriptors {
        let mut table = Descriptors::default();
        let streams = [
            (Object::Input, libc::O_RDONLY),
            (Object::Output(crate::world::channel::STDOUT), libc::O_WRONLY),
            (Object::Output(crate::world::channel::STDERR), libc::O_WRONLY),
        ];
        for (number, (object, flags)) in (0..).zip(streams) {
            table.descriptions.insert(
                number,
                Description { object, path: String::new(), offset: 0, flags: flags as u32, descriptors: 1 },
            );
            table.descriptors.insert(number, Descriptor { description: number, close_on_exec: false });
        }
        table
    }

    /// The open file behind a descriptor, and its number.
    pub(super) fn get(&self, descriptor: u64) -> Result<(u32, &Description), Errno> {
        // A descriptor is an `int`: what else is in its register does not matter.
        let entry = self.descriptors.get(&(descriptor as u32)).ok_or(Errno::EBADF)?;
        let description = self.descriptions.get(&entry.description).ok_or(Errno::EBADF)?;
        Ok((entry.description, description))
    }

    /// An open file by its number.
    pub(super) fn description(&mut self, number: u32) -> Option<&mut Description> {
        self.descriptions.get_mut(&number)
    }

    /// Whether there is room for one more, with such a path.
    pub(super) fn room(&self, path: &str) -> Result<u64, Errno> {
        let paths: usize = self.descriptions.values().map(|open| open.path.len()).sum();
        if paths + path.len() > PATHS_MAX { Err(Errno::EMFILE) } else { self.lowest(0) }
    }

    /// The lowest free descriptor from `from` on.
    fn lowest(&self, from: u64) -> Result<u64, Errno> {
        (from..DESCRIPTORS_MAX)
            .find(|number| !self.descriptors.contains_key(&(*number as u32)))
            .ok_or(Errno::EMFILE)
    }

    /// Opens something.
    pub(super) fn open(&mut self, object: Object, flags: u32, path: String) -> Result<u64, Errno> {
        const KEPT: i32 =
            libc::O_ACCMODE | libc::O_APPEND | libc::O_NONBLOCK | libc::O_PATH | libc::O_DIRECTORY;
        let descriptor = self.lowest(0)?;
        let number = (0..).find(|number| !self.descriptions.contains_key(number)).ok_or(Errno::EMFILE)?;
        let description = Description { object, path, offset: 0, flags: flags & KEPT as u32, descriptors: 1 };
        self.descriptions.insert(number, description);
        let close_on_exec = flags & libc::O_CLOEXEC as u32 != 0;
        self.descriptors.insert(descriptor as u32, Descriptor { description: number, close_on_exec });
        Ok(descriptor)
    }

    /// Makes the lowest free descriptor from `from` on one for the same open file.
    pub(super) fn duplicate(
        &mut self,
        descriptor: u64,
        from: u64,
        close_on_exec: bool,
    ) -> Result<u64, Errno> {
        let (description, _) = self.get(descriptor)?;
        let new = self.lowest(from)?;
        self.descriptors.insert(new as u32, Descriptor { description, close_on_exec });
        self.count(description, 1);
        Ok(new)
    }

    /// Makes `new` a descriptor for the same open file. What has to be closed, if `new` was the last one of another.
    pub(super) fn replace(
        &mut self,
        descriptor: u64,
        new: u64,
        close_on_exec: bool,
    ) -> Result<Option<Handle>, Errno> {
        let (description, _) = self.get(descriptor)?;
        if new >= DESCRIPTORS_MAX {
            return Err(Errno::EBADF);
        }
        // Counted first: the old one may be for the same open file.
        self.count(description, 1);
        let closed = self.close(new).unwrap_or(None);
        self.descriptors.insert(new as u32, Descriptor { description, close_on_exec });
        Ok(closed)
    }

    /// Gives up a descriptor. What has to be closed, if it was the last one.
    pub(super) fn close(&mut self, descriptor: u64) -> Result<Option<Handle>, Errno> {
        let entry = self.descriptors.remove(&(descriptor as u32)).ok_or(Errno::EBADF)?;
        self.count(entry.description, -1);
        match self.descriptions.get(&entry.description) {
            Some(description) if description.descriptors == 0 => {
                let handle = description.handle();
                self.descriptions.remove(&entry.description);
                Ok(handle)
            }
            _ => Ok(None),
        }
    }

    fn count(&mut self, description: u32, change: i32) {
        if let Some(description) = self.descriptions.get_mut(&description) {
            description.descriptors = description.descriptors.saturating_add_signed(change);
        }
    }

    /// Whether a descriptor is closed by `execve`.
    pub(super) fn closes_on_exec(&self, descriptor: u64) -> Result<bool, Errno> {
        self.descriptors.get(&(descriptor as u32)).map(|entry| entry.close_on_exec).ok_or(Errno::EBADF)
    }

    /// Sets whether a descriptor is closed by `execve`.
    pub(super) fn set_close_on_exec(&mut self, descriptor: u64, value: bool) -> Result<(), Errno> {
        let entry = self.descriptors.get_mut(&(descriptor as u32)).ok_or(Errno::EBADF)?;
        entry.close_on_exec = value;
        Ok(())
    }
}
