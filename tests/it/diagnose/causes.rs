//! A table of created causes with the finding that is expected first.

use payhook::VerifyError;
use payhook::b2binpay::{Key, TrackingIds, Verifier};
use payhook::{
    ParseError,
    diagnose::{Cause, Diagnose},
    error::FieldError,
    verified::SignatureScheme,
};
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use serde_json::{Value, json};

use super::*;
use crate::support::{b2binpay_cases, body, parse, without_transfer};

/// A created cause.
pub(super) struct Made {
    pub(super) name: &'static str,
    pub(super) diagnose: Diagnose,
    pub(super) body: Vec<u8>,
    pub(super) first: Cause,
    path: Option<&'static str>,
    certain: bool,
}

impl Made {
    fn at(self, path: &'static str) -> Self {
        Self {
            path: Some(path),
            ..self
        }
    }

    fn likely(self) -> Self {
        Self {
            certain: false,
            ..self
        }
    }
}

#[allow(
    clippy::needless_pass_by_value,
    reason = "the table reads better without references"
)]
fn made(name: &'static str, diagnose: Diagnose, body: impl ToString, first: Cause) -> Made {
    bytes(name, diagnose, body.to_string().as_bytes(), first)
}

fn bytes(name: &'static str, diagnose: Diagnose, body: &[u8], first: Cause) -> Made {
    Made {
        name,
        diagnose,
        body: body.to_vec(),
        first,
        path: None,
        certain: true,
    }
}

pub(super) fn all() -> Vec<Made> {
    let mut all = keys();
    all.extend(values());
    all.extend(shapes());
    all.extend(signatures());
    all.extend(bodies());
    all.extend(refusals());
    all
}

