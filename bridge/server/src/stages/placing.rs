//! From a frame to where it goes.

use std::time::Duration;

use bridge_frames::source::Source;
use bridge_packager::rendition::RenditionName;
use sfu_model::codec::MediaKind;
use sfu_model::frame::Frame;
use sfu_model::time::Instant;

use super::{Stages, aac};
use crate::ladder::Place;
use crate::thumbnails::Of;
use crate::transcode::KEYFRAME_EVERY;

impl Stages {
    /// From a frame to its rendition, to the transcoder, or to both.
    pub(super) fn place(&mut self, source: Source, frame: Frame, now: Instant) {
        self.draw(&Of::Source(source), &frame, now);
        let route = self.routes.route(source, &frame, now);
        if route.wants_keyframe {
            self.told.wants.push(source);
        }
        let name = match route.place {
            Place::Nowhere | Place::Unknown => None,
            Place::Known(name) => Some(name),
            Place::New(name, kind) => self.begin(name, kind, now),
        };
        self.tell_regularity();
        self.expect_keyframe(source, &frame, now);
        let is_picture = frame.kind() == MediaKind::Video;
        if let Some(name) = &name {
            self.show(name, &frame, now);
            self.told.has_passed_on |= is_picture && !route.is_encoded;
        }
        if self.config.transcodes && name.is_some() && !is_picture {
            self.told.sounds.push(frame);
        } else if self.config.transcodes && is_picture && route.is_encoded {
            self.told.pictures.push((source, frame));
        }
    }

    /// It may be one for a thumbnail.
    pub(super) fn draw(&mut self, of: &Of, frame: &Frame, now: Instant) {
        if let Some(keyframe) = self.thumbnails.choose(of, frame, now) {
            self.told.keyframe = Some(keyframe);
        }
    }

    /// A frame of a rendition, and of those that show the same.
    pub(super) fn show(&mut self, name: &RenditionName, frame: &Frame, now: Instant) {
        self.tell_regularity();
        if let Some(packager) = self.packager(now) {
            packager.handle_frame(name, frame, now);
        }
        let at = frame.format.clock_rate().duration(frame.time.0);
        if let Some(packager) = &mut self.packager {
            for follower in self.routes.followers(name, at) {
                packager.handle_borrowed_frame(follower, frame, now);
            }
        }
    }

    /// A picture of a rung, where it shows its own.
    pub(super) fn show_rung(&mut self, name: &RenditionName, frame: &Frame, now: Instant) {
        let at = frame.format.clock_rate().duration(frame.time.0);
        self.newest = self.newest.max(at);
        let n_keyframes = (self.newest.as_secs() / KEYFRAME_EVERY.as_secs()).max(self.n_expected);
        let keyframe = keyframe_at(n_keyframes.saturating_add(1));
        let turns_at = self.routes.handle_rung(name, self.newest, keyframe);
        if let (Some(at), Some(packager)) = (turns_at, &mut self.packager) {
            packager.expect_break(at);
        }
        if self.routes.shows(name, at) {
            self.draw(&Of::Rung(name.clone()), frame, now);
            self.show(name, frame, now);
        }
    }

    /// A rendition of what is passed on. The ladder has fewer places than the packager.
    fn begin(
        &mut self,
        name: RenditionName,
        kind: MediaKind,
        now: Instant,
    ) -> Option<RenditionName> {
        let transcodes = self.config.transcodes;
        let packager = self.packager(now)?;
        if let Some(aac) = aac().filter(|_| transcodes && kind == MediaKind::Audio) {
            let _ = packager.add_rendition(aac, kind);
        }
        let _ = packager.add_rendition(name.clone(), kind);
        if kind == MediaKind::Video {
            self.routes.handle_shown(&name);
        }
        Some(name)
    }

    /// Sound has come to a keyframe of pictures that are still being encoded.
    fn expect_keyframe(&mut self, source: Source, frame: &Frame, now: Instant) {
        if !self.has_rungs || source != Source::Audio || self.routes.passage.passes_on() {
            return;
        }
        let at = frame.format.clock_rate().duration(frame.time.0);
        let n_keyframes = at.as_secs() / KEYFRAME_EVERY.as_secs();
        if n_keyframes <= self.n_expected {
            return;
        }
        self.n_expected = n_keyframes;
        let at = keyframe_at(n_keyframes);
        if let Some(packager) = self.packager(now) {
            packager.expect_keyframe(at, now);
        }
    }
}

/// When all rungs have a keyframe, by its place among them.
fn keyframe_at(n: u64) -> Duration {
    KEYFRAME_EVERY * u32::try_from(n).unwrap_or(0)
}
