//! Address ranges.

use payhook::address::AddressRanges;

#[test]
fn ranges_and_addresses() {
    let ranges = AddressRanges::parse(["203.0.113.0/28", "198.51.100.7", "2001:db8::/32"]).unwrap();
    for (address, inside) in [
        ("203.0.113.0", true),
        ("203.0.113.15", true),
        ("203.0.113.16", false),
        ("198.51.100.7", true),
        ("198.51.100.8", false),
        ("::ffff:198.51.100.7", true),
        ("::198.51.100.7", false),
        ("2001:db8:1::1", true),
        ("2001:db9::1", false),
    ] {
        assert_eq!(
            ranges.contains(address.parse().unwrap()),
            inside,
            "{address}"
        );
    }
    let mapped = AddressRanges::parse(["::ffff:203.0.113.0/124", "::ffff:198.51.100.7"]).unwrap();
    assert_eq!(
        mapped,
        AddressRanges::parse(["203.0.113.0/28", "198.51.100.7"]).unwrap()
    );
    assert!(
        !AddressRanges::parse([])
            .unwrap()
            .contains("127.0.0.1".parse().unwrap())
    );
}

#[test]
fn mistakes() {
    for text in [
        "",
        "203.0.113.0/33",
        "203.0.113",
        "shop.example",
        "203.0.113.0/28 ",
    ] {
        let error = AddressRanges::parse(["203.0.113.1", text]).unwrap_err();
        let expected =
            format!("expected an address or a range such as 203.0.113.0/28, found `{text}`");
        assert_eq!(error.to_string(), expected);
    }
}
