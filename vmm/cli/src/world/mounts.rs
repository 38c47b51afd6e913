//! Which part of the host a guest can see: directories, each beneath a path of the guest's view.
//!
//! A path is resolved by the kernel beneath the mount's descriptor (`openat2` with `RESOLVE_BENEATH`): neither `..` nor a link leads out,
//! also not one that somebody makes while it is resolved.

use rustix::fs::{Mode, OFlags, ResolveFlags};
use rustix::io::Errno;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// A mount as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mount {
    /// A directory of the host.
    pub host: PathBuf,
    /// Where the guest sees it: an absolute path.
    pub guest: String,
    /// Whether the guest may change it.
    #[serde(default)]
    pub write: bool,
}

impl FromStr for Mount {
    type Err = String;

    fn from_str(text: &str) -> Result<Mount, String> {
        let mut parts: Vec<&str> = text.split(':').collect();
        let write = match parts.last() {
            Some(&"rw") => parts.pop().is_some(),
            Some(&"ro") => parts.pop().is_none(),
            _ => false,
        };
        match parts[..] {
            [host, guest] if guest.starts_with('/') => {
                Ok(Mount { host: host.into(), guest: guest.trim_end_matches('/').to_owned(), write })
            }
            _ => Err("write HOSTDIR:/GUESTDIR, with :rw behind it if the guest may change it".into()),
        }
    }
}

/// Why a mount cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum MountError {
    /// The host's directory cannot be opened.
    #[error("cannot mount {host} at {guest}: {error}; it must be a directory that you may read")]
    Open {
        /// On the host.
        host: String,
        /// In the guest's view.
        guest: String,
        /// Why.
        error: Errno,
    },
    /// The guest's path is none.
    #[error("cannot mount at `{0}`: a guest's path is absolute and has no `.` or `..`")]
    Path(String),
    /// Two at one place.
    #[error("two mounts at {0}")]
    Twice(String),
}

struct Open {
    /// Without a slash at its end; empty for the root.
    guest: String,
    directory: OwnedFd,
    write: bool,
}

/// The mounts of one guest.
#[derive(Default)]
pub struct Mounts {
    /// The longest first, so that the first that fits is the right one.
    open: Vec<Open>,
}

/// A path of the guest, found in a mount.
pub struct Found<'a> {
    /// The mount's directory.
    pub directory: &'a OwnedFd,
    /// The rest, relative; `.` for the mount itself.
    pub path: &'a str,
    /// Whether it may be changed.
    pub write: bool,
}

impl Mounts {
    /// Opens all of them.
    ///
    /// # Errors
    /// See [`MountError`].
    pub fn new(mounts: &[Mount]) -> Result<Mounts, MountError> {
        let mut open: Vec<Open> = Vec::new();
        for mount in mounts {
            let guest = mount.guest.trim_end_matches('/').to_owned();
            let plain = |part: &str| !part.is_empty() && part != "." && part != "..";
            if !guest.is_empty() && !guest.strip_prefix('/').is_some_and(|rest| rest.split('/').all(plain)) {
                return Err(MountError::Path(mount.guest.clone()));
            }
            if open.iter().any(|other| other.guest == guest) {
                return Err(MountError::Twice(mount.guest.clone()));
            }
            let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC;
            let directory = rustix::fs::open(&mount.host, flags, Mode::empty()).map_err(|error| {
                MountError::Open { host: mount.host.display().to_string(), guest: guest.clone(), error }
            })?;
            open.push(Open { guest, directory, write: mount.write });
        }
        open.sort_by_key(|mount| std::cmp::Reverse(mount.guest.len()));
        Ok(Mounts { open })
    }

    /// The mount that a path lies in.
    pub fn find<'a>(&'a self, path: &'a str) -> Option<Found<'a>> {
        self.open.iter().find_map(|mount| {
            let rest = path.strip_prefix(&mount.guest)?;
            let rest = match rest.strip_prefix('/') {
                Some(rest) => rest,
                None if rest.is_empty() => rest,
                None => return None,
            };
            let path = if rest.is_empty() { "." } else { rest };
            Some(Found { directory: &mount.directory, path, write: mount.write })
        })
    }

