//! The exact prose of every error, whose fault it is, and what it answers.

use std::time::Duration;

use payhook::b2binpay::TrackingIds;
use payhook::{
    Error, Fault, ParseError, VerifyError,
    amount::AmountError,
    error::{BodyEncoding, ConfigError, FieldError, OtherProduct},
};

use crate::support::{body, parse};

#[test]
fn keys() {
    for (error, prose) in [
        (
            ConfigError::SurroundingWhitespace,
            "the callback secret begins or ends with white space",
        ),
        (ConfigError::EmptyCustomerId, "the customer id is empty"),
        (ConfigError::EmptyLogin, "the login is empty"),
        (ConfigError::EmptyPassword, "the password is empty"),
        (ConfigError::EmptySecret, "the callback secret is empty"),
    ] {
        assert_eq!(error.to_string(), prose);
        assert_eq!(
            (error.fault(), Error::from(error).http_status()),
            (Fault::Merchant, 500)
        );
        assert!(!error.hint().is_empty());
    }
}

#[test]
fn parsing() {
    let field = |reason| ParseError::Field {
        path: "data.id".into(),
        reason,
    };
    for (error, status, prose) in [
        (
            field(FieldError::Amount(AmountError::NotADecimal)),
            400,
            "`data.id`: expected a decimal number",
        ),
        (
            field(FieldError::Amount(AmountError::TooManyDigits {
                found: 101,
            })),
            400,
            "`data.id`: expected at most 100 digits, found 101",
        ),
        (
            field(FieldError::Amount(AmountError::ExponentOutOfRange)),
            400,
            "`data.id`: expected an exponent between -100 and 100",
        ),
        (
            field(FieldError::ControlCharacter),
            400,
            "`data.id`: expected an id without control characters",
        ),
        (
            field(FieldError::Nul),
            400,
            "`data.id`: expected text without the character U+0000",
        ),
        (
            field(FieldError::DuplicateKey),
            400,
            "`data.id`: the key stands there twice",
        ),
        (
            field(FieldError::Missing),
            400,
            "`data.id`: expected a value, found none",
        ),
        (
            field(FieldError::Negative),
            400,
            "`data.id`: expected an amount that is not negative",
        ),
        (
            field(FieldError::NotABool),
            400,
            "`data.id`: expected true or false",
        ),
        (
            field(FieldError::NotAList),
            400,
            "`data.id`: expected a list",
        ),
        (
            field(FieldError::NotASignedTime),
            400,
            "`data.id`: expected a time in the gateway's form, such as 2026-03-02T09:16:02.551870Z",
        ),
        (
            field(FieldError::NotAStatus),
            400,
            "`data.id`: expected one digit, with `-` in front or not",
        ),
        (
            field(FieldError::NotAWholeNumber),
            400,
            "`data.id`: expected a whole number",
        ),
        (
            field(FieldError::NotAnId),
            400,
            "`data.id`: expected an id: text or a whole number",
        ),
        (
            field(FieldError::NotAnObject),
            400,
            "`data.id`: expected an object",
        ),
        (
            field(FieldError::NotDecimal),
            400,
            "`data.id`: expected digits with at most a point among them",
        ),
        (field(FieldError::NotText), 400, "`data.id`: expected text"),
        (
            field(FieldError::OutOfRange { min: 0, max: 100 }),
            400,
            "`data.id`: expected a number between 0 and 100",
        ),
        (
            field(FieldError::Time(
                "".parse::<payhook::Timestamp>().unwrap_err(),
            )),
            400,
            "`data.id`: expected a time such as 2026-03-02T09:16:02Z",
        ),
        (
            field(FieldError::TooManyEntries),
            400,
            "`data.id`: expected at most 1000 entries",
        ),
        (
            ParseError::NotJson { line: 1, column: 7 },
            400,
            "the body is not one JSON document: it breaks at line 1, column 7",
        ),
        (
            ParseError::NotUtf8 { offset: 3 },
            400,
            "the body is not UTF-8 from byte 3 on",
        ),
        (
            ParseError::OtherProduct {
                product: OtherProduct::Defi,
            },
            422,
            "the body is a callback of B2BINPAY DeFi, another product",
        ),
        (
            ParseError::OtherProduct {
                product: OtherProduct::V1,
            },
            422,
            "the body is a callback of the retired API v1 of B2BINPAY",
        ),
        (
            ParseError::Reencoded {
                encoding: BodyEncoding::FormData,
            },
            400,
            "the body was re-encoded: as form data",
        ),
        (
            ParseError::OverLimit { limit: 65_536 },
            413,
            "the body goes on beyond the limit of 65536 bytes",
        ),
        (
            ParseError::TooLarge {
                length: 9,
                limit: 8,
            },
            413,
            "the body has 9 bytes, the limit is 8",
        ),
        (
            ParseError::Unsupported { path: "type" },
            422,
            "`type` names no kind of callback that is known here",
        ),
    ] {
        assert_eq!(error.to_string(), prose);
        assert_eq!(
            (error.fault(), error.http_status()),
            (Fault::Sender, status),
            "{prose}"
        );
        assert!(!error.hint().is_empty());
    }
}

