//! See `siaga_fuzz::csv`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| siaga_fuzz::csv(data));
