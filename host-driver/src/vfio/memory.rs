//! Memory for the card: mapped by this process for as long as the card may reach it, and allowed to be locked.

use crate::card::{Direction, Shared};
use memmap2::{MmapOptions, MmapRaw};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::os::fd::AsRawFd;

const PAGE: u64 = 4096;
/// Number of the capability that lifts the limit on locked memory.
const CAP_IPC_LOCK: u32 = 14;

/// Maps part of a shared file, for nothing more than the card may do with it.
pub(super) fn map(memory: &Shared<'_>, direction: Direction) -> Result<MmapRaw, String> {
    let Shared { fd, offset, bytes } = *memory;
    let length = usize::try_from(bytes).map_err(|error| error.to_string())?;
    let mut options = MmapOptions::new();
    options.offset(offset).len(length);
    let mapped = match direction {
        Direction::Read => options.map_raw_read_only(fd.as_raw_fd()),
        Direction::Write => options.map_raw(fd.as_raw_fd()),
    };
    mapped.map_err(|error| format!("cannot map the memory: {error}"))
}

/// Whether a window is of whole pages.
pub(super) fn check_pages(iova: u64, memory: &Shared<'_>) -> Result<(), String> {
    let Shared { offset, bytes, .. } = *memory;
    if [iova, offset, bytes].iter().any(|it| !it.is_multiple_of(PAGE)) || bytes == 0 {
        return Err(format!("{bytes:#x} bytes at {offset:#x} of the file are no whole pages"));
    }
    Ok(())
}

/// Makes sure that so many more bytes may be locked: the kernel locks what a device reaches, and counts it against a limit. The
/// soft limit is raised if the hard one has room.
pub(super) fn allow_locking(bytes: u64) -> Result<(), String> {
    let limit = getrlimit(Resource::Memlock);
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let Some(short) = lacks(bytes, &limit, &status) else { return Ok(()) };
    let raised = Rlimit { current: Some(short.needed), maximum: limit.maximum };
    if limit.maximum.is_none_or(|most| most >= short.needed) && setrlimit(Resource::Memlock, raised).is_ok() {
        return Ok(());
    }
    Err(short.to_string())
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "this process may lock {allowed} KiB of memory and needs {} KiB for the card: raise the limit, by `ulimit -l {}` as root \
     before the start, by `prlimit --memlock={needed} --pid PID`, by a line `USER - memlock {}` in /etc/security/limits.conf, or \
     by `LimitMEMLOCK={needed}` in the service's unit",
    needed / 1024, needed / 1024, needed / 1024
)]
struct Short {
    /// Bytes that have to be allowed.
    needed: u64,
    /// KiB that are.
    allowed: u64,
}

/// What is missing to lock so many more bytes, if anything is.
fn lacks(bytes: u64, limit: &Rlimit, status: &str) -> Option<Short> {
    let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let capabilities = field("CapEff:").and_then(|text| u64::from_str_radix(text, 16).ok()).unwrap_or(0);
    let kib = |text: &str| text.trim_end_matches("kB").trim().parse::<u64>().ok();
    let locked = field("VmLck:").and_then(kib).unwrap_or(0).saturating_mul(1024);
    let needed = locked.saturating_add(bytes);
    match limit.current {
        Some(most) if most < needed && capabilities >> CAP_IPC_LOCK & 1 == 0 => {
            Some(Short { needed, allowed: most / 1024 })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USER: &str = "Name:\tcovert\nVmLck:\t    4096 kB\nCapEff:\t0000000000000000\n";
    const ROOT: &str = "Name:\tcovert\nVmLck:\t       0 kB\nCapEff:\t000001ffffffffff\n";

    #[test]
    fn the_limit_counts_what_is_locked_already_and_not_for_root() {
        let limit = Rlimit { current: Some(8 << 20), maximum: Some(8 << 20) };
        assert_eq!(lacks(4 << 20, &limit, USER), None);
        let short = lacks((4 << 20) + 4096, &limit, USER).unwrap();
        assert_eq!(short, Short { needed: (8 << 20) + 4096, allowed: 8192 });
        assert!(short.to_string().contains("`ulimit -l 8196`"), "{short}");
        assert_eq!(lacks(u64::MAX, &limit, ROOT), None);
        assert_eq!(lacks(u64::MAX, &Rlimit { current: None, maximum: None }, USER), None);
        assert!(lacks(16 << 20, &limit, "").is_some(), "what is not known counts against it");
    }
}
