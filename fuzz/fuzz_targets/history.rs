#![no_main]
#[path = "../../tests/it/fuzz/history.rs"]
mod check;
libfuzzer_sys::fuzz_target!(|data: &[u8]| check::check(data));
