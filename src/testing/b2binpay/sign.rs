//! Signing of a body, with the verifier's own definition of the message.

use hmac::Mac;

use super::CallbackBuilder;
use super::layout::Layout;
use super::moments::written;
use crate::b2binpay::{Callback, Key, Message, hex};
use crate::testing::body::Body;
use crate::testing::error::{BuildError, or_panic};
use crate::testing::json::Json;
use crate::verified::{SignatureScheme, Unverified};

impl CallbackBuilder {
    /// Signs the body as the gateway would.
    ///
    /// # Panics
    ///
    /// Where [`try_sign`](Self::try_sign) fails.
    #[must_use]
    #[track_caller]
    pub fn sign(&self, key: &Key) -> Body<Callback> {
        or_panic(self.try_sign(key))
    }

    /// [`sign`](Self::sign) that returns an error.
    ///
    /// # Errors
    ///
    /// [`BuildError::Path`] if a path that was [`set`](Self::set) does not exist,
    /// [`BuildError::Parse`] if the body cannot be parsed as a callback, so that the
    /// signed message is unknown.
    pub fn try_sign(&self, key: &Key) -> Result<Body<Callback>, BuildError> {
        sign_json(self.signed_with(key, "")?, key)
    }

    /// Signs the caller's own message instead: for bodies that cannot be parsed, and
    /// for captured bodies that are replayed in another shape.
    ///
    /// ```
    /// use payhook::b2binpay::Key;
    /// use payhook::testing::b2binpay::deposit;
    ///
    /// let key = Key::callback_secret("my test secret")?;
    /// let body = deposit()
    ///     .set("included[1].attributes.amount", "1e3")
    ///     .sign_message(&key, "21e3order-90012026-03-02T09:16:02.551870Z");
    /// assert!(body.unverified().is_err());
    /// # Ok::<(), payhook::Error>(())
    /// ```
    ///
    /// # Panics
    ///
    /// If a path that was [`set`](Self::set) does not exist.
    #[must_use]
    #[track_caller]
    pub fn sign_message(&self, key: &Key, text: &str) -> Body<Callback> {
        let mut mac = key.mac().clone();
        mac.update(text.as_bytes());
        let signature = hex(&mac.finalize().into_bytes());
        Body::new(or_panic(self.signed_with(key, &signature)))
    }

    /// Builds the body without `meta`: legitimate only for a v2 body with [no
    /// transfer](Self::no_transfer).
    ///
    /// # Panics
    ///
    /// If a path that was [`set`](Self::set) does not exist.
    #[must_use]
    #[track_caller]
    pub fn unsigned(&self) -> Body<Callback> {
        let draft = self.draft(self.layout.unwrap_or(Layout::V3));
        Body::new(or_panic(draft.and_then(|draft| self.edited(draft))))
    }

    fn signed_with(&self, key: &Key, signature: &str) -> Result<Json, BuildError> {
        let scheme = match key.scheme() {
            SignatureScheme::CallbackSecret => Layout::V3,
            SignatureScheme::LoginPassword => Layout::V2,
        };
        let mut draft = self.draft(self.layout.unwrap_or(scheme))?;
        draft.fill("meta.time", written(self.time).into())?;
        let mut draft = self.edited(draft)?;
        draft.fill("meta.sign", signature.into())?;
        Ok(draft)
    }
}

/// Signs a body again with a test key, for example one that was recorded in
/// production. Its content stays unchanged.
///
/// ```
/// use payhook::b2binpay::{Key, TrackingIds, Verifier};
/// use payhook::testing::b2binpay::resign;
///
/// let recorded = std::fs::read("examples/bodies/b2binpay-payout-confirmed.json")?;
/// let key = Key::callback_secret("my test secret")?;
/// let body = resign(&recorded, &key)?;
/// let verifier = Verifier::new(key, TrackingIds::Prefixed);
/// assert!(verifier.verify(body.unverified()?).is_ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`BuildError::Parse`] if it cannot be parsed as a callback; a signed one needs
/// `meta.time`.
pub fn resign(body: &[u8], key: &Key) -> Result<Body<Callback>, BuildError> {
    let read: Unverified<Callback> = Unverified::parse_within(body, usize::MAX)?;
    let text = str::from_utf8(read.unverified().raw()).unwrap_or_default();
    sign_json(Json::parse(text)?, key)
}

/// Determines the signed message, and signs it.
fn sign_json(mut json: Json, key: &Key) -> Result<Body<Callback>, BuildError> {
    // The presence of a signature affects parsing.
    json.fill("meta.sign", hex(&[0; 32]).into())?;
    let draft = json.to_string();
    let read: Unverified<Callback> = Unverified::parse_within(draft.as_bytes(), usize::MAX)?;
    let signature = Message::of(read.unverified()).sign(key.mac());
    json.fill("meta.sign", signature.into())?;
    Ok(Body::new(json))
}
