//! The proxies whose word about a client's address is believed.

use std::net::{IpAddr, Ipv6Addr};

/// Addresses or prefixes (`10.0.0.0/8`, `::1`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TrustedProxies(Vec<Prefix>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Prefix {
    bits: u128,
    length: u8,
}

/// An IPv4 address counts as its IPv4-mapped IPv6 address, whose first 96 bits are fixed.
const V4_OFFSET: u8 = 96;

fn mapped(address: IpAddr) -> u128 {
    let v6 = match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped(),
        IpAddr::V6(v6) => v6,
    };
    u128::from(v6)
}

impl Prefix {
    fn parse(text: &str) -> Option<Self> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let (offset, length_max) = if address.is_ipv4() {
            (V4_OFFSET, 32)
        } else {
            (0, 128)
        };
        let length: u8 = match length {
            Some(length) => length.parse().ok()?,
            None => length_max,
        };
        (length <= length_max).then(|| Self {
            bits: mapped(address),
            length: offset + length,
        })
    }

    fn contains(self, address: IpAddr) -> bool {
        let differing = (self.bits ^ mapped(address)).leading_zeros();
        differing >= u32::from(self.length)
    }
}

impl TrustedProxies {
    /// Parses the list; the error is the entry that is neither an address nor a prefix.
    pub(crate) fn parse(entries: &[String]) -> Result<Self, &String> {
        entries
            .iter()
            .map(|entry| Prefix::parse(entry).ok_or(entry))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Whether `address` is one of them.
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|prefix| prefix.contains(address))
    }

    /// Who really asks: the last address of `X-Forwarded-For` that is not a proxy of ours, read from the right,
    /// because everything to the left of it is what that client claims.
    pub(crate) fn unwrap<'a>(
        &self,
        peer: IpAddr,
        forwarded_for: impl Iterator<Item = &'a str>,
    ) -> IpAddr {
        let peer = peer.to_canonical();
        if !self.contains(peer) {
            return peer;
        }
        let hops: Vec<&str> = forwarded_for
            .flat_map(|header| header.split(','))
            .map(str::trim)
            .collect();
        let mut client = peer;
        for hop in hops.iter().rev() {
            let Some(address) = parse_hop(hop) else { break };
            client = address;
            if !self.contains(address) {
                break;
            }
        }
        client
    }
}

/// `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1` or `[2001:db8::1]:4711`.
fn parse_hop(hop: &str) -> Option<IpAddr> {
    let bare = hop.parse::<IpAddr>().ok();
    let with_port = || {
        hop.parse::<std::net::SocketAddr>()
            .ok()
            .map(|address| address.ip())
    };
    let bracketed = || {
        hop.strip_prefix('[')?
            .strip_suffix(']')?
            .parse::<Ipv6Addr>()
            .ok()
            .map(IpAddr::V6)
    };
    bare.or_else(with_port)
        .or_else(bracketed)
        .map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(entries: &[&str]) -> TrustedProxies {
        let entries: Vec<String> = entries.iter().map(|entry| (*entry).to_owned()).collect();
        TrustedProxies::parse(&entries).unwrap()
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_prefix_has_edges() {
        let ten = proxies(&["10.0.0.0/8"]);
        assert!(ten.contains(ip("10.0.0.0")) && ten.contains(ip("10.255.255.255")));
        assert!(!ten.contains(ip("9.255.255.255")) && !ten.contains(ip("11.0.0.0")));
        assert!(
            ten.contains(ip("::ffff:10.1.2.3")),
            "the mapped form is the same address"
        );
        assert!(proxies(&["0.0.0.0/0"]).contains(ip("203.0.113.9")));
        assert!(!proxies(&["0.0.0.0/0"]).contains(ip("2001:db8::1")));
        assert!(proxies(&["2001:db8::/32"]).contains(ip("2001:db8:ffff::1")));
        assert!(proxies(&["::1"]).contains(ip("::1")) && !proxies(&["::1"]).contains(ip("::2")));
    }

    #[test]
    fn nonsense_is_named() {
        for bad in [
            "localhost",
            "10.0.0.0/33",
            "::/129",
            "10.0.0.0/-1",
            "",
            "10.0.0.0/8/8",
        ] {
            let entries = [bad.to_owned()];
            assert_eq!(TrustedProxies::parse(&entries).unwrap_err(), bad);
        }
    }

    #[test]
    fn only_a_proxy_is_believed_and_only_about_its_own_client() {
        let ours = proxies(&["127.0.0.1", "10.0.0.0/8"]);
        for (peer, headers, expected) in [
            ("203.0.113.7", vec!["198.51.100.1"], "203.0.113.7"),
            ("127.0.0.1", vec![], "127.0.0.1"),
            ("127.0.0.1", vec!["203.0.113.7"], "203.0.113.7"),
            (
                "127.0.0.1",
                vec!["198.51.100.1, 203.0.113.7"],
                "203.0.113.7",
            ),
            (
                "127.0.0.1",
                vec!["198.51.100.1", "203.0.113.7, 10.0.0.9"],
                "203.0.113.7",
            ),
            ("127.0.0.1", vec!["203.0.113.7:4711"], "203.0.113.7"),
            ("127.0.0.1", vec!["[2001:db8::7]:4711"], "2001:db8::7"),
            ("127.0.0.1", vec!["127.0.0.1, nonsense"], "127.0.0.1"),
            ("::ffff:127.0.0.1", vec!["203.0.113.7"], "203.0.113.7"),
        ] {
            let client = ours.unwrap(ip(peer), headers.iter().copied());
            assert_eq!(client, ip(expected), "{peer} {headers:?}");
        }
    }
}
