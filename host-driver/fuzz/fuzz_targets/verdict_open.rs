#![no_main]

use covert_driver::conformance::hostile;

libfuzzer_sys::fuzz_target!(|input: &[u8]| hostile::verdict_open(input).expect("the contract"));
