//! Addresses as the node sees them: what a home router writes over a browser's own, and may forget.

use std::collections::BTreeMap;
use std::net::SocketAddr;

/// The mappings of all routers.
#[derive(Debug, Default)]
pub struct Nat {
    outside: BTreeMap<SocketAddr, SocketAddr>,
    inside: BTreeMap<SocketAddr, SocketAddr>,
    n_rebound: u16,
}

/// Where rebound ports begin: no browser of a world has one of its own there.
const FIRST_PORT: u16 = 20_000;

impl Nat {
    /// The address that the node sees of a browser's own.
    pub fn outside_of(&self, own: SocketAddr) -> SocketAddr {
        self.outside.get(&own).copied().unwrap_or(own)
    }

    /// The browser's own address behind one that the node sees; `None` when no router knows it any more.
    pub fn inside_of(&self, seen: SocketAddr) -> Option<SocketAddr> {
        if self.outside.contains_key(&seen) {
            return None;
        }
        let own = self.inside.get(&seen).copied().unwrap_or(seen);
        (self.outside_of(own) == seen).then_some(own)
    }

    /// A router forgets: from here on the node sees another port, and the one before leads nowhere. Returns the new one.
    pub fn rebind(&mut self, own: SocketAddr) -> SocketAddr {
        let port = FIRST_PORT.wrapping_add(self.n_rebound);
        self.n_rebound += 1;
        let seen = SocketAddr::new(own.ip(), port);
        self.outside.insert(own, seen);
        self.inside.insert(seen, own);
        seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forgotten_mapping_leads_nowhere() {
        let own = SocketAddr::from(([10, 0, 0, 1], 5_000));
        let other = SocketAddr::from(([10, 0, 0, 2], 5_000));
        let mut nat = Nat::default();
        assert_eq!((nat.outside_of(own), nat.inside_of(own)), (own, Some(own)));
        let first = nat.rebind(own);
        assert_eq!(nat.outside_of(own), first);
        assert_eq!(
            (nat.inside_of(first), nat.inside_of(own)),
            (Some(own), None)
        );
        let second = nat.rebind(own);
        assert_eq!(
            (nat.inside_of(second), nat.inside_of(first)),
            (Some(own), None)
        );
        assert_eq!(nat.inside_of(other), Some(other));
    }
}
