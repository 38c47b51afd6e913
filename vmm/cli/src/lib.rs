//! Runs protected machines.
//!
//! Start reading at [`run`], which puts together what a machine needs; then [`pair`], the coordinator, and [`world`], what it
//! keeps of the world outside.
#![forbid(unsafe_code)]

pub mod campaign;
pub mod card;
pub mod comparator;
pub mod config;
pub mod diff;
pub mod doctor;
pub mod events;
pub mod host;
pub mod injection;
pub mod input_log;
pub mod narrate;
pub mod pair;
pub mod replay;
pub mod run;
pub mod simplex;
pub mod tally;
pub mod world;
