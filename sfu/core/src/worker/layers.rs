//! Layers of a video: what a subscriber chooses, and what it is told.

use sfu_model::codec::MediaKind;
use sfu_model::id::SessionId;
use sfu_model::layer::Layer;

use crate::budget::choice::{LayerChoice, Why};
use crate::budget::ladder::Rung;
use crate::command::{CommandResult, Reply};
use crate::error::CommandError;
use crate::route::room::Room;
use crate::route::tracks::{EncodingOutline, Step, TrackOutline};
use crate::session::state::Part;
use crate::stats::{LayerStatus, SubscriberStatus};
use crate::subscribe::subscription::Subscription;
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
            layers: room
                .map(|room| self.layers(room, current))
                .unwrap_or_default(),
            path: subscriber.sender.path_status(),
        })
    }

    fn layers(&self, room: &Room, current: Option<Rung>) -> Vec<LayerStatus> {
        let Some(track) = video(room) else {
            return Vec::new();
        };
        let is_current = |e: &EncodingOutline, layer: Layer| {
            let mine = current.filter(|rung| rung.encoding == e.id);
            mine.is_some_and(|rung| rung.ceiling.capped(e.highest_layer) == layer)
        };
        let layer = |step: Step<'_>, temporal: u8| {
            let e = step.encoding;
            let inside = Layer {
                spatial: step.spatial,
                temporal,
            };
            LayerStatus {
                encoding: e.id,
                rid: e.rid,
                place: Layer {
                    spatial: step.place(track),
                    temporal,
                },
                dimensions: step.size(),
                rate: room.cache.rate_within(e.id, inside, self.now),
                is_current: is_current(e, inside),
                is_flowing: e.is_flowing,
            }
        };
        let layers = track.steps().flat_map(|step| {
            let temporals = 0..=step.encoding.highest_layer.temporal;
            temporals.map(move |temporal| layer(step, temporal))
        });
        let mut layers: Vec<LayerStatus> = layers.collect();
        layers.sort_by_key(|layer| layer.place);
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
        let session = self.sessions.get_mut(index);
        let video = session.and_then(|s| s.subscriber()?.video.as_ref());
        let waits = video.is_some_and(Subscription::has_wish);
        self.stats.keyframe_requests_max_hits += u64::from(waits);
        Ok(Reply::Done)
    }
}

fn video(room: &Room) -> Option<&TrackOutline> {
    room.tracks.iter().find(|t| t.kind == MediaKind::Video)
}
