//! [`Proxies`]: whose word counts about where a request comes from.

use std::net::{IpAddr, Ipv6Addr};

use http::header::{FORWARDED, HeaderMap, HeaderName};

use super::forwarded;
use crate::address::AddressRanges;

/// More proxies than this in a row are taken for a loop.
const MAX_PROXIES: usize = 32;

/// The merchant's own proxies, and the one header that they write.
///
/// Where addresses are evidence, the endpoint wants the address that the request
/// comes from. Behind a proxy the socket does not show it, and a header does
/// only as far as it can be believed: each proxy appends the address that it was
/// called from, and whatever is left of the first stranger is the stranger's
/// own claim. So the chain is walked from the socket's peer to the left, for as
/// long as it leads from one configured proxy to the next; where it leaves them
/// is the client.
///
/// ```
/// use payhook::address::AddressRanges;
/// use payhook::http::{Proxies, Request};
///
/// let proxies = Proxies::x_forwarded_for(AddressRanges::parse(["10.0.0.0/8"])?);
/// // The sender claimed to be 203.0.113.1; the proxies know better.
/// let request = Request::post("/").header("x-forwarded-for", "203.0.113.1, 198.51.100.7, 10.0.0.2");
/// let headers = request.headers_ref().ok_or("no headers")?;
///
/// let client = proxies.client("10.0.0.1".parse()?, headers);
/// assert_eq!(client, Some("198.51.100.7".parse()?));
/// // A stranger's header is not looked at.
/// let client = proxies.client("192.0.2.9".parse()?, headers);
/// assert_eq!(client, Some("192.0.2.9".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Choose the header that *all* of these proxies write: one of them that hands
/// it on as it came hands on what strangers claim.
#[derive(Debug, Clone)]
pub struct Proxies {
    ranges: AddressRanges,
    header: Header,
}

#[derive(Debug, Clone, Copy)]
enum Header {
    Forwarded,
    XForwardedFor,
}

impl Proxies {
    /// Proxies that write `Forwarded` (RFC 7239).
    ///
    /// ```
    /// use payhook::address::AddressRanges;
    /// use payhook::http::{Proxies, Request};
    ///
    /// let proxies = Proxies::forwarded(AddressRanges::parse(["10.0.0.0/8"])?);
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

    /// Proxies that write `X-Forwarded-For`.
    #[must_use]
    pub fn x_forwarded_for(ranges: AddressRanges) -> Self {
        Self {
            ranges,
            header: Header::XForwardedFor,
        }
    }

    /// The address that a request comes from, for the `peer` of an endpoint.
    ///
    /// `None` where the chain can't be followed to its end: a proxy of the
    /// merchant's wrote no entry, or one without a plain address (`unknown`, a
    /// hidden name, garbage). No such entry is skipped, since what is left
    /// of it nobody vouches for. An IPv4 address that is shown as IPv6 is given
    /// as IPv4, and ports are dropped.
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
                // Only here does IPv6 stand without brackets.
                let bare = entry.parse().map(Ipv6Addr::into);
                bare.ok().or_else(|| forwarded::node(entry))
            }
        }
    }
}
