//! Requests that wait, in groups of identical ones: a group costs one entry, one wake and one body, whether two players are
//! in it or two thousand.
//!
//! Groups are found by what they wait for, so that what arrives touches those that it answers and no others; and by the
//! moment at which they have waited long enough.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bridge_packager::playlist::skip::Skip;
use bridge_packager::rendition::RenditionName;
use sfu_model::time::Instant;

use crate::client::Client;
use crate::path::View;
use crate::reload::Position;
use crate::rendition::Slot;
use crate::request::Wish;
use crate::stats::{Kind, Limit};

/// Requests of one stream that wait at the same time; one more is 503. The figure to serve is 5,000 (each player waits with
/// two, one for pictures and one for sound), and a waiting connection costs the server 29 KB: 240 MB here.
pub const BLOCKED_REQUESTS_MAX: u32 = 8_192;

/// Those of one client; one more is 503. So many are the players of 512 people behind one address, a school or a company, and eight
/// such addresses have all that there is. An edge holds few: it asks once for what all of its viewers wait for.
pub const BLOCKED_REQUESTS_PER_CLIENT_MAX: u32 = 1_024;

const _: () = assert!(BLOCKED_REQUESTS_PER_CLIENT_MAX < BLOCKED_REQUESTS_MAX);

/// Identical requests that begin to wait in the same tenth of a second also end together when nothing comes, when the first
/// of them has waited long enough: otherwise each would need an entry and a timer of its own.
const SLICE_NANOS: u64 = 100_000_000;

/// A group of identical requests that wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupId(pub u64);

/// What can be waited for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Subject {
    /// Multivariant playlists and the MPD, until the stream can be played.
    Stream,
    /// The playlist of a rendition of which nobody has heard, while no rendition is known.
    Unknown(RenditionName),
    /// The playlists of a rendition.
    Playlist(Slot),
    /// Its hinted part.
    Part(Slot),
    /// What follows of a segment that is being made, which has so many parts.
    Growth(Slot),
}

/// What is answered, once it is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Asked {
    pub(crate) kind: Kind,
    pub(crate) view: View,
    pub(crate) skip: Skip,
    /// With `_HLS_msn`, which makes it last longer in caches.
    pub(crate) is_awaited: bool,
    pub(crate) wish: Wish,
}

#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) subject: Subject,
    pub(crate) position: Position,
    pub(crate) asked: Asked,
    pub(crate) n_waiting: u32,
    /// How many of them are whose, of those who have a share.
    clients: BTreeMap<Client, u32>,
    slice: u64,
    deadline: Instant,
}

/// What is waited for.
pub(crate) type Place = (Subject, Position);

#[derive(Debug)]
pub(crate) struct Waiting {
    /// The longest that anyone waits.
    hold: Duration,
    groups: BTreeMap<GroupId, Group>,
    by_place: BTreeMap<Place, BTreeSet<(Asked, u64, GroupId)>>,
    by_deadline: BTreeSet<(Instant, GroupId)>,
    n_blocked: u32,
    by_client: BTreeMap<Client, u32>,
    next: u64,
}

impl Waiting {
    pub(crate) fn new(hold: Duration) -> Self {
        Self {
            hold,
            groups: BTreeMap::new(),
            by_place: BTreeMap::new(),
            by_deadline: BTreeSet::new(),
            n_blocked: 0,
            by_client: BTreeMap::new(),
            next: 0,
        }
    }

    pub(crate) fn n_blocked(&self) -> u32 {
        self.n_blocked
    }

    /// One more request waits, unless too many do.
    pub(crate) fn join(
        &mut self,
        place: Place,
        asked: Asked,
        client: Option<Client>,
        now: Instant,
    ) -> Result<GroupId, Limit> {
        if self.n_blocked >= BLOCKED_REQUESTS_MAX {
            return Err(Limit::BlockedRequests);
        }
        let n_own = client.and_then(|client| self.by_client.get(&client));
        if n_own.is_some_and(|n| *n >= BLOCKED_REQUESTS_PER_CLIENT_MAX) {
            return Err(Limit::ClientBlockedRequests);
        }
        self.n_blocked = self.n_blocked.saturating_add(1);
        add(&mut self.by_client, client, 1);
        let slice = now.as_nanos() / SLICE_NANOS;
        if let Some(id) = self.group_of(&place, asked, slice)
            && let Some(group) = self.groups.get_mut(&id)
        {
            group.n_waiting = group.n_waiting.saturating_add(1);
            add(&mut group.clients, client, 1);
            return Ok(id);
        }
        let id = GroupId(self.next);
        self.next = self.next.wrapping_add(1);
        let mut clients = BTreeMap::new();
        add(&mut clients, client, 1);
        let group = Group {
            subject: place.0,
            position: place.1,
            asked,
            n_waiting: 1,
            clients,
            slice,
            deadline: now + self.hold,
        };
        self.insert(id, group);
        Ok(id)
    }

