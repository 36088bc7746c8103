//! Comparison of the ledger's state with the received money.

use chrono::{DateTime, Utc};

use super::report::{Rule, Violation};
use super::script::{self, Bystander, Case, Context, Step};
use super::target::{LedgerState, TestPayment};
use crate::Gateway;
use payhook::Amount;
use payhook::payment::ExpectedKind;

/// The payments of a case, and their deliveries.
pub(super) struct CaseState<'a, G> {
    pub(super) gateway: &'a G,
    pub(super) payment: TestPayment,
    pub(super) bystander: TestPayment,
    pub(super) due: u64,
    pub(super) id: u64,
    pub(super) start: DateTime<Utc>,
    /// The gateway's last delivery and its time.
    pub(super) last: Option<(DateTime<Utc>, Vec<u8>)>,
    /// The amount known to be received, in percent, and the number of payments.
    pub(super) received: u64,
    pub(super) credits: usize,
    /// Whether received money was reversed, at this step or before.
    pub(super) was_reversed: bool,
    pub(super) ledger: LedgerState,
    pub(super) violations: Vec<(Rule, String)>,
}

impl<G> CaseState<'_, G> {
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
    pub(super) fn check(&mut self, step: &Step<G>, state: LedgerState) {
        let received = script::amount(self.due, self.received);
        let is_more = state.credited > self.ledger.credited || state.credits > self.ledger.credits;
        self.was_reversed |= step.is_reversal;
        // A server that takes a credit back may credit again.
        let is_too_much =
            state.credited > received || (state.credits > self.credits && !self.was_reversed);
        if is_more && is_too_much {
            // The first credit can be too high, but is not a second one.
            let is_another = self.ledger.credits > 0 || state.credits > 1;
            let rule = if step.is_proven && self.received > 0 && is_another {
                Rule::CreditedTwice
            } else {
                Rule::CreditedUnproven
            };
            self.violate(rule, &state);
        }
        // A part may be credited, but does not make the payment paid.
        if state.is_paid && self.received < 100 && state.credited <= received {
            self.violate(Rule::CreditedUnproven, &state);
        }
        let currency = state.currency.as_deref();
        let is_other = currency.is_some_and(|it| !it.eq_ignore_ascii_case(self.payment.currency))
            || state.kind.is_some_and(|kind| kind != self.payment.kind);
        if is_other && state.credits > 0 {
            self.violate(Rule::CreditedUnproven, &state);
        }
        let is_less = state.credited < self.ledger.credited;
        let is_unpaid = self.ledger.is_paid && !state.is_paid;
        if (is_less || is_unpaid) && !self.was_reversed {
            self.violate(Rule::Regressed, &state);
        }
        if state.fulfilled.is_some_and(|times| times > 1) {
            self.violate(Rule::FulfilledTwice, &state);
        }
        self.ledger = state;
    }

    /// After the last step, all received money must be credited or held for manual
    /// review.
    pub(super) fn check_end(&mut self, case: &Case<G>) {
        let state = self.ledger.clone();
        let due = script::amount(self.due, 100);
        let all = script::amount(self.due, self.received);
        let is_missed = case.has_to_be_credited() && state.credited < due;
        let is_gone = match &state.held {
            Some(held) => state.credited.checked_add(held).is_none_or(|sum| sum < all),
            // A server that credits one part has to credit the other as well.
            None => !state.credited.is_zero() && state.credited < due && self.received >= 100,
        };
        if is_missed || (is_gone && !self.was_reversed) {
            self.violate(Rule::Lost, &state);
        }
    }

    pub(super) fn check_bystander(&mut self, state: &LedgerState, bystander: Bystander) {
        if state.credits > 0 || !state.credited.is_zero() {
            let found = format!(
                "credited {} under another reference",
                money(&state.credited, self.bystander.currency)
            );
            let rule = match bystander {
                Bystander::Second => Rule::CreditedTwice,
                Bystander::Another | Bystander::BehindZero => Rule::CreditedUnproven,
            };
            self.violations.push((rule, found));
        }
    }

    /// Reports each rule once.
    fn violate(&mut self, rule: Rule, state: &LedgerState) {
        if self.violations.iter().any(|(known, _)| *known == rule) {
            return;
        }
        let amount = script::amount(self.due, self.received);
        let is_too_much = state.credited > amount;
        let received = money(&amount, self.payment.currency);
        let currency = state.currency.as_deref().unwrap_or(self.payment.currency);
        let credited = money(&state.credited, currency);
        let mut found = format!("received {received}, credited {credited}");
        if state.credits > 1 {
            found = format!("{found} in {} entries", state.credits);
        }
        if let Some(kind) = state.kind.filter(|kind| *kind != self.payment.kind) {
            let article = match kind {
                ExpectedKind::Invoice | ExpectedKind::Order => "an",
                _ => "a",
            };
            found = format!("{found} as {article} {}", kind.as_str());
        }
        if rule == Rule::CreditedUnproven && state.is_paid && self.received < 100 && !is_too_much {
            found = format!("{found}; considered paid");
        }
        if rule == Rule::Regressed && !state.is_paid {
            found = format!("{found}; no longer paid");
        }
        if rule == Rule::FulfilledTwice {
            let times = state.fulfilled.unwrap_or_default();
            found = format!("{found}; fulfilled {times} times");
        }
        if let Some(held) = state.held.as_ref().filter(|_| rule == Rule::Lost) {
            let held = money(held, self.payment.currency);
            found = format!("{found}, held {held}");
        }
        self.violations.push((rule, found));
    }

    pub(super) fn report(
        self,
        gateway: Gateway,
        test: &'static str,
        case: &'static str,
    ) -> impl Iterator<Item = Violation> {
        let reference = self.payment.reference;
        self.violations
            .into_iter()
            .map(move |(rule, found)| Violation {
                rule,
                gateway,
                test,
                case,
                reference: reference.clone(),
                found,
            })
    }
}

fn money(amount: &Amount, currency: &str) -> String {
    format!("{} {currency}", amount.without_trailing_zeros())
}
