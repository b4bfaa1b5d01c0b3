//! Layers of a video: what a subscriber chooses, and what it is told.

use sfu_model::codec::MediaKind;
use sfu_model::id::SessionId;

use crate::budget::choice::{LayerChoice, Why};
use crate::command::{CommandResult, Reply};
use crate::error::CommandError;
use crate::route::room::Room;
use crate::route::tracks::{EncodingOutline, TrackOutline};
use crate::session::state::Part;
use crate::stats::{LayerStatus, SubscriberStatus};
use crate::worker::Sfu;

impl Sfu {
    /// What a subscriber of this worker gets. `None`: there is no such subscriber.
    pub fn subscriber(&self, session: SessionId) -> Option<SubscriberStatus> {
        let session = self.sessions.get(self.sessions.by_id(session)?)?;
        let Part::Subscriber(subscriber) = &session.part else {
            return None;
        };
        let video = subscriber.video.as_ref();
        let (current, target) = video.map(|v| v.rungs()).unwrap_or_default();
        let (choice, why) = video.map_or((LayerChoice::default(), Why::Best), |v| v.choice());
        let room = self.rooms.get(session.room);
        Some(SubscriberStatus {
            current: current.map(|rung| rung.encoding),
            current_layer: current.map(|rung| rung.ceiling),
            target: target.map(|rung| rung.encoding),
            target_layer: target.map(|rung| rung.ceiling),
            choice,
            why,
            layers: room.map(|room| self.layers(room)).unwrap_or_default(),
            path: subscriber.sender.path_status(),
        })
    }

    fn layers(&self, room: &Room) -> Vec<LayerStatus> {
        let encodings = video(room).map_or(&[][..], |track| &track.encodings);
        let layer = |e: &EncodingOutline| LayerStatus {
            encoding: e.id,
            rid: e.rid,
            rank: e.rank,
            dimensions: e.dimensions,
            rate: room.cache.rate(e.id, self.now),
            is_flowing: e.is_flowing,
        };
        let mut layers: Vec<LayerStatus> = encodings.iter().map(layer).collect();
        layers.sort_by_key(|layer| layer.rank);
        layers
    }

    /// A subscriber bounds what it gets, or lets go.
    pub(super) fn choose_layer(
        &mut self,
        session: SessionId,
        choice: LayerChoice,
    ) -> CommandResult {
        let index = self
            .sessions
            .by_id(session)
            .ok_or(CommandError::UnknownSession)?;
        let session = self.sessions.get_mut(index);
        let session = session.ok_or(CommandError::UnknownSession)?;
        let track = self.rooms.get(session.room).and_then(video);
        let is_known = choice.is_automatic() || track.is_some_and(|track| choice.is_of(track));
        let video = session.subscriber().and_then(|s| s.video.as_mut());
        match video {
            Some(video) if is_known => video.choose(choice),
            None if choice.is_automatic() => {}
            Some(_) | None => return Err(CommandError::UnknownLayer),
        }
        self.update_subscriber(index);
        Ok(Reply::Done)
    }
}

fn video(room: &Room) -> Option<&TrackOutline> {
    room.tracks.iter().find(|t| t.kind == MediaKind::Video)
}
