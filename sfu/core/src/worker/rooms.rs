//! The life of a room: publishers that go live, are replaced and go away; tracks that change.

use crate::command::CloseReason;
use crate::event::Event;
use crate::link::LinkMessage;
use crate::session::state::Session;
use crate::slab::RoomIndex;
use crate::slab::SessionIndex;
use crate::subscribe::subscription::Supply;
use crate::worker::Sfu;

impl Sfu {
    /// The first decodable packet of a publisher: viewers may come.
    pub(super) fn go_live(&mut self, room: RoomIndex, index: SessionIndex) {
        let Some(session) = self.sessions.get_mut(index) else {
            return;
        };
        let publisher = session.id;
        let codecs = session.publisher().map(|p| p.codecs()).unwrap_or_default();
        let Some(place) = self.rooms.get_mut(room) else {
            return;
        };
        let id = place.id.clone();
        let Some(stage) = place.stage() else { return };
        stage.is_live = true;
        stage.silent_since = None;
        self.say(Event::RoomLive {
            room: id,
            publisher,
            codecs,
        });
        self.refresh_tracks(room);
    }

    /// The successor's first decodable packet: it takes the publisher's place, whose session ends.
    pub(super) fn promote(&mut self, room: RoomIndex) {
        let Some(stage) = self.rooms.get_mut(room).and_then(|r| r.stage()) else {
            return;
        };
        let Some(successor) = stage.successor.take() else {
            return;
        };
        let replaced = stage.publisher.replace(successor);
        // Live again with this very packet: viewers never see the room silent.
        stage.is_live = false;
        if let Some(replaced) = replaced {
            self.close(replaced, CloseReason::TakenOver);
        }
    }

    /// Tells everybody what the room's tracks are, if that has changed.
    pub(super) fn refresh_tracks(&mut self, room: RoomIndex) {
        let now = self.now;
        let Some(place) = self.rooms.get_mut(room) else {
            return;
        };
        let publisher = place.publisher().filter(|_| place.is_live());
        let publisher = publisher
            .and_then(|index| self.sessions.get_mut(index))
            .and_then(Session::publisher);
        let is_told = match &publisher {
            Some(publisher) => publisher.is_told(&place.tracks, now),
            None => place.tracks.is_empty(),
        };
        if is_told {
            return;
        }
        let tracks = publisher.map(|p| p.track_outlines(now)).unwrap_or_default();
        place.tracks.clone_from(&tracks);
        place.cache.forget_before(now, &tracks);
        place.loudest.keep(|id| tracks.iter().any(|t| t.id == id));
        let id = place.id.clone();
        for link in place.links.clone() {
            let message = LinkMessage::Tracks {
                room: id.clone(),
                tracks: tracks.clone(),
                rates: place.cache.rates(),
            };
            self.out.links.push_back((link.worker, message));
        }
        for index in place.subscribers.clone() {
            self.update_subscriber(index);
        }
    }

    /// Lets a subscriber choose among the tracks of its room, and asks for the keyframe that it needs.
    pub(super) fn update_subscriber(&mut self, index: SessionIndex) {
        let Some(session) = self.sessions.get_mut(index) else {
            return;
        };
        let is_connected = session.lifecycle.connected_at.is_some();
        let room = session.room;
        let Some(place) = self.rooms.get(room) else {
            return;
        };
        let supply = Supply {
            cache: &place.cache,
            now: self.now,
        };
        let Some(subscriber) = session.subscriber() else {
            return;
        };
        let awaited = subscriber.update(&place.tracks, supply);
        let demand = subscriber.demand;
        if let Some(place) = self.rooms.get_mut(room) {
            place.demand.hear(demand, self.now);
        }
        // A keyframe that comes before the transport is up would be lost.
        if let (Some((encoding, reason)), true) = (awaited, is_connected) {
            self.request_keyframe(room, encoding, reason);
        }
    }

    /// A publisher's session ended.
    pub(super) fn publisher_left(&mut self, room: RoomIndex, index: SessionIndex) {
        let now = self.now;
        let Some(place) = self.rooms.get_mut(room) else {
            return;
        };
        let id = place.id.clone();
        let Some(stage) = place.stage() else { return };
        if stage.successor == Some(index) {
            stage.successor = None;
        }
        if stage.publisher == Some(index) {
            // Whoever waited to replace it needs not wait any more.
            stage.publisher = stage.successor.take();
            let was_live = std::mem::replace(&mut stage.is_live, false);
            if was_live {
                stage.silent_since = Some(now);
                self.say(Event::RoomSilent { room: id });
                self.refresh_tracks(room);
            }
        }
        self.drop_room_if_unused(room);
        self.schedule_room(room);
    }

    /// A room has one subscriber more.
    pub(super) fn seat_subscriber(&mut self, room: RoomIndex, index: SessionIndex) {
        let Some(place) = self.rooms.get_mut(room) else {
            return;
        };
        let seat = place.subscribers.len();
        place.subscribers.push(index);
        place.all_are_dirty = false;
        let session = self.sessions.get_mut(index);
        if let Some(subscriber) = session.and_then(Session::subscriber) {
            subscriber.seat = seat;
        }
    }

    /// The session of a subscriber ended, which had this seat. The last one of the room takes it, so that a crowd leaves at
    /// the cost of its number.
    pub(super) fn subscriber_left(&mut self, room: RoomIndex, seat: usize) {
        let Some(place) = self.rooms.get_mut(room) else {
            return;
        };
        if seat < place.subscribers.len() {
            place.subscribers.swap_remove(seat);
        }
        // Whoever was to clear it with its turn may be the one that left.
        place.all_are_dirty = false;
        let moved = place.subscribers.get(seat).copied();
        let moved = moved.and_then(|index| self.sessions.get_mut(index));
        if let Some(subscriber) = moved.and_then(Session::subscriber) {
            subscriber.seat = seat;
        }
        self.drop_room_if_unused(room);
    }

    /// Forgets a room that nobody needs, and tells its origin.
    pub(super) fn drop_room_if_unused(&mut self, room: RoomIndex) {
        if !self.rooms.get(room).is_some_and(|r| r.is_unused()) {
            return;
        }
        let Some(place) = self.rooms.remove(room) else {
            return;
        };
        if let Some(worker) = place.origin_elsewhere() {
            self.out
                .links
                .push_back((worker, LinkMessage::Unsubscribe { room: place.id }));
        }
    }

    /// Closes every session of a room, here and on the workers that watch it.
    pub(super) fn end_room(&mut self, room: RoomIndex, reason: CloseReason) {
        let Some(place) = self.rooms.get_mut(room) else {
            return;
        };
        let id = place.id.clone();
        let links = std::mem::take(&mut place.links);
        let mut members = place.subscribers.clone();
        if let Some(stage) = place.stage() {
            members.extend(stage.successor);
            members.extend(stage.publisher);
        }
        for link in links {
            self.out
                .links
                .push_back((link.worker, LinkMessage::RoomEnded { room: id.clone() }));
        }
        for index in members {
            self.close(index, reason);
        }
        self.drop_room_if_unused(room);
    }
}
