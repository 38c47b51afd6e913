//! Debian's `busybox-static`: what it puts out as a guest is what it puts out on the host.

use crate::small_world::{SmallWorld, execute, program};
use std::io::Write;
use std::process::{Command, Stdio};

/// A static busybox, or `None` and a line that says how to get one.
fn busybox() -> Option<&'static str> {
    let found = ["/bin/busybox", "/usr/bin/busybox"].into_iter().find(|path| {
        std::fs::read(path).is_ok_and(|image| !image.windows(9).any(|name| name == b"/ld-linux"))
    });
    if found.is_none() {
        eprintln!("SKIPPED: there is no static busybox: apt-get install -y busybox-static");
    }
    found
}

/// Some text, not in order, with numbers at the beginning of its lines.
fn text() -> Vec<u8> {
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
