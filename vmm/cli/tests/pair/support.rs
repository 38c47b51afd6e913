//! Running `covert` and reading what it says.

use covert_verification::verilated::Verilated;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

pub(crate) const BUSYBOX: &str = "/bin/busybox";

/// Ends a test that this host cannot run, loudly.
macro_rules! needs {
    ($what:ident) => {
        $crate::support::needs!($crate::support::$what())
    };
    ($there:expr) => {
        if let Err(missing) = $there {
            eprintln!("SKIPPED: {missing}");
            return;
        }
    };
}
pub(crate) use needs;

/// Whether machines can run here.
pub(crate) fn kvm() -> Result<(), String> {
    covert::host::require_kvm().map_err(|error| error.to_string())
}

/// Whether there are machines and a program to run in them.
pub(crate) fn busybox() -> Result<(), String> {
    kvm()?;
    let image = fs::read(BUSYBOX).unwrap_or_default();
    match is_static(&image) {
        true => Ok(()),
        // What can be installed is there in CI.
        false if std::env::var("CI").is_ok_and(|value| value == "true") => panic!("no static {BUSYBOX}"),
        false => Err(format!("{BUSYBOX} is not a static program: cargo xtask setup")),
    }
}

/// Whether the unit can be simulated here. Builds the simulation, if need be, before any machine waits for it.
pub(crate) fn verilator() -> Result<(), String> {
    static THERE: OnceLock<Result<(), String>> = OnceLock::new();
    let there = THERE.get_or_init(|| Verilated::unit().map(drop).map_err(|error| error.to_string()));
    match there {
        // What can be installed is there in CI.
        Err(missing) if std::env::var("CI").is_ok_and(|value| value == "true") => panic!("{missing}"),
        there => there.clone(),
    }
}

/// Whether there are machines and a compiler to make programs for them.
pub(crate) fn compiler() -> Result<(), String> {
    kvm()?;
    let known = Command::new("cc").arg("--version").output().is_ok_and(|output| output.status.success());
    match known {
        true => Ok(()),
        false if std::env::var("CI").is_ok_and(|value| value == "true") => panic!("no C compiler"),
        false => Err("there is no C compiler: cargo xtask setup".into()),
    }
}

/// A static program, made from C.
pub(crate) fn compiled(name: &str, source: &str) -> PathBuf {
    let (source, program) = (file(&format!("{name}.c"), source), folder().join(name));
    let made =
        Command::new("cc").args(["-static", "-O1", "-o"]).arg(&program).arg(&source).output().expect("cc");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    program
}

/// Whether an ELF program names no interpreter: its program headers (at the offset in word 4, 56 bytes each, as many as
/// half-word 28 says) have none of type 3.
fn is_static(image: &[u8]) -> bool {
    let number = |at: usize, bytes: usize| {
        let part = image.get(at..at + bytes)?;
        Some(part.iter().rev().fold(0usize, |sum, byte| sum << 8 | usize::from(*byte)))
    };
    let Some((first, count)) = number(32, 8).zip(number(56, 2)) else { return false };
    (0..count).all(|place| number(first + place * 56, 4) != Some(3))
}

/// The command.
pub(crate) fn covert() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_covert"));
    command.stdin(Stdio::null()).current_dir(folder());
    command
}

/// Runs it to its end.
pub(crate) fn run(arguments: &[&str]) -> Output {
    covert().args(arguments).output().expect("covert starts")
}

/// A folder for this test process.
pub(crate) fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(std::process::id().to_string());
    fs::create_dir_all(&folder).expect("a folder");
    folder
}

/// A file in it.
pub(crate) fn file(name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = folder().join(name);
    fs::write(&path, content).expect("a file");
    path
}

/// A text of about so many bytes: the same on every run.
pub(crate) fn text(bytes: usize) -> String {
    let mut random = fastrand::Rng::with_seed(11);
    let mut text = String::with_capacity(bytes + 80);
    while text.len() < bytes {
        let words = 1 + random.usize(..9);
        for _ in 0..words {
            let letters = 1 + random.usize(..8);
            text.extend((0..letters).map(|_| char::from(b'a' + random.u8(..26))));
            text.push(' ');
        }
        text += &format!("{}\n", random.u32(..100_000));
    }
    text
}

/// The events of a run with `--json`.
pub(crate) struct Events(pub(crate) Vec<Value>);

impl Events {
    pub(crate) fn of(output: &Output) -> Events {
        Events::read(&output.stdout)
    }

    pub(crate) fn read(said: &[u8]) -> Events {
        let text = String::from_utf8_lossy(said);
        let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
        Events(text.lines().map(parse).collect())
    }

    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Value> {
        self.0.iter().filter(move |event| event["event"] == name)
    }

    pub(crate) fn summary(&self) -> &Value {
        let last = self.0.last().expect("a summary at the end");
        assert_eq!(last["event"], "summary");
        last
    }
}

/// Runs a guest with `--json` and what it writes to a file; gives the events and what it wrote.
pub(crate) fn observed(arguments: &[&str]) -> (Events, String, Output) {
    let console = folder().join(format!("console-{}", fastrand::u64(..)));
    let path = console.to_str().expect("a path");
    let output = run(&[&["run", "--json", "--console", path], arguments].concat());
    assert!(
        !output.stdout.is_empty(),
        "covert said nothing but: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let written = fs::read_to_string(&console).expect("what the guest wrote");
    (Events::of(&output), written, output)
}
