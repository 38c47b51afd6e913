//! Uses everything that comes from outside, so that two copies without coordination are different machines at once.

#![no_std]
#![no_main]

mod platform;

use platform::{Line, argument, clock, get, interrupts, random, start_timer, wait};

/// Microseconds between two interrupts.
const PERIOD: u32 = 2000;

fn main() {
    start_timer(PERIOD);
    let begun = clock();
    let mut mixed = 0u64;
    for round in 1..=argument(20) {
        mixed = mixed.rotate_left(13) ^ u64::from(random()) ^ clock();
        if let Some(character) = get() {
            mixed ^= u64::from(character) << 56;
        }
        // Each copy takes interrupts elsewhere in this loop.
        let (before, mut spent) = (interrupts(), 0u64);
        while interrupts() == before && spent < 64 {
            mixed = mixed.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(u64::from(random()));
            spent += 1;
        }
        Line::print(format_args!("round {round}: {mixed:016x} after {spent} steps"));
    }
    wait();
    let micros = (clock() - begun) / 1000;
    Line::print(format_args!("{} interrupts in {micros} us", interrupts()));
}
