//! The unit in a process of its own, over vfio-user: what a driver may rely on, and what no client can do to the server.
//! Without Verilator these tests say loudly that they did nothing; in CI that is a failure.

mod deaths;
mod driver;
mod history;
mod malformed;
mod messages;
#[path = "../verilated/need.rs"]
mod need;
mod protocol;
mod raw;
mod server;
mod suite;
