//! [`Listing`]: the transactions of an order's response, each counted once.

use std::collections::HashMap;

use super::transaction::{AmountBreakdown, OrderTransaction};
use crate::amount::Amount;
use crate::timestamp::Timestamp;

/// The duplicates among the listed transactions.
#[derive(Default)]
pub(super) struct Order {
    /// For each transaction, the index at which it, or its duplicate, is listed
    /// first.
    firsts: Vec<usize>,
    /// Whether the ids of two transactions are equal, but their hashes differ.
    is_tangled: bool,
}

impl Order {
    /// Compares the gateway's ids, or the hashes ignoring case.
    pub(super) fn of<'a>(
        transactions: impl Iterator<Item = (usize, OrderTransaction<'a>)> + Clone,
    ) -> Self {
        // Most orders have one.
        let count = transactions.clone().take(2).count();
        if count < 2 {
            return Self {
                firsts: (0..count).collect(),
                is_tangled: false,
            };
        }
        let (mut ids, mut hashes) = (HashMap::new(), HashMap::new());
        let mut order = Self::default();
        for (index, (_, transaction)) in transactions.enumerate() {
            let id = transaction.id();
            let hash = transaction.hash().map(str::to_ascii_lowercase);
            let by_id = id.and_then(|id| ids.get(id)).copied();
            let by_hash = hash.as_ref().and_then(|hash| hashes.get(hash)).copied();
            order.is_tangled |= by_id.zip(by_hash).is_some_and(|(id, hash)| id != hash);
            let first = by_id.or(by_hash).unwrap_or(index);
            if let Some(id) = id {
                ids.entry(id).or_insert(first);
            }
            if let Some(hash) = hash {
                hashes.entry(hash).or_insert(first);
            }
            order.firsts.push(first);
        }
        order
    }
}

/// The transactions of a response.
pub(super) struct Listing<'a, I> {
    order: &'a Order,
    transactions: I,
}

impl<'a, I: Iterator<Item = OrderTransaction<'a>> + Clone> Listing<'a, I> {
    pub(super) fn new(order: &'a Order, transactions: I) -> Self {
        Self {
            order,
            transactions,
        }
    }

    /// Each transaction once, as it is listed first.
    pub(super) fn distinct(self) -> impl Iterator<Item = OrderTransaction<'a>> {
        self.numbered()
            .enumerate()
            .filter(|(index, (first, _))| index == first)
            .map(|(_, (_, transaction))| transaction)
    }

    /// The index of the first match.
    pub(super) fn number(&self, fits: impl Fn(&OrderTransaction<'a>) -> bool) -> Option<usize> {
        let mut numbered = self.numbered();
        let (number, _) = numbered.find(|(_, transaction)| fits(transaction))?;
        Some(number)
    }

    /// The transaction with this index, as it is listed first; `None` if it is listed
    /// with different amounts.
    pub(super) fn undisputed(&self, number: usize) -> Option<OrderTransaction<'a>> {
        let mut same = self.numbered().filter(|(first, _)| *first == number);
        let (_, listed) = same.next()?;
        let is_one = !self.order.is_tangled
            && same.all(|(_, again)| {
                !differ(listed.amount(), again.amount())
                    && !differ(listed.amount_fiat(), again.amount_fiat())
            });
        is_one.then_some(listed)
    }

    /// The sum of all amounts; `None` if one is missing.
    pub(super) fn sum(
        &self,
        parts: fn(&OrderTransaction<'a>) -> AmountBreakdown<'a>,
    ) -> Option<Amount> {
        let bases = self.bases(parts);
        let mut numbers = self.order.firsts.iter().enumerate();
        numbers.try_fold(Amount::default(), |sum, (index, first)| {
            if index != *first {
                return Some(sum);
            }
            sum.checked_add(bases.get(*first)?.as_ref()?)
        })
    }

    /// The amount of each by its index, from its first listing with an amount.
    fn bases(
        &self,
        parts: fn(&OrderTransaction<'a>) -> AmountBreakdown<'a>,
    ) -> Vec<Option<Amount>> {
        let mut bases = vec![None; self.order.firsts.len()];
        for (first, transaction) in self.numbered() {
            if let Some(base @ None) = bases.get_mut(first) {
                *base = parts(&transaction).base();
            }
        }
        bases
    }

    /// Whether each total is the sum so far or the overall sum, and no transaction
    /// has two amounts.
    pub(super) fn agrees(&self, parts: fn(&OrderTransaction<'a>) -> AmountBreakdown<'a>) -> bool {
        if self.order.is_tangled {
            return false;
        }
        let (bases, whole) = (self.bases(parts), self.sum(parts));
        let mut so_far = Some(Amount::default());
        let mut seen = vec![false; bases.len()];
        self.in_time().into_iter().all(|(first, transaction)| {
            let own = bases.get(first).and_then(Option::as_ref);
            if let Some(seen @ false) = seen.get_mut(first) {
                *seen = true;
                so_far = so_far
                    .take()
                    .zip(own)
                    .and_then(|(sum, own)| sum.checked_add(own));
            }
            let parts = parts(&transaction);
            let (base, total) = (parts.base(), parts.total());
            let is_one = base.is_none() || base.as_ref() == own;
            is_one && (total.is_none() || total == whole || total == so_far)
        })
    }

    fn numbered(&self) -> impl Iterator<Item = (usize, OrderTransaction<'a>)> + use<'a, I> {
        let firsts = self.order.firsts.iter().copied();
        firsts.zip(self.transactions.clone())
    }

    /// In the order of their times if each has one, else as listed.
    fn in_time(&self) -> Vec<(usize, OrderTransaction<'a>)> {
        let mut listed: Vec<_> = self.numbered().collect();
        let time = |transaction: &OrderTransaction<'_>| {
            transaction.created_at().as_ref().and_then(Timestamp::utc)
        };
        if listed
            .iter()
            .all(|(_, transaction)| time(transaction).is_some())
        {
            listed.sort_by_key(|(_, transaction)| time(transaction));
        }
        listed
    }
}

fn differ(one: AmountBreakdown<'_>, other: AmountBreakdown<'_>) -> bool {
    one.base()
        .zip(other.base())
        .is_some_and(|(one, other)| one != other)
}
