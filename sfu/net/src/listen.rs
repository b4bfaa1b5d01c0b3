//! Every socket of every worker, on one public port number.

use std::io;
use std::net::SocketAddr;

use crate::tcp::listener::TcpListener;
use crate::udp::UdpSocket;

/// How often a free port is looked for when the address says port 0: UDP and TCP must both have it, and another program
/// may hold one of them.
const FREE_PORT_TRIES_MAX: usize = 16;

/// What one worker listens on: a socket of each kind for each address, in the order of the addresses.
#[derive(Debug)]
pub struct Listeners {
    /// Datagrams.
    pub udp: Vec<UdpSocket>,
    /// ICE-TCP connections.
    pub tcp: Vec<TcpListener>,
}

/// Why listening failed; the operator must act.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListenError {
    /// No address was given.
    #[error("no address to listen on")]
    NoAddress,
    /// The kernel refused one.
    #[error("cannot listen on {address}: {source}")]
    Refused {
        /// Which.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
}

/// Listens on every address, with one set of sockets for each of `n_workers`. Port 0 becomes one free port that all
/// such addresses share. Gives the addresses as bound, and the sets.
pub fn listen(
    addresses: &[SocketAddr],
    n_workers: usize,
) -> Result<(Vec<SocketAddr>, Vec<Listeners>), ListenError> {
    // Sockets of unlucky tries stay open until the end, so that the kernel does not offer their port again.
    let mut unlucky = Vec::new();
    for _ in 1..FREE_PORT_TRIES_MAX {
        match try_listen(addresses, n_workers, &mut unlucky) {
            Err(ListenError::Refused { address, source })
                if address.port() == 0 && source.kind() == io::ErrorKind::AddrInUse => {}
            result => return result,
        }
    }
    try_listen(addresses, n_workers, &mut unlucky)
}

fn try_listen(
    addresses: &[SocketAddr],
    n_workers: usize,
    unlucky: &mut Vec<Vec<UdpSocket>>,
) -> Result<(Vec<SocketAddr>, Vec<Listeners>), ListenError> {
    if addresses.is_empty() {
        return Err(ListenError::NoAddress);
    }
    let mut workers: Vec<Listeners> = (0..n_workers)
        .map(|_| Listeners {
            udp: Vec::new(),
            tcp: Vec::new(),
        })
        .collect();
    let mut bound = Vec::with_capacity(addresses.len());
    let mut free_port = 0;
    for wanted in addresses {
        let port = if wanted.port() == 0 {
            free_port
        } else {
            wanted.port()
        };
        let mut address = SocketAddr::new(wanted.ip(), port);
        let refused = |source| ListenError::Refused {
            address: *wanted,
            source,
        };
        let udp = UdpSocket::bind_group(address, n_workers).map_err(refused)?;
        address = udp.first().map_or(address, UdpSocket::local_address);
        let tcp = match TcpListener::bind_group(address, n_workers) {
            Ok(tcp) => tcp,
            Err(error) => {
                unlucky.push(udp);
                return Err(refused(error));
            }
        };
        if wanted.port() == 0 {
            free_port = address.port();
        }
        bound.push(address);
        for (worker, (udp, tcp)) in workers.iter_mut().zip(udp.into_iter().zip(tcp)) {
            worker.udp.push(udp);
            worker.tcp.push(tcp);
        }
    }
    Ok((bound, workers))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn port_zero_is_one_free_port_for_udp_and_tcp_of_both_families() {
        let wanted = [address("127.0.0.1:0"), address("[::1]:0")];
        let (bound, workers) = listen(&wanted, 3).unwrap();
        assert_eq!(workers.len(), 3);
        assert!(
            workers
                .iter()
                .all(|worker| worker.udp.len() == 2 && worker.tcp.len() == 2)
        );
        assert_ne!(bound[0].port(), 0);
        assert_eq!(bound[0].port(), bound[1].port());
    }

    #[test]
    fn a_second_group_on_the_same_port_is_refused() {
        let (bound, _workers) = listen(&[address("127.0.0.1:0")], 2).unwrap();
        let second = listen(&bound, 2);
        assert!(
            matches!(&second, Err(ListenError::Refused { source, .. })
                if source.kind() == io::ErrorKind::AddrInUse),
            "{second:?}"
        );
    }

    #[test]
    fn no_address_is_an_error_of_the_operator() {
        assert!(matches!(listen(&[], 1), Err(ListenError::NoAddress)));
    }
}
