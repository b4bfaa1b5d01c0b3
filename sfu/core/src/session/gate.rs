//! The addresses of a session that have passed ICE. Nothing but STUN is taken from any other (the ClientHello race),
//! and nothing is sent to one.
//!
//! It also knows when the path in use has gone quiet and the client has nominated another: the engine holds on to its pair
//! until that has failed for good, which takes 15 s of black.

use std::net::SocketAddr;
use std::time::Duration;

use sfu_model::datagram::Transport;
use sfu_model::time::Instant;

use crate::demux::{self, PacketKind};
use crate::limits::VALIDATED_ADDRESSES_MAX;

/// A remote transport address.
pub(crate) type Remote = (Transport, SocketAddr);

/// How much longer than another nominated address the one in use must have been silent to be left for it. Every client
/// says something at least once a second, reports or media; one that alternates between two live paths is not followed.
const PATH_SILENCE: Duration = Duration::from_secs(1);

/// Which addresses may send us more than STUN.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gate {
    validated: Vec<Validated>,
}

#[derive(Clone, Copy, Debug)]
struct Validated {
    remote: Remote,
    /// Our address that its datagrams come to.
    local: SocketAddr,
    heard_at: Instant,
    /// When it last carried USE-CANDIDATE (RFC 8445 section 8.1.1).
    nominated_at: Option<Instant>,
}

/// An authenticated binding request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Check {
    pub(crate) remote: Remote,
    pub(crate) local: SocketAddr,
    pub(crate) nominates: bool,
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
    /// An authenticated binding request came.
    pub(crate) fn admit(&mut self, check: Check, now: Instant) -> Admitted {
        let nominated_at = check.nominates.then_some(now);
        if let Some(known) = self.find(check.remote) {
            known.heard_at = now;
            known.nominated_at = nominated_at.or(known.nominated_at);
            return Admitted::Known;
        }
        let mut admitted = Admitted::New;
        if self.validated.len() >= VALIDATED_ADDRESSES_MAX {
            let places = self.validated.iter().enumerate();
            if let Some((index, _)) = places.min_by_key(|(_, v)| v.heard_at) {
                admitted = Admitted::Replacing(self.validated.swap_remove(index).remote);
            }
        }
        self.validated.push(Validated {
            remote: check.remote,
            local: check.local,
            heard_at: now,
            nominated_at,
        });
        admitted
    }

    /// Something else came that the engine took.
    pub(crate) fn heard(&mut self, remote: Remote, now: Instant) {
        if let Some(known) = self.find(remote) {
            known.heard_at = now;
        }
    }

    /// Where to send instead of an address, with our address to send from: to the one that the client nominated last, once
    /// the given one has fallen silent.
    pub(crate) fn successor_of(&self, chosen: Remote) -> Option<(Remote, SocketAddr)> {
        let nominated = self.validated.iter().filter(|v| v.nominated_at.is_some());
        let latest = nominated.max_by_key(|v| v.nominated_at)?;
        let in_use = self.validated.iter().find(|v| v.remote == chosen);
        let last_heard = in_use.map_or(Instant::START, |v| v.heard_at);
        let is_left = latest.remote != chosen && latest.heard_at > last_heard + PATH_SILENCE;
        is_left.then_some((latest.remote, latest.local))
    }

    /// All of them.
    pub(crate) fn remotes(&self) -> impl Iterator<Item = Remote> + '_ {
        self.validated.iter().map(|v| v.remote)
    }

    fn find(&mut self, remote: Remote) -> Option<&mut Validated> {
        self.validated.iter_mut().find(|v| v.remote == remote)
    }
}

/// Where a burst goes: the datagrams of one drain mostly have one destination, which is looked up once.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PathChoice {
    last: Option<(Remote, Option<(Remote, SocketAddr)>)>,
}

impl PathChoice {
    /// Where to send this datagram instead of where the engine would. Answers to checks always go back where the check
    /// came from.
    pub(crate) fn successor_of(
        &mut self,
        chosen: Remote,
        gate: &Gate,
        bytes: &[u8],
    ) -> Option<(Remote, SocketAddr)> {
        if demux::kind_of(bytes) == Some(PacketKind::Stun) {
            return None;
        }
        match self.last {
            Some((remote, successor)) if remote == chosen => successor,
            _ => {
                let successor = gate.successor_of(chosen);
                self.last = Some((chosen, successor));
                successor
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    fn remote(port: u16) -> Remote {
        (Transport::Udp, address(port))
    }

    fn check(port: u16, nominates: bool) -> Check {
        Check {
            remote: remote(port),
            local: address(8_189),
            nominates,
        }
    }

    fn at(ms: u64) -> Instant {
        Instant::START + Duration::from_millis(ms)
    }

    #[test]
    fn the_address_that_was_silent_longest_makes_room() {
        let mut gate = Gate::default();
        for n in 0..8 {
            assert_eq!(gate.admit(check(n, false), at(u64::from(n))), Admitted::New);
        }
        assert_eq!(gate.admit(check(0, false), at(100)), Admitted::Known);
        let admitted = gate.admit(check(99, false), at(101));
        assert_eq!(admitted, Admitted::Replacing(remote(1)));
        assert_eq!(gate.remotes().count(), VALIDATED_ADDRESSES_MAX);
    }

    #[test]
    fn a_silent_path_is_left_for_the_one_that_the_client_nominates() {
        let mut gate = Gate::default();
        gate.admit(check(1, true), at(0));
        gate.heard(remote(1), at(2_000));
        gate.admit(check(2, false), at(4_000));
        assert_eq!(gate.successor_of(remote(1)), None, "not nominated");
        gate.admit(check(2, true), at(4_100));
        let successor = Some((remote(2), address(8_189)));
        assert_eq!(gate.successor_of(remote(1)), successor);
        assert_eq!(gate.successor_of(remote(2)), None);
    }

    #[test]
    fn a_live_path_is_kept_whatever_else_is_nominated() {
        let mut gate = Gate::default();
        gate.admit(check(1, true), at(0));
        gate.heard(remote(1), at(3_900));
        gate.admit(check(2, true), at(4_000));
        assert_eq!(gate.successor_of(remote(1)), None);
    }
}
