//! The system calls of a process without a processor: registers are set, an exit is made, demands are answered.

mod elf;
mod files;
mod fuzz;
mod lasting;
mod loading;
mod memory;
mod promises;
mod rig;
mod world;
