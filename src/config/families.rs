//! The addresses that one address to listen on stands for.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// `[::]` is every address of the machine, of both families, as it is for HTTP; every other address is itself. The media
/// plane has a socket for each family.
pub(crate) fn of(listen: SocketAddr) -> Vec<SocketAddr> {
    let every_ipv4 = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), listen.port());
    match listen.ip() {
        IpAddr::V6(ip) if ip.is_unspecified() => vec![every_ipv4, listen],
        IpAddr::V4(_) | IpAddr::V6(_) => vec![listen],
    }
}

/// Whether clients of this address's family are listened for.
pub(crate) fn listens_for(listen: SocketAddr, ip: IpAddr) -> bool {
    let families = of(listen);
    families
        .iter()
        .any(|address| address.is_ipv4() == ip.to_canonical().is_ipv4())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_is_of_both_families_on_one_port() {
        let of = |text: &str| of(text.parse().unwrap());
        let addresses = |texts: &[&str]| -> Vec<SocketAddr> {
            texts.iter().map(|text| text.parse().unwrap()).collect()
        };
        assert_eq!(of("[::]:8189"), addresses(&["0.0.0.0:8189", "[::]:8189"]));
        for one in ["0.0.0.0:8189", "127.0.0.1:1", "[::1]:0", "[2001:db8::1]:5"] {
            assert_eq!(of(one), addresses(&[one]));
        }
    }

    #[test]
    fn an_address_is_listened_for_where_its_family_is() {
        for (listen, ip, expected) in [
            ("[::]:1", "192.0.2.1", true),
            ("[::]:1", "2001:db8::1", true),
            ("0.0.0.0:1", "192.0.2.1", true),
            ("0.0.0.0:1", "::ffff:192.0.2.1", true),
            ("0.0.0.0:1", "2001:db8::1", false),
            ("[::1]:1", "192.0.2.1", false),
        ] {
            let is = listens_for(listen.parse().unwrap(), ip.parse().unwrap());
            assert_eq!(is, expected, "{listen} {ip}");
        }
    }
}
