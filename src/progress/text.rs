//! A [`State`] as one line of text, and back.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, SecondsFormat, Utc};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::state::{MAX_WORD, State, Status};
use crate::b2binpay::{DepositStatus, PayoutStatus, TransferStatus};

/// An unknown word may have anything in it, line breaks too.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'_');

/// No word at all; a `-` in a word is escaped.
const NO_WORD: &str = "-";

/// The text is no state that was written here.
///
/// ```
/// use payhook::State;
///
/// // A status without its scale could be any of five.
/// assert!("confirmed".parse::<State>().is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a state such as `transfer 2 confirmations=3 time=2026-03-02T09:16:02Z`")]
#[non_exhaustive]
pub struct StateError;

impl fmt::Display for State {
    /// `transfer 2 confirmations=3 time=2026-03-02T09:16:02Z`: codes and words
    /// as the gateway has them, so that one that is unknown today is the known
    /// one of a later version.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scale, status) = match &self.status {
            Status::CityPayDeposit(status) => ("citypay-deposit", escaped(status.as_str())),
            Status::Deposit(status) => ("deposit", status.code().to_string()),
            Status::Order(status) => ("order", escaped(status.as_str())),
            Status::Payout(status) => ("payout", status.code().to_string()),
            Status::Transfer(status) => ("transfer", status.code().to_string()),
        };
        f.pad(&format!("{scale} {status}{}", self.details()))
    }
}

impl FromStr for State {
    type Err = StateError;

    /// Exactly what `Display` writes, but for the spelling of a known word.
    fn from_str(text: &str) -> Result<Self, StateError> {
        read(text).ok_or(StateError)
    }
}

fn read(text: &str) -> Option<State> {
    let (scale, rest) = text.split_once(' ')?;
    let (status, details) = rest.split_at(rest.find(' ').unwrap_or(rest.len()));
    let mut state = State::from(match scale {
        "citypay-deposit" => Status::CityPayDeposit(unescaped(status)?.as_str().into()),
        "deposit" => Status::Deposit(DepositStatus::from_code(number(status)?)),
        "order" => Status::Order(unescaped(status)?.as_str().into()),
        "payout" => Status::Payout(PayoutStatus::from_code(number(status)?)),
        "transfer" => Status::Transfer(TransferStatus::from_code(number(status)?)),
        _ => return None,
    });
    for detail in details.split(' ') {
        if let Some(count) = detail.strip_prefix("confirmations=") {
            state.confirmations = number(count);
        } else if let Some(time) = detail.strip_prefix("time=") {
            state.time = time.parse::<DateTime<Utc>>().ok();
        } else if detail == "behind" {
            state.is_behind = true;
        }
    }
    // Whatever was not understood, or does not belong there, is missing now.
    (state.details() == details).then_some(state)
}

impl State {
    /// All but the status, each with a blank in front; only what the scale has.
    fn details(&self) -> String {
        let has_confirmations = matches!(self.status, Status::Transfer(_));
        let has_time = !matches!(self.status, Status::CityPayDeposit(_));
        let is_order = matches!(self.status, Status::Order(_));
        let confirmations = self.confirmations.filter(|_| has_confirmations);
        let time = self.time.filter(|_| has_time);
        [
            confirmations.map(|count| format!(" confirmations={count}")),
            time.map(|time| {
                let time = time.to_rfc3339_opts(SecondsFormat::AutoSi, true);
                format!(" time={time}")
            }),
            (self.is_behind && is_order).then(|| " behind".to_owned()),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// A number in its one spelling.
fn number<N: FromStr + ToString>(text: &str) -> Option<N> {
    let number: N = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

fn escaped(word: &str) -> String {
    match word {
        "" => NO_WORD.to_owned(),
        word => utf8_percent_encode(word, ESCAPED).to_string(),
    }
}

/// A word in its one escaped form.
fn unescaped(text: &str) -> Option<String> {
    let word = match text {
        NO_WORD => String::new(),
        text => percent_decode_str(text).decode_utf8().ok()?.into_owned(),
    };
    (word.len() <= MAX_WORD && escaped(&word) == text).then_some(word)
}
