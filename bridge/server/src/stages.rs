//! From packets to what can be asked for, as a value: frames, the ladder, the packager.

mod placing;
#[cfg(test)]
mod tests;

use std::time::Duration;

use bridge_frames::config::Config as FramesConfig;
use bridge_frames::event::Event as FromFrames;
use bridge_frames::frames::Frames;
use bridge_packager::event::Event as Packaged;
use bridge_packager::packager::Packager;
use bridge_packager::rendition::RenditionName;
use bridge_packager::stats::Stats;
use sfu_core::route::tracks::TrackOutline;
use sfu_model::codec::MediaKind;
use sfu_model::frame::Frame;
use sfu_model::packet::Packet;
use sfu_model::time::{Instant, MediaTime};

use crate::config::Config;
use crate::counts::Counts;
use crate::overture::{Anew, Overture};
use crate::routes::Routes;
use crate::thumbnails::Thumbnails;
use crate::told::Told;
use crate::transcode::AAC_FRAME_SAMPLES;

/// The rendition of AAC that is made of the publisher's sound.
fn aac() -> Option<RenditionName> {
    RenditionName::parse("aac")
}

/// The stages of one stream.
#[derive(Debug)]
pub(crate) struct Stages {
    config: Config,
    frames: Frames,
    /// `None` until the timeline has begun.
    packager: Option<Packager>,
    pub(crate) routes: Routes,
    overture: Overture,
    thumbnails: Thumbnails,
    /// The transcoder makes pictures.
    has_rungs: bool,
    /// The last keyframe of theirs that the packager was told to expect, by its place among them.
    n_expected: u64,
    /// The time of the newest picture that it made.
    newest: Duration,
    told: Told,
}

impl Stages {
    pub(crate) fn new(config: Config) -> Self {
        Self {
            routes: Routes::new(config.transcodes),
            config,
            frames: Frames::new(FramesConfig::default()),
            packager: None,
            overture: Overture::default(),
            thumbnails: Thumbnails::default(),
            has_rungs: false,
            n_expected: 0,
            newest: Duration::ZERO,
            told: Told::default(),
        }
    }

    /// A packet of the room, whose tracks these are.
    pub(crate) fn handle_packet(&mut self, packet: &Packet, tracks: &[TrackOutline], now: Instant) {
        self.frames.handle_packet(packet, now);
        self.routes.handle_tracks(tracks);
        self.package(now);
        self.collect(tracks, now);
    }

    pub(crate) fn handle_publisher_gone(&mut self, now: Instant) {
        self.frames.handle_publisher_gone(now);
        self.package(now);
        self.routes.passage.handle_publisher_gone();
        self.collect(&[], now);
    }

    pub(crate) fn handle_timeout(&mut self, tracks: &[TrackOutline], now: Instant) {
        let is_due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        if is_due(self.frames.poll_timeout()) {
            self.frames.handle_timeout(now);
        }
        self.package(now);
        if let Some(packager) = self.packager.as_mut().filter(|p| is_due(p.poll_timeout())) {
            packager.handle_timeout(now);
        }
        if let Some(at) = self.at(now) {
            self.routes.look(self.packager.as_ref(), at);
        }
        self.collect(tracks, now);
    }

    /// Where the timeline is. `None`: it has not begun.
    pub(crate) fn at(&self, now: Instant) -> Option<Duration> {
        Some(now.saturating_since(self.frames.began_at()?))
    }

    /// How often what happened to packets and frames, and to segments.
    pub(crate) fn counts(&self) -> Counts {
        let packager = self.packager.as_ref();
        Counts {
            frames: self.frames.counters(),
            packager: packager.map_or_else(Stats::default, Packager::stats),
        }
    }

    /// What the transcoder is to make from now on.
    pub(crate) fn expect(&mut self, anew: Anew) {
        self.overture.expect(anew);
        self.has_rungs = anew.n_pictures > 0;
        if !self.has_rungs {
            self.routes.handle_no_encoder();
        }
    }

    /// The encoder of pictures is behind, or has ended and begins again.
    pub(crate) fn handle_trouble(&mut self, now: Instant) {
        if let Some(at) = self.at(now) {
            self.routes.handle_trouble(at);
        }
    }

