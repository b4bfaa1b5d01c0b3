//! Who is where: pure. A room has one origin worker, its viewers go to the least loaded one.

use std::collections::HashMap;

use sfu_core::error::CommandError;
use sfu_core::event::{Event, Role};
use sfu_model::codec::Codec;
use sfu_model::id::{RoomId, SessionId, WorkerId};

/// What a publisher weighs, in viewers. Its packets are decrypted, parsed and kept for repair, which costs about as
/// much as sealing them for three viewers; one more is for the other workers it is copied to.
const PUBLISHER_LOAD: u64 = 4;

/// What a viewer weighs.
const SUBSCRIBER_LOAD: u64 = 1;

/// A room as the node sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomSummary {
    /// Which.
    pub room: RoomId,
    /// Viewers can decode it.
    pub is_live: bool,
    /// Sessions that play it, on all workers.
    pub n_viewers: usize,
}

/// Where a viewer goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seat {
    /// The worker that serves it.
    pub(crate) worker: WorkerId,
    /// The worker that has the publisher.
    pub(crate) origin: WorkerId,
    /// What the publisher sends.
    pub(crate) codecs: Vec<Codec>,
}

#[derive(Clone, Debug)]
struct Room {
    origin: WorkerId,
    is_live: bool,
    /// What its present or last publisher sends.
    codecs: Vec<Codec>,
    n_sessions: usize,
    n_viewers: usize,
    n_connected_publishers: usize,
}

#[derive(Clone, Debug)]
pub(crate) struct PlacedSession {
    pub(crate) room: RoomId,
    pub(crate) role: Role,
    pub(crate) worker: WorkerId,
    is_connected: bool,
}

/// What is lost with a worker.
#[derive(Debug, Default)]
pub(crate) struct Loss {
    /// Its sessions.
    pub(crate) sessions: Vec<(SessionId, PlacedSession)>,
    /// Rooms that it was the origin of and that others play: (who, what).
    pub(crate) orphans: Vec<(WorkerId, RoomId)>,
    /// Rooms of other origins that it played: (origin, what).
    pub(crate) watched: Vec<(WorkerId, RoomId)>,
}

/// The one table of rooms and sessions of a node.
#[derive(Debug)]
pub(crate) struct Placement {
    rooms: HashMap<RoomId, Room>,
    sessions: HashMap<SessionId, PlacedSession>,
    loads: Vec<u64>,
}

impl Placement {
    pub(crate) fn new(n_workers: usize) -> Self {
        Self {
            rooms: HashMap::new(),
            sessions: HashMap::new(),
            loads: vec![0; n_workers],
        }
    }

    /// Seats a publisher at the origin of its room. The origin stays while the room has any session, so that whoever
    /// takes over meets the publisher before it.
    pub(crate) fn seat_publisher(
        &mut self,
        session: SessionId,
        room: &RoomId,
    ) -> Result<WorkerId, CommandError> {
        let known = self.rooms.get(room).map(|room| room.origin);
        let worker = known.unwrap_or_else(|| self.least_loaded(None));
        self.seat(
            session,
            room,
            Role::Publisher,
            &Seat {
                worker,
                origin: worker,
                codecs: Vec::new(),
            },
        )?;
        Ok(worker)
    }

    /// Seats a viewer on the least loaded worker; on the origin when that is as good, because then nothing crosses.
    pub(crate) fn seat_subscriber(
        &mut self,
        session: SessionId,
        room: &RoomId,
    ) -> Result<Seat, CommandError> {
        let is_playable = |room: &&Room| room.is_live || room.n_connected_publishers > 0;
        let found = self
            .rooms
            .get(room)
            .filter(is_playable)
            .ok_or(CommandError::RoomEmpty)?;
        let origin = found.origin;
        let codecs = found.codecs.clone();
        let seat = Seat {
            worker: self.least_loaded(Some(origin)),
            origin,
            codecs,
        };
        self.seat(session, room, Role::Subscriber, &seat)?;
        Ok(seat)
    }

    /// Forgets a session that ended or was refused. The last one takes the room with it.
    pub(crate) fn release(&mut self, session: SessionId) -> Option<PlacedSession> {
        let placed = self.sessions.remove(&session)?;
        if let Some(load) = self.loads.get_mut(usize::from(placed.worker.0)) {
            *load = load.saturating_sub(load_of(placed.role));
        }
        if let Some(room) = self.rooms.get_mut(&placed.room) {
            room.n_sessions = room.n_sessions.saturating_sub(1);
            match placed.role {
                Role::Subscriber => room.n_viewers = room.n_viewers.saturating_sub(1),
                Role::Publisher if placed.is_connected => {
                    room.n_connected_publishers = room.n_connected_publishers.saturating_sub(1);
                }
                Role::Publisher => {}
            }
            if room.n_sessions == 0 {
                self.rooms.remove(&placed.room);
            }
        }
        Some(placed)
    }

