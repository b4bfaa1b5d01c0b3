//! Requests for playlists and the MPD.

use std::sync::Arc;

use bridge_packager::dash::Listed;
use bridge_packager::playlist::media::Report;
use bridge_packager::playlist::skip::Skip;
use bridge_packager::rendition::RenditionName;
use bytes::Bytes;
use sfu_model::time::Instant;

use crate::cache_policy::{
    BARE_PLAYLIST, CachePolicy, MULTIVARIANT, MULTIVARIANT_EARLY, THUMBNAIL,
};
use crate::client::Client;
use crate::directives::Directives;
use crate::path::View;
use crate::reload::{Position, Reload};
use crate::rendered::Rendered;
use crate::rendition::{Rendition, Slot};
use crate::reports;
use crate::request::{Request, Wish};
use crate::response::{ContentType, Response, Status};
use crate::stats::Kind;
use crate::text;
use crate::waiting::{Asked, Subject};

use super::{Answer, Origin, Top, first_of, not_found, too_far};

impl Origin {
    /// Answers for all renditions together: at once when the stream can be played, otherwise as soon as it can.
    pub(super) fn top(&mut self, top: Top, request: &Request<'_>, now: Instant) -> Answer {
        let wish = Wish::of_text(request);
        let view = top.view();
        let kind = match top {
            Top::Multivariant(_) => Kind::Multivariant,
            Top::Mpd(_) => Kind::Mpd,
        };
        if self.is_open {
            let response = self.top_response(top, wish, request.headers.if_none_match);
            return self.answer(kind, response);
        }
        let asked = Asked {
            kind,
            view,
            skip: Skip::No,
            is_awaited: false,
            wish,
        };
        let place = (Subject::Stream, first_of(view));
        self.hold(place, asked, request.client, now)
    }

    pub(super) fn top_response(
        &mut self,
        top: Top,
        wish: Wish,
        if_none_match: Option<&str>,
    ) -> Response {
        if !self.tops.contains_key(&top)
            && let Some(text) = self.write_top(top)
        {
            self.tops.insert(top, Rendered::new(Bytes::from(text)));
            self.stats.renders = self.stats.renders.saturating_add(1);
        }
        let (content_type, cache) = match top {
            Top::Mpd(_) => (ContentType::Mpd, BARE_PLAYLIST),
            Top::Multivariant(_) if self.is_settled() => (ContentType::Playlist, MULTIVARIANT),
            Top::Multivariant(_) => (ContentType::Playlist, MULTIVARIANT_EARLY),
        };
        let rendered = self.tops.get_mut(&top);
        let response = rendered.map(|r| r.respond(content_type, cache, wish, if_none_match));
        response.unwrap_or_else(not_found)
    }

    fn write_top(&self, top: Top) -> Option<String> {
        let listed = self.infos.iter().filter_map(|info| {
            let slot = self.slot_named(info.name.as_str())?;
            let media = self.renditions.get(slot.0)?.media_in(top.view())?;
            Some((info.clone(), Arc::clone(media)))
        });
        let listed: Vec<Listed> = listed.collect();
        match top {
            Top::Multivariant(view) => Some(text::multivariant(&listed, view)),
            Top::Mpd(view) => text::mpd(&listed, view, &self.config.dash),
        }
    }

    /// Whether all that will be listed is.
    fn is_settled(&self) -> bool {
        let mut listed = self.infos.iter().filter_map(|info| {
            let slot = self.slot_named(info.name.as_str())?;
            self.renditions.get(slot.0)
        });
        listed.all(Rendition::is_settled)
    }

