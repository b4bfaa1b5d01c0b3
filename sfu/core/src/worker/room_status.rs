//! What is told of rooms to who asks.

use sfu_model::id::RoomId;

use crate::publish::publisher::Publisher;
use crate::route::room::Room;
use crate::session::state::Part;
use crate::stats::{EncodingStatus, RoomStatus, TrackStatus};
use crate::worker::Sfu;

impl Sfu {
    /// The rooms whose publisher is on this worker, or that are watched here.
    pub fn rooms(&self) -> Vec<RoomStatus> {
        self.rooms
            .iter()
            .map(|room| self.room_status(room))
            .collect()
    }

    /// One of them.
    pub fn room(&self, id: &RoomId) -> Option<RoomStatus> {
        let room = self.rooms.get(self.rooms.by_id(id)?)?;
        Some(self.room_status(room))
    }

    fn room_status(&self, room: &Room) -> RoomStatus {
        let session = room.publisher().and_then(|index| self.sessions.get(index));
        let tracks = match session.map(|s| &s.part) {
            Some(Part::Publisher(publisher)) => self.track_statuses(publisher),
            Some(Part::Subscriber(_)) | None => Vec::new(),
        };
        RoomStatus {
            room: room.id.clone(),
            is_live: room.is_live(),
            publisher: session.map(|s| s.id),
            n_subscribers: room.subscribers.len(),
            tracks,
            speakers: room.loudest.speakers(self.now).collect(),
        }
    }

    fn track_statuses(&self, publisher: &Publisher) -> Vec<TrackStatus> {
        publisher
            .tracks
            .iter()
            .map(|track| {
                let mut encodings: Vec<EncodingStatus> = track
                    .encodings
                    .iter()
                    .map(|e| EncodingStatus {
                        rid: e.rid,
                        rank: e.rank,
                        codec: e.codec,
                        dimensions: e.sizes.largest(),
                        is_flowing: e.is_flowing(self.now),
                        packets: e.packets,
                        bytes: e.bytes,
                    })
                    .collect();
                encodings.sort_by_key(|e| e.rank);
                TrackStatus {
                    id: track.id,
                    kind: track.kind,
                    encodings,
                }
            })
            .collect()
    }
}
