//! Verilated Verilog for these tests: what cannot be had is skipped aloud, what is wrong fails.

pub use covert_verilator::{Model, tool, workspace};
use covert_verilator::{Tools, or_skip};

/// The tools that a Verilated model takes; `None` and a loud line where they are not.
pub fn tools() -> Option<Tools> {
    or_skip(Tools::find())
}

/// Says loudly that a test did not run; fails where nothing may be skipped.
pub fn skip(what: &str, needs: &str, remedy: &str) {
    covert_verilator::skip(&format!("{what} needs {needs}; run `{remedy}`"));
}

/// Builds (or finds) the model of `verilog`, whose top module is `top`, and makes an instance of it.
pub fn build(tools: &Tools, top: &str, verilog: &str) -> Model {
    Model::of(tools, top, verilog).unwrap_or_else(|error| panic!("{top}: {error}"))
}
