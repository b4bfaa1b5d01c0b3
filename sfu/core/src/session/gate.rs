//! The addresses of a session that have passed ICE. Nothing but STUN is taken from any other (the ClientHello race),
//! and nothing is sent to one.
//!
//! It also chooses the path that media leaves on: the one that the client nominated (RFC 8445 section 8.1.1), until it
//! nominates another for good or falls silent on it.

use std::net::SocketAddr;
use std::time::Duration;

use sfu_model::datagram::Transport;
use sfu_model::time::Instant;

use crate::limits::VALIDATED_ADDRESSES_MAX;

/// A remote transport address.
pub(crate) type Remote = (Transport, SocketAddr);

/// How much longer than another nominated address the one in use must have been silent to be left for it. Every client
/// says something at least once a second, reports or media; one that alternates between two live paths is not followed.
const PATH_SILENCE: Duration = Duration::from_secs(1);

/// How long an address belongs to a session that is no more heard there: two of the reports that every client sends once a
/// second. Whoever has a port that was somebody else's checks for longer than that (RFC 8445 section 14.3).
const HELD: Duration = Duration::from_secs(2);

/// How often a client must nominate another path, without once nominating the one in use, to be believed. A client that
/// nominates everything it has (aggressive nomination, RFC 5245) takes turns; one that has moved repeats itself.
const NOMINATIONS_TO_MOVE: u8 = 2;

/// Which addresses may send us more than STUN.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gate {
    validated: Vec<Validated>,
    /// The path in use. `None` before the first nomination.
    selected: Option<Path>,
    /// ICE was restarted since: the next nomination is the client's new choice.
    is_restarting: bool,
    /// The client has chosen anew since a restart, and there are addresses that only passed before it.
    has_outdated: bool,
    /// Who was nominated instead since the path in use last was, and how often.
    rival: Option<(Remote, u8)>,
}

/// Where a session's datagrams go, and from which of our addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Path {
    pub(crate) remote: Remote,
    pub(crate) local: SocketAddr,
}

