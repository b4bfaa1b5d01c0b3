//! The addresses of a session that have passed ICE. Nothing but STUN is taken from any other (the ClientHello race),
//! and nothing is sent to one.

use std::net::SocketAddr;

use sfu_model::datagram::Transport;
use sfu_model::time::Instant;

use crate::limits::VALIDATED_ADDRESSES_MAX;

/// A remote transport address.
pub(crate) type Remote = (Transport, SocketAddr);

/// Which addresses may send us more than STUN.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gate {
    validated: Vec<(Remote, Instant)>,
}

/// What letting an address in changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admitted {
    /// It had passed before.
    Known,
    /// It is new.
    New,
    /// It is new, and took the place of the one that was silent longest.
    Replacing(Remote),
}

impl Gate {
    /// An authenticated binding request came from this address.
    pub(crate) fn admit(&mut self, remote: Remote, now: Instant) -> Admitted {
        if let Some((_, seen_at)) = self.validated.iter_mut().find(|(r, _)| *r == remote) {
            *seen_at = now;
            return Admitted::Known;
        }
        let mut admitted = Admitted::New;
        if self.validated.len() >= VALIDATED_ADDRESSES_MAX {
            let oldest = self
                .validated
                .iter()
                .enumerate()
                .min_by_key(|(_, (_, seen_at))| *seen_at);
            if let Some((index, _)) = oldest {
                admitted = Admitted::Replacing(self.validated.swap_remove(index).0);
            }
        }
        self.validated.push((remote, now));
        admitted
    }

    /// All of them.
    pub(crate) fn remotes(&self) -> impl Iterator<Item = Remote> + '_ {
        self.validated.iter().map(|(remote, _)| *remote)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn remote(port: u16) -> Remote {
        (Transport::Udp, SocketAddr::from(([127, 0, 0, 1], port)))
    }

    fn at(ms: u64) -> Instant {
        Instant::START + Duration::from_millis(ms)
    }

    #[test]
    fn the_address_that_was_silent_longest_makes_room() {
        let mut gate = Gate::default();
        for n in 0..8 {
            assert_eq!(gate.admit(remote(n), at(u64::from(n))), Admitted::New);
        }
        assert_eq!(gate.admit(remote(0), at(100)), Admitted::Known);
        assert_eq!(
            gate.admit(remote(99), at(101)),
            Admitted::Replacing(remote(1))
        );
        assert_eq!(gate.remotes().count(), VALIDATED_ADDRESSES_MAX);
    }
}
