//! Leaves: what rust-hdl's kernels say badly, as hand-written Verilog beside a plain Rust model.
//!
//! A leaf holds no control state. Its two sides come from one table or are short enough to be read side by side;
//! each has a lock-step test.

mod crc_step;
mod memory;
mod shift;

pub use crc_step::{CheckCodeStep, FingerprintStep};
pub use memory::{BlockRam, LutRam, LutRam2, LutRam3};
pub use shift::{ByteAlign, KeepBytes};
