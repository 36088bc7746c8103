//! [`EnvError`], and the variables from which a [`Config`](super::Config) is read.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use zeroize::Zeroizing;

use crate::address::AddressRanges;

/// The variables that are missing or invalid. The error shows no values.
///
/// ```
/// use payhook::Config;
///
/// let error = Config::from_vars(|name| match name {
///     "PAYHOOK_B2BINPAY_LOGIN" => Some("shop".to_owned()),
///     "PAYHOOK_CITYPAY_ENVIRONMENT" => Some("staging".to_owned()),
///     _ => None,
/// })
/// .unwrap_err();
/// assert_eq!(
///     error.variables().collect::<Vec<_>>(),
///     [
///         "PAYHOOK_B2BINPAY_PASSWORD",
///         "PAYHOOK_B2BINPAY_TRACKING_IDS",
///         "PAYHOOK_CITYPAY_CUSTOMER_ID",
///         "PAYHOOK_CITYPAY_ENVIRONMENT",
///     ]
/// );
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct EnvError {
    problems: Vec<Problem>,
}

#[derive(Clone, PartialEq, Eq)]
pub(super) struct Problem {
    variable: Cow<'static, str>,
    what: Cow<'static, str>,
}

impl EnvError {
    /// Returns the names of the variables, in the order of [`Config`](crate::Config)'s table.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.problems.iter().map(|problem| &*problem.variable)
    }
}

impl fmt::Display for EnvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{} {}", problem.variable, problem.what)?;
        }
        Ok(())
    }
}

impl fmt::Debug for EnvError {
    /// As `Display`: a `main` that returns the error prints it in this form.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for EnvError {}

pub(super) enum Value {
    Missing,
    Text(Zeroizing<String>),
    NotText,
}

/// The variables, and the problems found in them.
pub(super) struct Vars<V> {
    get: V,
    pub(super) problems: Vec<Problem>,
}

impl<V: Fn(&str) -> Value> Vars<V> {
    pub(super) fn new(get: V) -> Self {
        Self {
            get,
            problems: Vec::new(),
        }
    }

    pub(super) fn odd(
        &mut self,
        variable: impl Into<Cow<'static, str>>,
        what: impl Into<Cow<'static, str>>,
    ) {
        self.problems.push(Problem {
            variable: variable.into(),
            what: what.into(),
        });
    }

    pub(super) fn has_any(&self, names: impl IntoIterator<Item = &'static str>) -> bool {
        let is_set = |name| !matches!((self.get)(name), Value::Missing);
        names.into_iter().any(is_set)
    }

    /// Returns `None` if the variable is missing, or after a problem.
    pub(super) fn text(&mut self, name: &'static str) -> Option<Zeroizing<String>> {
        match (self.get)(name) {
            Value::Missing => None,
            Value::Text(text) if text.trim().is_empty() => {
                self.odd(name, "is empty");
                None
            }
            Value::Text(text) => Some(text),
            Value::NotText => {
                self.odd(name, "is not Unicode");
                None
            }
        }
    }

    pub(super) fn required(&mut self, name: &'static str) -> Option<Zeroizing<String>> {
        if !self.has_any([name]) {
            self.odd(name, "is missing");
        }
        self.text(name)
    }

    /// Reads a required value of a few forms, which `what` lists.
    pub(super) fn parsed<T: FromStr>(
        &mut self,
        name: &'static str,
        what: &'static str,
    ) -> Option<T> {
        let value = match (self.get)(name) {
            Value::Text(text) => text.parse().ok(),
            Value::Missing | Value::NotText => None,
        };
        if value.is_none() {
            self.odd(name, what);
        }
        value
    }

    pub(super) fn ranges(&mut self, name: &'static str) -> Option<AddressRanges> {
        let text = self.text(name)?;
        let ranges = AddressRanges::parse(text.split(',').map(str::trim));
        if ranges.is_err() {
            self.odd(
                name,
                "must be a comma-separated list of addresses and ranges such as 203.0.113.0/28",
            );
        }
        ranges.ok()
    }

    /// Returns `value` unless there were problems.
    pub(super) fn finish<T>(self, value: T) -> Result<T, EnvError> {
        let problems = self.problems;
        if problems.is_empty() {
            Ok(value)
        } else {
            Err(EnvError { problems })
        }
    }
}
