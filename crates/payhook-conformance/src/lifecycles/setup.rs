//! The gateway and the expected payments of a recorded lifecycle.

use payhook::b2binpay::{Key, TrackingIds, Verifier};
use payhook::chrono::{DateTime, Utc};
use payhook::citypay::Account;
use payhook::payment::{Expected, ExpectedKind};
use payhook::{Amount, BoxError};

use super::file::{FileKey, FileTrackingIds, RecordedLifecycle, RecordedPayment, RecordedStep};
use crate::Gateway;

/// The configuration that verifies the callbacks of a lifecycle.
pub(super) enum Verification {
    B2binpay(Box<Verifier>),
    CityPay(Account),
}

impl RecordedLifecycle {
    pub(super) fn verification(&self) -> Result<Verification, BoxError> {
        Ok(match self.gateway {
            Gateway::B2binpay => Verification::B2binpay(Box::new(self.verifier()?)),
            Gateway::CityPay => Verification::CityPay(self.account()?),
        })
    }

    fn account(&self) -> Result<Account, BoxError> {
        match &self.customer_id {
            Some(id) => Ok(Account::new(&id.to_string())?),
            None if self.steps.iter().any(RecordedStep::has_order_details) => {
                Err("no `customer_id` to compare the responses with".into())
            }
            // Only a response is compared with it.
            None => Ok(Account::new("unknown")?),
        }
    }

    fn verifier(&self) -> Result<Verifier, BoxError> {
        let keys = self.keys.iter().map(|key| match key {
            FileKey::CallbackSecret { secret } => Key::callback_secret(secret),
            FileKey::LoginPassword { login, password } => Key::v2_credentials(login, password),
        });
        let mut keys = keys.collect::<Result<Vec<_>, _>>()?;
        if keys.is_empty() {
            keys.clone_from(&self.default_keys);
        }
        let ids = match self.tracking_ids {
            None | Some(FileTrackingIds::Prefixed) => TrackingIds::Prefixed,
            Some(FileTrackingIds::Unused) => TrackingIds::Unused,
            Some(FileTrackingIds::Unrestricted) => TrackingIds::Unrestricted,
            Some(FileTrackingIds::Length(length)) => TrackingIds::FixedLength(length),
        };
        let mut keys = keys.into_iter();
        let first = keys.next().ok_or("no `keys` to verify with")?;
        Ok(keys.fold(Verifier::new(first, ids), Verifier::add_key))
    }
}

impl RecordedPayment {
    pub(super) fn expected(&self) -> Result<Expected, BoxError> {
        let kind = ExpectedKind::from_name(&self.kind)
            .ok_or_else(|| format!("unknown payment kind `{}`", self.kind))?;
        let amount = match &self.amount {
            Some(amount) => Some(amount.parse::<Amount>()?),
            None => None,
        };
        let mut expected = Expected::of_kind(
            kind,
            self.reference.as_str(),
            self.currency.as_str(),
            amount,
        )?;
        if let Some(tolerance) = &self.tolerance {
            expected = expected.tolerance(tolerance.parse()?)?;
        }
        if let Some(decimals) = self.decimals {
            expected = expected.decimals(decimals);
        }
        if let Some(deadline) = &self.deadline {
            let deadline = DateTime::parse_from_rfc3339(deadline)?;
            expected = expected.deadline(deadline.with_timezone(&Utc));
        }
        if self.trust_reported_conversion {
            expected = expected.trust_reported_conversion();
        }
        Ok(expected)
    }
}
