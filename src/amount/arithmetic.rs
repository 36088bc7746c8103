//! Exact sums and differences of [`Amount`]s, at any size that is sent.

use std::iter::{repeat, repeat_n, zip};

use super::{Amount, Parts, length, small};

/// The most digits that a result may have in front of its point. What is sent
/// has at most 200, so only an endless loop of additions gets here.
const MAX_INTEGER: usize = 220;

impl Amount {
    /// The sum, exactly, with as many fraction digits as the longer of the two
    /// and without an exponent.
    ///
    /// It may have more digits than [`MAX_DIGITS`](Self::MAX_DIGITS): it
    /// compares, prints and adds up as any amount does, but its text may be too
    /// long to be parsed again.
    ///
    /// `None` if it has more than 220 digits in front of its point. An amount
    /// that was parsed has at most 200, so it takes some 10²⁰ of them.
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
        add(&self.parts(), &other.parts())
    }

    /// The difference, as [`checked_add`](Self::checked_add) gives the sum.
    #[must_use]
    pub fn checked_sub(&self, other: &Self) -> Option<Self> {
        let other = other.parts();
        let negated = Parts {
            negative: !other.negative,
            ..other
        };
        add(&self.parts(), &negated)
    }

    /// The sum of all, as [`checked_add`](Self::checked_add) gives it.
    pub(crate) fn checked_sum<'a>(amounts: impl Iterator<Item = &'a Self> + Clone) -> Option<Self> {
        small::sum(amounts.clone().map(Self::parts)).or_else(|| {
            let mut amounts = amounts;
            amounts.try_fold(Self::default(), |sum, amount| sum.checked_add(amount))
        })
    }
}

fn add(left: &Parts<'_>, right: &Parts<'_>) -> Option<Amount> {
    small::sum([*left, *right].into_iter()).or_else(|| add_digits(left, right))
}

/// Digit by digit, at any size.
fn add_digits(left: &Parts<'_>, right: &Parts<'_>) -> Option<Amount> {
    let (larger, smaller) = if left.magnitude_cmp(right).is_lt() {
        (right, left)
    } else {
        (left, right)
    };
    let subtracts = left.negative != right.negative;
    let scale = usize::try_from(left.scale().max(right.scale())).ok()?;
    // One more for what is carried, which also stands in front of the point of
    // an amount that is all exponent.
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

/// The text of digits that begin with the last one. There is no `-0`.
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

    /// The values of its digits at `scale`, the last one first, and zeros
    /// without end in front.
    fn at_scale(&self, scale: usize) -> impl Iterator<Item = u8> + use<'a> {
        let digits = self.digits().rev().map(|digit| digit - b'0');
        repeat_n(0, self.missing(scale))
            .chain(digits)
            .chain(repeat(0))
    }
}
