//! The library for some Verilog: built once for each content, and kept.

use crate::{Error, Tools, cache};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// What a library is made of.
#[derive(Clone, Copy, Debug)]
pub struct Build<'a> {
    /// The top module.
    pub top: &'a str,
    /// The Verilog.
    pub verilog: &'a str,
    /// C++ that is compiled with what Verilator writes, whose class is `Vtop`.
    pub shim: &'a str,
    /// Flags for Verilator.
    pub flags: &'a [&'a str],
    /// Adds what FST dumps need, at a third of the speed; the shim sees `VM_TRACE` as 1.
    pub waves: bool,
}

/// Optimised enough: more costs more in the compiler than the model gains. Functions of the library are its own.
const FAST: [&str; 4] = ["-O1", "-fno-semantic-interposition", "-fno-stack-protector", "-fvisibility=hidden"];
/// Code that runs once is compiled apart, and as it is, from this many bytes on; below, the headers take longer.
const SLOW_BYTES: u64 = 100_000;

/// The library, built if it was not before.
///
/// # Errors
/// The Verilog is no good, or a file cannot be written. Nothing is left behind then.
pub fn library(tools: &Tools, build: &Build<'_>) -> Result<PathBuf, Error> {
    let extra = std::env::var("COVERT_VERILATOR_FLAGS").unwrap_or_default();
    let folder = cache().join("verilated");
    let waves = if build.waves { "-waves" } else { "" };
    let done = folder.join(format!("{}-{:016x}{waves}.so", build.top, key(tools, build, &extra)));
    if done.exists() {
        return Ok(done);
    }
    fs::create_dir_all(&folder).map_err(file(&folder))?;
    // One build of the same at a time, whichever process it is of; the lock ends with the process at the latest.
    let lock = done.with_extension("lock");
    let guard = File::create(&lock).map_err(file(&lock))?;
    guard.lock().map_err(file(&lock))?;
    if done.exists() {
        return Ok(done);
    }
    // Built beside and moved into place whole: what has the name is never half a library.
    let scratch = done.with_extension(format!("{}.building", std::process::id()));
    let built = make(tools, build, &extra, &scratch)
        .and_then(|library| fs::rename(&library, &done).map_err(file(&done)));
    let _ = fs::remove_dir_all(&scratch);
    built?;
    // Only now: who waits for a build that failed goes on to build, and must still keep others out.
    let _ = fs::remove_file(&lock);
    Ok(done)
}

fn file(path: &Path) -> impl Fn(std::io::Error) -> Error + use<> {
    let path = path.to_owned();
    move |source| Error::File { path: path.clone(), source }
}

fn make(tools: &Tools, build: &Build<'_>, extra: &str, scratch: &Path) -> Result<PathBuf, Error> {
    let objects = scratch.join("obj");
    fs::create_dir_all(&objects).map_err(file(&objects))?;
    let write = |name: &str, text: &str| {
        let path = scratch.join(name);
        fs::write(&path, text).map_err(file(&path))
    };
    write("model.v", build.verilog)?;
    write("shim.cpp", build.shim)?;
    let mut verilate = Command::new(tools.verilator());
    verilate.args(["--cc", "-O3", "--Mdir", "obj", "--prefix", "Vtop", "--top-module", build.top]);
    verilate.args(build.flags).args(extra.split_whitespace());
    if build.waves {
        verilate.arg("--trace-fst");
    }
    run("verilator", verilate.arg("model.v").current_dir(scratch))?;
    let runtime = runtime(tools, build.waves)?;

    let (mut fast, mut slow, mut slow_bytes) = (Vec::new(), Vec::new(), 0);
    for entry in fs::read_dir(&objects).map_err(file(&objects))? {
        let path = entry.map_err(file(&objects))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match name.strip_suffix(".cpp") {
            Some(stem) if stem.ends_with("Slow") => {
                slow_bytes += path.metadata().map_err(file(&path))?.len();
                slow.push(name);
            }
            Some(_) => fast.push(name),
            None => {}
        }
    }
    if slow_bytes < SLOW_BYTES {
        fast.append(&mut slow);
    }
    // One translation unit of each kind: most of the time goes into the headers.
    let unit = |names: &mut Vec<String>, last: &str| {
        names.sort();
        names.iter().map(|name| format!("#include \"obj/{name}\"\n")).collect::<String>() + last
    };
    write("fast.cpp", &unit(&mut fast, "#include \"shim.cpp\"\n"))?;
    let mut units = vec![("fast", &FAST[..])];
    if !slow.is_empty() {
        write("slow.cpp", &unit(&mut slow, ""))?;
        units.push(("slow", &["-O0", "-fvisibility=hidden"]));
    }
    let compile = |name: &str, flags: &[&str]| {
        let mut command = compiler(tools, build.waves);
        command.args(flags).arg("-c").arg(format!("{name}.cpp")).args(["-o", &format!("{name}.o")]);
        run("g++", command.current_dir(scratch))
    };
    std::thread::scope(|scope| {
        let running: Vec<_> =
            units.iter().map(|(name, flags)| scope.spawn(move || compile(name, flags))).collect();
        running.into_iter().try_for_each(|it| match it.join() {
            Ok(ended) => ended.map(drop),
            Err(panic) => std::panic::resume_unwind(panic),
        })
    })?;
    let mut link = compiler(tools, build.waves);
    link.args(["-shared", "-o", "model.so"]).args(units.iter().map(|(name, _)| format!("{name}.o")));
    link.args(runtime).arg("-lpthread");
    if build.waves {
        link.args(["-lz", "-llz4"]);
    }
    run("g++", link.current_dir(scratch))?;
    Ok(scratch.join("model.so"))
}

