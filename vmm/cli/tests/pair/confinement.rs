//! What a replica and its guest cannot reach.

use crate::server::Server;
use crate::support::{BUSYBOX, covert, folder, needs, run};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::symlink;
use std::process::{Child, Stdio};

/// A pair whose guest sleeps, and the processes of its replicas.
fn sleeping() -> (Child, Vec<u64>) {
    sleeping_with(&[])
}

/// As [`sleeping`], with these options.
pub(crate) fn sleeping_with(options: &[&str]) -> (Child, Vec<u64>) {
    let mut child = covert()
        .args(["run", "--json"])
        .args(options)
        .args(["--program", BUSYBOX, "--", "sleep", "20"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("covert starts");
    let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    let mut pids = Vec::new();
    for line in lines.by_ref() {
        let event: Value = serde_json::from_str(&line.expect("a line")).expect("JSON");
        if event["event"] == "started" {
            let replicas = event["replicas"].as_array().expect("replicas");
            pids = replicas.iter().map(|replica| replica["pid"].as_u64().expect("a number")).collect();
        }
        if event["event"] == "running" {
            break;
        }
    }
    // The other end must stay open as long as the child tells something.
    std::thread::spawn(move || lines.for_each(drop));
    (child, pids)
}

pub(crate) fn end(mut child: Child) {
    child.kill().expect("it runs");
    child.wait().expect("its end");
}

#[test]
fn a_replica_holds_no_way_out() {
    needs!(busybox);
    let (child, pids) = sleeping();
    assert_eq!(pids.len(), 2);
    for pid in &pids {
        let mut open: Vec<String> = Vec::new();
        for entry in fs::read_dir(format!("/proc/{pid}/fd")).expect("its descriptors") {
            let link = fs::read_link(entry.expect("an entry").path()).expect("a link");
            open.push(link.display().to_string());
        }
        let harmless = |name: &String| {
            name.starts_with("/memfd:covert-")
                || name == "/dev/null"
                || name == "/dev/kvm"
                || name.starts_with("anon_inode:kvm-")
        };
        let sockets = open.iter().filter(|name| name.starts_with("socket:")).count();
        assert_eq!(sockets, 1, "its coordinator's: {open:?}");
        // Standard error is where a panic would be told.
        let others = open.iter().filter(|name| !harmless(name) && !name.starts_with("socket:")).count();
        assert!(others <= 1, "{open:?}");
        assert!(!open.iter().any(|name| name == "/dev/kvm"), "it could make more machines");
    }
    end(child);
}

/// Where the descriptors of a process lead.
fn links(pid: u64) -> BTreeSet<String> {
    let entries = fs::read_dir(format!("/proc/{pid}/fd")).expect("its descriptors").flatten();
    entries.filter_map(|entry| Some(fs::read_link(entry.path()).ok()?.display().to_string())).collect()
}

#[test]
fn a_replica_holds_nothing_of_the_card_but_its_doorbell() {
    needs!(busybox);
    needs!(verilator);
    let server = Server::start();
    let card = format!("vfio-user:{}", server.socket().display());
    for options in [&["--comparator", "unit", "--card", &card][..], &["--comparator", "unit"]] {
        let (child, pids) = sleeping_with(options);
        assert_eq!(pids.len(), 2);
        let sockets = |links: &BTreeSet<String>| -> BTreeSet<String> {
            links.iter().filter(|link| link.starts_with("socket:")).cloned().collect()
        };
        // The coordinator's ends: to its replicas, and to the card.
        let coordinators = sockets(&links(child.id().into()));
        for pid in &pids {
            let open = links(*pid);
            let own = sockets(&open);
            assert_eq!(own.len(), 1, "its end of the wire: {open:?}");
            assert!(own.is_disjoint(&coordinators), "the coordinator's own socket: {open:?}");
            for link in &open {
                let of_card = ["vfio", "eventfd", "iommu", "resource", "/pci", ".sock"];
                assert!(!of_card.iter().any(|word| link.contains(word)), "{link}");
            }
            // What is mapped: arena, doorbell, progress and store, and of them it writes two.
            let maps = fs::read_to_string(format!("/proc/{pid}/maps")).expect("its mappings");
            let shared =
                maps.lines().filter(|line| line.split(' ').nth(1).is_some_and(|it| it.ends_with('s')));
            let (mut written, mut doorbells) = (BTreeSet::new(), 0);
            for line in shared.filter(|line| !line.contains("anon_inode:kvm-vcpu")) {
                assert!(line.contains("/memfd:covert-"), "{line}");
                let is_doorbell = line.contains("/memfd:covert-doorbell");
                doorbells += usize::from(is_doorbell);
                if line.split(' ').nth(1).is_some_and(|rights| rights.contains('w')) {
                    assert!(is_doorbell || line.contains("/memfd:covert-arena"), "{line}");
                    written.insert(line.split_whitespace().nth(4).expect("an inode"));
                }
            }
            assert_eq!((doorbells, written.len()), (1, 2), "{maps}");
        }
        end(child);
    }
}

#[test]
fn the_card_is_given_no_memory_of_a_guest() {
    needs!(busybox);
    needs!(verilator);
    let server = Server::start();
    let card = format!("vfio-user:{}", server.socket().display());
    let (child, pids) = sleeping_with(&["--comparator", "unit", "--card", &card]);
    let memory = |pid| links(pid).into_iter().filter(|link| link.contains("memfd:")).collect::<Vec<_>>();
    // The server of a simulated card holds every file that it was given a window of.
    let names = ["arena", "fault", "verdict"].map(|name| format!("/memfd:covert-{name} (deleted)"));
    assert_eq!(memory(server.pid()), names);
    // Whereas a guest's memory is in no file that could be given away.
    for pid in pids {
        let maps = fs::read_to_string(format!("/proc/{pid}/maps")).expect("its mappings");
        let large = |line: &&str| {
            let (from, to) = line.split(' ').next().and_then(|range| range.split_once('-')).expect("a range");
            let at = |digits| u64::from_str_radix(digits, 16).expect("an address");
            at(to) - at(from) >= 64 << 20 && !line.contains("covert-") && line.contains(" rw")
        };
        let guest: Vec<&str> = maps.lines().filter(large).collect();
        assert!(!guest.is_empty(), "no memory of 64 MiB: {maps}");
        assert!(guest.iter().all(|line| line.contains(" rw-p 00000000 00:00 0")), "{guest:?}");
    }
    end(child);
}

#[test]
fn every_shared_region_has_exactly_one_writer() {
    needs!(busybox);
    let (child, pids) = sleeping();
    let mut writers: BTreeMap<String, usize> = BTreeMap::new();
    let mut readers = 0;
    for pid in pids.iter().copied().chain([u64::from(child.id())]) {
        let maps = fs::read_to_string(format!("/proc/{pid}/maps")).expect("its mappings");
        let mut written = BTreeSet::new();
        for line in maps.lines().filter(|line| line.contains("memfd:covert-")) {
            let mut fields = line.split_whitespace();
            let (rights, inode) = (fields.nth(1).expect("rights"), fields.nth(2).expect("an inode"));
            assert!(rights.ends_with('s') && !rights.contains('x'), "{line}");
            if rights.contains('w') {
                written.insert(inode.to_owned());
            } else {
                readers += 1;
            }
        }
        for region in written {
            *writers.entry(region).or_default() += 1;
        }
    }
    // Two arenas, the page of the coordinator's progress, the checkpoint store.
    assert_eq!(writers.len(), 4, "{writers:?}");
    assert!(writers.values().all(|writers| *writers == 1), "{writers:?}");
    assert!(readers >= 4, "nobody reads what is shared");
    end(child);
}

#[test]
fn a_replica_runs_filtered_and_without_privileges() {
    needs!(busybox);
    let (child, pids) = sleeping();
    for pid in &pids {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("its status");
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("a field");
            line.trim_start_matches(':').split_whitespace().map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(field("Seccomp"), ["2"], "a filter");
        assert_eq!(field("NoNewPrivs"), ["1"]);
        assert_eq!(field("CapEff"), ["0000000000000000"]);
        assert!(field("Uid").iter().all(|id| id != "0"), "root");
        let tasks = fs::read_dir(format!("/proc/{pid}/task")).expect("its threads");
        let name = |task: fs::DirEntry| fs::read_to_string(task.path().join("comm")).expect("its name");
        // The kernel adds one of its own to every process with a machine.
        let own =
            tasks.map(|task| name(task.expect("a thread"))).filter(|name| !name.starts_with("kvm-nx-lpage"));
        assert_eq!(own.count(), 1);
    }
    end(child);
}

#[test]
fn replicas_end_with_their_coordinator() {
    needs!(busybox);
    let (mut child, pids) = sleeping();
    child.kill().expect("it runs");
    child.wait().expect("its end");
    let alive = |pid: &u64| {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        !status.is_empty() && !status.contains("State:\tZ")
    };
    for _ in 0..200 {
        if !pids.iter().any(alive) {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("a replica outlived its coordinator");
}

#[test]
fn no_path_leads_out_of_a_mount() {
    needs!(busybox);
    let (inside, outside) = (folder().join("inside"), folder().join("outside"));
    fs::create_dir_all(inside.join("deep")).expect("a folder");
    fs::create_dir_all(&outside).expect("a folder");
    fs::write(outside.join("secret"), "secret").expect("a file");
    for (name, to) in
        [("up", "../outside/secret"), ("absolute", outside.join("secret").to_str().expect("a path"))]
    {
        let link = inside.join(name);
        let _ = fs::remove_file(&link);
        symlink(to, link).expect("a link");
    }
    let link = inside.join("folder");
    let _ = fs::remove_file(&link);
    symlink("../outside", link).expect("a link");
    let mount = format!("{}:/w:rw", inside.display());
    for path in [
        "/w/../outside/secret",
        "/w/deep/../../outside/secret",
        "/w/up",
        "/w/absolute",
        "/w/folder/secret",
        "/etc/passwd",
        "/proc/self/environ",
        "../../../../etc/passwd",
    ] {
        let output = run(&["run", "--mount", &mount, "--program", BUSYBOX, "--", "cat", path]);
        assert_eq!(output.status.code(), Some(1), "{path}");
        assert!(output.stdout.is_empty(), "{path}: {}", String::from_utf8_lossy(&output.stdout));
    }
    for target in ["/w/folder/new", "/w/../outside/new", "/tmp/covert-test-new"] {
        let output = run(&["run", "--mount", &mount, "--program", BUSYBOX, "--", "touch", target]);
        assert_eq!(output.status.code(), Some(1), "{target}");
    }
    assert!(!outside.join("new").exists());
}
