//! Amounts, compared with integers of any size.
//!
//! Each line of the input is parsed on its own, and added to the next.

use std::hash::{DefaultHasher, Hash, Hasher};

use num_bigint::{BigInt, BigUint};
use payhook::citypay::OrderCallback;
use payhook::{Amount, Unverified, amount::AmountError};
use serde_json::value::RawValue;

/// `value` / 10^`scale`; the scale is negative if an exponent makes it so.
struct Number {
    value: BigInt,
    scale: i64,
    has_exponent: bool,
}

pub(crate) fn check(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    let amounts: Vec<_> = text.split('\n').filter_map(read).collect();
    for pair in amounts.windows(2) {
        compare(&pair[0], &pair[1]);
        add_up(&pair[0], &pair[1]);
    }
}

fn read(text: &str) -> Option<(Amount, Number)> {
    let amount = text.parse::<Amount>();
    on_the_wire(text, amount.as_ref().ok());
    let number = match Number::read(text) {
        Ok(number) => number,
        Err(error) => {
            assert_eq!(amount, Err(error));
            return None;
        }
    };
    let amount = amount.unwrap();
    assert_eq!(amount.as_str(), text);
    assert_eq!(amount.to_string(), text);
    assert_eq!(
        serde_json::to_string(&amount).unwrap(),
        format!("\"{text}\"")
    );
    assert_eq!(i64::from(amount.decimals()), number.scale.max(0));
    assert_eq!(amount.is_zero(), number.value == BigInt::ZERO);
    assert_eq!(amount.is_negative(), number.value < BigInt::ZERO);
    decimal(&amount, &number);
    for scale in [0, 2, 8, 18, 99, 100, 101, amount.decimals(), u32::MAX] {
        rescaled(&amount, &number, scale);
    }
    Some((amount, number))
}

