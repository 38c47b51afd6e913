#![no_main]

use covert_verification::vfio_user::hostile;

libfuzzer_sys::fuzz_target!(|input: &[u8]| hostile::message(input).expect("the protocol"));
