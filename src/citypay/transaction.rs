//! [`OrderTransaction`]: a payment towards an order, as the order endpoint lists it.

use chrono::FixedOffset;

use crate::amount::Amount;
use crate::error::{FieldWarning, ParseError};
use crate::fields::fields;
use crate::read::{self, At, Source};
use crate::timestamp::Timestamp;

fields! {
    /// A transaction of an order; its own amount is the `base` in either currency.
    ///
    /// ```
    /// # let bytes = std::fs::read("examples/bodies/citypay-order-overpaid.answer.json")?;
    /// # let answer = payhook::citypay::OrderDetails::parse(&bytes)?;
    /// for transaction in answer.transactions() {
    ///     assert_eq!(transaction.received_fiat(), Some("75.25".parse()?));
    ///     assert_eq!(transaction.amount_fiat().over_paid(), Some("15.25".parse()?));
    /// }
    /// # assert_eq!(answer.transactions().count(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    index TransactionFields for OrderTransaction<'a>
    with zone: FixedOffset
    {
        /// The gateway's id.
        strict id: &'a str = "id" as id;
        /// The blockchain transaction id. `None` for an off-chain payment.
        strict hash: &'a str = "hash" as id;
        /// The URL of a block explorer.
        lenient hash_url: &'a str = "hashUrl" as text;
        object amount: PartsFields = "amount";
        object amount_fiat: PartsFields = "amountFiat";
        custom created_at = "createdAt";
        raw created_at_milliseconds = "createdAtMiliseconds";
    }

    /// A transaction's amount (`base`), and the order's amounts after it (all other
    /// fields).
    ///
    /// In the documented response each of four transactions has a base of 0.60, a
    /// total of 2.40, and 0.40 over an order of 2.00. (The fields are not documented:
    /// this is inferred from the numbers.) Do not add up totals.
    ///
    /// See [`OrderTransaction`] for an example.
    index PartsFields for AmountBreakdown<'a> {
        /// The amount of this transaction.
        strict base: Amount = "base" as received_amount;
        /// The total that the order has received so far, in this and other
        /// transactions.
        strict total: Amount = "total" as received_amount;
        /// The amount that the order still lacks: **negative** after an overpayment.
        strict under_paid: Amount = "underPaid" as amount;
        /// The amount that the order received in excess.
        strict over_paid: Amount = "overPaid" as amount;
    }
}

impl AmountBreakdown<'_> {
    fn check(&self, at: At<'_>) -> Result<(), ParseError> {
        at.usable(self.fields.shape)?;
        self.check_fields(at)
    }
}

impl<'a> OrderTransaction<'a> {
    pub(super) fn new(
        source: Source<'a>,
        fields: &'a TransactionFields,
        zone: FixedOffset,
    ) -> Self {
        Self {
            source,
            fields,
            zone,
        }
    }

    /// Returns the amounts in the cryptocurrency.
    #[must_use]
    pub fn amount(&self) -> AmountBreakdown<'a> {
        AmountBreakdown {
            source: self.source,
            fields: &self.fields.amount,
        }
    }

    /// Returns the amounts in the fiat currency.
    #[must_use]
    pub fn amount_fiat(&self) -> AmountBreakdown<'a> {
        AmountBreakdown {
            source: self.source,
            fields: &self.fields.amount_fiat,
        }
    }

    /// Returns the time when it was received; from the milliseconds, if present.
    #[must_use]
    pub fn created_at(&self) -> Option<Timestamp> {
        let fields = self.fields;
        let mut spellings = [fields.created_at_milliseconds, fields.created_at].into_iter();
        let time = spellings.find_map(|span| self.source.lenient(span, read::time))?;
        Some(time.assume_zone(self.zone))
    }

    /// Returns the amount of this transaction in the cryptocurrency: its `base`.
    #[must_use]
    pub fn received(&self) -> Option<Amount> {
        self.amount().base()
    }

    /// Returns the amount of this transaction in the fiat currency.
    #[must_use]
    pub fn received_fiat(&self) -> Option<Amount> {
        self.amount_fiat().base()
    }

    pub(super) fn has_id(&self, id: &str) -> bool {
        self.id() == Some(id)
    }

    pub(super) fn has_hash(&self, hash: &str) -> bool {
        let own = self.hash();
        own.is_some_and(|own| own.eq_ignore_ascii_case(hash))
    }

    pub(super) fn check(&self, at: At<'_>) -> Result<(), ParseError> {
        at.sound(self.fields.shape)?;
        self.check_fields(at)?;
        self.amount().check(at.key("amount"))?;
        self.amount_fiat().check(at.key("amountFiat"))
    }

    pub(super) fn note(&self, at: At<'_>, notes: &mut Vec<FieldWarning>) {
        let (source, fields) = (self.source, self.fields);
        self.note_fields(at, notes);
        for (key, parts) in [
            ("amount", self.amount()),
            ("amountFiat", self.amount_fiat()),
        ] {
            let at = at.key(key);
            at.note_shape(parts.fields.shape, notes);
            parts.note_fields(at, notes);
        }
        let milliseconds = fields.created_at_milliseconds;
        let key = at.key("createdAtMiliseconds");
        source.note(key, milliseconds, read::time, notes);
        if source.lenient(milliseconds, read::time).is_none() {
            source.note(at.key("createdAt"), fields.created_at, read::time, notes);
        }
    }
}
