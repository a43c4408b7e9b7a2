//! See `siaga_fuzz::plugin`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| siaga_fuzz::plugin(data));