/// The C++ compiler with what every step takes.
fn compiler(tools: &Tools, waves: bool) -> Command {
    let include = tools.include();
    let mut command = Command::new(tools.compiler());
    command
        .args(["-std=gnu++20", "-fPIC", "-w", "-I.", "-Iobj"])
        .arg(format!("-DVM_TRACE={}", u8::from(waves)));
    command.arg(format!("-DVM_TRACE_FST={}", u8::from(waves)));
    command.arg("-I").arg(&include).arg("-I").arg(include.join("vltstd"));
    command
}

/// Verilator's own runtime, compiled once for each version of it.
fn runtime(tools: &Tools, waves: bool) -> Result<Vec<PathBuf>, Error> {
    let mut names = vec!["verilated", "verilated_threads"];
    if waves {
        names.push("verilated_fst_c");
    }
    let version = fnv(&[tools.version().as_bytes(), include_bytes!("build.rs"), &[u8::from(waves)]]);
    let ready = cache().join("verilated").join(format!("runtime-{version:016x}"));
    let lock = ready.with_extension("lock");
    let guard = File::create(&lock).map_err(file(&lock))?;
    guard.lock().map_err(file(&lock))?;
    if !ready.is_dir() {
        let work = ready.with_extension(format!("{}.building", std::process::id()));
        fs::create_dir_all(&work).map_err(file(&work))?;
        for name in &names {
            let mut command = compiler(tools, waves);
            command.args(["-O2", "-c"]).arg(tools.include().join(format!("{name}.cpp")));
            run("g++", command.arg("-o").arg(work.join(format!("{name}.o"))))?;
        }
        fs::rename(&work, &ready).map_err(file(&ready))?;
    }
    Ok(names.iter().map(|name| ready.join(format!("{name}.o"))).collect())
}

fn run(step: &'static str, command: &mut Command) -> Result<(), Error> {
    let fail = |output: String| Error::Failed { step, output };
    let Output { status, stdout, stderr } = command.output().map_err(|error| fail(error.to_string()))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if status.success() { Ok(()) } else { Err(fail(text(&stdout) + &text(&stderr))) }
}

/// A name for a build: of everything that it is made from.
fn key(tools: &Tools, build: &Build<'_>, extra: &str) -> u64 {
    let flags = build.flags.join(" ");
    let parts =
        [build.top, build.verilog, build.shim, &flags, extra, tools.version(), include_str!("build.rs")];
    fnv(&parts.map(str::as_bytes))
}

/// FNV-1a: a key must be the same from run to run, which the standard hasher does not promise.
fn fnv(parts: &[&[u8]]) -> u64 {
    let mut hash = 0xCBF2_9CE4_8422_2325_u64;
    let mut byte = |byte: u8| hash = (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3);
    for part in parts {
        part.iter().copied().for_each(&mut byte);
        (part.len() as u64).to_le_bytes().into_iter().for_each(&mut byte);
    }
    hash
}
