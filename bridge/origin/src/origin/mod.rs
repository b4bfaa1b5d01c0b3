//! One stream's origin: it is told what the packager made and what players ask, and says who is answered with what.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bridge_packager::event::Event as Packaged;
use bridge_packager::playlist::media::Media;
use bridge_packager::rendition::{RenditionName, RenditionOutline};
use bytes::Bytes;
use sfu_model::time::Instant;

use crate::cache_policy::{CachePolicy, NOT_YET};
use crate::config::Config;
use crate::etag::ETag;
use crate::event::{Event, SegmentKey};
use crate::path::{Path, View};
use crate::reload::{Position, Reach};
use crate::rendered::Rendered;
use crate::rendition::{Rendition, Slot};
use crate::request::{Method, Request};
use crate::response::{Response, Status};
use crate::stats::{Kind, Stats};
use crate::store::Store;
use crate::trim::without_through;
use crate::waiting::{GroupId, Waiting};

mod arrivals;
mod ending;
mod growth;
mod holding;
mod media;
mod playlists;

/// The answer to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Answer {
    /// At once.
    Now(Response),
    /// With its group, which [`Origin::poll_woken`] will name; or never, once [`Origin::abandon`] is called. A server keeps
    /// one channel a group, from which all who wait in it take their copy: one wake, and no work here for each.
    Wait(GroupId),
}

/// A group is answered: everyone in it with the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Woken {
    /// Which.
    pub group: GroupId,
    /// How many requests wait in it.
    pub n_waiting: u32,
    /// What all of them get.
    pub response: Response,
}

/// The origin of one stream. A value: nothing but its methods changes it, and any order of calls is legal.
#[derive(Debug)]
pub struct Origin {
    config: Config,
    /// The validator of all media. A path never changes its content, so that what is one of the stream's life is one of each of
    /// its files.
    media_etag: ETag,
    /// What the stream lists, best first.
    infos: Arc<[RenditionOutline]>,
    /// All that there ever were, by [`Slot`].
    renditions: Vec<Rendition>,
    /// Everything that is listed could be played once: multivariant playlists and the MPD are given out from then on.
    is_open: bool,
    /// Nothing more will come: nobody waits.
    is_over: bool,
    /// Multivariant playlists and the MPD, each made when it is first asked for.
    tops: BTreeMap<Top, Rendered>,
    thumbnail: Option<Rendered>,
    store: Store,
    waiting: Waiting,
    woken: VecDeque<Woken>,
    stats: Stats,
}

/// What is written about all renditions together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Top {
    Multivariant(View),
    Mpd(View),
}

impl Top {
    /// The view that it gives of a stream.
    const fn view(self) -> View {
        match self {
            Self::Multivariant(view) | Self::Mpd(view) => view,
        }
    }
}

/// What has to be there before the first request for a view is answered.
const fn first_of(view: View) -> Position {
    match view {
        View::Live => Position::FIRST,
        View::Dvr => Position {
            segment: 0,
            part: Reach::Whole,
        },
    }
}

impl Origin {
    /// The origin of a stream that has nothing yet.
    pub fn new(config: Config) -> Self {
        let target = u64::from(config.server_control.target_duration_s);
        // Section 6.2.5.2: a server should not block for more than three target durations.
        let hold = Duration::from_secs(target.saturating_mul(3));
        Self {
            media_etag: ETag::of(config.epoch.as_bytes()),
            infos: Arc::from([]),
            renditions: Vec::new(),
            is_open: false,
            is_over: false,
            tops: BTreeMap::new(),
            thumbnail: None,
            store: Store::new(&config.server_control, config.has_disk),
            waiting: Waiting::new(hold),
            woken: VecDeque::new(),
            stats: Stats::default(),
            config,
        }
    }

    /// The packager made something.
    pub fn handle_event(&mut self, event: Packaged, now: Instant) {
        match event {
            Packaged::Init {
                rendition,
                init,
                bytes,
            } => {
                let slot = self.slot(&rendition);
                self.store.insert_init(slot, init.0, bytes);
            }
            Packaged::Part {
                rendition,
                segment,
                index,
                bytes,
            } => self.on_part(&rendition, (segment, index), bytes),
            Packaged::Segment {
                rendition, segment, ..
            } => {
                let slot = self.slot(&rendition);
                self.store.finish(slot, segment.0, now, &mut self.stats);
                let whole = Position {
                    segment: segment.0,
                    part: Reach::Whole,
                };
                self.wake_growth(slot, whole);
            }
            Packaged::Playlist(media) => self.on_playlist(media, now),
            Packaged::Renditions(infos) => self.on_renditions(infos),
            Packaged::KeyframeWanted => {}
        }
    }

