//! What a protected machine promises, tried on the real KVM with the command that people use.

mod again;
mod applets;
mod bad_input;
mod card;
mod command;
mod completion;
mod confinement;
mod examples;
mod recovery;
mod server;
mod sqlite;
mod support;
mod unit;
mod wild;
