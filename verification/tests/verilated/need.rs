//! What to do when Verilator, or the Verilog, is not there.

use covert_verification::verilated::{Verilated, VerilatedError};

/// The unit, or `None` and a loud line where the machine cannot have it. In CI there is no such machine.
pub(crate) fn have(unit: Result<Verilated, VerilatedError>) -> Option<Verilated> {
    match unit {
        Ok(unit) => Some(unit),
        Err(VerilatedError::Build(error)) => covert_verilator::or_skip(Err(error)),
        Err(error) => panic!("{error}"),
    }
}
