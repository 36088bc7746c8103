//! The grammar of forwarding headers (RFC 7239), read from the right: only the
//! end of such a list is known to be well-formed.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The entries of one header line, last first, unmodified.
///
/// Quotes are paired from the right as well: an untrusted client's quote that is
/// never closed, or closed by the next proxy's, does not swallow what follows it.
pub(super) fn entries(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(line);
    std::iter::from_fn(move || {
        let line = rest.take()?;
        let Some(comma) = last_comma(line) else {
            return Some(line);
        };
        let (before, entry) = line.split_at_checked(comma)?;
        rest = Some(before);
        entry.get(1..)
    })
}

/// The position of the last comma outside quotes.
fn last_comma(line: &[u8]) -> Option<usize> {
    let mut quoted = false;
    for (at, byte) in line.iter().enumerate().rev() {
        match byte {
            b',' if !quoted => return Some(at),
            b'"' if !(quoted && is_escaped(line, at)) => quoted = !quoted,
            _ => {}
        }
    }
    None
}

/// Whether it is preceded by an odd number of backslashes.
fn is_escaped(line: &[u8], at: usize) -> bool {
    let before = line.iter().take(at).rev();
    before.take_while(|byte| **byte == b'\\').count() % 2 == 1
}

/// The value of an element's only `for` parameter; `None` if there is none or more
/// than one, or if any parameter is malformed.
pub(super) fn for_value(element: &str) -> Option<Cow<'_, str>> {
    let mut found = None;
    let mut rest = trim(element);
    loop {
        // A parameter may be omitted, but not its semicolon.
        if !rest.is_empty() && !rest.starts_with(';') {
            let (name, after) = rest.split_once('=')?;
            let (value, after) = value(after)?;
            if !is_token(name) {
                return None;
            }
            if name.eq_ignore_ascii_case("for") && found.replace(value).is_some() {
                return None;
            }
            rest = trim(after);
        }
        if rest.is_empty() {
            return found;
        }
        rest = trim(rest.strip_prefix(';')?);
    }
}

/// Parses a token or a quoted string, and returns the rest.
fn value(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([';', ' ', '\t']).unwrap_or(text.len());
        let (value, rest) = text.split_at_checked(end)?;
        // IPv6 addresses must be quoted, but often are not.
        let plain = value.replace([':', '[', ']'], "");
        return is_token(&plain).then_some((Cow::Borrowed(value), rest));
    };
    let mut value = String::new();
    let mut rest = quoted.chars();
    loop {
        match rest.next()? {
            '"' => return Some((Cow::Owned(value), rest.as_str())),
            '\\' => value.push(rest.next()?),
            other => value.push(other),
        }
    }
}

/// `192.0.2.1`, `192.0.2.1:4711`, `[2001:db8::1]`, `[2001:db8::1]:4711`. The port
/// may be hidden, the address may not.
pub(super) fn node(text: &str) -> Option<IpAddr> {
    let (address, port) = if let Some(text) = text.strip_prefix('[') {
        let (address, port) = text.split_once(']')?;
        (address.parse().map(Ipv6Addr::into).ok()?, port)
    } else {
        let end = text.find(':').unwrap_or(text.len());
        let (address, port) = text.split_at_checked(end)?;
        (address.parse().map(Ipv4Addr::into).ok()?, port)
    };
    let is_port = match port.strip_prefix(':') {
        None => port.is_empty(),
        Some(port) => match port.strip_prefix('_') {
            Some(hidden) => is_token(hidden),
            None => port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok(),
        },
    };
    is_port.then_some(address)
}

fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

/// A token of RFC 9110.
fn is_token(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_allowed)
}
