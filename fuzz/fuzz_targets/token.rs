//! Feeds `token`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fragaria_fuzz::guard_entries::token(bytes));
