//! The root-complex model, proved on a puppet: an endpoint in plain Rust that does what a test tells it, right or wrong.

mod behaviour;
mod packets;
mod puppet;
mod rules;
mod traces;
