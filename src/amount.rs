//! [`Amount`]: an arbitrary-precision decimal number, exactly as sent.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::{Serialize, Serializer};

use crate::shared_str::SharedStr;

mod arithmetic;
mod parts;
mod small;

pub use parts::AmountError;
use parts::Parts;

/// A decimal amount that keeps its original text.
///
/// Nothing is rounded, padded or passed through a binary float. Equality and order
/// are by value at any size (`0.60` equals `0.6`); [`Display`] and [`as_str`] return
/// the text exactly as it was sent, which is also the text that the gateway signs.
///
/// The unit is the currency unit (`"0.412"` ETH), never its smallest fraction.
///
/// The text is a JSON number: no leading zeros, no `+`, no bare decimal point, no
/// spaces or underscores. At most [`MAX_DIGITS`] digits and an exponent of at most
/// [`MAX_EXPONENT`] either way, so that no input costs more than its own length. Sums
/// and differences ([`checked_add`], [`checked_sub`]) are exact and may be longer.
/// The default is zero.
///
/// ```
/// use payhook::Amount;
///
/// let amount: Amount = "99999999999.123456789012345678".parse()?;
/// assert_eq!(amount.as_str(), "99999999999.123456789012345678");
/// assert_eq!(amount.decimals(), 18);
/// // It does not fit into 96 bits; `rust_decimal`'s own parser would have rounded it.
/// assert_eq!(amount.to_decimal(), None);
///
/// let amount: Amount = "0.60".parse()?;
/// assert_eq!(amount, "0.6".parse()?);
/// assert_eq!(amount.to_decimal().unwrap().to_string(), "0.60");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// [`Display`]: fmt::Display
/// [`as_str`]: Amount::as_str
/// [`MAX_DIGITS`]: Amount::MAX_DIGITS
/// [`MAX_EXPONENT`]: Amount::MAX_EXPONENT
/// [`checked_add`]: Amount::checked_add
/// [`checked_sub`]: Amount::checked_sub
#[derive(Clone, Default)]
pub struct Amount {
    /// `None` is `0`: a payment contains many zeros, and they take no memory.
    text: Option<SharedStr>,
}

impl Amount {
    /// The maximum number of digits of an amount, 100: a 256-bit integer of the
    /// smallest unit has 78.
    pub const MAX_DIGITS: usize = parts::MAX_DIGITS;

    /// The largest exponent, in either direction.
    pub const MAX_EXPONENT: i32 = parts::MAX_EXPONENT;

    /// Checks `text` and keeps it unchanged.
    pub(crate) fn from_text(text: SharedStr) -> Result<Self, AmountError> {
        Parts::scan(&text)?.check_length()?;
        Ok(Self::new(text))
    }

    fn new(text: impl Into<SharedStr>) -> Self {
        let text = Some(text.into());
        Self { text }
    }

    /// Reads an amount that was stored as its [text](Self::as_str). Unlike a parsed
    /// amount, it may have as many digits as a sum: up to 1,024 characters. Returns
    /// `None` if the text is longer or not a decimal number.
    ///
    /// ```
    /// use payhook::Amount;
    ///
    /// let (large, small): (Amount, Amount) = ("1e100".parse()?, "1e-100".parse()?);
    /// let sum = large.checked_add(&small).unwrap();
    /// assert!(sum.as_str().parse::<Amount>().is_err());
    /// assert_eq!(Amount::from_sum(sum.as_str()), Some(sum));
    /// # Ok::<(), payhook::amount::AmountError>(())
    /// ```
    #[must_use]
    pub fn from_sum(text: &str) -> Option<Self> {
        is_sum(text).then(|| Self::new(text))
    }

    /// [`from_sum`](Self::from_sum) without a copy.
    pub(crate) fn from_sum_text(text: SharedStr) -> Option<Self> {
        is_sum(&text).then(|| Self::new(text))
    }

