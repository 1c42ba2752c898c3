//! Networks and addresses in `Match` lines (`addrmatch.c`).

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::pattern;

/// The addresses of a network: the family, the first and the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Network {
    is_v6: bool,
    first: u128,
    last: u128,
}

impl Network {
    /// An address, a network with its mask length, or the first octets of an IPv4 address and a star.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if let Some(octets) = text.strip_suffix(".*") {
            let count = octets.split('.').count();
            let padded = format!("{octets}{}", ".0".repeat(4_usize.checked_sub(count)?));
            let base = padded.parse::<Ipv4Addr>().ok()?;
            let length = u32::try_from(count).ok()? * 8;
            return (count < 4)
                .then(|| Self::new(IpAddr::V4(base), length))
                .flatten();
        }
        match text.split_once('/') {
            Some((address, length)) => Self::new(address.parse().ok()?, length.parse().ok()?),
            None => {
                let address = text.parse().ok()?;
                Self::new(address, bits(address))
            }
        }
    }

    fn new(address: IpAddr, length: u32) -> Option<Self> {
        let host_bits = bits(address).checked_sub(length)?;
        let hosts = 1_u128.checked_shl(host_bits).unwrap_or(0).wrapping_sub(1);
        let number = number(address);
        Some(Self {
            is_v6: address.is_ipv6(),
            first: number & !hosts,
            last: number | hosts,
        })
    }

    fn contains(&self, address: IpAddr) -> bool {
        address.is_ipv6() == self.is_v6 && (self.first..=self.last).contains(&number(address))
    }

    /// The first address and the last, and those beside them. Where networks overlap, one of these is in each
    /// part.
    fn edges(&self) -> Vec<IpAddr> {
        let edges = [
            Some(self.first),
            Some(self.last),
            self.first.checked_sub(1),
            self.last.checked_add(1),
        ];
        let address = |number| match self.is_v6 {
            true => Some(IpAddr::V6(Ipv6Addr::from_bits(number))),
            false => u32::try_from(number)
                .ok()
                .map(|number| IpAddr::V4(Ipv4Addr::from_bits(number))),
        };
        edges.into_iter().flatten().filter_map(address).collect()
    }
}

fn bits(address: IpAddr) -> u32 {
    match address {
        IpAddr::V4(_) => Ipv4Addr::BITS,
        IpAddr::V6(_) => Ipv6Addr::BITS,
    }
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_bits().into(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// Whether a pattern of a list matches an address.
pub(super) fn matches(pattern: &str, address: &str) -> bool {
    match (Network::parse(pattern), address.parse()) {
        (Some(network), Ok(address)) => network.contains(address),
        _ => pattern::matches(pattern, address),
    }
}

/// Addresses of which one is in each part that patterns tell apart, and the patterns of which that is not
/// certain.
pub(super) fn addresses(patterns: &BTreeSet<String>) -> (Vec<String>, Vec<String>) {
    let (mut found, mut uncertain) = (Vec::new(), Vec::new());
    for pattern in patterns {
        if let Some(network) = Network::parse(pattern) {
            found.extend(network.edges().iter().map(IpAddr::to_string));
        } else if pattern != "*" {
            uncertain.push(pattern.clone());
            found.extend(examples(pattern));
        }
    }
    (found, uncertain)
}

/// Some addresses that a pattern with stars may match.
fn examples(pattern: &str) -> Vec<String> {
    let fill = |with: &str| pattern.replace('*', with).replace('?', "1");
    let texts = ["1", "9", "254", "", "1.1", "1.1.1", ":1", "::1"].map(fill);
    let texts = texts.into_iter();
    texts
        .filter_map(|text| text.parse::<IpAddr>().ok())
        .map(|address| address.to_string())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_have_their_addresses() {
        for (pattern, address, expected) in [
            ("10.0.0.0/8", "10.255.255.255", true),
            ("10.0.0.0/8", "11.0.0.0", false),
            ("10.1.*", "10.1.7.9", true),
            ("10.1.*", "10.10.7.9", false),
            ("10.1.?.9", "10.1.7.9", true),
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.10", false),
            ("0.0.0.0/0", "192.0.2.10", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("::/0", "2001:db8::1", true),
            ("*", "2001:db8::1", true),
            ("*:*", "2001:db8::1", true),
        ] {
            assert_eq!(matches(pattern, address), expected, "{pattern} {address}");
        }
    }

    #[test]
    fn the_edges_lie_inside_and_outside() {
        let of = |text| Network::parse(text).unwrap().edges();
        let edges = |text| of(text).iter().map(IpAddr::to_string).collect::<Vec<_>>();
        assert_eq!(
            edges("192.0.2.0/24"),
            ["192.0.2.0", "192.0.2.255", "192.0.1.255", "192.0.3.0"]
        );
        assert_eq!(edges("0.0.0.0/0"), ["0.0.0.0", "255.255.255.255"]);
        assert_eq!(edges("::/0").len(), 2);
        assert_eq!(edges("2001:db8::/32").len(), 4);
    }

    #[test]
    fn patterns_with_other_stars_are_uncertain() {
        let patterns = ["10.*.3", "*", "10.*", "192.0.2.?"].map(str::to_owned);
        let (found, uncertain) = addresses(&BTreeSet::from(patterns));
        assert_eq!(uncertain, ["10.*.3", "192.0.2.?"]);
        assert!(found.contains(&"192.0.2.1".to_owned()), "{found:?}");
    }
}
