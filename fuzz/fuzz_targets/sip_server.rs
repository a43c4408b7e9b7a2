//! See `siaga_fuzz::sip_server`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| siaga_fuzz::sip_server(data));
