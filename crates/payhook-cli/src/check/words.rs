//! The texts of the findings: code, title, meaning, and what to do.

use super::probe::{Failure, FailureKind};

/// Code, title, meaning and action of a finding.
pub(super) type Words = (&'static str, &'static str, &'static str, &'static str);

pub(super) fn failed(failure: &Failure) -> Words {
    match failure.kind {
        FailureKind::Dns => (
            "dns",
            "the host name has no address",
            "The gateway cannot resolve the host name either.",
            "Check the spelling of the URL and the DNS records; a new record needs time to spread.",
        ),
        FailureKind::Refused => (
            "refused",
            "the connection is refused",
            "No program listens on this port, or a firewall rejects the connection.",
            "Start the server, let it listen on an address that is reachable from outside, and open the port.",
        ),
        FailureKind::Tls => tls(&failure.error.to_ascii_lowercase()),
        FailureKind::NotHttp => (
            "not_http",
            "the response is not HTTP",
            "The port belongs to another protocol; a TLS port answers so when the URL begins with http://.",
            "Check scheme and port of the URL.",
        ),
        FailureKind::Timeout => (
            "timeout",
            "there is no response in time",
            "The gateway counts the delivery as failed. A firewall that drops packets looks like this, too.",
            "Answer at once and move slow work into a queue; check the firewall; --timeout waits longer.",
        ),
        FailureKind::Closed => (
            "closed",
            "the connection is closed without a response",
            "The server or a proxy ended the connection: a crash, or a limit on time or size.",
            "Look into the logs of the server and of each proxy at the time of this check.",
        ),
        FailureKind::Unreachable => (
            "unreachable",
            "the host is not reachable",
            "There is no route to the host, or the network fails.",
            "Check the address, the firewall and the network.",
        ),
    }
}

pub(super) fn tls(error: &str) -> Words {
    let has = |marks: &[&str]| marks.iter().any(|mark| error.contains(mark));
    let (meaning, action) = if has(&["notvalidforname", "not valid for name"]) {
        (
            "The certificate is for another host name.",
            "Use the host name of the certificate in the URL, or add this one to the certificate.",
        )
    } else if has(&["expired", "notvalidyet", "not valid yet"]) {
        (
            "The certificate is expired or not yet valid.",
            "Renew the certificate, and check the server's clock and its automatic renewal.",
        )
    } else if has(&[
        "unknownissuer",
        "unknown issuer",
        "self-signed",
        "selfsigned",
        "causedasendentity",
    ]) {
        (
            "The certificate is not signed by a known authority, or an intermediate certificate is missing.",
            "Install the full chain of a public authority's certificate.",
        )
    } else if has(&["corrupt message", "invalidcontenttype"]) {
        (
            "The port does not speak TLS.",
            "Check scheme and port of the URL: a URL with http:// is sent in plain text.",
        )
    } else if has(&["protocol", "version"]) {
        (
            "The server offers no version of TLS that is still accepted.",
            "Enable TLS 1.2 and 1.3.",
        )
    } else {
        (
            "No secure connection can be made.",
            "Check the certificate and the TLS settings; the response above has the reason.",
        )
    };
    ("tls", "TLS fails", meaning, action)
}

pub(super) const SLOW_ANSWER: Words = (
    "slow",
    "the response is slow",
    "The gateways do not publish how long they wait. A delivery that takes longer counts as failed and is sent again.",
    "Answer at once, and move slow work into a queue.",
);

