//! Exact sums and differences of [`Amount`]s of any size.

use std::iter::{repeat, repeat_n, zip};

use super::parts::{Parts, length};
use super::{Amount, small};

/// The maximum number of integer digits of a result. Parsed amounts have at most 200,
/// so only an endless loop of additions reaches it.
const MAX_INTEGER: usize = 220;

impl Amount {
    /// Returns the exact sum, with as many fraction digits as the longer of the two
    /// and without an exponent.
    ///
    /// It may have more digits than [`MAX_DIGITS`](Self::MAX_DIGITS): it
    /// compares, prints and adds up as any amount does, but its text may be too
    /// long to be parsed again.
    ///
    /// Returns `None` if the sum has more than 220 integer digits. A parsed amount
    /// has at most 200, so it takes some 10²⁰ of them.
    ///
    /// ```
    /// use payhook::Amount;
    ///
    /// let (first, second): (Amount, Amount) = ("0.40".parse()?, "0.012".parse()?);
    /// assert_eq!(first.checked_add(&second).unwrap().as_str(), "0.412");
    /// assert_eq!(second.checked_sub(&first).unwrap().as_str(), "-0.388");
    /// # Ok::<(), payhook::amount::AmountError>(())
    /// ```
    #[must_use]
    pub fn checked_add(&self, other: &Self) -> Option<Self> {
        match (&self.text, &other.text) {
            // A zero without a text: most sums begin with one.
            (None, _) if other.is_plain() => return Some(other.clone()),
            (_, None) if self.is_plain() => return Some(self.clone()),
            _ => {}
        }
        add(&self.parts(), &other.parts())
    }

    /// Returns the difference, in the form of [`checked_add`](Self::checked_add).
    #[must_use]
    pub fn checked_sub(&self, other: &Self) -> Option<Self> {
        let other = other.parts();
        let negated = Parts {
            negative: !other.negative,
            ..other
        };
        add(&self.parts(), &negated)
    }

    /// Returns the sum of all, in the form of [`checked_add`](Self::checked_add).
    pub(crate) fn checked_sum<'a>(amounts: impl Iterator<Item = &'a Self> + Clone) -> Option<Self> {
        small_sum(amounts.clone().map(Self::parts)).or_else(|| {
            let mut amounts = amounts;
            amounts.try_fold(Self::default(), |sum, amount| sum.checked_add(amount))
        })
    }
}

fn add(left: &Parts<'_>, right: &Parts<'_>) -> Option<Amount> {
    small_sum([*left, *right].into_iter()).or_else(|| add_digits(left, right))
}

/// The sum, if it and all summands have few digits.
fn small_sum<'a>(mut parts: impl Iterator<Item = Parts<'a>>) -> Option<Amount> {
    let mut sum = small::Sum::default();
    parts.try_for_each(|parts| sum.add(&parts))?;
    sum.text().map(Amount::new)
}

/// Adds digit by digit, at any size.
fn add_digits(left: &Parts<'_>, right: &Parts<'_>) -> Option<Amount> {
    let (larger, smaller) = if left.magnitude_cmp(right).is_lt() {
        (right, left)
    } else {
        (left, right)
    };
    let subtracts = left.negative != right.negative;
    let scale = usize::try_from(left.scale().max(right.scale())).ok()?;
    // One more digit for the carry, which is also the integer digit of an amount such
    // as `1e-8`.
    let width = larger.width(scale).max(smaller.width(scale)).max(scale) + 1;

    let mut carry = 0;
    let digits = zip(larger.at_scale(scale), smaller.at_scale(scale)).take(width);
    let mut digits: Vec<u8> = digits
        .map(|(large, small)| {
            if subtracts {
                let difference = 10 + large - small - carry;
                carry = u8::from(difference < 10);
                difference % 10
            } else {
                let sum = large + small + carry;
                carry = u8::from(sum >= 10);
                sum % 10
            }
        })
        .collect();
    while digits.len() > scale + 1 && digits.last() == Some(&0) {
        digits.pop();
    }
    if digits.len() > scale + MAX_INTEGER {
        return None;
    }
    Some(Amount::new(write(&digits, scale, larger.negative)))
}

/// The text of digits in reverse order. There is no `-0`.
fn write(digits: &[u8], scale: usize, negative: bool) -> String {
    let mut text = String::with_capacity(digits.len() + 2);
    if negative && digits.iter().any(|digit| *digit != 0) {
        text.push('-');
    }
    for (place, digit) in digits.iter().enumerate().rev() {
        text.push(char::from(b'0' + digit));
        if place == scale && scale > 0 {
            text.push('.');
        }
    }
    text
}

impl<'a> Parts<'a> {
    /// The zeros between the last digit and the end of `scale` fraction digits,
    /// which are at least its own.
    fn missing(&self, scale: usize) -> usize {
        let last = self.exponent - length(self.fraction.len());
        usize::try_from(length(scale) + last).unwrap_or_default()
    }

    fn width(&self, scale: usize) -> usize {
        self.integer.len() + self.fraction.len() + self.missing(scale)
    }

    /// The values of its digits at `scale`, the last one first, followed by endless
    /// leading zeros.
    fn at_scale(&self, scale: usize) -> impl Iterator<Item = u8> + use<'a> {
        let digits = self.digits().rev().map(|digit| digit - b'0');
        repeat_n(0, self.missing(scale))
            .chain(digits)
            .chain(repeat(0))
    }
}
