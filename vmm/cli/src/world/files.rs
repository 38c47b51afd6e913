//! The operations on files, done beneath the mounts.

use super::mounts::{Found, Mounts};
use covert_replica::world::{Answer, DirectoryEntry, Handle, Operation, Reply, Status, TRANSFER_MAX};
use rustix::fs::{AtFlags, FileType, Mode, OFlags, RawMode, Stat, Timespec, Timestamps};
use rustix::io::Errno;
use std::collections::BTreeMap;
use std::os::fd::{AsFd, OwnedFd};

/// Handles that may be open at a time.
const HANDLES_MAX: usize = 1024;

/// Entries that one answer brings at most, so that it fits an input.
const ENTRIES_MAX: usize = 128;

enum Open {
    File(OwnedFd),
    /// A directory with its names as they were when it was opened, in order: every reader of it sees the same ones.
    Directory {
        fd: Option<OwnedFd>,
        entries: Vec<DirectoryEntry>,
    },
}

/// The open files of one guest.
#[derive(Default)]
pub struct Files {
    mounts: Mounts,
    open: BTreeMap<Handle, Open>,
    next: u32,
    inodes: BTreeMap<(u64, u64), u64>,
}

impl Files {
    /// No file open.
    pub fn new(mounts: Mounts) -> Files {
        Files { mounts, ..Files::default() }
    }

    /// Does an operation. Whatever it is, the answer is one that the guest can be given.
    pub fn perform(&mut self, operation: Operation) -> Reply {
        self.attempt(operation).map_err(|error| error.raw_os_error() as u16)
    }

    /// Reads from a file at an offset.
    pub fn read(&self, handle: Handle, offset: u64, length: u32) -> Reply {
        let mut data = vec![0; length.min(TRANSFER_MAX) as usize];
        let read = self.file(handle).and_then(|file| rustix::io::pread(file, &mut data, offset));
        match read {
            Ok(count) => {
                data.truncate(count);
                Ok(Answer::Data(data))
            }
            Err(error) => Err(error.raw_os_error() as u16),
        }
    }

