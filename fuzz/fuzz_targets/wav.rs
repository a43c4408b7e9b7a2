//! See `siaga_fuzz::wav`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| siaga_fuzz::wav(data));
