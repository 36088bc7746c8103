//! Any bytes, to every parser of a body: no panic, the exact bytes are kept, and values
//! survive a round trip.

use payhook::b2binpay::{self, Key, TrackingIds, Verifier};
use payhook::citypay::{self, Account, DepositCallback, OrderCallback, OrderDetails};
use payhook::{
    BoxError, Callback, Endpoint, Fetch, Outcome, ParseError, Unverified, VerifyError,
    endpoint::Idempotent,
    error::FieldWarning,
    handler_fn,
    idempotency::MemoryStore,
    ledger::PaymentKey,
    verified::{DEFAULT_BODY_LIMIT, Provable},
};
use serde::Serialize;

use super::oracle::text_at;

pub(crate) fn check(data: &[u8]) {
    transfer(data);
    posted(data);
    answer(data);
    received(data);
}

fn transfer(data: &[u8]) {
    let callback = match Unverified::<b2binpay::Callback>::parse(data) {
        Ok(callback) => callback.into_unverified(),
        Err(error) => return refused(&error, data),
    };
    assert_eq!(callback.raw(), data);
    check_warnings(&callback.warnings());
    let (kind, inferred) = (callback.operation().as_str(), callback.callback_types());
    let body = str::from_utf8(data).unwrap();
    for (path, read) in [
        (&["data", "type"][..], kind),
        (&["data", "id"], callback.id()),
        (
            &["data", "attributes", "tracking_id"],
            callback.tracking_id(),
        ),
    ] {
        assert_eq!(text_at(body, path), read);
    }

    let again = again(&callback);
    assert_eq!(again.warnings(), []);
    assert_eq!(again.id(), callback.id());
    assert_eq!(again.operation(), callback.operation());
    assert_eq!(again.tracking_id(), callback.tracking_id());
    assert_eq!(again.currency_id(), callback.currency_id());
    assert_eq!(again.wallet_id(), callback.wallet_id());
    assert_eq!(again.transfer_id(), callback.transfer_id());
    assert!(again.transfers().eq(callback.transfers()));
    assert_eq!(again.transfer(), callback.transfer());
    assert!(again.currencies().eq(callback.currencies()));
    assert_eq!(again.currency(), callback.currency());
    assert!(again.other_resources().eq(callback.other_resources()));
    assert_eq!(again.time(), callback.time());
    assert_eq!(again.is_signed(), callback.is_signed());
    assert_eq!(again.callback_types(), inferred);
    let others = callback.other_transfers().count() + usize::from(callback.transfer().is_some());
    assert_eq!(others, callback.transfers().count());
}

fn posted(data: &[u8]) {
    let posted = match citypay::Callback::parse(data) {
        Ok(posted) => posted,
        Err(error) => {
            assert_eq!(Unverified::<OrderCallback>::parse(data).unwrap_err(), error);
            return refused(&error, data);
        }
    };
    match posted {
        citypay::Callback::Order(order) => {
            let order = order.into_unverified();
            assert_eq!(order.raw(), data);
            check_warnings(&order.warnings());
            assert!(Unverified::<DepositCallback>::parse(data).is_err());
            let again = again(&order);
            assert_eq!(again.warnings(), []);
            assert_eq!(again.status(), order.status());
        }
        citypay::Callback::Deposit(deposit) => {
            let deposit = deposit.into_unverified();
            assert_eq!(deposit.raw(), data);
            check_warnings(&deposit.warnings());
            assert!(Unverified::<OrderCallback>::parse(data).is_err());
            let again = again(&deposit);
            assert_eq!(again.warnings(), []);
            assert_eq!(again.status(), deposit.status());
        }
        _ => unreachable!("CityPay.io posts two kinds"),
    }
}

fn answer(data: &[u8]) {
    match OrderDetails::parse(data) {
        Ok(answer) => {
            assert_eq!(answer.raw(), data);
            check_warnings(&answer.warnings());
            let json = json(&answer);
            let again = OrderDetails::parse(json.as_bytes()).unwrap();
            assert_eq!(json, self::json(&again));
            assert_eq!(again.warnings(), []);
            assert!(again.transactions().eq(answer.transactions()));
            assert_eq!(again.created_at(), answer.created_at());
        }
        Err(VerifyError::AnswerUnreadable(error)) => refused(&error, data),
        Err(VerifyError::AnswerRefused { .. }) => {}
        Err(error) => panic!("{error}"),
    }
}

/// The callback parsed from its own JSON, which then stays the same.
fn again<C: Provable + Serialize>(callback: &C) -> C {
    let json = json(callback);
    let again = Unverified::<C>::parse_within(json.as_bytes(), usize::MAX);
    let again = again.unwrap().into_unverified();
    assert_eq!(json, self::json(&again));
    again
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap()
}

/// An error or a warning names the path, and never quotes the value.
fn check_warnings(warnings: &[FieldWarning]) {
    for warning in warnings {
        named(warning.path());
        assert!(warning.to_string().len() < 200);
    }
}

fn refused(error: &ParseError, data: &[u8]) {
    assert!(error.to_string().len() < 200, "{error}");
    match error {
        ParseError::Field { path, .. } => named(path),
        ParseError::NotUtf8 { offset } => {
            assert_eq!(*offset, str::from_utf8(data).unwrap_err().valid_up_to());
        }
        ParseError::TooLarge { length, limit } => assert!(length > limit),
        _ => {}
    }
}

/// A path consists of the gateway's own keys.
fn named(path: &str) {
    let own = |c: char| c.is_ascii_alphanumeric() || "_.[]".contains(c);
    assert!(path.len() < 100 && path.chars().all(own), "{path}");
}

/// An order endpoint without a response.
struct Silent;

impl Fetch for Silent {
    async fn get(&self, _: &str) -> Result<Vec<u8>, BoxError> {
        Ok(Vec::new())
    }
}

/// Nothing in it is signed with this key, so nothing settles or reaches the handler as
/// proven, except for CityPay.io's deposits, which are never signed.
fn received(data: &[u8]) {
    let key = Key::callback_secret("no body is signed with this").unwrap();
    let never = handler_fn(async |_: Callback| -> Result<(), BoxError> {
        panic!("handed over an unsigned body")
    });
    let gateway = b2binpay::Gateway::new(Verifier::new(key, TrackingIds::Unrestricted));
    let endpoint = Endpoint::new(gateway, Idempotent::new(never, MemoryStore::new()));
    let reply = endpoint.receive_blocking(data, None);
    assert!(matches!(reply.status(), 400 | 401 | 413 | 422), "{reply:?}");
    let too_large = data.len() > DEFAULT_BODY_LIMIT;
    assert_eq!(reply.status() == 413, too_large);

    let deposits = handler_fn(async |callback: Callback| {
        assert!(matches!(callback, Callback::Deposit(_)));
        assert_ne!(callback.event().outcome().value(), Outcome::Settled);
        Ok::<_, BoxError>(())
    })
    .known(async |_: PaymentKey| Ok::<_, BoxError>(true));
    let gateway = citypay::Gateway::new(Account::new("5120").unwrap(), Silent);
    let endpoint = Endpoint::new(gateway, Idempotent::new(deposits, MemoryStore::new()));
    let reply = endpoint.receive_blocking(data, None);
    let is_deposit = Unverified::<DepositCallback>::parse(data).is_ok();
    assert!(is_deposit || reply.status() != 200, "{reply:?}");
}
