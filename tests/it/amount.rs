//! Amounts, compared with a reference that pads the texts instead of comparing digits.

use std::cmp::Ordering;

use payhook::{Amount, amount::AmountError};
use proptest::prelude::*;
use rust_decimal::Decimal;

use crate::support::hash;

mod arithmetic;

fn amount(text: &str) -> Amount {
    text.parse()
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// The value as a sign and 400 digits around the decimal point.
fn padded(text: &str) -> (bool, String) {
    let (negative, rest) = text
        .strip_prefix('-')
        .map_or((false, text), |rest| (true, rest));
    let (mantissa, exponent) = rest.split_once(['e', 'E']).unwrap_or((rest, "0"));
    let (integer, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent: i32 = exponent.parse().unwrap();
    let point = 200 - exponent - i32::try_from(integer.len()).unwrap();
    let digits = format!("{integer}{fraction}");
    let padded = format!("{}{digits}", "0".repeat(usize::try_from(point).unwrap()));
    let padded = format!("{padded}{}", "0".repeat(500 - padded.len()));
    (
        negative && padded.bytes().any(|digit| digit != b'0'),
        padded,
    )
}

fn reference_cmp(left: &str, right: &str) -> Ordering {
    let ((left_negative, left), (right_negative, right)) = (padded(left), padded(right));
    match (left_negative, right_negative) {
        (false, false) => left.cmp(&right),
        (true, true) => right.cmp(&left),
        (false, true) => Ordering::Greater,
        (true, false) => Ordering::Less,
    }
}

const AMOUNT: &str = "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,30})?([eE][+-]?[0-9]{1,2})?";
/// Close to each other, so that equal values in different spellings occur.
const CLOSE: &str = "-?(0|1|10|100)(\\.0{1,3}|\\.10{0,2}|\\.01)?(e-?[0-2])?";

proptest! {
    #[test]
    fn order_equality_and_hash_agree_with_the_reference(
        left in prop_oneof![AMOUNT, CLOSE], right in prop_oneof![AMOUNT, CLOSE],
    ) {
        let (a, b) = (amount(&left), amount(&right));
        let expected = reference_cmp(&left, &right);
        prop_assert_eq!(a.cmp(&b), expected, "{} and {}", left, right);
        prop_assert_eq!(a == b, expected.is_eq());
        if a == b {
            prop_assert_eq!(hash(&a), hash(&b), "{} and {}", left, right);
        }
    }

    #[test]
    fn text_is_kept(text in AMOUNT) {
        prop_assert_eq!(amount(&text).to_string(), text.clone());
        let json = serde_json::to_string(&amount(&text)).unwrap();
        prop_assert_eq!(json, format!("\"{}\"", text));
    }

    #[test]
    fn a_decimal_is_exact_or_refused(text in AMOUNT) {
        let amount = amount(&text);
        let short = !text.contains(['e', 'E']) && text.len() <= 28;
        match amount.to_decimal() {
            Some(decimal) => prop_assert_eq!(Amount::from(decimal), amount, "{} became {}", text, decimal),
            None => prop_assert!(!short, "{}", text),
        }
    }

    #[test]
    fn every_decimal_round_trips(mantissa in -(1_i128 << 96) + 1..1_i128 << 96, scale in 0_u32..=28) {
        let decimal = Decimal::from_i128_with_scale(mantissa, scale);
        let amount = Amount::from(decimal);
        prop_assert_eq!(amount.decimals(), scale);
        let back = amount.to_decimal().unwrap();
        prop_assert_eq!((back.mantissa(), back.scale()), (mantissa, scale));
    }

    #[test]
    fn any_text_is_refused_or_kept(text in "\\PC{0,12}|[-+0-9.eE_ ]{0,12}") {
        let json_number = text.parse::<Amount>().is_ok();
        let by_serde = serde_json::from_str::<serde_json::Value>(&text).is_ok_and(|value| value.is_number());
        // serde_json refuses numbers beyond f64; these texts are too short.
        prop_assert!(!json_number || by_serde, "{}", text);
    }
}

#[test]
fn refused() {
    for text in [
        "", "-", "+1", ".5", "5.", "01", "00", "-01", "1_000", "1,5", " 1", "1 ", "1e", "1e+",
        "e5", "1.e5", "1e5.0", "0x1", "NaN", "inf", "1..2", "--1", "\u{661}",
    ] {
        assert_eq!(
            text.parse::<Amount>().unwrap_err(),
            AmountError::NotADecimal,
            "{text:?}"
        );
    }
    let many = "9".repeat(101);
    assert_eq!(
        many.parse::<Amount>().unwrap_err(),
        AmountError::TooManyDigits { found: 101 }
    );
    assert!("9".repeat(100).parse::<Amount>().is_ok());
    for text in ["1e101", "1e-101", "1e99999999999999999999999999"] {
        assert_eq!(
            text.parse::<Amount>().unwrap_err(),
            AmountError::ExponentOutOfRange,
            "{text}"
        );
    }
    assert!("1e100".parse::<Amount>().is_ok() && "1E-0100".parse::<Amount>().is_ok());
}

#[test]
fn tests_and_scale() {
    for (text, scale, zero, negative) in [
        ("0", 0, true, false),
        ("-0", 0, true, false),
        ("-0.00", 2, true, false),
        ("0e50", 0, true, false),
        ("0.100", 3, false, false),
        ("-0.00004368", 8, false, true),
        ("1e-8", 8, false, false),
        ("1.5e3", 0, false, false),
        ("1.2345e2", 2, false, false),
    ] {
        let amount = amount(text);
        assert_eq!(
            (amount.decimals(), amount.is_zero(), amount.is_negative()),
            (scale, zero, negative),
            "{text}"
        );
    }
}

#[test]
fn display_pads() {
    assert_eq!(
        format!("{:>6}|{:<6}|", amount("1.5"), amount("1.5")),
        "   1.5|1.5   |"
    );
}

#[test]
fn rescaled() {
    for (text, scale, expected) in [
        ("0.412", 18, Some("0.412000000000000000")),
        ("0.412000", 3, Some("0.412")),
        ("0.412", 2, None),
        ("10", 2, Some("10.00")),
        ("10.00", 0, Some("10")),
        ("10", 0, Some("10")),
        ("-1.5", 2, Some("-1.50")),
        ("1e2", 2, None),
        ("0", 99, Some(&*format!("0.{}", "0".repeat(99)))),
        ("0", 100, None),
        ("0", u32::MAX, None),
    ] {
        let rescaled = amount(text).with_decimals(scale);
        assert_eq!(
            rescaled.as_ref().map(Amount::as_str),
            expected,
            "{text} {scale}"
        );
        assert!(rescaled.is_none_or(|rescaled| rescaled == amount(text)));
    }
}

#[test]
fn only_the_zeros_of_a_fraction_are_left_out() {
    for (text, expected) in [
        ("0.300000", "0.3"),
        ("1.000", "1"),
        ("100", "100"),
        ("0.0", "0"),
        ("-2.50", "-2.5"),
        ("1.5e10", "1.5e10"),
        ("1.50E-20", "1.50E-20"),
    ] {
        let amount = amount(text);
        let short = amount.without_trailing_zeros();
        assert_eq!(short, expected);
        assert_eq!(short.parse(), Ok(amount.clone()));
    }
}

/// A map of amounts is no list.
#[test]
fn other_values_have_other_hashes() {
    let hashes = ["0", "1", "-1", "10", "0.1", "11", "12"].map(|text| hash(&amount(text)));
    for (place, one) in hashes.iter().enumerate() {
        assert!(!hashes[..place].contains(one), "{hashes:?}");
    }
}

/// Inputs that `rust_decimal`'s own parsers get wrong.
#[test]
fn decimals() {
    for (text, expected) in [
        ("0.412000000000000000", Some("0.412000000000000000")),
        (
            "123456789.123456789012345678",
            Some("123456789.123456789012345678"),
        ),
        (
            "79228162514264337593543950335",
            Some("79228162514264337593543950335"),
        ),
        ("79228162514264337593543950336", None),
        ("99999999999.123456789012345678", None),
        // Two zeros are cut off; the value stays the same.
        (
            "1000000000000.000000000000000000",
            Some("1000000000000.0000000000000000"),
        ),
        ("1e-28", Some("0.0000000000000000000000000001")),
        ("1e-29", None),
        ("1e28", Some("10000000000000000000000000000")),
        ("1e29", None),
        ("0e99", Some("0")),
        (
            "0.00000000000000000000000000000000000",
            Some("0.0000000000000000000000000000"),
        ),
        ("10.10", Some("10.10")),
        ("1.5e1", Some("15")),
        ("-2.50", Some("-2.50")),
    ] {
        let found = amount(text).to_decimal().map(|decimal| decimal.to_string());
        assert_eq!(found.as_deref(), expected, "{text}");
    }
    assert_eq!(amount("1.10").to_decimal().unwrap().scale(), 2);
}

#[test]
fn the_default_is_zero() {
    assert!(Amount::default().is_zero());
    assert_eq!(Amount::default().as_str(), "0");
}
