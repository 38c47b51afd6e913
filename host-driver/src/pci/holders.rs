//! Which processes have a file open.

use super::Bus;
use std::fs;
use std::path::Path;

/// A process that has a file open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Its number.
    pub pid: u32,
    /// Its name; empty if the process is gone already.
    pub name: String,
}

impl Holder {
    /// The process of this number, with its name as of now.
    pub fn running(pid: u32) -> Holder {
        Holder::below(Path::new("/proc"), pid)
    }

    fn below(processes: &Path, pid: u32) -> Holder {
        let name = fs::read_to_string(processes.join(format!("{pid}/comm"))).unwrap_or_default();
        Holder { pid, name: name.trim().into() }
    }
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "process {} ({})", self.pid, self.name)
    }
}

impl Bus {
    /// The processes that have this file open, as far as this process may see that: those of other users only for root.
    pub fn holders(&self, file: &Path) -> Vec<Holder> {
        let processes = self.root.join("proc");
        let Ok(entries) = fs::read_dir(&processes) else { return Vec::new() };
        let pid = |entry: fs::DirEntry| entry.file_name().to_str()?.parse::<u32>().ok();
        let mut pids: Vec<u32> = entries.flatten().filter_map(pid).collect();
        pids.sort_unstable();
        let holds = |pid: &u32| {
            let open = fs::read_dir(processes.join(format!("{pid}/fd"))).into_iter().flatten().flatten();
            let mut targets = open.filter_map(|entry| fs::read_link(entry.path()).ok());
            targets.any(|target| target == file)
        };
        pids.into_iter().filter(holds).map(|pid| Holder::below(&processes, pid)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_has_a_file_open_is_found() {
        let path = std::env::current_exe().unwrap();
        let _open = fs::File::open(&path).unwrap();
        let holders = Bus::host().holders(&path);
        assert!(holders.iter().any(|holder| holder.pid == std::process::id()), "{holders:?}");
        assert_eq!(Bus::host().holders(Path::new("/nowhere")), []);
    }
}
