//! Feeds `cursor`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fragaria_fuzz::engine_entries::cursor(bytes));
