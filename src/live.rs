//! Since when each stream is live.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use sfu_model::id::RoomId;
use sfu_model::time::UnixTime;

/// Fed by the SFU's events, read by the API. It holds an entry per live room, so the SFU's limit of rooms is its own.
#[derive(Clone, Debug, Default)]
pub(crate) struct LiveSince(Arc<Mutex<HashMap<RoomId, UnixTime>>>);

impl LiveSince {
    /// A room can be decoded. A publisher that replaced another goes on with the same broadcast.
    pub(crate) fn begin(&self, room: RoomId, unix_now: UnixTime) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(room)
            .or_insert(unix_now);
    }

    /// A room lost its publisher.
    pub(crate) fn end(&self, room: &RoomId) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(room);
    }

    /// How many are live.
    pub(crate) fn n_streams(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Since when, if it is live.
    pub(crate) fn since(&self, room: &RoomId) -> Option<UnixTime> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(room)
            .copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_takeover_goes_on_and_a_new_broadcast_starts_anew() {
        let live = LiveSince::default();
        let demo = RoomId::parse("demo").unwrap();
        assert_eq!(live.since(&demo), None);
        live.begin(demo.clone(), UnixTime(10));
        live.begin(demo.clone(), UnixTime(20));
        assert_eq!(live.since(&demo), Some(UnixTime(10)));
        live.end(&demo);
        live.begin(demo.clone(), UnixTime(30));
        assert_eq!(live.since(&demo), Some(UnixTime(30)));
    }
}