    /// Learns from what a core says.
    pub(crate) fn on_event(&mut self, event: &Event) {
        match event {
            Event::SessionConnected {
                session,
                room,
                role: Role::Publisher,
                ..
            } => {
                let placed = self
                    .sessions
                    .get_mut(session)
                    .filter(|placed| !placed.is_connected);
                if let (Some(placed), Some(room)) = (placed, self.rooms.get_mut(room)) {
                    placed.is_connected = true;
                    room.n_connected_publishers += 1;
                }
            }
            Event::SessionClosed { session, .. } => {
                self.release(*session);
            }
            Event::RoomLive { room, codecs, .. } => {
                self.set_live(room, true);
                if let Some(room) = self.rooms.get_mut(room) {
                    room.codecs.clone_from(codecs);
                }
            }
            Event::RoomSilent { room } => self.set_live(room, false),
            Event::SessionConnected {
                role: Role::Subscriber,
                ..
            }
            | Event::FirstPacketSent { .. }
            | Event::AddressValidated { .. }
            | Event::AddressForgotten { .. } => {}
        }
    }

    /// Where a session lives.
    pub(crate) fn worker_of(&self, session: SessionId) -> Option<WorkerId> {
        self.sessions.get(&session).map(|placed| placed.worker)
    }

    /// Where a room's publisher lives, and how many play it.
    pub(crate) fn room(&self, room: &RoomId) -> Option<(WorkerId, usize)> {
        self.rooms
            .get(room)
            .map(|room| (room.origin, room.n_viewers))
    }

    /// Every room.
    pub(crate) fn rooms(&self) -> Vec<RoomSummary> {
        let summary = |(room, state): (&RoomId, &Room)| RoomSummary {
            room: room.clone(),
            is_live: state.is_live,
            n_viewers: state.n_viewers,
        };
        self.rooms.iter().map(summary).collect()
    }

    /// Forgets a worker that failed, and says what that costs.
    pub(crate) fn lose_worker(&mut self, worker: WorkerId) -> Loss {
        let mut loss = Loss::default();
        for placed in self.sessions.values() {
            let Some(origin) = self.rooms.get(&placed.room).map(|room| room.origin) else {
                continue;
            };
            if placed.worker != worker && origin == worker {
                loss.orphans.push((placed.worker, placed.room.clone()));
            } else if placed.worker == worker && origin != worker {
                loss.watched.push((origin, placed.room.clone()));
            }
        }
        for rooms in [&mut loss.orphans, &mut loss.watched] {
            rooms.sort();
            rooms.dedup();
        }
        let lost = |(_, placed): &(&SessionId, &PlacedSession)| placed.worker == worker;
        let lost: Vec<SessionId> = self
            .sessions
            .iter()
            .filter(lost)
            .map(|(id, _)| *id)
            .collect();
        loss.sessions = lost
            .into_iter()
            .filter_map(|id| Some((id, self.release(id)?)))
            .collect();
        for (_, room) in &loss.orphans {
            self.set_live(room, false);
        }
        loss
    }

    fn seat(
        &mut self,
        session: SessionId,
        room: &RoomId,
        role: Role,
        seat: &Seat,
    ) -> Result<(), CommandError> {
        if self.sessions.contains_key(&session) {
            return Err(CommandError::DuplicateSession);
        }
        let Seat { worker, origin, .. } = *seat;
        let placed = PlacedSession {
            room: room.clone(),
            role,
            worker,
            is_connected: false,
        };
        self.sessions.insert(session, placed);
        if let Some(load) = self.loads.get_mut(usize::from(worker.0)) {
            *load = load.saturating_add(load_of(role));
        }
        let state = self.rooms.entry(room.clone()).or_insert(Room {
            origin,
            is_live: false,
            codecs: Vec::new(),
            n_sessions: 0,
            n_viewers: 0,
            n_connected_publishers: 0,
        });
        state.n_sessions += 1;
        state.n_viewers += usize::from(role == Role::Subscriber);
        Ok(())
    }

    fn set_live(&mut self, room: &RoomId, is_live: bool) {
        if let Some(room) = self.rooms.get_mut(room) {
            room.is_live = is_live;
        }
    }

    fn least_loaded(&self, preferred: Option<WorkerId>) -> WorkerId {
        let numbered = (0..=u8::MAX).map(WorkerId).zip(&self.loads);
        let least = numbered.min_by_key(|(worker, load)| (**load, Some(*worker) != preferred));
        least.map_or(WorkerId(0), |(worker, _)| worker)
    }
}

const fn load_of(role: Role) -> u64 {
    match role {
        Role::Publisher => PUBLISHER_LOAD,
        Role::Subscriber => SUBSCRIBER_LOAD,
    }
}

#[cfg(test)]
mod tests;
