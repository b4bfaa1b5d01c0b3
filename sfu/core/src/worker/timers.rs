//! Time: engines that want to be driven, sessions and rooms that end by themselves, keyframe requests to repeat.

use sfu_model::time::Instant;

use crate::command::CloseReason;
use crate::deadlines::Whom;
use crate::limits::PUBLISHER_GRACE;
use crate::slab::RoomIndex;
use crate::slab::SessionIndex;
use crate::worker::Sfu;

impl Sfu {
    /// Does what is due. Calling it early or often is harmless.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.advance(now);
        while let Some((at, whom)) = self.deadlines.pop_due(self.now) {
            match whom {
                Whom::Session(index) => self.on_session_due(index, at),
                Whom::Room(index) => self.on_room_due(index),
            }
        }
    }

    fn on_session_due(&mut self, index: SessionIndex, at: Instant) {
        let now = self.now;
        let Some(session) = self.sessions.get_mut(index) else {
            return;
        };
        if session.scheduled_at != Some(at) {
            return;
        }
        session.scheduled_at = None;
        let (deadline, reason) = session.lifecycle.deadline();
        if deadline <= now {
            return self.close(index, reason);
        }
        let room = session.room;
        let engine_is_due = session.engine_timeout.is_some_and(|due| due <= now);
        let is_publisher = session.publisher().is_some();
        if is_publisher {
            self.refresh_tracks(room);
            self.flush_keyframe_requests(index);
        }
        if !is_publisher {
            self.mark_dirty(index);
        }
        if engine_is_due {
            self.drain_now(index);
        } else if is_publisher {
            self.schedule(index);
        }
    }

    /// A room whose publisher has stayed away too long ends.
    fn on_room_due(&mut self, index: RoomIndex) {
        let now = self.now;
        let Some(stage) = self.rooms.get_mut(index).and_then(|r| r.stage()) else {
            return;
        };
        if stage
            .silent_since
            .is_some_and(|since| since + PUBLISHER_GRACE <= now)
        {
            stage.silent_since = None;
            self.end_room(index, CloseReason::RoomEnded);
        }
    }

    pub(super) fn schedule(&mut self, index: SessionIndex) {
        let now = self.now;
        let Some(session) = self.sessions.get_mut(index) else {
            return;
        };
        let at = session.poll_timeout(now);
        if session.scheduled_at.is_none_or(|scheduled| at < scheduled) {
            session.scheduled_at = Some(at);
            self.deadlines.push(at, Whom::Session(index));
        }
    }

    pub(super) fn schedule_room(&mut self, index: RoomIndex) {
        let Some(stage) = self.rooms.get_mut(index).and_then(|r| r.stage()) else {
            return;
        };
        if let Some(since) = stage.silent_since {
            self.deadlines
                .push(since + PUBLISHER_GRACE, Whom::Room(index));
        }
    }
}
