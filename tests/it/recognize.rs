//! Recognized bodies that are not callbacks of these gateways: other products of the
//! brand, a retired API, and JSON with an additional encoding.

use payhook::b2binpay;
use payhook::citypay::{self, OrderDetails};
use payhook::{
    Disposition, ParseError, Unverified, VerifyError,
    error::{BodyEncoding, FieldError, OtherProduct},
    verified::DEFAULT_BODY_LIMIT,
};
use proptest::prelude::*;
use serde_json::json;

use crate::endpoint::{Client, Recorder, orders, signed_only};
use crate::support::body;

/// The body of `defi_invoice_paid`: from the documentation, with invented values.
const DEFI: &str = r#"{"id": "0d6c0b1e-52f4-4c8e-9a77-1b3f6f1d9e10", "type": "INVOICE_PAID", "createdAt": "2026-04-11T07:33:41.551Z", "data": {"invoiceId": "97005662411680001", "trackingId": "cart-84", "requestedAmount": "100", "paidAmount": "100"}}"#;

/// The body of `v1_bill_as_a_form`.
const V1_FORM: &str = "id=18211&url=https%3A%2F%2Fgw.example%2Fx&address=7f00&created=2020-09-11+14%3A15%3A03&expired=&status=2&tracking_id=1599833999&callback_url=https%3A%2F%2Fshop.example%2Fcb&amount=7000000000000000000&actual_amount=7000000000000000000&pow=18&message=&currency%5Biso%5D=1002&currency%5Balpha%5D=ETH&sign%5Btime%5D=Fri+Oct+02+2020+12%3A00%3A19+GMT%2B0000&sign%5Bhash%5D=%242y%2410%24abcdefghijklmnopqrstuv";

/// The body of `citypay_as_a_form`.
const CITYPAY_FORM: &str = "type=order+callback&action=receive+confirmation&status=CONFIRMED&order_id=90417&order_token=551290417";

fn b2binpay(body: &[u8]) -> ParseError {
    Unverified::<b2binpay::Callback>::parse(body).unwrap_err()
}

fn citypay(body: &[u8]) -> ParseError {
    citypay::Callback::parse(body).unwrap_err()
}

fn other(product: OtherProduct) -> ParseError {
    ParseError::OtherProduct { product }
}

fn encoded_again(encoding: BodyEncoding) -> ParseError {
    ParseError::Reencoded { encoding }
}

#[test]
fn defi_is_another_product() {
    let id = "0d6c0b1e-52f4-4c8e-9a77-1b3f6f1d9e10";
    let of = |kind: &str| json!({"id": id, "type": kind}).to_string();
    let types = [
        "INVOICE_CREATED",
        "INVOICE_DEPOSIT_RECEIVED",
        "INVOICE_DEPOSIT_CONFIRMED",
        "INVOICE_DEPOSIT_BLOCKED",
        "INVOICE_PAID",
        "INVOICE_UNRESOLVED",
        "INVOICE_EXPIRED",
        "INVOICE_CLAIMED",
        "PAYOUT_CREATED",
        "PAYOUT_SENT",
        "PAYOUT_EXECUTED",
        "PAYOUT_CONFIRMED",
        "PAYOUT_FAILED",
        "PAYOUT_CANCELLED",
        "PAYOUT_OF_NEXT_YEAR",
    ];
    let bodies = types.map(of).into_iter().chain([
        DEFI.to_owned(),
        DEFI.to_uppercase()
            .replace("\"ID\"", "\"id\"")
            .replace("\"TYPE\"", "\"type\""),
        json!({"type": "PAYOUT_SENT", "id": id, "data": {}, "meta": {}}).to_string(),
        json!({"type": "PAYOUT_SENT", "id": id, "data": null}).to_string(),
        json!({"type": "PAYOUT_SENT", "id": id, "data": [{"type": "payout"}]}).to_string(),
    ]);
    for body in bodies {
        for error in [b2binpay(body.as_bytes()), citypay(body.as_bytes())] {
            assert_eq!(error, other(OtherProduct::Defi), "{body}");
            assert_eq!(error.http_status(), 422);
        }
    }
    for kind in [
        "INVOICE",
        "INVOICE_",
        "invoice_paid",
        "deposit",
        "INVOICE_PAID 1",
    ] {
        assert_ne!(
            b2binpay(of(kind).as_bytes()),
            other(OtherProduct::Defi),
            "{kind}"
        );
    }
    for id in [
        "",
        "9001",
        "0d6c0b1e-52f4-4c8e-9a77-1b3f6f1d9e1g",
        "0d6c0b1e052f404c8e09a7701b3f6f1d9e10",
    ] {
        let body = json!({"id": id, "type": "INVOICE_PAID"}).to_string();
        assert_ne!(b2binpay(body.as_bytes()), other(OtherProduct::Defi), "{id}");
    }
}

