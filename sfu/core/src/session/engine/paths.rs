//! Which way a datagram of the engine leaves.

use str0m::net::Transmit;

use crate::demux::{self, PacketKind};
use crate::session::engine::values;
use crate::session::gate::Path;

/// The ways of one drain.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paths {
    /// The path in use, once there is one.
    pub(super) in_use: Option<Path>,
    /// Where the DTLS datagram came from that is answered in this drain; else the path in use. A client that repeats its last
    /// flight has missed ours (RFC 6347 section 4.2.4): the path in use may be what lost it, and is left only after a while.
    pub(super) dtls: Option<Path>,
    /// What the engine seals has keys that are not the session's.
    pub(super) seals_for_nobody: bool,
}

impl Paths {
    /// Where a datagram goes, if anywhere. Answers to checks and to DTLS go back where those came from, all else takes the
    /// path in use.
    pub(super) fn of(&self, transmit: &Transmit) -> Option<Path> {
        let its_own = Path {
            remote: (values::our_transport(transmit.proto), transmit.destination),
            local: transmit.source,
        };
        match demux::kind_of(&transmit.contents) {
            Some(PacketKind::Stun) => Some(its_own),
            Some(PacketKind::Dtls) => Some(self.dtls.unwrap_or(its_own)),
            Some(PacketKind::Rtp | PacketKind::Rtcp) if self.seals_for_nobody => None,
            _ => Some(self.in_use.unwrap_or(its_own)),
        }
    }
}
