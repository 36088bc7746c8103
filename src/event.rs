//! [`Event`]: one view over all callbacks.

use std::fmt;

use crate::amount::Amount;
use crate::b2binpay::{self, Operation, TransferCallback};
use crate::callback::{Callback, Proven};
use crate::citypay::{
    DepositCallback, OrderCallback, OrderTransaction, ProvenDeposit, ProvenOrder, Token,
};
use crate::fact::Fact;
use crate::outcome::{self, Outcome};
use crate::timestamp::Timestamp;
use crate::verified::{Evidence, Verified};

/// Who posts.
///
/// See [`Kind`] for an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Gateway {
    /// B2BINPAY or Coinsbuy.
    B2binpay,
    /// CityPay.io.
    CityPay,
}

impl fmt::Display for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::B2binpay => "B2BINPAY",
            Self::CityPay => "CityPay",
        })
    }
}

/// What a callback is about.
///
/// ```
/// # use payhook::{Unverified, b2binpay::{Key, TrackingIds, Verifier}};
/// # let verifier = Verifier::new(Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?, TrackingIds::Prefixed);
/// # let body = include_bytes!("../examples/bodies/b2binpay-payout-confirmed.json");
/// # let callback = verifier.verify(Unverified::parse(body)?)?.into_callback();
/// use payhook::{Fact, Gateway, Kind};
///
/// let event = callback.event();
/// assert_eq!(event.gateway(), Gateway::B2binpay);
/// // In no signature: what it is about stands in your own record.
/// assert_eq!(event.kind(), Fact::Reported(Kind::Payout));
/// # Ok::<(), payhook::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// Money in.
    Deposit,
    /// An invoice of CityPay.io.
    Order,
    /// Money out.
    Payout,
}

impl Kind {
    /// `deposit`, `order` or `payout`.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Deposit => "deposit",
            Self::Order => "order",
            Self::Payout => "payout",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What happened, whichever gateway says so.
///
/// ```compile_fail,E0451
/// use payhook::{Event, Fact, Outcome};
/// fn settle(event: Event<'_>) -> Event<'_> {
///     Event { outcome: Fact::Proven(Outcome::Settled), ..event }
/// }
/// ```
///
/// ```
/// use payhook::{Event, Fact, Outcome};
/// fn settle(event: Event<'_>) -> Event<'_> {
///     if event.outcome() == Fact::Proven(Outcome::Settled) { event } else { panic!("not settled") }
/// }
/// ```
///
/// Every field that the gateway had a part in is a [`Fact`]: proven or
/// reported. An event can be neither built nor deserialized; it is
/// [`Verified::event`] of a verified callback.
///
/// ```
/// # use payhook::{Unverified, b2binpay::{Key, TrackingIds, Verifier}};
/// # let verifier = Verifier::new(Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?, TrackingIds::Prefixed);
/// # let body = include_bytes!("../examples/bodies/b2binpay-deposit-confirmed.json");
/// use payhook::{Fact, Outcome};
///
/// let callback = verifier.verify(Unverified::parse(body)?)?.into_callback();
/// let event = callback.event();
/// assert_eq!(event.outcome(), Fact::Proven(Outcome::Settled));
/// assert_eq!(event.reference(), Some(Fact::Proven("order-9001")));
/// // No signature covers the currency.
/// assert_eq!(event.currency(), Some(Fact::Reported("ETH")));
/// # Ok::<(), payhook::Error>(())
/// ```
#[derive(Clone)]
pub struct Event<'a> {
    gateway: Gateway,
    kind: Fact<Kind>,
    reference: Option<Fact<&'a str>>,
    outcome: Fact<Outcome>,
    amount: Option<Fact<&'a Amount>>,
    currency: Option<Fact<&'a str>>,
    transaction: Option<Fact<&'a str>>,
    time: Option<Fact<&'a Timestamp>>,
    original: &'a Verified<Callback>,
}

impl<'a> Event<'a> {
    pub(crate) fn new(callback: &'a Verified<Callback>) -> Self {
        let (told, proven) = (callback.reported(), callback.proven());
        match (told, proven) {
            (Callback::Transfer(told), Proven::Transfer(proven)) => {
                Self::transfer(callback, told, proven)
            }
            (Callback::Order(told), Proven::Order(proven)) => Self::order(callback, told, proven),
            (Callback::Deposit(told), Proven::Deposit(proven)) => {
                Self::deposit(callback, told, proven)
            }
            // The variants always agree; if they did not, nothing is known.
            (Callback::Transfer(_), _) => Self::unknown(callback, Gateway::B2binpay, Kind::Deposit),
            (Callback::Order(_), _) => Self::unknown(callback, Gateway::CityPay, Kind::Order),
            (Callback::Deposit(_), _) => Self::unknown(callback, Gateway::CityPay, Kind::Deposit),
        }
    }

    fn unknown(original: &'a Verified<Callback>, gateway: Gateway, kind: Kind) -> Self {
        Self {
            gateway,
            kind: Fact::Reported(kind),
            reference: None,
            outcome: Fact::Reported(Outcome::Unknown),
            amount: None,
            currency: None,
            transaction: None,
            time: None,
            original,
        }
    }

