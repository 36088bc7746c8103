//! A test of a callback of CityPay.io, which is not signed: only the response of the
//! order endpoint would prove it.

use std::fmt::Write as _;

use payhook::citypay::{DepositCallback, OrderCallback};
use payhook::testing::Body;
use payhook::testing::citypay::{deposit, order};

use super::edits::{Edit, edits, literal};
use crate::listen::record::Record;

/// Code that builds the body of an order, and checks its token.
pub(crate) fn order_test(record: &Record, reported: &OrderCallback) -> Option<String> {
    let token = reported.order_token()?;
    let body = order().token(token.as_str()).callback();
    source(record, "order", token.as_str(), body)
}

/// The same for a deposit.
pub(crate) fn deposit_test(record: &Record, reported: &DepositCallback) -> Option<String> {
    let token = reported.deposit_token()?;
    let body = deposit().token(token.as_str()).callback();
    source(record, "deposit", token.as_str(), body)
}

fn source<C>(record: &Record, kind: &str, token: &str, mut body: Body<C>) -> Option<String> {
    let original = str::from_utf8(&record.body).ok()?;
    let (mut calls, mut has_json) = (String::new(), false);
    for edit in edits(body.as_str(), original)? {
        match edit {
            Edit::Remove(path) => {
                let _ = write!(calls, "\n        .remove({path:?})");
                body = body.try_remove(&path).ok()?;
            }
            Edit::Set(path, value) => {
                let (code, value) = literal(&value);
                has_json |= code.starts_with("Json");
                let _ = write!(calls, "\n        .set({path:?}, {code})");
                body = body.try_set(&path, value).ok()?;
            }
        }
    }
    if !edits(body.as_str(), original)?.is_empty() {
        return None;
    }
    let use_json = if has_json {
        "use payhook::testing::Json;\n"
    } else {
        ""
    };
    let id = record.id;
    Some(format!(
        "use payhook::citypay::Token;\n{use_json}use payhook::testing::citypay::{kind};\n\n\
         #[test]\nfn callback_{id}() -> Result<(), Box<dyn std::error::Error>> {{\n    \
         let body = {kind}()\n        .token({token:?})\n        .callback(){calls};\n    \
         let callback = body.unverified()?;\n    \
         let token = callback.unverified().{kind}_token();\n    \
         assert_eq!(token.as_ref().map(Token::as_str), Some({token:?}));\n    \
         Ok(())\n}}\n"
    ))
}
