//! All sessions. The indexes live here and nowhere else, so they cannot disagree.

use std::collections::HashMap;

use sfu_model::id::{RoomId, SessionId};
use signaling_auth::grant::Grant;

use crate::request::Endpoint;
use crate::session::Session;

/// All sessions, by id; and the publishing ones by room.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    by_id: HashMap<SessionId, Session>,
    publishers: HashMap<RoomId, Vec<SessionId>>,
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
        if session.endpoint == Endpoint::Whip {
            let of_room = self.publishers.entry(session.room.clone()).or_default();
            of_room.push(id);
        }
        self.by_id.insert(id, session);
    }

    pub(crate) fn remove(&mut self, id: SessionId) -> Option<Session> {
        let session = self.by_id.remove(&id)?;
        if let Some(of_room) = self.publishers.get_mut(&session.room) {
            of_room.retain(|other| *other != id);
            if of_room.is_empty() {
                self.publishers.remove(&session.room);
            }
        }
        Some(session)
    }

    /// The grants of those who publish into a room.
    pub(crate) fn publishers(&self, room: &RoomId) -> impl Iterator<Item = &Grant> {
        let ids = self.publishers.get(room).into_iter().flatten();
        ids.filter_map(|id| Some(&self.by_id.get(id)?.grant))
    }
}