    fn transfer(
        original: &'a Verified<Callback>,
        told: &'a TransferCallback,
        proven: &'a b2binpay::ProvenTransfer,
    ) -> Self {
        let kind = match told.operation {
            Operation::Deposit(_) => Kind::Deposit,
            Operation::Payout(_) => Kind::Payout,
        };
        let fetched = *original.evidence() == Evidence::GatewayApi;
        let transfer = told.transfer();
        let txid = transfer.and_then(|transfer| transfer.txid.as_deref());
        Self {
            // Which of the two it is stands in no signature.
            kind: if fetched {
                Fact::Proven(kind)
            } else {
                Fact::Reported(kind)
            },
            reference: either(proven.tracking_id(), Some(told.tracking_id.as_str())).filter(filled),
            outcome: outcome::of_transfer(told, proven, original.evidence()),
            amount: either(proven.amount(), transfer.map(|transfer| &transfer.amount)),
            currency: told
                .currency()
                .and_then(|currency| currency.alpha.as_deref())
                .map(Fact::Reported),
            transaction: txid.map(Fact::Reported).filter(filled),
            time: either(proven.time(), told.time.as_ref()),
            ..Self::unknown(original, Gateway::B2binpay, kind)
        }
    }

    fn order(
        original: &'a Verified<Callback>,
        told: &'a OrderCallback,
        proven: &'a ProvenOrder,
    ) -> Self {
        let unknown = Self::unknown(original, Gateway::CityPay, Kind::Order);
        let Some(answer) = proven.answer() else {
            return Self {
                reference: either(
                    proven.token().map(Token::as_str),
                    told.order_token.as_ref().map(Token::as_str),
                ),
                outcome: outcome::of_order(proven),
                amount: told.received_amount_in_coins.as_ref().map(Fact::Reported),
                currency: told.crypto_currency.as_deref().map(Fact::Reported),
                transaction: told.transaction_id.as_deref().map(Fact::Reported),
                time: told.created_at.as_ref().map(Fact::Reported),
                ..unknown
            };
        };
        // What the answer does not say is not made up for by the body.
        let transaction = proven.transaction(told);
        Self {
            kind: Fact::Proven(Kind::Order),
            reference: Some(Fact::Proven(answer.token.as_str())),
            outcome: outcome::of_order(proven),
            amount: transaction
                .and_then(OrderTransaction::received)
                .map(Fact::Proven),
            currency: answer
                .coin
                .as_deref()
                .or(answer.coin_base_name.as_deref())
                .map(Fact::Proven),
            transaction: transaction
                .and_then(|transaction| transaction.hash.as_deref())
                .map(Fact::Proven),
            time: transaction
                .and_then(|transaction| transaction.created_at.as_ref())
                .or(answer.created_at_milliseconds.as_ref())
                .or(answer.created_at.as_ref())
                .map(Fact::Proven),
            ..unknown
        }
    }

    fn deposit(
        original: &'a Verified<Callback>,
        told: &'a DepositCallback,
        proven: &'a ProvenDeposit,
    ) -> Self {
        let told_token = told.deposit_token.as_ref().map(Token::as_str);
        Self {
            reference: either(proven.token().map(Token::as_str), told_token),
            outcome: Fact::Reported(outcome::of_deposit(told, proven)),
            amount: told.received_amount.as_ref().map(Fact::Reported),
            currency: told.crypto_currency.as_deref().map(Fact::Reported),
            transaction: told.transaction_id.as_deref().map(Fact::Reported),
            time: told.created_at.as_ref().map(Fact::Reported),
            ..Self::unknown(original, Gateway::CityPay, Kind::Deposit)
        }
    }

    /// Who posts: the merchant's own configuration says so.
    #[must_use]
    pub fn gateway(&self) -> Gateway {
        self.gateway
    }

    /// What it is about.
    #[must_use]
    pub fn kind(&self) -> Fact<Kind> {
        self.kind
    }

    /// The merchant's own reference: B2BINPAY's tracking id, CityPay.io's
    /// token. `None` where there is none.
    #[must_use]
    pub fn reference(&self) -> Option<Fact<&'a str>> {
        self.reference
    }

    /// What it comes to: the table at [`Outcome`].
    #[must_use]
    pub fn outcome(&self) -> Fact<Outcome> {
        self.outcome
    }

    /// This callback's amount in whole coins of [`currency`](Self::currency):
    /// of the one transfer or transaction, not of all so far. For an order that
    /// the endpoint proved, `None` if its answer does not have the transaction
    /// that the callback names.
    #[must_use]
    pub fn amount(&self) -> Option<Fact<&'a Amount>> {
        self.amount
    }

    /// The amount's currency. Only CityPay.io's order endpoint proves it: for
    /// B2BINPAY go by what the merchant recorded under the reference, and have a
    /// person look where this says otherwise.
    #[must_use]
    pub fn currency(&self) -> Option<Fact<&'a str>> {
        self.currency
    }

    /// The blockchain's transaction id.
    #[must_use]
    pub fn blockchain_transaction(&self) -> Option<Fact<&'a str>> {
        self.transaction
    }

    /// B2BINPAY: when the callback was made. CityPay.io: when the transaction
    /// came in, else when the order was made; a deposit's own stamp.
    #[must_use]
    pub fn time(&self) -> Option<Fact<&'a Timestamp>> {
        self.time
    }

    /// What it was proven by.
    #[must_use]
    pub fn evidence(&self) -> &'a Evidence {
        self.original.evidence()
    }

    /// The callback that this is a view of.
    #[must_use]
    pub fn original(&self) -> &'a Verified<Callback> {
        self.original
    }
}

impl fmt::Debug for Event<'_> {
    /// Without the reference, which may be a token, and the original.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("gateway", &self.gateway)
            .field("kind", &self.kind)
            .field("outcome", &self.outcome)
            .field("amount", &self.amount)
            .field("currency", &self.currency)
            .field("transaction", &self.transaction)
            .field("time", &self.time)
            .field("evidence", self.evidence())
            .finish_non_exhaustive()
    }
}

/// The proven value if there is one, else the reported one.
fn either<T>(proven: Option<T>, reported: Option<T>) -> Option<Fact<T>> {
    proven.map(Fact::Proven).or(reported.map(Fact::Reported))
}

fn filled(fact: &Fact<&str>) -> bool {
    !fact.value().is_empty()
}
