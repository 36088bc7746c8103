#![no_main]
#[path = "../../tests/it/fuzz/verify.rs"]
mod check;
#[path = "../../tests/it/fuzz/oracle.rs"]
mod oracle;
libfuzzer_sys::fuzz_target!(|data: &[u8]| check::check(data));