    /// The group of such requests, if there is one.
    fn group_of(&self, place: &Place, asked: Asked, slice: u64) -> Option<GroupId> {
        let there = self.by_place.get(place)?;
        let ids = (asked, slice, GroupId(0))..=(asked, slice, GroupId(u64::MAX));
        there.range(ids).next().map(|(_, _, id)| *id)
    }

    fn insert(&mut self, id: GroupId, group: Group) {
        let place = (group.subject.clone(), group.position);
        let there = self.by_place.entry(place).or_default();
        there.insert((group.asked, group.slice, id));
        self.by_deadline.insert((group.deadline, id));
        self.groups.insert(id, group);
    }

    /// A group that was taken waits on, for something else.
    pub(crate) fn put_back(&mut self, id: GroupId, group: Group) {
        self.n_blocked = self.n_blocked.saturating_add(group.n_waiting);
        for (client, n) in &group.clients {
            add(&mut self.by_client, Some(*client), *n);
        }
        self.insert(id, group);
    }

    /// One request of a group is gone, which was this client's. Groups that were answered are not known any more. Says whether it
    /// waited.
    pub(crate) fn abandon(&mut self, id: GroupId, client: Option<Client>) -> bool {
        let Some(group) = self.groups.get_mut(&id) else {
            return false;
        };
        if group.n_waiting > 1 {
            group.n_waiting = group.n_waiting.saturating_sub(1);
            self.n_blocked = self.n_blocked.saturating_sub(1);
            if subtract(&mut group.clients, client, 1) {
                subtract(&mut self.by_client, client, 1);
            }
        } else {
            self.take(id);
        }
        true
    }

    fn take(&mut self, id: GroupId) -> Option<(GroupId, Group)> {
        let group = self.groups.remove(&id)?;
        self.n_blocked = self.n_blocked.saturating_sub(group.n_waiting);
        for (client, n) in &group.clients {
            subtract(&mut self.by_client, Some(*client), *n);
        }
        self.by_deadline.remove(&(group.deadline, id));
        let place = (group.subject.clone(), group.position);
        if let Some(there) = self.by_place.get_mut(&place) {
            there.remove(&(group.asked, group.slice, id));
            if there.is_empty() {
                self.by_place.remove(&place);
            }
        }
        Some((id, group))
    }

    /// Takes what waits for a place of this subject up to this one.
    pub(crate) fn take_through(
        &mut self,
        subject: Subject,
        last: Position,
    ) -> Vec<(GroupId, Group)> {
        let places = (subject.clone(), Position::FIRST)..=(subject, last);
        self.take_range(places)
    }

    /// Takes what waits for playlists of renditions that nobody had heard of.
    pub(crate) fn take_unknown(&mut self) -> Vec<(GroupId, Group)> {
        let is_unknown = |place: &&Place| matches!(place.0, Subject::Unknown(_));
        let mut places = self.by_place.keys().filter(is_unknown);
        let (Some(first), last) = (places.next(), places.next_back()) else {
            return Vec::new();
        };
        let range = first.clone()..=last.unwrap_or(first).clone();
        self.take_range(range)
    }

    fn take_range(&mut self, places: std::ops::RangeInclusive<Place>) -> Vec<(GroupId, Group)> {
        let there = self.by_place.range(places).flat_map(|(_, ids)| ids);
        let ids: Vec<GroupId> = there.map(|(_, _, id)| *id).collect();
        ids.into_iter().filter_map(|id| self.take(id)).collect()
    }

    /// Takes a group that has waited long enough.
    pub(crate) fn take_expired(&mut self, now: Instant) -> Option<(GroupId, Group)> {
        let (deadline, id) = *self.by_deadline.first()?;
        if now < deadline {
            return None;
        }
        self.take(id)
    }

    /// Takes any group, the one that has waited longest first.
    pub(crate) fn take_any(&mut self) -> Option<(GroupId, Group)> {
        let (_, id) = *self.by_deadline.first()?;
        self.take(id)
    }

    /// When the next group has waited long enough.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.by_deadline.first().map(|(deadline, _)| *deadline)
    }
}

fn add(counts: &mut BTreeMap<Client, u32>, client: Option<Client>, n: u32) {
    if let Some(client) = client {
        let count = counts.entry(client).or_default();
        *count = count.saturating_add(n);
    }
}

/// Who has none is forgotten. False: who is not there has nothing to lose.
fn subtract(counts: &mut BTreeMap<Client, u32>, client: Option<Client>, n: u32) -> bool {
    let Some((client, count)) = client.and_then(|c| Some((c, counts.get_mut(&c)?))) else {
        return false;
    };
    *count = count.saturating_sub(n);
    if *count == 0 {
        counts.remove(&client);
    }
    true
}