#[derive(Clone, Copy, Debug)]
struct Validated {
    remote: Remote,
    /// Our address that its datagrams come to.
    local: SocketAddr,
    heard_at: Instant,
    /// When it last carried USE-CANDIDATE (RFC 8445 section 8.1.1).
    nominated_at: Option<Instant>,
    /// It passed with credentials that a restart has replaced, and not since.
    is_outdated: bool,
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
        if check.nominates {
            self.nominate(check);
        }
        let nominated_at = check.nominates.then_some(now);
        if let Some(known) = self.find(check.remote) {
            known.heard_at = now;
            known.nominated_at = nominated_at.or(known.nominated_at);
            known.is_outdated = false;
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
            is_outdated: false,
        });
        admitted
    }

    /// There is a path to send on.
    pub(crate) fn has_path(&self) -> bool {
        self.selected.is_some()
    }

    /// Something else came that the engine took.
    pub(crate) fn heard(&mut self, remote: Remote, now: Instant) {
        if let Some(known) = self.find(remote) {
            known.heard_at = now;
        }
    }

    /// Whether the session was heard at an address lately.
    pub(crate) fn is_heard(&self, remote: Remote, now: Instant) -> bool {
        let known = self.validated.iter().find(|v| v.remote == remote);
        known.is_some_and(|known| now - known.heard_at < HELD)
    }

    /// An address is somebody else's: nothing is taken from it or sent there any more.
    pub(crate) fn forget(&mut self, remote: Remote) {
        self.validated.retain(|v| v.remote != remote);
        self.selected = self.selected.filter(|path| path.remote != remote);
    }

    /// ICE restarts (RFC 8445 section 9): media stays on the path in use until the client nominates one anew.
    pub(crate) fn restart(&mut self) {
        self.is_restarting = true;
        for known in &mut self.validated {
            known.is_outdated = true;
        }
    }

    /// Media came from there. When it is the path that the client has chosen since a restart, the client is done with the
    /// addresses of before (RFC 8838 section 13, RFC 9725 section 4.3.3): gives those that are no longer let in. Until it speaks
    /// there, the answer to its choice may be lost, and media goes on over the old path.
    pub(crate) fn leave_outdated(&mut self, remote: Remote) -> Vec<Remote> {
        if !self.has_outdated || self.selected.is_none_or(|path| path.remote != remote) {
            return Vec::new();
        }
        self.has_outdated = false;
        let outdated = self.validated.extract_if(.., |v| v.is_outdated);
        outdated.map(|v| v.remote).collect()
    }

    /// The path in use. A nominated one that is alive takes the place of one that has fallen silent.
    pub(crate) fn path(&mut self) -> Option<&Path> {
        // Every burst asks, and most clients have one address.
        if self.validated.len() > 1 {
            self.leave_silent_path();
        }
        self.selected.as_ref()
    }

    fn leave_silent_path(&mut self) {
        let Some(selected) = self.selected else {
            return;
        };
        let nominated = self.validated.iter().filter(|v| v.nominated_at.is_some());
        let Some(latest) = nominated.max_by_key(|v| v.nominated_at) else {
            return;
        };
        let in_use = self.validated.iter().find(|v| v.remote == selected.remote);
        let last_heard = in_use.map_or(Instant::START, |v| v.heard_at);
        if latest.remote != selected.remote && latest.heard_at > last_heard + PATH_SILENCE {
            self.selected = Some(Path {
                remote: latest.remote,
                local: latest.local,
            });
        }
    }

    fn nominate(&mut self, check: Check) {
        let path = Path {
            remote: check.remote,
            local: check.local,
        };
        let Some(selected) = self.selected.filter(|_| !self.is_restarting) else {
            self.selected = Some(path);
            self.rival = None;
            self.has_outdated |= self.is_restarting;
            self.is_restarting = false;
            return;
        };
        if selected.remote == path.remote {
            self.rival = None;
            return;
        }
        let times = match self.rival {
            Some((rival, times)) if rival == path.remote => times + 1,
            _ => 1,
        };
        self.rival = Some((path.remote, times));
        if times >= NOMINATIONS_TO_MOVE {
            self.selected = Some(path);
            self.rival = None;
        }
    }

    /// All of them.
    pub(crate) fn remotes(&self) -> impl Iterator<Item = Remote> + '_ {
        self.validated.iter().map(|v| v.remote)
    }

    fn find(&mut self, remote: Remote) -> Option<&mut Validated> {
        self.validated.iter_mut().find(|v| v.remote == remote)
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

    fn port_in_use(gate: &mut Gate) -> Option<u16> {
        gate.path().map(|path| path.remote.1.port())
    }

    #[test]
    fn a_silent_path_is_left_for_the_one_that_the_client_nominates() {
        let mut gate = Gate::default();
        assert_eq!(gate.path(), None);
        gate.admit(check(1, true), at(0));
        gate.heard(remote(1), at(2_000));
        gate.admit(check(2, false), at(4_000));
        assert_eq!(port_in_use(&mut gate), Some(1), "not nominated");
        gate.admit(check(2, true), at(4_100));
        assert_eq!(port_in_use(&mut gate), Some(2));
    }

    #[test]
    fn a_live_path_is_left_once_another_is_nominated_for_good() {
        let mut gate = Gate::default();
        gate.admit(check(1, true), at(0));
        gate.heard(remote(1), at(3_900));
        gate.admit(check(2, true), at(4_000));
        gate.heard(remote(1), at(4_010));
        assert_eq!(port_in_use(&mut gate), Some(1));
        gate.admit(check(2, true), at(4_100));
        assert_eq!(port_in_use(&mut gate), Some(2));
    }

    #[test]
    fn a_restart_ends_with_the_first_nomination() {
        let mut gate = Gate::default();
        gate.admit(check(1, true), at(0));
        gate.restart();
        gate.admit(check(2, false), at(10));
        assert_eq!(port_in_use(&mut gate), Some(1));
        gate.admit(check(2, true), at(20));
        assert_eq!(port_in_use(&mut gate), Some(2));
        gate.admit(check(1, true), at(30));
        assert_eq!(port_in_use(&mut gate), Some(2));
    }

    #[test]
    fn addresses_of_before_a_restart_are_left_when_media_comes_from_the_new_path() {
        let mut gate = Gate::default();
        gate.admit(check(1, true), at(0));
        gate.admit(check(2, false), at(0));
        gate.admit(check(3, false), at(0));
        gate.restart();
        gate.admit(check(2, false), at(10));
        gate.admit(check(4, true), at(10));
        assert_eq!(gate.leave_outdated(remote(1)), [], "the old path");
        assert_eq!(gate.leave_outdated(remote(4)), [remote(1), remote(3)]);
        assert_eq!(gate.leave_outdated(remote(4)), []);
        let left: Vec<Remote> = gate.remotes().collect();
        assert_eq!(left, [remote(2), remote(4)]);
        assert_eq!(port_in_use(&mut gate), Some(4));
    }

    #[test]
    fn a_client_that_nominates_everything_in_turn_is_not_followed() {
        let mut gate = Gate::default();
        for n in 0..20 {
            gate.admit(check(1 + n % 2, true), at(u64::from(n) * 50));
            assert_eq!(port_in_use(&mut gate), Some(1));
        }
    }
}
