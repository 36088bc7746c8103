#![no_main]
#[path = "../../tests/it/fuzz/state.rs"]
mod check;
libfuzzer_sys::fuzz_target!(|data: &[u8]| check::check(data));
