//! What the operator says about the media plane.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

/// Most workers of a node: a ufrag names its worker in eight bits, and no machine that this was run on has more cores.
pub const WORKERS_MAX: usize = 64;

/// The configuration of the media plane.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen, UDP and TCP. Port 0 is one free port for all of them.
    pub listen: Vec<SocketAddr>,
    /// What to put into candidates; empty: the addresses of the interfaces that listen.
    pub advertise: Vec<Advertised>,
    /// Worker threads, at most [`WORKERS_MAX`]; 0: one per core.
    pub n_workers: usize,
}

impl Config {
    /// How many worker threads that is on this machine.
    pub(crate) fn worker_count(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        let wanted = if self.n_workers == 0 {
            cores()
        } else {
            self.n_workers
        };
        wanted.min(WORKERS_MAX)
    }
}

/// An address under which clients reach us, as a NAT or a load balancer shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Advertised {
    /// The public IP.
    pub ip: IpAddr,
    /// The public port, where it is not the one we listen on.
    pub port: Option<u16>,
}

/// The text is neither an IP nor an IP with a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an advertised address is an IP, or an IP with a port: 203.0.113.5, [2001:db8::5]:8189")]
pub struct InvalidAdvertised;

impl FromStr for Advertised {
    type Err = InvalidAdvertised;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(ip) = text.parse::<IpAddr>() {
            return Ok(Self { ip, port: None });
        }
        let address: SocketAddr = text.parse().map_err(|_| InvalidAdvertised)?;
        Ok(Self {
            ip: address.ip(),
            port: Some(address.port()),
        })
    }
}

impl fmt::Display for Advertised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            None => write!(f, "{}", self.ip),
            Some(port) => write!(f, "{}", SocketAddr::new(self.ip, port)),
        }
    }
}

const _: () = assert!(WORKERS_MAX <= sfu_core::link::TAP.0 as usize);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_advertised_address_is_an_ip_with_or_without_a_port() {
        for text in [
            "203.0.113.5",
            "203.0.113.5:9000",
            "2001:db8::5",
            "[2001:db8::5]:9000",
        ] {
            assert_eq!(text.parse::<Advertised>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "example.org",
            "203.0.113.5:",
            "203.0.113.5:70000",
            "[2001:db8::5]",
        ] {
            assert_eq!(text.parse::<Advertised>(), Err(InvalidAdvertised), "{text}");
        }
    }

    #[test]
    fn there_are_at_least_one_and_at_most_64_workers() {
        let workers = |n_workers| {
            Config {
                listen: Vec::new(),
                advertise: Vec::new(),
                n_workers,
            }
            .worker_count()
        };
        assert!(workers(0) >= 1);
        assert_eq!((workers(64), workers(65)), (64, 64));
    }
}
