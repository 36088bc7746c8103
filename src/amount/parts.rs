//! The parser of amounts: the parts of a decimal number's text.

use std::cmp::Ordering;

use rust_decimal::Decimal;

pub(super) const MAX_DIGITS: usize = 100;
pub(super) const MAX_EXPONENT: i32 = 100;

/// Why a string is not a valid [`Amount`](super::Amount).
///
/// ```
/// use payhook::{Amount, amount::AmountError};
///
/// assert_eq!("0,5".parse::<Amount>(), Err(AmountError::NotADecimal));
/// assert_eq!("1e200".parse::<Amount>(), Err(AmountError::ExponentOutOfRange));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AmountError {
    /// The exponent exceeds [`Amount::MAX_EXPONENT`](super::Amount::MAX_EXPONENT).
    #[error("expected an exponent between -{max} and {max}", max = MAX_EXPONENT)]
    ExponentOutOfRange,
    /// The string does not have the form of a JSON number.
    #[error("expected a decimal number")]
    NotADecimal,
    /// The number has more digits than [`Amount::MAX_DIGITS`](super::Amount::MAX_DIGITS).
    #[error("expected at most {} digits, found {found}", MAX_DIGITS)]
    TooManyDigits {
        /// The number of digits.
        found: usize,
    },
}

/// The parts of an amount's text.
#[derive(Clone, Copy, Default)]
pub(super) struct Parts<'a> {
    pub(super) negative: bool,
    pub(super) integer: &'a str,
    pub(super) fraction: &'a str,
    pub(super) exponent: i64,
}

impl<'a> Parts<'a> {
    /// Does not check the length: a sum may be longer than a parsed amount.
    pub(super) fn scan(text: &'a str) -> Result<Self, AmountError> {
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (integer, rest) = split_digits(rest);
        let (fraction, rest) = match rest.strip_prefix('.') {
            Some(rest) if all_digits(rest) => (rest, ""),
            Some(rest) => split_digits(rest),
            None => ("", rest),
        };
        let leading_zero = integer.len() > 1 && integer.starts_with('0');
        let bare_point = fraction.is_empty() && text.contains('.');
        if integer.is_empty() || leading_zero || bare_point {
            return Err(AmountError::NotADecimal);
        }
        let exponent = match rest.strip_prefix(['e', 'E']) {
            Some(exponent) => scan_exponent(exponent)?,
            None if rest.is_empty() => 0,
            None => return Err(AmountError::NotADecimal),
        };
        Ok(Self {
            negative,
            integer,
            fraction,
            exponent,
        })
    }

    pub(super) fn check_length(&self) -> Result<(), AmountError> {
        let found = self.integer.len() + self.fraction.len();
        if found > MAX_DIGITS {
            return Err(AmountError::TooManyDigits { found });
        }
        Ok(())
    }

    pub(super) fn digits(&self) -> impl DoubleEndedIterator<Item = u8> + use<'a> {
        self.integer.bytes().chain(self.fraction.bytes())
    }

    pub(super) fn is_zero(&self) -> bool {
        self.digits().all(|digit| digit == b'0')
    }

    pub(super) fn scale(&self) -> i64 {
        (length(self.fraction.len()) - self.exponent).max(0)
    }

    /// The significant digits, and the power of ten that `0.d₁d₂d₃…` has to be
    /// multiplied by. The canonical form: equal values, equal result.
    pub(super) fn significant(&self) -> (i64, impl Iterator<Item = u8> + use<'a>) {
        let zeros =
            |digits: &mut dyn Iterator<Item = u8>| digits.take_while(|d| *d == b'0').count();
        let leading = zeros(&mut self.digits());
        let trailing = zeros(&mut self.digits().rev());
        let all = self.integer.len() + self.fraction.len();
        let count = all.saturating_sub(leading + trailing);
        let magnitude = if count == 0 {
            0
        } else {
            length(self.integer.len()) - length(leading) + self.exponent
        };
        (magnitude, self.digits().skip(leading).take(count))
    }

    pub(super) fn to_decimal(self) -> Option<Decimal> {
        const MAX: i128 = Decimal::MAX.mantissa();
        const MAX_SCALE: i64 = 28;
        let push = |mantissa: i128, digit: i128| {
            let next = mantissa.checked_mul(10)?.checked_add(digit)?;
            (next <= MAX).then_some(next)
        };

        let (magnitude, digits) = self.significant();
        let mut mantissa = 0;
        let mut scale = -magnitude;
        for digit in digits {
            mantissa = push(mantissa, i128::from(digit - b'0'))?;
            scale += 1;
        }
        while scale < 0 {
            mantissa = push(mantissa, 0)?;
            scale += 1;
        }
        if scale > MAX_SCALE {
            return None;
        }
        while scale < self.scale().min(MAX_SCALE)
            && let Some(wider) = push(mantissa, 0)
        {
            mantissa = wider;
            scale += 1;
        }
        let signed = if self.negative { -mantissa } else { mantissa };
        Decimal::try_from_i128_with_scale(signed, u32::try_from(scale).ok()?).ok()
    }

    pub(super) fn magnitude_cmp(&self, other: &Self) -> Ordering {
        let scale = self.fraction.len().max(other.fraction.len());
        if let (Some(mine), Some(theirs)) = (self.small(scale), other.small(scale)) {
            return mine.cmp(&theirs);
        }
        match (self.is_zero(), other.is_zero()) {
            (true, true) => return Ordering::Equal,
            (true, false) => return Ordering::Less,
            (false, true) => return Ordering::Greater,
            (false, false) => {}
        }
        let (mine, my_digits) = self.significant();
        let (theirs, their_digits) = other.significant();
        mine.cmp(&theirs).then_with(|| my_digits.cmp(their_digits))
    }
}

/// Almost always true; checking all bytes is faster than stopping early.
fn all_digits(text: &str) -> bool {
    text.bytes()
        .fold(true, |all, byte| all & byte.is_ascii_digit())
}

/// Splits `text` after its leading digits.
fn split_digits(text: &str) -> (&str, &str) {
    let end = text.bytes().take_while(u8::is_ascii_digit).count();
    text.split_at_checked(end).unwrap_or_default()
}

/// Lossless: no amount has more than a few hundred digits.
pub(super) fn length(digits: usize) -> i64 {
    i64::try_from(digits).unwrap_or(i64::MAX)
}

fn scan_exponent(text: &str) -> Result<i64, AmountError> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if digits.is_empty() || !split_digits(digits).1.is_empty() {
        return Err(AmountError::NotADecimal);
    }
    let value: i64 = digits.parse().unwrap_or(i64::MAX);
    if value > i64::from(MAX_EXPONENT) {
        return Err(AmountError::ExponentOutOfRange);
    }
    Ok(if negative { -value } else { value })
}
