//! What the redundancy unit is proved with.
//!
//! - [`model`] says what a unit must answer: plain Rust that follows `docs/src/unit.md` sentence by sentence and
//!   knows nothing of clocks, buses or other implementations.
//! - [`scenario`] runs random histories of a group on the model and on anything else that claims to be one.
//! - [`root_complex`] is the other side of the unit's TLP boundary, and asserts every rule of that boundary.
//! - [`model_card`] puts the model behind the driver, [`unit_rig`] the driver's unit on any card into the suites.
//! - [`mortal_card`] lets any card die at any moment, [`succession`] goes on in software then.
//! - [`verilated`] is the emitted Verilog as something with pins, [`simulated_card`] makes a card for the driver of it.
//!   [`vfio_user`] serves that card to other processes.
//! - [`pcie7`] is the unit behind the shim for 7-series FPGAs, with a model of their PCI Express block.
//! - [`card_name`] is how people name cards, [`settled_card`] waits for those that work by themselves.
#![deny(unsafe_code)]

pub mod card_name;
pub mod model;
pub mod model_card;
pub mod mortal_card;
pub mod pcie7;
pub mod random;
pub mod root_complex;
pub mod scenario;
pub mod settled_card;
pub mod simulated_card;
pub mod succession;
pub mod unit_rig;
pub mod verilated;
pub mod vfio_user;
