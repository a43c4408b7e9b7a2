//! See `siaga_fuzz::sip_message`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| siaga_fuzz::sip_message(data));