fn keys() -> Vec<Made> {
    let v2 = |login: &str, password: &str| prefixed().v2_credentials("v2", login, password);
    let digest = |text: &str| sha256(text);
    let both = || keyed(&digest(&format!("{LOGIN}{PASSWORD}")));
    let scheme = |fits, part| Cause::WrongScheme { fits, part };
    let to_v2 = |part| scheme(SignatureScheme::LoginPassword, part);
    let to_v3 = |part| scheme(SignatureScheme::CallbackSecret, part);
    let joined = |how| Cause::LoginPasswordJoined { how };
    let encoded = |how| Cause::SecretEncoded { how };
    let home_made = Cause::NonstandardMessage {
        how: "with the hexadecimal SHA-256 string as the key",
    };
    let with_edge = |edge: &str| secret(&edge.replace('s', SECRET));
    let percent = percent_encode(SECRET.as_bytes(), NON_ALPHANUMERIC).to_string();
    vec![
        made(
            "trailing space",
            with_edge("s "),
            genuine(),
            Cause::SecretWhitespace,
        ),
        made(
            "newline",
            with_edge("s\n"),
            genuine(),
            Cause::SecretWhitespace,
        ),
        made(
            "line of Windows",
            with_edge("s\r\n"),
            genuine(),
            Cause::SecretWhitespace,
        ),
        made(
            "byte order mark",
            with_edge("\u{feff}s"),
            genuine(),
            Cause::SecretWhitespace,
        ),
        made("quoted", with_edge("\"s\""), genuine(), Cause::SecretQuoted),
        made(
            "single quotes",
            with_edge("'s'"),
            genuine(),
            Cause::SecretQuoted,
        ),
        made(
            "quoted line",
            with_edge("\"s\"\n"),
            genuine(),
            Cause::SecretWhitespace,
        ),
        made(
            "hex secret",
            secret(&hex(SECRET.as_bytes())),
            genuine(),
            encoded("hexadecimal"),
        ),
        made(
            "Base64 secret",
            secret(&base64(SECRET.as_bytes())),
            genuine(),
            encoded("Base64"),
        ),
        made(
            "percent secret",
            secret(&percent),
            genuine(),
            encoded("percent-encoded"),
        ),
        made("empty secret", secret(" \n"), genuine(), Cause::SecretEmpty).likely(),
        made("empty login", v2(" ", PASSWORD), both(), Cause::SecretEmpty).likely(),
        made("empty password", v2(LOGIN, ""), both(), Cause::SecretEmpty).likely(),
        made(
            "swapped",
            v2(PASSWORD, LOGIN),
            both(),
            Cause::LoginPasswordSwapped,
        ),
        made(
            "login with a space",
            v2(&format!("{LOGIN} "), PASSWORD),
            both(),
            Cause::SecretWhitespace,
        ),
        made(
            "v2 text for v3",
            secret(&format!("{LOGIN}{PASSWORD}")),
            both(),
            to_v2("the string"),
        ),
        made(
            "v2 pair for v3",
            secret(&format!("{LOGIN}:{PASSWORD}")),
            both(),
            to_v2("`login:password` without the colon"),
        ),
        made(
            "v3 for v2",
            v2(LOGIN, SECRET),
            genuine(),
            to_v3("the password"),
        ),
        made(
            "v3 in the login",
            v2(SECRET, PASSWORD),
            genuine(),
            to_v3("the login"),
        ),
        made(
            "the two as one string",
            v2(LOGIN, PASSWORD),
            keyed(format!("{LOGIN}{PASSWORD}").as_bytes()),
            to_v3("the two as one string"),
        ),
        made(
            "the two with a colon as one text",
            v2(LOGIN, PASSWORD),
            keyed(format!("{LOGIN}:{PASSWORD}").as_bytes()),
            to_v3("`login:password` as one string"),
        ),
        made(
            "digest with a colon",
            v2(LOGIN, PASSWORD),
            keyed(&digest(&format!("{LOGIN}:{PASSWORD}"))),
            joined("a colon between them"),
        ),
        made(
            "digest of the password",
            v2(LOGIN, PASSWORD),
            keyed(&digest(PASSWORD)),
            joined("the password alone"),
        ),
        made(
            "digest of the login",
            v2(LOGIN, PASSWORD),
            keyed(&digest(LOGIN)),
            joined("the login alone"),
        ),
        made(
            "digest as hex",
            secret(&hex(&digest(&format!("{LOGIN}{PASSWORD}")))),
            both(),
            Cause::DigestAsHex,
        ),
        made(
            "digest as upper-case hex",
            secret(&hex(&digest(&format!("{LOGIN}{PASSWORD}"))).to_uppercase()),
            both(),
            Cause::DigestAsHex,
        ),
        made(
            "signed with the digest as hex",
            v2(LOGIN, PASSWORD),
            keyed(hex(&digest(&format!("{LOGIN}{PASSWORD}"))).as_bytes()),
            home_made.clone(),
        ),
        made(
            "signed with the digest as upper-case hex",
            v2(LOGIN, PASSWORD),
            keyed(
                hex(&digest(&format!("{LOGIN}{PASSWORD}")))
                    .to_uppercase()
                    .as_bytes(),
            ),
            home_made,
        ),
        made(
            "foreign",
            secret("cbs_of_the_sandbox"),
            genuine(),
            Cause::UnknownKey,
        )
        .likely(),
        made(
            "the API's own pair",
            prefixed().v2_credentials("api", "cid_77120", "csec_Hh2k9"),
            genuine(),
            Cause::ApiCredentials,
        )
        .likely(),
        made("no key", prefixed(), genuine(), Cause::NoCandidate),
        made(
            "the edge is not all",
            secret("cbs_of_the_sandbox "),
            genuine(),
            Cause::SecretWhitespace,
        )
        .likely(),
    ]
}

