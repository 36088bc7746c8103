//! [`Body`]: the bytes that a gateway would send.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use super::error::{BuildError, or_panic};
use super::json::Json;
use crate::b2binpay::Callback;
use crate::citypay::OrderDetails;
use crate::error::{ParseError, VerifyError};
use crate::verified::{Provable, Unverified};

/// The bytes of a body as a gateway would send it, of the kind `C`.
///
/// Changes by [`set`](Self::set) are tampering: the signature stays unchanged.
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

    /// Returns the bytes to send.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// Returns the body as a string.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Sets the value at a path: `meta.time`, `included[1].attributes.amount`. A
    /// missing key at the end of the path is added, and so is an entry at the end of
    /// an array.
    ///
    /// # Panics
    ///
    /// If the path does not exist; [`try_set`](Self::try_set) does not panic.
    #[must_use]
    #[track_caller]
    pub fn set(self, path: &str, value: impl Into<Json>) -> Self {
        or_panic(self.try_set(path, value))
    }

    /// [`set`](Self::set) that returns an error for a wrong path.
    ///
    /// # Errors
    ///
    /// [`BuildError::Path`] if the path does not exist.
    pub fn try_set(mut self, path: &str, value: impl Into<Json>) -> Result<Self, BuildError> {
        self.json.set(path, value.into())?;
        Ok(Self::new(self.json))
    }

    /// Removes the key, or the array's entry, at a path.
    ///
    /// # Panics
    ///
    /// If there is none.
    #[must_use]
    #[track_caller]
    pub fn remove(self, path: &str) -> Self {
        or_panic(self.try_remove(path))
    }

    /// [`remove`](Self::remove) that returns an error for a wrong path.
    ///
    /// # Errors
    ///
    /// [`BuildError::Path`] if there is none.
    pub fn try_remove(mut self, path: &str) -> Result<Self, BuildError> {
        self.json.remove(path)?;
        Ok(Self::new(self.json))
    }
}

impl Body<Callback> {
    /// Returns the signature at `meta.sign`, if there is one.
    #[must_use]
    pub fn signature(&self) -> Option<&Json> {
        self.json.field("meta")?.field("sign")
    }
}

impl<C: Provable> Body<C> {
    /// Parses the body as an unverified callback.
    ///
    /// # Errors
    ///
    /// [`ParseError`], as [`Unverified::parse`].
    pub fn unverified(&self) -> Result<Unverified<C>, ParseError> {
        Unverified::parse(self.as_bytes())
    }
}

impl Body<OrderDetails> {
    /// Parses the response.
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

/// Omits the body: it may be signed with a key that is in use.
impl<C> fmt::Debug for Body<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body")
            .field("length", &self.text.len())
            .finish_non_exhaustive()
    }
}
