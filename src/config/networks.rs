//! Lists of addresses and prefixes, as an operator writes them.

use std::net::IpAddr;

/// Addresses or prefixes (`10.0.0.0/8`, `::1`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Networks(Vec<Prefix>);

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

impl Networks {
    /// Parses the list; the error is the entry that is neither an address nor a prefix.
    pub(crate) fn parse(entries: &[String]) -> Result<Self, &String> {
        entries
            .iter()
            .map(|entry| Prefix::parse(entry).ok_or(entry))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Whether `address` is in one of them.
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|prefix| prefix.contains(address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn networks(entries: &[&str]) -> Networks {
        let entries: Vec<String> = entries.iter().map(|entry| (*entry).to_owned()).collect();
        Networks::parse(&entries).unwrap()
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_prefix_has_edges() {
        let ten = networks(&["10.0.0.0/8"]);
        assert!(ten.contains(ip("10.0.0.0")) && ten.contains(ip("10.255.255.255")));
        assert!(!ten.contains(ip("9.255.255.255")) && !ten.contains(ip("11.0.0.0")));
        assert!(
            ten.contains(ip("::ffff:10.1.2.3")),
            "the mapped form is the same address"
        );
        assert!(networks(&["0.0.0.0/0"]).contains(ip("203.0.113.9")));
        assert!(!networks(&["0.0.0.0/0"]).contains(ip("2001:db8::1")));
        assert!(networks(&["2001:db8::/32"]).contains(ip("2001:db8:ffff::1")));
        assert!(networks(&["::1"]).contains(ip("::1")) && !networks(&["::1"]).contains(ip("::2")));
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
            assert_eq!(Networks::parse(&entries).unwrap_err(), bad);
        }
    }
}
