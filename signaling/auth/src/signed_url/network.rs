//! The addresses that a signed URL is good for.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// All addresses that begin with the same bits, of one family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    first: IpAddr,
    prefix_bits: u8,
}

/// Why a text is no network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a network is an address, or one with a prefix length, such as 203.0.113.0/24")]
pub struct InvalidNetwork;

/// How many bits an address of this family has.
const fn bits_of(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

/// An address as a number whose highest bits are its first.
fn number_of(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => u128::from(u32::from(v4)) << 96,
        IpAddr::V6(v6) => u128::from(v6),
    }
}

impl Network {
    fn new(first: IpAddr, prefix_bits: u8) -> Result<Self, InvalidNetwork> {
        let first = first.to_canonical();
        if prefix_bits > bits_of(first) {
            return Err(InvalidNetwork);
        }
        Ok(Self { first, prefix_bits })
    }

    /// Whether an address is one of them. An IPv4 address in IPv6's clothes is the IPv4 address.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let n_equal = (number_of(self.first) ^ number_of(address)).leading_zeros();
        address.is_ipv4() == self.first.is_ipv4() && n_equal >= u32::from(self.prefix_bits)
    }

    /// As it stands in a token: neither a slash nor a dot, which have other meanings there.
    pub(super) fn to_field(self) -> String {
        let Self { first, prefix_bits } = self;
        match first {
            IpAddr::V4(v4) => format!("{:08x}-{prefix_bits}", u32::from(v4)),
            IpAddr::V6(v6) => format!("{:032x}-{prefix_bits}", u128::from(v6)),
        }
    }

    /// Reads what [`Self::to_field`] wrote.
    pub(super) fn from_field(field: &str) -> Result<Self, InvalidNetwork> {
        let (address, prefix_bits) = field.split_once('-').ok_or(InvalidNetwork)?;
        let first = match address.len() {
            8 => u32::from_str_radix(address, 16).map(|bits| Ipv4Addr::from(bits).into()),
            32 => u128::from_str_radix(address, 16).map(|bits| Ipv6Addr::from(bits).into()),
            _ => return Err(InvalidNetwork),
        };
        let prefix_bits = prefix_bits.parse().map_err(|_| InvalidNetwork)?;
        Self::new(first.map_err(|_| InvalidNetwork)?, prefix_bits)
    }
}

impl FromStr for Network {
    type Err = InvalidNetwork;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (address, prefix_bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let first: IpAddr = address.parse().map_err(|_| InvalidNetwork)?;
        let all = bits_of(first.to_canonical());
        let prefix_bits =
            prefix_bits.map_or(Ok(all), |bits| bits.parse().map_err(|_| InvalidNetwork))?;
        Self::new(first, prefix_bits)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.prefix_bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(text: &str) -> Network {
        text.parse().unwrap()
    }

    #[test]
    fn a_network_has_edges() {
        for (text, inside, outside) in [
            ("203.0.113.0/24", "203.0.113.255", "203.0.114.0"),
            ("203.0.113.7", "203.0.113.7", "203.0.113.6"),
            ("203.0.113.7", "::ffff:203.0.113.7", "::203.0.113.7"),
            ("0.0.0.0/0", "255.255.255.255", "::"),
            ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"),
            ("2001:db8::1", "2001:db8::1", "2001:db8::2"),
            ("::/0", "2001:db8::1", "203.0.113.7"),
        ] {
            assert!(network(text).contains(inside.parse().unwrap()), "{text}");
            assert!(!network(text).contains(outside.parse().unwrap()), "{text}");
            let again = Network::from_field(&network(text).to_field());
            assert_eq!(again, Ok(network(text)));
        }
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for bad in [
            "",
            "localhost",
            "203.0.113.0/33",
            "::/129",
            "203.0.113.0/-1",
            "1.2.3.4/8/8",
        ] {
            assert_eq!(bad.parse::<Network>(), Err(InvalidNetwork), "{bad:?}");
        }
        for bad in [
            "",
            "cb007100",
            "cb007100-33",
            "cb00710-24",
            "zz007100-24",
            "cb007100--1",
        ] {
            assert_eq!(Network::from_field(bad), Err(InvalidNetwork), "{bad:?}");
        }
    }
}
