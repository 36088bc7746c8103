//! The lifecycles of B2BINPAY's deposits and payouts.
//!
//! For a deposit's transfer the gateway reports each step. For a payout it sends the
//! callbacks of its documented list: none while it is waiting or approved.

use chrono::{DateTime, Utc};

use super::{Content, Report, Script, Terms, later, rest, sum};
use crate::random::Random;
use crate::simulator::{FinalState, Scenario, SimulationError};
use crate::text::written;
use payhook::Amount;
use payhook::b2binpay::{DepositStatus, Key, TransferStatus};
use payhook::payment::ExpectedKind;
use payhook::testing::b2binpay::{CallbackBuilder, deposit, payout};
use payhook::verified::SignatureScheme;

pub(in crate::simulator) fn script(
    scenario: Scenario,
    terms: &Terms<'_>,
    key: &Key,
    random: &mut Random,
) -> Result<Script, SimulationError> {
    let is_deposit = scenario.kind() == ExpectedKind::Deposit;
    let mut writer = Writer::new(is_deposit, terms, key, random);
    let final_state = writer.write(scenario)?;
    let mut reports = writer.reports;
    reports.sort_by_key(|report| report.at);
    Ok(Script {
        reports,
        endpoint: None,
        final_state,
    })
}

struct Writer<'a> {
    terms: &'a Terms<'a>,
    key: &'a Key,
    random: &'a mut Random,
    is_deposit: bool,
    is_v3: bool,
    operation: CallbackBuilder,
    /// The number of transfers so far; 0 while there is none.
    transfers: u32,
    reports: Vec<Report>,
}

/// A transfer, with the deposit's status before and after.
struct Transfer<'a> {
    amount: &'a Amount,
    moved: DateTime<Utc>,
    end: TransferStatus,
    before: (DepositStatus, Amount),
    after: DepositStatus,
}

impl<'a> Transfer<'a> {
    fn new(amount: &'a Amount, moved: DateTime<Utc>, end: TransferStatus) -> Self {
        Self {
            amount,
            moved,
            end,
            before: (DepositStatus::Created, Amount::default()),
            after: DepositStatus::Paid,
        }
    }
}

impl<'a> Writer<'a> {
    fn new(is_deposit: bool, terms: &'a Terms<'a>, key: &'a Key, random: &'a mut Random) -> Self {
        let is_v3 = key.scheme() == SignatureScheme::CallbackSecret;
        let payment = terms.payment;
        let operation = if is_deposit { deposit() } else { payout() };
        let mut operation = operation
            .id(&random.id())
            .tracking_id(payment.reference.as_str())
            .amount(terms.amount.as_str())
            .requested(terms.amount.as_str())
            .currency(payment.currency.clone());
        if is_deposit {
            operation = operation.set("data.attributes.created_at", written(terms.start));
        }
        if is_deposit && is_v3 {
            let limit = terms.deadline - terms.start;
            operation = operation.set("data.attributes.time_limit", limit.num_milliseconds());
        }
        Self {
            terms,
            key,
            random,
            is_deposit,
            is_v3,
            operation,
            transfers: 0,
            reports: Vec::new(),
        }
    }

    fn write(&mut self, scenario: Scenario) -> Result<FinalState, SimulationError> {
        let terms = self.terms;
        let amount = &terms.amount;
        let moved = later(terms.start, self.random.minutes(1, 20));
        Ok(match scenario {
            Scenario::DepositConfirmed | Scenario::PayoutConfirmed => {
                self.transfer(&Transfer::new(amount, moved, TransferStatus::Confirmed));
                FinalState::credited(amount)
            }
            Scenario::DepositFailed | Scenario::PayoutFailed => {
                self.transfer(&Transfer::new(amount, moved, TransferStatus::Failed));
                FinalState::default()
            }
            Scenario::DepositBlocked | Scenario::PayoutBlocked => {
                let end = if self.random.percent(50) {
                    TransferStatus::Blocked
                } else {
                    TransferStatus::Canceled
                };
                self.transfer(&Transfer::new(amount, moved, end));
                FinalState::default()
            }
            Scenario::DepositLate => {
                let late = later(self.no_transfer(), self.random.minutes(1, 120));
                self.transfer(&Transfer {
                    before: (DepositStatus::Canceled, Amount::default()),
                    after: DepositStatus::Unresolved,
                    ..Transfer::new(amount, late, TransferStatus::Confirmed)
                });
                FinalState::for_review(amount)
            }
            Scenario::DepositOverpaid if self.random.percent(50) => {
                let end = self.transfer(&Transfer::new(amount, moved, TransferStatus::Confirmed));
                let moved = later(end, self.random.minutes(1, 12));
                self.transfer(&Transfer {
                    before: (DepositStatus::Paid, amount.clone()),
                    after: DepositStatus::Unresolved,
                    ..Transfer::new(amount, moved, TransferStatus::Confirmed)
                });
                FinalState {
                    for_review: amount.clone(),
                    ..FinalState::credited(amount)
                }
            }
            Scenario::DepositOverpaid => {
                let surplus = terms.surplus(self.random)?;
                let paid = sum(amount, &surplus)?;
                self.transfer(&Transfer {
                    after: DepositStatus::Unresolved,
                    ..Transfer::new(&paid, moved, TransferStatus::Confirmed)
                });
                FinalState {
                    for_review: surplus,
                    ..FinalState::credited(amount)
                }
            }
            Scenario::DepositUnderpaid => {
                let part = terms.part(self.random)?;
                let end = self.transfer(&Transfer {
                    after: DepositStatus::Created,
                    ..Transfer::new(&part, moved, TransferStatus::Confirmed)
                });
                let moved = later(end, self.random.minutes(1, 12));
                let rest = rest(amount, &part)?;
                self.transfer(&Transfer {
                    before: (DepositStatus::Created, part),
                    ..Transfer::new(&rest, moved, TransferStatus::Confirmed)
                });
                FinalState::credited(amount)
            }
            // Expired or rejected; the other scenarios are CityPay.io's.
            _ => {
                self.no_transfer();
                FinalState::default()
            }
        })
    }

