//! What goes out: to other workers, to the node, to the network.

use sfu_core::event::Event;
use sfu_model::datagram::{Transmit, Transport};
use sfu_model::drop_reason::DropReason;
use sfu_model::time::Instant;

use super::Worker;
use crate::connections::Connections;
use crate::mailbox::{Delivery, Posted};
use crate::notice::Notice;

impl Worker {
    /// Passes on everything that the core has to say.
    ///
    /// Events go first: another worker must know that an address is valid before its client does.
    pub(super) fn flush(&mut self, now: Instant) {
        self.pass_on_what_happened();
        while self.core.poll_transmit(&mut self.buffers.transmits) {
            for (run, bytes) in self.buffers.transmits.iter() {
                let n_lost = match run.transport {
                    Transport::Udp => self.sockets.send(run, bytes),
                    Transport::Tcp => send_frames(&mut self.streams.connections, run, bytes),
                };
                if n_lost > 0 {
                    self.books
                        .drops
                        .add(reason_of(run.transport), n_lost as u64);
                }
            }
            self.buffers.transmits.clear();
        }
        self.sockets.watch(self.kernel.poll.registry());
        // Sending may have been an event: the first packet of a viewer.
        self.pass_on_what_happened();
        self.streams.flush(now);
    }

    fn pass_on_what_happened(&mut self) {
        self.pass_on_links();
        self.notices.flush();
        while !self.notices.is_held_back()
            && let Some(event) = self.core.poll_event()
        {
            self.pass_on_event(event);
        }
        let n_dropped = self.mail.flush();
        if n_dropped > 0 {
            self.books
                .drops
                .add(DropReason::MailboxFull, n_dropped as u64);
        }
    }

    fn pass_on_links(&mut self) {
        while let Some((to, message)) = self.core.poll_link() {
            if self.mail.post_link(self.id, to, message) == Posted::Dropped {
                self.books.drops.count(DropReason::MailboxFull);
            }
        }
    }

    fn pass_on_event(&mut self, event: Event) {
        let owner = self.id;
        match event {
            Event::AddressValidated {
                transport: Transport::Udp,
                address,
            } => {
                self.owners.validated(owner, address);
                self.mail
                    .post_all(|| Delivery::AddressValidated { owner, address });
            }
            Event::AddressForgotten {
                transport: Transport::Udp,
                address,
            } => {
                self.owners.forgotten(owner, address);
                self.mail
                    .post_all(|| Delivery::AddressForgotten { owner, address });
            }
            Event::AddressValidated {
                transport: Transport::Tcp,
                address,
            } => {
                self.streams.connections.validated(address);
            }
            Event::AddressForgotten {
                transport: Transport::Tcp,
                address,
            } => {
                self.streams.forget_after_flush(address);
            }
            Event::SessionConnected { .. }
            | Event::FirstPacketSent { .. }
            | Event::SessionClosed { .. }
            | Event::RoomLive { .. }
            | Event::RoomSilent { .. } => self.notices.tell(Notice::Event(event)),
        }
    }
}

/// Frames each datagram of a run for its connection. Gives the number that was lost.
fn send_frames(connections: &mut Connections, run: &Transmit, bytes: &[u8]) -> usize {
    let datagrams = bytes.chunks(run.segment_bytes);
    datagrams
        .filter(|datagram| !connections.send(run.destination, datagram))
        .count()
}

/// Why a datagram did not leave.
const fn reason_of(transport: Transport) -> DropReason {
    match transport {
        Transport::Udp => DropReason::SendRefused,
        Transport::Tcp => DropReason::SlowTcpPeer,
    }
}
