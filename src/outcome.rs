//! [`Outcome`]: the normalized result of a callback, and the tables that define it.

use std::fmt;

/// The normalized result of a callback.
///
/// ```
/// # use payhook::{Unverified, b2binpay::{Key, TrackingIds, Verifier}};
/// # let verifier = Verifier::new(Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?, TrackingIds::Prefixed);
/// # let body = include_bytes!("../examples/bodies/b2binpay-deposit-blocked.json");
/// # let callback = verifier.verify(Unverified::parse(body)?)?;
/// use payhook::{Fact, Outcome};
///
/// let event = callback.event();
/// match event.outcome() {
///     Fact::Proven(Outcome::Settled) => println!("see what was expected, and credit it once"),
///     Fact::Proven(Outcome::Pending) => println!("wait"),
///     Fact::Proven(outcome) => println!("{outcome}"),
///     Fact::Reported(outcome) => println!("{outcome}, says the sender"),
/// }
/// assert_eq!(event.outcome(), Fact::Proven(Outcome::Blocked));
/// # Ok::<(), payhook::Error>(())
/// ```
///
/// *Settled* says that a transfer's amount, or all of an order's, has arrived or left
/// for good. Whether the payment is made, in the amount and currency that the merchant
/// expects, is for [`Payment`](crate::payment::Payment) to say.
///
/// # B2BINPAY, with a transfer, by signature
///
/// The deposit's or payout's own status is not signed: it can only hold a
/// settlement back.
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
/// | any, while the signed text is undivided | any | any | needs review |
/// | confirmed, and the gateway's API was asked and says otherwise | any | any | needs review |
///
/// # B2BINPAY, no transfer, by signature or gateway API
///
/// The status is reported but for the gateway API. Nothing ever settles.
///
/// | deposit | payout | outcome |
/// |---|---|---|
/// | created | waiting for approval, approved | pending |
/// | canceled | canceled | canceled |
/// | paid, unresolved | | needs review |
/// | none, unknown | none, unknown | unknown |
/// | any, while the signed text is undivided | any | needs review |
///
/// # CityPay.io, orders
///
/// | evidence | status in the answer | outcome |
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
/// | merchant record, source address | not asked | needs review |
///
/// # CityPay.io, deposits
///
/// | evidence | status | outcome |
/// |---|---|---|
/// | merchant record, source address | any | needs review |
/// | source address, settling by it chosen | confirmed | settled |
/// | source address, settling by it chosen | pending | pending |
/// | source address, settling by it chosen | none, unknown | unknown |
/// | source address, settling by it chosen, no token or no amount | any | needs review |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// Blocked by an AML check.
    Blocked,
    /// Canceled by a user or the gateway, or expired unpaid.
    Canceled,
    /// The time to pay is over.
    Expired,
    /// Failed in the blockchain.
    Failed,
    /// A person has to look: the facts contradict each other, or are not
    /// proven well enough.
    ManualReview,
    /// More came than was asked for. The gateway does not document whether with
    /// enough confirmations: look at the blockchain before it is credited.
    Overpaid,
    /// Not there yet.
    Pending,
    /// The money is there, or gone, for good.
    Settled,
    /// Less came than was asked for.
    Underpaid,
    /// A status that this version does not know, or none.
    Unknown,
}

impl Outcome {
    /// `settled`, `needs review` and so on.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Blocked => "blocked",
            Self::Canceled => "canceled",
            Self::Expired => "expired",
            Self::Failed => "failed",
            Self::ManualReview => "needs review",
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
        f.pad(self.as_str())
    }
}
