//! Paths: where they lead in the guest's view.
//!
//! They are resolved by their letters alone, `..` included: links inside them are the coordinator's business, which
//! never leaves the mounts.

use super::Process;
use super::errno::Errno;
use super::files::Object;
use super::pointers::PATH_MAX;
use crate::cpu::Cpu;

/// Longest name in a path; `NAME_MAX`.
const NAME_MAX: usize = 255;

/// What a path stands for that is not in the world's files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Special {
    /// One of the devices that every process may count on.
    Device(Object),
    /// A descriptor that is open already.
    Descriptor(u64),
}

/// Whether a path is one of the few that are served inside the replica.
pub(super) fn special(path: &str) -> Option<Special> {
    let number = |text: &str| text.parse::<u32>().ok().map(|number| Special::Descriptor(number.into()));
    Some(match path {
        "/dev/null" => Special::Device(Object::Null),
        "/dev/zero" => Special::Device(Object::Zero),
        "/dev/random" | "/dev/urandom" => Special::Device(Object::Random),
        "/dev/stdin" => Special::Descriptor(0),
        "/dev/stdout" => Special::Descriptor(1),
        "/dev/stderr" => Special::Descriptor(2),
        _ => number(path.strip_prefix("/dev/fd/").or_else(|| path.strip_prefix("/proc/self/fd/"))?)?,
    })
}

/// A path seen from a directory: absolute, without `.`, `..`, and empty parts.
pub(super) fn normalise(directory: &str, path: &str) -> Result<String, Errno> {
    if path.is_empty() {
        return Err(Errno::ENOENT);
    }
    let mut parts: Vec<&str> = Vec::new();
    let from = if path.starts_with('/') { "" } else { directory };
    for part in from.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            name if name.len() > NAME_MAX => return Err(Errno::ENAMETOOLONG),
            name => parts.push(name),
        }
    }
    let path = format!("/{}", parts.join("/"));
    if path.len() as u64 >= PATH_MAX { Err(Errno::ENAMETOOLONG) } else { Ok(path) }
}

impl Process {
    /// The path at an address, seen from the current directory.
    pub(super) fn path(&mut self, cpu: &mut Cpu<'_>, address: u64) -> Result<String, Errno> {
        self.path_at(cpu, libc::AT_FDCWD as u64, address)
    }

    /// The path at an address, seen from the directory behind a descriptor.
    pub(super) fn path_at(
        &mut self,
        cpu: &mut Cpu<'_>,
        descriptor: u64,
        address: u64,
    ) -> Result<String, Errno> {
        let path = self.string(cpu, address)?;
        if path.starts_with('/') || descriptor as i32 == libc::AT_FDCWD {
            return normalise(&self.state.directory, &path);
        }
        let (_, description) = self.state.descriptors.get(descriptor)?;
        match description.object {
            Object::Directory(_) => normalise(&description.path, &path),
            _ => Err(Errno::ENOTDIR),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{normalise, special};

    #[test]
    fn paths_cannot_leave_the_root() {
        let cases = [
            ("/", ".", "/"),
            ("/home", "a/./b", "/home/a/b"),
            ("/home", "../../../etc//passwd/", "/etc/passwd"),
            ("/home", "/../..", "/"),
        ];
        for (directory, path, expected) in cases {
            assert_eq!(normalise(directory, path).as_deref(), Ok(expected));
        }
        assert!(normalise("/", "").is_err());
        assert!(normalise("/", &"a".repeat(256)).is_err());
        assert!(normalise("/", &"a/".repeat(3000)).is_err());
    }

    #[test]
    fn only_a_few_paths_are_special() {
        assert!(special("/dev/null").is_some());
        assert!(special("/dev/fd/7").is_some());
        assert!(special("/dev/fd/x").is_none());
        assert!(special("/dev/sda").is_none());
    }
}
