//! [`AddressRanges`]: a gateway's source addresses.

use std::net::IpAddr;

use ipnet::IpNet;

/// The address ranges of a gateway, as configured by the merchant.
///
/// The gateways list their addresses in the dashboard or the help desk; this
/// crate ships none, since they change.
///
/// ```
/// use payhook::address::AddressRanges;
///
/// let ranges = AddressRanges::parse(["203.0.113.0/28", "198.51.100.7"])?;
/// assert!(ranges.contains("203.0.113.9".parse()?));
/// assert!(ranges.contains("::ffff:203.0.113.9".parse()?));
/// assert!(!ranges.contains("203.0.113.16".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressRanges(Vec<IpNet>);

/// The string is neither an address nor a range.
///
/// ```
/// use payhook::address::AddressRanges;
///
/// let ranges = AddressRanges::parse(["203.0.113.0/33"]).map_err(|error| error.to_string());
/// let expected = "expected an address or a range such as 203.0.113.0/28, found `203.0.113.0/33`";
/// assert_eq!(ranges, Err(expected.to_owned()));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected an address or a range such as 203.0.113.0/28, found `{0}`")]
pub struct AddressError(Box<str>);

impl AddressRanges {
    /// Parses ranges in CIDR notation and single addresses.
    ///
    /// # Errors
    ///
    /// [`AddressError`] with the first string that is neither.
    pub fn parse<'a>(ranges: impl IntoIterator<Item = &'a str>) -> Result<Self, AddressError> {
        let parse = |text: &str| {
            let range = text.parse::<IpNet>();
            range
                .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
                .map(canonical)
                .map_err(|_| AddressError(text.into()))
        };
        ranges
            .into_iter()
            .map(parse)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Returns whether an address is in one of the ranges. An IPv4 address that a
    /// dual-stack socket shows as IPv6 counts as IPv4.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|range| range.contains(&address))
    }
}

/// Converts a range of IPv4-mapped IPv6 addresses into an IPv4 range.
fn canonical(range: IpNet) -> IpNet {
    let mapped = match range {
        IpNet::V6(range) => {
            let address = range.addr().to_ipv4_mapped();
            address.zip(range.prefix_len().checked_sub(96))
        }
        IpNet::V4(_) => None,
    };
    let narrow = mapped.and_then(|(address, length)| IpNet::new(address.into(), length).ok());
    narrow.unwrap_or(range)
}