    /// Somebody asks for something.
    pub fn handle_request(&mut self, request: &Request<'_>, now: Instant) -> Answer {
        match request.method {
            Method::Get | Method::Head => {}
            Method::Options => {
                let response = Response::bare(Status::NoContent, CachePolicy::NoStore);
                return self.answer(Kind::Other, response);
            }
            Method::Other => {
                let response = Response::bare(Status::MethodNotAllowed, CachePolicy::NoStore);
                return self.answer(Kind::Other, response);
            }
        }
        match Path::parse(request.tree, request.path) {
            None => self.answer(Kind::Other, not_found()),
            Some(Path::Multivariant(view)) => self.top(Top::Multivariant(view), request, now),
            Some(Path::Mpd(view)) => self.top(Top::Mpd(view), request, now),
            Some(Path::Thumbnail) => self.on_thumbnail_request(request),
            Some(Path::Playlist { rendition, view }) => {
                self.playlist(rendition, view, request, now)
            }
            Some(Path::Media {
                rendition,
                epoch,
                file,
            }) if *epoch == *self.config.epoch => self.file(rendition, file, request, now),
            Some(Path::Media { file, .. }) => self.answer(Kind::from(file), not_found()),
        }
    }

    /// A picture of now, as JPEG.
    pub fn handle_thumbnail(&mut self, jpeg: Bytes) {
        self.thumbnail = Some(Rendered::new(jpeg));
    }

    /// A segment is on disk.
    pub fn handle_stored(&mut self, key: &SegmentKey) {
        self.store.on_stored(key);
    }

    /// A segment could not be written, or not be read.
    pub fn handle_disk_error(&mut self, key: &SegmentKey) {
        self.store.on_disk_error(key, &mut self.stats);
        self.trim();
    }

    /// The next group that is answered.
    #[must_use]
    pub fn poll_woken(&mut self) -> Option<Woken> {
        self.woken.pop_front()
    }

    /// The next thing to do.
    #[must_use]
    pub fn poll_event(&mut self) -> Option<Event> {
        self.store.poll_event()
    }

    /// What was counted.
    pub fn stats(&self) -> Stats {
        Stats {
            n_blocked: self.waiting.n_blocked(),
            memory_bytes: self.store.memory_bytes(),
            ..self.stats.clone()
        }
    }

    /// The place of a rendition, which it gets when it is first heard of.
    fn slot(&mut self, rendition: &RenditionName) -> Slot {
        if let Some(slot) = self.slot_named(rendition.as_str()) {
            return slot;
        }
        self.store.add(rendition.clone());
        self.renditions.push(Rendition::new(rendition.clone()));
        Slot(self.renditions.len().saturating_sub(1))
    }

    fn slot_named(&self, name: &str) -> Option<Slot> {
        let mut renditions = self.renditions.iter();
        renditions.position(|r| r.name.as_str() == name).map(Slot)
    }

    /// What a rendition lists, if it can be played.
    fn media_of(&self, slot: Slot) -> Option<&Arc<Media>> {
        self.renditions.get(slot.0)?.media()
    }

    fn answer(&mut self, kind: Kind, response: Response) -> Answer {
        self.stats.on_answer(kind, &response, 1);
        Answer::Now(response)
    }

    /// What was lost is not listed.
    fn trim(&mut self) {
        let lost_through = self.store.lost_through();
        let renditions = self.renditions.iter_mut();
        for (rendition, media) in renditions.filter_map(|r| r.media().cloned().map(|m| (r, m))) {
            let trimmed = without_through(Arc::clone(&media), lost_through);
            if !Arc::ptr_eq(&trimmed, &media) {
                rendition.set_media(trimmed);
                self.tops.clear();
            }
        }
    }
}

fn not_found() -> Response {
    Response::bare(Status::NotFound, NOT_YET)
}

/// Too far ahead for now: a cache may say so for a second.
fn too_far() -> Response {
    Response::bare(Status::BadRequest, NOT_YET)
}
