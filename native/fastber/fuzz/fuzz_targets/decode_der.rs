#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fastber_fuzz::decode_der(data));
