//! The foreign side of the Verilated unit: the one place with `unsafe`.
//!
//! A library built by `covert-verilator` is loaded at run time, because it exists only where Verilator does.
#![allow(unsafe_code, reason = "Verilator's output is C++")]

use covert_verilator::Error;
use libloading::Library;
use std::ffi::{CString, c_char, c_int, c_void};
use std::path::Path;

/// What `harness.cpp` calls `Driven`.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub(super) struct Driven {
    pub(super) rx_req_data: u64,
    pub(super) rx_cpl_data: u64,
    pub(super) completer_id: u16,
    pub(super) rx_req_valid: u8,
    pub(super) rx_req_keep: u8,
    pub(super) rx_req_last: u8,
    pub(super) rx_cpl_valid: u8,
    pub(super) rx_cpl_keep: u8,
    pub(super) rx_cpl_last: u8,
    pub(super) tx_req_ready: u8,
    pub(super) tx_cpl_ready: u8,
    pub(super) max_payload: u8,
    pub(super) max_read_request: u8,
    pub(super) rcb: u8,
    pub(super) bus_master_enable: u8,
    pub(super) msix_enable: u8,
    pub(super) msix_function_mask: u8,
    pub(super) flr_request: u8,
    pub(super) link_up: u8,
    pub(super) tick: u8,
    pub(super) reset: u8,
}

/// What `harness.cpp` calls `Shown`.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub(super) struct Shown {
    pub(super) tx_req_data: u64,
    pub(super) tx_cpl_data: u64,
    pub(super) tx_req_valid: u8,
    pub(super) tx_req_keep: u8,
    pub(super) tx_req_last: u8,
    pub(super) tx_cpl_valid: u8,
    pub(super) tx_cpl_keep: u8,
    pub(super) tx_cpl_last: u8,
    pub(super) rx_req_ready: u8,
    pub(super) rx_cpl_ready: u8,
    pub(super) flr_done: u8,
    pub(super) config_error: u8,
}

/// Version of the structures above; the library says which it was built with.
const VERSION: u32 = 2;

/// What `harness.cpp` calls `Table`: the functions of a library.
#[derive(Clone, Copy)]
#[repr(C)]
struct Table {
    version: u32,
    create: unsafe extern "C" fn() -> *mut c_void,
    free: unsafe extern "C" fn(*mut c_void),
    settle: unsafe extern "C" fn(*mut c_void, *const Driven, *mut Shown),
    clock: unsafe extern "C" fn(*mut c_void),
    idle: unsafe extern "C" fn(*mut c_void, *const Driven, u64, *mut u32) -> u64,
    waves: unsafe extern "C" fn(*mut c_void, *const c_char) -> c_int,
}

/// One instance of the unit, and the library that it lives in.
pub(super) struct Instance {
    bench: *mut c_void,
    functions: Table,
    // Dropped last: the functions point into it.
    _library: Library,
}

// SAFETY: an instance has a Verilator context of its own and shares no state with others; it may be used by
// any thread, one at a time, which `&mut self` ensures. No safe type can say this of a foreign pointer.
unsafe impl Send for Instance {}

impl Instance {
    /// Loads the library and makes an instance.
    pub(super) fn load(path: &Path) -> Result<Instance, Error> {
        let stale = |reason: String| Error::Stale { path: path.into(), reason };
        let unloaded = |error: libloading::Error| stale(error.to_string());
        // SAFETY: the library was built from this crate's harness and Verilator's output, whose initialisers do
        // nothing but set up Verilator's tables. There is no safe way to load code.
        let library = unsafe { Library::new(path) }.map_err(unloaded)?;
        // SAFETY: the symbol names a constant of the type `Table` in harness.cpp; asking for a pointer reads nothing.
        let table = unsafe { library.get::<*const Table>(b"covert_table\0") }.map_err(unloaded)?;
        // SAFETY: the constant is there as long as the library is; the table is copied out.
        let functions = unsafe { **table };
        if functions.version != VERSION {
            return Err(stale(format!("its structures are of version {}, not {VERSION}", functions.version)));
        }
        // SAFETY: takes nothing; gives an instance that `free` ends.
        let bench = unsafe { (functions.create)() };
        Ok(Instance { bench, functions, _library: library })
    }

    pub(super) fn settle(&mut self, driven: &Driven) -> Shown {
        let mut shown = Shown::default();
        // SAFETY: the instance is alive, and both structures are those of harness.cpp.
        unsafe { (self.functions.settle)(self.bench, driven, &mut shown) };
        shown
    }

    pub(super) fn clock(&mut self) {
        // SAFETY: the instance is alive.
        unsafe { (self.functions.clock)(self.bench) };
    }

    /// Clocks that passed with these inputs until something was offered, and whether the unit's state has come again.
    pub(super) fn idle(&mut self, driven: &Driven, most: u64) -> (u64, bool) {
        let mut repeats = 0;
        // SAFETY: the instance is alive, the structure is that of harness.cpp, and the flag outlives the call.
        let clocks = unsafe { (self.functions.idle)(self.bench, driven, most, &mut repeats) };
        (clocks, repeats != 0)
    }

    /// Starts to dump waves; false when the library was built without, or the file cannot be written.
    pub(super) fn waves(&mut self, path: &Path) -> bool {
        let Ok(path) = CString::new(path.as_os_str().as_encoded_bytes()) else { return false };
        // SAFETY: the instance is alive and the path ends with a zero byte.
        unsafe { (self.functions.waves)(self.bench, path.as_ptr()) != 0 }
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // SAFETY: `new` gave it, and nobody else has it.
        unsafe { (self.functions.free)(self.bench) };
    }
}
