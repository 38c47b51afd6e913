//! Reading directories, and the current one.

use super::Process;
use super::errno::Errno;
use super::file_io::ask;
use super::files::Object;
use super::state::Purpose;
use super::syscalls::{Arguments, Outcome, Served};
use crate::cpu::Cpu;
use crate::guest::Crash;
use crate::world::{Answer, DirectoryEntry, Operation};

/// Bytes of `struct linux_dirent64` before the name.
const HEAD: usize = 19;

/// Longest name; `NAME_MAX`.
const NAME_MAX: usize = 255;

impl Process {
    pub(super) fn getdents(
        &mut self,
        cpu: &mut Cpu<'_>,
        [descriptor, address, length, ..]: Arguments,
    ) -> Outcome {
        let (number, description) = self.state.descriptors.get(descriptor)?;
        let Object::Directory(handle) = description.object else { return Err(Errno::ENOTDIR) };
        let from = description.offset;
        let length = u64::from(length as u32).min(u64::from(crate::world::TRANSFER_MAX));
        self.writable(cpu, address, length)?;
        ask(&Operation::Entries { handle, from }, Purpose::Entries { address, length, description: number })
    }

    /// Takes as many entries as there is room for; the others are asked for again.
    pub(super) fn entries_read(
        &mut self,
        cpu: &mut Cpu<'_>,
        (address, length): (u64, u64),
        description: u32,
        answer: Result<Answer, Errno>,
    ) -> Result<Outcome, Crash> {
        let entries = match answer {
            Ok(Answer::Entries(entries)) => entries,
            Ok(_) => return Err(Crash::Answer("entries of a directory were asked for")),
            Err(error) => return Ok(Err(error)),
        };
        let Some(offset) = self.state.descriptors.description(description).map(|found| found.offset) else {
            return Err(Crash::State("a directory is not open that is read"));
        };
        let mut bytes = Vec::new();
        let mut next = offset;
        for entry in &entries {
            next = next.saturating_add(1);
            let laid_out = lay_out(entry, next)?;
            if bytes.len() + laid_out.len() > length as usize {
                next = next.saturating_sub(1);
                break;
            }
            bytes.extend(laid_out);
        }
        if bytes.is_empty() && !entries.is_empty() {
            return Ok(Err(Errno::EINVAL));
        }
        if let Err(error) = self.put(cpu, address, &bytes) {
            return Ok(Err(error));
        }
        if let Some(description) = self.state.descriptors.description(description) {
            description.offset = next;
        }
        Ok(Ok(Served::Value(bytes.len() as u64)))
    }

    pub(super) fn getcwd(&mut self, cpu: &mut Cpu<'_>, [address, length, ..]: Arguments) -> Outcome {
        let mut path = self.state.directory.clone().into_bytes();
        path.push(0);
        if (path.len() as u64) > length {
            return Err(Errno::ERANGE);
        }
        self.put(cpu, address, &path)?;
        Ok(Served::Value(path.len() as u64))
    }

    pub(super) fn chdir(&mut self, cpu: &mut Cpu<'_>, [path, ..]: Arguments) -> Outcome {
        let path = self.path(cpu, path)?;
        let operation = Operation::Status { path: path.clone(), follow: true };
        ask(&operation, Purpose::ChangeDirectory(path))
    }

    pub(super) fn fchdir(&mut self, [descriptor, ..]: Arguments) -> Outcome {
        let (_, description) = self.state.descriptors.get(descriptor)?;
        if !matches!(description.object, Object::Directory(_)) {
            return Err(Errno::ENOTDIR);
        }
        self.state.directory = description.path.clone();
        Ok(Served::Value(0))
    }

    /// Goes to another directory, now that it is known what it is.
    pub(super) fn change_directory(
        &mut self,
        path: String,
        answer: Result<Answer, Errno>,
    ) -> Result<Outcome, Crash> {
        match answer {
            Ok(Answer::Status(status)) if status.mode & libc::S_IFMT == libc::S_IFDIR => {
                self.state.directory = path;
                Ok(Ok(Served::Value(0)))
            }
            Ok(Answer::Status(_)) => Ok(Err(Errno::ENOTDIR)),
            Ok(_) => Err(Crash::Answer("a status was asked for")),
            Err(error) => Ok(Err(error)),
        }
    }
}

/// One `struct linux_dirent64`; `next` is what to continue from behind it.
fn lay_out(entry: &DirectoryEntry, next: u64) -> Result<Vec<u8>, Crash> {
    let name = &entry.name;
    if name.is_empty() || name.len() > NAME_MAX || name.iter().any(|byte| matches!(byte, 0 | b'/')) {
        return Err(Crash::Answer("a name that no file can have"));
    }
    let length = (HEAD + name.len() + 1).next_multiple_of(8);
    let mut bytes = Vec::with_capacity(length);
    bytes.extend(entry.inode.to_le_bytes());
    bytes.extend(next.to_le_bytes());
    bytes.extend((length as u16).to_le_bytes());
    bytes.push(entry.kind);
    bytes.extend(name);
    bytes.resize(length, 0);
    Ok(bytes)
}
