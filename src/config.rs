//! [`Config`]: the gateways, configured by environment variables.

use std::env::{self, VarError};

use zeroize::Zeroizing;

use crate::b2binpay::{self, Key, TrackingIds, Verifier};
use crate::citypay::{self, Account};

mod vars;

pub use vars::EnvError;
use vars::{Value, Vars};

const SECRET: &str = "PAYHOOK_B2BINPAY_CALLBACK_SECRET";
/// Further secrets, for a rotation.
const MORE_SECRETS: [&str; 3] = [
    "PAYHOOK_B2BINPAY_CALLBACK_SECRET_2",
    "PAYHOOK_B2BINPAY_CALLBACK_SECRET_3",
    "PAYHOOK_B2BINPAY_CALLBACK_SECRET_4",
];
const LOGIN: &str = "PAYHOOK_B2BINPAY_LOGIN";
const PASSWORD: &str = "PAYHOOK_B2BINPAY_PASSWORD";
const TRACKING_IDS: &str = "PAYHOOK_B2BINPAY_TRACKING_IDS";
const API_URL: &str = "PAYHOOK_B2BINPAY_API_URL";
const CUSTOMER_ID: &str = "PAYHOOK_CITYPAY_CUSTOMER_ID";
const ENVIRONMENT: &str = "PAYHOOK_CITYPAY_ENVIRONMENT";
const SOURCES: &str = "PAYHOOK_CITYPAY_SOURCES";
const DANGER_SOURCES: &str = "PAYHOOK_CITYPAY_DANGER_SETTLE_DEPOSITS_FROM";

const PREFIXES: [&str; 3] = ["PAYHOOK_B2B", "PAYHOOK_COINSBUY", "PAYHOOK_CITY"];

const KNOWN: [&str; 12] = [
    SECRET,
    MORE_SECRETS[0],
    MORE_SECRETS[1],
    MORE_SECRETS[2],
    LOGIN,
    PASSWORD,
    TRACKING_IDS,
    API_URL,
    CUSTOMER_ID,
    ENVIRONMENT,
    SOURCES,
    DANGER_SOURCES,
];

/// The gateways, configured by environment variables.
///
/// | variable | value |
/// |---|---|
/// | `PAYHOOK_B2BINPAY_CALLBACK_SECRET` | the callback secret of the wallet (API v3) |
/// | `…_CALLBACK_SECRET_2` to `…_CALLBACK_SECRET_4` | further secrets, for a rotation |
/// | `PAYHOOK_B2BINPAY_LOGIN`, `PAYHOOK_B2BINPAY_PASSWORD` | the credentials of API v2, in addition to a secret or instead of it |
/// | `PAYHOOK_B2BINPAY_TRACKING_IDS` | `prefixed`, `uuid`, `length=N`, `unused` or `unrestricted`: see [`TrackingIds`]. Required, since no default is safe for every merchant |
/// | `PAYHOOK_B2BINPAY_API_URL` | the API's address, such as `https://api.b2binpay.com`; without it, the API is never queried |
/// | `PAYHOOK_CITYPAY_CUSTOMER_ID` | the merchant's own customer id |
/// | `PAYHOOK_CITYPAY_ENVIRONMENT` | `production` (default) or `sandbox` |
/// | `PAYHOOK_CITYPAY_SOURCES` | a comma-separated list of addresses and ranges: [`Account::source_addresses`] |
/// | `PAYHOOK_CITYPAY_DANGER_SETTLE_DEPOSITS_FROM` | the same for [`Account::danger_settle_deposits_by_source_address`] |
///
/// A gateway is configured if any of its variables is set. `Debug` shows no
/// secret.
///
/// ```
/// use payhook::{b2binpay, Config, Endpoint, MemoryLedger};
///
/// // `Config::from_env()` in a program.
/// let config = Config::from_vars(|name| match name {
///     "PAYHOOK_B2BINPAY_CALLBACK_SECRET" => Some("cbs_7Qm2vX9tR4kL8pN1".to_owned()),
///     "PAYHOOK_B2BINPAY_TRACKING_IDS" => Some("prefixed".to_owned()),
///     _ => None,
/// })?;
///
/// # struct Client;
/// # impl payhook::Fetch for Client {
/// #     async fn get(&self, _: &str) -> Result<Vec<u8>, payhook::BoxError> { Err("not connected".into()) }
/// # }
/// let client = Client; // your HTTP client
/// let gateway = config.b2binpay(client).ok_or("B2BINPAY is not configured")?;
/// let endpoint = Endpoint::new(gateway, MemoryLedger::new());
/// # let _ = endpoint;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Config {
    b2binpay: Option<B2binpay>,
    citypay: Option<Account>,
}

