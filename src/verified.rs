//! [`Unverified`], [`Verified`], and the [`Evidence`] between them.

use std::fmt;
use std::sync::Arc;

use crate::error::ParseError;

pub use crate::read::{DEFAULT_BODY_LIMIT, RawJson};
pub(crate) use sealed::Sealed;

mod sealed {
    /// Seals the traits: only this crate defines callbacks.
    pub trait Sealed {}
}

/// A callback that can be parsed from the bytes of a body, and verified. Sealed.
///
/// See [`Unverified::parse`] and [`Verified::proven`].
pub trait Provable: Sealed + Sized {
    /// The facts that evidence can prove.
    type Proven: fmt::Debug + Clone;

    #[doc(hidden)]
    fn parse(body: &[u8], limit: usize) -> Result<Unverified<Self>, ParseError>;
}

/// A parsed callback that has not been verified.
///
/// Parsing always gives an `Unverified`. Its content is only accessible through
/// methods named `unverified`, and no handler accepts it. Verify it with a
/// [`b2binpay::Verifier`](crate::b2binpay::Verifier) or a
/// [`citypay::Account`](crate::citypay::Account).
///
/// ```
/// use payhook::{Unverified, b2binpay::Callback};
///
/// let body = std::fs::read("examples/bodies/b2binpay-deposit-confirmed.json")?;
/// let callback = Unverified::<Callback>::parse(&body)?;
/// assert_eq!(callback.unverified().tracking_id(), "order-9001");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Unverified<C>(C);

impl<C: Provable> Unverified<C> {
    /// Parses a body of at most [`DEFAULT_BODY_LIMIT`] bytes.
    ///
    /// # Errors
    ///
    /// [`ParseError`] if the body is not one JSON document, has an unsupported
    /// callback type, or has an invalid value in an essential field: a signed field,
    /// a received amount, or an identifier of the payment.
    pub fn parse(body: &[u8]) -> Result<Self, ParseError> {
        Self::parse_within(body, DEFAULT_BODY_LIMIT)
    }

    /// Parses a body of at most `limit` bytes; more than 1 GiB is never accepted.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse).
    pub fn parse_within(body: &[u8], limit: usize) -> Result<Self, ParseError> {
        C::parse(body, limit)
    }
}

impl<C> Unverified<C> {
    pub(crate) fn new(callback: C) -> Self {
        Self(callback)
    }

    /// Returns the content of the body, which may be forged.
    #[must_use]
    pub fn unverified(&self) -> &C {
        &self.0
    }

    /// Returns the content of the body by value; it may be forged.
    #[must_use]
    pub fn into_unverified(self) -> C {
        self.0
    }
}

impl<C: fmt::Debug> fmt::Debug for Unverified<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Unverified").field(&self.0).finish()
    }
}

/// The key type of a v2 or v3 signature of B2BINPAY or Coinsbuy.
///
/// See [`Evidence`] for an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignatureScheme {
    /// API v3: the callback secret.
    CallbackSecret,
    /// API v2: the SHA-256 of login and password.
    LoginPassword,
}

impl SignatureScheme {
    /// Returns `callback_secret` or `login_password`.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::CallbackSecret => "callback_secret",
            Self::LoginPassword => "login_password",
        }
    }
}

impl fmt::Display for SignatureScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The evidence by which a callback was verified.
///
/// | evidence | proves | may settle |
/// |---|---|---|
/// | [`Signature`](Self::Signature), with a transfer | its status, amount, tracking id and the time | yes, once the signed message is unambiguous |
/// | [`Signature`](Self::Signature), no transfer | tracking id and time | never |
/// | [`GatewayApi`](Self::GatewayApi) | a deposit's id, tracking id and status | never: it is queried about callbacks without a transfer |
/// | [`OrderEndpoint`](Self::OrderEndpoint) | an order's token, status, amounts and currencies | yes |
/// | [`KnownReference`](Self::KnownReference) | that the token is the merchant's own | never |
/// | [`SourceAddress`](Self::SourceAddress) | where the bytes came from | never, except for CityPay deposits if the merchant [opts in](crate::citypay::Account::danger_settle_deposits_by_source_address) |
///
/// ```
/// use payhook::b2binpay::{Key, TrackingIds, Verifier};
/// use payhook::{Evidence, Unverified, verified::SignatureScheme};
///
/// # let body = std::fs::read("examples/bodies/b2binpay-deposit-confirmed.json")?;
/// let key = Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?.with_name("2026");
/// let verifier = Verifier::new(key, TrackingIds::Prefixed);
/// let callback = verifier.verify(Unverified::parse(&body)?)?;
/// let Evidence::Signature { scheme, key, .. } = callback.evidence() else { panic!("not signed") };
/// assert_eq!((*scheme, &**key), (SignatureScheme::CallbackSecret, "2026"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Evidence {
    /// The response of B2BINPAY's API, as fetched by the merchant.
    GatewayApi,
    /// Only the merchant's own record, without evidence from the gateway.
    KnownReference,
    /// The response of CityPay.io's order endpoint, as fetched by the merchant.
    OrderEndpoint,
    /// A signature.
    #[non_exhaustive]
    Signature {
        /// The type of the matching key.
        scheme: SignatureScheme,
        /// The merchant's name for the key.
        key: Arc<str>,
    },
    /// The source address is in a range that the merchant configured.
    SourceAddress,
}