pub(super) const BAD_GATEWAY: Words = (
    "bad_gateway",
    "a proxy has no server behind it, or the endpoint is not ready",
    "502 and 503 come from a proxy whose server is down, or from an endpoint whose database or lookup fails.",
    "Start the server behind the proxy; look into the endpoint's log.",
);
pub(super) const BODY_REFUSED: Words = (
    "body_refused",
    "the body is refused before its signature is checked",
    "payhook answers 401 to a well-formed body that does not verify. Another 4xx means that the bytes did not \
     arrive as sent (a proxy or a body parser changed or cut them), that the URL is the one for CityPay.io, or \
     that your own code refuses forgeries with it.",
    "Give the endpoint the raw bytes of the request, before any middleware decodes, parses or re-encodes them.",
);
pub(super) const BODY_REFUSED_BY_CITYPAY: Words = (
    "body_refused",
    "the body is refused before its order is looked up",
    "payhook answers 401 to a callback of an order that does not exist. Another 4xx means that the bytes did not \
     arrive as sent (a proxy or a body parser changed or cut them), that the URL is the one for B2BINPAY, or that \
     your own code refuses unknown orders with it.",
    "Compare the URL with the server's routes. Give the endpoint the raw bytes of the request, before any \
     middleware decodes, parses or re-encodes them.",
);
pub(super) const CHALLENGE: Words = (
    "challenge",
    "a bot check answers instead of the endpoint",
    "A CDN or firewall expects a browser. The gateway is a program and cannot pass.",
    "Exempt the callback URL from bot protection, and allow POST requests there.",
);
pub(super) const CONTENT_TYPE: Words = (
    "content_type",
    "a content type is refused",
    "A body parser in front of the endpoint accepts only some content types. B2BINPAY posts \
     application/vnd.api+json or application/json, CityPay.io application/json.",
    "Read the body as raw bytes, whatever its content type.",
);
pub(super) const FORBIDDEN: Words = (
    "forbidden",
    "forged bodies are answered with 403",
    "payhook answers 401. If your own code answers 403, nothing is wrong; else a firewall may refuse every request.",
    "Check in the server's log that these requests arrived; allow the gateway's source addresses in the firewall.",
);
pub(super) const FORGERY_ACCEPTED: Words = (
    "forgery_accepted",
    "the endpoint answers 200 to forged bodies",
    "Either it credits without checking the signature, so that anyone can credit themselves, or it hides every \
     failure: the gateway never sends a lost callback again.",
    "Verify the signature before anything else, and answer 401 if it does not match.",
);
pub(super) const GATEWAY_TIMEOUT: Words = (
    "gateway_timeout",
    "a proxy gives up waiting for the server",
    "The server behind the proxy does not answer in time.",
    "Answer at once, move slow work into a queue, and check the proxy's connection to the server.",
);
pub(super) const GET_ACCEPTED: Words = (
    "get_accepted",
    "a GET is answered with success",
    "A callback that a redirect turned into a GET would count as delivered and be lost.",
    "Answer other methods than POST with 405.",
);
pub(super) const LARGE_REFUSED: Words = (
    "large_refused",
    "a body of 64 KiB is refused",
    "A limit is below payhook's own of 64 KiB. Bodies that were seen have a few KiB.",
    "Raise the limit of the server or proxy if a genuine callback is ever refused with 413.",
);
pub(super) const LOGIN: Words = (
    "login",
    "the endpoint is behind a login",
    "A proxy, a framework's session check or a staging password answers instead of the endpoint. The gateway \
     cannot log in.",
    "Exempt the callback URL from authentication and CSRF checks: the signature authenticates callbacks.",
);
pub(super) const NOT_FOUND: Words = (
    "not_found",
    "there is no route",
    "The server does not know this path.",
    "Compare the path with the server's routes, with prefixes of proxies and slashes at the end.",
);
pub(super) const NOT_POST: Words = (
    "post_refused",
    "POST is not allowed",
    "The route accepts other methods only, or a static file or a web page has this path.",
    "Register the route for POST.",
);
pub(super) const RATE_LIMIT: Words = (
    "rate_limit",
    "a rate limit refuses requests",
    "A few requests were enough. The gateway sends several callbacks for each payment.",
    "Raise the limit for the callback URL.",
);
pub(super) const REDIRECT: Words = (
    "redirect",
    "the URL redirects",
    "The gateways do not document that they follow redirects.",
    "Register the URL that the redirect leads to, with its scheme, host name and slash at the end.",
);
pub(super) const REDIRECT_TO_GET: Words = (
    "redirect_to_get",
    "a redirect turns POST into GET",
    "A client that follows a 301, 302 or 303 sends a GET without the body: the callback is lost.",
    "Register the URL that the redirect leads to, with its scheme, host name and slash at the end.",
);
pub(super) const SERVER_ERROR: Words = (
    "server_error",
    "the server fails on a body that does not verify",
    "The endpoint, or a body parser in front of it, fails. payhook answers 401 to such a body.",
    "Look into the server's log at the time of this check.",
);
pub(super) const SMALL_REFUSED: Words = (
    "small_refused",
    "a body of ordinary size is refused as too large",
    "A limit of the server or of a proxy is below the size of a callback.",
    "Raise the limit to 64 KiB.",
);
pub(super) const UNKNOWN_ORDER_ACCEPTED: Words = (
    "unknown_order_accepted",
    "the endpoint answers 200 for an order that does not exist",
    "CityPay.io signs nothing, so anyone can post this. payhook answers 401 to an unknown token. Unless the \
     endpoint looks each order up, anyone can credit themselves.",
    "Fetch the order from the order endpoint before anything is credited; refuse unknown tokens.",
);
pub(super) const WEB_PAGE: Words = (
    "web_page",
    "a web page answers",
    "A login form, a single-page app or a parking page answers with success: the gateway counts the callback as \
     delivered, and it is lost.",
    "Route the callback URL to the endpoint, past the web site's own pages and logins.",
);
