//! Requests for init sections, parts and segments that are there, and for the part that comes next.

use bridge_packager::playlist::skip::Skip;
use bridge_packager::playlist::uri::MediaFile;
use sfu_model::time::Instant;

use crate::cache_policy::CachePolicy;
use crate::path::View;
use crate::reload::Position;
use crate::rendition::{Rendition, Slot};
use crate::request::{Request, Wish};
use crate::response::{Body, ContentRange, Response, Status};
use crate::stats::Kind;
use crate::waiting::{Asked, Subject};

use super::{Answer, Origin, not_found};

impl Origin {
    pub(super) fn file(
        &mut self,
        rendition: &str,
        file: MediaFile,
        request: &Request<'_>,
        now: Instant,
    ) -> Answer {
        let kind = Kind::from(file);
        let Some(slot) = self.slot_named(rendition) else {
            return self.answer(kind, not_found());
        };
        let wish = Wish::of_media(request, self.media_etag);
        if let Some(response) = self.found(slot, file, wish, request.headers.if_none_match) {
            return self.answer(kind, response);
        }
        if let MediaFile::Segment(segment) = file {
            let wish = Wish {
                range: None,
                ..wish
            };
            return self.open_segment((slot, segment.0), wish, request.client, now);
        }
        let Some(position) = self.hinted(slot, file) else {
            return self.answer(kind, not_found());
        };
        let asked = Asked {
            kind,
            view: View::Live,
            skip: Skip::No,
            is_awaited: false,
            wish,
        };
        let place = (Subject::Part(slot), position);
        self.hold(place, asked, request.client, now)
    }

    /// Whether a file is the part that the playlist says comes next: then it is waited for (section 6.2.6), unless it is there
    /// and a gap.
    fn hinted(&self, slot: Slot, file: MediaFile) -> Option<Position> {
        let MediaFile::Part(segment, part) = file else {
            return None;
        };
        let media = self.media_of(slot).filter(|media| !media.is_ended)?;
        let is_there = self.store.has_part(slot, segment.0, part.0);
        let is_hinted = media.next_part() == (segment, part) && !is_there;
        is_hinted.then(|| Position::part(segment.0, u64::from(part.0)))
    }

    /// The answer with a file that is there.
    pub(super) fn found(
        &self,
        slot: Slot,
        file: MediaFile,
        wish: Wish,
        if_none_match: Option<&str>,
    ) -> Option<Response> {
        let body = self.store.find(slot, file)?;
        let length = body.length();
        let content_type = self.renditions.get(slot.0).map(Rendition::content_type);
        let whole = Response {
            content_type,
            etag: Some(self.media_etag),
            content_length: Some(length),
            ..Response::bare(Status::Ok, CachePolicy::Immutable)
        };
        if if_none_match.is_some_and(|field| self.media_etag.is_in(field)) {
            return Some(Response {
                status: Status::NotModified,
                content_type: None,
                content_length: Some(0),
                ..whole
            });
        }
        let Some(range) = wish.range else {
            let body = if wish.is_head { Body::Empty } else { body };
            return Some(Response { body, ..whole });
        };
        Some(match range.of(length) {
            Some(range) => Response {
                status: Status::PartialContent,
                content_length: Some(range.end.saturating_sub(range.start)),
                content_range: Some(ContentRange::Of(range.clone(), length)),
                body: body.slice(range),
                ..whole
            },
            None => Response {
                content_range: Some(ContentRange::NoneOf(length)),
                ..Response::bare(Status::RangeNotSatisfiable, CachePolicy::NoStore)
            },
        })
    }
}
