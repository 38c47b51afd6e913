//! The reference model: what a unit answers, entry for entry.
//!
//! It follows `docs/src/unit.md` literally and prefers being obviously right to being fast. It shares only the
//! *layouts* with the other implementations; checks, check codes, fingerprints and votes are its own. There is no time
//! in it but ticks: after each register write or tick it does everything there is to do, voting
//! whenever it can and fetching only when it cannot vote.
//!
//! Start with [`Unit`], then [`vote`], [`examine`], and `group.rs` for the life of a generation.

pub mod crc;
pub mod examine;
mod group;
mod lane;
pub mod memory;
mod registers;
mod rings;
pub mod unit;
pub mod vote;

pub use memory::{Memory, ReadError};
pub use unit::Unit;
