//! What the packager tells, and whom it answers.

use std::sync::Arc;

use bridge_packager::part::PartIndex;
use bridge_packager::playlist::media::Media;
use bridge_packager::playlist::uri::MediaFile;
use bridge_packager::rendition::{RenditionName, RenditionOutline};
use bridge_packager::segment::MediaSequenceNumber;
use bytes::Bytes;
use sfu_model::time::Instant;

use crate::path::View;
use crate::reload::{Position, Reach, Reload};
use crate::rendition::Slot;
use crate::stats::Kind;
use crate::trim::without_through;
use crate::waiting::{Asked, Group, GroupId, Subject};

use super::{Origin, Top, first_of, not_found, too_far};

impl Origin {
    pub(super) fn on_part(
        &mut self,
        rendition: &RenditionName,
        (segment, index): (MediaSequenceNumber, PartIndex),
        bytes: Bytes,
    ) {
        let slot = self.slot(rendition);
        let part = (segment.0, index.0);
        self.store.insert_part(slot, part, bytes, &mut self.stats);
        self.trim();
        let position = Position::part(segment.0, u64::from(index.0));
        let held = self.waiting.take_through(Subject::Part(slot), position);
        for (id, group) in held {
            if group.position == position {
                let found = self.found(
                    slot,
                    MediaFile::Part(segment, index),
                    group.asked.wish,
                    None,
                );
                self.wake(id, &group, found.unwrap_or_else(not_found));
            } else {
                self.waiting.put_back(id, group);
            }
        }
        self.wake_growth(slot, position);
    }

    pub(super) fn on_playlist(&mut self, media: Arc<Media>, now: Instant) {
        let slot = self.slot(&media.rendition);
        let media = without_through(media, self.store.lost_through());
        self.store.on_listed(slot, &media, now, &mut self.stats);
        // That may have been the end of something that another rendition, or this one, lists.
        self.trim();
        let media = without_through(media, self.store.lost_through());
        let Some(rendition) = self.renditions.get_mut(slot.0) else {
            return;
        };
        if rendition.set_media(Arc::clone(&media)) {
            self.tops.clear();
        }
        let others = self.renditions.iter_mut().enumerate();
        for (_, other) in others.filter(|(at, _)| *at != slot.0) {
            other.forget_reports();
        }
        self.wake_parts(slot, &media);
        self.wake_playlists(slot);
        self.open();
    }

    /// A part that was hinted and will not come is 404, also for who waits for it already (section 6.2.6).
    pub(super) fn wake_parts(&mut self, slot: Slot, media: &Media) {
        let (segment, part) = media.next_part();
        let hinted = Position::part(segment.0, u64::from(part.0));
        let last = if media.is_ended {
            Position::LAST
        } else {
            hinted
        };
        for (id, group) in self.waiting.take_through(Subject::Part(slot), last) {
            if group.position == hinted && !media.is_ended {
                self.waiting.put_back(id, group);
            } else {
                self.wake(id, &group, not_found());
            }
        }
        if media.is_ended {
            self.wake_growth(slot, Position::LAST);
        }
    }

    /// Answers who waits for what a rendition lists by now.
    pub(super) fn wake_playlists(&mut self, slot: Slot) {
        let Some(media) = self.media_of(slot).cloned() else {
            return;
        };
        let (open, n_parts) = media.next_part();
        let reached = match (media.is_ended, u64::from(n_parts.0).checked_sub(1)) {
            (true, _) => Position::LAST,
            (false, Some(last)) => Position::part(open.0, last),
            (false, None) => Position {
                segment: open.0.saturating_sub(1),
                part: Reach::Whole,
            },
        };
        for (id, group) in self.waiting.take_through(Subject::Playlist(slot), reached) {
            self.decide_again(slot, &media, id, group);
        }
    }

    fn decide_again(&mut self, slot: Slot, media: &Media, id: GroupId, mut group: Group) {
        let wanted = group.asked.is_awaited.then_some(group.position);
        match Reload::now(group.asked.view, wanted, media) {
            Reload::Ready => {
                let response = self.playlist_response(slot, group.asked, None);
                self.wake(id, &group, response);
            }
            Reload::Hold(position) => {
                group.position = position;
                self.waiting.put_back(id, group);
            }
            // It was asked for when nobody knew how far the rendition was.
            Reload::TooFar => self.wake(id, &group, too_far()),
        }
    }

    pub(super) fn on_renditions(&mut self, infos: Arc<[RenditionOutline]>) {
        for info in infos.iter() {
            let slot = self.slot(&info.name);
            if let Some(rendition) = self.renditions.get_mut(slot.0) {
                rendition.kind = info.kind;
            }
        }
        self.end_all_but(&infos);
        self.infos = infos;
        self.tops.clear();
        if !self.infos.is_empty() {
            self.name_unknown();
        }
        self.open();
    }

    /// Who asked for a rendition before any was known is answered, or waits for it under its name.
    fn name_unknown(&mut self) {
        for (id, mut group) in self.waiting.take_unknown() {
            let Subject::Unknown(name) = &group.subject else {
                continue;
            };
            let Some(slot) = self.slot_named(name.as_str()) else {
                self.wake(id, &group, not_found());
                continue;
            };
            group.subject = Subject::Playlist(slot);
            match self.media_of(slot).cloned() {
                Some(media) => self.decide_again(slot, &media, id, group),
                None => self.waiting.put_back(id, group),
            }
        }
    }

    /// Once everything that is listed has a whole segment, the stream can be played: players call a playlist of parts alone an
    /// empty one, and one of them fails for good. The first segment is a part long.
    fn open(&mut self) {
        let is_there = |info: &RenditionOutline| {
            let slot = self.slot_named(info.name.as_str());
            let rendition = slot.and_then(|slot| self.renditions.get(slot.0));
            rendition.is_some_and(|rendition| rendition.media_in(View::Dvr).is_some())
        };
        if self.is_open || self.infos.is_empty() || !self.infos.iter().all(is_there) {
            return;
        }
        self.is_open = true;
        for (id, group) in self
            .waiting
            .take_through(Subject::Stream, first_of(View::Dvr))
        {
            let response = self.top_response(top_of(group.asked), group.asked.wish, None);
            self.wake(id, &group, response);
        }
    }
}

fn top_of(asked: Asked) -> Top {
    match asked.kind {
        Kind::Mpd => Top::Mpd(asked.view),
        Kind::Multivariant
        | Kind::Live
        | Kind::Dvr
        | Kind::Init
        | Kind::Part
        | Kind::Segment
        | Kind::Thumbnail
        | Kind::Other => Top::Multivariant(asked.view),
    }
}
