//! Debian's `busybox-static`: what it puts out as a guest is what it puts out on the host.

use crate::compiled::folder;
use crate::small_world::{SmallWorld, execute, program};
use std::io::Write;
use std::process::{Command, Stdio};

/// A static busybox, or `None` and a line that says how to get one.
pub(crate) fn busybox() -> Option<&'static str> {
    let found = ["/bin/busybox", "/usr/bin/busybox"].into_iter().find(|path| {
        std::fs::read(path).is_ok_and(|image| !image.windows(9).any(|name| name == b"/ld-linux"))
    });
    if found.is_none() {
        eprintln!("SKIPPED: there is no static busybox: apt-get install -y busybox-static");
    }
    found
}

/// Some text, not in order, with numbers at the beginning of its lines.
pub(crate) fn text() -> Vec<u8> {
    let mut text = Vec::new();
    let mut number = 1_u32;
    for line in 0..4000 {
        number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        writeln!(text, "{} line {line} of {}", number >> 8, "some text ".repeat(line % 5)).expect("memory");
    }
    text
}

fn native(busybox: &str, arguments: &[&str], stdin: &[u8]) -> (u64, Vec<u8>, Vec<u8>) {
    let mut child = Command::new(busybox)
        .args(arguments)
        .env_clear()
        .env("LC_ALL", "C")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("busybox runs");
    let mut pipe = child.stdin.take().expect("a pipe");
    let stdin = stdin.to_vec();
    let writer = std::thread::spawn(move || {
        // A program that does not read its input is as good.
        let _ = pipe.write_all(&stdin);
    });
    let output = child.wait_with_output().expect("an end");
    writer.join().expect("no panic");
    (output.status.code().unwrap_or(-1) as u64, output.stdout, output.stderr)
}

#[test]
fn puts_out_what_it_puts_out_on_the_host() {
    let Some(busybox) = busybox() else { return };
    let commands: &[&[&str]] = &[
        &["echo", "hello", "world"],
        &["cat"],
        &["sort", "-n"],
        &["wc"],
        &["sha256sum"],
        &["md5sum"],
        &["gzip", "-c"],
        &["awk", "{ sum += $1; words += NF } END { print sum, words, sqrt(2) }"],
        &["grep", "-c", "line 1.*text"],
        &["seq", "1", "20000"],
        &["sed", "s/line/LINE/"],
        &["head", "-c", "70000"],
        &["dd", "bs=100k", "count=1"],
        &["expr", "1", "+", "1"],
        &["false"],
        &["no-such-command"],
    ];
    let text = text();
    for arguments in commands {
        let mut world = SmallWorld::new("/nowhere".into(), &text);
        let started = std::time::Instant::now();
        let all = [&["busybox"], *arguments].concat();
        if execute(program(busybox, &all), &mut world).is_none() {
            return;
        }
        let (status, stdout, stderr) = native(busybox, arguments, &text);
        let ended = &world.ended;
        eprintln!("{arguments:?}: {} exits, {:?}, {:?}", ended.exits, started.elapsed(), ended.unserved);
        assert!(ended.stdout == stdout, "{arguments:?} puts out something else");
        assert_eq!(ended.status, status, "{arguments:?}");
        if arguments[0] != "dd" {
            assert_eq!(String::from_utf8_lossy(&ended.stderr), String::from_utf8_lossy(&stderr));
        }
        assert_eq!(ended.unserved, Vec::<String>::new(), "{arguments:?}");
    }
}

/// Files for a program to work on, the same on every call.
fn furnish(folder: &std::path::Path) {
    std::fs::create_dir_all(folder.join("in/deep")).expect("folders");
    std::fs::write(folder.join("in/text"), text()).expect("a file");
    std::fs::write(folder.join("in/deep/small"), "one\ntwo\nthree\n").expect("a file");
    std::fs::write(folder.join("in/deep/other"), "one\n2\nthree\n").expect("a file");
}

