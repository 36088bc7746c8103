//! [`Outcome`]: the normalized result of a callback, and the tables that define it.

use std::fmt;

/// The normalized result of a callback.
///
/// ```
/// # use payhook::{Unverified, b2binpay::{Key, TrackingIds, Verifier}};
/// # let verifier = Verifier::new(Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?, TrackingIds::Prefixed);
/// # let body = std::fs::read("examples/bodies/b2binpay-deposit-blocked.json")?;
/// # let callback = verifier.verify(Unverified::parse(&body)?)?;
/// use payhook::{Fact, Outcome};
///
/// let event = callback.event();
/// match event.outcome() {
///     Fact::Proven(Outcome::Settled) => println!("compare with the expected payment, and credit it once"),
///     Fact::Proven(Outcome::Pending) => println!("wait"),
///     Fact::Proven(outcome) => println!("{outcome}"),
///     Fact::Reported(outcome) => println!("{outcome} (only reported)"),
/// }
/// assert_eq!(event.outcome(), Fact::Proven(Outcome::Blocked));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// *Settled* means that a transfer's amount, or an order's total, was finally
/// received or sent. Whether the payment is complete, in the amount and currency that
/// the merchant expects, is decided by [`Payment`](crate::payment::Payment).
///
/// # B2BINPAY, with a transfer, by signature
///
/// The deposit's or payout's own status is not signed: it can only prevent a
/// settlement.
///
/// | transfer | deposit | payout | outcome |
/// |---|---|---|---|
/// | confirmed | none, created, paid | none, approved | settled |
/// | confirmed | canceled, unresolved, unknown | waiting for approval, canceled, unknown | needs review |
/// | confirmed, failed, blocked or canceled, of an operation type that is neither the kind's own nor missing | any | any | needs review |
/// | created, unconfirmed | any | any | pending |
/// | failed | any | any | failed |
/// | blocked | any | any | blocked |
/// | canceled | any | any | canceled |
/// | unknown | any | any | unknown |
/// | any, while the signed message is ambiguous | any | any | needs review |
/// | confirmed, but the gateway's API was queried and disagrees | any | any | needs review |
///
/// # B2BINPAY, no transfer, by signature or gateway API
///
/// The status is only reported, except with the gateway API as evidence. Nothing ever
/// settles.
///
/// | deposit | payout | outcome |
/// |---|---|---|
/// | created | waiting for approval, approved | pending |
/// | canceled | canceled | canceled |
/// | paid, unresolved | | needs review |
/// | none, unknown | none, unknown | unknown |
/// | any, while the signed message is ambiguous | any | needs review |
///
/// # CityPay.io, orders
///
/// | evidence | status in the response | outcome |
/// |---|---|---|
/// | order endpoint | confirmed | settled |
/// | order endpoint | confirmed, without a transaction | needs review |
/// | order endpoint | confirmed, overpaid, underpaid, with [totals](crate::citypay::OrderDetails::totals_agree_fiat) that disagree | needs review |
/// | order endpoint | overpaid | overpaid |
/// | order endpoint | underpaid | underpaid |
/// | order endpoint | in progress, paid/unconfirmed | pending |
/// | order endpoint | expired | expired |
/// | order endpoint | canceled | canceled |
/// | order endpoint | unknown | unknown |
/// | order endpoint, behind the callback | any | pending |
/// | known reference, source address | not queried | needs review |
///
/// # CityPay.io, deposits
///
/// | evidence | status | outcome |
/// |---|---|---|
/// | known reference, source address | any | needs review |
/// | source address, with settlement opted in | confirmed | settled |
/// | source address, with settlement opted in | pending | pending |
/// | source address, with settlement opted in | none, unknown | unknown |
/// | source address, with settlement opted in, no token or no amount | any | needs review |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// Blocked by an AML check.
    Blocked,
    /// Canceled by a user or the gateway, or expired unpaid.
    Canceled,
    /// The payment deadline has passed.
    Expired,
    /// Failed in the blockchain.
    Failed,
    /// Manual review is required: the facts are contradictory or insufficiently
    /// proven.
    ManualReview,
    /// More was received than requested. The gateway does not document whether with
    /// enough confirmations: check the blockchain before crediting it.
    Overpaid,
    /// Not yet confirmed.
    Pending,
    /// Final: the funds were received or sent.
    Settled,
    /// Less was received than requested.
    Underpaid,
    /// The status is missing or unknown to this version.
    Unknown,
}

impl Outcome {
    /// Returns the name for logs, metrics and columns, such as `settled` or
    /// `manual_review`. `Display` writes `needs review` for the latter.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Blocked => "blocked",
            Self::Canceled => "canceled",
            Self::Expired => "expired",
            Self::Failed => "failed",
            Self::ManualReview => "manual_review",
            Self::Overpaid => "overpaid",
            Self::Pending => "pending",
            Self::Settled => "settled",
            Self::Underpaid => "underpaid",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::ManualReview => "needs review",
            other => other.as_str(),
        })
    }
}
