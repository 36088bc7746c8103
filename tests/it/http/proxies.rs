//! The entries that determine the client's address.

use payhook::address::AddressRanges;
use payhook::http::{Request, TrustedProxies};

fn ranges() -> AddressRanges {
    AddressRanges::parse(["10.0.0.0/8", "2001:db8:ffff::/48"]).unwrap()
}

fn client(proxies: &TrustedProxies, name: &str, socket: &str, lines: &[&str]) -> Option<String> {
    let request = lines.iter().fold(Request::post("/"), |request, line| {
        request.header(name, *line)
    });
    let headers = request.headers_ref().unwrap();
    let client = proxies.client(socket.parse().unwrap(), headers);
    client.map(|address| address.to_string())
}

fn check(proxies: &TrustedProxies, name: &str, cases: &[(&str, &[&str], Option<&str>)]) {
    for (socket, lines, expected) in cases {
        let found = client(proxies, name, socket, lines);
        assert_eq!(found.as_deref(), *expected, "{socket} {lines:?}");
    }
}

#[test]
fn x_forwarded_for() {
    let proxies = TrustedProxies::x_forwarded_for(ranges());
    let cases: &[(&str, &[&str], Option<&str>)] = &[
        // A peer that is not a proxy is the client, whatever its headers claim.
        ("198.51.100.7", &[], Some("198.51.100.7")),
        ("198.51.100.7", &["203.0.113.1"], Some("198.51.100.7")),
        (
            "198.51.100.7",
            &["203.0.113.1, 10.0.0.1"],
            Some("198.51.100.7"),
        ),
        ("198.51.100.7", &["unknown"], Some("198.51.100.7")),
        (
            "::ffff:198.51.100.7",
            &["203.0.113.1"],
            Some("198.51.100.7"),
        ),
        // One proxy, with forged entries to the left of its own.
        ("10.0.0.1", &["198.51.100.7"], Some("198.51.100.7")),
        ("::ffff:10.0.0.1", &["198.51.100.7"], Some("198.51.100.7")),
        (
            "10.0.0.1",
            &["203.0.113.1, 198.51.100.7"],
            Some("198.51.100.7"),
        ),
        (
            "10.0.0.1",
            &["10.0.0.9, 203.0.113.1,198.51.100.7"],
            Some("198.51.100.7"),
        ),
        (
            "10.0.0.1",
            &["garbage\", \u{fc}, , 198.51.100.7"],
            Some("198.51.100.7"),
        ),
        (
            "10.0.0.1",
            &["203.0.113.1", "198.51.100.7"],
            Some("198.51.100.7"),
        ),
        ("10.0.0.1", &["", "198.51.100.7"], Some("198.51.100.7")),
        // Several proxies, on one line and on several.
        (
            "10.0.0.1",
            &["198.51.100.7, 10.1.1.1, 2001:db8:ffff::2"],
            Some("198.51.100.7"),
        ),
        (
            "10.0.0.1",
            &["198.51.100.7", "10.1.1.1", "10.2.2.2"],
            Some("198.51.100.7"),
        ),
        (
            "10.0.0.1",
            &["203.0.113.1, 198.51.100.7 ,10.1.1.1", "10.2.2.2"],
            Some("198.51.100.7"),
        ),
        (
            "10.0.0.1",
            &["203.0.113.1, 198.51.100.7, ::ffff:10.1.1.1"],
            Some("198.51.100.7"),
        ),
        // Every format of an address.
        ("10.0.0.1", &["198.51.100.7:4711"], Some("198.51.100.7")),
        ("10.0.0.1", &["::ffff:198.51.100.7"], Some("198.51.100.7")),
        (
            "10.0.0.1",
            &["[::ffff:198.51.100.7]:1"],
            Some("198.51.100.7"),
        ),
        ("10.0.0.1", &["2001:db8::7"], Some("2001:db8::7")),
        ("10.0.0.1", &["[2001:db8::7]"], Some("2001:db8::7")),
        ("10.0.0.1", &["[2001:db8::7]:65535\t"], Some("2001:db8::7")),
        // An entry that would have to be trusted but cannot be parsed is never skipped.
        ("10.0.0.1", &[], None),
        ("10.0.0.1", &[""], None),
        ("10.0.0.1", &["198.51.100.7, "], None),
        ("10.0.0.1", &["198.51.100.7", ""], None),
        ("10.0.0.1", &["198.51.100.7,,10.1.1.1"], None),
        ("10.0.0.1", &["198.51.100.7, unknown"], None),
        ("10.0.0.1", &["198.51.100.7, _hidden, 10.1.1.1"], None),
        ("10.0.0.1", &["198.51.100.7", "unknown", "10.1.1.1"], None),
        ("10.0.0.1", &["10.2.2.2, 10.1.1.1"], None),
        ("10.0.0.1", &["198.51.100.7 10.1.1.1"], None),
        ("10.0.0.1", &["198.51.100.7:"], None),
        ("10.0.0.1", &["198.51.100.7:+80"], None),
        ("10.0.0.1", &["198.51.100.7:65536"], None),
        ("10.0.0.1", &["198.51.100.7:_"], None),
        ("10.0.0.1", &["198.51.100.07"], None),
        ("10.0.0.1", &["198.51.100"], None),
        ("10.0.0.1", &["[198.51.100.7]"], None),
        ("10.0.0.1", &["[2001:db8::7"], None),
        ("10.0.0.1", &["[2001:db8::7]4711"], None),
        ("10.0.0.1", &["fe80::1%eth0"], None),
        ("10.0.0.1", &["\"198.51.100.7\""], None),
        ("10.0.0.1", &["198.51.100.7/32"], None),
        ("10.0.0.1", &["gateway.example"], None),
    ];
    check(&proxies, "x-forwarded-for", cases);
    // The other header is ignored.
    let other = client(&proxies, "forwarded", "10.0.0.1", &["for=198.51.100.7"]);
    assert_eq!(other, None);
}