fn values() -> Vec<Made> {
    let amount = |found: Value, signed: &str| {
        let cause = Cause::Amount {
            signed: signed.into(),
        };
        made("amount", right(), repriced(&found, signed), cause).at("included[1].attributes.amount")
    };
    let id = |found: Value, signed: &str| {
        let cause = Cause::TrackingId {
            signed: signed.into(),
        };
        let any = Diagnose::new(TrackingIds::Unrestricted).secret("production", SECRET);
        made("tracking id", any, renamed(&found, signed), cause).at("data.attributes.tracking_id")
    };
    let time = |found: &str, signed: &str| {
        let cause = Cause::Time {
            signed: signed.into(),
        };
        made("time", right(), retimed(found, signed), cause).at("meta.time")
    };
    let mut reserialized = repriced(&json!("0.412"), AMOUNT);
    reserialized["meta"]["time"] = json!("2026-03-02 09:16:02.551870+00:00");
    // A number as text in a body: `Value` would round it.
    let raw_number = |number: &str| {
        repriced(&json!("AMOUNT"), AMOUNT)
            .to_string()
            .replace("\"AMOUNT\"", number)
    };
    let exponent = Cause::Amount {
        signed: AMOUNT.into(),
    };
    vec![
        amount(json!("0.412"), AMOUNT),
        amount(json!(AMOUNT), "0.412"),
        amount(json!("100.0"), "100.000000000000000000"),
        amount(json!("100"), "100.00000000"),
        amount(json!(100), "100.000000"),
        amount(json!("100.00"), "100.0"),
        amount(json!("100.00"), "100"),
        amount(json!("5"), "5.00"),
        amount(json!("1e-8"), "0.000000010000000000"),
        amount(json!("0.000000010000000000"), "1e-8"),
        amount(json!("0.000000010000000000"), "1e-08"),
        amount(json!("0.000010000000000000"), "1e-5"),
        amount(json!("6.527e-05"), "0.000065270000000000"),
        amount(json!("0,412"), AMOUNT),
        amount(json!("1,000.50"), "1000.50"),
        amount(json!(".412"), AMOUNT),
        made("a number", right(), raw_number("0.412"), exponent.clone())
            .at("included[1].attributes.amount"),
        made("an exponent", right(), raw_number("4.12e-1"), exponent)
            .at("included[1].attributes.amount"),
        id(Value::Null, "null"),
        id(Value::Null, "None"),
        id(json!("None"), ""),
        id(json!("null"), ""),
        id(json!("17.0"), "17"),
        id(json!("17"), "17.0"),
        id(json!(17), "0017"),
        id(json!("order-9001 "), "order-9001"),
        id(json!("order-9001"), "order-9001 "),
        id(json!("Order-9001"), "order-9001"),
        id(json!("order-9001"), "ORDER-9001"),
        id(json!("caf\\u00e9"), "café"),
        id(json!("café"), "caf\\u00e9"),
        id(json!("café \"9\""), "caf\\u00e9 \\\"9\\\""),
        id(json!("a/b"), "a\\/b"),
        id(json!("Tom &amp; Jerry"), "Tom & Jerry"),
        id(json!("Tom & Jerry"), "Tom &amp; Jerry"),
        id(json!("cafÃ©"), "café"),
        id(json!("order%209001"), "order 9001"),
        id(json!("order+9001"), "order 9001"),
        // Cut to milliseconds, as by JavaScript's `Date`.
        time("2026-03-02T09:16:02.551Z", TIME),
        time(
            "2026-03-02T09:16:02.551+00:00",
            "2026-03-02T09:16:02.551001+00:00",
        ),
        time("2026-03-02T09:16:02.551870+00:00", TIME),
        time(TIME, "2026-03-02T09:16:02.551870+00:00"),
        time("2026-03-02 09:16:02.551870", TIME),
        time("2026-03-02 09:16:02.551870Z", TIME),
        time("2026-03-02T09:16:02.551870", TIME),
        time("2026-03-02T12:16:02.551870+03:00", TIME),
        time("2026-03-02T09:16:02Z", "2026-03-02T09:16:02.000000Z"),
        time("2026-03-02T09:16:02.000000Z", "2026-03-02T09:16:02Z"),
        time("2026-03-02T09:16:02.550000Z", "2026-03-02T09:16:02.550Z"),
        time("2026-03-02T09:16:02.550000Z", "2026-03-02T09:16:02.55Z"),
        time(TIME, "2026-03-02 09:16:02.551870"),
        made(
            "several values",
            right(),
            signed_as_genuine(reserialized),
            Cause::BodyReserialized,
        ),
        made(
            "a number that lost digits",
            right(),
            raw_number("0.41"),
            Cause::BodyReserialized,
        )
        .at("included[1].attributes.amount")
        .likely(),
        made(
            "lost characters",
            right(),
            renamed(&json!("caf\u{fffd}"), "café"),
            Cause::BodyReencoded {
                how: "characters were lost",
            },
        )
        .at("data.attributes.tracking_id")
        .likely(),
    ]
}

