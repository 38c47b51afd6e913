//! Code words for small enumerations that must survive a flipped bit.
//!
//! The words are those of the extended Hamming code (8, 4), also known as RM(1, 3): any two differ in at
//! least four bits, so no single, double or triple flip turns one into another. `0x00` and `0xFF` belong to the
//! code but are not used: they are what dead memory and a dead bus read as.

/// Every usable code word.
pub(crate) const WORDS: [u8; 14] =
    [0x0F, 0x33, 0x3C, 0x55, 0x5A, 0x66, 0x69, 0x96, 0x99, 0xA5, 0xAA, 0xC3, 0xCC, 0xF0];

/// Declares an enumeration whose values are code words.
macro_rules! code_words {
    (
        $(#[$about:meta])+
        pub enum $name:ident {
            $( $(#[doc = $doc:literal])+ $variant:ident = $word:literal, )+
        }
    ) => {
        $(#[$about])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum $name { $( $(#[doc = $doc])+ $variant = $word, )+ }

        impl $name {
            /// Every value with its code word and meaning.
            pub const TABLE: &'static [($name, u8, &'static str)] =
                &[$( ($name::$variant, $word, concat!($($doc),+)), )+];

            /// The code word that stands for this value in an entry.
            pub const fn code(self) -> u8 {
                self as u8
            }

            /// The value that a code word stands for.
            ///
            /// # Errors
            /// [`EntryError::Code`](crate::EntryError::Code) for anything that is not one of the words.
            pub const fn from_code(code: u8) -> Result<Self, $crate::EntryError> {
                match code {
                    $( $word => Ok($name::$variant), )+
                    other => Err($crate::EntryError::Code(other)),
                }
            }
        }

        const _: () = { $( assert!($crate::code::is_word($word), "not a code word"); )+ };
    };
}
pub(crate) use code_words;

pub(crate) const fn is_word(code: u8) -> bool {
    let mut i = 0;
    while i < WORDS.len() {
        if WORDS[i] == code {
            return true;
        }
        i += 1;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_two_code_words_differ_in_four_bits_and_from_dead_memory_too() {
        for a in WORDS {
            for b in WORDS.into_iter().filter(|b| *b != a).chain([0x00, 0xFF]) {
                assert!((a ^ b).count_ones() >= 4, "{a:#04x} and {b:#04x} are too close");
            }
        }
    }
}
