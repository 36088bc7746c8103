#![no_main]
#[path = "../../tests/it/fuzz/json.rs"]
mod check;
libfuzzer_sys::fuzz_target!(|data: &[u8]| check::check(data));
