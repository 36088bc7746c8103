//! [`StepOutcome`]: the changes of a step, the state after it, and the differences
//! between two outcomes.

use std::collections::{BTreeMap, BTreeSet};

use payhook::payment::{Change, ExpectedKind, Payment, Review, ReviewReason};
use payhook::{Amount, BoxError};
use serde::{Deserialize, Serialize};

/// The changes of a step, and the state of every expected payment after it.
///
/// It serializes in the vocabulary of the file's `want`. See
/// [`RecordedLifecycle::replay`](super::RecordedLifecycle::replay).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StepOutcome {
    /// The HTTP status of the delivery; 200 for a manual decision.
    pub status: u16,
    /// The changes by reference; payments without a credit or a review are omitted.
    pub change: BTreeMap<String, Changed>,
    /// The state of every expected payment.
    pub payments: BTreeMap<String, Sums>,
}

/// The change of one payment.
///
/// See [`StepOutcome`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[non_exhaustive]
pub struct Changed {
    /// The amount to credit now.
    pub credited: Option<String>,
    /// Whether it has just become paid.
    #[serde(default)]
    pub newly_paid: bool,
    /// The reasons to review it, sorted.
    #[serde(default)]
    pub review: Vec<String>,
}

/// A payment's status and sums.
///
/// See [`StepOutcome`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Sums {
    /// The status, such as `paid` or `held`; `null` for a top-up as a whole.
    pub status: Option<String>,
    /// The received amount.
    pub received: String,
    /// The credited amount.
    pub credited: String,
    /// The held amount.
    pub held: String,
}

impl Sums {
    /// The sums over all payments of a reference.
    pub(super) fn of(payments: &[Payment]) -> Result<Self, BoxError> {
        let sum = |of: fn(&Payment) -> Amount| {
            let mut amounts = payments.iter().map(of);
            let sum = amounts.try_fold(Amount::default(), |sum, amount| sum.checked_add(&amount));
            let sum = sum.ok_or("the sum of the payments is too long")?;
            Ok::<_, BoxError>(sum.without_trailing_zeros().to_owned())
        };
        let is_top_up = |payment: &Payment| payment.expected().kind() == ExpectedKind::TopUp;
        let whole = payments.first().filter(|payment| !is_top_up(payment));
        Ok(Self {
            status: whole.map(|payment| payment.status().to_string()),
            received: sum(Payment::received)?,
            credited: sum(Payment::credited)?,
            held: sum(Payment::held)?,
        })
    }
}

/// The changes of one step, as they are added.
#[derive(Default)]
pub(super) struct Changes(BTreeMap<String, (Amount, Changed)>);

impl Changes {
    /// A change without a credit or a review is omitted.
    pub(super) fn add(&mut self, reference: &str, change: &Change) -> Result<(), BoxError> {
        let has_credit = change.credited().is_some() || change.newly_paid();
        if !has_credit && change.reviews().is_empty() {
            return Ok(());
        }
        let (sum, entry) = self.0.entry(reference.to_owned()).or_default();
        if let Some(amount) = change.credited() {
            let added = sum.checked_add(amount);
            *sum = added.ok_or("the sum of the credits is too long")?;
            entry.credited = Some(sum.without_trailing_zeros().to_owned());
        }
        entry.newly_paid |= change.newly_paid();
        entry.review(change.reviews().iter().map(Review::reason));
        Ok(())
    }

    /// Adds a verified callback without a payment.
    pub(super) fn add_unmatched(&mut self, reference: &str) {
        let (_, entry) = self.0.entry(reference.to_owned()).or_default();
        entry.review([ReviewReason::Unmatched]);
    }

    /// One entry per reference.
    pub(super) fn merged(self) -> BTreeMap<String, Changed> {
        let entries = self.0.into_iter();
        entries.map(|(key, (_, entry))| (key, entry)).collect()
    }
}

impl Changed {
    fn review(&mut self, reasons: impl IntoIterator<Item = ReviewReason>) {
        let names = reasons.into_iter().map(|reason| reason.as_str().to_owned());
        self.review.extend(names);
        self.review.sort_unstable();
        self.review.dedup();
    }
}

impl StepOutcome {
    /// The differences between this expected outcome and `found`, in words.
    pub(super) fn differences(&self, found: &Self) -> Vec<String> {
        let mut differences = Differences::default();
        differences.compare("status", &self.status, &found.status);
        let nothing = Changed::default();
        let references = self.change.keys().chain(found.change.keys());
        for reference in references.collect::<BTreeSet<_>>() {
            let want = self.change.get(reference).unwrap_or(&nothing);
            let found = found.change.get(reference).unwrap_or(&nothing);
            differences.compare_changes(reference, want, found);
        }
        for (reference, want) in &self.payments {
            match found.payments.get(reference) {
                Some(found) => differences.compare_sums(reference, want, found),
                None => differences.compare(reference, &"a payment", &"none"),
            }
        }
        differences.0
    }
}

#[derive(Default)]
struct Differences(Vec<String>);

impl Differences {
    fn compare<T: PartialEq + ToString>(&mut self, what: &str, want: &T, found: &T) {
        if want != found {
            let (want, found) = (want.to_string(), found.to_string());
            self.0.push(format!("{what}: want {want}, found {found}"));
        }
    }

    fn compare_changes(&mut self, reference: &str, want: &Changed, found: &Changed) {
        let (amount, found_amount) = (want.credited.as_deref(), found.credited.as_deref());
        self.compare_amounts(&format!("{reference} credited"), amount, found_amount);
        let what = format!("{reference} newly_paid");
        self.compare(&what, &want.newly_paid, &found.newly_paid);
        let reasons = |review: &[String]| {
            let mut reasons = review.to_vec();
            reasons.sort_unstable();
            format!("{reasons:?}")
        };
        let (review, found_review) = (reasons(&want.review), reasons(&found.review));
        self.compare(&format!("{reference} review"), &review, &found_review);
    }

    fn compare_sums(&mut self, reference: &str, want: &Sums, found: &Sums) {
        if let Some(status) = want.status.as_deref() {
            let found = found.status.as_deref().unwrap_or("none");
            self.compare(&format!("{reference} status"), &status, &found);
        }
        for (what, want, found) in [
            ("received", &want.received, &found.received),
            ("credited", &want.credited, &found.credited),
            ("held", &want.held, &found.held),
        ] {
            self.compare_amounts(&format!("{reference} {what}"), Some(want), Some(found));
        }
    }

    /// By value: `0.30` is `0.3`.
    fn compare_amounts(&mut self, what: &str, want: Option<&str>, found: Option<&str>) {
        let value = |text: Option<&str>| text.and_then(Amount::from_sum);
        let is_equal = match (value(want), value(found)) {
            (Some(want), Some(found)) => want == found,
            _ => want == found,
        };
        if !is_equal {
            let (want, found) = (want.unwrap_or("none"), found.unwrap_or("none"));
            self.compare(what, &want, &found);
        }
    }
}
