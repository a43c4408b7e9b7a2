//! See `siaga_fuzz::gazetteer`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| siaga_fuzz::gazetteer(data));
