//! See `siaga_fuzz::sip_digest`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| siaga_fuzz::sip_digest(data));