#[test]
fn api_v1_is_retired() {
    let sign = json!({"time": "Fri Oct 02 2020 12:00:19 GMT+0000", "hash": "$2y$10$abc"});
    let multipart = "--x\r\nContent-Disposition: form-data; name=\"sign[time]\"\r\n\r\nFri\r\n\
                     --x\r\nContent-Disposition: form-data; name=\"sign[hash]\"\r\n\r\n$2y\r\n--x--";
    for body in [
        V1_FORM.to_owned(),
        V1_FORM.replace("%5B", "[").replace("%5D", "]"),
        V1_FORM.replace("%5B", "%5b").replace("%5D", "%5d"),
        V1_FORM.replace("&sign%5B", "&s%69gn%5B"),
        format!("{V1_FORM}\n"),
        json!({"id": 18211, "tracking_id": "1599833999", "status": 2, "sign": sign}).to_string(),
        json!({"id": 18211, "sign[time]": "Fri", "sign[hash]": "$2y$10$abc"}).to_string(),
        json!({"id": "18211", "amount": "7", "actual_amount": "7", "pow": 18}).to_string(),
        multipart.to_owned(),
    ] {
        for error in [b2binpay(body.as_bytes()), citypay(body.as_bytes())] {
            assert_eq!(error, other(OtherProduct::V1), "{body}");
            assert_eq!(error.http_status(), 422);
        }
    }
    // Both products sign differently.
    let half = json!({"id": 1, "sign": {"time": "Fri"}}).to_string();
    assert_ne!(b2binpay(half.as_bytes()), other(OtherProduct::V1));
}