#[derive(Debug, Clone)]
struct B2binpay {
    verifier: Verifier,
    api_url: Option<String>,
}

impl Config {
    /// Reads the process's environment.
    ///
    /// # Errors
    ///
    /// [`EnvError`] with every missing or invalid variable, with unknown variables
    /// that begin with `PAYHOOK_B2B`, `PAYHOOK_COINSBUY` or `PAYHOOK_CITY`, and with
    /// the variables to set if none is set.
    pub fn from_env() -> Result<Self, EnvError> {
        let mut vars = Vars::new(|name| match env::var(name) {
            Ok(value) => Value::Text(Zeroizing::new(value)),
            Err(VarError::NotPresent) => Value::Missing,
            Err(VarError::NotUnicode(_)) => Value::NotText,
        });
        for (name, _) in env::vars_os() {
            let name = name.to_string_lossy();
            if let Some(known) = similar_to(&name) {
                let what = format!("is not a known variable; the most similar one is {known}");
                vars.odd(name.into_owned(), what);
            }
        }
        Self::read(vars)
    }

    /// Reads the variables from another source, by name.
    ///
    /// # Errors
    ///
    /// [`EnvError`] with every missing or invalid variable, and with the variables to
    /// set if none is set.
    pub fn from_vars(get: impl Fn(&str) -> Option<String>) -> Result<Self, EnvError> {
        Self::read(Vars::new(|name| match get(name) {
            Some(value) => Value::Text(Zeroizing::new(value)),
            None => Value::Missing,
        }))
    }

    fn read<V: Fn(&str) -> Value>(mut vars: Vars<V>) -> Result<Self, EnvError> {
        let unknown = std::mem::take(&mut vars.problems);
        let b2binpay = B2binpay::read(&mut vars);
        let citypay = citypay_account(&mut vars);
        vars.problems.extend(unknown);
        if vars.problems.is_empty() && b2binpay.is_none() && citypay.is_none() {
            vars.odd(
                SECRET,
                "is not set (B2BINPAY also needs PAYHOOK_B2BINPAY_TRACKING_IDS)",
            );
            vars.odd(CUSTOMER_ID, "is not set: configure at least one gateway");
        }
        vars.finish(Self { b2binpay, citypay })
    }

    /// Returns the gateway for B2BINPAY (or Coinsbuy), if it is configured. `fetch`
    /// queries the API, if its URL is configured, and has to add the merchant's
    /// bearer token.
    #[must_use]
    pub fn b2binpay<F>(&self, fetch: F) -> Option<b2binpay::Gateway<F>> {
        let own = self.b2binpay.as_ref()?;
        let gateway = b2binpay::Gateway::new(own.verifier.clone());
        Some(gateway.with_optional_api(own.api_url.as_deref(), fetch))
    }

    /// Returns the gateway for CityPay.io, if it is configured. `fetch` queries the
    /// order endpoint.
    #[must_use]
    pub fn citypay<F>(&self, fetch: F) -> Option<citypay::Gateway<F>> {
        let account = self.citypay.clone()?;
        Some(citypay::Gateway::new(account, fetch))
    }
}

impl B2binpay {
    /// Returns `None` if no variable of the gateway is set, or after a problem.
    fn read<V: Fn(&str) -> Value>(vars: &mut Vars<V>) -> Option<Self> {
        let others = [LOGIN, PASSWORD, TRACKING_IDS, API_URL];
        let secrets = std::iter::once(SECRET).chain(MORE_SECRETS);
        if !vars.has_any(secrets.clone().chain(others)) {
            return None;
        }
        let mut keys = Vec::new();
        let mut has_secret = false;
        for name in secrets {
            has_secret |= vars.has_any([name]);
            let Some(secret) = vars.text(name) else {
                continue;
            };
            match Key::callback_secret(&secret) {
                Ok(key) => keys.push(key.with_name(name)),
                Err(error) => vars.odd(name, format!("is invalid: {error}")),
            }
        }
        if vars.has_any([LOGIN, PASSWORD]) {
            let (login, password) = (vars.required(LOGIN), vars.required(PASSWORD));
            if let (Some(login), Some(password)) = (login, password) {
                match Key::v2_credentials(&login, &password) {
                    Ok(key) => keys.push(key),
                    Err(error) => vars.odd(LOGIN, format!("is invalid: {error}")),
                }
            }
        } else if !has_secret {
            vars.odd(SECRET, "is missing");
        }
        let ids: Option<TrackingIds> = vars.parsed(
            TRACKING_IDS,
            "must be prefixed, uuid, length=N, unused or unrestricted",
        );
        let api_url = vars.text(API_URL).map(|url| url.to_string());
        if api_url.as_deref().is_some_and(|url| !is_api_url(url)) {
            vars.odd(
                API_URL,
                "must be an https:// URL without a query or a password",
            );
        }
        let mut keys = keys.into_iter();
        let verifier = Verifier::new(keys.next()?, ids?);
        Some(Self {
            verifier: keys.fold(verifier, Verifier::add_key),
            api_url,
        })
    }
}

