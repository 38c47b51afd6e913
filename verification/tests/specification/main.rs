//! The reference model against `docs/src/unit.md`, sentence by sentence. Each file is a section of that page.

mod bench;
mod doorbell;
mod entry;
mod fault;
mod generations;
mod registers;
mod rings;
mod vote;
mod watchdog;
