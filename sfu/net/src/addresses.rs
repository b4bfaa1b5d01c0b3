//! Which of our addresses others can reach.

use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use nix::ifaddrs::getifaddrs;
use nix::net::if_::InterfaceFlags;

/// Most interface addresses of a family that are offered as candidates. A browser checks every pair, so each one costs
/// every viewer a check; container hosts have dozens of bridges. Past it the operator must name the ones that count.
pub const ADDRESSES_PER_FAMILY_MAX: usize = 8;

/// The addresses of the interfaces that are up, in the kernel's order.
pub fn interface_addresses() -> io::Result<Vec<IpAddr>> {
    let mut addresses = Vec::new();
    for interface in getifaddrs()? {
        if !interface
            .flags
            .contains(InterfaceFlags::IFF_UP | InterfaceFlags::IFF_RUNNING)
        {
            continue;
        }
        let Some(address) = interface.address else {
            continue;
        };
        let v4 = address.as_sockaddr_in().map(|v4| IpAddr::V4(v4.ip()));
        let v6 = address.as_sockaddr_in6().map(|v6| IpAddr::V6(v6.ip()));
        if let Some(ip) = v4.or(v6)
            && !addresses.contains(&ip)
        {
            addresses.push(ip);
        }
    }
    Ok(addresses)
}

/// The addresses to offer when listening on `listen` on a machine that has `interfaces`.
///
/// A wildcard stands for the interfaces of its family. Loopback is offered only when it is listened on by name, or
/// when there is nothing else: a page on another machine would take it for itself.
pub fn reachable(listen: &[SocketAddr], interfaces: &[IpAddr]) -> Vec<SocketAddr> {
    let mut reachable = expand(listen, interfaces, |ip| {
        !ip.is_loopback() && !is_link_local(ip)
    });
    if reachable.is_empty() {
        reachable = expand(listen, interfaces, |ip| ip.is_loopback());
    }
    reachable
}

fn expand(
    listen: &[SocketAddr],
    interfaces: &[IpAddr],
    may_be_offered: impl Fn(IpAddr) -> bool,
) -> Vec<SocketAddr> {
    let mut expanded: Vec<SocketAddr> = Vec::new();
    for address in listen {
        if !address.ip().is_unspecified() {
            expanded.push(*address);
            continue;
        }
        let of_family = interfaces
            .iter()
            .filter(|ip| ip.is_ipv4() == address.is_ipv4() && may_be_offered(**ip))
            .take(ADDRESSES_PER_FAMILY_MAX);
        expanded.extend(of_family.map(|ip| SocketAddr::new(*ip, address.port())));
    }
    let mut seen = std::collections::HashSet::new();
    expanded.retain(|address| seen.insert(*address));
    expanded
}

/// Link-local addresses need a zone to be used, and a candidate has no room for one (RFC 8839 section 5.1).
fn is_link_local(ip: IpAddr) -> bool {
    const LINK_LOCAL_PREFIX: u16 = 0xfe80;
    const LINK_LOCAL_MASK: u16 = 0xffc0;
    match ip {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => first_segment(v6) & LINK_LOCAL_MASK == LINK_LOCAL_PREFIX,
    }
}

fn first_segment(v6: Ipv6Addr) -> u16 {
    let [segment, ..] = v6.segments();
    segment
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ips(texts: &[&str]) -> Vec<IpAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn offered(listen: &[&str], interfaces: &[&str]) -> Vec<String> {
        let listen: Vec<SocketAddr> = listen.iter().map(|text| text.parse().unwrap()).collect();
        reachable(&listen, &ips(interfaces))
            .iter()
            .map(SocketAddr::to_string)
            .collect()
    }

    #[test]
    fn a_wildcard_offers_the_interfaces_of_its_family_without_loopback_and_link_local() {
        let interfaces = [
            "127.0.0.1",
            "192.0.2.1",
            "169.254.1.1",
            "::1",
            "fe80::1",
            "2001:db8::1",
            "fd00::1",
        ];
        assert_eq!(offered(&["0.0.0.0:9"], &interfaces), ["192.0.2.1:9"]);
        assert_eq!(
            offered(&["[::]:9"], &interfaces),
            ["[2001:db8::1]:9", "[fd00::1]:9"]
        );
    }

    #[test]
    fn loopback_is_offered_when_it_is_named_or_alone() {
        assert_eq!(
            offered(&["127.0.0.1:9"], &["127.0.0.1", "192.0.2.1"]),
            ["127.0.0.1:9"]
        );
        assert_eq!(
            offered(&["0.0.0.0:9"], &["127.0.0.1", "::1"]),
            ["127.0.0.1:9"]
        );
        assert_eq!(
            offered(&["0.0.0.0:9", "[::]:9"], &["127.0.0.1", "::1", "192.0.2.1"]),
            ["192.0.2.1:9"]
        );
    }

    #[test]
    fn an_address_is_offered_once_and_a_host_of_many_bridges_offers_eight() {
        assert_eq!(
            offered(&["192.0.2.1:9", "0.0.0.0:9"], &["192.0.2.1"]),
            ["192.0.2.1:9"]
        );
        let bridges: Vec<String> = (1..=9).map(|n| format!("10.0.{n}.1")).collect();
        let bridges: Vec<&str> = bridges.iter().map(String::as_str).collect();
        assert_eq!(
            offered(&["0.0.0.0:9"], &bridges).len(),
            ADDRESSES_PER_FAMILY_MAX
        );
    }

    #[test]
    fn this_machine_has_a_loopback_interface() {
        assert!(
            interface_addresses()
                .unwrap()
                .iter()
                .any(IpAddr::is_loopback)
        );
    }
}