/// Returns `None` if no variable of CityPay.io is set, or after a problem.
fn citypay_account<V: Fn(&str) -> Value>(vars: &mut Vars<V>) -> Option<Account> {
    if !vars.has_any([CUSTOMER_ID, ENVIRONMENT, SOURCES, DANGER_SOURCES]) {
        return None;
    }
    let account = vars.required(CUSTOMER_ID).and_then(|id| {
        let account = Account::new(&id);
        let noted = account.map_err(|_| vars.odd(CUSTOMER_ID, "is empty"));
        noted.ok()
    });
    let is_sandbox = match vars.text(ENVIRONMENT).as_ref().map(|name| name.as_str()) {
        None | Some("production") => false,
        Some("sandbox") => true,
        Some(_) => {
            vars.odd(ENVIRONMENT, "must be production or sandbox");
            false
        }
    };
    if vars.has_any([SOURCES]) && vars.has_any([DANGER_SOURCES]) {
        vars.odd(
            DANGER_SOURCES,
            format!("and {SOURCES} are both set: set one of them"),
        );
    }
    let sources = vars.ranges(SOURCES);
    let danger_sources = vars.ranges(DANGER_SOURCES);
    let mut account = account?;
    if let Some(ranges) = sources {
        account = account.source_addresses(ranges);
    }
    if let Some(ranges) = danger_sources {
        account = account.danger_settle_deposits_by_source_address(ranges);
    }
    Some(if is_sandbox {
        account.sandbox()
    } else {
        account
    })
}

/// For an unknown name of ours, the known one that resembles it most.
fn similar_to(name: &str) -> Option<&'static str> {
    let is_ours = PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    if !is_ours || KNOWN.contains(&name) {
        return None;
    }
    let same = |pair: &(u8, u8)| pair.0 == pair.1;
    // Of several, the first.
    KNOWN.into_iter().rev().max_by_key(|known| {
        let start = known.bytes().zip(name.bytes()).take_while(same);
        let end = known.bytes().rev().zip(name.bytes().rev());
        start.count() + end.take_while(same).count()
    })
}

/// URLs without TLS are accepted for this machine only, for tests.
fn is_api_url(url: &str) -> bool {
    let is_here = |rest: &str| {
        let host = rest.split(['/', ':']).next().unwrap_or_default();
        matches!(host, "localhost" | "127.0.0.1")
    };
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://").filter(|rest| is_here(rest)));
    rest.is_some_and(|rest| {
        let is_plain = |c: char| c.is_ascii_graphic() && !matches!(c, '?' | '#' | '@');
        !rest.is_empty() && !rest.starts_with(['/', ':']) && rest.chars().all(is_plain)
    })
}

#[cfg(test)]
mod tests {
    use super::similar_to;

    #[test]
    fn an_unknown_variable_is_named_with_a_similar_one() {
        for (name, similar) in [
            (
                "PAYHOOK_B2BINPAY_CALLBAK_SECRET",
                "PAYHOOK_B2BINPAY_CALLBACK_SECRET",
            ),
            (
                "PAYHOOK_B2BINPAY_SECRET",
                "PAYHOOK_B2BINPAY_CALLBACK_SECRET",
            ),
            (
                "PAYHOOK_COINSBUY_CALLBACK_SECRET",
                "PAYHOOK_B2BINPAY_CALLBACK_SECRET",
            ),
            (
                "PAYHOOK_B2BINPAY_TRACKING_ID",
                "PAYHOOK_B2BINPAY_TRACKING_IDS",
            ),
            ("PAYHOOK_B2BPAY_API_URL", "PAYHOOK_B2BINPAY_API_URL"),
            ("PAYHOOK_CITYPAY_IO_SOURCES", "PAYHOOK_CITYPAY_SOURCES"),
            // Never the dangerous one, unless it is named.
            ("PAYHOOK_CITYPAY_ZONE", "PAYHOOK_CITYPAY_CUSTOMER_ID"),
        ] {
            assert_eq!(similar_to(name), Some(similar), "{name}");
        }
        for name in [
            "PAYHOOK_B2BINPAY_CALLBACK_SECRET_2",
            "PAYHOOK_PAYMENT",
            "B2BINPAY",
        ] {
            assert_eq!(similar_to(name), None, "{name}");
        }
    }
}
