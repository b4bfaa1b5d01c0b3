//! What goes out: to other workers, to the node, to the network.

use sfu_core::event::Event;
use sfu_model::datagram::{Transmit, TransmitBatch, Transport};
use sfu_model::drop_reason::DropReason;
use sfu_model::time::Instant;

use super::Worker;
use crate::connections::Connections;
use crate::mailbox::{Delivery, Posted};
use crate::notice::Notice;

/// How much is written at a time. It stays in the processor's cache between the core that seals it and the kernel that copies
/// it, with room for both of them, and is a dozen viewers' pictures: enough runs for a call to be cheap.
const BATCH_BYTES: usize = 128 * 1024;

impl Worker {
    /// Passes on everything that the core has to say.
    ///
    /// Events go first: another worker must know that an address is valid before its client does.
    pub(super) fn flush(&mut self, now: Instant) {
        self.pass_on_what_happened();
        while self.core.poll_transmit(&mut self.buffers.transmits) {
            if self.buffers.transmits.n_bytes() >= BATCH_BYTES {
                self.write();
            }
        }
        self.write();
        self.sockets.watch(self.kernel.poll.registry());
        // Sending may have been an event: the first packet of a viewer.
        self.pass_on_what_happened();
        self.streams.flush(now);
    }

    /// Hands the batch to the kernel and to the connections.
    fn write(&mut self) {
        let batch = &self.buffers.transmits;
        let leaves_alike =
            |a: &Transmit, b: &Transmit| (a.transport, a.source) == (b.transport, b.source);
        for runs in batch.runs().chunk_by(leaves_alike) {
            let Some(Transmit {
                transport, source, ..
            }) = runs.first()
            else {
                continue;
            };
            let n_lost = match transport {
                Transport::Udp => self.sockets.send(*source, runs, batch),
                Transport::Tcp => send_frames(&mut self.streams.connections, runs, batch),
            };
            if n_lost > 0 {
                self.books.drops.add(reason_of(*transport), n_lost as u64);
            }
        }
        self.buffers.transmits.clear();
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
                self.owners.validated(owner, address, self.clock.now());
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

/// Frames each datagram for its connection. Gives the number that was lost.
fn send_frames(connections: &mut Connections, runs: &[Transmit], batch: &TransmitBatch) -> usize {
    let datagrams = runs.iter().flat_map(|run| {
        let datagrams = batch.bytes_of(run).chunks(run.segment_bytes);
        datagrams.map(|datagram| (run.destination, datagram))
    });
    datagrams
        .filter(|(destination, datagram)| !connections.send(*destination, datagram))
        .count()
}

/// Why a datagram did not leave.
const fn reason_of(transport: Transport) -> DropReason {
    match transport {
        Transport::Udp => DropReason::SendRefused,
        Transport::Tcp => DropReason::SlowTcpPeer,
    }
}
