//! Promises of a machine on KVM.

#[path = "../support/mod.rs"]
mod support;

mod checkpoints;
mod exits;
mod faults;
mod fuzz;
mod hostile;
mod kicks;
