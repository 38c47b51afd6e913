//! Puts out many lines, each as a string and a few characters, then its input in capitals.

#![no_std]
#![no_main]

mod platform;

use platform::{Line, argument, get, put};

fn main() {
    for line in 1..=argument(100) {
        Line::print(format_args!("line {line} of many"));
        for character in *b"...\n" {
            put(character);
        }
    }
    while let Some(character) = get() {
        put(character.to_ascii_uppercase());
    }
}
