//! Any module, with its pins by name.
//!
//! A library built here is loaded at run time, because it exists only where Verilator does.
#![allow(unsafe_code, reason = "Verilator's output is C++")]

use crate::{Build, Error, Tools, library};
use libloading::{Library, Symbol};
use std::ffi::c_void;
use std::path::Path;

/// For lock-step with rust-hdl's simulation, which knows no unknown values.
const FLAGS: [&str; 5] = ["--x-assign", "0", "--x-initial", "0", "-Wno-fatal"];

/// A port of a model.
#[derive(Clone, Debug)]
pub struct ModelPort {
    /// Its name in the Verilog.
    pub name: String,
    /// Bits, at most 64.
    pub width: usize,
    /// Whether it is driven from outside.
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

// SAFETY: a model has a Verilator context of its own and shares no state with others; it may be used by any
// thread, one at a time, which `&mut self` ensures. No safe type can say this of a foreign pointer.
unsafe impl Send for Model {}

impl Model {
    /// An instance of the module `top` of this Verilog, whose ports have at most 64 bits each.
    ///
    /// # Errors
    /// The Verilog is no good, or the cache is stale.
    ///
    /// # Panics
    /// The module or a port of it is not as it must be.
    pub fn of(tools: &Tools, top: &str, verilog: &str) -> Result<Model, Error> {
        let ports = ports_of(verilog, top);
        for port in &ports {
            assert!(port.width <= 64, "ports of up to 64 bits are carried, {} has {}", port.name, port.width);
        }
        let shim = shim(&ports);
        let build = Build { top, verilog, shim: &shim, flags: &FLAGS, waves: false };
        Model::load(&library(tools, &build)?, ports)
    }

    /// An instance of the module in a library, which has these ports.
    fn load(path: &Path, ports: Vec<ModelPort>) -> Result<Model, Error> {
        let stale = |error: libloading::Error| Error::Stale { path: path.into(), reason: error.to_string() };
        // SAFETY: the library is our own shim; loading it runs no code but C++ static initialisers of Verilator.
        let loaded = unsafe { Library::new(path) }.map_err(stale)?;
        macro_rules! symbol {
            ($name:literal, $ty:ty) => {{
                // SAFETY: the shim defines the symbol with this type.
                let found: Symbol<'_, $ty> = unsafe { loaded.get($name) }.map_err(stale)?;
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
        Ok(Model { handle, ports, set, get, eval, edge, free, _library: loaded })
    }

    /// All of its ports, in the order of the module.
    pub fn ports(&self) -> &[ModelPort] {
        &self.ports
    }
    /// Number of the port with this name.
    ///
    /// # Panics
    /// There is none.
    pub fn port(&self, name: &str) -> u32 {
        self.ports.iter().position(|port| port.name == name).unwrap_or_else(|| panic!("no port {name}"))
            as u32
    }
    /// Bits of a port.
    pub fn width(&self, name: &str) -> usize {
        self.ports[self.port(name) as usize].width
    }
    /// Sets an input; seen at the next evaluation.
    pub fn set(&mut self, name: &str, value: u64) {
        self.set_port(self.port(name), value);
    }
    /// Reads a port.
    pub fn get(&self, name: &str) -> u64 {
        self.get_port(self.port(name))
    }
    /// Sets an input by its number.
    pub fn set_port(&mut self, port: u32, value: u64) {
        // SAFETY: the handle is live until drop and the shim range-checks the port.
        unsafe { (self.set)(self.handle, port, value) }
    }
    /// Reads a port by its number.
    pub fn get_port(&self, port: u32) -> u64 {
        // SAFETY: as in `set_port`.
        unsafe { (self.get)(self.handle, port) }
    }
    /// Lets the outputs follow the inputs.
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

/// The ports of the module `top`, read from its ANSI header, one port a line.
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
        "#include \"Vtop.h\"\n#include \"verilated.h\"\n#pragma GCC visibility push(default)\n\
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_that_cannot_be_loaded_is_a_stale_cache_and_the_file_to_remove_is_named() {
        let path = std::env::temp_dir().join(format!("covert-stale-{}.so", std::process::id()));
        std::fs::write(&path, "cut short").expect("a temporary file");
        let error = Model::load(&path, Vec::new()).err().expect("it is no library");
        std::fs::remove_file(&path).expect("it is there");
        assert!(matches!(error, Error::Stale { .. }) && !error.is_missing());
        let text = error.to_string();
        assert!(text.contains("stale") && text.contains("remove that file"), "{text}");
        assert!(text.contains(&path.display().to_string()), "{text}");
    }
}