impl Evidence {
    /// Returns the name for logs and metrics, such as `signature` or
    /// `order_endpoint`. `Display` writes words: `order endpoint`.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::GatewayApi => "gateway_api",
            Self::KnownReference => "known_reference",
            Self::OrderEndpoint => "order_endpoint",
            Self::Signature { .. } => "signature",
            Self::SourceAddress => "source_address",
        }
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::GatewayApi => "gateway API",
            Self::KnownReference => "known reference",
            Self::OrderEndpoint => "order endpoint",
            Self::Signature { .. } => "signature",
            Self::SourceAddress => "source address",
        })
    }
}

/// A verified callback with its evidence.
///
/// Only this crate can create one, and it can be neither deserialized nor changed, so
/// that having one shows that verification succeeded. To keep one for later, store
/// [`raw`](crate::b2binpay::Callback::raw) bytes and verify them again.
///
/// An unverified callback has no proven facts:
///
/// ```compile_fail,E0599
/// use payhook::{Unverified, Verified, b2binpay::{ProvenTransfer, Callback}};
/// fn proven(callback: &Unverified<Callback>) -> ProvenTransfer {
///     callback.proven().clone()
/// }
/// ```
///
/// ```
/// use payhook::{Unverified, Verified, b2binpay::{ProvenTransfer, Callback}};
/// fn proven(callback: &Verified<Callback>) -> ProvenTransfer {
///     callback.proven().clone()
/// }
/// ```
///
/// and a verified one cannot be assembled from parts:
///
/// ```compile_fail,E0451
/// use payhook::{Verified, b2binpay::Callback};
/// fn swap(one: Verified<Callback>, other: Verified<Callback>) -> Verified<Callback> {
///     Verified { evidence: other.evidence().clone(), ..one }
/// }
/// ```
///
/// ```
/// use payhook::{Verified, b2binpay::Callback};
/// fn swap(one: Verified<Callback>, other: Verified<Callback>) -> Verified<Callback> {
///     if one.evidence() == other.evidence() { other } else { one }
/// }
/// ```
pub struct Verified<C: Provable> {
    callback: C,
    proven: C::Proven,
    evidence: Evidence,
}

impl<C: Provable> Verified<C> {
    /// After a successful verification.
    pub(crate) fn new(callback: Unverified<C>, proven: C::Proven, evidence: Evidence) -> Self {
        Self {
            callback: callback.0,
            proven,
            evidence,
        }
    }

    /// With other proven facts, by the same evidence and more.
    pub(crate) fn map_proven(self, change: impl FnOnce(C::Proven) -> C::Proven) -> Self {
        Self {
            proven: change(self.proven),
            ..self
        }
    }

    /// Returns exactly the facts that the evidence proves. Base decisions about money
    /// on these.
    #[must_use]
    pub fn proven(&self) -> &C::Proven {
        &self.proven
    }

    /// Returns everything that the sender reported. None of it counts as proven: use
    /// [`proven`](Self::proven).
    #[must_use]
    pub fn reported(&self) -> &C {
        &self.callback
    }

    /// Returns the evidence.
    #[must_use]
    pub fn evidence(&self) -> &Evidence {
        &self.evidence
    }
}

impl<C: Provable + Clone> Clone for Verified<C> {
    fn clone(&self) -> Self {
        Self {
            callback: self.callback.clone(),
            proven: self.proven.clone(),
            evidence: self.evidence.clone(),
        }
    }
}

impl<C: Provable + fmt::Debug> fmt::Debug for Verified<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified")
            .field("proven", &self.proven)
            .field("evidence", &self.evidence)
            .field("reported", &self.callback)
            .finish()
    }
}
