//! Commands: every one is answered at once.

use rand::Rng;
use sfu_model::codec::{Codec, MediaKind};
use sfu_model::id::{EncodingId, RoomId, SessionId, TrackId};
use sfu_model::limits::ENCODINGS_PER_TRACK_MAX;
use sfu_model::time::Instant;

use crate::command::{CloseReason, Command, CommandResult, IceCredentials, Play, Publish, Reply};
use crate::egress::sender::Sender;
use crate::egress::stream::Stream;
use crate::error::CommandError;
use crate::event::Role;
use crate::link::LinkMessage;
use crate::publish::publisher::Publisher;
use crate::publish::track::Track;
use crate::route::arrivals::Cursor;
use crate::route::room::{Origin, Room, Stage};
use crate::session::engine::{Engine, Negotiated};
use crate::session::gate::Gate;
use crate::session::state::{Lifecycle, Part, Session};
use crate::slab::{RoomIndex, SessionIndex};
use crate::subscribe::subscriber::Subscriber;
use crate::subscribe::subscription::Subscription;
use crate::ufrag;
use crate::worker::Sfu;

/// A session that is accepted but not yet in the table.
struct Accepted {
    engine: Engine,
    ufrag: String,
    answer: String,
    negotiated: Vec<Negotiated>,
}

impl Sfu {
    /// Takes one command.
    pub fn handle_command(&mut self, command: Command, now: Instant) -> CommandResult {
        self.advance(now);
        match command {
            Command::Publish(publish) => self.publish(publish),
            Command::Play(play) => self.play(play),
            Command::RestartIce { session, remote } => self.restart_ice(session, &remote),
            Command::ChooseLayer { session, choice } => self.choose_layer(session, choice),
            Command::ListWanted { session } => self.list_wanted(session),
            Command::Close { session, reason } => {
                let index = self
                    .sessions
                    .by_id(session)
                    .ok_or(CommandError::UnknownSession)?;
                self.close(index, reason);
                Ok(Reply::Done)
            }
            Command::EndRoom { room } => {
                let index = self.rooms.by_id(&room).ok_or(CommandError::RoomEmpty)?;
                self.end_room(index, CloseReason::RoomEnded);
                Ok(Reply::Done)
            }
            Command::Shutdown => {
                self.shut_down();
                Ok(Reply::Done)
            }
        }
    }

    fn publish(&mut self, publish: Publish) -> CommandResult {
        self.check_room_for_one(publish.session, &publish.room)?;
        if !publish.takeover && self.has_publisher(&publish.room) {
            return Err(CommandError::RoomBusy);
        }
        let accepted = self.accept(&publish.offer, Role::Publisher)?;
        let tracks = accepted
            .negotiated
            .iter()
            .map(|n| self.new_track(n))
            .collect();
        let room = self.room_for_publisher(&publish.room)?;
        let answer = accepted.answer.clone();
        let part = Part::Publisher(Box::new(Publisher::new(tracks, self.ntp_anchor)));
        let index = self.open(publish.session, (room, publish.room), part, accepted)?;
        let Some(stage) = self.rooms.get_mut(room).and_then(|r| r.stage()) else {
            return Err(self.impossible());
        };
        let outdone = if stage.publisher.is_none() {
            stage.publisher = Some(index);
            None
        } else {
            stage.successor.replace(index)
        };
        if let Some(outdone) = outdone {
            self.close(outdone, CloseReason::TakenOver);
        }
        Ok(Reply::Answer { sdp: answer })
    }

    fn play(&mut self, play: Play) -> CommandResult {
        self.check_room_for_one(play.session, &play.room)?;
        if play.origin == self.worker && !self.is_playable(&play.room) {
            return Err(CommandError::RoomEmpty);
        }
        let accepted = self.accept(&play.offer, Role::Subscriber)?;
        check_decodes(&accepted.negotiated, &play.codecs)?;
        let now = self.now;
        let room = self
            .room_for_subscriber(&play.room, play.origin, now)
            .ok_or(CommandError::Internal)?;
        let answer = accepted.answer.clone();
        let arrivals = self.rooms.get(room).map(|r| r.arrivals.end());
        let subscriber = self.new_subscriber(&accepted.negotiated, arrivals.unwrap_or_default());
        let part = Part::Subscriber(subscriber);
        let index = self.open(play.session, (room, play.room), part, accepted)?;
        self.seat_subscriber(room, index);
        self.update_subscriber(index);
        Ok(Reply::Answer { sdp: answer })
    }

    fn restart_ice(&mut self, session: SessionId, remote: &IceCredentials) -> CommandResult {
        let index = self
            .sessions
            .by_id(session)
            .ok_or(CommandError::UnknownSession)?;
        let local = ufrag::new_credentials(self.worker, &mut self.random);
        let session = self
            .sessions
            .get_mut(index)
            .ok_or(CommandError::UnknownSession)?;
        let candidates = session.engine.restart_ice(&local, remote)?;
        session.gate.restart();
        self.sessions.rename(index, local.ufrag.clone());
        self.mark_engine_dirty(index);
        Ok(Reply::Restarted { local, candidates })
    }

    fn check_room_for_one(
        &mut self,
        session: SessionId,
        room: &RoomId,
    ) -> Result<(), CommandError> {
        if self.is_shutting_down {
            return Err(CommandError::ShuttingDown);
        }
        if self.sessions.by_id(session).is_some() {
            return Err(CommandError::DuplicateSession);
        }
        if self.sessions.len() >= self.limits.sessions_max {
            self.stats.sessions_max_hits += 1;
            return Err(CommandError::Exhausted {
                limit: "sfu_sessions_max",
            });
        }
        if self.is_unheard() {
            return Err(CommandError::Exhausted {
                limit: "sfu_events_max",
            });
        }
        if self.rooms.by_id(room).is_none() && self.rooms.len() >= self.limits.rooms_max {
            self.stats.rooms_max_hits += 1;
            return Err(CommandError::Exhausted {
                limit: "sfu_rooms_max",
            });
        }
        Ok(())
    }

