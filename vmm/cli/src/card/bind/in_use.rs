//! What the system would lose with a PCI function: mounted disks, and the network of the default route.

use covert_driver::pci::{Address, Bus};
use std::fs;
use std::path::Path;

/// What the function is in use for, in words.
pub(super) fn uses(bus: &Bus, address: Address) -> Vec<String> {
    let Ok(folder) = fs::canonicalize(bus.folder(address)) else { return Vec::new() };
    let mut uses = disks(bus, &folder);
    uses.extend(routes(bus, &folder));
    uses
}

/// The devices of a class that belong to a function: the names below `sys/class`.
fn devices(bus: &Bus, class: &str, folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(bus.path("sys/class").join(class)).into_iter().flatten().flatten();
    let below =
        entries.filter(|entry| fs::canonicalize(entry.path()).is_ok_and(|path| path.starts_with(folder)));
    below.filter_map(|entry| entry.file_name().into_string().ok()).collect()
}

/// Disks and partitions of the function that are mounted, swapped to, or part of another block device.
fn disks(bus: &Bus, folder: &Path) -> Vec<String> {
    let text = |path: &str| fs::read_to_string(bus.path(path)).unwrap_or_default();
    let (mounts, swaps) = (text("proc/self/mounts"), text("proc/swaps"));
    let mut uses = Vec::new();
    for name in devices(bus, "block", folder) {
        let device = format!("/dev/{name}");
        for line in mounts.lines() {
            let mut fields = line.split(' ');
            if fields.next() == Some(&device) {
                uses.push(format!("{device} is mounted on {}", fields.next().unwrap_or("something")));
            }
        }
        if swaps.lines().any(|line| line.split_whitespace().next() == Some(&device)) {
            uses.push(format!("{device} is swapped to"));
        }
        let holders = fs::read_dir(bus.path("sys/class/block").join(&name).join("holders"));
        for holder in holders.into_iter().flatten().flatten() {
            uses.push(format!("{device} is part of {}", holder.file_name().to_string_lossy()));
        }
    }
    uses
}

/// Network interfaces of the function that have a default route.
fn routes(bus: &Bus, folder: &Path) -> Vec<String> {
    let text = |path: &str| fs::read_to_string(bus.path(path)).unwrap_or_default();
    let (four, six) = (text("proc/net/route"), text("proc/net/ipv6_route"));
    let nowhere = "0".repeat(32);
    let has_route = |name: &String| {
        let fourth = four.lines().any(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            fields.first() == Some(&name.as_str()) && fields.get(1) == Some(&"00000000")
        });
        let sixth = six.lines().any(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            fields.last() == Some(&name.as_str())
                && fields.first() == Some(&nowhere.as_str())
                && fields.get(1) == Some(&"00")
        });
        fourth || sixth
    };
    let names = devices(bus, "net", folder).into_iter().filter(has_route);
    names.map(|name| format!("the default route goes through {name}")).collect()
}
