//! Amounts of up to 37 digits as machine integers: nearly all amounts in practice.

use super::parts::Parts;
use crate::shared_str::SharedStr;

/// 10³⁷ is the largest power of ten of which twice as much fits an [`i128`].
const MOST_DIGITS: usize = 37;

const POWERS: [u128; MOST_DIGITS + 1] = {
    let mut powers = [1; MOST_DIGITS + 1];
    let mut exponent = 1;
    while exponent <= MOST_DIGITS {
        #[allow(clippy::indexing_slicing, reason = "evaluated by the compiler")]
        {
            powers[exponent] = powers[exponent - 1] * 10;
        }
        exponent += 1;
    }
    powers
};

fn power(exponent: usize) -> Option<u128> {
    POWERS.get(exponent).copied()
}

/// The value of at most 37 digits.
fn number(digits: &str) -> u128 {
    let part = |digits: &str| {
        let digits = digits.bytes().map(|digit| u64::from(digit - b'0'));
        u128::from(digits.fold(0, |number, digit| number * 10 + digit))
    };
    // As many digits as fit into 64 bits.
    match digits.len().checked_sub(19) {
        None | Some(0) => part(digits),
        Some(front) => {
            let (front, back) = digits.split_at_checked(front).unwrap_or_default();
            part(front) * 10_u128.pow(19) + part(back)
        }
    }
}

impl Parts<'_> {
    /// Its digits as one number with `scale` fraction digits, which are at least its
    /// own. `None` if it has too many, or an exponent.
    pub(super) fn small(&self, scale: usize) -> Option<u128> {
        if self.exponent != 0 || self.integer.len() + scale > MOST_DIGITS {
            return None;
        }
        let missing = scale.checked_sub(self.fraction.len())?;
        let integer = number(self.integer) * power(scale)?;
        Some(integer + number(self.fraction) * power(missing)?)
    }

    fn small_signed(&self, scale: usize) -> Option<i128> {
        let magnitude = i128::try_from(self.small(scale)?).ok()?;
        Some(if self.negative { -magnitude } else { magnitude })
    }
}

/// A sum of amounts with few digits.
#[derive(Default)]
pub(super) struct Sum {
    value: i128,
    scale: usize,
}

impl Sum {
    /// Adds an amount; `None` if it or the sum has too many digits.
    #[inline(never)]
    pub(super) fn add(&mut self, parts: &Parts<'_>) -> Option<()> {
        let scale = self.scale.max(parts.fraction.len());
        if scale > self.scale {
            let factor = i128::try_from(power(scale - self.scale)?).ok()?;
            self.value = self.value.checked_mul(factor)?;
            self.scale = scale;
        }
        self.value = self.value.checked_add(parts.small_signed(scale)?)?;
        Some(())
    }

    #[inline(never)]
    pub(super) fn text(&self) -> Option<SharedStr> {
        let digits = digits(self.value.unsigned_abs())?;
        let (integer, fraction) = digits.split_at_checked(digits.len() - self.scale)?;
        let zeros = integer.iter().take_while(|digit| **digit == b'0').count();
        let integer = integer.get(zeros.min(integer.len() - 1)..)?;

        let mut text = Line::default();
        if self.value < 0 {
            text.push(b"-")?;
        }
        text.push(integer)?;
        if self.scale > 0 {
            text.push(b".")?;
            text.push(fraction)?;
        }
        text.as_str().map(SharedStr::from)
    }
}

/// All 38 digits with leading zeros; `None` for a longer number.
fn digits(number: u128) -> Option<[u8; 38]> {
    let half = 10_u128.pow(19);
    let mut digits = [b'0'; 38];
    let (front, back) = digits.split_at_mut(19);
    for (digits, number) in [(front, number / half), (back, number % half)] {
        let mut rest = u64::try_from(number).ok()?;
        for digit in digits.iter_mut().rev() {
            *digit += u8::try_from(rest % 10).unwrap_or_default();
            rest /= 10;
        }
        if rest > 0 {
            return None;
        }
    }
    Some(digits)
}

/// A buffer on the stack for a sign, 38 digits and a decimal point.
#[derive(Default)]
struct Line {
    bytes: [[u8; 20]; 2],
    length: usize,
}

impl Line {
    fn push(&mut self, part: &[u8]) -> Option<()> {
        let end = self.length + part.len();
        let place = self.bytes.as_flattened_mut().get_mut(self.length..end)?;
        place.copy_from_slice(part);
        self.length = end;
        Some(())
    }

    fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(self.bytes.as_flattened().get(..self.length)?).ok()
    }
}
