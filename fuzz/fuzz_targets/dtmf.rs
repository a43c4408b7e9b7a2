//! See `siaga_fuzz::dtmf`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| siaga_fuzz::dtmf(data));
