//! The proxies whose word about a client's address is believed.

use std::net::{IpAddr, Ipv6Addr};

use super::networks::Networks;

/// The addresses of our own proxies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TrustedProxies(Networks);

impl TrustedProxies {
    /// Parses the list; the error is the entry that is neither an address nor a prefix.
    pub(crate) fn parse(entries: &[String]) -> Result<Self, &String> {
        Networks::parse(entries).map(Self)
    }

    /// Whether `address` is one of them.
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(address)
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
