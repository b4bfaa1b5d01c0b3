//! The only index of sessions: by place, by id, by ufrag, by validated remote address. One struct owns all four, so they
//! cannot disagree.

use std::collections::HashMap;

use sfu_model::id::SessionId;
use sfu_model::time::Instant;

use crate::session::gate::{Admitted, Remote};
use crate::session::state::Session;

/// A place in the table. A place that is used again has another generation, so an old index finds nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SessionIndex {
    slot: u32,
    generation: u32,
}

/// All sessions of a worker.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    slots: Vec<Slot>,
    free: Vec<u32>,
    by_id: HashMap<SessionId, SessionIndex>,
    by_ufrag: HashMap<String, SessionIndex>,
    by_remote: HashMap<Remote, SessionIndex>,
}

#[derive(Debug, Default)]
struct Slot {
    generation: u32,
    session: Option<Box<Session>>,
}

impl Sessions {
    /// Number of sessions.
    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Adds a session under its id and ufrag. `None` when there is no room for another index, which 2^32 slots exclude.
    pub(crate) fn insert(&mut self, session: Session) -> Option<SessionIndex> {
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None => {
                let slot = u32::try_from(self.slots.len()).ok()?;
                self.slots.push(Slot::default());
                slot
            }
        };
        let place = self.slots.get_mut(usize::try_from(slot).ok()?)?;
        let index = SessionIndex {
            slot,
            generation: place.generation,
        };
        self.by_id.insert(session.id, index);
        self.by_ufrag.insert(session.ufrag.clone(), index);
        place.session = Some(Box::new(session));
        Some(index)
    }

    /// Takes a session out; from here on nothing finds it.
    pub(crate) fn remove(&mut self, index: SessionIndex) -> Option<Box<Session>> {
        self.get(index)?;
        let place = self.slots.get_mut(usize::try_from(index.slot).ok()?)?;
        let session = place.session.take()?;
        place.generation = place.generation.wrapping_add(1);
        self.free.push(index.slot);
        self.by_id.remove(&session.id);
        self.by_ufrag.remove(&session.ufrag);
        for remote in session.gate.remotes() {
            self.forget_remote(remote, index);
        }
        Some(session)
    }

    pub(crate) fn get(&self, index: SessionIndex) -> Option<&Session> {
        let place = self.slots.get(usize::try_from(index.slot).ok()?)?;
        if place.generation != index.generation {
            return None;
        }
        place.session.as_deref()
    }

    pub(crate) fn get_mut(&mut self, index: SessionIndex) -> Option<&mut Session> {
        let place = self.slots.get_mut(usize::try_from(index.slot).ok()?)?;
        if place.generation != index.generation {
            return None;
        }
        place.session.as_deref_mut()
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

    /// Lets an address in. An address that another session had (a port used again) moves to this one.
    pub(crate) fn admit(
        &mut self,
        index: SessionIndex,
        remote: Remote,
        now: Instant,
    ) -> Option<Admitted> {
        let admitted = self.get_mut(index)?.gate.admit(remote, now);
        match admitted {
            Admitted::Known => {}
            Admitted::New => {}
            Admitted::Replacing(old) => self.forget_remote(old, index),
        }
        self.by_remote.insert(remote, index);
        Some(admitted)
    }

    fn forget_remote(&mut self, remote: Remote, index: SessionIndex) {
        if self.by_remote.get(&remote) == Some(&index) {
            self.by_remote.remove(&remote);
        }
    }

    /// Every session's place, in the order of slots.
    pub(crate) fn indexes(&self) -> Vec<SessionIndex> {
        (0_u32..)
            .zip(&self.slots)
            .filter(|(_, place)| place.session.is_some())
            .map(|(slot, place)| SessionIndex {
                slot,
                generation: place.generation,
            })
            .collect()
    }

    /// Every session, in the order of slots.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Session> {
        self.slots
            .iter()
            .filter_map(|place| place.session.as_deref())
    }
}
