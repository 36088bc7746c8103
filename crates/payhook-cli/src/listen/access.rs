//! [`AccessRules`]: access to the page. Its callbacks are genuine, and contain their
//! signatures.

use std::net::{IpAddr, SocketAddr};

use axum::http::header::{HOST, ORIGIN};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, Uri};

use crate::random::random;

/// Headers of proxies and tunnels: their visitors are on other machines.
const PROXIED: [&str; 7] = [
    "forwarded",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
    "cf-connecting-ip",
];

/// The rules for requests to the page.
pub(crate) struct AccessRules {
    port: u16,
    /// Known only to the page, which sends it with everything that has an effect.
    pub(crate) token: String,
}

impl AccessRules {
    pub(crate) fn new(port: u16) -> Self {
        Self {
            port,
            token: random(),
        }
    }

    /// Returns why a request is refused, if it is.
    pub(crate) fn refuses(
        &self,
        peer: SocketAddr,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Option<&'static str> {
        if !peer.ip().to_canonical().is_loopback() {
            return Some("this page is for this machine only");
        }
        if PROXIED.iter().any(|name| headers.contains_key(*name)) {
            return Some("this page is not for visitors through a proxy or tunnel");
        }
        // Another name may be a site's own that resolves to this machine.
        let host = only(headers, &HOST);
        let is_own = host.is_some_and(|host| self.is_own(host))
            && uri.authority().is_none_or(|it| self.is_own(it.as_str()));
        if !is_own {
            return Some("the Host header is not a local address with this port");
        }
        let is_foreign = match only(headers, &ORIGIN) {
            Some(origin) => host.is_none_or(|host| origin != format!("http://{host}")),
            None => headers.contains_key(ORIGIN),
        };
        let site = headers.get("sec-fetch-site");
        if is_foreign || site.is_some_and(|it| it != "same-origin" && it != "none") {
            return Some("another site's page cannot use this one");
        }
        None
    }

    /// Whether a request with an effect has the token.
    pub(crate) fn knows(&self, headers: &HeaderMap) -> bool {
        let given = only(headers, &HeaderName::from_static("x-payhook-token"));
        given.is_some_and(|given| is_equal(given, &self.token))
    }

    fn is_own(&self, authority: &str) -> bool {
        let Ok(authority) = authority.parse::<Authority>() else {
            return false;
        };
        let host = authority.host();
        let ip = host.trim_start_matches('[').trim_end_matches(']');
        let is_local = host.eq_ignore_ascii_case("localhost")
            || ip.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
        let has_user = authority.as_str().contains('@');
        is_local && !has_user && authority.port_u16().unwrap_or(80) == self.port
    }
}

/// The value of a header, unless it occurs several times.
fn only<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    values.next().is_none().then_some(value)?.to_str().ok()
}

/// In constant time.
fn is_equal(one: &str, other: &str) -> bool {
    let pairs = one.bytes().zip(other.bytes());
    let difference = pairs.fold(0, |all, (one, other)| all | (one ^ other));
    one.len() == other.len() && difference == 0
}