    fn attempt(&mut self, operation: Operation) -> Result<Answer, Errno> {
        match operation {
            Operation::Open { path, flags, mode } => self.open(&path, flags, mode),
            Operation::Close(handle) => {
                self.open.remove(&handle).ok_or(Errno::BADF)?;
                Ok(Answer::Done)
            }
            Operation::Write { handle, offset, data } => {
                let count = rustix::io::pwrite(self.file(handle)?, &data, offset)?;
                Ok(Answer::Count(count as u32))
            }
            Operation::Append { handle, data } => {
                let file = self.file(handle)?;
                let end = rustix::fs::fstat(file)?.st_size as u64;
                let count = rustix::io::pwrite(file, &data, end)? as u32;
                Ok(Answer::Appended { count, end: end + u64::from(count) })
            }
            Operation::Truncate { handle, length } => done(rustix::fs::ftruncate(self.file(handle)?, length)),
            Operation::Sync(handle) => match self.open.get(&handle).ok_or(Errno::BADF)? {
                Open::File(fd) | Open::Directory { fd: Some(fd), .. } => done(rustix::fs::fsync(fd)),
                Open::Directory { fd: None, .. } => Ok(Answer::Done),
            },
            Operation::StatusOf(handle) => {
                let stat = match self.open.get(&handle).ok_or(Errno::BADF)? {
                    Open::File(fd) | Open::Directory { fd: Some(fd), .. } => Some(rustix::fs::fstat(fd)?),
                    Open::Directory { fd: None, .. } => None,
                };
                Ok(Answer::Status(stat.map_or(VIRTUAL, |stat| self.status(&stat))))
            }
            Operation::Status { path, follow } => match self.mounts.find(&path) {
                Some(found) => {
                    let link = if follow { OFlags::empty() } else { OFlags::NOFOLLOW };
                    let fd = found.open(OFlags::PATH | link, Mode::empty())?;
                    let stat = rustix::fs::fstat(fd)?;
                    Ok(Answer::Status(self.status(&stat)))
                }
                None => self.mounts.names_below(&path).map(|_| Answer::Status(VIRTUAL)).ok_or(Errno::NOENT),
            },
            Operation::Access { path, mode } => self.access(&path, mode),
            Operation::Entries { handle, from } => match self.open.get(&handle).ok_or(Errno::BADF)? {
                Open::Directory { entries, .. } => {
                    let from = usize::try_from(from).unwrap_or(usize::MAX).min(entries.len());
                    Ok(Answer::Entries(entries[from..].iter().take(ENTRIES_MAX).cloned().collect()))
                }
                Open::File(_) => Err(Errno::NOTDIR),
            },
            Operation::ReadLink(path) => {
                let found = self.find(&path)?;
                let (parent, name) = found.parent()?;
                Ok(Answer::Data(rustix::fs::readlinkat(parent, name, Vec::new())?.into_bytes()))
            }
            Operation::MakeDirectory { path, mode } => {
                let found = self.find_to_make(&path)?;
                let (parent, name) = found.parent_to_change()?;
                done(rustix::fs::mkdirat(parent, name, permissions(mode)))
            }
            Operation::RemoveDirectory(path) => {
                let found = self.find(&path)?;
                let (parent, name) = found.parent_to_change()?;
                done(rustix::fs::unlinkat(parent, name, AtFlags::REMOVEDIR))
            }
            Operation::Unlink(path) => {
                let found = self.find(&path)?;
                let (parent, name) = found.parent_to_change()?;
                done(rustix::fs::unlinkat(parent, name, AtFlags::empty()))
            }
            Operation::Rename { from, to } => {
                let (old, new) = (self.find(&from)?, self.find_to_make(&to)?);
                let (old_parent, old_name) = old.parent_to_change()?;
                let (new_parent, new_name) = new.parent_to_change()?;
                done(rustix::fs::renameat(old_parent, old_name, new_parent, new_name))
            }
            Operation::Link { content, path } => {
                let found = self.find_to_make(&path)?;
                let (parent, name) = found.parent_to_change()?;
                done(rustix::fs::symlinkat(content, parent, name))
            }
            Operation::Permit { path, mode } => {
                let found = self.find(&path)?;
                if !found.write {
                    return Err(Errno::ROFS);
                }
                let file = found.open(OFlags::RDONLY | OFlags::NONBLOCK, Mode::empty())?;
                done(rustix::fs::fchmod(file, permissions(mode)))
            }
            Operation::Touch { path, accessed, modified } => {
                let found = self.find(&path)?;
                let (parent, name) = found.parent_to_change()?;
                let times =
                    Timestamps { last_access: timespec(accessed), last_modification: timespec(modified) };
                done(rustix::fs::utimensat(parent, name, &times, AtFlags::SYMLINK_NOFOLLOW))
            }
        }
    }

    fn find<'a>(&'a self, path: &'a str) -> Result<Found<'a>, Errno> {
        self.mounts.find(path).ok_or(Errno::NOENT)
    }

    /// A place where something new is to be: outside of the mounts nothing can be made.
    fn find_to_make<'a>(&'a self, path: &'a str) -> Result<Found<'a>, Errno> {
        self.mounts.find(path).ok_or(Errno::ROFS)
    }

    fn file(&self, handle: Handle) -> Result<&OwnedFd, Errno> {
        match self.open.get(&handle) {
            Some(Open::File(fd)) => Ok(fd),
            Some(Open::Directory { .. }) => Err(Errno::ISDIR),
            None => Err(Errno::BADF),
        }
    }

    fn open(&mut self, path: &str, flags: u32, mode: u32) -> Result<Answer, Errno> {
        if self.open.len() >= HANDLES_MAX {
            return Err(Errno::MFILE);
        }
        let about_file = OFlags::ACCMODE
            | OFlags::CREATE
            | OFlags::EXCL
            | OFlags::TRUNC
            | OFlags::DIRECTORY
            | OFlags::NOFOLLOW
            | OFlags::SYNC
            | OFlags::DSYNC;
        let flags = OFlags::from_bits_truncate(flags) & about_file;
        let Some(found) = self.mounts.find(path) else {
            let names = self.mounts.names_below(path).ok_or(match flags.contains(OFlags::CREATE) {
                true => Errno::ROFS,
                false => Errno::NOENT,
            })?;
            let entry = |name: String| DirectoryEntry { inode: VIRTUAL.inode, kind: 4, name: name.into() };
            let entries = names.into_iter().map(entry).collect();
            return self.keep(Open::Directory { fd: None, entries }, VIRTUAL);
        };
        // A pipe or device among the files must not make the coordinator wait.
        let fd = found.open(flags | OFlags::NONBLOCK | OFlags::NOCTTY, permissions(mode))?;
        let stat = rustix::fs::fstat(&fd)?;
        let status = self.status(&stat);
        match FileType::from_raw_mode(stat.st_mode as RawMode) {
            FileType::RegularFile => self.keep(Open::File(fd), status),
            FileType::Directory => {
                let entries = self.entries(&fd)?;
                self.keep(Open::Directory { fd: Some(fd), entries }, status)
            }
            _ => Err(Errno::NXIO),
        }
    }

