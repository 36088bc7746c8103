//! Parsing the client's errors. The texts are those of rustls and hyper.

use super::probe::{FailureKind, kind};
use super::words::tls;

#[test]
fn errors_of_tls_name_the_reason() {
    for (error, meaning) in [
        (
            "invalid peer certificate: UnknownIssuer",
            "not signed by a known authority",
        ),
        (
            "invalid peer certificate: Other(OtherError(CaUsedAsEndEntity))",
            "not signed by a known authority",
        ),
        (
            "invalid peer certificate: certificate not valid for name \"shop.example\"; certificate \
             is only valid for DnsName(\"other.example\")",
            "for another host name",
        ),
        (
            "invalid peer certificate: certificate expired: verification time 1780000000 (UNIX), but \
             certificate is not valid after 1770000000 (10000000 seconds ago)",
            "expired",
        ),
        ("received fatal alert: ProtocolVersion", "no version of TLS"),
        (
            "received corrupt message of type InvalidContentType",
            "does not speak TLS",
        ),
        ("tls handshake eof", "No secure connection"),
    ] {
        let error = format!("client error (Connect): {error}").to_ascii_lowercase();
        assert!(kind(false, true, &error) == FailureKind::Tls, "{error}");
        assert!(tls(&error).2.contains(meaning), "{error}");
    }
}

#[test]
fn errors_of_the_connection() {
    for (error, is_connect, expected) in [
        (
            "dns error: failed to lookup address information",
            true,
            FailureKind::Dns,
        ),
        (
            "tcp connect error: connection refused (os error 111)",
            true,
            FailureKind::Refused,
        ),
        (
            "tcp connect error: no route to host (os error 113)",
            true,
            FailureKind::Unreachable,
        ),
        ("invalid http version parsed", false, FailureKind::NotHttp),
        (
            "connection closed before message completed",
            false,
            FailureKind::Closed,
        ),
        (
            "connection reset by peer (os error 104)",
            false,
            FailureKind::Closed,
        ),
    ] {
        assert!(kind(false, is_connect, error) == expected, "{error}");
        assert!(kind(true, is_connect, error) == FailureKind::Timeout);
    }
}
