//! The exact text of every error, who has to act on it, and its HTTP status.

use std::time::Duration;

use payhook::b2binpay::TrackingIds;
use payhook::{
    Error, Fault, ParseError, VerifyError,
    amount::AmountError,
    error::{BodyEncoding, ConfigError, FieldError, OtherProduct},
};

#[test]
fn keys() {
    for (error, prose) in [
        (
            ConfigError::SurroundingWhitespace,
            "callback secret has leading or trailing whitespace",
        ),
        (ConfigError::EmptyCustomerId, "customer id is empty"),
        (ConfigError::EmptyLogin, "login is empty"),
        (ConfigError::EmptyPassword, "password is empty"),
        (ConfigError::EmptySecret, "callback secret is empty"),
        (
            ConfigError::TrackingIds,
            "unknown form of tracking ids: expected prefixed, uuid, length=N, unused or unrestricted",
        ),
    ] {
        assert_eq!(error.to_string(), prose);
        assert!(!error.hint().is_empty());
        let error = Error::from(error);
        assert_eq!((error.fault(), error.http_status()), (Fault::Merchant, 500));
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
            "`data.id`: expected a string without the character U+0000",
        ),
        (
            field(FieldError::DuplicateKey),
            400,
            "`data.id`: duplicate key",
        ),
        (
            field(FieldError::Missing),
            400,
            "`data.id`: missing required field",
        ),
        (
            field(FieldError::Negative),
            400,
            "`data.id`: expected a non-negative amount",
        ),
        (
            field(FieldError::NotABool),
            400,
            "`data.id`: expected true or false",
        ),
        (
            field(FieldError::NotAList),
            400,
            "`data.id`: expected an array",
        ),
        (
            field(FieldError::NotASignedTime),
            400,
            "`data.id`: expected a timestamp with seconds and an offset, such as \
             2026-03-02T09:16:02.551870Z",
        ),
        (
            field(FieldError::NotAStatus),
            400,
            "`data.id`: expected a single digit, optionally negative",
        ),
        (
            field(FieldError::NotAWholeNumber),
            400,
            "`data.id`: expected an integer",
        ),
        (
            field(FieldError::NotAnId),
            400,
            "`data.id`: expected an id: a string or an integer",
        ),
        (
            field(FieldError::NotAnObject),
            400,
            "`data.id`: expected an object",
        ),
        (
            field(FieldError::NotDecimal),
            400,
            "`data.id`: expected a plain decimal number",
        ),
        (
            field(FieldError::NotText),
            400,
            "`data.id`: expected a string",
        ),
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
            "`data.id`: expected a timestamp such as 2026-03-02T09:16:02Z",
        ),
        (
            field(FieldError::TooManyEntries),
            400,
            "`data.id`: expected at most 1000 entries",
        ),
        (
            ParseError::NotJson { line: 1, column: 7 },
            400,
            "invalid JSON at line 1, column 7",
        ),
        (
            ParseError::NotUtf8 { offset: 3 },
            400,
            "invalid UTF-8 at byte 3",
        ),
        (
            ParseError::OtherProduct {
                product: OtherProduct::Defi,
            },
            422,
            "unsupported callback of B2BINPAY DeFi",
        ),
        (
            ParseError::OtherProduct {
                product: OtherProduct::V1,
            },
            422,
            "unsupported callback of the retired B2BINPAY API v1",
        ),
        (
            ParseError::Reencoded {
                encoding: BodyEncoding::FormData,
            },
            400,
            "body was re-encoded: as form data",
        ),
        (
            ParseError::OverLimit { limit: 65_536 },
            413,
            "body exceeds the limit of 65536 bytes",
        ),
        (
            ParseError::TooLarge {
                length: 9,
                limit: 8,
            },
            413,
            "body is 9 bytes long, the limit is 8",
        ),
        (
            ParseError::Unsupported { path: "type" },
            422,
            "unsupported callback type in `type`",
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

    for (error, fault, status, prose) in [
        (
            VerifyError::AmbiguousTransfer,
            Sender,
            401,
            "several transfers match this callback",
        ),
        (
            VerifyError::AnswerMismatch { path: "data.id" },
            Sender,
            401,
            "`data.id` in the gateway's response does not match the callback",
        ),
        (
            VerifyError::AnswerRefused { code: Some(404) },
            Merchant,
            503,
            "gateway returned an error for the lookup (404)",
        ),
        (
            VerifyError::AnswerUnreadable(ParseError::NotUtf8 { offset: 0 }),
            Merchant,
            503,
            "cannot parse the gateway's response",
        ),
        (
            VerifyError::MalformedSignature,
            Sender,
            401,
            "signature is not 64 lowercase hexadecimal digits",
        ),
        (
            VerifyError::MissingSignature,
            Sender,
            401,
            "body has a transfer but no signature",
        ),
        (
            VerifyError::MissingToken,
            Sender,
            401,
            "callback has no token",
        ),
        (
            VerifyError::MissingTransfer,
            Sender,
            401,
            "`data.relationships.transfer` refers to a transfer that is not in the body",
        ),
        (
            VerifyError::NoEvidence,
            Merchant,
            401,
            "no verification method is configured for this callback",
        ),
        (VerifyError::NotIssued, Sender, 401, "unknown token"),
        (
            VerifyError::OtherCustomer,
            Merchant,
            401,
            "order belongs to a different customer id",
        ),
        (
            VerifyError::RecordMismatch,
            Sender,
            401,
            "signed message does not consist of the expected tracking id and amount, with all the fraction digits that the gateway writes, or several records match",
        ),
        (
            VerifyError::SignatureMismatch { keys: 2 },
            Sender,
            401,
            "signature does not match any configured key (2 tried)",
        ),
        (
            VerifyError::SourceAddress,
            Sender,
            401,
            "source address is not in an allowed range",
        ),
        (
            VerifyError::Stale {
                distance: Duration::from_secs(90),
                limit: Duration::from_secs(60),
            },
            Merchant,
            401,
            "timestamp differs from now by 90 s (limit 60 s)",
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
            "source address was not provided",
        ),
        (VerifyError::Unsigned, Sender, 401, "callback is not signed"),
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
}

/// One forged body is the sender's fault; a wrong secret refuses all bodies.
#[test]
fn a_wrong_secret_has_a_hint() {
    assert_eq!(
        VerifyError::SignatureMismatch { keys: 1 }.hint(),
        "if every callback fails, the configured secret is wrong, or the body is parsed and serialized again before payhook sees it: API v3 signs with the callback \
         secret shown in the dashboard (neither client_id nor client_secret), API v2 with login \
         and password; sandbox and production have different secrets"
    );
}

/// The error of a source is displayed once: by the source itself.
#[test]
fn sources() {
    use std::error::Error as _;

    let error = VerifyError::AnswerUnreadable(ParseError::NotUtf8 { offset: 0 });
    assert_eq!(
        error.source().unwrap().to_string(),
        "invalid UTF-8 at byte 0"
    );
    assert!(VerifyError::NotIssued.source().is_none());
}

#[test]
fn the_common_error_displays_as_its_variant() {
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

/// Only if the field that distinguishes the gateways is missing.
#[test]
fn a_body_of_another_gateway_has_a_hint() {
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
        assert_eq!(hint.contains("the other gateway"), hinted, "{path}");
    }
}
