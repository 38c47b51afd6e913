//! Verilog, Verilated and loaded as a shared library.
//!
//! Builds are cached under the target folder by a hash of the Verilog, the shim and the tool's version, so that a
//! stale one is never used; each is made in a folder of its own and moved into place when it is whole, so tests may
//! run in parallel. `COVERT_VERILATOR_FLAGS` adds flags (`--trace-fst`, ...).

use libloading::{Library, Symbol};
use std::ffi::c_void;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The tools a Verilated model needs.
pub struct Tools {
    verilator: PathBuf,
    version: String,
    root: PathBuf,
}

pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the workspace").to_path_buf()
}

/// A tool of the project, from `.cache/bin` first, then from PATH.
pub fn tool(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::iter::once(workspace().join(".cache/bin"))
        .chain(std::env::split_paths(&path))
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

/// Says loudly that a test did not run; fails where nothing may be skipped.
pub fn skip(what: &str, needs: &str, remedy: &str) {
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    let message = format!("SKIPPED {test}: {what} needs {needs}; run `{remedy}`");
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{message}");
    // Past the capture of the test harness: a skip must be seen.
    use std::io::Write;
    let _ = writeln!(std::io::stderr().lock(), "{message}");
}

impl Tools {
    pub fn find() -> Option<Tools> {
        let Some(verilator) = tool("verilator") else {
            skip("the Verilated side", "Verilator", "cargo xtask setup");
            return None;
        };
        if tool("g++").is_none() {
            skip("the Verilated side", "a C++ compiler", "apt-get install g++ make perl");
            return None;
        }
        let output = Command::new(&verilator).arg("--version").output();
        let version = match output {
            Ok(output) if output.status.success() => {
                String::from_utf8_lossy(&output.stdout).trim().to_owned()
            }
            other => {
                panic!("{} --version does not work: {other:?}; run `cargo xtask setup`", verilator.display())
            }
        };
        let root = Command::new(&verilator).args(["--getenv", "VERILATOR_ROOT"]).output();
        let root = match root {
            Ok(output) if output.status.success() => {
                PathBuf::from(String::from_utf8_lossy(&output.stdout).trim().to_owned())
            }
            other => panic!("{} --getenv does not work: {other:?}", verilator.display()),
        };
        Some(Tools { verilator, version, root })
    }
    pub fn verilator(&self) -> &Path {
        &self.verilator
    }
    fn include(&self) -> PathBuf {
        self.root.join("include")
    }
}

/// A port of a model.
#[derive(Clone)]
pub struct ModelPort {
    pub name: String,
    pub width: usize,
    pub input: bool,
}

/// A loaded model. All its inputs start as 0.
pub struct Model {
    handle: *mut c_void,
    ports: Vec<ModelPort>,
    set: unsafe extern "C" fn(*mut c_void, u32, u64),
    get: unsafe extern "C" fn(*mut c_void, u32) -> u64,
    eval: unsafe extern "C" fn(*mut c_void),
    edge: unsafe extern "C" fn(*mut c_void),
    free: unsafe extern "C" fn(*mut c_void),
    _library: Library,
}

impl Model {
    pub fn ports(&self) -> &[ModelPort] {
        &self.ports
    }
    pub fn port(&self, name: &str) -> u32 {
        self.ports.iter().position(|port| port.name == name).unwrap_or_else(|| panic!("no port {name}"))
            as u32
    }
    pub fn width(&self, name: &str) -> usize {
        self.ports[self.port(name) as usize].width
    }
    pub fn set(&mut self, name: &str, value: u64) {
        self.set_port(self.port(name), value);
    }
    pub fn get(&self, name: &str) -> u64 {
        self.get_port(self.port(name))
    }
    pub fn set_port(&mut self, port: u32, value: u64) {
        // SAFETY: the handle is live until drop and the shim range-checks the port.
        unsafe { (self.set)(self.handle, port, value) }
    }
    pub fn get_port(&self, port: u32) -> u64 {
        // SAFETY: as in `set_port`.
        unsafe { (self.get)(self.handle, port) }
    }
    pub fn eval(&mut self) {
        // SAFETY: the handle is live until drop.
        unsafe { (self.eval)(self.handle) }
    }
    /// A rising and a falling edge of `clock`.
    pub fn edge(&mut self) {
        // SAFETY: the handle is live until drop.
        unsafe { (self.edge)(self.handle) }
    }
}

impl Drop for Model {
    fn drop(&mut self) {
        // SAFETY: the handle came from `covert_new` and is not used again.
        unsafe { (self.free)(self.handle) }
    }
}

/// The ports of the module `top`, read from its ANSI header as `covert_rtl::emit` writes it.
fn ports_of(verilog: &str, top: &str) -> Vec<ModelPort> {
    let start = verilog.find(&format!("module {top} (")).unwrap_or_else(|| panic!("no module {top}"));
    verilog[start..]
        .lines()
        .skip(1)
        .take_while(|line| !line.starts_with(");"))
        .map(|line| {
            let line = line.trim().trim_end_matches(',');
            let name = line.rsplit(' ').next().expect("a name").to_owned();
            let width = line.split_once('[').map_or(1, |(_, rest)| {
                rest.split(':').next().and_then(|high| high.parse::<usize>().ok()).expect("a range") + 1
            });
            ModelPort { name, width, input: line.starts_with("input") }
        })
        .collect()
}

fn member(name: &str) -> String {
    // Verilator's spelling of `$` in C++ names.
    name.replace('$', "__024").replace("__", "___05F").replace("___05F024", "__024")
}

fn shim(ports: &[ModelPort]) -> String {
    let mut text = String::from(
        "#include \"Vtop.h\"\n#include \"verilated.h\"\n\
         double sc_time_stamp() { return 0; }\n\
         struct Unit { VerilatedContext context; Vtop top; Unit() : top(&context) {} };\n\
         extern \"C\" {\n\
         void* covert_new() { Unit* u = new Unit; u->context.randReset(0); u->top.eval(); return u; }\n\
         void covert_free(void* p) { Unit* u = (Unit*)p; u->top.final(); delete u; }\n\
         void covert_eval(void* p) { ((Unit*)p)->top.eval(); }\n",
    );
    if ports.iter().any(|port| port.name == "clock") {
        text += "void covert_edge(void* p) { Unit* u = (Unit*)p; u->top.clock = 1; u->top.eval(); \
                 u->top.clock = 0; u->top.eval(); }\n";
    } else {
        text += "void covert_edge(void* p) { ((Unit*)p)->top.eval(); }\n";
    }
    text += "void covert_set(void* p, unsigned i, unsigned long long v) { Unit* u = (Unit*)p; switch (i) {\n";
    for (i, port) in ports.iter().enumerate().filter(|(_, port)| port.input) {
        text += &format!("case {i}: u->top.{} = v; break;\n", member(&port.name));
    }
    text += "} }\nunsigned long long covert_get(void* p, unsigned i) { Unit* u = (Unit*)p; switch (i) {\n";
    for (i, port) in ports.iter().enumerate() {
        text += &format!("case {i}: return u->top.{};\n", member(&port.name));
    }
    text + "} return 0; }\n}\n"
}

/// Builds (or finds) the model of `verilog`, whose top module is `top`, and makes an instance of it.
pub fn build(tools: &Tools, top: &str, verilog: &str) -> Model {
    let ports = ports_of(verilog, top);
    for port in &ports {
        assert!(
            port.width <= 64,
            "the harness carries ports of up to 64 bits, {} has {}",
            port.name,
            port.width
        );
    }
    let shim = shim(&ports);
    let extra = std::env::var("COVERT_VERILATOR_FLAGS").unwrap_or_default();
    let key = covert_rtl::crc::crc64(format!("{verilog}\0{shim}\0{}\0{extra}", tools.version).as_bytes());
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("verilated");
    let ready = cache.join(format!("{top}-{key:016x}"));
    let library = ready.join("model.so");
    // Tests of one program that want the same model wait for the first of them.
    static BUILDING: std::sync::Mutex<std::collections::BTreeMap<u64, std::sync::Arc<std::sync::Mutex<()>>>> =
        std::sync::Mutex::new(std::collections::BTreeMap::new());
    let mine = BUILDING.lock().expect("no build panics holding it").entry(key).or_default().clone();
    let _turn = mine.lock();
    if !library.is_file() {
        static SERIAL: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let serial = SERIAL.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let work = cache.join(format!("{top}-{key:016x}.{}.{serial}", std::process::id()));
        compile(tools, top, verilog, &shim, &extra, &work);
        if std::fs::rename(&work, &ready).is_err() {
            // Another test was faster; its build has the same key.
            let _ = std::fs::remove_dir_all(&work);
        }
        assert!(library.is_file(), "no model in {}", ready.display());
    }
    // SAFETY: the library is our own shim; loading it runs no code but C++ static initialisers of Verilator.
    let loaded = unsafe { Library::new(&library) }.unwrap_or_else(|e| panic!("{}: {e}", library.display()));
    macro_rules! symbol {
        ($name:literal, $ty:ty) => {{
            // SAFETY: the shim defines the symbol with this type.
            let found: Symbol<'_, $ty> = unsafe { loaded.get($name) }.expect("the shim's symbols");
            *found
        }};
    }
    let new = symbol!(b"covert_new", unsafe extern "C" fn() -> *mut c_void);
    let set = symbol!(b"covert_set", unsafe extern "C" fn(*mut c_void, u32, u64));
    let get = symbol!(b"covert_get", unsafe extern "C" fn(*mut c_void, u32) -> u64);
    let eval = symbol!(b"covert_eval", unsafe extern "C" fn(*mut c_void));
    let edge = symbol!(b"covert_edge", unsafe extern "C" fn(*mut c_void));
    let free = symbol!(b"covert_free", unsafe extern "C" fn(*mut c_void));
    // SAFETY: the constructor takes nothing and its result is freed once, in drop.
    let handle = unsafe { new() };
    Model { handle, ports, set, get, eval, edge, free, _library: loaded }
}

fn compile(tools: &Tools, top: &str, verilog: &str, shim: &str, extra: &str, work: &Path) {
    std::fs::create_dir_all(work).unwrap_or_else(|e| panic!("{}: {e}", work.display()));
    std::fs::write(work.join("model.v"), verilog).expect("the folder is new");
    std::fs::write(work.join("shim.cpp"), shim).expect("the folder is new");
    let run = |command: &mut Command, what: &str| {
        let output = command.current_dir(work).output().unwrap_or_else(|e| panic!("{what}: {e}"));
        assert!(
            output.status.success(),
            "{what} failed in {}:\n{}{}",
            work.display(),
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    };
    let mut verilate = Command::new(&tools.verilator);
    verilate
        .args(["--cc", "-O3", "--x-assign", "0", "--x-initial", "0", "-Wno-fatal", "--Mdir", "obj"])
        .args(["--top-module", top, "--prefix", "Vtop"])
        .args(extra.split_whitespace())
        .arg("model.v");
    run(&mut verilate, "verilator");
    // One translation unit: most of the time goes into the headers.
    let mut sources: Vec<String> = std::fs::read_dir(work.join("obj"))
        .expect("verilator made it")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "cpp"))
        .map(|path| format!("#include \"{}\"\n", path.display()))
        .collect();
    sources.sort();
    sources.push("#include \"shim.cpp\"\n".into());
    std::fs::write(work.join("all.cpp"), sources.concat()).expect("the folder is new");
    let mut link = Command::new("g++");
    link.args(["-std=gnu++20", "-O2", "-fPIC", "-shared", "-w", "-I.", "-Iobj", "-o", "model.so"])
        .arg(format!("-I{}", tools.include().display()))
        .arg(format!("-I{}", tools.include().join("vltstd").display()))
        .arg("all.cpp")
        .args(runtime(tools));
    run(&mut link, "g++");
    let _ = std::fs::remove_dir_all(work.join("obj"));
}

