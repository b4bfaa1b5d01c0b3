//! Requests that wait: until what they want is there, too long, or not any more.

use sfu_model::time::Instant;

use crate::cache_policy::CachePolicy;
use crate::client::Client;
use crate::response::{Response, Status};
use crate::waiting::{Asked, Group, GroupId, Place, Subject};

use super::{Answer, Origin, Woken, not_found};

/// When to come back where too many wait: the next part answers most of them.
const RETRY_CROWDED_S: u32 = 1;

/// When to come back for a stream that has nothing yet.
const RETRY_EMPTY_S: u32 = 2;

impl Origin {
    /// A request that waits was given up by who asked.
    pub fn abandon(&mut self, group: GroupId, client: Option<Client>) {
        if self.waiting.abandon(group, client) {
            self.stats.abandoned = self.stats.abandoned.saturating_add(1);
        }
    }

    /// It is `now`: who has waited long enough is told so.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.store.clear(now, &mut self.stats);
        self.trim();
        while let Some((id, group)) = self.waiting.take_expired(now) {
            let is_first = match group.subject {
                Subject::Stream | Subject::Unknown(_) => true,
                Subject::Playlist(slot) => self.media_of(slot).is_none(),
                Subject::Part(_) | Subject::Growth(_) => false,
            };
            let response = if is_first {
                not_found().retry_after(RETRY_EMPTY_S)
            } else {
                // A cache must not remember for seconds what was the hiccup of a moment.
                Response::bare(Status::ServiceUnavailable, CachePolicy::NoStore)
            };
            self.wake(id, &group, response);
        }
    }

    /// When [`Self::handle_timeout`] has something to do.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.waiting.poll_timeout()
    }

    /// A request waits, if not too many do. A validator that it came with is forgotten: what it waits for is not there yet, so
    /// that nobody can have it.
    pub(super) fn hold(
        &mut self,
        place: Place,
        asked: Asked,
        client: Option<Client>,
        now: Instant,
    ) -> Answer {
        match self.try_hold(place, asked, client, now) {
            Answer::Now(refusal) => self.answer(asked.kind, refusal),
            waits @ Answer::Wait(_) => waits,
        }
    }

    /// The same, where a refusal is not counted.
    pub(super) fn try_hold(
        &mut self,
        place: Place,
        asked: Asked,
        client: Option<Client>,
        now: Instant,
    ) -> Answer {
        if self.is_over {
            return Answer::Now(not_found());
        }
        match self.waiting.join(place, asked, client, now) {
            Ok(group) => Answer::Wait(group),
            Err(limit) => {
                self.stats.on_limit(limit);
                let response = Response::bare(Status::ServiceUnavailable, CachePolicy::NoStore);
                Answer::Now(response.retry_after(RETRY_CROWDED_S))
            }
        }
    }

    pub(super) fn wake(&mut self, id: GroupId, group: &Group, response: Response) {
        let (kind, n_waiting) = (group.asked.kind, group.n_waiting);
        if self.has_begun(group) {
            self.stats.on_more(&response, n_waiting);
        } else {
            self.stats.on_answer(kind, &response, n_waiting);
        }
        self.stats.wakes = self.stats.wakes.saturating_add(1);
        self.woken.push_back(Woken {
            group: id,
            n_waiting: group.n_waiting,
            response,
        });
    }
}
