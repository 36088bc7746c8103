//! Any bytes: the crate accepts exactly what serde_json accepts as JSON.

use payhook::b2binpay;
use payhook::citypay::{self, OrderDetails};
use payhook::{ParseError, Unverified, VerifyError};
use serde::de::IgnoredAny;

pub(crate) fn check(data: &[u8]) {
    agrees(data);
    // No encoding is detected inside of an object, so nothing is refused for another
    // reason.
    let inside = [b"{\"unknown\":", data, b"}"].concat();
    let refused = Unverified::<b2binpay::Callback>::parse_within(&inside, usize::MAX).err();
    let is_not_json = |error| {
        matches!(
            error,
            ParseError::NotJson { .. } | ParseError::NotUtf8 { .. }
        )
    };
    assert_eq!(refused.is_some_and(is_not_json), !agrees(&inside));
}

/// Whether it is JSON: all parsers of a body agree.
pub(crate) fn agrees(data: &[u8]) -> bool {
    let is_json =
        str::from_utf8(data).is_ok_and(|text| serde_json::from_str::<IgnoredAny>(text).is_ok());
    let transfer = Unverified::<b2binpay::Callback>::parse_within(data, usize::MAX).err();
    let posted = citypay::Callback::parse_within(data, usize::MAX).err();
    let answer = match OrderDetails::parse(data) {
        Err(VerifyError::AnswerUnreadable(error)) => Some(error),
        _ => None,
    };
    for (reader, error) in [
        ("transfer", transfer),
        ("posted", posted),
        ("answer", answer),
    ] {
        let refused = match error {
            Some(ParseError::NotJson { .. } | ParseError::NotUtf8 { .. }) => true,
            // A recognized body is not JSON, or belongs to another product.
            Some(ParseError::Reencoded { .. } | ParseError::OtherProduct { .. }) => !is_json,
            Some(ParseError::TooLarge { .. }) => continue,
            _ => false,
        };
        let text = String::from_utf8_lossy(data);
        assert_eq!(!refused, is_json, "{reader}: {text}");
    }
    is_json
}
