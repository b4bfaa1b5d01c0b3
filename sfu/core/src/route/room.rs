//! A room on this worker: where its publisher is, what it publishes, who watches here, which workers watch elsewhere.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use sfu_model::id::{EncodingId, RoomId, WorkerId};
use sfu_model::keyframe::KeyframeReason;
use sfu_model::time::Instant;

use crate::link::RoomMark;
use crate::publish::keyframe_requests::KeyframeRequests;
use crate::route::arrivals::Arrivals;
use crate::route::demand::{Demand, HeldDemand};
use crate::route::loudest::Loudest;
use crate::route::packet_cache::PacketCache;
use crate::route::tracks::TrackOutline;
use crate::slab::{RoomIndex, SessionIndex, Slab};

/// Least time between two keyframe requests that a worker sends another for one encoding. The origin spaces what goes to
/// the publisher; this only keeps a crowd of viewers out of the link.
const LINK_REQUEST_INTERVAL: Duration = Duration::from_millis(50);

/// A room as one worker sees it.
#[derive(Debug)]
pub(crate) struct Room {
    pub(crate) id: RoomId,
    pub(crate) origin: Origin,
    /// The packets that its subscribers here may still be sent.
    pub(crate) cache: PacketCache,
    /// The order in which they came.
    pub(crate) arrivals: Arrivals,
    /// All subscribers here wait for their turn.
    pub(crate) all_are_dirty: bool,
    /// Who speaks in it.
    pub(crate) loudest: Loudest,
    /// What is published; empty while the publisher is away.
    pub(crate) tracks: Vec<TrackOutline>,
    /// Sessions of this worker that play it.
    pub(crate) subscribers: Vec<SessionIndex>,
    /// Workers that want it. Only at the origin.
    pub(crate) links: Vec<Link>,
    /// How much of its video is wanted, as far as this worker has heard.
    pub(crate) demand: HeldDemand,
}

/// A worker that wants a room.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Link {
    pub(crate) worker: WorkerId,
    /// What it calls the room.
    pub(crate) mark: RoomMark,
    /// How much of its video, by what it said last.
    pub(crate) demand: Demand,
}

impl Link {
    pub(crate) const fn new(worker: WorkerId, mark: RoomMark) -> Self {
        Self {
            worker,
            mark,
            demand: Demand::Everything,
        }
    }
}

/// Where a room's publisher is.
#[derive(Debug)]
pub(crate) enum Origin {
    Here(Stage),
    There {
        worker: WorkerId,
        requests: BTreeMap<EncodingId, KeyframeRequests>,
    },
}

/// The publishers of a room: one plays, one may wait to replace it.
#[derive(Debug, Default)]
pub(crate) struct Stage {
    /// Whose media is routed.
    pub(crate) publisher: Option<SessionIndex>,
    /// Who replaces it with its first keyframe.
    pub(crate) successor: Option<SessionIndex>,
    /// Viewers can decode it.
    pub(crate) is_live: bool,
    /// When it fell silent, while viewers hold the last frame.
    pub(crate) silent_since: Option<Instant>,
}

impl Room {
    pub(crate) fn new(id: RoomId, origin: Origin) -> Self {
        Self {
            id,
            origin,
            cache: PacketCache::default(),
            arrivals: Arrivals::default(),
            all_are_dirty: false,
            loudest: Loudest::default(),
            tracks: Vec::new(),
            subscribers: Vec::new(),
            links: Vec::new(),
            demand: HeldDemand::default(),
        }
    }

    /// The publishers, if they are on this worker.
    pub(crate) fn stage(&mut self) -> Option<&mut Stage> {
        match &mut self.origin {
            Origin::Here(stage) => Some(stage),
            Origin::There { .. } => None,
        }
    }

    /// The session whose media is routed, if it is on this worker.
    pub(crate) fn publisher(&self) -> Option<SessionIndex> {
        match &self.origin {
            Origin::Here(stage) => stage.publisher,
            Origin::There { .. } => None,
        }
    }

    /// Viewers can decode it. Elsewhere: its origin has told its tracks.
    pub(crate) fn is_live(&self) -> bool {
        match &self.origin {
            Origin::Here(stage) => stage.is_live,
            Origin::There { .. } => !self.tracks.is_empty(),
        }
    }

    /// The worker that has its publisher, if that is another one.
    pub(crate) fn origin_elsewhere(&self) -> Option<WorkerId> {
        match &self.origin {
            Origin::Here(_) => None,
            Origin::There { worker, .. } => Some(*worker),
        }
    }

    /// Its publisher comes to this worker. Returns the worker that was its origin until now.
    pub(crate) fn move_here(&mut self) -> Option<WorkerId> {
        let former = self.origin_elsewhere()?;
        self.origin = Origin::Here(Stage::default());
        self.tracks.clear();
        Some(former)
    }

    /// Nobody needs it any more.
    pub(crate) fn is_unused(&self) -> bool {
        let has_publishers = match &self.origin {
            Origin::Here(stage) => stage.publisher.is_some() || stage.successor.is_some(),
            Origin::There { .. } => false,
        };
        !has_publishers && self.subscribers.is_empty() && self.links.is_empty()
    }

    /// Notes the wish for a keyframe of an encoding whose publisher is on another worker. True when it must be told now.
    pub(crate) fn request_over_link(
        &mut self,
        encoding: EncodingId,
        reason: KeyframeReason,
        now: Instant,
    ) -> bool {
        let Origin::There { requests, .. } = &mut self.origin else {
            return false;
        };
        let known = self
            .tracks
            .iter()
            .flat_map(|t| &t.encodings)
            .any(|e| e.id == encoding);
        if !known {
            return false;
        }
        let requests = requests
            .entry(encoding)
            .or_insert(KeyframeRequests::new(LINK_REQUEST_INTERVAL));
        requests.request(reason);
        requests.poll(now)
    }

    /// A keyframe came over the link: wishes before it are answered.
    pub(crate) fn keyframe_over_link(&mut self, encoding: EncodingId) {
        if let Origin::There { requests, .. } = &mut self.origin {
            requests.remove(&encoding);
        }
    }
}

/// All rooms of a worker, by place and by name.
#[derive(Debug, Default)]
pub(crate) struct Rooms {
    places: Slab<Room>,
    by_id: HashMap<RoomId, RoomIndex>,
}

impl Rooms {
    /// Number of rooms.
    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Adds a room under its name. `None` only when the table is beyond every limit.
    pub(crate) fn insert(&mut self, room: Room) -> Option<RoomIndex> {
        let id = room.id.clone();
        let index = RoomIndex(self.places.insert(room)?);
        self.by_id.insert(id, index);
        Some(index)
    }

    pub(crate) fn remove(&mut self, index: RoomIndex) -> Option<Room> {
        let room = self.places.remove(index.0)?;
        self.by_id.remove(&room.id);
        Some(room)
    }

    pub(crate) fn get(&self, index: RoomIndex) -> Option<&Room> {
        self.places.get(index.0)
    }

    pub(crate) fn get_mut(&mut self, index: RoomIndex) -> Option<&mut Room> {
        self.places.get_mut(index.0)
    }

    pub(crate) fn by_id(&self, id: &RoomId) -> Option<RoomIndex> {
        self.by_id.get(id).copied()
    }

    /// Every room, in the order of places.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Room> {
        self.places.iter().map(|(_, room)| room)
    }
}
