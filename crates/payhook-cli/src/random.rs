//! Random texts: tokens, nonces and test secrets.

use std::collections::hash_map::RandomState;
use std::fmt::Write as _;
use std::hash::BuildHasher;

/// 256 bits that cannot be guessed, as text: the standard library's hash maps have
/// keys of the system's random numbers.
pub(crate) fn random() -> String {
    (0..4_u8).fold(String::new(), |mut text, part| {
        let _ = write!(text, "{:016x}", RandomState::new().hash_one(part));
        text
    })
}