/// Every file under a folder and its content.
fn tree(folder: &std::path::Path) -> std::collections::BTreeMap<String, Vec<u8>> {
    let mut found = std::collections::BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.strip_prefix(folder).expect("inside").display().to_string();
            if path.is_dir() {
                folders.push(path);
                found.insert(name, Vec::new());
            } else {
                found.insert(name, std::fs::read(&path).expect("a file"));
            }
        }
    }
    found
}

/// The lines of an output, sorted where their order is the file system's.
fn sorted_if(sort: bool, output: &[u8]) -> Vec<String> {
    let mut lines: Vec<String> = String::from_utf8_lossy(output).lines().map(str::to_owned).collect();
    if sort {
        lines.sort();
    }
    lines
}

#[test]
fn does_to_files_what_it_does_on_the_host() {
    let Some(busybox) = busybox() else { return };
    let commands: &[&[&str]] = &[
        &["ls", "-1R", "in"],
        &["find", "in", "-name", "*t*"],
        &["cat", "in/deep/small", "in/deep/other"],
        &["sort", "-n", "-o", "sorted", "in/text"],
        &["cp", "-r", "in", "copy"],
        &["mv", "in/deep/small", "moved"],
        &["rm", "-r", "in"],
        &["mkdir", "-p", "a/b/c"],
        &["diff", "in/deep/small", "in/deep/other"],
        &["sed", "-i", "s/o/0/", "in/deep/small"],
        &["gzip", "-k", "in/text"],
        &["dd", "if=in/text", "of=part", "bs=1000", "skip=3", "count=5"],
        &["truncate", "-s", "5", "in/deep/small"],
        &["ln", "-s", "deep/small", "in/link"],
        &["stat", "-c", "%s %a %F", "in/text", "in/deep"],
        &["wc", "in/text", "in/deep/small"],
        &["tail", "-n", "3", "in/text"],
        &["cmp", "in/text", "in/deep/small"],
        &["cat", "nowhere"],
        &["sha1sum", "in/text"],
        &["tee", "one", "two"],
        &[
            "sh",
            "-c",
            "x=1; while [ $x -lt 50 ]; do x=$((x * 3)); done; echo $x > result; while read a; do echo $a; done < in/deep/small",
        ],
        &["awk", "{ print > (NR % 2 ? \"odd\" : \"even\") }", "in/text"],
    ];
    for arguments in commands {
        let (host, guest) = (folder("busybox-host"), folder("busybox-guest"));
        furnish(&host);
        furnish(&guest);
        let mut world = SmallWorld::new(guest.clone(), b"from outside\n");
        let all = [&["busybox"], *arguments].concat();
        if execute(program(busybox, &all), &mut world).is_none() {
            return;
        }
        let native = Command::new(busybox)
            .args(*arguments)
            .current_dir(&host)
            .env_clear()
            .envs([("LC_ALL", "C"), ("PATH", "/bin")])
            .stdin(std::fs::File::open(host.join("in/deep/small")).expect("a file"))
            .output()
            .expect("busybox runs");
        let ended = &world.ended;
        eprintln!("{arguments:?}: {} exits, {:?}", ended.exits, ended.unserved);
        if arguments[0] != "tee" {
            assert_eq!(
                sorted_if(arguments[0] == "find", &ended.stdout),
                sorted_if(arguments[0] == "find", &native.stdout),
                "{arguments:?}: {}",
                String::from_utf8_lossy(&ended.stderr)
            );
            assert!(tree(&guest) == tree(&host), "{arguments:?} leaves other files");
        } else {
            assert_eq!(std::fs::read(guest.join("two")).expect("a file"), b"from outside\n");
        }
        assert_eq!(ended.status, native.status.code().unwrap_or(-1) as u64, "{arguments:?}");
        assert_eq!(ended.unserved, Vec::<String>::new(), "{arguments:?}");
    }
}
