//! [`Api`]: lookups of deposits and payouts with the gateway's own API (GATEWAYS 1.5).

use std::fmt;
use std::sync::Arc;

use super::callback::TransferCallback;
use super::document::Document;
use super::included::{Resources, leave_out};
use super::operation::{Operation, OperationFields};
use super::resource::{Currency, Transfer};
use crate::error::{ParseError, VerifyError};
use crate::event::Kind;
use crate::read::{self, At, Body};

/// The size limit of a response: the API returns more fields than a callback, and
/// lists all transfers.
const LIMIT: usize = 1024 * 1024;

/// The callbacks that cause a lookup (PAYMENTS, rule 12).
///
/// See [`Api`] for an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum LookupPolicy {
    /// Only unsigned callbacks, which cannot be proven otherwise.
    Unsigned,
    /// Callbacks after which money would be held. Invoices are always held without a
    /// lookup.
    #[default]
    WhenHeld,
    /// Every callback that settles money or ends a payment.
    Always,
}

/// The behaviour if the API does not respond or returns an error.
///
/// See [`Api`] for an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum OnLookupFailure {
    /// The callback is answered with 503, and the gateway retries.
    #[default]
    Retry,
    /// The callback is applied as if there were no lookup: money that the API could
    /// have released is held for manual review.
    Hold,
}

/// The gateway's API as evidence: it proves kind, currency, reference, amounts and
/// status beyond what a signature covers.
///
/// ```
/// use payhook::b2binpay::{Api, LookupPolicy, OnLookupFailure};
/// use payhook::{BoxError, Fetch};
///
/// struct Client; // your HTTP client, with the bearer token of your API account
///
/// impl Fetch for Client {
///     async fn get(&self, url: &str) -> Result<Vec<u8>, BoxError> {
///         Err(format!("not connected: {url}").into())
///     }
/// }
///
/// let api = Api::new("https://api.b2binpay.com", Client)
///     .policy(LookupPolicy::Always)
///     .on_failure(OnLookupFailure::Hold);
/// # let _ = api;
/// ```
#[derive(Debug, Clone)]
pub struct Api<F> {
    base: String,
    pub(super) fetch: F,
    pub(super) policy: LookupPolicy,
    pub(super) on_failure: OnLookupFailure,
}

impl<F> Api<F> {
    /// Creates an API client for this base URL, without a trailing slash:
    /// `https://api.b2binpay.com`, Coinsbuy's, or a sandbox's. `fetch` sends the
    /// requests and has to add the merchant's bearer token.
    #[must_use]
    pub fn new(base: impl Into<String>, fetch: F) -> Self {
        let base: String = base.into();
        Self {
            base: base.trim_end_matches('/').to_owned(),
            fetch,
            policy: LookupPolicy::default(),
            on_failure: OnLookupFailure::default(),
        }
    }

    /// Sets the callbacks that cause a lookup.
    #[must_use]
    pub fn policy(self, policy: LookupPolicy) -> Self {
        Self { policy, ..self }
    }

    /// Sets the behaviour if a lookup fails.
    #[must_use]
    pub fn on_failure(self, on_failure: OnLookupFailure) -> Self {
        Self { on_failure, ..self }
    }

    /// The URL of a callback's deposit or payout. `None` if its id does not have the
    /// gateway's form: no other text is inserted into a URL.
    pub(super) fn url(&self, callback: &TransferCallback) -> Option<String> {
        let kind = callback.operation().as_str();
        let id = callback.id();
        // A 64-bit number has at most 20 digits.
        let is_numeric = id.len() < 32 && id.bytes().all(|byte| byte.is_ascii_digit());
        is_numeric.then(|| format!("{}/{kind}/{id}", self.base))
    }
}

/// The API's response about one deposit or payout.
#[derive(Clone)]
pub(super) struct ApiDocument {
    body: Body,
    index: Arc<Index>,
}

struct Index {
    document: Document,
    operation: OperationFields,
}

impl ApiDocument {
    pub(super) fn read(answer: &[u8], callback: &TransferCallback) -> Result<Self, VerifyError> {
        let document = Self::parse(answer).map_err(VerifyError::AnswerUnreadable)?;
        let path = if document.operation().is_deposit() != callback.operation().is_deposit() {
            "data.type"
        } else if document.id() != callback.id() {
            "data.id"
        } else {
            return Ok(document);
        };
        Err(VerifyError::AnswerMismatch { path })
    }

    fn parse(answer: &[u8]) -> Result<Self, ParseError> {
        let (body, mut document): (_, Document) = read::scan(read::text_of(answer, LIMIT)?)?;
        let (source, at) = (body.source(), At::Root.key("data"));
        let operation = OperationFields::take(source, &mut document.data)?;
        source.required(at.key("id"), document.data.resource.id, read::id)?;
        let left_out = Resources::new(source, &document.included).check(None)?;
        leave_out(&mut document.included, left_out);
        operation.check(source, at.key("attributes"))?;
        let index = Arc::new(Index {
            document,
            operation,
        });
        Ok(Self { body, index })
    }

    pub(super) fn id(&self) -> &str {
        let id = self
            .body
            .source()
            .lenient(self.index.document.data.resource.id, read::id);
        id.unwrap_or_default()
    }

    pub(super) fn tracking_id(&self) -> &str {
        self.operation().tracking_id().unwrap_or_default()
    }

    pub(super) fn operation(&self) -> Operation<'_> {
        self.index.operation.operation(self.body.source())
    }

    fn included(&self) -> Resources<'_> {
        Resources::new(self.body.source(), &self.index.document.included)
    }

    pub(super) fn transfers(&self) -> impl Iterator<Item = Transfer<'_>> {
        self.included().transfers().map(|(_, transfer)| transfer)
    }

    pub(super) fn currencies(&self) -> impl Iterator<Item = Currency<'_>> {
        self.included().currencies()
    }

    pub(super) fn kind(&self) -> Kind {
        match self.operation() {
            Operation::Deposit(_) => Kind::Deposit,
            Operation::Payout(_) => Kind::Payout,
        }
    }
}

impl fmt::Debug for ApiDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiDocument")
            .field("id", &self.id())
            .field("operation", &self.operation())
            .finish_non_exhaustive()
    }
}