/// As a JSON number and as a JSON string it is read as on its own.
fn on_the_wire(text: &str, amount: Option<&Amount>) {
    let spellings = [
        serde_json::to_string(text).unwrap(),
        // Surrounding whitespace does not belong to it.
        if is_number(text) { text } else { "null" }.to_owned(),
    ];
    for json in spellings {
        let body = format!(r#"{{"type":"order","order_token":"t","exchange_rate":{json}}}"#);
        let Ok(order) = Unverified::<OrderCallback>::parse(body.as_bytes()) else {
            // It is too long; there is no other reason.
            assert!(body.len() > payhook::verified::DEFAULT_BODY_LIMIT);
            continue;
        };
        let order = order.into_unverified();
        let there = json != "null" && !text.is_empty();
        assert_eq!(
            order.exchange_rate().as_ref().map(Amount::as_str),
            amount.filter(|_| there).map(Amount::as_str)
        );
        let refused = there && amount.is_none();
        assert_eq!(order.warnings().len(), usize::from(refused));
    }
}

/// Exactly, with as many of its fraction digits as fit; never rounded.
fn decimal(amount: &Amount, number: &Number) {
    let ten = BigInt::from(10);
    let (mut mantissa, mut scale) = (number.value.clone(), number.scale);
    while mantissa != BigInt::ZERO && &mantissa % &ten == BigInt::ZERO {
        mantissa /= &ten;
        scale -= 1;
    }
    if mantissa == BigInt::ZERO {
        scale = 0;
    }
    while scale < 0 {
        mantissa *= &ten;
        scale += 1;
    }
    let fits = |mantissa: &BigInt| mantissa.magnitude().bits() <= 96;
    let decimal = amount.to_decimal();
    if !fits(&mantissa) || scale > 28 {
        assert!(decimal.is_none(), "{amount} became {decimal:?}");
        return;
    }
    while scale < number.scale.min(28) && fits(&(&mantissa * &ten)) {
        mantissa *= &ten;
        scale += 1;
    }
    let decimal = decimal.unwrap();
    assert_eq!(BigInt::from(decimal.mantissa()), mantissa, "{amount}");
    assert_eq!(i64::from(decimal.scale()), scale, "{amount}");
    assert_eq!(&Amount::from(decimal), amount);
}

fn rescaled(amount: &Amount, number: &Number, scale: u32) {
    let rescaled = amount.with_decimals(scale);
    let wanted = i64::from(scale);
    let cut = (number.scale - wanted).max(0);
    let factor = power(cut.min(1_000));
    let keeps_value = &number.value % &factor == BigInt::ZERO;
    if number.has_exponent || !keeps_value || scale > 100 {
        assert_eq!(rescaled, None, "{amount} at {scale}");
        return;
    }
    let value = if cut > 0 {
        &number.value / factor
    } else {
        number.at(wanted)
    };
    let mut text = written(&value, wanted);
    if amount.as_str().starts_with('-') && !text.starts_with('-') {
        text.insert(0, '-');
    }
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let expected = (digits <= Amount::MAX_DIGITS).then_some(text);
    let rescaled = rescaled.as_ref().map(Amount::as_str);
    assert_eq!(rescaled, expected.as_deref(), "{amount} at {scale}");
}

fn compare((a, left): &(Amount, Number), (b, right): &(Amount, Number)) {
    let scale = left.scale.max(right.scale);
    let expected = left.at(scale).cmp(&right.at(scale));
    assert_eq!(a.cmp(b), expected, "{a} and {b}");
    assert_eq!(b.cmp(a), expected.reverse(), "{b} and {a}");
    assert_eq!(a == b, expected.is_eq());
    if a == b {
        assert_eq!(hash(a), hash(b), "{a} and {b}");
    }
}

fn add_up((a, left): &(Amount, Number), (b, right): &(Amount, Number)) {
    let scale = left.scale.max(right.scale).max(0);
    let (x, y) = (left.at(scale), right.at(scale));
    let sum = a.checked_add(b).unwrap();
    let difference = a.checked_sub(b).unwrap();
    assert_eq!(sum.as_str(), written(&(&x + &y), scale), "{a} + {b}");
    assert_eq!(difference.as_str(), written(&(&x - &y), scale), "{a} - {b}");
    // A sum may be longer than the longest input, and is a valid amount.
    assert_eq!(b.checked_add(a).unwrap().as_str(), sum.as_str());
    let back = sum.checked_sub(b).unwrap();
    assert_eq!(&back, a, "{a} + {b} - {b}");
    assert_eq!(hash(&back), hash(a));
    assert_eq!(sum.cmp(a), y.cmp(&BigInt::ZERO), "{a} + {b}");
    assert_eq!(difference.is_negative(), a < b);
}

impl Number {
    /// A number according to RFC 8259, within the documented limits.
    fn read(text: &str) -> Result<Self, AmountError> {
        if !is_number(text) {
            return Err(AmountError::NotADecimal);
        }
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (integer, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = exponent.trim_start_matches(['+', '-']);
        let distance: BigUint = digits.parse().unwrap();
        if distance > BigUint::from(100_u8) {
            return Err(AmountError::ExponentOutOfRange);
        }
        let found = integer.trim_start_matches('-').len() + fraction.len();
        if found > 100 {
            return Err(AmountError::TooManyDigits { found });
        }
        let distance = i64::try_from(distance).unwrap();
        let exponent = if exponent.starts_with('-') {
            -distance
        } else {
            distance
        };
        Ok(Self {
            value: format!("{integer}{fraction}").parse().unwrap(),
            scale: i64::try_from(fraction.len()).unwrap() - exponent,
            has_exponent: text.contains(['e', 'E']),
        })
    }

    /// With a scale of at least its own.
    fn at(&self, scale: i64) -> BigInt {
        &self.value * power(scale - self.scale)
    }
}

/// By serde_json, which checks a raw value's grammar and not its range.
fn is_number(text: &str) -> bool {
    text.starts_with(|first: char| first == '-' || first.is_ascii_digit())
        && serde_json::from_str::<&RawValue>(text).is_ok_and(|raw| raw.get() == text)
}

fn power(exponent: i64) -> BigInt {
    BigInt::from(10).pow(u32::try_from(exponent).unwrap())
}

fn written(value: &BigInt, scale: i64) -> String {
    let scale = usize::try_from(scale).unwrap();
    let sign = if *value < BigInt::ZERO { "-" } else { "" };
    let digits = value.magnitude().to_string();
    let digits = format!("{digits:0>width$}", width = scale + 1);
    let (integer, fraction) = digits.split_at(digits.len() - scale);
    let point = if scale > 0 { "." } else { "" };
    format!("{sign}{integer}{point}{fraction}")
}

fn hash(amount: &Amount) -> u64 {
    let mut hasher = DefaultHasher::new();
    amount.hash(&mut hasher);
    hasher.finish()
}
