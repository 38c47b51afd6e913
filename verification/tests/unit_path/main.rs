//! What a record costs on a unit's path: no system call, one word to the card for many verdicts, and no memory but what
//! it needs.

mod beside;
mod calls;
mod heads;
#[path = "../verilated/need.rs"]
mod need;
mod windows;
