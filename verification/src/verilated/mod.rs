//! The Verilated unit: the emitted Verilog as a thing with pins.
//!
//! One call a clock for all pins, and one for many clocks in which nothing is offered. How the Verilog becomes a library is
//! `covert-verilator`'s.

mod ffi;

pub use covert_verilator::Error;

use crate::root_complex::stream::Beat;
use crate::root_complex::{Idle, Inputs, Outputs, UnderTest};
use covert_verilator::{Build, Tools, library, workspace};
use ffi::{Driven, Instance, Shown};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// What the generator writes that Verilator warns about, and nothing else: sizes of its literals, and wires that only
/// its own simulation reads. Any other warning ends the build.
const FLAGS: [&str; 9] = [
    "--x-assign",
    "fast",
    "--x-initial",
    "fast",
    "-Wno-WIDTHTRUNC",
    "-Wno-WIDTHEXPAND",
    "-Wno-UNUSEDSIGNAL",
    "-Wno-UNOPTFLAT",
    "-Wno-CASEINCOMPLETE",
];
/// Clocks that a reset is held.
const RESET_CLOCKS: u32 = 2;

/// One Verilated unit.
pub struct Verilated {
    instance: Instance,
    /// Clocks that it has seen, those of resets too.
    clocks: u64,
}

/// Why there is no Verilated unit.
#[derive(Debug, thiserror::Error)]
pub enum VerilatedError {
    /// It could not be built.
    #[error(transparent)]
    Build(#[from] Error),
    /// Waves cannot be written.
    #[error("waves cannot be written to {0}: build with waves, and check the path")]
    Waves(PathBuf),
}

/// The configurations of the unit that are emitted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Configuration {
    /// Two lanes: what the bitstreams have.
    #[default]
    TwoLanes,
    /// Three lanes.
    ThreeLanes,
}

impl Configuration {
    /// Its emitted Verilog; `COVERT_VERILOG`, for three lanes `COVERT_VERILOG_3`, names another, for a mutant or a unit under
    /// construction.
    pub fn verilog(self) -> PathBuf {
        let (variable, file) = match self {
            Configuration::TwoLanes => ("COVERT_VERILOG", "redundancy_unit.v"),
            Configuration::ThreeLanes => ("COVERT_VERILOG_3", "redundancy_unit_3.v"),
        };
        std::env::var_os(variable).map_or_else(|| workspace().join("rtl/generated").join(file), PathBuf::from)
    }
}

/// The top modules that there can be: the boundary is the same.
const TOPS: [&str; 2] = ["redundancy_unit", "redundancy_unit_3"];

/// An instance of the module in this file.
fn instance(verilog: &Path, waves: bool) -> Result<Instance, Error> {
    if !verilog.exists() {
        return Err(Error::NoVerilog { path: verilog.into() });
    }
    let text =
        std::fs::read_to_string(verilog).map_err(|source| Error::File { path: verilog.into(), source })?;
    let shim = include_str!("harness.cpp");
    let is_there = |top: &&str| text.contains(&format!("module {top} ("));
    let top = TOPS.into_iter().find(is_there).unwrap_or(TOPS[0]);
    let build = Build { top, verilog: &text, shim, flags: &FLAGS, waves };
    Instance::load(&library(&Tools::find()?, &build)?)
}

impl Verilated {
    /// The unit that is checked in, with two lanes. With `COVERT_WAVES` naming a folder, each one made dumps its waves there,
    /// under the name of its thread: a test's, where there is one.
    ///
    /// # Errors
    /// A tool is missing, the build fails, or the folder cannot be written.
    pub fn unit() -> Result<Verilated, VerilatedError> {
        Verilated::configured(Configuration::TwoLanes)
    }

    /// As [`unit`](Self::unit), of any configuration.
    ///
    /// # Errors
    /// A tool is missing, the build fails, or the folder cannot be written.
    pub fn configured(configuration: Configuration) -> Result<Verilated, VerilatedError> {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let verilog = configuration.verilog();
        let Some(folder) = std::env::var_os("COVERT_WAVES") else { return Verilated::of(&verilog) };
        let thread = std::thread::current();
        let test = thread.name().unwrap_or("unit").replace("::", ".");
        let name = format!("{test}-{}.fst", MADE.fetch_add(1, Ordering::Relaxed));
        Verilated::with_waves(&verilog, &Path::new(&folder).join(name))
    }