    /// The names in a directory of the guest's view that exist only because something is mounted below; `None` if nothing is.
    pub fn names_below(&self, path: &str) -> Option<Vec<String>> {
        let path = path.trim_end_matches('/');
        let below = |mount: &Open| {
            let rest = mount.guest.strip_prefix(path)?.strip_prefix('/')?;
            rest.split('/').next().map(str::to_owned)
        };
        let mut names: Vec<String> = self.open.iter().filter_map(below).collect();
        names.sort();
        names.dedup();
        (!names.is_empty() || path.is_empty()).then_some(names)
    }
}

impl Found<'_> {
    /// Opens it, beneath the mount.
    ///
    /// # Errors
    /// The system's, `EROFS` for a change where none is allowed.
    pub fn open(&self, flags: OFlags, mode: Mode) -> Result<OwnedFd, Errno> {
        let changes = OFlags::CREATE | OFlags::TRUNC | OFlags::WRONLY | OFlags::RDWR | OFlags::TMPFILE;
        if !self.write && flags.difference(OFlags::DIRECTORY).intersects(changes) {
            return Err(Errno::ROFS);
        }
        beneath(self.directory.as_fd(), self.path, flags, mode)
    }

    /// The directory that holds it, and its name there.
    ///
    /// # Errors
    /// The system's; `EBUSY` for the mount itself.
    pub fn parent(&self) -> Result<(OwnedFd, &str), Errno> {
        let path = Path::new(self.path);
        let name = path.file_name().and_then(|name| name.to_str()).ok_or(Errno::BUSY)?;
        let parent = match path.parent().and_then(Path::to_str) {
            None | Some("") => ".",
            Some(parent) => parent,
        };
        let flags = OFlags::PATH | OFlags::DIRECTORY;
        Ok((beneath(self.directory.as_fd(), parent, flags, Mode::empty())?, name))
    }

    /// Like [`parent`](Self::parent), for a change.
    ///
    /// # Errors
    /// `EROFS` where none is allowed.
    pub fn parent_to_change(&self) -> Result<(OwnedFd, &str), Errno> {
        if self.write { self.parent() } else { Err(Errno::ROFS) }
    }
}

fn beneath(directory: impl AsFd, path: &str, flags: OFlags, mode: Mode) -> Result<OwnedFd, Errno> {
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    let mode = if flags.intersects(OFlags::CREATE | OFlags::TMPFILE) { mode } else { Mode::empty() };
    loop {
        match rustix::fs::openat2(&directory, path, flags | OFlags::CLOEXEC, mode, resolve) {
            // The kernel could not rule out that something was renamed meanwhile.
            Err(Errno::AGAIN | Errno::INTR) => {}
            // A link that leads out: for the guest, what it points to does not exist.
            Err(Errno::XDEV) => return Err(Errno::NOENT),
            other => return other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mount_reads_back_from_the_command_line() {
        let mount: Mount = "/tmp:/w:rw".parse().unwrap();
        assert_eq!(mount, Mount { host: "/tmp".into(), guest: "/w".into(), write: true });
        assert!(!"/tmp:/w".parse::<Mount>().unwrap().write);
        assert!(!"/tmp:/w:ro".parse::<Mount>().unwrap().write);
        assert!("/tmp".parse::<Mount>().is_err());
        assert!("/tmp:w".parse::<Mount>().is_err());
    }

    #[test]
    fn the_longest_mount_that_fits_is_taken_and_no_other_name_with_its_beginning() {
        let mount = |guest: &str| Mount { host: "/".into(), guest: guest.into(), write: false };
        let mounts = Mounts::new(&[mount("/w"), mount("/w/inner")]).unwrap();
        assert_eq!(mounts.find("/w/inner/x").unwrap().path, "x");
        assert_eq!(mounts.find("/w/other").unwrap().path, "other");
        assert_eq!(mounts.find("/w").unwrap().path, ".");
        assert!(mounts.find("/word").is_none());
        assert_eq!(mounts.names_below("/").unwrap(), ["w"]);
        assert_eq!(mounts.names_below("/x"), None);
    }
}
