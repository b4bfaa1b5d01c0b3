//! All sessions. The indexes live here and nowhere else, so they cannot disagree.

use std::collections::HashMap;

use sfu_model::id::{RoomId, SessionId};
use signaling_auth::grant::Grant;

use crate::request::Endpoint;
use crate::session::Session;

/// All sessions, by id; the publishing ones by room; and how many play each room.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    by_id: HashMap<SessionId, Session>,
    publishers: HashMap<RoomId, Vec<SessionId>>,
    n_players: HashMap<RoomId, usize>,
}

impl Sessions {
    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// How many of one endpoint there are.
    pub(crate) fn n_of(&self, endpoint: Endpoint) -> usize {
        let n_publishing: usize = self.publishers.values().map(Vec::len).sum();
        match endpoint {
            Endpoint::Whip => n_publishing,
            Endpoint::Whep => self.by_id.len().saturating_sub(n_publishing),
        }
    }

    /// How many play a room, or are about to.
    pub(crate) fn n_players(&self, room: &RoomId) -> usize {
        self.n_players.get(room).copied().unwrap_or(0)
    }

    pub(crate) fn contains(&self, id: SessionId) -> bool {
        self.by_id.contains_key(&id)
    }

    pub(crate) fn get(&self, id: SessionId) -> Option<&Session> {
        self.by_id.get(&id)
    }

    pub(crate) fn get_mut(&mut self, id: SessionId) -> Option<&mut Session> {
        self.by_id.get_mut(&id)
    }

    pub(crate) fn insert(&mut self, id: SessionId, session: Session) {
        let room = session.room.clone();
        match session.endpoint {
            Endpoint::Whip => self.publishers.entry(room).or_default().push(id),
            Endpoint::Whep => *self.n_players.entry(room).or_default() += 1,
        }
        self.by_id.insert(id, session);
    }

    pub(crate) fn remove(&mut self, id: SessionId) -> Option<Session> {
        let session = self.by_id.remove(&id)?;
        match session.endpoint {
            Endpoint::Whip => self.forget_publisher(id, &session.room),
            Endpoint::Whep => self.forget_player(&session.room),
        }
        Some(session)
    }

    fn forget_publisher(&mut self, id: SessionId, room: &RoomId) {
        if let Some(of_room) = self.publishers.get_mut(room) {
            of_room.retain(|other| *other != id);
            if of_room.is_empty() {
                self.publishers.remove(room);
            }
        }
    }

    fn forget_player(&mut self, room: &RoomId) {
        if let Some(n_players) = self.n_players.get_mut(room) {
            *n_players = n_players.saturating_sub(1);
            if *n_players == 0 {
                self.n_players.remove(room);
            }
        }
    }

    /// The grants of those who publish into a room.
    pub(crate) fn publishers(&self, room: &RoomId) -> impl Iterator<Item = &Grant> {
        let ids = self.publishers.get(room).into_iter().flatten();
        ids.filter_map(|id| Some(&self.by_id.get(id)?.grant))
    }
}
