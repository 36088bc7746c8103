//! The signer of `payhook::testing`: every callback it builds verifies, and the proven
//! values are the given ones.
//!
//! The input is divided into the builder's arguments.

use payhook::b2binpay::{Callback, Key, TrackingIds, Verifier};
use payhook::chrono::{DateTime, SubsecRound, Utc};
use payhook::testing::b2binpay::{CallbackBuilder, CurrencyBuilder, deposit, payout, transfer};
use payhook::testing::{Body, BuildError};
use payhook::{
    Amount, Evidence, Timestamp, Unverified, Verified, error::FieldError, verified::SignatureScheme,
};
use sha2::{Digest, Sha256};

use super::oracle::Signed;

/// The rest of the input, followed by zeros.
struct Input<'a>(&'a [u8]);

impl Input<'_> {
    fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        *first
    }

    fn number(&mut self) -> u32 {
        u32::from_be_bytes([self.byte(), self.byte(), self.byte(), self.byte()])
    }

    /// Any text.
    fn text(&mut self) -> String {
        let length = usize::from(self.byte());
        let (text, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        String::from_utf8_lossy(text).into_owned()
    }
}

pub(crate) fn check(data: &[u8]) {
    let mut input = Input(data);
    let Some((key, bytes)) = key(&mut input) else {
        return;
    };
    let order = order(&mut input, &key);
    let built = order.build(&mut input);
    let body = match built.try_sign(&key) {
        Ok(body) => body,
        Err(BuildError::Parse(_)) => {
            assert!(!order.is_sound(), "refused: {order:?}");
            return;
        }
        Err(error) => panic!("{error}"),
    };
    assert!(order.is_sound(), "built: {order:?}");
    check_body(&body, &order, &key, &bytes);
    // As if it were recorded, and signed again.
    let again = payhook::testing::b2binpay::resign(body.as_bytes(), &key).unwrap();
    assert_eq!(again.as_str(), body.as_str());
}

/// The key with its content.
fn key(input: &mut Input<'_>) -> Option<(Key, Vec<u8>)> {
    let secret = input.text();
    if input.byte() & 1 == 0 {
        let is_whitespace = |c: char| c.is_whitespace() || c == '\u{feff}';
        let allowed = !secret.is_empty()
            && !secret.starts_with(is_whitespace)
            && !secret.ends_with(is_whitespace)
            && !is_quoted(&secret);
        let key = Key::callback_secret(&secret);
        assert_eq!(key.is_ok(), allowed, "{secret:?}");
        return Some((key.ok()?, secret.into_bytes()));
    }
    let password = input.text();
    let key = Key::v2_credentials(&secret, &password);
    assert_eq!(key.is_ok(), !secret.is_empty() && !password.is_empty());
    let digest = Sha256::digest(format!("{secret}{password}"));
    Some((key.ok()?, digest.to_vec()))
}

fn is_quoted(text: &str) -> bool {
    let mut characters = text.chars();
    let (first, last) = (characters.next(), characters.next_back());
    first == last && matches!(first, Some('"' | '\''))
}

/// The values of a callback that are signed.
#[derive(Debug)]
struct Order {
    is_deposit: bool,
    has_transfer: bool,
    tracking_id: String,
    amount: String,
    scale: u32,
    status: i32,
    own_status: i32,
    time: DateTime<Utc>,
    /// The key's default unless set.
    layout: Option<Layout>,
    is_v2: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Layout {
    V2,
    V3,
}

fn order(input: &mut Input<'_>, key: &Key) -> Order {
    let flags = input.byte();
    let amount = input.text();
    // Mostly amounts.
    let amount = if flags & 4 == 0 {
        format!("{}.{}", input.number(), input.number())
    } else {
        amount
    };
    let code = |byte: u8| i32::from(byte % 21) - 10;
    let seconds = i64::from(input.number());
    let nanoseconds = input.number() % 1_000_000_000;
    let layout = match flags >> 3 & 3 {
        0 => Some(Layout::V2),
        1 => Some(Layout::V3),
        _ => None,
    };
    Order {
        is_deposit: flags & 1 == 0,
        has_transfer: flags & 2 == 0,
        tracking_id: input.text(),
        amount,
        scale: u32::from(input.byte() % 32),
        status: code(input.byte()),
        own_status: code(input.byte()),
        time: DateTime::from_timestamp(seconds, nanoseconds).unwrap(),
        layout,
        is_v2: layout.map_or(key.scheme() == SignatureScheme::LoginPassword, |it| {
            it == Layout::V2
        }),
    }
}

impl Order {
    fn build(&self, input: &mut Input<'_>) -> CallbackBuilder {
        let flags = input.byte();
        let mut built = if self.is_deposit { deposit() } else { payout() };
        let currency = CurrencyBuilder::new(&input.text()).decimals(self.scale);
        built = built
            .tracking_id(self.tracking_id.as_str())
            .amount(&self.amount)
            .currency(currency)
            .operation_status(self.own_status)
            .at(self.time);
        built = if self.has_transfer {
            built
                .transfer_status(self.status)
                .confirmations(input.number())
                .txid(&input.text())
        } else {
            built.no_transfer()
        };
        if flags & 1 == 1 {
            // Of an unknown kind, so that it is not used instead.
            let fee = transfer().id("fee").op_type(9).amount("13.4");
            if self.has_transfer {
                built = built.include_first(fee);
            }
            built = built.include(CurrencyBuilder::new("TRX"));
        }
        if flags & 2 == 2 {
            built = built.without_relationship();
        }
        match self.layout {
            Some(Layout::V2) => built.v2(),
            Some(Layout::V3) => built.v3(),
            None => built,
        }
    }