    fn has_publisher(&mut self, room: &RoomId) -> bool {
        let index = self.rooms.by_id(room);
        index
            .and_then(|i| self.rooms.get(i))
            .is_some_and(|r| r.publisher().is_some())
    }

    /// A publisher is connected: a player need not wait for its first keyframe to be let in.
    fn is_playable(&self, room: &RoomId) -> bool {
        let Some(room) = self.rooms.by_id(room).and_then(|i| self.rooms.get(i)) else {
            return false;
        };
        let publisher = room.publisher().and_then(|i| self.sessions.get(i));
        publisher.is_some_and(|p| p.lifecycle.connected_at.is_some())
    }

    fn accept(&mut self, offer: &str, role: Role) -> Result<Accepted, CommandError> {
        let credentials = ufrag::new_credentials(self.worker, &mut self.random);
        let mut engine = self.engines.build(&credentials, role, self.now);
        let (answer, negotiated) = engine.accept_offer(offer, role)?;
        Ok(Accepted {
            engine,
            ufrag: credentials.ufrag,
            answer,
            negotiated,
        })
    }

    /// A state that cannot be: the one who asked pays for it, the worker lives.
    fn impossible(&mut self) -> CommandError {
        debug_assert!(false, "an impossible state");
        self.stats.invariants_violated += 1;
        CommandError::Internal
    }

    fn new_track(&mut self, negotiated: &Negotiated) -> Track {
        let id = TrackId(self.next_id());
        if negotiated.rids.len() > ENCODINGS_PER_TRACK_MAX {
            self.stats.encodings_max_hits += 1;
        }
        Track::new(id, negotiated.kind, &negotiated.rids, || {
            EncodingId(self.next_id())
        })
    }

    fn new_subscriber(&mut self, negotiated: &[Negotiated], seen: Cursor) -> Subscriber {
        let of_kind = |kind| negotiated.iter().find(|n| n.kind == kind);
        let (audio, video) = (of_kind(MediaKind::Audio), of_kind(MediaKind::Video));
        let sender = Sender::new(
            audio.and_then(|n| self.new_stream(n)),
            video.and_then(|n| self.new_stream(n)),
        );
        Subscriber::new(
            audio.map(|n| self.new_subscription(n)),
            video.map(|n| self.new_subscription(n)),
            sender,
            seen,
        )
    }

    fn new_stream(&mut self, negotiated: &Negotiated) -> Option<Stream> {
        let first_repair = self.random.random_range(0..0x7fff);
        let terms = negotiated.stream.clone()?;
        Some(Stream::new(terms, first_repair))
    }

    fn new_subscription(&mut self, negotiated: &Negotiated) -> Subscription {
        // Sequence numbers begin in the lower half: a receiver that starts near 2^16 cannot tell a late packet from
        // a roll-over (RFC 3711 section 3.3.1).
        let first_sequence = self.random.random_range(0..0x7fff);
        let first_time = self.random.random();
        let terms = negotiated.stream.as_ref();
        let has_descriptors = terms.is_some_and(|t| t.extensions.dependency_descriptor.is_some());
        let formats = (negotiated.payload_types.clone(), has_descriptors);
        Subscription::new(formats, first_sequence, first_time)
    }

    fn room_for_publisher(&mut self, room: &RoomId) -> Result<RoomIndex, CommandError> {
        let Some(index) = self.rooms.by_id(room) else {
            let room = Room::new(room.clone(), Origin::Here(Stage::default()));
            return self.rooms.insert(room).ok_or(CommandError::Internal);
        };
        let place = self.rooms.get_mut(index).ok_or(CommandError::Internal)?;
        if let Some(worker) = place.move_here() {
            let message = LinkMessage::Unsubscribe { room: room.clone() };
            self.out.links.push_back((worker, message));
        }
        Ok(index)
    }

    fn open(
        &mut self,
        id: SessionId,
        (room, room_id): (RoomIndex, RoomId),
        part: Part,
        accepted: Accepted,
    ) -> Result<SessionIndex, CommandError> {
        let session = Session {
            id,
            room,
            room_id,
            part,
            engine: Box::new(accepted.engine),
            gate: Gate::default(),
            ufrag: accepted.ufrag,
            lifecycle: Lifecycle::new(self.now),
            engine_timeout: None,
            scheduled_at: None,
            is_dirty: false,
            engine_is_dirty: false,
        };
        let index = self
            .sessions
            .insert(session)
            .ok_or(CommandError::Internal)?;
        self.mark_engine_dirty(index);
        self.schedule(index);
        Ok(index)
    }
}

/// Refuses a player that offers a medium, but not the codec that it comes in.
fn check_decodes(negotiated: &[Negotiated], codecs: &[Codec]) -> Result<(), CommandError> {
    let section = |codec: &Codec| negotiated.iter().find(|n| n.kind == codec.kind());
    let undecodable = |codec: &&Codec| {
        section(codec).is_some_and(|n| n.payload_types.for_codec(**codec).is_none())
    };
    match codecs.iter().find(undecodable) {
        Some(codec) => Err(CommandError::CannotDecode(*codec)),
        None => Ok(()),
    }
}
