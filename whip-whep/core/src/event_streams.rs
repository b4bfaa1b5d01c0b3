//! All event streams, and which of them somebody waits for.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::RangeInclusive;

use sfu_model::id::{RoomId, SessionId};
use sfu_model::rtp::Rid;

use crate::event::EventKind;
use crate::event_stream::{EventStream, Queued};
use crate::limits::{EVENT_PULLS_MAX, EVENT_STREAMS_PER_SESSION_MAX, Limit, RETRY_AFTER};
use crate::news::News;
use crate::problem::Problem;
use crate::pull::{EventStreamId, Pull, Pulled};

/// The table.
#[derive(Debug, Default)]
pub(crate) struct EventStreams {
    by_id: BTreeMap<EventStreamId, (RoomId, EventStream)>,
    /// Rooms that somebody publishes: told by the SFU, so its limit of rooms is this one's.
    live: HashSet<RoomId>,
    /// What is wrong with rooms that somebody publishes, where anything is.
    warnings: HashMap<RoomId, Vec<&'static str>>,
    outcome: Outcome,
    n_made: u64,
    n_pulls: usize,
    n_pulls_made: u64,
}

/// What telling streams has led to.
#[derive(Debug, Default)]
struct Outcome {
    /// Pulls that should look again, each once.
    awoken: BTreeSet<u64>,
    /// Events that made room for a later one of their kind.
    n_coalesced: u64,
}

impl EventStreams {
    /// Makes a stream for a session, with what there is to say already.
    pub(crate) fn open(
        &mut self,
        (session, room): (SessionId, &RoomId),
        kinds: Vec<EventKind>,
        is_draining: bool,
    ) -> Result<EventStreamId, Problem> {
        if self.of_session(session).count() >= EVENT_STREAMS_PER_SESSION_MAX {
            let limit = Limit::EventStreamsPerSession;
            return Err(Problem::Limited(limit, RETRY_AFTER));
        }
        self.n_made += 1;
        let id = EventStreamId {
            session,
            number: self.n_made,
        };
        let mut stream = EventStream::new(kinds);
        if self.live.contains(room) {
            stream.on_activity(true);
        }
        if let Some(warnings) = self.warnings.get(room) {
            stream.on_warnings(warnings);
        }
        if is_draining {
            stream.on_reconnect();
        }
        self.by_id.insert(id, (room.clone(), stream));
        Ok(id)
    }

    pub(crate) fn contains(&self, id: EventStreamId) -> bool {
        self.by_id.contains_key(&id)
    }

    /// Ends one. What waits in it is dropped.
    pub(crate) fn close(&mut self, id: EventStreamId) -> Result<(), Problem> {
        let (_, stream) = self.by_id.remove(&id).ok_or(Problem::NoEventStream)?;
        self.outcome.awoken.extend(stream.puller);
        Ok(())
    }

    /// Ends all of a session.
    pub(crate) fn close_session(&mut self, session: SessionId) {
        let ids: Vec<EventStreamId> = self.of_session(session).collect();
        for id in ids {
            // It was there a moment ago.
            let _ = self.close(id);
        }
    }

    /// Somebody begins to pull a stream. Whoever pulled it before gets nothing more: most likely its connection broke and
    /// only we have not noticed.
    pub(crate) fn pull(&mut self, id: EventStreamId) -> Result<Pull, Problem> {
        let (_, stream) = self.by_id.get_mut(&id).ok_or(Problem::NoEventStream)?;
        if self.n_pulls >= EVENT_PULLS_MAX {
            return Err(Problem::Full(Limit::EventPulls));
        }
        self.n_pulls += 1;
        self.n_pulls_made += 1;
        let number = self.n_pulls_made;
        self.outcome.awoken.extend(stream.puller.replace(number));
        Ok(Pull { stream: id, number })
    }

    /// What a pull gets now.
    pub(crate) fn take(&mut self, pull: &Pull) -> Pulled {
        match self.by_id.get_mut(&pull.stream) {
            Some((_, stream)) if stream.puller == Some(pull.number) => {
                stream.take().map_or(Pulled::Nothing, Pulled::Events)
            }
            Some(_) | None => Pulled::Ended,
        }
    }

