//! See `siaga_fuzz::ogg`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| siaga_fuzz::ogg(data));
