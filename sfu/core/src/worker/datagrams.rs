//! Datagrams in: find the session, pass the gate, feed the engine, act on what it says.

use sfu_model::datagram::Datagram;
use sfu_model::drop_reason::DropReason;
use sfu_model::limits::DATAGRAM_BYTES_MAX;
use sfu_model::time::Instant;

use crate::command::CloseReason;
use crate::demux::{self, PacketKind};
use crate::event::Event;
use crate::session::engine::EngineEvent;
use crate::session::state::Part;
use crate::slab::SessionIndex;
use crate::worker::Sfu;

/// Records of a handshake's last flight (RFC 6347 section 4.1): change cipher spec, and handshake.
const HANDSHAKE: [u8; 2] = [20, 22];

impl Sfu {
    /// Takes one datagram. What is malformed, forged or of nobody is a counted drop.
    pub fn handle_datagram(&mut self, datagram: Datagram<'_>, now: Instant) {
        self.advance(now);
        if datagram.bytes.len() > DATAGRAM_BYTES_MAX {
            return self.stats.drops.count(DropReason::DatagramTooLong);
        }
        let taken = match demux::kind_of(datagram.bytes) {
            None => Err(DropReason::NotOurProtocol),
            Some(PacketKind::Stun) => self.handle_stun(&datagram),
            Some(kind) => self.handle_validated(kind, &datagram),
        };
        match taken {
            Ok(Some(index)) => self.drain_now(index),
            Ok(None) => {}
            Err(reason) => self.stats.drops.count(reason),
        }
    }

    /// A binding request that authenticates lets its source in (RFC 8445 section 7.3), and renews consent
    /// (RFC 7675 section 5.1). Any other STUN is of no use to the lite side.
    fn handle_stun(&mut self, datagram: &Datagram<'_>) -> Result<Option<SessionIndex>, DropReason> {
        let ufrag = demux::request_ufrag(datagram.bytes).ok_or(DropReason::MalformedStun)?;
        let index = self
            .sessions
            .by_ufrag(ufrag)
            .ok_or(DropReason::UnknownUfrag)?;
        let session = self
            .sessions
            .get_mut(index)
            .ok_or(DropReason::UnknownUfrag)?;
        if !session.engine.is_authentic(datagram) {
            return Err(DropReason::BadStunIntegrity);
        }
        session.lifecycle.consented_at = self.now;
        let remote = (datagram.transport, datagram.source);
        if self.sessions.is_held_by_another(index, remote, self.now) {
            return Err(DropReason::AddressHeld);
        }
        // The client checks again: it is let in as soon as somebody listens.
        if self.sessions.by_remote(remote) != Some(index) && self.is_unheard() {
            return Err(DropReason::NodeUnheard);
        }
        let session = self
            .sessions
            .get_mut(index)
            .ok_or(DropReason::UnknownUfrag)?;
        session
            .engine
            .handle_datagram(datagram, self.now)
            .map_err(|_| DropReason::EngineRefused)?;
        self.admit(index, datagram);
        Ok(Some(index))
    }

    /// DTLS, RTP and RTCP are taken from addresses that passed ICE, whatever they say. Gives the session whose engine is to be
    /// drained.
    fn handle_validated(
        &mut self,
        kind: PacketKind,
        datagram: &Datagram<'_>,
    ) -> Result<Option<SessionIndex>, DropReason> {
        let remote = (datagram.transport, datagram.source);
        let index = self
            .sessions
            .by_remote(remote)
            .ok_or(DropReason::UnvalidatedSource)?;
        for (transport, address) in self.sessions.leave_outdated(index, remote) {
            self.say(Event::AddressForgotten { transport, address });
        }
        if kind == PacketKind::Dtls {
            // Between two answers to a repeated flight DTLS pauses, and looks whether the pause is over only when it is driven.
            // A connected subscriber's engine rests, and would find the next repetition pausing still.
            self.drain_now(index);
            self.note_flight(index, datagram.bytes);
        }
        let session = self
            .sessions
            .get_mut(index)
            .ok_or(DropReason::UnvalidatedSource)?;
        if let (Part::Subscriber(_), PacketKind::Rtp | PacketKind::Rtcp) = (&session.part, kind) {
            if kind == PacketKind::Rtp {
                return Err(DropReason::UnwantedMedia);
            }
            return self.on_subscriber_rtcp(index, datagram).map(|()| None);
        }
        if session.engine.handle_datagram(datagram, self.now).is_err() {
            self.stats.drops.count(DropReason::EngineRefused);
        } else {
            session.gate.heard(remote, self.now);
        }
        // Even a refused datagram may have moved the engine: a failed handshake ends in the drain.
        Ok(Some(index))
    }

    /// A subscriber that was answered repeats its flight: it may not have got the answer.
    fn note_flight(&mut self, index: SessionIndex, record: &[u8]) {
        let now = self.now;
        let is_of_handshake = record.first().is_some_and(|kind| HANDSHAKE.contains(kind));
        let Some(session) = self.sessions.get_mut(index).filter(|_| is_of_handshake) else {
            return;
        };
        let done_at = session.lifecycle.connected_at;
        if let (Some(done_at), Some(subscriber)) = (done_at, session.subscriber()) {
            subscriber.sender.confirmation.on_flight(now - done_at);
        }
    }

    /// Acts on what engines said, until nothing is left to act upon.
    pub(super) fn handle_engine_events(&mut self) {
        while let Some((index, event)) = self.out.engine_events.pop_front() {
            match event {
                EngineEvent::Connected => self.on_connected(index),
                EngineEvent::Received(rtp) => self.on_received(index, rtp),
                EngineEvent::UnknownPayload => self.stats.drops.count(DropReason::UnknownEncoding),
                EngineEvent::PeerClosed => self.close(index, CloseReason::PeerClosed),
                EngineEvent::Failed => self.on_failed(index),
            }
        }
    }

    fn on_connected(&mut self, index: SessionIndex) {
        let now = self.now;
        if !self.open_sender(index) {
            return self.close(index, CloseReason::HandshakeFailed);
        }
        let Some(session) = self.sessions.get_mut(index) else {
            return;
        };
        if session.lifecycle.connected_at.is_some() {
            return;
        }
        session.lifecycle.connected_at = Some(self.now);
        let event = Event::SessionConnected {
            session: session.id,
            room: session.room_id.clone(),
            role: session.role(),
            after: self.now - session.lifecycle.opened_at,
        };
        if let Some(publisher) = session.publisher() {
            publisher.expect_keyframes(now);
        } else {
            self.update_subscriber(index);
        }
        self.say(event);
        self.schedule(index);
    }

    /// The engine gave up: before the handshake is done that is a failed handshake, after it a closed peer.
    fn on_failed(&mut self, index: SessionIndex) {
        let Some(session) = self.sessions.get(index) else {
            return;
        };
        let reason = match session.lifecycle.connected_at {
            None => CloseReason::HandshakeFailed,
            Some(_) => CloseReason::PeerClosed,
        };
        self.close(index, reason);
    }
}
