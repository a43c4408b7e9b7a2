//! See `siaga_fuzz::session_description`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| siaga_fuzz::session_description(data));
