//! Programs that nobody here wrote, as a pair: what they put out is what they put out natively.

use crate::support::{BUSYBOX, file, folder, needs, run, text};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// Bytes of the text that they work on.
const INPUT: usize = 2 << 20;

/// Runs an applet natively and as a pair over the same file.
fn same(arguments: &[&str]) {
    needs!(busybox);
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    let input = MADE.get_or_init(|| file("input.txt", text(INPUT)));
    let native: Vec<String> =
        arguments.iter().map(|word| word.replace("INPUT", input.to_str().expect("a path"))).collect();
    let native = Command::new(BUSYBOX).args(native).stdin(Stdio::null()).output().expect("busybox");
    let guest: Vec<String> = arguments.iter().map(|word| word.replace("INPUT", "/w/input.txt")).collect();
    let guest: Vec<&str> = guest.iter().map(String::as_str).collect();
    let mount = format!("{}:/w", folder().display());
    let pair = run(&[&["run", "--mount", &mount, "--program", BUSYBOX, "--"], &guest[..]].concat());
    assert!(
        pair.status.code() == native.status.code(),
        "{:?} instead of {:?}: {}",
        pair.status,
        native.status,
        String::from_utf8_lossy(&pair.stderr)
    );
    assert!(pair.stdout == native.stdout, "{arguments:?} put out something else than natively");
    assert!(!pair.stdout.is_empty(), "nothing was compared");
}

#[test]
fn sort_puts_out_what_it_does_natively() {
    same(&["sort", "INPUT"]);
}

#[test]
fn sort_by_numbers_puts_out_what_it_does_natively() {
    same(&["sort", "-n", "-k", "2", "INPUT"]);
}

#[test]
fn sed_puts_out_what_it_does_natively() {
    same(&["sed", "-n", "$=", "INPUT"]);
}

#[test]
fn awk_puts_out_what_it_does_natively() {
    same(&[
        "awk",
        "{ n[length($1)]++; s += $NF } END { for (i = 0; i < 9; i++) print i, n[i]; print s }",
        "INPUT",
    ]);
}

#[test]
fn grep_puts_out_what_it_does_natively() {
    same(&["grep", "-n", "[aeiou]\\{4\\}", "INPUT"]);
}

#[test]
fn cut_puts_out_what_it_does_natively() {
    same(&["cut", "-d", " ", "-f", "1,3", "INPUT"]);
}

#[test]
fn gzip_puts_out_what_it_does_natively() {
    same(&["gzip", "-c", "-n", "INPUT"]);
}

#[test]
fn bzip2_puts_out_what_it_does_natively() {
    same(&["bzip2", "-c", "INPUT"]);
}

#[test]
fn od_puts_out_what_it_does_natively() {
    same(&["od", "-A", "x", "-t", "x1", "-N", "300000", "INPUT"]);
}

#[test]
fn tac_puts_out_what_it_does_natively() {
    same(&["tac", "INPUT"]);
}

#[test]
fn fold_puts_out_what_it_does_natively() {
    same(&["fold", "-w", "17", "INPUT"]);
}
