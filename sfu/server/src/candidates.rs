//! Our addresses as clients know them, and as the kernel knows them. Behind a NAT the two differ: the core only ever
//! sees the former.

use std::net::{IpAddr, SocketAddr};

use sfu_core::config::LocalAddress;
use sfu_model::datagram::Transport;
use sfu_net::addresses::reachable;

use crate::config::Advertised;

/// The way out for what leaves from a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exit {
    /// Number of the socket, in the order of the addresses that are listened on.
    pub(crate) socket: usize,
    /// The address to leave from; None: as the routing table says, because a NAT shows another one anyway.
    pub(crate) source: Option<IpAddr>,
}

#[derive(Clone, Copy, Debug)]
struct Candidate {
    address: SocketAddr,
    exit: Exit,
}

/// The table between the two.
#[derive(Clone, Debug)]
pub(crate) struct Candidates {
    // A handful: scanning them is faster than a hash.
    all: Vec<Candidate>,
}

impl Candidates {
    /// `bound` are the addresses that are listened on, `interfaces` those of this machine.
    pub(crate) fn new(
        bound: &[SocketAddr],
        advertise: &[Advertised],
        interfaces: &[IpAddr],
    ) -> Self {
        let own = reachable(bound, interfaces);
        let offered = if advertise.is_empty() {
            own.clone()
        } else {
            named(bound, advertise)
        };
        let exit_of = |address: &SocketAddr| {
            let is_own = interfaces.contains(&address.ip()) || own.contains(address);
            let exact = bound.iter().position(|bound| bound.ip() == address.ip());
            let family = bound
                .iter()
                .position(|bound| bound.is_ipv4() == address.is_ipv4());
            let source = is_own.then(|| address.ip());
            Some(Candidate {
                address: *address,
                exit: Exit {
                    socket: exact.or(family)?,
                    source,
                },
            })
        };
        Self {
            all: offered.iter().filter_map(exit_of).collect(),
        }
    }

    /// What the core puts into answers: UDP first, because TCP delays media behind every lost packet.
    pub(crate) fn local_addresses(&self) -> Vec<LocalAddress> {
        let each = |transport| {
            self.all.iter().map(move |candidate| LocalAddress {
                transport,
                address: candidate.address,
            })
        };
        each(Transport::Udp).chain(each(Transport::Tcp)).collect()
    }

    /// The candidate that a client meant when its packet came to `destination`.
    ///
    /// An address that is not offered can only be the inner side of an advertised one; without such a one it stays as
    /// it is, and the core refuses what it does not know.
    pub(crate) fn meant_by(&self, destination: SocketAddr) -> SocketAddr {
        if self
            .all
            .iter()
            .any(|candidate| candidate.address == destination)
        {
            return destination;
        }
        let outer = self.all.iter().find(|candidate| {
            candidate.exit.source.is_none() && candidate.address.is_ipv4() == destination.is_ipv4()
        });
        outer.map_or(destination, |candidate| candidate.address)
    }

    /// How to leave from `candidate`; None for what is none of ours.
    pub(crate) fn exit(&self, candidate: SocketAddr) -> Option<Exit> {
        self.all
            .iter()
            .find(|known| known.address == candidate)
            .map(|known| known.exit)
    }
}

/// Advertised addresses with the port that is listened on in their family, or their own.
fn named(bound: &[SocketAddr], advertise: &[Advertised]) -> Vec<SocketAddr> {
    let with_port = |advertised: &Advertised| {
        let family = bound
            .iter()
            .find(|bound| bound.is_ipv4() == advertised.ip.is_ipv4())?;
        Some(SocketAddr::new(
            advertised.ip,
            advertised.port.unwrap_or(family.port()),
        ))
    };
    advertise.iter().filter_map(with_port).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn candidates(bound: &[&str], advertise: &[&str]) -> Candidates {
        let bound: Vec<SocketAddr> = bound.iter().map(|text| address(text)).collect();
        let advertise: Vec<Advertised> =
            advertise.iter().map(|text| text.parse().unwrap()).collect();
        let interfaces = ["127.0.0.1", "10.0.0.1", "10.0.1.1", "::1", "2001:db8::1"];
        let interfaces = interfaces.map(|text| text.parse().unwrap());
        Candidates::new(&bound, &advertise, &interfaces)
    }

    fn offered(candidates: &Candidates) -> Vec<String> {
        candidates
            .all
            .iter()
            .map(|candidate| candidate.address.to_string())
            .collect()
    }

    #[test]
    fn without_an_advertised_address_the_interfaces_are_offered_and_answer_for_themselves() {
        let candidates = candidates(&["0.0.0.0:9", "[::]:9"], &[]);
        assert_eq!(
            offered(&candidates),
            ["10.0.0.1:9", "10.0.1.1:9", "[2001:db8::1]:9"]
        );
        for (text, socket) in [("10.0.0.1:9", 0), ("10.0.1.1:9", 0), ("[2001:db8::1]:9", 1)] {
            let own = address(text);
            assert_eq!(candidates.meant_by(own), own);
            assert_eq!(
                candidates.exit(own),
                Some(Exit {
                    socket,
                    source: Some(own.ip())
                })
            );
        }
    }

    #[test]
    fn behind_a_nat_every_inner_address_is_the_outer_one_of_its_family() {
        let candidates = candidates(&["0.0.0.0:9", "[::]:9"], &["203.0.113.5", "2001:db8::99"]);
        assert_eq!(offered(&candidates), ["203.0.113.5:9", "[2001:db8::99]:9"]);
        let outer = address("203.0.113.5:9");
        assert_eq!(candidates.meant_by(address("10.0.1.1:9")), outer);
        assert_eq!(
            candidates.exit(outer),
            Some(Exit {
                socket: 0,
                source: None
            })
        );
        assert_eq!(
            candidates.meant_by(address("[2001:db8::1]:9")),
            address("[2001:db8::99]:9")
        );
    }

    #[test]
    fn an_advertised_port_is_kept() {
        let candidates = candidates(&["0.0.0.0:9"], &["203.0.113.5:443"]);
        assert_eq!(offered(&candidates), ["203.0.113.5:443"]);
        assert_eq!(
            candidates.meant_by(address("10.0.0.1:9")),
            address("203.0.113.5:443")
        );
    }

    #[test]
    fn an_address_that_is_not_offered_stays_unknown() {
        let candidates = candidates(&["0.0.0.0:9"], &["10.0.0.1"]);
        let other = address("10.0.1.1:9");
        assert_eq!(candidates.meant_by(other), other);
        assert_eq!(candidates.exit(other), None);
    }

    #[test]
    fn an_advertised_address_of_a_family_that_nobody_listens_on_is_left_out() {
        assert!(offered(&candidates(&["0.0.0.0:9"], &["2001:db8::99"])).is_empty());
    }

    #[test]
    fn two_addresses_of_a_family_leave_through_their_own_sockets() {
        let candidates = candidates(&["10.0.0.1:9", "10.0.1.1:9"], &[]);
        let exits: Vec<usize> = candidates
            .all
            .iter()
            .map(|candidate| candidate.exit.socket)
            .collect();
        assert_eq!(exits, [0, 1]);
    }
}
