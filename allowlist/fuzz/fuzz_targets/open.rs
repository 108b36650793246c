//! `fuzz::open`, fed by libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz::open::run(input));
