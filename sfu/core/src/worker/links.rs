//! Messages of other workers: the origin's side and the viewers' side of a room that crosses once.

use std::collections::BTreeMap;

use sfu_model::codec::MediaKind;
use sfu_model::id::{EncodingId, RoomId, WorkerId};
use sfu_model::keyframe::{KeyframeReason, KeyframeRequest};
use sfu_model::packet::Packet;
use sfu_model::rate::Bitrate;
use sfu_model::time::Instant;

use crate::command::CloseReason;
use crate::link::{LinkMessage, RoomMark};
use crate::route::room::{Link, Origin, Room, Stage};
use crate::route::tracks::TrackOutline;
use crate::slab::{Index, RoomIndex};
use crate::worker::Sfu;

impl Sfu {
    /// Takes one message of another worker.
    pub fn handle_link(&mut self, from: WorkerId, message: LinkMessage, now: Instant) {
        self.advance(now);
        match message {
            LinkMessage::Subscribe { room, mark } => self.on_link_subscribe(from, room, mark),
            LinkMessage::Unsubscribe { room } => self.on_link_unsubscribe(from, &room),
            LinkMessage::RequestKeyframe { room, request } => {
                if let Some(index) = self.rooms.by_id(&room) {
                    self.request_keyframe(index, request.encoding, request.reason);
                }
            }
            LinkMessage::Demand { room, demand } => self.on_link_demand(from, &room, demand),
            LinkMessage::AskDemand { room } => self.on_link_ask_demand(from, room),
            LinkMessage::Tracks {
                room,
                tracks,
                rates,
            } => self.on_link_tracks(from, &room, tracks, &rates),
            LinkMessage::RoomEnded { room } => {
                if let Some(index) = self.linked_room(from, &room) {
                    self.end_room(index, CloseReason::RoomEnded);
                }
            }
            LinkMessage::Packet { mark, packet } => self.on_link_packet(from, mark, packet),
        }
    }

    fn on_link_subscribe(&mut self, from: WorkerId, room: RoomId, mark: RoomMark) {
        let index = match self.rooms.by_id(&room) {
            Some(index) => index,
            None => {
                let stage = Stage {
                    silent_since: Some(self.now),
                    ..Stage::default()
                };
                let Some(index) = self
                    .rooms
                    .insert(Room::new(room.clone(), Origin::Here(stage)))
                else {
                    return;
                };
                // Nobody publishes it yet: it ends by itself after the grace.
                self.schedule_room(index);
                index
            }
        };
        let Some(place) = self.rooms.get_mut(index) else {
            return;
        };
        match place.links.iter_mut().find(|link| link.worker == from) {
            Some(link) => link.mark = mark,
            None => place.links.push(Link::new(from, mark)),
        }
        let tracks = place.tracks.clone();
        let rates = place.cache.rates();
        let message = LinkMessage::Tracks {
            room,
            tracks,
            rates,
        };
        self.out.links.push_back((from, message));
    }

    fn on_link_unsubscribe(&mut self, from: WorkerId, room: &RoomId) {
        let Some(index) = self.rooms.by_id(room) else {
            return;
        };
        if let Some(place) = self.rooms.get_mut(index) {
            place.links.retain(|link| link.worker != from);
        }
        self.drop_room_if_unused(index);
    }

    fn on_link_tracks(
        &mut self,
        from: WorkerId,
        room: &RoomId,
        tracks: Vec<TrackOutline>,
        rates: &[(EncodingId, Bitrate)],
    ) {
        let Some(index) = self.linked_room(from, room) else {
            return;
        };
        let Some(place) = self.rooms.get_mut(index) else {
            return;
        };
        place.loudest.keep(|id| tracks.iter().any(|t| t.id == id));
        place.tracks = tracks;
        place.cache.forget_before(self.now, &place.tracks);
        for (encoding, rate) in rates {
            place.cache.tell_rate(*encoding, *rate, self.now);
        }
        for subscriber in place.subscribers.clone() {
            self.update_subscriber(subscriber);
        }
    }

    fn on_link_packet(&mut self, from: WorkerId, mark: RoomMark, packet: Packet) {
        let index = RoomIndex(Index::from_bits(mark.0));
        if self.rooms.get(index).and_then(Room::origin_elsewhere) != Some(from) {
            return;
        }
        if packet.facts.starts_keyframe
            && packet.codec.kind() == MediaKind::Video
            && let Some(place) = self.rooms.get_mut(index)
        {
            place.keyframe_over_link(packet.encoding);
        }
        self.route(index, packet);
    }

    /// A room whose origin is that worker. A message of a former origin is too late to matter.
    pub(super) fn linked_room(&self, from: WorkerId, room: &RoomId) -> Option<RoomIndex> {
        let index = self.rooms.by_id(room)?;
        let is_origin = self.rooms.get(index)?.origin_elsewhere() == Some(from);
        is_origin.then_some(index)
    }

    pub(super) fn send_link_request(
        &mut self,
        room: RoomIndex,
        encoding: EncodingId,
        reason: KeyframeReason,
    ) {
        let Some(place) = self.rooms.get(room) else {
            return;
        };
        let Some(worker) = place.origin_elsewhere() else {
            return;
        };
        let track = place
            .tracks
            .iter()
            .find(|t| t.encodings.iter().any(|e| e.id == encoding));
        let Some(track) = track.map(|t| t.id) else {
            return;
        };
        let request = KeyframeRequest {
            track,
            encoding,
            reason,
        };
        let room = place.id.clone();
        self.out
            .links
            .push_back((worker, LinkMessage::RequestKeyframe { room, request }));
    }

    /// The room that a new subscriber joins, which asks its origin for it when it is new here.
    pub(super) fn room_for_subscriber(
        &mut self,
        room: &RoomId,
        origin: WorkerId,
        now: Instant,
    ) -> Option<RoomIndex> {
        if let Some(index) = self.rooms.by_id(room) {
            return Some(index);
        }
        let is_here = origin == self.worker;
        let place = if is_here {
            Origin::Here(Stage {
                silent_since: Some(now),
                ..Stage::default()
            })
        } else {
            Origin::There {
                worker: origin,
                requests: BTreeMap::new(),
            }
        };
        let index = self.rooms.insert(Room::new(room.clone(), place))?;
        if is_here {
            self.schedule_room(index);
        } else {
            let message = LinkMessage::Subscribe {
                room: room.clone(),
                mark: RoomMark(index.0.to_bits()),
            };
            self.out.links.push_back((origin, message));
        }
        Some(index)
    }
}
