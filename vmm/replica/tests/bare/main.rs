//! Promises to bare guests.

#[path = "../support/mod.rs"]
mod support;

mod devices;
mod guests;
