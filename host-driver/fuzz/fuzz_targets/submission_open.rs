#![no_main]

use covert_driver::conformance::hostile;

libfuzzer_sys::fuzz_target!(|input: &[u8]| hostile::submission_open(input).expect("the contract"));
