//! Datagrams from the server and to it: over the socket alone, or through what lies between.

use std::time::Duration;

use freshet_sim::network::Direction;
use sfu_model::datagram::{Datagram, TransmitBatch, Transport};
use sfu_model::time::Instant;
use sfu_net::clock::since_epoch;
use sfu_net::udp::{ReceiveBatch, Sent, UdpSocket};
use str0m::Input;
use str0m::net::{Protocol, Receive};

use super::{Session, SessionError, SessionEvent, std_instant};

impl Session {
    /// Reads what waits on the socket.
    pub fn receive(
        &mut self,
        batch: &mut ReceiveBatch,
        on_event: &mut impl FnMut(SessionEvent<'_>),
    ) -> Result<(), SessionError> {
        loop {
            let received = self.socket.receive(batch)?;
            // Both clocks are read once: how old a stamp of the kernel's is does not depend on where the wall clock stands.
            let (now, wall) = (self.clock.now(), since_epoch());
            for (datagram, stamp) in batch.arrivals() {
                let age = stamp.map_or(Duration::ZERO, |stamp| wall.saturating_sub(stamp));
                let arrived_at = now.saturating_sub(age);
                if let Some(path) = &mut self.path {
                    let Datagram { source, bytes, .. } = datagram;
                    path.enter(Direction::Down, source, bytes, arrived_at);
                } else {
                    self.take(datagram, (arrived_at, now), on_event)?;
                }
            }
            if received.is_drained {
                self.let_through(on_event)?;
                self.flush();
                return Ok(());
            }
        }
    }

    /// What has come through what lies between, either way.
    pub(super) fn let_through(
        &mut self,
        on_event: &mut impl FnMut(SessionEvent<'_>),
    ) -> Result<(), SessionError> {
        if self.path.is_none() {
            return Ok(());
        }
        let (now, local) = (self.clock.now(), self.socket.local_address());
        let mut leaving = TransmitBatch::default();
        while let Some((at, passing)) = self.path.as_mut().and_then(|p| p.poll_arrived(now)) {
            let (server, bytes) = (passing.server, passing.bytes);
            match passing.direction {
                Direction::Up => leaving.push(Transport::Udp, local, server, &bytes),
                Direction::Down => {
                    let datagram = Datagram {
                        transport: Transport::Udp,
                        source: server,
                        destination: local,
                        bytes: &bytes,
                    };
                    self.take(datagram, (at, now), on_event)?;
                }
            }
            if let Some(path) = &mut self.path {
                path.give_back(bytes);
            }
        }
        self.n_refused += send(&mut self.socket, &mut leaving);
        Ok(())
    }

    /// Takes a datagram that arrived then and is read now: a subscriber's media is its owner's, the rest is the engine's.
    fn take(
        &mut self,
        datagram: Datagram<'_>,
        (arrived_at, now): (Instant, Instant),
        on_event: &mut impl FnMut(SessionEvent<'_>),
    ) -> Result<(), SessionError> {
        let Datagram {
            source,
            destination,
            bytes,
            ..
        } = datagram;
        let is_media = matches!(bytes.first(), Some(128..=191));
        if self.keys.is_some() && is_media {
            self.server = Some(source);
            on_event(SessionEvent::Media { bytes, arrived_at });
            return Ok(());
        }
        // What is no packet of ours is the network's noise.
        let Ok(receive) = Receive::new(Protocol::Udp, source, destination, bytes) else {
            return Ok(());
        };
        let now = std_instant(self.clock, now);
        self.rtc.handle_input(Input::Receive(now, receive))?;
        self.drain(on_event)
    }

    /// Sends what waits: to the socket, or into what lies between.
    pub fn flush(&mut self) {
        let Some(path) = &mut self.path else {
            self.n_refused += send(&mut self.socket, &mut self.outgoing);
            return;
        };
        let now = self.clock.now();
        for (run, bytes) in self.outgoing.iter() {
            for datagram in bytes.chunks(run.segment_bytes.max(1)) {
                path.enter(Direction::Up, run.destination, datagram, now);
            }
        }
        self.outgoing.clear();
    }
}

/// Gives a batch to the kernel; how many datagrams it did not take.
fn send(socket: &mut UdpSocket, batch: &mut TransmitBatch) -> usize {
    let n_refused = batch
        .iter()
        .map(|(run, bytes)| match socket.send(run, bytes, None) {
            Sent::Done { n_refused } => n_refused,
            Sent::BufferFull { from } => {
                bytes.len().saturating_sub(from).div_ceil(run.segment_bytes)
            }
        });
    let n_refused = n_refused.sum();
    batch.clear();
    n_refused
}
