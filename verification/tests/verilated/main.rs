//! The Verilated unit. Without Verilator these tests say loudly that they did nothing; in CI that is a failure.

mod boundary;
mod harness;
mod need;
mod running;
mod three_lanes;
mod unit;
mod waves;
