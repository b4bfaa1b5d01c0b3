//! Media: from a publisher's engine to every subscriber's, and to every worker that wants the room.

use sfu_model::codec::MediaKind;
use sfu_model::drop_reason::DropReason;
use sfu_model::id::EncodingId;
use sfu_model::keyframe::KeyframeReason;
use sfu_model::packet::Packet;

use crate::link::LinkMessage;
use crate::publish::publisher::Change;
use crate::session::engine::ReceivedRtp;
use crate::session::state::{Part, Session};
use crate::slab::RoomIndex;
use crate::slab::SessionIndex;
use crate::worker::Sfu;

impl Sfu {
    /// A publisher's packet, as it came.
    pub(super) fn on_received(&mut self, index: SessionIndex, rtp: ReceivedRtp) {
        self.stats.packets_in += 1;
        self.stats.bytes_in += rtp.payload.len() as u64;
        if rtp.codec.kind() == MediaKind::Video {
            return self.on_unpacked(index, rtp);
        }
        let session = self.sessions.get_mut(index);
        let Some(publisher) = session.and_then(Session::publisher) else {
            return;
        };
        match publisher.unpack(rtp) {
            Ok(unpacked) => {
                self.stats.audio_recovered += unpacked.recovered.len() as u64;
                for earlier in unpacked.recovered {
                    self.on_unpacked(index, earlier);
                }
                self.on_unpacked(index, unpacked.primary);
            }
            Err(reason) => self.stats.drops.count(reason),
        }
    }

    fn on_unpacked(&mut self, index: SessionIndex, rtp: ReceivedRtp) {
        let now = self.now;
        let Some(session) = self.sessions.get_mut(index) else {
            return;
        };
        let room = session.room;
        let Some(publisher) = session.publisher() else {
            return;
        };
        let packet = match publisher.receive(rtp) {
            Ok(packet) => packet,
            Err(reason) => return self.stats.drops.count(reason),
        };
        let goes_live = publisher.goes_live_with(&packet);
        let change = publisher.take_change(now);
        if !self.is_routed(room, index, goes_live) {
            return self.stats.drops.count(DropReason::PublisherNotCurrent);
        }
        match change {
            Change::None => {}
            Change::Tell => self.refresh_tracks(room),
            Change::TooSoon => self.stats.track_changes_max_hits += 1,
        }
        self.route(room, packet);
    }

    /// Whether this publisher's media is the room's. The packet that lets viewers begin makes it so.
    fn is_routed(&mut self, room: RoomIndex, index: SessionIndex, goes_live: bool) -> bool {
        let Some(stage) = self.rooms.get_mut(room).and_then(|r| r.stage()) else {
            return false;
        };
        if stage.successor == Some(index) {
            if !goes_live {
                return false;
            }
            self.promote(room);
        }
        let Some(stage) = self.rooms.get_mut(room).and_then(|r| r.stage()) else {
            return false;
        };
        if stage.publisher != Some(index) {
            return false;
        }
        if stage.is_live {
            return true;
        }
        if goes_live {
            self.go_live(room, index);
        }
        goes_live
    }

    /// One packet of a room: to its subscribers here, and once to each worker that wants it.
    pub(super) fn route(&mut self, room: RoomIndex, packet: Packet) {
        let Some(room) = self.rooms.get_mut(room) else {
            return;
        };
        room.cache.measure(&packet);
        if let Some(level) = packet.extensions.audio_level {
            room.loudest.hear(packet.track, level, self.now);
        }
        for link in &room.links {
            let message = LinkMessage::Packet {
                mark: link.mark,
                packet: packet.clone(),
            };
            self.out.links.push_back((link.worker, message));
            self.stats.packets_linked += 1;
        }
        if room.subscribers.is_empty() {
            return;
        }
        // They take it from there when they have their turn, and again when it is lost.
        room.arrivals.push(&packet);
        room.cache.insert(packet);
        if std::mem::replace(&mut room.all_are_dirty, true) {
            return;
        }
        for index in &room.subscribers {
            let Some(session) = self.sessions.get_mut(*index) else {
                continue;
            };
            if !session.is_dirty {
                session.is_dirty = true;
                self.out.dirty.push_back(*index);
            }
        }
    }

    /// Somebody here needs a keyframe of an encoding: its publisher is told, here or over the link.
    pub(super) fn request_keyframe(
        &mut self,
        room: RoomIndex,
        encoding: EncodingId,
        reason: KeyframeReason,
    ) {
        let now = self.now;
        let Some(place) = self.rooms.get_mut(room) else {
            return;
        };
        if let Some(publisher) = place.publisher() {
            if let Some(p) = self
                .sessions
                .get_mut(publisher)
                .and_then(Session::publisher)
            {
                p.request_keyframe(encoding, reason);
            }
            self.flush_keyframe_requests(publisher);
        } else if place.request_over_link(encoding, reason, now) {
            self.send_link_request(room, encoding, reason);
        }
    }

    /// Passes the keyframe requests that are due to a publisher's engine.
    pub(super) fn flush_keyframe_requests(&mut self, index: SessionIndex) {
        let now = self.now;
        let Some(session) = self.sessions.get_mut(index) else {
            return;
        };
        let Session {
            part: Part::Publisher(publisher),
            engine,
            lifecycle,
            ..
        } = session
        else {
            return;
        };
        if lifecycle.connected_at.is_none() {
            return;
        }
        let mut any = false;
        while let Some((kind, rid)) = publisher.poll_keyframe_requests(now) {
            any |= engine.request_keyframe(kind, rid);
            self.stats.keyframe_requests_sent += 1;
        }
        if any {
            self.mark_engine_dirty(index);
        }
        self.schedule(index);
    }
}
