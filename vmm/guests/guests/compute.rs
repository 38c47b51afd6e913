//! Arithmetic on integers and floating-point numbers, and a line every so often.

#![no_std]
#![no_main]

mod platform;

use platform::{Line, Numbers, argument};

/// Steps between two lines.
const STEPS: u32 = 200_000;

fn main() {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let (mut sum, mut inside) = (0u64, 0.0f64);
    for round in 1..=argument(20) {
        for _ in 0..STEPS {
            let number = numbers.next();
            sum = sum.rotate_left(5) ^ number;
            let x = (number >> 32) as f64 / 4_294_967_296.0;
            let y = (number & 0xffff_ffff) as f64 / 4_294_967_296.0;
            inside += if x * x + y * y < 1.0 { 1.0 } else { 0.0 };
        }
        let pi = inside * 4_000_000.0 / (f64::from(round) * f64::from(STEPS));
        Line::print(format_args!("round {round}: {sum:016x}, pi is {} millionths", pi as u64));
    }
}
