//! See `siaga_fuzz::voice`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| siaga_fuzz::voice(data));