    /// The amount as written: with all its fraction digits if they are within the
    /// limit.
    fn written(&self) -> Option<Amount> {
        let amount: Amount = self.amount.parse().ok()?;
        Some(amount.with_decimals(self.scale).unwrap_or(amount))
    }

    fn is_plain(&self) -> bool {
        let plain = |amount: &Amount| !amount.as_str().contains(['-', 'e', 'E']);
        self.written().as_ref().is_some_and(plain)
    }

    /// Whether it can be signed and parsed.
    fn is_sound(&self) -> bool {
        let is_digit = |code: i32| (-9..=9).contains(&code);
        if self.tracking_id.contains('\0') {
            false
        } else if self.has_transfer {
            is_digit(self.status) && self.is_plain()
        } else {
            // API v2 has no status of a deposit itself, and does not sign such
            // callbacks.
            !self.is_deposit || is_digit(self.own_status) && !self.is_v2
        }
    }
}

fn check_body(body: &Body<Callback>, order: &Order, key: &Key, bytes: &[u8]) {
    let signed = Signed::read(body.as_str()).unwrap();
    assert_eq!(signed.tracking_id, order.tracking_id);
    let verify = |declared, key: &Key| {
        let callback = body.unverified().unwrap();
        Verifier::new(key.clone(), declared).verify(callback)
    };
    for declared in [
        TrackingIds::Prefixed,
        TrackingIds::Unused,
        TrackingIds::Unrestricted,
    ] {
        let expected = signed.is_proven(bytes, declared);
        assert_eq!(expected, declared.allows(&order.tracking_id));
        match verify(declared, key) {
            Ok(verified) => {
                assert!(expected);
                proves(verified, order, key);
            }
            Err(error) => assert!(!expected, "{error}: {order:?}"),
        }
    }
    let other = Key::callback_secret("another").unwrap();
    assert!(verify(TrackingIds::Unrestricted, &other).is_err() || bytes == b"another");
    // It round-trips.
    let callback = body.unverified().unwrap().into_unverified();
    let mut warnings = callback.warnings().into_iter();
    let is_sound = warnings.all(|warning| *warning.reason() == FieldError::Nul);
    assert!(is_sound || !order.is_plain());
    let again = serde_json::to_vec(&callback).unwrap();
    let again = Unverified::parse_within(&again, usize::MAX).unwrap();
    let verifier = Verifier::new(key.clone(), TrackingIds::Unrestricted);
    assert!(verifier.verify(again).is_ok());
}

fn proves(verified: Verified<Callback>, order: &Order, key: &Key) {
    match verified.evidence() {
        Evidence::Signature { scheme, .. } => assert_eq!(*scheme, key.scheme()),
        other => panic!("{other}"),
    }
    let amount = order.written().filter(|_| order.has_transfer);
    let verified = if verified.proven().ambiguous_text().is_some() {
        let expected = amount.clone().unwrap_or_default();
        let divides = amount.as_ref().is_none_or(|amount| amount.decimals() > 0);
        let resolved = verified.resolve([(&*order.tracking_id, &expected)]);
        assert_eq!(resolved.is_ok(), divides, "{order:?}");
        let Ok(verified) = resolved else { return };
        verified
    } else {
        verified
    };
    let proven = verified.proven();
    assert_eq!(proven.tracking_id(), Some(order.tracking_id.as_str()));
    assert_eq!(proven.amount(), amount.as_ref());
    let status = proven.transfer_status().map(|status| status.code());
    assert_eq!(status, order.has_transfer.then_some(order.status));
    let time = proven.time().and_then(Timestamp::utc);
    assert_eq!(time, Some(order.time.trunc_subsecs(6)));
}