/// Each encoding of a genuine body of either gateway.
fn encodings(plain: &str) -> Vec<(BodyEncoding, Vec<u8>)> {
    use BodyEncoding as E;

    let utf16 = |mark: &str, to: fn(u16) -> [u8; 2]| -> Vec<u8> {
        let text = format!("{mark}{plain}");
        text.encode_utf16().flat_map(to).collect()
    };
    let percent: Vec<_> = plain.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let percent = percent.concat();
    let string = json!(plain).to_string();
    vec![
        (E::Backslashes, plain.replace('"', "\\\"").into()),
        (E::Base64, base64(plain.as_bytes(), *b"+/").into()),
        (E::Base64, base64(plain.as_bytes(), *b"-_").into()),
        (
            E::Base64,
            base64(format!("{{\n{}", &plain[1..]).as_bytes(), *b"+/").into(),
        ),
        (
            E::Base64,
            base64(b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00", *b"+/").into(),
        ),
        (E::ByteOrderMark, format!("\u{feff}{plain}").into()),
        (E::FormData, format!("payload={percent}").into()),
        (E::FormData, format!("payload={plain}").into()),
        (E::FormData, percent.to_lowercase().into()),
        (E::FormData, format!("{percent}=").into()),
        (E::FormData, format!("{plain}=").into()),
        (E::FormData, "a[b]=1".into()),
        (E::Gzip, b"\x1f\x8b\x08\x00\x00".to_vec()),
        (
            E::Gzip,
            String::from_utf8_lossy(b"\x1f\x8b\x08\x00\x00")
                .as_bytes()
                .to_vec(),
        ),
        (E::Html, plain.replace('"', "&quot;").into()),
        (E::JsonString, string.clone().into()),
        (
            E::JsonString,
            json!(format!("\n {plain}")).to_string().into(),
        ),
        (E::JsonString, json!(string).to_string().into()),
        (
            E::JsonString,
            json!(base64(plain.as_bytes(), *b"+/")).to_string().into(),
        ),
        (E::JsonString, string[..string.len() / 2].into()),
        (
            E::Multipart,
            format!("--x\r\ncontent-disposition: form-data; name=\"payload\"\r\n\r\n{plain}")
                .into(),
        ),
        (E::Utf16, utf16("", u16::to_le_bytes)),
        (E::Utf16, utf16("", u16::to_be_bytes)),
        (E::Utf16, utf16("\u{feff}", u16::to_le_bytes)),
        (E::Utf16, utf16("\u{feff}", u16::to_be_bytes)),
        (E::Zlib, b"\x78\x9c\x01\x02".to_vec()),
        (E::Zstd, b"\x28\xb5\x2f\xfd\x04".to_vec()),
    ]
}

/// Padded, in lines of 76 characters as in MIME.
fn base64(bytes: &[u8], last: [u8; 2]) -> String {
    let letters: Vec<u8> = (b'A'..=b'Z')
        .chain(b'a'..=b'z')
        .chain(b'0'..=b'9')
        .collect();
    let mut text = String::new();
    for (index, chunk) in bytes.chunks(3).enumerate() {
        if index > 0 && index % 19 == 0 {
            text.push_str("\r\n");
        }
        let at = |index: usize| u32::from(chunk.get(index).copied().unwrap_or_default());
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for digit in 0..4 {
            let value = usize::try_from(bits >> (18 - 6 * digit) & 63).unwrap();
            let letter = *letters.get(value).unwrap_or_else(|| &last[value - 62]);
            text.push(if digit > chunk.len() {
                '='
            } else {
                letter.into()
            });
        }
    }
    text
}

#[test]
fn every_encoding_is_named() {
    for file in [
        "b2binpay-deposit-confirmed.json",
        "citypay-order-confirmed.json",
    ] {
        let plain = String::from_utf8(body(file)).unwrap();
        for (encoding, body) in encodings(plain.trim()) {
            let shown = String::from_utf8_lossy(&body);
            for error in [b2binpay(&body), citypay(&body)] {
                assert_eq!(error, encoded_again(encoding), "{shown:.60}");
                assert_eq!(error.http_status(), 400);
            }
            // If a client does not decompress a response, that is reported as well.
            match OrderDetails::parse(&body) {
                Err(VerifyError::AnswerUnreadable(error)) => {
                    assert_eq!(error, encoded_again(encoding), "{shown:.60}");
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

/// Other bodies keep the error that says where parsing failed.
#[test]
fn other_bodies_are_not_recognized() {
    for body in [
        "",
        " ",
        "{",
        "null",
        "\"text\"",
        "[]",
        "=",
        "=1",
        "hello",
        "a b=1",
        "<p class=\"x\">",
        "example",
        "expected",
        "extraordinary",
        "eyes",
        "--x",
        "{\"data\":1}=x",
        "H4sIexample!",
    ] {
        for error in [b2binpay(body.as_bytes()), citypay(body.as_bytes())] {
            let is_named = matches!(
                error,
                ParseError::Reencoded { .. } | ParseError::OtherProduct { .. }
            );
            assert!(!is_named, "{body}: {error}");
        }
    }
    let long = vec![b'a'; DEFAULT_BODY_LIMIT + 1];
    assert!(matches!(b2binpay(&long), ParseError::TooLarge { .. }));
}

/// The reply and the log line of an endpoint.
#[test]
fn endpoints_report_it() {
    let seen = Recorder::default();
    let b2binpay = signed_only(&seen);
    let client = Client::new(Err("must not be requested"));
    let citypay = orders(&client, &seen);
    for (reply, status, line) in [
        (
            b2binpay.receive_blocking(DEFI.as_bytes(), None),
            422,
            "malformed: unsupported callback of B2BINPAY DeFi",
        ),
        (
            b2binpay.receive_blocking(V1_FORM.as_bytes(), None),
            422,
            "malformed: unsupported callback of the retired B2BINPAY API v1",
        ),
        (
            citypay.receive_blocking(CITYPAY_FORM.as_bytes(), None),
            400,
            "malformed: body was re-encoded: as form data",
        ),
        (
            citypay.receive_blocking(b"\x1f\x8b\x08\x00", None),
            400,
            "malformed: body was re-encoded: compressed with gzip",
        ),
    ] {
        assert_eq!(reply.status(), status);
        assert_eq!(reply.disposition().to_string(), line);
        assert!(matches!(reply.disposition(), Disposition::Malformed(_)));
    }
    assert!(seen.take().is_empty() && client.requests().is_empty());
}

/// The case `time_in_unix_seconds`, and other output of date types. A signature over
/// that text does not change the error.
#[test]
fn a_time_in_another_format_is_recognized() {
    let plain = String::from_utf8(body("b2binpay-deposit-confirmed.json")).unwrap();
    let time = "\"2026-03-02T09:16:02.551870Z\"";
    assert!(plain.contains(time));
    for wire in [
        "\"1785312345\"",
        "1785312345",
        "1785312345.5",
        "\"1785312345123\"",
        "\"2026-03-02 09:16:02\"",
        "\"Fri, 02 Mar 2026 09:16:02 GMT\"",
        "{}",
    ] {
        let error = b2binpay(plain.replace(time, wire).as_bytes());
        let expected = ParseError::Field {
            path: "meta.time".into(),
            reason: FieldError::NotASignedTime,
        };
        assert_eq!(error, expected, "{wire}");
        assert!(error.hint().contains("ISO 8601"), "{}", error.hint());
    }
}

proptest! {
    #[test]
    fn nothing_panics_or_quotes_the_body(
        head in prop::sample::select(vec![
            "", "\"", "{\\\"", "{&", "{&quot;", "eyJ", "H4sI", "--", "a=", "%7B%22", "{\"id\":", "sign[time]=",
        ]),
        tail in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let body = [head.as_bytes(), b"QZQZ", &tail].concat();
        for error in [b2binpay(&body), citypay(&body)] {
            let shown = format!("{error} {error:?} {}", error.hint());
            prop_assert!(!shown.contains("QZQZ"), "{shown}");
        }
    }
}
