//! Receipts: their content, what they omit, and when they are kept.

use std::future::ready;

use payhook::b2binpay::{self, TrackingIds};
use payhook::endpoint::Idempotent;
use payhook::idempotency::MemoryStore;
use payhook::payment::Expected;
use payhook::{BoxError, Callback, Endpoint, MemoryLedger, Outcome, Reply, handler_fn};
use serde_json::{Value, json};

use crate::support::{SECRET, TIME, body, hex, sha256, sign, signed, verifier, with_transfer};

fn ledger(reference: &str, amount: &str) -> MemoryLedger {
    let ledger = MemoryLedger::new();
    ledger.expect(Expected::deposit(reference, "ETH", amount.parse().unwrap()).unwrap());
    ledger
}

fn endpoint(ledger: MemoryLedger) -> Endpoint<b2binpay::Gateway, MemoryLedger> {
    let gateway = b2binpay::Gateway::new(verifier(TrackingIds::Prefixed));
    Endpoint::new(gateway, ledger)
        .namespace("eur")
        .with_receipts()
}

/// The receipt as JSON, without the fields that differ between runs.
fn line(reply: &Reply) -> Value {
    let line = reply.receipt().unwrap().to_string();
    assert!(!line.contains('\n'));
    let mut line: Value = serde_json::from_str(&line).unwrap();
    let fields = line.as_object_mut().unwrap();
    let time = fields.remove("received_at").unwrap();
    let time = time.as_str().unwrap();
    assert!(time.len() == "2026-11-29T04:55:53.095569Z".len() && time.ends_with('Z'));
    assert!(fields.remove("duration_us").unwrap().as_u64().is_some());
    line
}

#[test]
fn a_callback_and_its_copy() {
    let endpoint = endpoint(ledger("order-9001", "0.4"));
    let body = body("b2binpay-deposit-confirmed.json");
    let first = line(&endpoint.receive_blocking(&body, None));
    let mut expected = json!({
        "gateway": "b2binpay",
        "endpoint": "eur",
        "body_sha256": hex(&sha256(str::from_utf8(&body).unwrap())),
        "body_length": body.len(),
        "evidence": "signature",
        "key": "callback secret",
        "delivery": first["delivery"],
        "kind": "deposit",
        "outcome": "settled",
        "reference": "order-9001",
        "disposition": "applied",
        "status": 200,
        "credited": "0.4",
        "newly_paid": true,
        "held": "0.012000000000000000",
        "reviews": ["overpaid"],
    });
    assert_eq!(first, expected);
    assert_eq!(first["delivery"].as_str().unwrap().len(), 32);

    let fields = expected.as_object_mut().unwrap();
    fields.remove("credited");
    fields.remove("reviews");
    fields["newly_paid"] = json!(false);
    let again = line(&endpoint.receive_blocking(&body, None));
    assert_eq!(again, expected);
}

#[test]
fn nothing_is_read_from_a_body_that_is_not_verified() {
    let endpoint = endpoint(ledger("order-9001", "0.4"));
    for (body, disposition, error, status) in [
        (
            body("b2binpay-refused-tampered.json"),
            "rejected",
            "signature_mismatch",
            401,
        ),
        (
            body("b2binpay-refused-unsigned.json"),
            "rejected",
            "unsigned",
            401,
        ),
        (b"[".to_vec(), "malformed", "not_json", 400),
        (b"{}".to_vec(), "malformed", "field", 400),
        (vec![b' '; 70_000], "malformed", "too_large", 413),
    ] {
        let expected = json!({
            "gateway": "b2binpay",
            "endpoint": "eur",
            "body_sha256": hex(&sha256(str::from_utf8(&body).unwrap())),
            "body_length": body.len(),
            "disposition": disposition,
            "error": error,
            "fault": "sender",
            "status": status,
            "newly_paid": false,
        });
        assert_eq!(line(&endpoint.receive_blocking(&body, None)), expected);
    }
}

#[test]
fn a_hostile_reference_is_bounded_and_printable() {
    let reference = format!("order-\u{202e}\"<b>{}", "x".repeat(300));
    let body = with_transfer("deposit", &reference, "0.5");
    let body = signed(body, &format!("20.5{reference}{TIME}")).to_string();
    let reply = endpoint(MemoryLedger::new()).receive_blocking(body.as_bytes(), None);
    let receipt = reply.receipt().unwrap();
    assert_eq!(receipt.disposition, "unmatched");
    let shown = receipt.reference.as_deref().unwrap();
    assert!(shown.starts_with("order-\\u{202e}\"<b>xxx"), "{shown}");
    assert!(
        shown.ends_with("x…") && shown.chars().count() < 140,
        "{shown}"
    );
    let line = receipt.to_string();
    assert!(line.len() < 800 && !line.contains('\u{202e}'), "{line}");
    let signature = sign(SECRET, &format!("20.5{reference}{TIME}"));
    assert!(!line.contains(&signature) && !line.contains(SECRET));
}

