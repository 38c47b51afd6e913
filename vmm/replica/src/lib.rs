//! One replica of a protected machine.
//!
//! A replica is a process of its own that owns its KVM machine. It gets its inputs from the coordinator, leaves its
//! outputs in its arena, and has no other way out. Read in this order: [`memory`] and [`cpu`] (what a guest runs on),
//! [`guest`] (what a guest is and asks for), [`world`] (what it may ask of the world), [`process`] (a Linux program as
//! a guest), [`machine`] (what runs it).
#![deny(unsafe_code)]

pub mod bare;
pub mod cpu;
mod cpuid;
pub mod flip;
pub mod guest;
pub mod kick;
pub mod machine;
pub mod memory;
mod patch;
mod platform;
pub mod process;
mod state;
mod vcpu;
pub mod world;
