//! The Verilated unit: the emitted Verilog as a thing with pins.
//!
//! A thin harness of our own and not marlin: one call a clock for all pins instead of one a pin, a cache that survives a failed
//! build, and no macros that want the ports at compile time.

pub mod build;
mod ffi;

pub use build::BuildError;

use crate::root_complex::stream::Beat;
use crate::root_complex::{Idle, Inputs, Outputs, UnderTest};
use ffi::{Driven, Instance, Shown};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

/// Clocks that a reset is held.
const RESET_CLOCKS: u32 = 2;

/// One Verilated unit.
pub struct Verilated {
    instance: Instance,
}

/// Why there is no Verilated unit.
#[derive(Debug, thiserror::Error)]
pub enum VerilatedError {
    /// It could not be built.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// It could not be loaded.
    #[error("the Verilated library cannot be loaded: {0}: remove .cache/verilated and try again")]
    Load(#[from] libloading::Error),
    /// Waves cannot be written.
    #[error("waves cannot be written to {0}: build with waves, and check the path")]
    Waves(std::path::PathBuf),
}

impl Verilated {
    /// The unit that is checked in. With `COVERT_WAVES` naming a folder, each one made dumps its waves there, under the
    /// name of its thread: a test's, where there is one.
    ///
    /// # Errors
    /// A tool is missing, the build fails, or the folder cannot be written.
    pub fn unit() -> Result<Verilated, VerilatedError> {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let Some(folder) = std::env::var_os("COVERT_WAVES") else { return Verilated::of(&build::verilog()) };
        let thread = std::thread::current();
        let test = thread.name().unwrap_or("unit").replace("::", ".");
        let name = format!("{test}-{}.fst", MADE.fetch_add(1, Ordering::Relaxed));
        Verilated::with_waves(&build::verilog(), &Path::new(&folder).join(name))
    }

    /// The module `redundancy_unit` of any file.
    ///
    /// # Errors
    /// A tool is missing, or the build fails.
    pub fn of(verilog: &Path) -> Result<Verilated, VerilatedError> {
        let instance = Instance::load(&build::library(verilog, false)?)?;
        Ok(Verilated { instance })
    }

    /// The module of any file, which dumps its waves as FST.
    ///
    /// # Errors
    /// A tool is missing, the build fails, or the path cannot be written.
    pub fn with_waves(verilog: &Path, fst: &Path) -> Result<Verilated, VerilatedError> {
        let mut instance = Instance::load(&build::library(verilog, true)?)?;
        if !instance.waves(fst) {
            return Err(VerilatedError::Waves(fst.into()));
        }
        Ok(Verilated { instance })
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
    }

    fn idle(&mut self, inputs: &Inputs, most: u64) -> Idle {
        let (clocks, repeats) = self.instance.idle(&driven(inputs), most);
        Idle { clocks, repeats }
    }

    fn reset(&mut self) {
        let held = Driven { reset: 1, ..driven(&Inputs::default()) };
        for _ in 0..RESET_CLOCKS {
            self.instance.settle(&held);
            self.instance.clock();
        }
    }
}