#[test]
fn forwarded() {
    let proxies = TrustedProxies::forwarded(ranges());
    let cases: &[(&str, &[&str], Option<&str>)] = &[
        ("198.51.100.7", &["for=203.0.113.1"], Some("198.51.100.7")),
        ("10.0.0.1", &["for=198.51.100.7"], Some("198.51.100.7")),
        (
            "10.0.0.1",
            &["For=\"198.51.100.7:4711\""],
            Some("198.51.100.7"),
        ),
        ("10.0.0.1", &["for=198.51.100.7:4711"], Some("198.51.100.7")),
        (
            "10.0.0.1",
            &["for=\"198.51.100.7:_hidden\""],
            Some("198.51.100.7"),
        ),
        ("10.0.0.1", &["for=\"[2001:db8::7]\""], Some("2001:db8::7")),
        (
            "10.0.0.1",
            &["for=\"[2001:db8::7]:4711\";proto=http"],
            Some("2001:db8::7"),
        ),
        ("10.0.0.1", &["for=[2001:db8::7]:4711"], Some("2001:db8::7")),
        (
            "10.0.0.1",
            &["for=\"[::ffff:198.51.100.7]\""],
            Some("198.51.100.7"),
        ),
        (
            "10.0.0.1",
            &["for=\"198\\.51.100.7\""],
            Some("198.51.100.7"),
        ),
        (
            "10.0.0.1",
            &["by=10.0.0.1;proto=https; FOR=198.51.100.7 ;host=a"],
            Some("198.51.100.7"),
        ),
        ("10.0.0.1", &[";for=198.51.100.7;;"], Some("198.51.100.7")),
        // From the right, across lines, as long as the entries are those of proxies.
        (
            "10.0.0.1",
            &["for=203.0.113.1, for=198.51.100.7"],
            Some("198.51.100.7"),
        ),
        (
            "10.0.0.1",
            &["for=203.0.113.1", "for=198.51.100.7, for=10.1.1.1"],
            Some("198.51.100.7"),
        ),
        (
            "10.0.0.1",
            &["for=198.51.100.7", "for=\"[2001:db8:ffff::1]\""],
            Some("198.51.100.7"),
        ),
        // Commas, semicolons and quotes inside of quotes do not separate.
        (
            "10.0.0.1",
            &["for=198.51.100.7;host=\"a, for=203.0.113.1;b\""],
            Some("198.51.100.7"),
        ),
        (
            "10.0.0.1",
            &["for=198.51.100.7;host=\"a\\\", for=\\\"203.0.113.1\""],
            Some("198.51.100.7"),
        ),
        (
            "10.0.0.1",
            &["for=198.51.100.7;host=\"a\\\\\", for=10.1.1.1"],
            Some("198.51.100.7"),
        ),
        (
            "10.0.0.1",
            &["for=198.51.100.7;host=\"\\\\\\\", for=203.0.113.1;b=\\\"c\""],
            Some("198.51.100.7"),
        ),
        // A forged quote does not hide the entries after it.
        (
            "10.0.0.1",
            &["for=203.0.113.1;a=\", for=198.51.100.7"],
            Some("198.51.100.7"),
        ),
        (
            "10.0.0.1",
            &["for=203.0.113.1;a=\"\\, for=\"198.51.100.7\""],
            Some("198.51.100.7"),
        ),
        (
            "10.0.0.1",
            &["for=203.0.113.1;a=\"", "for=\"198.51.100.7\""],
            Some("198.51.100.7"),
        ),
        // An entry that would have to be trusted but cannot be parsed is never skipped.
        ("10.0.0.1", &[], None),
        ("10.0.0.1", &[""], None),
        ("10.0.0.1", &["for=198.51.100.7,"], None),
        ("10.0.0.1", &["for=198.51.100.7, for=unknown"], None),
        (
            "10.0.0.1",
            &["for=198.51.100.7, for=_hidden, for=10.1.1.1"],
            None,
        ),
        (
            "10.0.0.1",
            &["for=198.51.100.7, by=10.0.0.1;proto=https"],
            None,
        ),
        ("10.0.0.1", &["for=198.51.100.7;for=203.0.113.1"], None),
        ("10.0.0.1", &["for=198.51.100.7;For=198.51.100.7"], None),
        ("10.0.0.1", &["for=198.51.100.7 proto=http"], None),
        ("10.0.0.1", &["for=\"198.51.100.7\"proto=http"], None),
        ("10.0.0.1", &["for = 198.51.100.7"], None),
        ("10.0.0.1", &["for=198.51.100.7;proto"], None),
        ("10.0.0.1", &["for=198.51.100.7;=http"], None),
        ("10.0.0.1", &["for=198.51.100.7;proto="], None),
        ("10.0.0.1", &["for=198.51.100.7\""], None),
        ("10.0.0.1", &["for=\"198.51.100.7"], None),
        ("10.0.0.1", &["for=\"198.51.100.7\\\""], None),
        ("10.0.0.1", &["for=\"\""], None),
        ("10.0.0.1", &["for=2001:db8::7"], None),
        ("10.0.0.1", &["for=\"2001:db8::7\""], None),
        ("10.0.0.1", &["198.51.100.7"], None),
        ("10.0.0.1", &["for=10.1.1.1"], None),
        // The end of a quoted string that looks like an element of its own.
        ("10.0.0.1", &["host=\"a, for=203.0.113.1;x=\\\"b\""], None),
    ];
    check(&proxies, "forwarded", cases);
    let other = client(&proxies, "x-forwarded-for", "10.0.0.1", &["198.51.100.7"]);
    assert_eq!(other, None);
}

/// The walk is bounded, however long the header is.
#[test]
fn a_loop_of_proxies() {
    let proxies = TrustedProxies::x_forwarded_for(ranges());
    for (count, expected) in [(31, Some("198.51.100.7")), (32, None), (100_000, None)] {
        let line = format!("198.51.100.7{}", ", 10.1.1.1".repeat(count));
        let found = client(&proxies, "x-forwarded-for", "10.0.0.1", &[&line]);
        assert_eq!(found.as_deref(), expected, "{count}");
    }
    // A header of quotes and backslashes does not take longer either.
    let proxies = TrustedProxies::forwarded(ranges());
    for piece in ["\\\"", "\"", "\\", "\"\\\\", ",\"", "\","] {
        let line = piece.repeat(100_000);
        let found = client(&proxies, "forwarded", "10.0.0.1", &[&line]);
        assert_eq!(found, None, "{piece}");
    }
}
