//! See `siaga_fuzz::sdp_offer`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| siaga_fuzz::sdp_offer(data));