/// Escaping multiplies the length of a character by at most ten.
#[test]
fn the_longest_line() {
    let reference = format!("o{}", "\u{e0001}".repeat(4000));
    let body = with_transfer("deposit", &reference, "0.5");
    let body = signed(body, &format!("20.5{reference}{TIME}")).to_string();
    let reply = endpoint(MemoryLedger::new()).receive_blocking(body.as_bytes(), None);
    assert!(reply.receipt().unwrap().to_string().len() < 2_000);
}

/// A handler reports no credit that a receipt could contain.
#[test]
fn a_callback_for_a_handler() {
    for (answer, disposition, status) in
        [(Ok(()), "handled", 200), (Err("no"), "handler_failed", 500)]
    {
        let handler = handler_fn(move |_: Callback| ready(answer.map_err(BoxError::from)));
        let gateway = b2binpay::Gateway::new(verifier(TrackingIds::Prefixed));
        let target = Idempotent::new(handler, MemoryStore::new());
        let endpoint = Endpoint::new(gateway, target).with_receipts();
        let reply = endpoint.receive_blocking(&body("b2binpay-deposit-confirmed.json"), None);
        let receipt = reply.receipt().unwrap();
        assert_eq!((receipt.disposition, receipt.status), (disposition, status));
        assert_eq!(receipt.reference.as_deref(), Some("order-9001"));
        assert_eq!((&receipt.credited, &receipt.held), (&None, &None));
    }
}

#[test]
fn a_receipt_is_kept_only_on_request() {
    let gateway = b2binpay::Gateway::new(verifier(TrackingIds::Prefixed));
    let endpoint = Endpoint::new(gateway, MemoryLedger::new());
    let body = body("b2binpay-deposit-confirmed.json");
    assert_eq!(endpoint.receive_blocking(&body, None).receipt(), None);
}

/// Labels consist of letters and underscores, and are unique.
#[test]
fn labels() {
    let outcomes = [
        Outcome::Blocked,
        Outcome::Canceled,
        Outcome::Expired,
        Outcome::Failed,
        Outcome::ManualReview,
        Outcome::Overpaid,
        Outcome::Pending,
        Outcome::Settled,
        Outcome::Underpaid,
        Outcome::Unknown,
    ];
    let names: Vec<_> = outcomes.iter().map(Outcome::as_str).collect();
    for name in &names {
        let is_label = |c: char| c.is_ascii_lowercase() || c == '_';
        assert!(name.chars().all(is_label), "{name}");
    }
    let mut unique = names.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), names.len());
}

/// Without receipts, an endpoint allocates no more than parsing and verifying, except
/// for the waker of `receive_blocking`.
#[cfg(not(any(feature = "metrics", feature = "tracing")))]
#[test]
fn without_receipts_nothing_more_is_allocated() {
    use payhook::Unverified;

    let body = body("b2binpay-refused-tampered.json");
    let verifier = verifier(TrackingIds::Prefixed);
    let direct = allocation_counter::measure(|| {
        let callback = Unverified::parse(&body).unwrap();
        assert!(verifier.verify(callback).is_err());
    });
    let without = Endpoint::new(
        b2binpay::Gateway::new(verifier.clone()),
        MemoryLedger::new(),
    );
    let used = allocation_counter::measure(|| drop(without.receive_blocking(&body, None)));
    assert!(
        used.count_total <= direct.count_total + 1,
        "{used:?} {direct:?}"
    );
    let with = endpoint(MemoryLedger::new());
    let more = allocation_counter::measure(|| drop(with.receive_blocking(&body, None)));
    assert!(more.count_total > used.count_total, "{more:?} {used:?}");
    assert!(
        more.count_total <= used.count_total + 8,
        "{more:?} {used:?}"
    );
}

/// The reference is the merchant's key: a reply has all of it, also where a receipt
/// shortens it.
#[test]
fn a_reply_names_the_payment_that_it_was_applied_to() {
    let long = format!("order-{}", "9".repeat(200));
    let endpoint = endpoint(ledger(&long, "0.412"));
    let payment = |reference: &str, amount: &str| {
        let message = format!("20.412{reference}{TIME}");
        signed(with_transfer("deposit", reference, amount), &message).to_string()
    };
    let receive = |body: String| endpoint.receive_blocking(body.as_bytes(), None);
    for _ in 0..2 {
        let reply = receive(payment(&long, "0.412"));
        assert_eq!(reply.reference(), Some(&*long));
        assert!(!format!("{reply:?}").contains(&long));
    }
    let unmatched = receive(payment("order-1", "0.412"));
    assert_eq!((unmatched.status(), unmatched.reference()), (200, None));
    let refused = receive(payment(&long, "9.412"));
    assert_eq!((refused.status(), refused.reference()), (401, None));
}