/// Verilator's own runtime, compiled once for each version of it.
fn runtime(tools: &Tools) -> Vec<PathBuf> {
    static LOCK: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _one_at_a_time = LOCK.lock();
    let version = covert_rtl::crc::crc64(tools.version.as_bytes());
    let ready =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join("verilated").join(format!("runtime-{version:016x}"));
    let names = ["verilated", "verilated_threads"];
    if !ready.is_dir() {
        let work = ready.with_extension(std::process::id().to_string());
        std::fs::create_dir_all(&work).unwrap_or_else(|e| panic!("{}: {e}", work.display()));
        for name in names {
            let output = Command::new("g++")
                .args(["-std=gnu++20", "-O2", "-fPIC", "-w", "-c", "-o"])
                .arg(work.join(format!("{name}.o")))
                .arg(format!("-I{}", tools.include().display()))
                .arg(format!("-I{}", tools.include().join("vltstd").display()))
                .arg(tools.include().join(format!("{name}.cpp")))
                .output()
                .unwrap_or_else(|e| panic!("g++: {e}"));
            assert!(output.status.success(), "{name}.cpp: {}", String::from_utf8_lossy(&output.stderr));
        }
        if std::fs::rename(&work, &ready).is_err() {
            let _ = std::fs::remove_dir_all(&work);
        }
    }
    names.iter().map(|name| ready.join(format!("{name}.o"))).collect()
}
