//! What a record costs on a unit's path: no system call, and one word to the card for many verdicts.

mod beside;
mod calls;
mod heads;
