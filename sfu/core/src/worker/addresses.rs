//! Whose an address is. A datagram of media says no more than whence it came, so that two sessions cannot have one address; and a
//! check (RFC 8445 section 7.3) shows that its sender has the session's credentials, not that it is where it says.

use std::net::SocketAddr;

use sfu_model::datagram::{Datagram, Transport};
use sfu_model::time::Instant;

use crate::demux;
use crate::event::Event;
use crate::session::gate::{Admitted, Check};
use crate::slab::SessionIndex;
use crate::worker::Sfu;

impl Sfu {
    /// Whether a session of this worker is heard at a UDP address: then no other is let in there, in whichever worker it is.
    pub fn holds(&self, address: SocketAddr, now: Instant) -> bool {
        self.sessions.is_held((Transport::Udp, address), now)
    }

    /// A UDP address is a session's of another worker. The one that had it here is let in again with its next check, if nobody
    /// is heard there then.
    pub fn yield_address(&mut self, address: SocketAddr) {
        self.sessions.yield_remote((Transport::Udp, address));
    }

    pub(super) fn admit(&mut self, index: SessionIndex, datagram: &Datagram<'_>) {
        let remote = (datagram.transport, datagram.source);
        let (transport, address) = remote;
        let check = Check {
            remote,
            local: datagram.destination,
            nominates: demux::nominates(datagram.bytes),
        };
        match self.sessions.admit(index, check, self.now) {
            None | Some(Admitted::Known) => {}
            Some(Admitted::New) => self.say(Event::AddressValidated { transport, address }),
            Some(Admitted::Replacing((old_transport, old_address))) => {
                self.stats.addresses_max_hits += 1;
                self.say(Event::AddressForgotten {
                    transport: old_transport,
                    address: old_address,
                });
                self.say(Event::AddressValidated { transport, address });
            }
        }
    }
}