    pub(super) fn playlist(
        &mut self,
        rendition: &str,
        view: View,
        request: &Request<'_>,
        now: Instant,
    ) -> Answer {
        let kind = match view {
            View::Live => Kind::Live,
            View::Dvr => Kind::Dvr,
        };
        let slot = self.slot_named(rendition);
        let media = slot.and_then(|slot| self.media_of(slot));
        // Section 6.2.5.2: a playlist that has ended is answered whatever else is said.
        let directives = match media {
            Some(media) if media.is_ended => Ok(Directives::default()),
            Some(_) | None => Directives::parse(request.query),
        };
        let Ok(directives) = directives else {
            let response = Response::bare(Status::BadRequest, CachePolicy::NoStore);
            return self.answer(kind, response);
        };
        let wanted = Position::wanted(&directives, view);
        let asked = Asked {
            kind,
            view,
            skip: directives.skip,
            is_awaited: wanted.is_some(),
            wish: Wish::of_text(request),
        };
        let reload = match media {
            Some(media) => Reload::now(view, wanted, media),
            None => Reload::Hold(wanted.unwrap_or(Position::FIRST)),
        };
        match (slot, reload) {
            (Some(slot), Reload::Ready) => {
                let response = self.playlist_response(slot, asked, request.headers.if_none_match);
                self.answer(kind, response)
            }
            (Some(slot), Reload::Hold(position)) => {
                let place = (Subject::Playlist(slot), position);
                self.hold(place, asked, request.client, now)
            }
            (Some(_), Reload::TooFar) => self.answer(kind, too_far()),
            (None, _) => {
                let position = wanted.unwrap_or(Position::FIRST);
                self.unknown((rendition, position), asked, request.client, now)
            }
        }
    }

    /// A rendition that nobody has heard of may come while none is known.
    fn unknown(
        &mut self,
        (rendition, position): (&str, Position),
        asked: Asked,
        client: Option<Client>,
        now: Instant,
    ) -> Answer {
        match RenditionName::parse(rendition) {
            Some(name) if self.infos.is_empty() => {
                let place = (Subject::Unknown(name), position);
                self.hold(place, asked, client, now)
            }
            Some(_) | None => self.answer(asked.kind, not_found()),
        }
    }

    pub(super) fn playlist_response(
        &mut self,
        slot: Slot,
        asked: Asked,
        if_none_match: Option<&str>,
    ) -> Response {
        let cache = if asked.is_awaited {
            CachePolicy::awaited_playlist(&self.config.server_control)
        } else {
            BARE_PLAYLIST
        };
        let is_written = |r: &Rendition| r.has_text(asked.view, asked.skip);
        let reports = match self.renditions.get(slot.0).is_some_and(is_written) {
            true => Arc::default(),
            false => self.reports_in(slot),
        };
        let rendition = self.renditions.get_mut(slot.0);
        let Some((text, is_new)) = rendition.and_then(|r| r.text(asked.view, asked.skip, reports))
        else {
            return not_found();
        };
        self.stats.renders = self.stats.renders.saturating_add(u64::from(is_new));
        text.respond(ContentType::Playlist, cache, asked.wish, if_none_match)
    }

    /// Where all others stand that are listed: also one that joined after this rendition's playlist changed last.
    fn reports_in(&self, slot: Slot) -> Arc<[Report]> {
        let Some(media) = self.media_of(slot) else {
            return Arc::default();
        };
        if self.infos.is_empty() {
            return Arc::clone(&media.reports);
        }
        let others = self.infos.iter().filter(|i| i.name != media.rendition);
        let reports = others.filter_map(|info| {
            let other = self.slot_named(info.name.as_str())?;
            let mut told = media.reports.iter();
            let told = told.find(|report| report.rendition == info.name);
            reports::renewed(told, self.media_of(other)?)
        });
        reports.collect()
    }

    pub(super) fn on_thumbnail_request(&mut self, request: &Request<'_>) -> Answer {
        let wish = Wish::of_text(request);
        let if_none_match = request.headers.if_none_match;
        let thumbnail = self.thumbnail.as_mut();
        let response =
            thumbnail.map(|t| t.respond(ContentType::Jpeg, THUMBNAIL, wish, if_none_match));
        self.answer(Kind::Thumbnail, response.unwrap_or_else(not_found))
    }
}