    /// Returns the text exactly as it was sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.text.as_deref().unwrap_or("0")
    }

    /// Returns the text without the zeros at the end of its fraction: a shorter text of
    /// the same value, to be shown.
    ///
    /// A text with an exponent is returned unchanged: the zeros at its end may belong to
    /// the exponent, and `1.5e10` is not `1.5e1`. To compare amounts, use `==`.
    ///
    /// ```
    /// use payhook::Amount;
    ///
    /// for (text, short) in [
    ///     ("0.300000", "0.3"),
    ///     ("1.000", "1"),
    ///     ("100", "100"),
    ///     ("1.5e10", "1.5e10"),
    ///     ("1.50e10", "1.50e10"),
    /// ] {
    ///     let amount: Amount = text.parse()?;
    ///     assert_eq!(amount.without_trailing_zeros(), short);
    /// }
    /// # Ok::<(), payhook::amount::AmountError>(())
    /// ```
    #[must_use]
    pub fn without_trailing_zeros(&self) -> &str {
        let text = self.as_str();
        if text.contains('.') && !text.contains(['e', 'E']) {
            text.trim_end_matches('0').trim_end_matches('.')
        } else {
            text
        }
    }

    /// Converts the value into a [`Decimal`], exactly.
    ///
    /// The number of fraction digits is kept if it fits; otherwise trailing zeros are
    /// dropped. A significant digit is never dropped.
    ///
    /// Returns `None` if the value needs more than 96 bits or 28 fraction digits. The
    /// amount itself stays usable: it compares, orders and prints at any size.
    #[must_use]
    pub fn to_decimal(&self) -> Option<Decimal> {
        self.parts().to_decimal()
    }

    /// Returns the number of fraction digits, after the exponent is applied: 3 for
    /// `0.100`, 8 for `1e-8`, 0 for `1.5e3`.
    #[must_use]
    pub fn decimals(&self) -> u32 {
        u32::try_from(self.parts().scale()).unwrap_or_default()
    }

    /// Returns the same value with this many fraction digits, as B2BINPAY writes the
    /// amounts of a currency with that many decimals: `0.412` becomes `0.412000` at
    /// 6. For [`Verified::resolve`](crate::Verified::resolve).
    ///
    /// Returns `None` if a non-zero digit would be lost, if the text has an exponent,
    /// or if the result exceeds [`MAX_DIGITS`](Self::MAX_DIGITS).
    ///
    /// ```
    /// use payhook::Amount;
    ///
    /// let amount: Amount = "0.412".parse()?;
    /// assert_eq!(amount.with_decimals(6).unwrap().as_str(), "0.412000");
    /// assert_eq!(amount.with_decimals(2), None);
    /// # Ok::<(), payhook::amount::AmountError>(())
    /// ```
    #[must_use]
    pub fn with_decimals(&self, decimals: u32) -> Option<Self> {
        let own = self.as_str();
        let (integer, fraction) = own.split_once('.').unwrap_or((own, ""));
        let decimals = usize::try_from(decimals)
            .ok()
            .filter(|decimals| *decimals <= Self::MAX_DIGITS)?;
        let (kept, cut) = fraction
            .split_at_checked(decimals)
            .unwrap_or((fraction, ""));
        if cut.bytes().any(|digit| digit != b'0') {
            return None;
        }
        let text = match decimals {
            0 => integer.to_owned(),
            _ => format!("{integer}.{kept:0<decimals$}"),
        };
        let exponent = own.contains(['e', 'E']);
        if exponent { None } else { text.parse().ok() }
    }

    /// Returns whether the value is zero.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        // Usually the first or the third digit decides.
        let mut digits = self.as_str().bytes();
        let found = digits.find(|byte| !matches!(byte, b'-' | b'0' | b'.'));
        matches!(found, None | Some(b'e' | b'E'))
    }

    /// Returns whether the value is below zero. `-0` is not.
    #[must_use]
    pub fn is_negative(&self) -> bool {
        self.as_str().starts_with('-') && !self.is_zero()
    }

    /// Whether the text has neither a sign nor an exponent: the only form that
    /// B2BINPAY signs, and the only one by which a signed message can be split.
    pub(crate) fn is_plain(&self) -> bool {
        let bytes = self.as_str().bytes();
        bytes.fold(true, |all, byte| all & matches!(byte, b'0'..=b'9' | b'.'))
    }

    fn parts(&self) -> Parts<'_> {
        // The text was scanned at construction, so the default is never used.
        Parts::scan(self.as_str()).unwrap_or_default()
    }
}

fn is_sum(text: &str) -> bool {
    text.len() <= 1024 && Parts::scan(text).is_ok()
}

impl FromStr for Amount {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, AmountError> {
        // Check first: a refused text is not copied.
        Parts::scan(text)?.check_length()?;
        Ok(Self::new(text))
    }
}

impl From<Decimal> for Amount {
    /// Exact: a [`Decimal`] prints all its digits and no exponent.
    fn from(value: Decimal) -> Self {
        Self::new(value.to_string())
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Amount({})", self.as_str())
    }
}

impl PartialEq for Amount {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Amount {}

impl PartialOrd for Amount {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Amount {
    fn cmp(&self, other: &Self) -> Ordering {
        if self.as_str() == other.as_str() {
            return Ordering::Equal;
        }
        let (mine, theirs) = (self.parts(), other.parts());
        match (self.is_negative(), other.is_negative()) {
            (false, false) => mine.magnitude_cmp(&theirs),
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (true, true) => theirs.magnitude_cmp(&mine),
        }
    }
}

impl Hash for Amount {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.is_negative().hash(state);
        let (magnitude, digits) = self.parts().significant();
        magnitude.hash(state);
        for digit in digits {
            digit.hash(state);
        }
    }
}

impl Serialize for Amount {
    /// Serialized as a string, so that no reader can parse it as a float.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
