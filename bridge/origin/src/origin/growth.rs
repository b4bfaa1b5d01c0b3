//! Segments that are asked for before they are whole: players of DASH ask for one as it begins, and take it as it grows
//! (ISO/IEC 23009-1 section 5.3.9.2, `availabilityTimeOffset`).
//!
//! Who has all that there is waits, with all others who have as much, for the next part. What they get together is what the
//! segment is in the end, byte for byte.

use std::sync::Arc;

use bridge_packager::playlist::skip::Skip;
use bridge_packager::playlist::uri::MediaFile;
use bridge_packager::segment::MediaSequenceNumber;
use bytes::Bytes;
use sfu_model::time::Instant;

use crate::cache_policy::CachePolicy;
use crate::client::Client;
use crate::encoding::Encoding;
use crate::event::SegmentKey;
use crate::path::View;
use crate::reload::{Position, Reach};
use crate::rendition::{Rendition, Slot};
use crate::request::Wish;
use crate::response::{Body, Response, Status};
use crate::stats::Kind;
use crate::waiting::{Asked, Group, Subject};

use super::{Answer, Origin, not_found};

/// A segment of a rendition.
type Which = (Slot, u64);

/// All of it that has not been given.
const REST: Wish = Wish {
    is_head: false,
    encoding: Encoding::Identity,
    range: None,
};

impl Origin {
    /// What follows of a [`Body::Growing`] after so many bytes, and how it goes on from there: any other body is the last of it.
    /// Another status than 200: it will not be whole, and whoever reads it must not take it for that.
    pub fn handle_more(
        &mut self,
        key: &SegmentKey,
        from: u64,
        client: Option<Client>,
        now: Instant,
    ) -> Answer {
        let slot = self.slot_named(key.rendition.as_str());
        let which = slot.map(|slot| (slot, key.segment.0));
        let answer = which.map_or_else(
            || Answer::Now(not_found()),
            |which| self.growth((which, from), REST, client, now),
        );
        if let Answer::Now(response) = &answer {
            self.stats.on_more(response, 1);
        }
        answer
    }

    /// A request for a segment that is not finished.
    pub(super) fn open_segment(
        &mut self,
        which: Which,
        wish: Wish,
        client: Option<Client>,
        now: Instant,
    ) -> Answer {
        match self.growth((which, 0), wish, client, now) {
            Answer::Now(response) => self.answer(Kind::Segment, response),
            waits @ Answer::Wait(_) => waits,
        }
    }

    /// What there is of a segment after so many bytes, or the place of who waits for it. Nothing of it is counted.
    fn growth(
        &mut self,
        (which, from): (Which, u64),
        wish: Wish,
        client: Option<Client>,
        now: Instant,
    ) -> Answer {
        match self.grown(which, from, wish) {
            Some(response) => Answer::Now(response),
            None => self.hold_growth(which, wish, client, now),
        }
    }

    /// The segment that is being made and the one after it are waited for, as hinted parts are.
    fn hold_growth(
        &mut self,
        (slot, segment): Which,
        wish: Wish,
        client: Option<Client>,
        now: Instant,
    ) -> Answer {
        let media = self.media_of(slot).filter(|media| !media.is_ended);
        let open = media.map(|media| media.next_part().0.0);
        let comes = open.is_some_and(|open| segment == open || segment == open.saturating_add(1));
        if !comes || self.store.is_finished(slot, segment) {
            return Answer::Now(not_found());
        }
        let n_parts = self.store.parts(slot, segment).len() as u64;
        let asked = Asked {
            kind: Kind::Segment,
            view: View::Live,
            skip: Skip::No,
            is_awaited: false,
            wish,
        };
        let place = (Subject::Growth(slot), Position::part(segment, n_parts));
        self.try_hold(place, asked, client, now)
    }

    /// What there is of a segment after so many bytes. `None`: nothing, and more may come.
    fn grown(&self, (slot, segment): Which, from: u64, wish: Wish) -> Option<Response> {
        let number = MediaSequenceNumber(segment);
        if self.store.is_finished(slot, segment) {
            let whole = self.found(slot, MediaFile::Segment(number), wish, None)?;
            let length = whole.content_length.unwrap_or(0);
            return Some(Response {
                body: whole.body.slice(from..length),
                ..whole
            });
        }
        let parts = self.store.parts(slot, segment);
        let until: u64 = parts.iter().map(|part| part.len() as u64).sum();
        if until <= from {
            return None;
        }
        let rendition = self.renditions.get(slot.0)?;
        let key = SegmentKey {
            rendition: rendition.name.clone(),
            segment: number,
        };
        let Body::Chunks(parts) = Body::Chunks(Arc::<[Bytes]>::from(parts)).slice(from..until)
        else {
            return None;
        };
        Some(Response {
            content_type: Some(Rendition::content_type(rendition)),
            etag: Some(self.media_etag),
            content_length: None,
            body: match wish.is_head {
                true => Body::Empty,
                false => Body::Growing { key, parts, until },
            },
            ..Response::bare(Status::Ok, CachePolicy::Immutable)
        })
    }

    /// Answers who waits for more of segments up to here.
    pub(super) fn wake_growth(&mut self, slot: Slot, reached: Position) {
        let held = self.waiting.take_through(Subject::Growth(slot), reached);
        for (id, group) in held {
            let segment = group.position.segment;
            let from = self.given(&group);
            let is_over = self.is_over || self.store.is_finished(slot, segment);
            let is_over = is_over || self.media_of(slot).is_some_and(|media| media.is_ended);
            match self.grown((slot, segment), from, group.asked.wish) {
                None if !is_over => self.waiting.put_back(id, group),
                None => self.wake(id, &group, not_found()),
                Some(response) => self.wake(id, &group, response),
            }
        }
    }

    /// Whether they who wait have the beginning of what they wait for.
    pub(super) fn has_begun(&self, group: &Group) -> bool {
        self.given(group) > 0
    }

    /// How many bytes they have who wait for more of a segment.
    fn given(&self, group: &Group) -> u64 {
        let (Subject::Growth(slot), Reach::Part(n_parts)) = (&group.subject, group.position.part)
        else {
            return 0;
        };
        let n_parts = usize::try_from(n_parts).unwrap_or(usize::MAX);
        let parts = self.store.parts(*slot, group.position.segment);
        let given = parts.iter().take(n_parts);
        given.map(|part| part.len() as u64).sum()
    }
}