fn signed_as_genuine(body: Value) -> Value {
    signed(body, &message(AMOUNT, "order-9001", TIME))
}

/// A second transfer with the signed values.
fn with_two() -> Value {
    let mut body = genuine();
    let mut other = body["included"][1].clone();
    body["included"][1]["attributes"]["amount"] = json!("9.000000000000000000");
    other["id"] = json!("55022");
    body["included"].as_array_mut().unwrap().push(other);
    body
}

fn shapes() -> Vec<Made> {
    let other = || Cause::OtherTransfer { id: "55022".into() };
    let status = |signed: &str| Cause::OtherStatus {
        signed: signed.into(),
    };
    let mut tampered = genuine();
    tampered["included"][1]["attributes"]["status"] = json!(1);
    let canceled = without_transfer("deposit", "order-9001", 3);
    let canceled = signed(canceled, &format!("4order-9001{TIME}"));
    let pasted = signed(deposit(), &format!("order-9001{TIME}"));
    let pasted_deposit = signed(deposit(), &format!("2order-9001{TIME}"));
    let payout = || {
        signed(
            without_transfer("payout", "order-9001", 3),
            &format!("3order-9001{TIME}"),
        )
    };
    let any = Diagnose::new(TrackingIds::Unrestricted).secret("production", SECRET);
    vec![
        made("other transfer", right(), with_two(), other()).at("included[2]"),
        made("other status", right(), tampered, status("2")).at("included[1].attributes.status"),
        made("other deposit status", right(), canceled, status("4")).at("data.attributes.status"),
        made("pasted transfer", right(), pasted, Cause::NoTransferSigned),
        made(
            "pasted into a deposit",
            right(),
            pasted_deposit,
            Cause::NoTransferSigned,
        ),
        made("payout's status", any, payout(), Cause::PayoutStatusSigned),
        made(
            "amount changed",
            right(),
            repriced(&json!("9.4120"), AMOUNT),
            Cause::ContentChanged,
        )
        .at("included[1].attributes.amount")
        .likely(),
    ]
}