    /// Renditions of pictures that the transcoder begins to make.
    pub(crate) fn begin_renditions(&mut self, begun: &[RenditionName], now: Instant) {
        let Some(packager) = self.packager(now) else {
            return;
        };
        for name in begun {
            // One that is there goes on.
            let _ = packager.add_rendition(name.clone(), MediaKind::Video);
        }
        self.routes.handle_rungs(begun);
    }

    /// A picture of a rung of the transcoder's ladder.
    pub(crate) fn handle_picture(
        &mut self,
        name: &RenditionName,
        frame: &Frame,
        tracks: &[TrackOutline],
        now: Instant,
    ) {
        let (is_shown, keyframe_at) = self.routes.admit(frame);
        self.told.keyframe_at = keyframe_at.or(self.told.keyframe_at);
        if is_shown {
            self.show_rung(name, frame, now);
        }
        self.collect(tracks, now);
    }

    /// A frame of AAC.
    pub(crate) fn handle_sound(&mut self, frame: &Frame, tracks: &[TrackOutline], now: Instant) {
        if let (Some(packager), Some(name)) = (&mut self.packager, aac()) {
            packager.handle_frame(&name, frame, now);
            // Its length is known: it need not wait for the next.
            let ends_at = MediaTime(frame.time.0.saturating_add(AAC_FRAME_SAMPLES));
            packager.handle_begins(&name, ends_at, now);
        }
        self.collect(tracks, now);
    }

    pub(crate) fn handle_end(&mut self, now: Instant) {
        if let Some(packager) = &mut self.packager {
            packager.handle_end(now);
        }
        self.collect(&[], now);
    }

    /// What there is to say.
    pub(crate) fn take(&mut self) -> Told {
        std::mem::take(&mut self.told)
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        let packager = self.packager.as_ref().and_then(Packager::poll_timeout);
        let times = [
            self.frames.poll_timeout(),
            packager,
            self.overture.poll_timeout(),
        ];
        times.into_iter().flatten().min()
    }

    /// Whether pictures are made on the grid of our encoder, which the packager is to know before it is given more.
    fn tell_regularity(&mut self) {
        let is_regular = self.has_rungs && !self.routes.passage.passes_on();
        if let Some(packager) = &mut self.packager {
            packager.expect_regular(is_regular);
        }
    }

    /// From frames to the packager.
    fn package(&mut self, now: Instant) {
        self.tell_regularity();
        while let Some(event) = self.frames.poll_event() {
            match event {
                FromFrames::Frame { source, frame } => self.place(source, frame, now),
                FromFrames::Begins {
                    source,
                    time,
                    follows: true,
                } => {
                    if let Some(packager) = &mut self.packager {
                        for name in self.routes.renditions(source) {
                            packager.handle_begins(name, time, now);
                        }
                    }
                }
                FromFrames::Begins { .. } => {}
                FromFrames::KeyframeWanted { source } => self.told.wants.push(source),
                FromFrames::Warning { source, warning } => {
                    self.routes.handle_warning(source, warning);
                    self.told.warnings.push((source, warning));
                }
            }
        }
    }

    /// The packager, which begins when the timeline has.
    fn packager(&mut self, now: Instant) -> Option<&mut Packager> {
        if self.packager.is_none() {
            let at = self.frames.began_at()?;
            let config = self.config.packager(at);
            self.packager = Some(Packager::new(config, now));
        }
        self.packager.as_mut()
    }

    fn collect(&mut self, tracks: &[TrackOutline], now: Instant) {
        let Some(packager) = &mut self.packager else {
            return;
        };
        while let Some(event) = packager.poll_event() {
            match event {
                Packaged::KeyframeWanted => self.told.wants_all = true,
                Packaged::Renditions(renditions) => {
                    let admitted = self.overture.admit(renditions, tracks, now);
                    self.told
                        .packaged
                        .extend(admitted.map(Packaged::Renditions));
                }
                event @ (Packaged::Init { .. }
                | Packaged::Part { .. }
                | Packaged::Segment { .. }
                | Packaged::Playlist(_)) => self.told.packaged.push(event),
            }
        }
        let released = self.overture.release(tracks, now);
        self.told
            .packaged
            .extend(released.map(Packaged::Renditions));
    }
}
