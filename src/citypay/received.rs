//! The amounts received for an order: its transactions and their sums.

use super::answer::OrderDetails;
use super::transaction::OrderTransaction;
use crate::amount::Amount;

impl OrderDetails {
    /// Returns the transactions, in the response's order. A transaction that is
    /// listed twice, by the gateway's id or by its hash (ignoring case), is included
    /// once, as it is listed first.
    pub fn transactions(&self) -> impl Iterator<Item = OrderTransaction<'_>> {
        self.listing().distinct()
    }

    /// Returns the total received in the cryptocurrency: the sum of the amounts of
    /// the [`transactions`](Self::transactions). `None` if one of them has no amount
    /// in it, zero if there are none.
    #[must_use]
    pub fn received(&self) -> Option<Amount> {
        self.listing().sum(OrderTransaction::amount)
    }

    /// Returns the total received in the fiat currency; as
    /// [`received`](Self::received).
    #[must_use]
    pub fn received_fiat(&self) -> Option<Amount> {
        self.listing().sum(OrderTransaction::amount_fiat)
    }

    /// Returns whether the response is consistent about the amounts in the
    /// cryptocurrency.
    ///
    /// It is if each `total` that is present equals the sum received by then (in the
    /// order of the transactions' times if all have one, else as listed) or the
    /// overall sum, and a transaction that is listed twice has the same amount. If
    /// not, the amounts are not proven: the order needs review until a later response
    /// is consistent.
    #[must_use]
    pub fn totals_agree(&self) -> bool {
        self.listing().agrees(OrderTransaction::amount)
    }

    /// Returns whether the response is consistent about the amounts in the fiat
    /// currency; as [`totals_agree`](Self::totals_agree).
    #[must_use]
    pub fn totals_agree_fiat(&self) -> bool {
        self.listing().agrees(OrderTransaction::amount_fiat)
    }

    /// Returns the transaction with this gateway's id, or else with this blockchain
    /// id (ignoring case). `None` if it is listed twice with different amounts.
    #[must_use]
    pub fn transaction(&self, id: &str) -> Option<OrderTransaction<'_>> {
        let listing = self.listing();
        let by_id = listing.number(|transaction| transaction.has_id(id));
        let by_hash = || listing.number(|transaction| transaction.has_hash(id));
        listing.undisputed(by_id.or_else(by_hash)?)
    }
}
