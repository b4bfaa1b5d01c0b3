//! How many connections there may be, in all and from one address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use crate::config::proxies::TrustedProxies;

/// An IPv6 customer gets a /64 at least, so all of it counts as one.
const V6_CUSTOMER_BITS: u32 = 64;

/// Why a connection is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// There are `limits.connections`.
    Full,
    /// There are `limits.connections_per_address` from this address.
    TooManyFromOne,
}

/// Counts open connections.
#[derive(Debug)]
pub(crate) struct Gate {
    connections_max: usize,
    per_address_max: usize,
    /// Connections of these are many clients', so only the whole counts.
    proxies: TrustedProxies,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    n_connections: usize,
    by_address: HashMap<IpAddr, usize>,
}

impl Gate {
    /// A gate with nobody in.
    pub(crate) fn new(
        connections_max: usize,
        per_address_max: usize,
        proxies: TrustedProxies,
    ) -> Arc<Self> {
        Arc::new(Self {
            connections_max,
            per_address_max,
            proxies,
            open: Mutex::default(),
        })
    }

    /// Lets a connection in, until its permit is dropped.
    pub(crate) fn enter(self: &Arc<Self>, address: IpAddr) -> Result<Permit, Refused> {
        let address = address.to_canonical();
        let counted = (!self.proxies.contains(address)).then(|| customer(address));
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.n_connections >= self.connections_max {
            return Err(Refused::Full);
        }
        if let Some(address) = counted {
            let n = open.by_address.entry(address).or_default();
            if *n >= self.per_address_max {
                return Err(Refused::TooManyFromOne);
            }
            *n += 1;
        }
        open.n_connections += 1;
        Ok(Permit {
            gate: Arc::clone(self),
            counted,
        })
    }

    /// How many are in.
    pub(crate) fn n_connections(&self) -> usize {
        self.open
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .n_connections
    }

    fn leave(&self, counted: Option<IpAddr>) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.n_connections = open.n_connections.saturating_sub(1);
        if let Some(address) = counted
            && let Some(n) = open.by_address.get_mut(&address)
        {
            *n = n.saturating_sub(1);
            if *n == 0 {
                open.by_address.remove(&address);
            }
        }
    }
}

fn customer(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => {
            let mask = u128::MAX << (u128::BITS - V6_CUSTOMER_BITS);
            IpAddr::V6((u128::from(v6) & mask).into())
        }
    }
}

/// One open connection.
#[derive(Debug)]
pub(crate) struct Permit {
    gate: Arc<Gate>,
    counted: Option<IpAddr>,
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.gate.leave(self.counted);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_address_has_an_edge_and_gets_its_place_back() {
        let gate = Gate::new(10, 2, TrustedProxies::default());
        let first = gate.enter(ip("192.0.2.1")).unwrap();
        let _second = gate.enter(ip("::ffff:192.0.2.1")).unwrap();
        assert_eq!(
            gate.enter(ip("192.0.2.1")).unwrap_err(),
            Refused::TooManyFromOne
        );
        assert!(gate.enter(ip("192.0.2.2")).is_ok());
        drop(first);
        assert!(gate.enter(ip("192.0.2.1")).is_ok());
    }

    #[test]
    fn a_customer_with_a_64_is_one_address() {
        let gate = Gate::new(10, 1, TrustedProxies::default());
        let _one = gate.enter(ip("2001:db8::1")).unwrap();
        assert_eq!(
            gate.enter(ip("2001:db8::ffff:2")).unwrap_err(),
            Refused::TooManyFromOne
        );
        assert!(gate.enter(ip("2001:db8:0:1::1")).is_ok());
    }

    #[test]
    fn the_whole_has_an_edge_for_proxies_too() {
        let proxies = TrustedProxies::parse(&["10.0.0.0/8".to_owned()]).unwrap();
        let gate = Gate::new(3, 1, proxies);
        let permits: Vec<Permit> = (0..3)
            .map(|_| gate.enter(ip("10.1.1.1")).unwrap())
            .collect();
        assert_eq!(gate.enter(ip("10.1.1.1")).unwrap_err(), Refused::Full);
        assert_eq!(gate.n_connections(), 3);
        drop(permits);
        assert_eq!(gate.n_connections(), 0);
        assert!(gate.open.lock().unwrap().by_address.is_empty());
    }
}
