//! The program that the demo protects: it reads a text and counts what is in it.
//!
//! All of its state is in [`Guest`], so that a flipped bit has somewhere to strike and a checkpoint is a copy of it.

use covert_abi::{Header, fingerprint};
use serde::{Deserialize, Serialize};

/// Bytes of text that are read at a time.
pub(crate) const CHUNK: u32 = 256;

/// The program's memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Guest {
    letters: [u64; 26],
    words: u64,
    hash: u64,
    in_word: bool,
    /// What was read last. A flip here after it was counted is overwritten and never seen: it is masked.
    buffer: Vec<u8>,
    next: Next,
}

/// What the program does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Next {
    /// Read the next chunk.
    Read,
    /// Print a line on the chunk just read.
    Report,
    /// Print what was counted, and wait until it is written.
    Summary,
    /// Nothing.
    End,
}

impl Guest {
    pub(crate) fn new() -> Guest {
        Guest { letters: [0; 26], words: 0, hash: 0, in_word: false, buffer: Vec::new(), next: Next::Read }
    }

    pub(crate) fn next(&self) -> Next {
        self.next
    }

    /// Takes a chunk; an empty one is the end of the text.
    pub(crate) fn read(&mut self, chunk: &[u8]) {
        self.buffer = chunk.to_vec();
        self.next = if chunk.is_empty() { Next::Summary } else { Next::Report };
        for byte in chunk {
            if byte.is_ascii_alphabetic() {
                self.letters[usize::from(byte.to_ascii_lowercase() - b'a')] += 1;
            }
            self.words += u64::from(byte.is_ascii_alphanumeric() && !self.in_word);
            self.in_word = byte.is_ascii_alphanumeric();
            self.hash = (self.hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    /// The line or the lines to print now.
    pub(crate) fn print(&mut self) -> String {
        if self.next == Next::Report {
            self.next = Next::Read;
            return format!("{:6} words so far, hash {:016x}\n", self.words, self.hash);
        }
        self.next = Next::End;
        let letters =
            (b'a'..=b'z').zip(self.letters).map(|(letter, n)| format!("{} {n}\n", char::from(letter)));
        letters.collect::<String>() + &format!("{} words\n", self.words)
    }

    /// Fingerprint of the whole state.
    pub(crate) fn fingerprint(&self) -> u64 {
        let state = serde_json::to_vec(self).unwrap_or_default();
        fingerprint(&state, &Header::default()).0
    }

    /// Flips one bit of the state: of a counter, the hash or the buffer, as `place` says.
    pub(crate) fn flip(&mut self, place: usize, bit: u32) {
        let buffer = self.buffer.len().div_ceil(8);
        match place % (28 + buffer) {
            n @ 0..26 => self.letters[n] ^= 1 << (bit % 64),
            26 => self.words ^= 1 << (bit % 64),
            27 => self.hash ^= 1 << (bit % 64),
            n => {
                let byte = ((n - 28) * 8 + bit as usize / 8 % 8) % self.buffer.len();
                self.buffer[byte] ^= 1 << (bit % 8);
            }
        }
    }

    /// What the program prints on a healthy machine, computed without any of the kit.
    pub(crate) fn native(text: &[u8]) -> String {
        let mut guest = Guest::new();
        let mut output = String::new();
        for chunk in text.chunks(CHUNK as usize).chain([&[][..]]) {
            guest.read(chunk);
            output += &guest.print();
        }
        output
    }
}
