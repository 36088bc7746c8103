//! [`Body`]: the bytes that a gateway would post.

use std::error::Error;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use super::json::{Json, PathError};
use crate::b2binpay::TransferCallback;
use crate::citypay::OrderDetails;
use crate::error::{ParseError, VerifyError};
use crate::verified::{Parse, Unverified};

/// A body as a gateway would post it, of the kind `C`; it is its bytes.
///
/// What is [`set`](Self::set) in it afterwards is tampering: the signature
/// stays as it was.
///
/// ```
/// use payhook::b2binpay::{Key, TrackingIds, Verifier};
/// use payhook::testing::b2binpay::deposit;
///
/// let key = Key::callback_secret("my test secret")?;
/// let verifier = Verifier::new(key.clone(), TrackingIds::Prefixed);
///
/// let body = deposit().tracking_id("order-1").amount("0.3").sign(&key);
/// assert!(verifier.verify(body.unverified()?).is_ok());
///
/// let tampered = body.set("included[1].attributes.amount", "3.0");
/// let error = verifier.verify(tampered.unverified()?).unwrap_err();
/// assert_eq!(error.to_string(), "signature does not match any configured key (1 tried)");
/// # Ok::<(), payhook::Error>(())
/// ```
pub struct Body<C> {
    json: Json,
    text: String,
    kind: PhantomData<fn() -> C>,
}

impl<C> Body<C> {
    pub(super) fn new(json: Json) -> Self {
        Self {
            text: json.to_string(),
            json,
            kind: PhantomData,
        }
    }

    /// The bytes to post.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// The same as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The same body with another value at a path: `meta.time`,
    /// `included[1].attributes.amount`. If its last step is a key that is not
    /// there, it is added, and so is an entry at the end of a list.
    ///
    /// # Panics
    ///
    /// If there is no value at the path; [`try_set`](Self::try_set) does not.
    #[must_use]
    #[track_caller]
    pub fn set(self, path: &str, value: impl Into<Json>) -> Self {
        or_panic(self.try_set(path, value))
    }

    /// [`set`](Self::set) for paths that may be wrong.
    ///
    /// # Errors
    ///
    /// [`PathError`] if there is no value at the path.
    pub fn try_set(mut self, path: &str, value: impl Into<Json>) -> Result<Self, PathError> {
        self.json.set(path, value.into())?;
        Ok(Self::new(self.json))
    }

    /// The same body without the key, or the list's entry, at a path.
    ///
    /// # Panics
    ///
    /// If nothing is there.
    #[must_use]
    #[track_caller]
    pub fn remove(self, path: &str) -> Self {
        or_panic(self.try_remove(path))
    }

    /// [`remove`](Self::remove) for paths that may be wrong.
    ///
    /// # Errors
    ///
    /// [`PathError`] if nothing is there.
    pub fn try_remove(mut self, path: &str) -> Result<Self, PathError> {
        self.json.remove(path)?;
        Ok(Self::new(self.json))
    }
}

impl Body<TransferCallback> {
    /// The signature at `meta.sign`, if there is one.
    #[must_use]
    pub fn signature(&self) -> Option<&Json> {
        self.json.field("meta")?.field("sign")
    }
}

impl<C: Parse> Body<C> {
    /// The body as it is read: everything that it says, and nothing proven.
    ///
    /// # Errors
    ///
    /// [`ParseError`], as [`Unverified::parse`].
    pub fn unverified(&self) -> Result<Unverified<C>, ParseError> {
        Unverified::parse(self.as_bytes())
    }
}

impl Body<OrderDetails> {
    /// The answer as it is read.
    ///
    /// # Errors
    ///
    /// [`VerifyError`], as [`OrderDetails::parse`].
    pub fn answer(&self) -> Result<OrderDetails, VerifyError> {
        OrderDetails::parse(self.as_bytes())
    }
}

impl<C> Deref for Body<C> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl<C> AsRef<[u8]> for Body<C> {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl<C> Clone for Body<C> {
    fn clone(&self) -> Self {
        Self {
            json: self.json.clone(),
            text: self.text.clone(),
            kind: PhantomData,
        }
    }
}

/// Without the body: it may be signed with a key that is in use.
impl<C> fmt::Debug for Body<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body")
            .field("length", &self.text.len())
            .finish_non_exhaustive()
    }
}

/// Why a body can't be made as it was asked for.
///
/// ```
/// use payhook::b2binpay::Key;
/// use payhook::testing::BuildError;
/// use payhook::testing::b2binpay::deposit;
///
/// let key = Key::callback_secret("my test secret")?;
/// let made = deposit().set("data.nowhere.amount", "1").try_sign(&key);
/// assert!(matches!(made, Err(BuildError::Path(_))));
/// # Ok::<(), payhook::error::ConfigError>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// It is no JSON that could be changed.
    #[error("cannot parse the body as JSON")]
    Json(#[from] serde_json::Error),
    /// It can't be read as a callback, so nobody can say which text is signed:
    /// sign a text of your own with `sign_text`.
    #[error("cannot determine the signed fields of this body")]
    Parse(#[from] ParseError),
    /// There is no value at a path.
    #[error(transparent)]
    Path(#[from] PathError),
}

/// A test that asks for what can't be made is wrong, and has to hear it.
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
