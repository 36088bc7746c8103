//! [`TrustedProxies`]: the trusted proxies, and the client's address behind them.

use std::net::{IpAddr, Ipv6Addr};

use http::header::{FORWARDED, HeaderMap, HeaderName};

use super::forwarded;
use crate::address::AddressRanges;

/// A longer chain of proxies counts as a loop.
const MAX_PROXIES: usize = 32;

/// The merchant's own proxies, and the header that they write.
///
/// Where addresses are evidence, the endpoint needs the client's address. Behind a
/// proxy the socket does not show it, and a header can be trusted only in part: each
/// proxy appends the address of its peer, and everything to the left of the first
/// untrusted address was written by the client itself. So the chain is followed from
/// the socket's peer to the left, as long as it leads from one configured proxy to
/// the next; the first other address is the client's.
///
/// ```
/// use payhook::address::AddressRanges;
/// use payhook::http::{Request, TrustedProxies};
///
/// let proxies = TrustedProxies::x_forwarded_for(AddressRanges::parse(["10.0.0.0/8"])?);
/// // The client claimed to be 203.0.113.1; the proxies recorded its real address.
/// let request = Request::post("/").header("x-forwarded-for", "203.0.113.1, 198.51.100.7, 10.0.0.2");
/// let headers = request.headers_ref().ok_or("no headers")?;
///
/// let client = proxies.client("10.0.0.1".parse()?, headers);
/// assert_eq!(client, Some("198.51.100.7".parse()?));
/// // The header of an untrusted peer is ignored.
/// let client = proxies.client("192.0.2.9".parse()?, headers);
/// assert_eq!(client, Some("192.0.2.9".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Choose the header that *all* of these proxies write: a proxy that forwards it
/// unmodified forwards the client's own claims.
#[derive(Debug, Clone)]
pub struct TrustedProxies {
    ranges: AddressRanges,
    header: Header,
}

#[derive(Debug, Clone, Copy)]
enum Header {
    Forwarded,
    XForwardedFor,
}

impl TrustedProxies {
    /// Creates the set of proxies that write `Forwarded` (RFC 7239).
    ///
    /// ```
    /// use payhook::address::AddressRanges;
    /// use payhook::http::{Request, TrustedProxies};
    ///
    /// let proxies = TrustedProxies::forwarded(AddressRanges::parse(["10.0.0.0/8"])?);
    /// let request = Request::post("/").header("forwarded", r#"for="[2001:db8::7]:4711";proto=https"#);
    /// let headers = request.headers_ref().ok_or("no headers")?;
    /// assert_eq!(proxies.client("10.0.0.1".parse()?, headers), Some("2001:db8::7".parse()?));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn forwarded(ranges: AddressRanges) -> Self {
        Self {
            ranges,
            header: Header::Forwarded,
        }
    }

    /// Creates the set of proxies that write `X-Forwarded-For`.
    #[must_use]
    pub fn x_forwarded_for(ranges: AddressRanges) -> Self {
        Self {
            ranges,
            header: Header::XForwardedFor,
        }
    }

    /// Returns the client's address, for the `peer` of an endpoint.
    ///
    /// Returns `None` if the chain cannot be followed to its end: a configured proxy
    /// wrote no entry, or one without a plain address (`unknown`, an obfuscated name,
    /// invalid text). Such an entry is not skipped, since nothing to its left can be
    /// trusted. An IPv4-mapped IPv6 address is returned as IPv4, and ports are
    /// dropped.
    #[must_use]
    pub fn client(&self, socket: IpAddr, headers: &HeaderMap) -> Option<IpAddr> {
        let socket = socket.to_canonical();
        if !self.ranges.contains(socket) {
            return Some(socket);
        }
        let lines = headers.get_all(self.header.name()).iter().rev();
        let entries = lines.flat_map(|line| forwarded::entries(line.as_bytes()));
        for entry in entries.take(MAX_PROXIES) {
            let address = self.header.address(entry)?.to_canonical();
            if !self.ranges.contains(address) {
                return Some(address);
            }
        }
        None
    }
}

impl Header {
    fn name(self) -> HeaderName {
        match self {
            Self::Forwarded => FORWARDED,
            Self::XForwardedFor => HeaderName::from_static("x-forwarded-for"),
        }
    }

    fn address(self, entry: &[u8]) -> Option<IpAddr> {
        let entry = std::str::from_utf8(entry).ok()?;
        match self {
            Self::Forwarded => forwarded::node(&forwarded::for_value(entry)?),
            Self::XForwardedFor => {
                let entry = entry.trim_matches([' ', '\t']);
                // Only here is IPv6 written without brackets.
                let bare = entry.parse().map(Ipv6Addr::into);
                bare.ok().or_else(|| forwarded::node(entry))
            }
        }
    }
}
