#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fastber_fuzz::view_splice(data));
