//! See `siaga_fuzz::sip_client`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| siaga_fuzz::sip_client(data));