fn signatures() -> Vec<Made> {
    let form = |how| Cause::SignatureForm { how };
    let home_made = |how| Cause::NonstandardMessage { how };
    let joined = |separator: &str| {
        let text = ["2", AMOUNT, "order-9001", TIME].join(separator);
        signed(deposit(), &text)
    };
    let whole = |unsigned: &str, place: &str| {
        let sign = sign(SECRET, unsigned);
        let meta = place.replace("SIGN", &sign);
        unsigned.replace(r#""sign":"""#, &meta).replace(
            &format!(r#""meta":{{"time":"{TIME}"}}"#),
            &format!(r#""meta":{{{meta}}}"#),
        )
    };
    let unsigned = deposit().to_string();
    let mut empty = deposit();
    empty["meta"]["sign"] = json!("");
    let bare = mac(
        SECRET.as_bytes(),
        message(AMOUNT, "order-9001", TIME).as_bytes(),
    );
    let cut = |digits: usize| {
        made(
            "cut",
            right(),
            resigned(|sign| sign[..digits].to_owned()),
            Cause::SignatureTruncated { digits },
        )
        .at("meta.sign")
    };
    vec![
        made(
            "upper case",
            right(),
            resigned(str::to_uppercase),
            Cause::SignatureUpperCase,
        )
        .at("meta.sign"),
        cut(63),
        cut(40),
        cut(32),
        made(
            "too short to determine",
            right(),
            resigned(|sign| sign[..31].to_owned()),
            Cause::Refused(VerifyError::MalformedSignature),
        )
        .at("meta.sign"),
        made(
            "a prefix",
            right(),
            resigned(|sign| format!("sha256={sign}")),
            form("prefixed with `sha256=`"),
        )
        .at("meta.sign"),
        made(
            "0x",
            right(),
            resigned(|sign| format!("0x{sign}")),
            form("prefixed with `0x`"),
        )
        .at("meta.sign"),
        made(
            "spaces",
            right(),
            resigned(|sign| format!("{sign}\n")),
            form("surrounded by whitespace"),
        )
        .at("meta.sign"),
        made(
            "Base64",
            right(),
            resigned(|_| base64(&bare)),
            form("in Base64"),
        )
        .at("meta.sign"),
        made(
            "no signature at all",
            right(),
            resigned(|_| "yes".to_owned()),
            Cause::Refused(VerifyError::MalformedSignature),
        )
        .at("meta.sign"),
        made(
            "colons",
            right(),
            joined(":"),
            home_made(r#"with ":" between the parts"#),
        ),
        made(
            "bars",
            right(),
            joined("|"),
            home_made(r#"with "|" between the parts"#),
        ),
        made(
            "commas",
            right(),
            joined(","),
            home_made(r#"with "," between the parts"#),
        ),
        made(
            "semicolons",
            right(),
            joined(";"),
            home_made(r#"with ";" between the parts"#),
        ),
        made(
            "points",
            right(),
            joined("."),
            home_made(r#"with "." between the parts"#),
        ),
        made(
            "hyphens",
            right(),
            joined("-"),
            home_made(r#"with "-" between the parts"#),
        ),
        made(
            "underscores",
            right(),
            joined("_"),
            home_made(r#"with "_" between the parts"#),
        ),
        made(
            "ampersands",
            right(),
            joined("&"),
            home_made(r#"with "&" between the parts"#),
        ),
        made(
            "spaces between",
            right(),
            joined(" "),
            home_made("with a space between the parts"),
        ),
        made(
            "lines",
            right(),
            joined("\n"),
            home_made("with a newline between the parts"),
        ),
        made(
            "a last newline",
            right(),
            signed(deposit(), &(message(AMOUNT, "order-9001", TIME) + "\n")),
            home_made("with a newline at the end"),
        ),
        made(
            "whole body, no signature yet",
            right(),
            whole(&unsigned, &format!(r#""time":"{TIME}","sign":"SIGN""#)),
            home_made("over the body as a whole"),
        ),
        made(
            "whole body, signature in front",
            right(),
            whole(&unsigned, &format!(r#""sign":"SIGN","time":"{TIME}""#)),
            home_made("over the body as a whole"),
        ),
        made(
            "whole body, empty signature",
            right(),
            whole(&empty.to_string(), r#""sign":"SIGN""#),
            home_made("over the body as a whole"),
        ),
    ]
}

fn bodies() -> Vec<Made> {
    let how = |how| Cause::BodyReencoded { how };
    let genuine = genuine().to_string();
    let accented = renamed(&json!("café"), "café").to_string();
    let latin1: Vec<u8> = accented.chars().map(|c| u8::try_from(c).unwrap()).collect();
    let utf16 = |mark: &str, to: fn(u16) -> [u8; 2]| -> Vec<u8> {
        mark.chars()
            .chain(genuine.chars())
            .flat_map(|c| to(u16::try_from(u32::from(c)).unwrap()))
            .collect()
    };
    let form = percent_encode(genuine.as_bytes(), NON_ALPHANUMERIC);
    let html = genuine.replace('&', "&amp;").replace('"', "&quot;");
    let slashes = genuine.replace('"', "\\\"");
    let text = json!(genuine).to_string();
    let cut = &genuine[..genuine.len() / 2];
    let unreadable = |path: &str, reason| {
        Cause::BodyMalformed(ParseError::Field {
            path: path.into(),
            reason,
        })
    };
    let mut twice = genuine.clone();
    twice.insert_str(1, r#""meta":{},"#);
    let large = " ".repeat(payhook::verified::DEFAULT_BODY_LIMIT);
    let too_large = ParseError::TooLarge {
        length: large.len() + genuine.len(),
        limit: payhook::verified::DEFAULT_BODY_LIMIT,
    };
    vec![
        made(
            "byte order mark",
            right(),
            format!("\u{feff}{genuine}"),
            how("with a byte order mark at the start"),
        ),
        made("JSON in JSON", right(), &text, how("as a JSON string")),
        made(
            "JSON in JSON in JSON",
            right(),
            json!(text),
            how("as a JSON string"),
        ),
        made(
            "backslashes",
            right(),
            &slashes,
            how("with a backslash before every quote"),
        ),
        made(
            "form",
            right(),
            format!("payload={form}&x=1"),
            how("as form data"),
        ),
        made(
            "form without a name",
            right(),
            format!("{form}="),
            how("as form data"),
        ),
        made("HTML", right(), &html, how("HTML-escaped")),
        made(
            "Base64",
            right(),
            base64(genuine.as_bytes()),
            how("in Base64"),
        ),
        bytes("Latin-1", right(), &latin1, how("in Latin-1")),
        bytes(
            "UTF-16, little-endian",
            right(),
            &utf16("\u{feff}", u16::to_le_bytes),
            how("as UTF-16"),
        ),
        bytes(
            "UTF-16, little-endian, unmarked",
            right(),
            &utf16("", u16::to_le_bytes),
            how("as UTF-16"),
        ),
        bytes(
            "UTF-16, big-endian",
            right(),
            &utf16("\u{feff}", u16::to_be_bytes),
            how("as UTF-16"),
        ),
        bytes(
            "UTF-16, big-endian, unmarked",
            right(),
            &utf16("", u16::to_be_bytes),
            how("as UTF-16"),
        ),
        bytes(
            "gzip",
            right(),
            b"\x1f\x8b\x08\x00\x00",
            how("compressed with gzip"),
        ),
        made("cut", right(), cut, Cause::BodyCutShort),
        made("empty", right(), "", Cause::BodyEmpty),
        made("whitespace only", right(), " \n", Cause::BodyEmpty),
        made(
            "a form of its own",
            right(),
            "amount=1&status=2",
            how("as form data"),
        ),
        made(
            "no JSON",
            right(),
            "status: 2",
            Cause::BodyMalformed(ParseError::NotJson { line: 1, column: 1 }),
        ),
        made(
            "too large",
            right(),
            large + &genuine,
            Cause::BodyMalformed(too_large),
        ),
        made(
            "a key twice",
            right(),
            &twice,
            unreadable("meta", FieldError::DuplicateKey),
        )
        .at("meta"),
        made(
            "an object of others",
            right(),
            "{}",
            unreadable("data", FieldError::Missing),
        )
        .at("data"),
        bytes(
            "CityPay",
            right(),
            &body("citypay-order-confirmed.json"),
            Cause::CityPay,
        ),
    ]
}

fn refusals() -> Vec<Made> {
    let mut no_sign = genuine();
    no_sign["meta"] = Value::Null;
    let mut ambiguous = with_two();
    ambiguous["data"]["relationships"] = json!({});
    let mut missing = genuine();
    missing["data"]["relationships"]["transfer"]["data"]["id"] = json!("9");
    let declaration = Cause::Refused(VerifyError::TrackingId {
        declared: TrackingIds::Prefixed,
        fitting: TrackingIds::Unrestricted,
    });
    let mut unsigned = without_transfer("deposit", "order-9001", 4);
    unsigned["meta"] = Value::Null;
    vec![
        made(
            "unsigned",
            right(),
            unsigned,
            Cause::Refused(VerifyError::Unsigned),
        ),
        made(
            "signature missing",
            right(),
            no_sign,
            Cause::Refused(VerifyError::MissingSignature),
        ),
        made(
            "ambiguous",
            right(),
            ambiguous,
            Cause::Refused(VerifyError::AmbiguousTransfer),
        ),
        made(
            "missing",
            right(),
            missing,
            Cause::Refused(VerifyError::MissingTransfer),
        ),
        made(
            "declared otherwise",
            right(),
            renamed(&json!("17"), "17"),
            declaration.clone(),
        ),
        made(
            "another declaration, and a space",
            secret(&format!("{SECRET} ")),
            renamed(&json!("17"), "17"),
            declaration,
        ),
    ]
}

#[test]
fn every_cause_is_found_first() {
    for made in all() {
        let diagnosis = made.diagnose.body(&made.body);
        let name = format!(
            "{}\n{}\n{diagnosis}",
            made.name,
            String::from_utf8_lossy(&made.body)
        );
        assert_eq!(diagnosis.verified_by(), None, "{name}");
        let first = &diagnosis.causes()[0];
        assert_eq!(first.cause(), &made.first, "{name}");
        assert_eq!(first.path(), made.path, "{name}");
        assert_eq!(first.is_certain(), made.certain, "{name}");
    }
}

/// No variant is left out of the table above.
#[test]
fn every_cause_is_made() {
    let name = |cause: &Cause| {
        let debug = format!("{cause:?}");
        debug.split([' ', '(']).next().unwrap().to_owned()
    };
    let made: std::collections::BTreeSet<String> =
        all().iter().map(|made| name(&made.first)).collect();
    let source = include_str!("../../../src/diagnose/cause.rs");
    let variants = source.split("pub enum Cause {").nth(1).unwrap();
    let variants = variants.split("\n}").next().unwrap().lines();
    let variants: Vec<&str> = variants
        .filter_map(|line| line.strip_prefix("    "))
        .filter(|line| line.starts_with(|c: char| c.is_ascii_uppercase()))
        .map(|line| line.split([' ', '(', ',']).next().unwrap())
        .collect();
    assert!(variants.len() > 25, "{variants:?}");
    assert!(variants.is_sorted(), "{variants:?}");
    for variant in variants {
        assert!(made.contains(variant), "{variant}");
    }
}

/// The only finding of a body, and the one after it.
#[test]
fn several_causes_together() {
    let causes = |diagnose: Diagnose, body: Value| -> Vec<Cause> {
        let diagnosis = diagnose.body(body.to_string().as_bytes());
        let causes = diagnosis.causes().iter();
        causes.map(|finding| finding.cause().clone()).collect()
    };
    let amount = || Cause::Amount {
        signed: AMOUNT.into(),
    };
    assert_eq!(
        causes(
            secret(&format!(" \"{SECRET}\"")),
            repriced(&json!("0.412"), AMOUNT)
        ),
        [Cause::SecretWhitespace, Cause::SecretQuoted, amount()]
    );
    let empty = without_transfer("deposit", "order-9001", 3);
    let empty = signed(empty, &format!("3order-9001{TIME}"));
    assert_eq!(
        causes(secret(&format!(" {SECRET}")), empty),
        [Cause::SecretWhitespace]
    );
    assert_eq!(
        causes(right(), resigned(|_| "no signature".to_owned())),
        [Cause::Refused(VerifyError::MalformedSignature)]
    );
    // A number this large with an exponent is implausible.
    assert_eq!(
        causes(right(), repriced(&json!("0.000100000000000000"), "1e-4")),
        [
            Cause::UnknownKey,
            Cause::ContentChanged,
            Cause::ApiCredentials,
        ]
    );
    let mut upper = repriced(&json!("0.412"), AMOUNT);
    upper["meta"]["sign"] = json!(upper["meta"]["sign"].as_str().unwrap().to_uppercase());
    assert_eq!(
        causes(right(), upper),
        [Cause::SignatureUpperCase, amount()]
    );
    let mut twice = repriced(&json!("0.412"), AMOUNT);
    twice["meta"]["time"] = json!("2026-03-02T09:16:02.551870+00:00");
    let time = Cause::Time {
        signed: TIME.into(),
    };
    assert_eq!(
        causes(right(), twice),
        [Cause::BodyReserialized, amount(), time]
    );
    let mut ambiguous = with_two();
    ambiguous["data"]["relationships"] = json!({});
    let other = Cause::OtherTransfer { id: "55022".into() };
    assert_eq!(
        causes(right(), ambiguous),
        [Cause::Refused(VerifyError::AmbiguousTransfer), other]
    );
    assert_eq!(
        causes(secret("cbs_of_the_sandbox"), genuine()),
        [
            Cause::UnknownKey,
            Cause::ContentChanged,
            Cause::ApiCredentials,
        ]
    );
}

/// If the body's other values contradict its amount, it was changed; otherwise the key is
/// the more likely cause.
#[test]
fn a_changed_amount_is_named_before_the_key() {
    let genuine = include_str!("../../../examples/bodies/b2binpay-deposit-confirmed.json");
    let in_place = r#""op_type":1,"amount":"0.412000000000000000""#;
    let changed = |to: &str| genuine.replace(in_place, &format!(r#""op_type":1,"amount":"{to}""#));
    let sandbox = "cbs_of_the_sandbox";
    for (secret, body, is_changed) in [
        (SECRET, changed("9.412000000000000000"), true),
        (SECRET, changed("300"), true),
        // In each place where it occurs.
        (SECRET, genuine.replace("0.412", "9.412"), true),
        (SECRET, genuine.replace("order-9001", "order-9002"), false),
        (sandbox, genuine.to_owned(), false),
    ] {
        let diagnosis = self::secret(secret).body(body.as_bytes());
        let causes = diagnosis.causes().iter();
        let causes: Vec<_> = causes.map(|it| (it.cause().clone(), it.path())).collect();
        let key = (Cause::UnknownKey, None);
        let expected = if is_changed {
            let path = "included[1].attributes.amount";
            [(Cause::ContentChanged, Some(path)), key]
        } else {
            [key, (Cause::ContentChanged, None)]
        };
        assert_eq!(causes[..2], expected, "{body}");
    }
}

/// Texts that are too long for an id are not tried in other forms: each costs a MAC.
#[test]
fn other_forms_of_a_value_are_bounded() {
    for (length, is_found) in [(1024, true), (1025, false)] {
        let id = "o".repeat(length);
        let body = renamed(&json!(id), &id.to_uppercase()).to_string();
        let diagnosis = right().body(body.as_bytes());
        let cause = diagnosis.causes()[0].cause();
        assert_eq!(
            matches!(cause, Cause::TrackingId { .. }),
            is_found,
            "{length}"
        );
    }
}

/// A key does not reveal typos in its secret; the second of two keys is tried as well
/// as the first.
#[test]
fn each_candidate_is_tried() {
    let genuine = genuine().to_string();
    let foreign = Key::callback_secret("cbs_of_the_sandbox").unwrap();
    let diagnose = prefixed().key(&foreign.clone().with_name("sandbox"));
    let with_newline = format!("{SECRET}\n");
    let diagnosis = diagnose
        .clone()
        .secret("production", &with_newline)
        .body(genuine.as_bytes());
    assert_eq!(diagnosis.causes().len(), 1);
    assert_eq!(diagnosis.causes()[0].candidate(), Some("production"));
    let diagnosis = diagnose
        .secret("production", SECRET)
        .body(genuine.as_bytes());
    assert_eq!(diagnosis.verified_by(), Some("production"));
    assert_eq!(diagnosis.causes(), []);

    let verifier = Verifier::new(foreign, TrackingIds::Prefixed).add_key(
        Key::callback_secret(SECRET)
            .unwrap()
            .with_name("production"),
    );
    let diagnosis = Diagnose::from(&verifier).body(genuine.as_bytes());
    assert_eq!(diagnosis.verified_by(), Some("production"));
}

/// The verifier and the diagnosis agree.
#[test]
fn agrees_with_the_verifier() {
    let mut verified = 0;
    for case in b2binpay_cases() {
        let diagnosis = Diagnose::from(&case.verifier()).body(&case.body);
        let proven = payhook::Unverified::parse(&case.body)
            .is_ok_and(|callback| case.verifier().verify(callback).is_ok());
        assert_eq!(diagnosis.verified_by().is_some(), proven, "{}", case.name);
        assert_eq!(diagnosis.causes().is_empty(), proven, "{}", case.name);
        verified += u32::from(proven);
    }
    assert!(verified > 10, "{verified}");
    assert!(
        parse(genuine().to_string().as_bytes())
            .unverified()
            .is_signed()
    );
}

/// Missing values cannot be examined.
#[test]
fn without_data_there_is_only_one_finding() {
    for data in [json!(null), json!(5)] {
        let mut body = genuine();
        body["data"] = data;
        let diagnosis = right().body(body.to_string().as_bytes());
        let causes = diagnosis.causes();
        assert_eq!(causes.len(), 1, "{diagnosis}");
        assert!(matches!(causes[0].cause(), Cause::BodyMalformed(_)));
    }
}
