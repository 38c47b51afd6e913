//! What a record costs on a unit's path: one word to the card for many verdicts.

mod beside;
mod heads;
