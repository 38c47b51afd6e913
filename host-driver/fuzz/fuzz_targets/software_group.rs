#![no_main]

use covert_driver::conformance::{Software, hostile};

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    hostile::group(&Software, input).expect("the contract");
});