    /// The module `redundancy_unit`, or `redundancy_unit_3`, of any file.
    ///
    /// # Errors
    /// A tool is missing, or the build fails.
    pub fn of(verilog: &Path) -> Result<Verilated, VerilatedError> {
        Ok(Verilated { instance: instance(verilog, false)?, clocks: 0 })
    }

    /// The module of any file, which dumps its waves as FST.
    ///
    /// # Errors
    /// A tool is missing, the build fails, or the path cannot be written.
    pub fn with_waves(verilog: &Path, fst: &Path) -> Result<Verilated, VerilatedError> {
        let mut unit = Verilated::able_to_dump(verilog)?;
        unit.dump(fst)?;
        Ok(unit)
    }

    /// The module of any file, which can [`dump`](Self::dump) its waves later.
    ///
    /// # Errors
    /// A tool is missing, or the build fails.
    pub fn able_to_dump(verilog: &Path) -> Result<Verilated, VerilatedError> {
        Ok(Verilated { instance: instance(verilog, true)?, clocks: 0 })
    }

    /// Dumps waves as FST from here on, until the unit is dropped.
    ///
    /// # Errors
    /// It was built without, or the path cannot be written.
    pub fn dump(&mut self, fst: &Path) -> Result<(), VerilatedError> {
        if !self.instance.waves(fst) {
            return Err(VerilatedError::Waves(fst.into()));
        }
        Ok(())
    }

    /// Where the present clock is in the waves: at its falling edge, in picoseconds of the dump's time.
    pub fn wave_time(&self) -> u64 {
        // A picosecond is half a clock: see `covert_clock` in the harness.
        2 * self.clocks
    }
}

fn driven(inputs: &Inputs) -> Driven {
    let side = &inputs.sideband;
    let (req, cpl) = (inputs.rx_req.unwrap_or_default(), inputs.rx_cpl.unwrap_or_default());
    Driven {
        rx_req_data: req.data,
        rx_cpl_data: cpl.data,
        completer_id: side.completer_id,
        rx_req_valid: inputs.rx_req.is_some().into(),
        rx_req_keep: req.keep,
        rx_req_last: req.last.into(),
        rx_cpl_valid: inputs.rx_cpl.is_some().into(),
        rx_cpl_keep: cpl.keep,
        rx_cpl_last: cpl.last.into(),
        tx_req_ready: inputs.tx_req_ready.into(),
        tx_cpl_ready: inputs.tx_cpl_ready.into(),
        max_payload: side.max_payload,
        max_read_request: side.max_read_request,
        rcb: side.rcb.into(),
        bus_master_enable: side.bus_master_enable.into(),
        msix_enable: side.msix_enable.into(),
        msix_function_mask: side.msix_function_mask.into(),
        flr_request: side.flr_request.into(),
        link_up: side.link_up.into(),
        tick: side.tick.into(),
        reset: 0,
    }
}

fn beat(valid: u8, data: u64, keep: u8, last: u8) -> Option<Beat> {
    (valid != 0).then_some(Beat { data, keep, last: last != 0 })
}

impl UnderTest for Verilated {
    fn settle(&mut self, inputs: &Inputs) -> Outputs {
        let Shown {
            tx_req_data,
            tx_cpl_data,
            tx_req_valid,
            tx_req_keep,
            tx_req_last,
            tx_cpl_valid,
            tx_cpl_keep,
            tx_cpl_last,
            rx_req_ready,
            rx_cpl_ready,
            flr_done,
            config_error,
        } = self.instance.settle(&driven(inputs));
        Outputs {
            rx_req_ready: rx_req_ready != 0,
            rx_cpl_ready: rx_cpl_ready != 0,
            tx_req: beat(tx_req_valid, tx_req_data, tx_req_keep, tx_req_last),
            tx_cpl: beat(tx_cpl_valid, tx_cpl_data, tx_cpl_keep, tx_cpl_last),
            flr_done: flr_done != 0,
            config_error: config_error != 0,
        }
    }

    fn clock(&mut self) {
        self.instance.clock();
        self.clocks += 1;
    }

    fn idle(&mut self, inputs: &Inputs, most: u64) -> Idle {
        let (clocks, repeats) = self.instance.idle(&driven(inputs), most);
        self.clocks += clocks;
        Idle { clocks, repeats }
    }

    fn reset(&mut self) {
        let held = Driven { reset: 1, ..driven(&Inputs::default()) };
        for _ in 0..RESET_CLOCKS {
            self.instance.settle(&held);
            self.clock();
        }
    }
}