    /// The client of a pull has gone, or its stream has.
    pub(crate) fn end_pull(&mut self, pull: &Pull) {
        self.n_pulls = self.n_pulls.saturating_sub(1);
        if let Some((_, stream)) = self.by_id.get_mut(&pull.stream)
            && stream.puller == Some(pull.number)
        {
            stream.puller = None;
        }
    }

    /// How many events made room for a later one of their kind.
    pub(crate) const fn n_coalesced(&self) -> u64 {
        self.outcome.n_coalesced
    }

    /// The next pull that should look again.
    pub(crate) fn poll_awoken(&mut self) -> Option<u64> {
        self.outcome.awoken.pop_first()
    }

    /// Sessions with a stream, each once, and their rooms.
    pub(crate) fn sessions(&self) -> Vec<(SessionId, RoomId)> {
        let streams = self.by_id.iter();
        let mut sessions: Vec<(SessionId, RoomId)> = streams
            .map(|(id, (room, _))| (id.session, room.clone()))
            .collect();
        sessions.dedup_by_key(|(session, _)| *session);
        sessions
    }

    /// Somebody publishes a room, or nobody does any more.
    pub(crate) fn on_activity(&mut self, room: &RoomId, is_active: bool) {
        let has_changed = match is_active {
            true => self.live.insert(room.clone()),
            false => self.live.remove(room),
        };
        if has_changed {
            let streams = self.by_id.values_mut();
            let of_room = streams.filter(|(of_room, _)| of_room == room);
            let told = of_room.map(|(_, stream)| (stream.on_activity(is_active), stream.puller));
            self.outcome.note_all(told);
        }
    }

    /// Whoever packages a room says what is wrong with it.
    pub(crate) fn on_warnings(&mut self, room: &RoomId, warnings: &[&'static str]) {
        match warnings {
            [] => self.warnings.remove(room),
            [..] => self.warnings.insert(room.clone(), warnings.to_vec()),
        };
        let streams = self.by_id.values_mut();
        let of_room = streams.filter(|(of_room, _)| of_room == room);
        let told = of_room.map(|(_, stream)| (stream.on_warnings(warnings), stream.puller));
        self.outcome.note_all(told);
    }

    /// The SFU says how things are for a session, whose video is in the m-line of this index.
    pub(crate) fn on_news(&mut self, session: SessionId, media_index: Option<usize>, news: &News) {
        for (_, (_, stream)) in self.by_id.range_mut(all_of(session)) {
            if let Some(index) = media_index {
                self.outcome
                    .note(stream.on_layers(index, news), stream.puller);
            }
            self.outcome.note(stream.on_viewers(news), stream.puller);
        }
    }

    /// The SFU says which encodings of a publisher are wanted.
    pub(crate) fn on_wanted(&mut self, session: SessionId, media_index: usize, rids: &[Rid]) {
        for (_, (_, stream)) in self.by_id.range_mut(all_of(session)) {
            let queued = stream.on_wanted(media_index, rids);
            self.outcome.note(queued, stream.puller);
        }
    }

    /// Every player must begin a new session.
    pub(crate) fn on_reconnect(&mut self) {
        let streams = self.by_id.values_mut();
        let told = streams.map(|(_, stream)| (stream.on_reconnect(), stream.puller));
        self.outcome.note_all(told);
    }

    /// True when somebody pulls a stream in which something waits.
    pub(crate) fn has_undelivered(&self) -> bool {
        let mut streams = self.by_id.values();
        streams.any(|(_, stream)| stream.puller.is_some() && stream.is_waiting())
    }

    fn of_session(&self, session: SessionId) -> impl Iterator<Item = EventStreamId> + '_ {
        self.by_id.range(all_of(session)).map(|(id, _)| *id)
    }
}

impl Outcome {
    fn note_all(&mut self, told: impl Iterator<Item = (Queued, Option<u64>)>) {
        for (queued, puller) in told {
            self.note(queued, puller);
        }
    }

    fn note(&mut self, queued: Queued, puller: Option<u64>) {
        self.n_coalesced += u64::from(queued == Queued::InPlace);
        if queued != Queued::Nothing {
            self.awoken.extend(puller);
        }
    }
}

fn all_of(session: SessionId) -> RangeInclusive<EventStreamId> {
    let id = |number| EventStreamId { session, number };
    id(0)..=id(u64::MAX)
}
