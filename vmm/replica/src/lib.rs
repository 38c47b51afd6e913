//! One replica of a protected machine.
//!
//! A replica is a process of its own that owns its KVM machine. It gets its inputs from the coordinator, leaves its
//! outputs in its arena, and has no other way out. Read in this order: [`memory`] and [`cpu`] (what a guest runs on),
//! [`guest`] (what a guest is and asks for), [`world`] (what it may ask of the world), [`machine`] (what runs it);
//! then [`runner`] (a replica's life), [`wire`] (what it says and hears), [`staging`] and [`store`] (checkpoints), [`sandbox`].
#![deny(unsafe_code)]

pub mod bare;
pub mod cpu;
mod cpuid;
pub mod flip;
pub mod guest;
pub mod history;
pub mod inject;
pub mod kick;
pub mod machine;
pub mod memory;
mod patch;
mod platform;
pub mod probe;
pub mod process;
pub mod runner;
pub mod sandbox;
pub mod signal;
pub mod staging;
pub mod start;
mod state;
pub mod store;
mod vcpu;
pub mod wire;
pub mod world;
