//! [`ProvenTransfer`]: the proven facts of a B2BINPAY callback.

use crate::amount::Amount;
use crate::b2binpay::lookup::ApiDocument;
use crate::b2binpay::status::{DepositStatus, PayoutStatus, TransferStatus};
use crate::b2binpay::tracking_ids::TrackingIds;
use crate::b2binpay::{Callback, Operation, callback};
use crate::error::ParseError;
use crate::read;
use crate::shared_str::SharedStr;
use crate::timestamp::Timestamp;
use crate::verified::{Provable, Unverified};

/// The facts of a [`Callback`] that its evidence proves.
///
/// With a transfer, a signature proves the transfer's status and amount, the tracking
/// id and the time. **Not covered** by any signature, and so never included: whether
/// it is a deposit or a payout, all ids of the gateway, the currency and its
/// decimals, addresses, the blockchain transaction id, fees, confirmations, other
/// transfers.
///
/// ```
/// # use payhook::{Unverified, b2binpay::{Key, TrackingIds, Verifier}};
/// # let verifier = Verifier::new(Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?, TrackingIds::Prefixed);
/// # let body = std::fs::read("examples/bodies/b2binpay-deposit-expired.json")?;
/// // An expired deposit: it has no transfer.
/// let callback = verifier.verify(Unverified::parse(&body)?)?;
/// let proven = callback.proven();
/// assert_eq!(proven.tracking_id(), Some("order-9001"));
/// assert_eq!(proven.transfer_status(), None);
/// assert_eq!(proven.amount(), None);
/// // The body says *canceled*, which is not proven.
/// assert_eq!(proven.deposit_status(), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// See [`Verifier`](super::Verifier) for one with a transfer.
#[derive(Debug, Clone)]
pub struct ProvenTransfer {
    pub(super) reading: Reading,
    pub(super) has_transfer: bool,
    time: Option<Timestamp>,
    /// Whether the merchant has no tracking ids and uses the gateway's ids.
    uses_gateway_ids: bool,
    /// The API's response, if there was a lookup.
    document: Option<Box<ApiDocument>>,
}

/// How the signed message is split.
#[derive(Debug, Clone)]
pub(super) enum Reading {
    /// Unambiguously.
    Divided {
        status: Option<TransferStatus>,
        amount: Option<Amount>,
        tracking_id: SharedStr,
    },
    /// Ambiguously; the whole part before the time.
    Ambiguous(SharedStr),
}

impl Reading {
    /// The body's own reading, if it is the only one.
    pub(super) fn unique(body: &Callback) -> Self {
        let transfer = body.transfer();
        Self::Divided {
            status: transfer.map(|transfer| transfer.status()),
            amount: transfer.map(|transfer| transfer.amount()),
            tracking_id: body.text_of_tracking_id(),
        }
    }
}

impl Provable for Callback {
    type Proven = ProvenTransfer;

    fn parse(body: &[u8], limit: usize) -> Result<Unverified<Self>, ParseError> {
        callback::parse(body, limit)
    }
}

impl ProvenTransfer {
    pub(super) fn signed(body: &Callback, reading: Reading, tracking_ids: TrackingIds) -> Self {
        Self {
            reading,
            has_transfer: body.transfer().is_some(),
            time: body.time(),
            uses_gateway_ids: tracking_ids.are_unused(),
            document: None,
        }
    }

    /// The same facts, with the signed message split in this way.
    pub(super) fn read_as(self, reading: Reading) -> Self {
        Self { reading, ..self }
    }

    /// The facts of an unsigned callback, by the API's response only.
    pub(super) fn fetched(document: ApiDocument) -> Self {
        Self {
            reading: Reading::Divided {
                status: None,
                amount: None,
                tracking_id: document.tracking_id().into(),
            },
            has_transfer: false,
            time: None,
            // There is no other reference.
            uses_gateway_ids: document.tracking_id().is_empty(),
            document: Some(Box::new(document)),
        }
    }

    /// The same, with the API's response.
    pub(super) fn with_document(self, document: ApiDocument) -> Self {
        Self {
            document: Some(Box::new(document)),
            ..self
        }
    }

    pub(super) fn document(&self) -> Option<&ApiDocument> {
        self.document.as_deref()
    }

    pub(super) fn uses_gateway_ids(&self) -> bool {
        self.uses_gateway_ids
    }

    /// Returns the status of the transfer; `None` if there is no transfer.
    ///
    /// While the message is [ambiguous](Self::ambiguous_text), this is the digit at its
    /// start: a payout's id that begins with a digit can look like a status.
    #[must_use]
    pub fn transfer_status(&self) -> Option<TransferStatus> {
        match &self.reading {
            Reading::Divided { status, .. } => *status,
            Reading::Ambiguous(text) if self.has_transfer => {
                leading_status(text).map(|(code, _)| TransferStatus::from_code(code))
            }
            Reading::Ambiguous(_) => None,
        }
    }

    /// Returns the transfer's amount in units of a currency that is *not* proven;
    /// `None` if there is no transfer or the message is ambiguous.
    #[must_use]
    pub fn amount(&self) -> Option<&Amount> {
        match &self.reading {
            Reading::Divided { amount, .. } => amount.as_ref(),
            Reading::Ambiguous(_) => None,
        }
    }

    /// Returns the merchant's reference; `None` while the message is ambiguous.
    #[must_use]
    pub fn tracking_id(&self) -> Option<&str> {
        match &self.reading {
            Reading::Divided { tracking_id, .. } => Some(tracking_id),
            Reading::Ambiguous(_) => None,
        }
    }

    /// Returns the time of the callback: every genuine delivery has its own time.
    /// `None` without a signature.
    #[must_use]
    pub fn time(&self) -> Option<&Timestamp> {
        self.time.as_ref()
    }

    /// Returns the deposit's own status, from the gateway's API. A signature never
    /// proves it: the status scale depends on the kind, which is not signed.
    #[must_use]
    pub fn deposit_status(&self) -> Option<DepositStatus> {
        match self.document()?.operation() {
            Operation::Deposit(deposit) => deposit.status(),
            Operation::Payout(_) => None,
        }
    }

    /// Returns the payout's own status, from the gateway's API.
    #[must_use]
    pub fn payout_status(&self) -> Option<PayoutStatus> {
        match self.document()?.operation() {
            Operation::Payout(payout) => payout.status(),
            Operation::Deposit(_) => None,
        }
    }

    /// Returns the deposit's or payout's id, from the gateway's API.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        Some(self.document()?.id())
    }

    /// Returns status, amount and tracking id as one string, under
    /// [`TrackingIds::Unrestricted`] until it is
    /// resolved.
    #[must_use]
    pub fn ambiguous_text(&self) -> Option<&str> {
        match &self.reading {
            Reading::Ambiguous(text) => Some(text),
            Reading::Divided { .. } => None,
        }
    }
}

/// The status code at the start of a signed message, and the rest.
pub(super) fn leading_status(text: &str) -> Option<(i32, &str)> {
    let length = if text.starts_with('-') { 2 } else { 1 };
    let (status, rest) = text.split_at_checked(length)?;
    Some((read::one_digit(status)?, rest))
}
