//! The only index of sessions: by place, by id, by ufrag, by validated remote address. One struct owns all four, so they
//! cannot disagree.

use std::collections::HashMap;

use sfu_model::datagram::Transport;
use sfu_model::id::SessionId;
use sfu_model::time::Instant;

use crate::session::gate::{Admitted, Check, Remote};
use crate::session::state::Session;
use crate::slab::{SessionIndex, Slab};

/// All sessions of a worker.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    places: Slab<Box<Session>>,
    by_id: HashMap<SessionId, SessionIndex>,
    by_ufrag: HashMap<String, SessionIndex>,
    by_remote: HashMap<Remote, SessionIndex>,
}

impl Sessions {
    /// Number of sessions.
    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Adds a session under its id and ufrag. `None` only when the table is beyond every limit.
    pub(crate) fn insert(&mut self, session: Session) -> Option<SessionIndex> {
        let (id, ufrag) = (session.id, session.ufrag.clone());
        let index = SessionIndex(self.places.insert(Box::new(session))?);
        self.by_id.insert(id, index);
        self.by_ufrag.insert(ufrag, index);
        Some(index)
    }

    /// Takes a session out; from here on nothing finds it.
    pub(crate) fn remove(&mut self, index: SessionIndex) -> Option<Box<Session>> {
        let session = self.places.remove(index.0)?;
        self.by_id.remove(&session.id);
        self.by_ufrag.remove(&session.ufrag);
        for remote in session.gate.remotes() {
            self.forget_remote(remote, index);
        }
        Some(session)
    }

    pub(crate) fn get(&self, index: SessionIndex) -> Option<&Session> {
        self.places.get(index.0).map(Box::as_ref)
    }

    pub(crate) fn get_mut(&mut self, index: SessionIndex) -> Option<&mut Session> {
        self.places.get_mut(index.0).map(Box::as_mut)
    }

    pub(crate) fn by_id(&self, id: SessionId) -> Option<SessionIndex> {
        self.by_id.get(&id).copied()
    }

    pub(crate) fn by_ufrag(&self, ufrag: &str) -> Option<SessionIndex> {
        self.by_ufrag.get(ufrag).copied()
    }

    pub(crate) fn by_remote(&self, remote: Remote) -> Option<SessionIndex> {
        self.by_remote.get(&remote).copied()
    }

    /// Gives a session a new ufrag; the old one finds nothing from here on.
    pub(crate) fn rename(&mut self, index: SessionIndex, ufrag: String) {
        let Some(session) = self.get_mut(index) else {
            return;
        };
        let old = std::mem::replace(&mut session.ufrag, ufrag.clone());
        self.by_ufrag.remove(&old);
        self.by_ufrag.insert(ufrag, index);
    }

    /// Whether a session is heard at an address.
    pub(crate) fn is_held(&self, remote: Remote, now: Instant) -> bool {
        let session = self.by_remote(remote).and_then(|index| self.get(index));
        session.is_some_and(|session| session.gate.is_heard(remote, now))
    }

    /// Whether another session than this one is heard at an address. A connection of TCP has one.
    pub(crate) fn is_held_by_another(
        &self,
        index: SessionIndex,
        remote: Remote,
        now: Instant,
    ) -> bool {
        let is_anothers = self.by_remote(remote).is_some_and(|holder| holder != index);
        remote.0 == Transport::Udp && is_anothers && self.is_held(remote, now)
    }

    /// An address is another worker's now.
    pub(crate) fn yield_remote(&mut self, remote: Remote) {
        if let Some(index) = self.by_remote.remove(&remote)
            && let Some(session) = self.get_mut(index)
        {
            session.gate.forget(remote);
        }
    }

    /// Lets an address in. An address that another session had (a port used again) moves to this one.
    pub(crate) fn admit(
        &mut self,
        index: SessionIndex,
        check: Check,
        now: Instant,
    ) -> Option<Admitted> {
        let admitted = self.get_mut(index)?.gate.admit(check, now);
        match admitted {
            Admitted::Known | Admitted::New => {}
            Admitted::Replacing(old) => self.forget_remote(old, index),
        }
        self.by_remote.insert(check.remote, index);
        Some(admitted)
    }

    /// Media came from an address: gives those that the session has left for it, and lets them in no longer.
    pub(crate) fn leave_outdated(&mut self, index: SessionIndex, remote: Remote) -> Vec<Remote> {
        let session = self.get_mut(index);
        let left = session.map_or_else(Vec::new, |s| s.gate.leave_outdated(remote));
        for old in &left {
            self.forget_remote(*old, index);
        }
        left
    }

    fn forget_remote(&mut self, remote: Remote, index: SessionIndex) {
        if self.by_remote.get(&remote) == Some(&index) {
            self.by_remote.remove(&remote);
        }
    }

    /// Every session's place, in the order of places.
    pub(crate) fn indexes(&self) -> Vec<SessionIndex> {
        self.places
            .iter()
            .map(|(index, _)| SessionIndex(index))
            .collect()
    }

    /// Every session, in the order of places.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Session> {
        self.places.iter().map(|(_, session)| session.as_ref())
    }
}
