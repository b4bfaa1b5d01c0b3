//! What a stream has of one rendition: its latest playlist, and the texts that were made of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use bridge_packager::playlist::media::{Media, Report};
use bridge_packager::playlist::skip::Skip;
use bridge_packager::rendition::RenditionName;
use bytes::Bytes;
use sfu_model::codec::MediaKind;

use crate::path::View;
use crate::rendered::Rendered;
use crate::response::ContentType;
use crate::text;

/// The place of a rendition in its stream's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Slot(pub(crate) usize);

/// How many finished segments make a rendition one that stays: what joins a stream later than the first of its renditions
/// (sound that is encoded anew, a layer that was asked for late) has joined by then.
const SETTLED_SEGMENTS: usize = 3;

#[derive(Debug)]
pub(crate) struct Rendition {
    pub(crate) name: RenditionName,
    /// Sound or pictures, once that was told.
    pub(crate) kind: MediaKind,
    media: Option<Arc<Media>>,
    /// Texts of `media`, each made when it is first asked for.
    texts: BTreeMap<(View, Skip), Rendered>,
}

impl Rendition {
    pub(crate) fn new(name: RenditionName) -> Self {
        Self {
            name,
            kind: MediaKind::Video,
            media: None,
            texts: BTreeMap::new(),
        }
    }

    /// What it lists, once it has a part that can be played.
    pub(crate) fn media(&self) -> Option<&Arc<Media>> {
        let is_playable = |media: &&Arc<Media>| {
            let has_open_part = media.open.as_ref().is_some_and(|(_, p)| !p.is_empty());
            has_open_part || !media.segments.is_empty() || media.is_ended
        };
        self.media.as_ref().filter(is_playable)
    }

    /// The same, if there is anything to play of it in this view: whole segments are all that the DVR view lists.
    pub(crate) fn media_in(&self, view: View) -> Option<&Arc<Media>> {
        let has_any = |media: &&Arc<Media>| {
            view == View::Live || !media.segments.is_empty() || media.is_ended
        };
        self.media().filter(has_any)
    }

    /// It lists something else. Says whether that is about segments, and not only about a part.
    pub(crate) fn set_media(&mut self, media: Arc<Media>) -> bool {
        let of_segments = |media: &Media| {
            let number = |at: Option<&Arc<_>>| {
                at.map(|s: &Arc<bridge_packager::segment::Segment>| s.head.number)
            };
            let (first, last) = (media.segments.first(), media.segments.last());
            (number(first), number(last), media.is_ended)
        };
        // An MPD tells of a regular run when its first segment has begun.
        let of_open = |media: &Media| {
            let open = media.open.as_ref().map(|(head, _)| head.number);
            let last = media.runs.last().copied();
            last.map(|run| (run, open >= Some(run.first)))
        };
        let was = self
            .media()
            .map(|media| (of_segments(media), of_open(media)));
        self.media = Some(media);
        let is = self
            .media()
            .map(|media| (of_segments(media), of_open(media)));
        let has_same_segments = was.map(|(was, _)| was) == is.map(|(is, _)| is);
        self.texts
            .retain(|(view, _), _| *view == View::Dvr && has_same_segments);
        was != is
    }

    /// It has been there for a while.
    pub(crate) fn is_settled(&self) -> bool {
        self.media()
            .is_some_and(|m| m.segments.len() >= SETTLED_SEGMENTS)
    }

    /// Another rendition got further: live playlists say how far.
    pub(crate) fn forget_reports(&mut self) {
        self.texts.retain(|(view, _), _| *view == View::Dvr);
    }

    /// Whether this text is written already.
    pub(crate) fn has_text(&self, view: View, skip: Skip) -> bool {
        self.texts.contains_key(&(view, skip))
    }

    /// A text of what it lists, and whether it had to be written: with these reports of other renditions.
    pub(crate) fn text(
        &mut self,
        view: View,
        skip: Skip,
        reports: Arc<[Report]>,
    ) -> Option<(&mut Rendered, bool)> {
        let media = self.media()?.clone();
        let skip = if media.is_ended { Skip::No } else { skip };
        let n_texts = self.texts.len();
        let write = || {
            let media = Media {
                reports,
                ..Media::clone(&media)
            };
            Rendered::new(Bytes::from(text::media(&media, view, skip)))
        };
        self.texts.entry((view, skip)).or_insert_with(write);
        let is_new = self.texts.len() > n_texts;
        self.texts.get_mut(&(view, skip)).map(|text| (text, is_new))
    }

    /// What its media are.
    pub(crate) const fn content_type(&self) -> ContentType {
        match self.kind {
            MediaKind::Audio => ContentType::Audio,
            MediaKind::Video => ContentType::Video,
        }
    }
}
