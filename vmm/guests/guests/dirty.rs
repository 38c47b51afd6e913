//! Writes all over its memory: some pages in each pass, at places that follow from what was written before.

#![no_std]
#![no_main]

mod platform;

use platform::{Line, Numbers, argument, memory};

/// Words of a page.
const PAGE: usize = 512;
/// Pages that are written in a pass.
const PAGES: usize = 256;

fn main() {
    let memory = memory();
    let pages = memory.len() / PAGE;
    let mut numbers = Numbers(1);
    for pass in 1..=argument(20) {
        let mut sum = 0u64;
        for _ in 0..PAGES {
            let number = numbers.next();
            let page = number as usize % pages;
            for word in &mut memory[page * PAGE..(page + 1) * PAGE] {
                *word = word.wrapping_add(number).rotate_left(7);
                sum = sum.wrapping_add(*word);
            }
        }
        numbers.0 ^= sum | 1;
        Line::print(format_args!("pass {pass}: {sum:016x}"));
    }
}