    /// Until it is final, which is when the next one may begin: two of them fit
    /// before the deadline.
    fn transfer(&mut self, transfer: &Transfer<'_>) -> DateTime<Utc> {
        self.transfers = self.transfers.saturating_add(1);
        let currency = &self.terms.payment.currency;
        let blocks = currency.blocks();
        let paid = self.operation.clone().amount(transfer.amount.as_str());
        let mut builder = paid
            .transfer_id(&self.random.id())
            .txid(&self.random.hash())
            .set("included[1].attributes.created_at", written(transfer.moved));
        let needed = self.needed(blocks);
        if let Some(needed) = needed.filter(|_| self.is_v3 || !self.is_deposit) {
            builder = builder.set("data.attributes.confirmations_needed", needed);
        }
        let target_paid = "data.attributes.target_paid";
        let (status, before) = &transfer.before;
        let after = before.checked_add(transfer.amount);
        let after = currency.format_amount(after.unwrap_or_default().as_str());
        let before = currency.format_amount(before.as_str());
        let (pending, settled) = if self.is_deposit {
            let pending = builder.clone().operation_status(status.code());
            let settled = builder.operation_status(transfer.after.code());
            (
                pending.set(target_paid, before),
                settled.set(target_paid, after),
            )
        } else {
            (builder.clone(), builder)
        };

        let mut at = transfer.moved;
        if self.is_deposit && self.random.percent(50) {
            at = later(at, self.random.seconds(1, 30));
            self.report(at, "created".to_owned(), pending.clone().created());
        }
        for count in self.counts(needed, blocks) {
            at = later(at, self.random.minutes(1, 5));
            let label = format!("unconfirmed {count}/{blocks}");
            self.report(at, label, pending.clone().unconfirmed(count));
        }
        at = later(at, self.random.minutes(1, 5));
        if transfer.end == TransferStatus::Confirmed {
            let settled = settled.confirmed();
            self.report(at, format!("confirmed {blocks}/{blocks}"), settled.clone());
            if let Some(needed) = needed.filter(|needed| *needed > blocks) {
                at = later(at, self.random.minutes(1, 5));
                let label = format!("confirmed {needed}/{blocks}");
                self.report(at, label, settled.confirmations(needed));
            }
        } else {
            let label = match transfer.end {
                TransferStatus::Blocked => "blocked",
                TransferStatus::Canceled => "canceled",
                _ => "failed",
            };
            let ended = pending.transfer_status(transfer.end.code());
            self.report(at, label.to_owned(), ended);
        }
        at
    }

    /// The number of confirmations at which the merchant requested a callback, if
    /// any.
    fn needed(&mut self, blocks: u32) -> Option<u32> {
        let needed = self.random.between(1, blocks.saturating_add(2));
        self.random.percent(30).then_some(needed)
    }

    /// The confirmations that are reported before the last.
    fn counts(&mut self, needed: Option<u32>, blocks: u32) -> Vec<u32> {
        if let Some(needed) = needed {
            let is_before = (needed < blocks).then_some(needed);
            return is_before.into_iter().collect();
        }
        let mut counts = Vec::new();
        let mut count = 0_u32;
        while self.is_deposit && counts.len() < 3 {
            let step = self.random.between(1, (blocks / 4).max(1));
            count = count.saturating_add(step);
            if count >= blocks {
                break;
            }
            counts.push(count);
        }
        counts
    }

    /// Expired or rejected.
    fn no_transfer(&mut self) -> DateTime<Utc> {
        let terms = self.terms;
        let (label, at) = if self.is_deposit {
            let at = later(terms.deadline, self.random.seconds(1, 60));
            ("expired", at)
        } else {
            let at = later(terms.start, self.random.minutes(1, 60));
            ("rejected", at)
        };
        let builder = self.operation.clone().no_transfer();
        if self.is_v3 {
            self.report(at, label.to_owned(), builder);
        } else {
            // API v2 does not sign these.
            let body = builder.v2().at(at).unsigned();
            self.reports.push(Report {
                at,
                label: label.to_owned(),
                transfer: self.transfers,
                content: Content::Unsigned(body.as_bytes().to_vec()),
            });
        }
        at
    }

    fn report(&mut self, at: DateTime<Utc>, label: String, builder: CallbackBuilder) {
        let content = Content::Signed(Box::new(builder), self.key.clone());
        let transfer = self.transfers;
        self.reports.push(Report {
            at,
            label,
            transfer,
            content,
        });
    }
}
