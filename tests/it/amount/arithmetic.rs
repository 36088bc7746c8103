//! Sums and differences, compared with integers where those are large enough, and
//! checked against algebraic laws otherwise.

use std::cmp::Ordering;

use payhook::Amount;
use proptest::prelude::*;

use super::amount;
use crate::support::hash;

/// An amount with the maximum number of digits before and after the point.
const ANY: &str = "-?(0|[1-9][0-9]{0,49})(\\.[0-9]{1,50})?([eE][+-]?([0-9]{1,2}|100))?";

fn add(left: &Amount, right: &Amount) -> Amount {
    left.checked_add(right).unwrap()
}

fn subtract(left: &Amount, right: &Amount) -> Amount {
    left.checked_sub(right).unwrap()
}

/// `value` of the smallest parts, written without the crate.
fn scaled(value: i128, scale: usize) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let digits = format!("{:0>1$}", value.unsigned_abs(), scale + 1);
    let (integer, fraction) = digits.split_at(digits.len() - scale);
    let point = if scale > 0 { "." } else { "" };
    format!("{sign}{integer}{point}{fraction}")
}

proptest! {
    #[test]
    fn sums_equal_integer_sums_digit_by_digit(
        left in -(10_i128.pow(36))..10_i128.pow(36), right in -(10_i128.pow(36))..10_i128.pow(36),
        scale in 0_usize..=30,
    ) {
        let (a, b) = (amount(&scaled(left, scale)), amount(&scaled(right, scale)));
        let (sum, difference) = (add(&a, &b), subtract(&a, &b));
        prop_assert_eq!(sum.as_str(), scaled(left + right, scale));
        prop_assert_eq!(difference.as_str(), scaled(left - right, scale));
    }

    /// Different scales, and exponents instead of zeros.
    #[test]
    fn sums_equal_integer_sums_by_value(
        left in -1_000_000_i128..1_000_000, right in -1_000_000_i128..1_000_000,
        exponents in (-12_i32..=6, -12_i32..=6),
    ) {
        let parts = |value: i128, exponent: i32| value * 10_i128.pow(u32::try_from(exponent + 12).unwrap());
        let (a, b) = (
            amount(&format!("{left}e{}", exponents.0)),
            amount(&format!("{right}E{:+}", exponents.1)),
        );
        let (left, right) = (parts(left, exponents.0), parts(right, exponents.1));
        prop_assert_eq!(add(&a, &b), amount(&scaled(left + right, 12)));
        prop_assert_eq!(subtract(&a, &b), amount(&scaled(left - right, 12)));
    }

    #[test]
    fn laws_at_full_size(a in ANY, b in ANY, c in ANY) {
        let (a, b, c) = (amount(&a), amount(&b), amount(&c));
        let (sum, turned) = (add(&a, &b), add(&b, &a));
        prop_assert_eq!(sum.as_str(), turned.as_str());
        prop_assert_eq!(subtract(&sum, &b), a.clone());
        prop_assert_eq!(hash(&subtract(&sum, &b)), hash(&a));
        prop_assert_eq!(add(&sum, &c), add(&a, &add(&b, &c)));
        prop_assert_eq!(sum.decimals(), a.decimals().max(b.decimals()));
        let difference = subtract(&a, &b);
        let sign = match (difference.is_negative(), difference.is_zero()) {
            (true, _) => Ordering::Less,
            (false, true) => Ordering::Equal,
            (false, false) => Ordering::Greater,
        };
        prop_assert_eq!(sign, a.cmp(&b));
    }
}

#[test]
fn exact_texts() {
    for (left, right, sum, difference) in [
        ("0", "0", "0", "0"),
        ("-0", "0", "0", "0"),
        ("0.00", "0", "0.00", "0.00"),
        ("-0.0", "-0", "0.0", "0.0"),
        ("1.5", "1.5", "3.0", "0.0"),
        ("-1.5", "1.5", "0.0", "-3.0"),
        ("0.10", "0.2", "0.30", "-0.10"),
        ("999.99", "0.01", "1000.00", "999.98"),
        ("1000", "0.001", "1000.001", "999.999"),
        ("1", "2", "3", "-1"),
        ("-1", "-2", "-3", "1"),
        ("-0.00004368", "0.00013489", "0.00009121", "-0.00017857"),
        ("1.5e3", "1e-2", "1500.01", "1499.99"),
        ("0e50", "1", "1", "-1"),
        ("5", "0e-3", "5.000", "5.000"),
        ("5e-8", "0e-2", "0.00000005", "0.00000005"),
        ("5e-2", "5e-2", "0.10", "0.00"),
    ] {
        let (a, b) = (amount(left), amount(right));
        assert_eq!(add(&a, &b).as_str(), sum, "{left} + {right}");
        assert_eq!(subtract(&a, &b).as_str(), difference, "{left} - {right}");
    }
}

/// The largest and the smallest amounts: 400 digits, and none is lost.
#[test]
fn sums_longer_than_the_longest_input() {
    let largest = amount(&format!("{}e100", "9".repeat(100)));
    let smallest = amount(&format!("0.{}1e-100", "0".repeat(98)));
    let sum = add(&largest, &smallest);
    assert_eq!(
        sum.as_str(),
        format!(
            "{}{}.{}1",
            "9".repeat(100),
            "0".repeat(100),
            "0".repeat(198)
        )
    );
    assert!(sum.as_str().parse::<Amount>().is_err());
    assert!(!sum.is_zero() && sum > largest && sum.decimals() == 199);
    assert!(sum.to_decimal().is_none() && sum.with_decimals(2).is_none());
    assert_eq!(subtract(&sum, &largest), smallest);
    assert_eq!(subtract(&sum, &smallest), largest);
    assert_eq!(subtract(&smallest, &sum), subtract(&amount("0"), &largest));
}

#[test]
fn sums_are_bounded() {
    let largest = amount(&format!("{}e100", "9".repeat(100)));
    let (mut sum, mut additions) = (largest, 0);
    while let Some(doubled) = sum.checked_add(&sum) {
        sum = doubled;
        additions += 1;
    }
    // 10²⁰ is 2 to the power of 66.4.
    assert_eq!((sum.as_str().len(), additions), (220, 66));
    assert_eq!(sum.checked_sub(&subtract(&amount("0"), &sum)), None);
    assert_eq!(subtract(&sum, &sum).as_str(), "0");
}
