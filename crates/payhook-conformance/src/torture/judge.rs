//! What the books say, measured by what came in.

use chrono::{DateTime, Utc};

use super::report::{Broken, Rule};
use super::script::{self, Desk, Step};
use super::shop::{Books, Payment};
use crate::Gateway;
use crate::text::without_zeros;
use payhook::Amount;
use payhook::payment::ExpectedKind;

/// The payments of a case, and what was told of them.
pub(super) struct State<'a, G> {
    pub(super) gateway: &'a G,
    pub(super) payment: Payment,
    pub(super) bystander: Payment,
    pub(super) due: u64,
    pub(super) id: u64,
    pub(super) start: DateTime<Utc>,
    /// When and what was posted last by the gateway.
    pub(super) told: Option<(DateTime<Utc>, Vec<u8>)>,
    /// What is known to have come in, in percent and in payments.
    pub(super) came: u64,
    pub(super) credits: usize,
    pub(super) books: Books,
    pub(super) broken: Vec<(Rule, String)>,
}

impl<G> State<'_, G> {
    pub(super) fn desk(&self, time: DateTime<Utc>, attempt: usize) -> Desk<'_, G> {
        Desk {
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

    /// Compares the books with those before the step, and with what came in.
    pub(super) fn judge(&mut self, step: &Step<G>, books: Books) {
        let came = script::amount(self.due, self.came);
        let is_more = books.credited > self.books.credited || books.credits > self.books.credits;
        let is_too_much = books.credited > came || books.credits > self.credits;
        if is_more && is_too_much {
            let rule = if step.is_proven && self.came > 0 {
                Rule::CreditedTwice
            } else {
                Rule::CreditedUnproven
            };
            self.breaks(rule, &books);
        }
        // A part may be credited; it pays for nothing yet.
        if books.is_paid && self.came < 100 {
            self.breaks(Rule::CreditedUnproven, &books);
        }
        let currency = books.currency.as_deref();
        let is_other = currency.is_some_and(|it| !it.eq_ignore_ascii_case(self.payment.currency))
            || books.kind.is_some_and(|kind| kind != self.payment.kind);
        if is_other && books.credits > 0 {
            self.breaks(Rule::CreditedUnproven, &books);
        }
        if books.credited < self.books.credited || (self.books.is_paid && !books.is_paid) {
            self.breaks(Rule::Regressed, &books);
        }
        self.books = books;
    }

    pub(super) fn judge_end(&mut self) {
        if self.books.credited < script::amount(self.due, 100) {
            self.breaks(Rule::Lost, &self.books.clone());
        }
    }

    pub(super) fn judge_bystander(&mut self, books: &Books) {
        if books.credits > 0 || !books.credited.is_zero() {
            let found = format!(
                "credited {} under another reference",
                money(&books.credited, self.bystander.currency)
            );
            self.broken.push((Rule::CreditedUnproven, found));
        }
    }

    /// Once for each rule.
    fn breaks(&mut self, rule: Rule, books: &Books) {
        if self.broken.iter().any(|(known, _)| *known == rule) {
            return;
        }
        let amount = script::amount(self.due, self.came);
        let is_too_much = books.credited > amount;
        let came = money(&amount, self.payment.currency);
        let currency = books.currency.as_deref().unwrap_or(self.payment.currency);
        let credited = money(&books.credited, currency);
        let mut found = format!("{came} came in, {credited} is credited");
        if books.credits > 1 {
            found = format!("{found} in {} entries", books.credits);
        }
        if let Some(kind) = books.kind.filter(|kind| *kind != self.payment.kind) {
            let article = if kind == ExpectedKind::Order {
                "an"
            } else {
                "a"
            };
            found = format!("{found} as {article} {}", kind.as_str());
        }
        if rule == Rule::CreditedUnproven && books.is_paid && self.came < 100 && !is_too_much {
            found = format!("{found}, and it is taken for paid");
        }
        if rule == Rule::Regressed && !books.is_paid {
            found = format!("{found}, and it is not paid any more");
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
    format!("{} {currency}", without_zeros(amount.as_str()))
}
