//! Forwarding headers: with forged entries in front of them, and, if they are
//! well-formed, compared with a parser that begins on the left.
//!
//! Each paragraph of the input is a request. Its first byte selects the header and the
//! peer; the rest are the lines of that header.

use std::net::{IpAddr, Ipv4Addr, SocketAddrV4, SocketAddrV6};

use payhook::address::AddressRanges;
use payhook::http::{Request, TrustedProxies};

pub(crate) fn check(data: &[u8]) {
    let mut rest = data;
    while let Some(end) = rest.windows(2).position(|two| two == b"\n\n") {
        request(&rest[..end]);
        rest = &rest[end + 2..];
    }
    request(rest);
}

fn request(paragraph: &[u8]) {
    let Some((picked, lines)) = paragraph.split_first() else {
        return;
    };
    let ranges = AddressRanges::parse(["10.0.0.0/8", "fd00::/8"]).unwrap();
    let socket: IpAddr = match picked >> 1 & 3 {
        0 => Ipv4Addr::new(10, 0, 0, 1).into(),
        1 => Ipv4Addr::new(10, 0, 0, 1).to_ipv6_mapped().into(),
        2 => "fd00::1".parse().unwrap(),
        _ => "192.0.2.9".parse().unwrap(),
    };
    let (name, proxies, read): (_, _, Reader) = if picked & 1 == 1 {
        (
            "forwarded",
            TrustedProxies::forwarded(ranges.clone()),
            forwarded,
        )
    } else {
        let proxies = TrustedProxies::x_forwarded_for(ranges.clone());
        ("x-forwarded-for", proxies, x_forwarded_for)
    };
    let client = |lines: &[Vec<u8>]| {
        let mut request = Request::new(());
        for line in lines {
            let value = line.as_slice().try_into().ok()?;
            request.headers_mut().append(name, value);
        }
        Some(proxies.client(socket, request.headers()))
    };
    let lines: Vec<Vec<u8>> = lines
        .split(|byte| *byte == b'\n')
        .map(<[u8]>::to_vec)
        .collect();
    // Invalid header values are not used.
    let Some(found) = client(&lines) else { return };
    if !ranges.contains(socket.to_canonical()) {
        assert_eq!(found, Some(socket));
        return;
    }
    if let Some(entries) = read(&lines) {
        assert_eq!(found, walk(&entries, &ranges), "{entries:?}");
    }
    let Some(address) = found else { return };
    assert!(!ranges.contains(address) && address == address.to_canonical());
    // Forged entries in front, in lines of their own or in the same line.
    for claim in [
        &b"203.0.113.7"[..],
        b"for=203.0.113.7",
        b"for=\"",
        b"\"",
        b"for=\"203.0.113.7, ",
        b"\\",
        b"\\\"",
        b"10.0.0.7",
        b"\xff",
    ] {
        let mut before = lines.clone();
        before.insert(0, claim.to_vec());
        assert_eq!(client(&before), Some(found), "{claim:?}");
        let mut before = lines.clone();
        before[0] = [claim, b",", &before[0]].concat();
        assert_eq!(client(&before), Some(found), "{claim:?}");
    }
}

/// The entries of all lines, as far as they contain an address; `None` if this parser
/// does not support them.
type Reader = fn(&[Vec<u8>]) -> Option<Vec<Option<IpAddr>>>;

/// The last address that is not a proxy's.
fn walk(entries: &[Option<IpAddr>], ranges: &AddressRanges) -> Option<IpAddr> {
    for entry in entries.iter().rev().take(32) {
        let address = (*entry)?.to_canonical();
        if !ranges.contains(address) {
            return Some(address);
        }
    }
    None
}

fn x_forwarded_for(lines: &[Vec<u8>]) -> Option<Vec<Option<IpAddr>>> {
    // Bytes that are not text are not an address either.
    let line = lines.join(&b',');
    let line = String::from_utf8_lossy(&line);
    let whitespace = [' ', '\t'];
    let address = |entry: &str| entry.parse().ok().or_else(|| node(entry));
    (!line.contains('"')).then(|| {
        let entries = line.split(',').map(|entry| entry.trim_matches(whitespace));
        entries.map(address).collect()
    })
}

/// RFC 7239, exactly: a list of elements, of parameters, of tokens and quoted strings.
fn forwarded(lines: &[Vec<u8>]) -> Option<Vec<Option<IpAddr>>> {
    let mut entries = Vec::new();
    for line in lines {
        let mut rest = str::from_utf8(line).ok()?;
        loop {
            let mut found = None;
            loop {
                let (name, after) = rest.trim_start_matches([' ', '\t']).split_once('=')?;
                let (value, after) = value(after)?;
                if name.eq_ignore_ascii_case("for") && found.replace(value).is_some() {
                    return None;
                }
                is_token(name).then_some(())?;
                rest = after.trim_start_matches([' ', '\t']);
                match rest.strip_prefix(';') {
                    Some(after) => rest = after,
                    None => break,
                }
            }
            entries.push(found.and_then(|found| node(&found)));
            match rest.strip_prefix(',') {
                Some(after) => rest = after,
                None if rest.is_empty() => break,
                None => return None,
            }
        }
    }
    Some(entries)
}

fn value(text: &str) -> Option<(String, &str)> {
    let Some(mut rest) = text.strip_prefix('"') else {
        let end = text.find([';', ',', ' ', '\t']).unwrap_or(text.len());
        let (value, rest) = text.split_at(end);
        return is_token(value).then(|| (value.to_owned(), rest));
    };
    let mut value = String::new();
    loop {
        let end = rest.find(['"', '\\'])?;
        value += &rest[..end];
        let (mark, after) = rest[end..].split_at(1);
        if mark == "\"" {
            return Some((value, after));
        }
        let escaped = after.chars().next()?;
        value.push(escaped);
        rest = &after[escaped.len_utf8()..];
    }
}

fn is_token(text: &str) -> bool {
    let is_own = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    !text.is_empty() && text.chars().all(is_own)
}

/// An address with a port, an obfuscated port, or none.
fn node(text: &str) -> Option<IpAddr> {
    // An obfuscated port is any token.
    let shown = match text.rsplit_once(":_") {
        Some((address, port)) if is_token(port) => format!("{address}:1"),
        _ => text.to_owned(),
    };
    let v4 = || Some(IpAddr::from(*shown.parse::<SocketAddrV4>().ok()?.ip()));
    let v6 = |text: &str| Some(IpAddr::from(*text.parse::<SocketAddrV6>().ok()?.ip()));
    let bare = shown.parse::<Ipv4Addr>().ok().map(IpAddr::from);
    bare.or_else(v4)
        .or_else(|| v6(&shown).filter(|_| !shown.contains('%')))
        .or_else(|| {
            v6(&format!("{shown}:1")).filter(|_| shown.ends_with(']') && !shown.contains('%'))
        })
}
