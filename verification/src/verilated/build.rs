//! From Verilog to a library: find Verilator, build once for each content, keep the result.

use std::hash::Hasher;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, PoisonError};

const HARNESS: &str = include_str!("harness.cpp");
/// What the generator writes that Verilator warns about, and nothing else: sizes of its literals, and wires that only
/// its own simulation reads.
const WAIVED: [&str; 5] =
    ["-Wno-WIDTHTRUNC", "-Wno-WIDTHEXPAND", "-Wno-UNUSEDSIGNAL", "-Wno-UNOPTFLAT", "-Wno-CASEINCOMPLETE"];

/// Why there is no Verilated unit.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The tool is not there.
    #[error("no Verilator in {cache} or on PATH: run `cargo xtask setup`")]
    NoVerilator {
        /// Where it was looked for first.
        cache: PathBuf,
    },
    /// The Verilog is not there.
    #[error("{path} is not there: run `cargo xtask verilog`, or check out a commit that has it")]
    NoVerilog {
        /// Where it should be.
        path: PathBuf,
    },
    /// A step of the build failed.
    #[error("{step} failed:\n{output}")]
    Failed {
        /// Which.
        step: &'static str,
        /// What it said.
        output: String,
    },
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
}

/// The workspace that this crate was built in.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The emitted Verilog of the unit; `COVERT_VERILOG` names another, for a mutant or a unit under construction.
pub fn verilog() -> PathBuf {
    match std::env::var_os("COVERT_VERILOG") {
        Some(path) => path.into(),
        None => workspace().join("rtl/generated/redundancy_unit.v"),
    }
}

/// Verilator: the workspace's own, else that of the system.
///
/// # Errors
/// Neither is there.
pub fn verilator() -> Result<PathBuf, BuildError> {
    let cache = workspace().join(".cache/bin/verilator");
    if cache.exists() {
        return Ok(cache);
    }
    match Command::new("verilator").arg("--version").output() {
        Ok(output) if output.status.success() => Ok("verilator".into()),
        _ => Err(BuildError::NoVerilator { cache }),
    }
}

/// The library for this Verilog, built if it was not before. `waves` adds what FST dumps need, at a third of the speed.
///
/// # Errors
/// A tool or file is missing, or the Verilog is no good.
pub fn library(verilog: &Path, waves: bool) -> Result<PathBuf, BuildError> {
    if !verilog.exists() {
        return Err(BuildError::NoVerilog { path: verilog.into() });
    }
    let tool = verilator()?;
    let file = |path: &Path| {
        let path = path.to_owned();
        move |source| BuildError::File { path, source }
    };
    let text = std::fs::read(verilog).map_err(file(verilog))?;
    let version = version(&tool)?;
    let folder = workspace().join(".cache/verilated");
    let done = folder.join(format!("{}.so", key(&text, version.as_bytes(), waves)));
    if done.exists() {
        return Ok(done);
    }
    // One build at a time in this process; another process may build the same, which does no harm: each builds beside and
    // moves the result into place whole.
    static BUILDING: Mutex<()> = Mutex::new(());
    let _building = BUILDING.lock().unwrap_or_else(PoisonError::into_inner);
    if done.exists() {
        return Ok(done);
    }
    let scratch = folder.join(format!("build-{}", std::process::id()));
    std::fs::create_dir_all(&scratch).map_err(file(&scratch))?;
    let built = build(&tool, verilog, &scratch, waves);
    let moved = built.and_then(|library| std::fs::rename(&library, &done).map_err(file(&done)));
    let _ = std::fs::remove_dir_all(&scratch);
    moved.map(|()| done)
}

/// What the tool says of itself, asked once: a test makes hundreds of units.
fn version(tool: &Path) -> Result<String, BuildError> {
    static SAID: Mutex<Option<(PathBuf, String)>> = Mutex::new(None);
    let mut said = SAID.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((path, version)) = &*said
        && path == tool
    {
        return Ok(version.clone());
    }
    let version = run("verilator --version", Command::new(tool).arg("--version"))?;
    *said = Some((tool.to_owned(), version.clone()));
    Ok(version)
}

fn build(tool: &Path, verilog: &Path, scratch: &Path, waves: bool) -> Result<PathBuf, BuildError> {
    let harness = scratch.join("harness.cpp");
    std::fs::write(&harness, HARNESS).map_err(|source| BuildError::File { path: harness.clone(), source })?;
    let objects = scratch.join("obj");
    let mut command = Command::new(tool);
    command.args(["--cc", "--build", "-j", "2", "-O3", "--x-assign", "fast", "--x-initial", "fast"]);
    command
        .args([
            "--top-module",
            "redundancy_unit",
            "-CFLAGS",
            "-fPIC -fno-semantic-interposition -fno-stack-protector",
            "--Mdir",
        ])
        .arg(&objects);
    // The wheel's makefile was configured without the flag for precompiled headers, and for size.
    command.args(["-MAKEFLAGS", "CFG_CXXFLAGS_PCH_I=-include OPT_FAST=-O1"]);
    command.args(WAIVED);
    if waves {
        command.arg("--trace-fst");
    }
    run("verilator", command.arg(verilog))?;
    let root = run("verilator --getenv", Command::new(tool).args(["--getenv", "VERILATOR_ROOT"]))?;
    let include = Path::new(root.trim()).join("include");
    let library = scratch.join("unit.so");
    let mut link = Command::new("g++");
    link.args(["-std=gnu++20", "-O2", "-fPIC", "-shared", "-o"]).arg(&library).arg(&harness);
    link.arg(format!("-DVM_TRACE={}", u8::from(waves))).arg("-I").arg(&objects);
    link.arg("-I").arg(&include).arg("-I").arg(include.join("vltstd"));
    link.arg(objects.join("libVredundancy_unit.a")).arg(objects.join("libverilated.a")).arg("-lpthread");
    if waves {
        link.args(["-lz", "-llz4"]);
    }
    run("g++", &mut link)?;
    Ok(library)
}

fn run(step: &'static str, command: &mut Command) -> Result<String, BuildError> {
    let fail = |output: String| BuildError::Failed { step, output };
    let Output { status, stdout, stderr } = command.output().map_err(|error| fail(error.to_string()))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if status.success() { Ok(text(&stdout)) } else { Err(fail(text(&stdout) + &text(&stderr))) }
}

/// A name for a build: of everything that it is made from.
fn key(verilog: &[u8], version: &[u8], waves: bool) -> String {
    // FNV-1a: the key need only be the same from run to run, which the standard hasher does not promise.
    struct Fnv(u64);
    impl Hasher for Fnv {
        fn finish(&self) -> u64 {
            self.0
        }
        fn write(&mut self, bytes: &[u8]) {
            for byte in bytes {
                self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x100_0000_01B3);
            }
        }
    }
    let mut hash = Fnv(0xCBF2_9CE4_8422_2325);
    for part in [verilog, version, HARNESS.as_bytes(), include_bytes!("build.rs")] {
        hash.write(part);
        hash.write_u64(part.len() as u64);
    }
    format!("{:016x}{}", hash.finish(), if waves { "-waves" } else { "" })
}