    fn keep(&mut self, open: Open, status: Status) -> Result<Answer, Errno> {
        let handle = Handle(self.next);
        // Handles share a number with the flag that marks them in a request.
        self.next = self.next.checked_add(1).filter(|next| *next < 1 << 31).ok_or(Errno::MFILE)?;
        self.open.insert(handle, open);
        Ok(Answer::Opened { handle, status })
    }

    fn access(&self, path: &str, mode: u32) -> Result<Answer, Errno> {
        let Some(found) = self.mounts.find(path) else {
            self.mounts.names_below(path).ok_or(Errno::NOENT)?;
            return if mode & 2 == 0 { Ok(Answer::Done) } else { Err(Errno::ROFS) };
        };
        if mode & 2 != 0 && !found.write {
            return Err(Errno::ROFS);
        }
        let fd = found.open(OFlags::PATH, Mode::empty())?;
        let permissions = u32::from(rustix::fs::fstat(&fd)?.st_mode as u16);
        // The guest is root in its own view, so only execution can be denied.
        if mode & 1 != 0 && permissions & 0o111 == 0 { Err(Errno::ACCESS) } else { Ok(Answer::Done) }
    }

    fn entries(&mut self, directory: &OwnedFd) -> Result<Vec<DirectoryEntry>, Errno> {
        let mut entries = Vec::new();
        let device = rustix::fs::fstat(directory)?.st_dev;
        for entry in rustix::fs::Dir::read_from(directory.as_fd())? {
            let entry = entry?;
            let kind = match entry.file_type() {
                FileType::Directory => 4,
                FileType::RegularFile => 8,
                FileType::Symlink => 10,
                _ => 0,
            };
            let inode = self.inode(device, entry.ino());
            entries.push(DirectoryEntry { inode, kind, name: entry.file_name().to_bytes().to_vec() });
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    /// A small number for a file, the same as long as the guest runs.
    fn inode(&mut self, device: u64, inode: u64) -> u64 {
        let next = self.inodes.len() as u64 + VIRTUAL.inode + 1;
        *self.inodes.entry((device, inode)).or_insert(next)
    }

    fn status(&mut self, stat: &Stat) -> Status {
        let nanoseconds = |seconds: i64, rest: u64| {
            seconds.saturating_mul(1_000_000_000).saturating_add(i64::try_from(rest).unwrap_or(0))
        };
        Status {
            inode: self.inode(stat.st_dev, stat.st_ino),
            mode: stat.st_mode,
            links: u32::try_from(stat.st_nlink).unwrap_or(u32::MAX),
            size: stat.st_size as u64,
            blocks: stat.st_blocks as u64,
            modified: nanoseconds(stat.st_mtime, stat.st_mtime_nsec),
            accessed: nanoseconds(stat.st_atime, stat.st_atime_nsec),
            changed: nanoseconds(stat.st_ctime, stat.st_ctime_nsec),
        }
    }
}

/// A directory that exists only in the guest's view, above its mounts.
const VIRTUAL: Status =
    Status { inode: 1, mode: 0o040_555, links: 2, size: 0, blocks: 0, modified: 0, accessed: 0, changed: 0 };

fn done(result: Result<(), Errno>) -> Result<Answer, Errno> {
    result.map(|()| Answer::Done)
}

/// The permissions that a guest may give: none that would let others act for the host's user.
fn permissions(mode: u32) -> Mode {
    Mode::from_raw_mode((mode & 0o777) as RawMode)
}

fn timespec(nanoseconds: Option<i64>) -> Timespec {
    match nanoseconds {
        None => Timespec { tv_sec: 0, tv_nsec: rustix::fs::UTIME_OMIT },
        Some(time) => {
            Timespec { tv_sec: time.div_euclid(1_000_000_000), tv_nsec: time.rem_euclid(1_000_000_000) }
        }
    }
}
