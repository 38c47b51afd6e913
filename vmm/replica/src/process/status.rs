//! What `stat` and its kin tell. What the world does not say, because it would differ from run to run, is fixed.

use super::Process;
use super::errno::Errno;
use super::file_io::ask;
use super::files::Object;
use super::identity::USER;
use super::paths::{Special, special};
use super::state::Purpose;
use super::syscalls::{Arguments, Outcome, Served};
use crate::cpu::Cpu;
use crate::guest::Crash;
use crate::world::{Answer, Operation, Status};

const CURRENT: u64 = libc::AT_FDCWD as u64;
const BLOCK: u64 = 4096;
const SECOND: i64 = 1_000_000_000;

/// Bytes of `struct stat` and of `struct statx`.
const PLAIN: u64 = 144;
const EXTENDED: u64 = 256;

/// The device that all files are on.
const DEVICE: u64 = 0x10;

impl Process {
    pub(super) fn stat(
        &mut self,
        cpu: &mut Cpu<'_>,
        [path, address, ..]: Arguments,
        follow: bool,
    ) -> Outcome {
        let path = self.path(cpu, path)?;
        self.status_of_path(cpu, path, follow, address, false)
    }

    pub(super) fn fstat(&mut self, cpu: &mut Cpu<'_>, [descriptor, address, ..]: Arguments) -> Outcome {
        self.status_of_descriptor(cpu, descriptor, address, false)
    }

    pub(super) fn fstatat(
        &mut self,
        cpu: &mut Cpu<'_>,
        [from, path, address, flags, ..]: Arguments,
    ) -> Outcome {
        self.status_at(cpu, from, path, flags, address, false)
    }

    pub(super) fn statx(
        &mut self,
        cpu: &mut Cpu<'_>,
        [from, path, flags, _, address, _]: Arguments,
    ) -> Outcome {
        self.status_at(cpu, from, path, flags, address, true)
    }

    fn status_at(
        &mut self,
        cpu: &mut Cpu<'_>,
        from: u64,
        path: u64,
        flags: u64,
        address: u64,
        extended: bool,
    ) -> Outcome {
        let flag = |flag: i32| flags & flag as u64 != 0;
        if flag(libc::AT_EMPTY_PATH) && (path == 0 || self.string(cpu, path)?.is_empty()) {
            if from == CURRENT || from as i32 == libc::AT_FDCWD {
                let path = self.state.directory.clone();
                return self.status_of_path(cpu, path, true, address, extended);
            }
            return self.status_of_descriptor(cpu, from, address, extended);
        }
        let path = self.path_at(cpu, from, path)?;
        self.status_of_path(cpu, path, !flag(libc::AT_SYMLINK_NOFOLLOW), address, extended)
    }

    fn status_of_path(
        &mut self,
        cpu: &mut Cpu<'_>,
        path: String,
        follow: bool,
        address: u64,
        extended: bool,
    ) -> Outcome {
        match special(&path) {
            Some(Special::Device(object)) => return self.put_fixed(cpu, &object, address, extended),
            Some(Special::Descriptor(descriptor)) => {
                return self.status_of_descriptor(cpu, descriptor, address, extended);
            }
            None => {}
        }
        self.writable(cpu, address, if extended { EXTENDED } else { PLAIN })?;
        ask(&Operation::Status { path, follow }, Purpose::Status { address, extended })
    }

    fn status_of_descriptor(
        &mut self,
        cpu: &mut Cpu<'_>,
        descriptor: u64,
        address: u64,
        extended: bool,
    ) -> Outcome {
        let (_, description) = self.state.descriptors.get(descriptor)?;
        match (description.handle(), description.object.clone()) {
            (Some(handle), _) => {
                self.writable(cpu, address, if extended { EXTENDED } else { PLAIN })?;
                ask(&Operation::StatusOf(handle), Purpose::Status { address, extended })
            }
            (None, object) => self.put_fixed(cpu, &object, address, extended),
        }
    }

    fn put_fixed(&mut self, cpu: &mut Cpu<'_>, object: &Object, address: u64, extended: bool) -> Outcome {
        // A stream is a pipe to the guest, whatever it is outside: a file or a terminal would behave differently.
        let (mode, inode, device) = match object {
            Object::Null => (libc::S_IFCHR | 0o666, 4, (1, 3)),
            Object::Zero => (libc::S_IFCHR | 0o666, 5, (1, 5)),
            Object::Random => (libc::S_IFCHR | 0o666, 6, (1, 9)),
            Object::Output(channel) => (libc::S_IFIFO | 0o600, u64::from(*channel) + 1, (0, 0)),
            _ => (libc::S_IFIFO | 0o600, 1, (0, 0)),
        };
        let status = Status { inode, mode, links: 1, ..Status::default() };
        let bytes = lay_out(&status, device, extended);
        self.put(cpu, address, &bytes)?;
        Ok(Served::Value(0))
    }

    /// Lays out a status that was asked for.
    pub(super) fn status_read(
        &mut self,
        cpu: &mut Cpu<'_>,
        address: u64,
        extended: bool,
        answer: Result<Answer, Errno>,
    ) -> Result<Outcome, Crash> {
        match answer {
            Ok(Answer::Status(status)) => {
                let bytes = lay_out(&status, (0, 0), extended);
                Ok(self.put(cpu, address, &bytes).map(|()| Served::Value(0)))
            }
            Ok(_) => Err(Crash::Answer("a status was asked for")),
            Err(error) => Ok(Err(error)),
        }
    }
}

/// The kernel's `struct stat` or `struct statx`.
fn lay_out(status: &Status, device: (u32, u32), extended: bool) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(EXTENDED as usize);
    let mut put = |value: u64, size: usize| bytes.extend_from_slice(&value.to_le_bytes()[..size]);
    let (major, minor) = (u64::from(device.0), u64::from(device.1));
    let time = |time: i64| (time.div_euclid(SECOND) as u64, time.rem_euclid(SECOND) as u64);
    if extended {
        put(u64::from(libc::STATX_BASIC_STATS), 4);
        put(BLOCK, 4);
        put(0, 8); // attributes
        put(u64::from(status.links), 4);
        put(USER, 4);
        put(USER, 4);
        put(u64::from(status.mode), 2);
        put(0, 2);
        put(status.inode, 8);
        put(status.size, 8);
        put(status.blocks, 8);
        put(0, 8); // attributes that are supported
        // The time of birth is not known.
        for moment in [status.accessed, 0, status.changed, status.modified] {
            let (seconds, rest) = time(moment);
            put(seconds, 8);
            put(rest, 8);
        }
        put(major, 4);
        put(minor, 4);
        put(0, 4);
        put(DEVICE, 4);
        bytes.resize(EXTENDED as usize, 0);
    } else {
        put(DEVICE, 8);
        put(status.inode, 8);
        put(u64::from(status.links), 8);
        put(u64::from(status.mode), 4);
        put(USER, 4);
        put(USER, 4);
        put(0, 4);
        put(major << 8 | minor, 8);
        put(status.size, 8);
        put(BLOCK, 8);
        put(status.blocks, 8);
        for moment in [status.accessed, status.modified, status.changed] {
            let (seconds, rest) = time(moment);
            put(seconds, 8);
            put(rest, 8);
        }
        bytes.resize(PLAIN as usize, 0);
    }
    bytes
}
