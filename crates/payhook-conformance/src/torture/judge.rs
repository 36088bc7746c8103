//! Comparison of the ledger's state with the received money.

use chrono::{DateTime, Utc};

use super::report::{Broken, Rule};
use super::script::{self, Bystander, Case, Context, Step};
use super::shop::{Books, Payment};
use crate::Gateway;
use payhook::Amount;
use payhook::payment::ExpectedKind;

/// The payments of a case, and their deliveries.
pub(super) struct State<'a, G> {
    pub(super) gateway: &'a G,
    pub(super) payment: Payment,
    pub(super) bystander: Payment,
    pub(super) due: u64,
    pub(super) id: u64,
    pub(super) start: DateTime<Utc>,
    /// The gateway's last delivery and its time.
    pub(super) last: Option<(DateTime<Utc>, Vec<u8>)>,
    /// The amount known to be received, in percent, and the number of payments.
    pub(super) came: u64,
    pub(super) credits: usize,
    /// Whether received money was reversed, at this step or before.
    pub(super) was_reversed: bool,
    pub(super) books: Books,
    pub(super) broken: Vec<(Rule, String)>,
}

impl<G> State<'_, G> {
    pub(super) fn context(&self, time: DateTime<Utc>, attempt: usize) -> Context<'_, G> {
        Context {
            gateway: self.gateway,
            payment: &self.payment,
            bystander: &self.bystander,
            due: self.due,
            id: self.id,
            start: self.start,
            time,
            attempt,
        }
    }

    /// Compares the ledger's state with the one before the step, and with the
    /// received money.
    pub(super) fn judge(&mut self, step: &Step<G>, books: Books) {
        let came = script::amount(self.due, self.came);
        let is_more = books.credited > self.books.credited || books.credits > self.books.credits;
        self.was_reversed |= step.is_reversal;
        // A server that takes a credit back may credit again.
        let is_too_much =
            books.credited > came || (books.credits > self.credits && !self.was_reversed);
        if is_more && is_too_much {
            // The first credit can be too high, but is not a second one.
            let is_another = self.books.credits > 0 || books.credits > 1;
            let rule = if step.is_proven && self.came > 0 && is_another {
                Rule::CreditedTwice
            } else {
                Rule::CreditedUnproven
            };
            self.breaks(rule, &books);
        }
        // A part may be credited, but does not make the payment paid.
        if books.is_paid && self.came < 100 && books.credited <= came {
            self.breaks(Rule::CreditedUnproven, &books);
        }
        let currency = books.currency.as_deref();
        let is_other = currency.is_some_and(|it| !it.eq_ignore_ascii_case(self.payment.currency))
            || books.kind.is_some_and(|kind| kind != self.payment.kind);
        if is_other && books.credits > 0 {
            self.breaks(Rule::CreditedUnproven, &books);
        }
        let is_less = books.credited < self.books.credited;
        let is_unpaid = self.books.is_paid && !books.is_paid;
        if (is_less || is_unpaid) && !self.was_reversed {
            self.breaks(Rule::Regressed, &books);
        }
        if books.fulfilled.is_some_and(|times| times > 1) {
            self.breaks(Rule::FulfilledTwice, &books);
        }
        self.books = books;
    }

    /// After the last step, all received money must be credited or held for manual
    /// review.
    pub(super) fn judge_end(&mut self, case: &Case<G>) {
        let books = self.books.clone();
        let due = script::amount(self.due, 100);
        let all = script::amount(self.due, self.came);
        let is_missed = case.has_to_be_credited() && books.credited < due;
        let is_gone = match &books.held {
            Some(held) => books.credited.checked_add(held).is_none_or(|sum| sum < all),
            // A server that credits one part has to credit the other as well.
            None => !books.credited.is_zero() && books.credited < due && self.came >= 100,
        };
        if is_missed || (is_gone && !self.was_reversed) {
            self.breaks(Rule::Lost, &books);
        }
    }

    pub(super) fn judge_bystander(&mut self, books: &Books, bystander: Bystander) {
        if books.credits > 0 || !books.credited.is_zero() {
            let found = format!(
                "credited {} under another reference",
                money(&books.credited, self.bystander.currency)
            );
            let rule = match bystander {
                Bystander::Second => Rule::CreditedTwice,
                Bystander::Another | Bystander::BehindZero => Rule::CreditedUnproven,
            };
            self.broken.push((rule, found));
        }
    }

    /// Reports each rule once.
    fn breaks(&mut self, rule: Rule, books: &Books) {
        if self.broken.iter().any(|(known, _)| *known == rule) {
            return;
        }
        let amount = script::amount(self.due, self.came);
        let is_too_much = books.credited > amount;
        let came = money(&amount, self.payment.currency);
        let currency = books.currency.as_deref().unwrap_or(self.payment.currency);
        let credited = money(&books.credited, currency);
        let mut found = format!("received {came}, credited {credited}");
        if books.credits > 1 {
            found = format!("{found} in {} entries", books.credits);
        }
        if let Some(kind) = books.kind.filter(|kind| *kind != self.payment.kind) {
            let article = match kind {
                ExpectedKind::Invoice | ExpectedKind::Order => "an",
                _ => "a",
            };
            found = format!("{found} as {article} {}", kind.as_str());
        }
        if rule == Rule::CreditedUnproven && books.is_paid && self.came < 100 && !is_too_much {
            found = format!("{found}; considered paid");
        }
        if rule == Rule::Regressed && !books.is_paid {
            found = format!("{found}; no longer paid");
        }
        if rule == Rule::FulfilledTwice {
            let times = books.fulfilled.unwrap_or_default();
            found = format!("{found}; fulfilled {times} times");
        }
        if let Some(held) = books.held.as_ref().filter(|_| rule == Rule::Lost) {
            let held = money(held, self.payment.currency);
            found = format!("{found}, held {held}");
        }
        self.broken.push((rule, found));
    }

    pub(super) fn report(
        self,
        gateway: Gateway,
        row: &'static str,
        case: &'static str,
    ) -> impl Iterator<Item = Broken> {
        let reference = self.payment.reference;
        self.broken.into_iter().map(move |(rule, found)| Broken {
            rule,
            gateway,
            row,
            case,
            reference: reference.clone(),
            found,
        })
    }
}

fn money(amount: &Amount, currency: &str) -> String {
    format!("{} {currency}", amount.without_trailing_zeros())
}
