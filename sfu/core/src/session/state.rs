//! A session from its offer to its end: new -> connected -> gone.

use sfu_model::id::{RoomId, SessionId};
use sfu_model::limits::{CONNECT_TIMEOUT, CONSENT_TIMEOUT};
use sfu_model::time::Instant;

use crate::command::CloseReason;
use crate::event::Role;
use crate::publish::publisher::Publisher;
use crate::route::demand::Demand;
use crate::session::engine::Engine;
use crate::session::gate::Gate;
use crate::slab::RoomIndex;
use crate::subscribe::subscriber::Subscriber;

/// One transport connection and what it is for.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) id: SessionId,
    pub(crate) room: RoomIndex,
    pub(crate) room_id: RoomId,
    pub(crate) part: Part,
    pub(crate) engine: Box<Engine>,
    pub(crate) gate: Gate,
    /// Our present ufrag; STUN requests name it.
    pub(crate) ufrag: String,
    pub(crate) lifecycle: Lifecycle,
    /// When the engine wants to be driven.
    pub(crate) engine_timeout: Option<Instant>,
    /// Its present entry among the deadlines; other entries of it are stale.
    pub(crate) scheduled_at: Option<Instant>,
    /// It waits for its turn to send.
    pub(crate) is_dirty: bool,
    /// And its engine is to be drained then.
    pub(crate) engine_is_dirty: bool,
}

/// What a session does in its room.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "there are a thousand subscribers for each publisher"
)]
pub(crate) enum Part {
    Publisher(Box<Publisher>),
    /// In place: with its session it lies in one page, and each turn visits both.
    Subscriber(Subscriber),
}

/// How far a session has come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lifecycle {
    pub(crate) opened_at: Instant,
    pub(crate) connected_at: Option<Instant>,
    /// Last authenticated binding request: consent to send is as old as this (RFC 7675 section 5.1).
    pub(crate) consented_at: Instant,
}

impl Lifecycle {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            opened_at: now,
            connected_at: None,
            consented_at: now,
        }
    }

    /// When the session ends by itself, and why, if nothing happens before.
    pub(crate) fn deadline(&self) -> (Instant, CloseReason) {
        match self.connected_at {
            None => (
                self.opened_at + CONNECT_TIMEOUT,
                CloseReason::NeverConnected,
            ),
            Some(_) => (
                self.consented_at + CONSENT_TIMEOUT,
                CloseReason::ConsentExpired,
            ),
        }
    }
}

impl Session {
    pub(crate) fn role(&self) -> Role {
        match self.part {
            Part::Publisher(_) => Role::Publisher,
            Part::Subscriber(_) => Role::Subscriber,
        }
    }

    pub(crate) fn publisher(&mut self) -> Option<&mut Publisher> {
        match &mut self.part {
            Part::Publisher(publisher) => Some(publisher),
            Part::Subscriber(_) => None,
        }
    }

    /// How much of its room's video it may take.
    pub(crate) fn demand(&self) -> Demand {
        match &self.part {
            Part::Subscriber(subscriber) => subscriber.demand,
            Part::Publisher(_) => Demand::Nothing,
        }
    }

    pub(crate) fn subscriber(&mut self) -> Option<&mut Subscriber> {
        match &mut self.part {
            Part::Publisher(_) => None,
            Part::Subscriber(subscriber) => Some(subscriber),
        }
    }

    /// True when the engine has nothing urgent to do by itself. It keeps no check and no handshake going towards a
    /// connected subscriber, whose media, reports and feedback are ours.
    pub(crate) fn engine_rests(&self) -> bool {
        match &self.part {
            Part::Publisher(_) => false,
            Part::Subscriber(subscriber) => {
                self.lifecycle.connected_at.is_some() && subscriber.sender.is_open()
            }
        }
    }

    /// When it must be looked at next.
    pub(crate) fn poll_timeout(&self, now: Instant) -> Instant {
        let part = match &self.part {
            // A keyframe request waits for the transport: until then it is no reason to wake.
            Part::Publisher(publisher) if self.lifecycle.connected_at.is_some() => {
                publisher.poll_timeout(now)
            }
            Part::Publisher(_) => None,
            // Nor has a sender anything to do before it has keys and a path.
            Part::Subscriber(subscriber) if self.gate.has_path() && subscriber.sender.is_open() => {
                subscriber.sender.poll_timeout()
            }
            Part::Subscriber(_) => None,
        };
        let (deadline, _) = self.lifecycle.deadline();
        let engine = self.engine_timeout.unwrap_or(deadline);
        deadline.min(engine).min(part.unwrap_or(deadline))
    }
}