#[test]
fn verifying() {
    use Fault::{Merchant, Sender};

    let unsigned = parse(&body("b2binpay-refused-unsigned.json"));
    for (error, fault, status, prose) in [
        (
            VerifyError::AmbiguousTransfer,
            Sender,
            401,
            "several transfers could be the one this callback is about",
        ),
        (
            VerifyError::AnswerMismatch { path: "data.id" },
            Sender,
            401,
            "`data.id` of the gateway's answer is not what the callback says",
        ),
        (
            VerifyError::AnswerRefused { code: Some(404) },
            Merchant,
            503,
            "the gateway answered the lookup with an error (404)",
        ),
        (
            VerifyError::AnswerUnreadable(ParseError::NotUtf8 { offset: 0 }),
            Merchant,
            503,
            "the gateway's answer can't be read",
        ),
        (
            VerifyError::MalformedSignature,
            Sender,
            401,
            "the signature is not 64 lower-case hexadecimal digits",
        ),
        (
            VerifyError::MissingSignature,
            Sender,
            401,
            "the body has a transfer and no signature",
        ),
        (
            VerifyError::MissingToken,
            Sender,
            401,
            "the callback has no token to look it up by",
        ),
        (
            VerifyError::MissingTransfer,
            Sender,
            401,
            "the transfer that `data.relationships.transfer` names is not in the body",
        ),
        (
            VerifyError::NoEvidence,
            Merchant,
            401,
            "nothing is configured that could prove this callback",
        ),
        (
            VerifyError::NotIssued,
            Sender,
            401,
            "the token is none that the merchant issued",
        ),
        (
            VerifyError::OtherCustomer,
            Merchant,
            401,
            "the order belongs to another customer id than the configured one",
        ),
        (
            VerifyError::SignatureMismatch { keys: 2 },
            Sender,
            401,
            "none of 2 configured key(s) makes this signature",
        ),
        (
            VerifyError::SourceAddress,
            Sender,
            401,
            "the sender's address is in none of the configured ranges",
        ),
        (
            VerifyError::Stale {
                distance: Duration::from_secs(90),
                limit: Duration::from_secs(60),
            },
            Merchant,
            401,
            "the callback is 90 s away from now, the limit is 60 s",
        ),
        (
            VerifyError::TrackingId {
                declared: TrackingIds::Prefixed,
                fitting: TrackingIds::UUID,
            },
            Merchant,
            401,
            "tracking id does not fit the declared `TrackingIds::Prefixed`; `TrackingIds::FixedLength(36)` would accept it",
        ),
        (
            VerifyError::TrackingId {
                declared: TrackingIds::Unused,
                fitting: TrackingIds::Prefixed,
            },
            Merchant,
            401,
            "tracking id does not fit the declared `TrackingIds::Unused`; `TrackingIds::Prefixed` would accept it",
        ),
        (
            VerifyError::UnknownPeer,
            Merchant,
            401,
            "the sender's address was not handed over",
        ),
        (
            VerifyError::Unsigned(Box::new(unsigned)),
            Sender,
            401,
            "the callback is not signed",
        ),
    ] {
        assert_eq!(error.to_string(), prose);
        assert_eq!(
            (error.fault(), error.http_status()),
            (fault, status),
            "{prose}"
        );
        assert!(!error.hint().is_empty());
        assert_eq!(Error::from(error).to_string(), prose);
    }
    assert_eq!(
        "1e29"
            .parse::<payhook::Amount>()
            .unwrap()
            .to_decimal()
            .unwrap_err()
            .to_string(),
        "the amount does not fit the 96 bits and 28 fraction digits of a `Decimal`"
    );
}

/// One forged body is the sender's fault; a wrong secret refuses them all.
#[test]
fn a_wrong_secret_is_hinted_at() {
    assert_eq!(
        VerifyError::SignatureMismatch { keys: 1 }.hint(),
        "if every callback fails, the configured secret is wrong: API v3 signs with the callback \
         secret of the web interface, a third secret beside client_id and client_secret; v2 with \
         login and password; sandbox and production differ"
    );
}

/// An error of the source is told once: by the source.
#[test]
fn sources() {
    use std::error::Error as _;

    let error = VerifyError::AnswerUnreadable(ParseError::NotUtf8 { offset: 0 });
    assert_eq!(
        error.source().unwrap().to_string(),
        "the body is not UTF-8 from byte 0 on"
    );
    assert!(VerifyError::NotIssued.source().is_none());
}

#[test]
fn any_error_says_what_its_own_kind_says() {
    let of_parsing = ParseError::Unsupported { path: "type" };
    let expected = (Fault::Sender, 422, of_parsing.hint());
    let any = Error::from(of_parsing);
    assert_eq!((any.fault(), any.http_status(), any.hint()), expected);

    let expected = (
        Fault::Merchant,
        500,
        ConfigError::SurroundingWhitespace.hint(),
    );
    let any = Error::from(ConfigError::SurroundingWhitespace);
    assert_eq!((any.fault(), any.http_status(), any.hint()), expected);

    let of_proof = VerifyError::MissingTransfer;
    let expected = (of_proof.fault(), of_proof.http_status(), of_proof.hint());
    let any = Error::from(of_proof);
    assert_eq!((any.fault(), any.http_status(), any.hint()), expected);
}

/// Only where the field that tells the gateways apart is missing.
#[test]
fn another_gateways_body_is_hinted_at() {
    for (path, reason, hinted) in [
        ("data", FieldError::Missing, true),
        ("type", FieldError::Missing, true),
        ("data.id", FieldError::Missing, false),
        ("data", FieldError::DuplicateKey, false),
    ] {
        let error = ParseError::Field {
            path: path.into(),
            reason,
        };
        let hint = error.hint();
        assert_eq!(hint.contains("the other gateway's"), hinted, "{path}");
    }
}
