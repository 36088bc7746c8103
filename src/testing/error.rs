//! [`BuildError`]: bodies that cannot be built.

use std::error::Error;

use crate::error::ParseError;

/// Why a body cannot be built.
///
/// ```
/// use payhook::b2binpay::Key;
/// use payhook::testing::BuildError;
/// use payhook::testing::b2binpay::deposit;
///
/// let key = Key::callback_secret("my test secret")?;
/// let made = deposit().set("data.nowhere.amount", "1").try_sign(&key);
/// assert!(matches!(made, Err(BuildError::Path { .. })));
/// # Ok::<(), payhook::error::ConfigError>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// It is not valid JSON.
    #[error("cannot parse the body as JSON")]
    Json(#[from] serde_json::Error),
    /// It cannot be parsed as a callback, so the signed message is unknown: sign your
    /// own message with `sign_message`.
    #[error("cannot determine the signed fields of this body")]
    Parse(#[from] ParseError),
    /// A path does not exist: a step of it is neither the key of an object nor the
    /// index of an array entry, or it has more than 64 steps.
    #[error("no value at `{path}`")]
    Path {
        /// The path as given.
        path: Box<str>,
    },
}

impl BuildError {
    pub(super) fn nowhere(path: &str) -> Self {
        Self::Path { path: path.into() }
    }
}

/// A test that requests an impossible body is wrong and has to fail.
#[track_caller]
#[allow(clippy::panic, reason = "documented wherever it is called")]
pub(super) fn or_panic<T, E: Error>(result: Result<T, E>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => match error.source() {
            Some(source) => panic!("{error}: {source}"),
            None => panic!("{error}"),
        },
    }
}
