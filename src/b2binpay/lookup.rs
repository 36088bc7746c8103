//! [`LookupPolicy`], and lookups of deposits and payouts with the gateway's own API
//! (GATEWAYS 1.5).

use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::callback::Callback;
use super::document::Document;
use super::included::{Resources, leave_out};
use super::operation::{Operation, OperationFields};
use super::resource::{Currency, Transfer};
use crate::error::{ParseError, VerifyError};
use crate::event::PaymentKind;
use crate::read::{self, At, Body};

/// The size limit of a response: the API returns more fields than a callback, and
/// lists all transfers.
const LIMIT: usize = 1024 * 1024;

/// The size limit of an error response.
const ERROR_LIMIT: usize = 16 * 1024;

/// The callbacks that cause a lookup (PAYMENTS, rule 12).
///
/// See [`Gateway::with_api`](super::Gateway::with_api) for an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum LookupPolicy {
    /// Only unsigned callbacks, which cannot be proven otherwise.
    Unsigned,
    /// Callbacks after which money would be held. Invoices are always held without a
    /// lookup.
    #[default]
    WhenHeld,
    /// Every callback: the response counts for all transfers that it lists.
    Always,
}

/// The gateway's API, at its base URL.
#[derive(Debug, Clone)]
pub(super) struct Api<F> {
    base: String,
    pub(super) fetch: F,
}

impl<F> Api<F> {
    pub(super) fn new(base: &str, fetch: F) -> Self {
        Self {
            base: base.trim_end_matches('/').to_owned(),
            fetch,
        }
    }

    /// The URL of a callback's deposit or payout. `None` if its id does not have the
    /// gateway's form: no other text is inserted into a URL.
    pub(super) fn url(&self, callback: &Callback) -> Option<String> {
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
    /// Reads the response to a callback's lookup. Its kind may differ: that is for the
    /// rules to decide (PAYMENTS, rule 12).
    pub(super) fn read(answer: &[u8], callback: &Callback) -> Result<Self, VerifyError> {
        let document = Self::parse(answer).map_err(|error| match ApiError::read(answer) {
            Some(refused) => VerifyError::AnswerRefused {
                code: refused.code(),
            },
            None => VerifyError::AnswerUnreadable(error),
        })?;
        if document.id() == callback.id() {
            Ok(document)
        } else {
            Err(VerifyError::AnswerMismatch { path: "data.id" })
        }
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

    pub(super) fn kind(&self) -> PaymentKind {
        match self.operation() {
            Operation::Deposit(_) => PaymentKind::Deposit,
            Operation::Payout(_) => PaymentKind::Payout,
        }
    }
}

/// An error response: a list of JSON:API errors, or a code with a message (GATEWAYS,
/// *The API*; documented).
#[derive(Deserialize)]
struct ApiError<'a> {
    #[serde(borrow, default)]
    errors: Vec<ApiError<'a>>,
    #[serde(borrow)]
    status: Option<&'a RawValue>,
    #[serde(borrow)]
    code: Option<&'a RawValue>,
}

impl<'a> ApiError<'a> {
    fn read(answer: &'a [u8]) -> Option<Self> {
        if answer.len() > ERROR_LIMIT {
            return None;
        }
        let error: Self = serde_json::from_slice(answer).ok()?;
        (error.code.is_some() || !error.errors.is_empty()).then_some(error)
    }

    fn code(&self) -> Option<i64> {
        let number = |raw: &&RawValue| raw.get().trim_matches('"').parse().ok();
        let own = [self.code, self.status];
        let own = own.iter().flatten().find_map(number);
        own.or_else(|| self.errors.first().and_then(Self::code))
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
