//! Which encodings of a publisher are wanted, by those who watch here and on other workers.

use sfu_model::codec::MediaKind;
use sfu_model::id::{RoomId, SessionId, WorkerId};

use crate::command::{CommandResult, Reply};
use crate::error::CommandError;
use crate::link::LinkMessage;
use crate::route::demand::Demand;
use crate::session::state::Session;
use crate::slab::RoomIndex;
use crate::worker::Sfu;

impl Sfu {
    /// The rids of a publisher that are wanted, low to high. It is asked once a second, and only where the publisher listens:
    /// what nobody could act upon is not worked out.
    ///
    /// A keyframe of what is not wanted is not asked for any more.
    pub(super) fn list_wanted(&mut self, session: SessionId) -> CommandResult {
        let index = self
            .sessions
            .by_id(session)
            .ok_or(CommandError::UnknownSession)?;
        let session = self.sessions.get(index);
        let room = session.ok_or(CommandError::UnknownSession)?.room;
        let is_routed = self.rooms.get(room).and_then(|r| r.publisher()) == Some(index);
        let demand = match is_routed {
            true => self.hear_demand(room),
            // Who waits to replace another must send a keyframe of all that it has.
            false => Demand::Everything,
        };
        let session = self.sessions.get_mut(index);
        let publisher = session.and_then(Session::publisher);
        let publisher = publisher.ok_or(CommandError::UnknownSession)?;
        publisher.forget_keyframe_requests(demand);
        let rids = publisher.wanted(demand);
        Ok(Reply::Wanted { rids })
    }

    /// What is wanted of a room, and asks the other workers for the next time.
    fn hear_demand(&mut self, room: RoomIndex) -> Demand {
        let here = self.demand_here(room);
        let now = self.now;
        let Some(place) = self.rooms.get_mut(room) else {
            return Demand::Everything;
        };
        for link in &place.links {
            let message = LinkMessage::AskDemand {
                room: place.id.clone(),
            };
            self.out.links.push_back((link.worker, message));
        }
        let elsewhere = place.links.iter().map(|link| link.demand);
        let all = elsewhere.fold(here, Demand::max);
        place.demand.hear(all, now);
        place.demand.highest()
    }

    /// What subscribers of this worker want now. Most often the first of them wants all there is.
    fn demand_here(&self, room: RoomIndex) -> Demand {
        let Some(place) = self.rooms.get(room) else {
            return Demand::Nothing;
        };
        let videos = place.tracks.iter().filter(|t| t.kind == MediaKind::Video);
        let highest = videos.flat_map(|t| &t.encodings).map(|e| e.rank).max();
        let mut all = Demand::Nothing;
        for index in &place.subscribers {
            if highest.is_some_and(|highest| all.includes(highest)) {
                break;
            }
            let session = self.sessions.get(*index);
            all = all.max(session.map_or(Demand::Nothing, Session::demand));
        }
        all
    }

    /// The origin of a room asks what is wanted here.
    pub(super) fn on_link_ask_demand(&mut self, from: WorkerId, room: RoomId) {
        let Some(index) = self.linked_room(from, &room) else {
            return;
        };
        let is_told = self.rooms.get(index).is_some_and(|r| !r.tracks.is_empty());
        // Before it has been told what there is to want, whoever comes may want it all. The origin holds what it hears.
        let demand = match is_told {
            true => self.demand_here(index),
            false => Demand::Everything,
        };
        let message = LinkMessage::Demand { room, demand };
        self.out.links.push_back((from, message));
    }

    /// A worker says what is wanted there.
    pub(super) fn on_link_demand(&mut self, from: WorkerId, room: &RoomId, demand: Demand) {
        let index = self.rooms.by_id(room);
        let place = index.and_then(|index| self.rooms.get_mut(index));
        let link = place.and_then(|p| p.links.iter_mut().find(|l| l.worker == from));
        if let Some(link) = link {
            link.demand = demand;
        }
    }
}
