//! What the redundancy unit is proved with.
//!
//! [`model`] says what a unit must answer: plain Rust that follows `docs/src/unit.md` sentence by sentence and
//! knows nothing of clocks, buses or other implementations.
#![deny(unsafe_code)]

pub mod model;
pub mod random;
pub mod scenario;
