//! A database as a guest: its file is the one that a native run makes, byte for byte, faults or not.
//!
//! The guest is `vmm/guests/sqlite`. Everything that a database does to keep what it was told goes through the world: journals,
//! positional writes, synchronisation, truncation.

use crate::support::{Events, compiler, folder, needs, observed};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Instant;

const ROWS: &str = "10000";

/// The program, compiled once for each target directory.
fn program() -> Result<&'static Path, String> {
    static MADE: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    MADE.get_or_init(build).as_deref().map_err(Clone::clone)
}

fn build() -> Result<PathBuf, String> {
    compiler()?;
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sqlite");
    let cargo = |arguments: &[&str]| {
        Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .args(arguments)
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../guests/sqlite"))
            .env("CARGO_TARGET_DIR", &target)
            // Its own configuration says how it is linked.
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            .env_remove("CARGO_BUILD_TARGET")
            .output()
            .expect("cargo starts")
    };
    let fetched = cargo(&["fetch", "--locked"]);
    if !fetched.status.success() {
        let missing = format!("no crates to build SQLite from: {}", String::from_utf8_lossy(&fetched.stderr));
        assert!(!std::env::var("CI").is_ok_and(|value| value == "true"), "{missing}");
        return Err(missing);
    }
    let start = Instant::now();
    let built = cargo(&["build", "--release", "--locked"]);
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    eprintln!("SQLite was built in {:.1} s", start.elapsed().as_secs_f32());
    Ok(target.join("x86_64-unknown-linux-gnu/release/covert-guest-sqlite"))
}

/// An empty directory.
fn empty(name: &str) -> PathBuf {
    let empty = folder().join(format!("sqlite-{name}"));
    fs::create_dir_all(&empty).expect("a folder");
    empty
}

/// Runs the program natively; what it printed.
fn native(words: &[&str], file: &Path) -> String {
    let output = Command::new(program().expect("the program"))
        .arg(words[0])
        .arg(file)
        .args(&words[1..])
        .output()
        .expect("the program starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// What a native run prints, and the file that it makes.
fn reference() -> &'static (String, Vec<u8>) {
    static MADE: OnceLock<(String, Vec<u8>)> = OnceLock::new();
    MADE.get_or_init(|| {
        let file = empty("native").join("bank.db");
        let printed = native(&["work", ROWS], &file);
        (printed, fs::read(file).expect("the database"))
    })
}

/// Runs it as a pair: it prints the same, and makes the same file and nothing else.
fn same(name: &str, options: &[&str]) -> Events {
    let place = empty(name);
    let mount = format!("{}:/w:rw", place.display());
    let divergence = folder().join(format!("sqlite-{name}.json"));
    let program = program().expect("the program").to_str().expect("a path");
    let guest = ["--mount", &mount, "--program", program, "--", "work", "/w/bank.db", ROWS];
    let described = ["--divergence", divergence.to_str().expect("a path")];
    let (events, printed, output) = observed(&[options, &described, &guest].concat());
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{printed}{told}");
    let (expected, bytes) = reference();
    assert_eq!(&printed, expected, "{told}");
    assert_eq!(printed.lines().count(), 8, "nothing was found in the database");
    let file = place.join("bank.db");
    assert!(&fs::read(&file).expect("the database") == bytes, "the files differ");
    assert_eq!(native(&["check"], &file), "ok\n");
    assert_eq!(fs::read_dir(&place).expect("the folder").count(), 1, "a journal was left");
    events
}

#[test]
fn a_database_is_the_one_that_a_native_run_makes() {
    needs!(program());
    let events = same("sound", &[]);
    let summary = events.summary();
    assert_eq!(summary["mismatches"], 0, "{summary}");
    assert_eq!(summary["unserved"], serde_json::json!([]), "{summary}");
}

#[test]
fn a_database_survives_a_fault_between_its_writes() {
    needs!(program());
    // The processor jumps to nowhere: that is seen whenever it happens.
    let events = same("jumped", &["--inject", "replica=A,exit=1500,reg=rip,bit=44"]);
    assert_eq!(events.all("fault_injected").count(), 1);
    assert!(events.summary()["recoveries"].as_u64() >= Some(1), "{}", events.summary());
}

#[test]
fn a_database_survives_faults_at_random_moments() {
    needs!(program());
    for seed in ["2", "3"] {
        let fault = ["--seed", seed, "--inject", "replica=B,at=RANDOM,within=1000"];
        let events = same(&format!("seed-{seed}"), &fault);
        eprintln!("seed {seed}: {}", events.summary());
    }
}
