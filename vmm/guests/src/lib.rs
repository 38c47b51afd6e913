//! Bare guests as ELF files. What each does and what its number means is in the README.

/// A guest and its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guest {
    /// As in the sources.
    pub name: &'static str,
    /// The ELF file.
    pub image: &'static [u8],
}

macro_rules! guests {
    ($($(#[$meta:meta])* $constant:ident = $name:literal;)*) => {
        $($(#[$meta])* pub const $constant: Guest = Guest {
            name: $name,
            image: include_bytes!(concat!(env!("OUT_DIR"), "/", $name)),
        };)*

        /// All of them.
        pub const GUESTS: &[Guest] = &[$($constant),*];
    };
}

guests! {
    /// Arithmetic, and a line now and then.
    COMPUTE = "compute";
    /// Many lines, then its input in capitals.
    CHATTY = "chatty";
    /// Writes all over its memory.
    DIRTY = "dirty";
    /// Clock, random numbers, console, timer interrupts: differs on every run.
    INPUTS = "inputs";
}

/// The guest of a name.
pub fn find(name: &str) -> Option<Guest> {
    GUESTS.iter().copied().find(|guest| guest.name == name)
}
