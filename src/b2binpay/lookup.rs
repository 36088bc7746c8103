//! [`Api`]: asking the gateway's own API about a deposit or payout, and reading
//! its answer (GATEWAYS 1.5).

use std::fmt;
use std::sync::Arc;

use super::callback::TransferCallback;
use super::operation::{Operation, OperationFields};
use super::resource::{Currency, Resources, Transfer, leave_out};
use super::wire::Document;
use crate::error::{ParseError, VerifyError};
use crate::event::Kind;
use crate::read::{self, At, Body};

/// How long an answer may be: the API adds to what a callback has, and lists all
/// transfers.
const LIMIT: usize = 1024 * 1024;

/// Which callbacks the API is asked about (PAYMENTS, rule 12).
///
/// See [`Api`] for an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum LookupPolicy {
    /// None but unsigned callbacks, which nothing else can prove.
    Unsigned,
    /// Callbacks after which something would be held. Invoices are always held
    /// without it.
    #[default]
    WhenHeld,
    /// Every callback that settles money or ends a payment.
    Always,
}

/// What happens when the API does not answer, or answers with an error.
///
/// See [`Api`] for an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum OnLookupFailure {
    /// The callback is answered with 503, and the gateway sends it again.
    #[default]
    Retry,
    /// The callback is applied as if the API had not been asked: what the API
    /// could have released is held for a person.
    Hold,
}

/// The gateway's API, as evidence for money: it proves kind, currency,
/// reference, amounts and status, which no signature covers.
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
    /// The API under this address, without a slash at its end:
    /// `https://api.b2binpay.com`, Coinsbuy's, or a sandbox's. `fetch` sends the
    /// requests and adds the merchant's bearer token.
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

    /// Which callbacks the API is asked about.
    #[must_use]
    pub fn policy(self, policy: LookupPolicy) -> Self {
        Self { policy, ..self }
    }

    /// What happens when the API can't be asked.
    #[must_use]
    pub fn on_failure(self, on_failure: OnLookupFailure) -> Self {
        Self { on_failure, ..self }
    }

    /// Where the deposit or payout of a callback is found. `None` if its id is
    /// none of the gateway's: nothing else gets into an address.
    pub(super) fn url(&self, callback: &TransferCallback) -> Option<String> {
        let kind = callback.operation().as_str();
        let id = callback.id();
        // A number of 64 bits has 20 digits.
        let is_numeric = id.len() < 32 && id.bytes().all(|byte| byte.is_ascii_digit());
        is_numeric.then(|| format!("{}/{kind}/{id}", self.base))
    }
}

/// The API's document about one deposit or payout.
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
        source.required(at.key("id"), document.data.id, read::id)?;
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
            .lenient(self.index.document.data.id, read::id);
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
