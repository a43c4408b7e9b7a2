//! See `siaga_fuzz::hub_json`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| siaga_fuzz::hub_json(data));
