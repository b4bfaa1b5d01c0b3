//! One participant of the world: an address, a session, and what it does there.

use std::net::SocketAddr;

use sfu_core::command::CloseReason;
use sfu_model::datagram::Datagram;
use sfu_model::id::{RoomId, SessionId};
use sfu_model::time::Instant;

use crate::chance::draw;
use crate::clock::LocalClock;
use crate::publisher::{Camera, Publisher};
use crate::session::{BrowserSession, Outgoing, Said};
use crate::signaling::SessionUrl;
use crate::viewer::Viewer;

/// A participant.
#[derive(Debug)]
pub struct Browser {
    /// Where its datagrams come from.
    pub address: SocketAddr,
    /// Its session at the node.
    pub session: SessionId,
    /// Where its session is at the node; `None` for one that no endpoint opened.
    pub url: Option<SessionUrl>,
    /// The room it is in.
    pub room: RoomId,
    /// Its number in the world; a publisher's stamps carry it.
    pub number: u32,
    /// Since when ICE and DTLS are up on its side.
    pub connected_at: Option<Instant>,
    /// When it asked to join.
    pub joined_at: Instant,
    /// The node said goodbye.
    pub was_closed: bool,
    /// Why the node says that it closed the session.
    pub close_reason: Option<CloseReason>,
    /// What it does.
    pub part: Part,
    engine: BrowserSession,
    /// Where the node's datagrams come from.
    node: Option<SocketAddr>,
    is_gone: bool,
}

/// What a participant does.
#[derive(Debug)]
pub enum Part {
    /// It sends.
    Publisher(Publisher),
    /// It plays.
    Viewer(Box<Viewer>),
}

/// What a participant is told at its birth.
#[derive(Clone, Debug)]
pub struct Birth {
    /// Its number in the world.
    pub number: u32,
    /// Where its datagrams come from.
    pub address: SocketAddr,
    /// Its session at the node.
    pub session: SessionId,
    /// The room it joins.
    pub room: RoomId,
    /// The world's seed.
    pub seed: u64,
    /// What its engine counts with.
    pub clock: LocalClock,
}

/// Which of a participant's questions to the run's seed its handshake asks.
const HANDSHAKE: u64 = 7;

impl Browser {
    /// A participant that publishes, or plays when it has no camera; with its offer.
    pub fn new(birth: Birth, camera: Option<Camera>, now: Instant) -> (Self, String) {
        let (codecs, sections) = match camera {
            Some(camera) => (camera.codecs(), camera.sections()),
            None => (Viewer::codecs(), Viewer::sections()),
        };
        let seed = draw(birth.seed, &[HANDSHAKE, u64::from(birth.number)]);
        let mut engine = BrowserSession::new(birth.address, &codecs, birth.clock, seed, now);
        let offer = engine.offer(&sections).unwrap_or_default();
        let part = match camera {
            Some(camera) => Part::Publisher(Publisher::new(camera, birth.number, birth.seed, now)),
            None => Part::Viewer(Box::default()),
        };
        let browser = Self {
            address: birth.address,
            session: birth.session,
            url: None,
            room: birth.room,
            number: birth.number,
            connected_at: None,
            joined_at: now,
            was_closed: false,
            close_reason: None,
            part,
            engine,
            node: None,
            is_gone: false,
        };
        (browser, offer)
    }

    /// Takes the answer to its offer. False when its engine does not.
    pub fn accept(&mut self, answer: &str) -> bool {
        let accepted = self.engine.accept(answer);
        if let Part::Publisher(publisher) = &self.part {
            publisher.keep_for_repair(&mut self.engine);
        }
        accepted
    }

    /// Takes one datagram.
    pub fn handle_datagram(&mut self, datagram: &Datagram<'_>, now: Instant) {
        if !self.is_gone {
            self.node = Some(datagram.source);
            self.engine.handle_datagram(datagram, now);
        }
    }

    /// Does what is due and takes what waits. Returns when it must be called next.
    pub fn drain(&mut self, now: Instant, outgoing: &mut Vec<Outgoing>) -> Option<Instant> {
        if self.is_gone {
            return None;
        }
        let is_connected = self.connected_at.is_some() && !self.was_closed;
        let mut said = Vec::new();
        if let Part::Publisher(publisher) = &mut self.part {
            publisher.send(&mut self.engine, is_connected, now, |engine| {
                engine.drain(now, outgoing, &mut said);
            });
        }
        let mut engine_timeout = self.engine.drain(now, outgoing, &mut said);
        while !said.is_empty() {
            for what in said.drain(..) {
                self.on_said(what, now);
            }
            engine_timeout = self.engine.drain(now, outgoing, &mut said);
        }
        self.ask_for_repairs(now, outgoing);
        let own_timeout = match &self.part {
            Part::Publisher(publisher) => publisher.poll_timeout(),
            Part::Viewer(viewer) => viewer.poll_timeout(),
        };
        engine_timeout.into_iter().chain(own_timeout).min()
    }

    fn ask_for_repairs(&mut self, now: Instant, outgoing: &mut Vec<Outgoing>) {
        let (Part::Viewer(viewer), Some(node)) = (&mut self.part, self.node) else {
            return;
        };
        let clear = viewer.poll_requests(now);
        if let Some(bytes) = clear.and_then(|clear| self.engine.seal_feedback(&clear)) {
            outgoing.push(Outgoing {
                source: self.address,
                destination: node,
                bytes,
            });
        }
    }

    fn on_said(&mut self, said: Said, now: Instant) {
        match (said, &mut self.part) {
            (Said::Connected, _) => {
                self.connected_at.get_or_insert(now);
            }
            (Said::Closed, _) => self.was_closed = true,
            (Said::KeyframeRequested(rid), Part::Publisher(publisher)) => {
                publisher.on_keyframe_requested(rid.as_deref(), now);
            }
            (Said::Received(packet), Part::Viewer(viewer)) => {
                viewer.receive(&packet, &mut self.engine, now);
            }
            (Said::Came(header, payload), Part::Viewer(viewer)) => {
                viewer.receive_repair(&header, &payload, &mut self.engine, now);
            }
            (Said::KeyframeRequested(_) | Said::Received(_) | Said::Came(..), _) => {}
        }
    }

    /// Says goodbye over its transport, as a closed page does.
    pub fn close(&mut self) {
        self.engine.close();
    }

    /// Goes without a word, as a machine that lost its power.
    pub fn vanish(&mut self) {
        self.is_gone = true;
    }

    /// Its engine, for scripts that misbehave.
    pub fn engine(&mut self) -> &mut BrowserSession {
        &mut self.engine
    }

    /// What it plays, if it does.
    pub fn viewer(&self) -> Option<&Viewer> {
        match &self.part {
            Part::Viewer(viewer) => Some(viewer),
            Part::Publisher(_) => None,
        }
    }

    /// What it sends, if it does.
    pub fn publisher(&mut self) -> Option<&mut Publisher> {
        match &mut self.part {
            Part::Publisher(publisher) => Some(publisher),
            Part::Viewer(_) => None,
        }
    }
}
