//! Signing a given body.

use payhook::b2binpay::Key;
use payhook::testing::b2binpay::resign;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::error::{CliError, Exit};

#[derive(Deserialize)]
struct Signed<'a> {
    #[serde(borrow)]
    meta: Meta<'a>,
}

#[derive(Deserialize)]
struct Meta<'a> {
    #[serde(borrow)]
    sign: &'a RawValue,
}

/// The body with another value of `meta.sign`. All other bytes stay as they are.
pub(crate) fn signed(body: &[u8], key: &Key) -> Result<Vec<u8>, CliError> {
    let malformed = |error: &dyn std::error::Error| CliError {
        exit: Exit::Malformed,
        ..CliError::of("cannot sign the body", error)
    };
    let signed = resign(body, key).map_err(|error| malformed(&error))?;
    let signature = signed.signature().map(ToString::to_string);
    let text = str::from_utf8(body).map_err(|error| malformed(&error))?;
    let old: Signed<'_> =
        serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|error| {
            malformed(&error).hint("the body needs a `meta.sign`, whatever its value is")
        })?;
    let old = old.meta.sign.get();
    // It is a slice of the text.
    let start = old.as_ptr().addr().checked_sub(text.as_ptr().addr());
    let parts = start.and_then(|start| {
        let (front, rest) = text.split_at_checked(start)?;
        Some((front, rest.strip_prefix(old)?))
    });
    match (parts, signature) {
        (Some((front, behind)), Some(signature)) => {
            Ok([front, &signature, behind].concat().into_bytes())
        }
        _ => Err(CliError::new("cannot find `meta.sign` in the body")),
    }
}
